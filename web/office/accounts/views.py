"""The list of accounts, one account, a new one; posts given and ended, accounts switched off and on."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound as NoSuchPage
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core.errors import GisgridError, Invalid
from gisgrid.core.rights import RIGHT_WORDS
from gisgrid.people import (
    account_list,
    accounts,
    appointments,
    ground,
    phone_halves,
    tokens,
)
from gisgrid.people.account_list import STATES, ListedAccount
from web.http import lists
from web.http.dates import day_of, local, zone_of
from web.http.keeping import keeping, page, refusing
from web.http.permissions import asked_as_workbook, asker
from web.http.towns import own_town
from web.office import sheets
from web.office.accounts.forms import (
    EVERYWHERE,
    STATE_WORDS,
    offered,
    post_sent,
    role_words,
    wanted,
)

blueprint = Blueprint("accounts", __name__, url_prefix="/office/accounts")

PORTION = 50
"""Accounts of one page of the list."""


@blueprint.get("")
def index() -> Response:
    """The accounts with a post on the asker's ground, as the address asks for them."""
    turn = lists.turn(PORTION)
    with keeping(read_only=True) as session:
        found, total = account_list.listed(session, wanted(), limit=turn.most, offset=turn.skip)
        choices = offered(session)
        zone = _zone(session)
        ids = {area.value: area.id for area in ground.administered(session)}
    if asked_as_workbook():
        return lists.workbook(None, sheets.accounts(found, role_words()))
    return page(
        "accounts.html", found=found[:PORTION], read=len(found), total=total, turn=turn, wanted=wanted(),
        offered=choices, area_ids=ids, states=[(name, gettext(STATE_WORDS[name])) for name in STATES],
        args={k: v for k, v in request.args.items() if k not in ("page", "lang")},
        **_words(zone),
    )  # fmt: skip


@blueprint.get("/<int:number>")
def one(number: int) -> Response:
    """One account: its state, posts, tokens, and what may be done with it."""
    with keeping(read_only=True) as session:
        return shown(session, number)


@blueprint.post("/<int:number>/posts")
@refusing(lambda error, number: again(number, error))
def appoint(number: int) -> BaseResponse:
    """Give the account a post."""
    with keeping() as session:
        who = known(session, number)
        post = post_sent(session)
        if not post.role:
            raise Invalid("Choose a role.")
        appointments.appoint(
            session, who.name, post.role, area=post.area, grid=post.grid, since=post.since,
            until=post.until,
        )  # fmt: skip
    flash(gettext("The post is given."), "info")
    return _back(number)


@blueprint.post("/<int:number>/posts/<int:post>/end")
@refusing(lambda error, number, post: again(number, error))
def end(number: int, post: int) -> BaseResponse:
    """End a post of the account, today or on a day."""
    with keeping(read_only=True) as session:
        who = known(session, number)
        if post not in {each.id for each in who.posts}:
            raise NoSuchPage
    with keeping() as session:
        appointments.end_appointment(session, post, day_of(request.form.get("on"), "on"))
    flash(gettext("The post ends."), "info")
    return _back(number)


@blueprint.post("/<int:number>/switch")
@refusing(lambda error, number: again(number, error))
def switch(number: int) -> BaseResponse:
    """Switch the account off or on."""
    on = request.form.get("to") == "on"
    with keeping(read_only=True) as session:
        who = known(session, number)
    with keeping() as session:
        accounts.set_active(session, who.name, active=on)
    flash(gettext("The account is on.") if on else gettext("The account is off."), "info")
    return _back(number)


def known(session: Session, number: int) -> ListedAccount:
    """The account of a number; a page that is not there if the asker sees none."""
    found = account_list.listed_one(session, number)
    if found is None:
        raise NoSuchPage
    return found


def again(number: int, error: GisgridError) -> Response:
    """The page of the account with what was refused, and what was typed."""
    with keeping(read_only=True) as session:
        return shown(session, number, error=error)


def shown(session: Session, number: int, *, error: GisgridError | None = None) -> Response:
    """The page of one account."""
    who = known(session, number)
    return page(
        "account.html", error=error, typed=request.form.to_dict(), who=who, offered=offered(session),
        tokens=tokens.tokens(session, who.name) if who.managed else [],
        phones=phone_halves.phones_of(session, who.id) if who.managed else [], me=who.id == asker().account_id,
        rights=[(name, gettext(words)) for name, words in RIGHT_WORDS.items()],
        longest=tokens.LONGEST_DAYS, everywhere=EVERYWHERE, **_words(_zone(session)),
    )  # fmt: skip


def _words(zone: str) -> dict[str, Any]:
    return {
        "role_words": role_words(),
        "local": lambda moment: local(moment, zone),
        "state_words": STATE_WORDS,
    }


def _zone(session: Session) -> str:
    return zone_of(own_town(session))


def _back(number: int) -> BaseResponse:
    return redirect(url_for("accounts.one", number=number), 303)
