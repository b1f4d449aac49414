"""``/matters/supplements``: what communities add to items of the list: written, agreed to, ended."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.cases import matters
from gisgrid.cases.community_rules import (
    LONGEST,
    add_rule,
    decide_rule,
    end_rule,
    rules_of,
)
from gisgrid.core.areas import communities_of
from gisgrid.core.errors import GisgridError, Invalid
from gisgrid.core.messages import say
from gisgrid.core.scope import scope
from gisgrid.planning.snapshot.fetch import today
from web.http import lists
from web.http.dates import day_of, local
from web.http.keeping import keeping, page, refusing
from web.http.language import language
from web.http.permissions import asked_as_workbook
from web.http.towns import town
from web.matters import sheets
from web.matters.versions import keeps, kept

blueprint = Blueprint("supplements", __name__, url_prefix="/matters/supplements")
_listed_again = refusing(lambda session, error, **_: _listed(session, error), reads=True)

STATE_WORDS = {
    "waiting": say("waits for the township"),
    "agreed": say("agreed"),
    "refused": say("refused"),
    "ended": say("ended"),
}


@blueprint.get("")
def index() -> Response:
    """The rules of communities that the asker may see, and a form for who writes them."""
    with keeping(read_only=True) as session:
        return _listed(session)


@blueprint.post("")
@_listed_again
def add() -> BaseResponse:
    """Write a rule, which waits until the township agrees."""
    form = request.form
    with keeping() as session:
        place = town(session)
        since = day_of(form.get("since"), "since") or today(place)
        add_rule(
            session, place.id, community=form.get("community", ""), code=form.get("code", ""),
            words=form.get("text", ""), since=since, until=day_of(form.get("until"), "until"),
        )  # fmt: skip
    flash(gettext("The rule is written and waits for the township."), "info")
    return redirect(url_for("supplements.index", township=place.code), 303)


@blueprint.post("/<int:number>/decide")
@_listed_again
def decide(number: int) -> BaseResponse:
    """Agree to a rule, or refuse it with a reason."""
    agree = request.form.get("to") == "agree"
    with keeping() as session:
        place = kept(session)
        if request.form.get("to") not in ("agree", "refuse"):
            raise Invalid("Choose whether to agree or to refuse.")
        decide_rule(session, place.id, number, agree=agree, reason=request.form.get("reason", ""))
    flash(gettext("The rule is agreed to.") if agree else gettext("The rule is refused."), "info")
    return redirect(url_for("supplements.index", township=place.code), 303)


@blueprint.post("/<int:number>/end")
@_listed_again
def end(number: int) -> BaseResponse:
    """Take a rule back, or end it today."""
    with keeping() as session:
        place = town(session)
        end_rule(session, place.id, number)
    flash(gettext("The rule has ended."), "info")
    return redirect(url_for("supplements.index", township=place.code), 303)


def _listed(session: Session, error: GisgridError | None = None) -> Response:
    place = town(session)
    now, english = today(place), language() == "en"
    found = rules_of(session, place.id)
    if asked_as_workbook() and not error:
        return lists.workbook(place, sheets.rules(found, STATE_WORDS, place.time_zone))
    mine = scope(session, "supplement_matters").communities
    own = [c for c in communities_of(session, place.id) if c.id in mine]
    current = matters.version_on(session, place.id, now)
    book = matters.rule_book(session, place.id, current) if current else []
    return page(
        "supplements.html", error=error, typed=request.form.to_dict(), town=place, rows=found,
        own=[(c.code, (english and c.name_en) or c.name) for c in own], own_ids={c.id for c in own}, keeper=keeps(session, place),
        items=[(e.code, f"{e.code} {(english and e.name_en) or e.name}") for e in book if e.until is None or e.until >= now],
        state_words=STATE_WORDS, english=english, today=now, longest=LONGEST, local=lambda moment: local(moment, place.time_zone),
    )  # fmt: skip
