"""Tokens of an account: how a program acts with a part of its rights."""

from __future__ import annotations

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core.errors import Invalid
from gisgrid.people import tokens
from web.http.keeping import keeping, page, refusing
from web.http.permissions import asker
from web.office.accounts.views import again, blueprint, known


@blueprint.post("/<int:number>/tokens")
@refusing(lambda error, number: again(number, error))
def add_token(number: int) -> Response:
    """Make a token, and show its secret this once."""
    form = request.form
    days = form.get("days", "")
    with keeping() as session:
        who = known(session, number)
        # A session that was left open must not be enough to keep a way in for a year.
        if number == asker().account_id:
            raise Invalid("A token for your own account is given by somebody else.")
        if not days.isdecimal() or len(days) > 4:
            raise Invalid("Write for how many days the token counts.")
        made, secret = tokens.add_token(
            session, who.name, form.get("token", ""), form.getlist("scope"), days=int(days)
        )
    return page("account-token.html", who=who, token=made, secret=secret)


@blueprint.post("/<int:number>/tokens/revoke")
def revoke_token(number: int) -> BaseResponse:
    """End a token now."""
    with keeping() as session:
        who = known(session, number)
        tokens.revoke_token(session, who.name, request.form.get("token", ""))
    return redirect(url_for("accounts.one", number=number) + "#tokens", 303)
