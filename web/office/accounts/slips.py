"""Slips of paper: a password that is good once and the picture of an authenticator, shown once to be printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, current_app, redirect, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core.errors import GisgridError, Invalid
from gisgrid.core.roles import ROLES
from gisgrid.core.settings import Settings
from gisgrid.people import accounts, appointments, login
from gisgrid.people.account_list import ListedAccount, listed_one
from gisgrid.people.passwords import random_password
from gisgrid.people.staff_list import TriedRow
from web.http.keeping import keeping, page, refusing
from web.http.permissions import asker
from web.office.accounts.forms import offered, post_sent, role_words
from web.office.accounts.views import again, blueprint, known


@dataclass(frozen=True)
class Slip:
    """What one person is handed on paper; kept nowhere."""

    who: ListedAccount
    password: str | None
    picture: str | None
    """Of the authenticator's key, as the address of an image that holds itself."""
    key: str | None


@blueprint.get("/new")
def new() -> Response:
    """The form of a new account."""
    with keeping(read_only=True) as session:
        return page("account-new.html", offered=offered(session))


@blueprint.post("/new")
def add() -> Response:
    """Make an account with its first post, and show its slip."""
    form = request.form
    try:
        with keeping() as session:
            post = post_sent(session)
            if not post.role:
                raise Invalid("Choose a role.")
            staff, town = form.get("staff", "").strip(), (post.area or "").partition("/")[0]
            staff_id = accounts.staff_named(session, town or None, staff) if staff else None
            who = accounts.add_account(
                session, form.get("name", ""), form.get("shown", ""), staff_id=staff_id
            )
            appointments.appoint(
                session, who.name, post.role, area=post.area, grid=post.grid, since=post.since,
                until=post.until,
            )  # fmt: skip
            slip = handed_out(session, who.id, password=True, authenticator=ROLES[post.role].office)
    except GisgridError as error:
        with keeping(read_only=True) as session:
            return page(
                "account-new.html", error=error, typed=form.to_dict(), offered=offered(session)
            )
    return slips_page([slip])


@blueprint.post("/<int:number>/slip")
@refusing(lambda error, number: again(number, error))
def hand_out(number: int) -> Response:
    """A new password, a new authenticator, or both; what was before opens nothing any more."""
    wishes = request.form.getlist("give")
    _refuse_own(number)
    with keeping() as session:
        known(session, number)
        if not wishes:
            raise Invalid("Tick what is to be given anew.")
        slip = handed_out(
            session, number, password="password" in wishes, authenticator="authenticator" in wishes,
        )  # fmt: skip
    return slips_page([slip])


@blueprint.post("/<int:number>/factor")
def drop_factor(number: int) -> BaseResponse:
    """Take a lost authenticator off; its owner sets up another at the next log-in."""
    _refuse_own(number)
    with keeping() as session:
        who = known(session, number)
        login.drop_second_factor(session, who.name)
    return redirect(url_for("accounts.one", number=number), 303)


def handed_out(
    session: Session, number: int, *, password: bool, authenticator: bool, secret: str | None = None
) -> Slip:
    """Give an account what is asked for anew; ``secret``: the password that it was given already."""
    who = known(session, number)
    if password and secret is None:
        secret = random_password()
        login.set_password(session, who.name, secret, once=True)
    picture = key = None
    if authenticator:
        codes = current_app.extensions["security"].totp_factory
        locked = codes.generate_totp_secret()
        login.give_second_factor(session, who.name, locked)
        picture, key = codes.generate_qrcode(who.name, locked), codes.get_totp_pretty_key(locked)
    found = listed_one(session, number)
    assert found is not None  # noqa: S101 - it was there a moment ago
    return Slip(found, secret, picture, key)


def slips_page(slips: list[Slip], tried: Sequence[TriedRow] = ()) -> Response:
    """The slips, to be printed now; above them the rows of a list that came to nothing."""
    settings: Settings = current_app.config["SETTINGS"]
    return page(
        "account-slips.html", slips=slips, role_words=role_words(),
        site=settings.public_url or request.host_url.rstrip("/"), refused=[each for each in tried if each.why is not None],
    )  # fmt: skip


def _refuse_own(number: int) -> None:
    # A session that was left open must not be enough to take an account over.
    if number == asker().account_id:
        raise Invalid(
            "Your own password and second factor are changed under “My place and account”, where the old ones are "
            "asked for."
        )
