"""``/office/corrections``: who says that a record of them is wrong, and what the clerk decides."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core.errors import GisgridError, Invalid, NotAllowed
from gisgrid.files.exports import Sheet
from gisgrid.people.privacy import corrections
from gisgrid.register.households import purposes
from web.http import lists
from web.http.acting import purpose_sent
from web.http.dates import local, on_the_clock
from web.http.db import opening, reading, writing
from web.http.keeping import page
from web.http.permissions import asked_as_workbook, asker, may_ask
from web.http.towns import town
from web.register.asked import RECORD_WORDS, STATE_TONES, STATE_WORDS, asked_value
from web.register.words import COLUMN_WORDS

blueprint = Blueprint("corrections", __name__, url_prefix="/office/corrections")


@blueprint.get("")
def index() -> Response:
    """The requests that wait, masked; ``?state=`` all that were accepted or refused."""
    with reading() as session:
        if asked_as_workbook():
            place, found = town(session), _listed(session)
        else:
            return _shown(session)
    return lists.workbook(place, _sheet(found, place.time_zone))


@blueprint.post("/open")
def open_values() -> Response:
    """The same with values and names open, for a purpose; the audit says so."""
    purpose = purpose_sent()
    with opening(purpose) as session:
        return _shown(session, purpose=purpose)


@blueprint.post("/<int:number>")
def decide(number: int) -> BaseResponse:
    """Accept a request, which changes the record, or refuse it with a reason."""
    form = request.form
    accept = form.get("decision") == "accept"
    try:
        with writing() as session:
            place = town(session)
            if form.get("decision") not in ("accept", "refuse"):
                raise Invalid("Accept the request or refuse it.")
            corrections.decide(
                session,
                place.id,
                number,
                accept=accept,
                who=asker().name,
                reason=form.get("reason"),
            )
    except NotAllowed:
        raise
    except GisgridError as error:
        with reading() as session:
            return _shown(session, error=error, wrong=number)
    flash(
        gettext("Accepted: the record is changed.")
        if accept
        else gettext("Refused, with the reason."),
        "info",
    )
    return redirect(url_for("corrections.index", township=place.code), 303)


def _listed(session: Session, *, opened: bool = False) -> list[corrections.Correction]:
    return corrections.corrections(session, town(session).id, _state(), opened=opened)


def _state() -> str:
    asked = request.args.get("state", "open")
    return asked if asked in STATE_WORDS else "open"


def _shown(
    session: Session, *, purpose: str = "", error: GisgridError | None = None, wrong: int = 0
) -> Response:
    place = town(session)
    declared = purposes(session)
    return page(
        "corrections.html", error=error, typed=request.form.to_dict(), wrong=wrong,
        found=_listed(session, opened=bool(purpose)), state=_state(), place=place, purposes=declared,
        purpose=next((p for p in declared if p.name == purpose), None), may_open=may_ask("corrections.open_values"),
        records=RECORD_WORDS, states=STATE_WORDS, tones=STATE_TONES, columns=COLUMN_WORDS,
        value=asked_value, local=lambda at: local(at, place.time_zone),
    )  # fmt: skip


def _sheet(found: list[corrections.Correction], time_zone: str) -> Sheet:
    """The requests, as masked as they were read."""
    return lists.sheet(
        gettext("Corrections"),
        [
            (gettext("No."), [each.id for each in found]),
            (gettext("Record"), [_word(RECORD_WORDS, each.table) for each in found]),
            (gettext("Code"), [each.code for each in found]),
            (gettext("What"), [_word(COLUMN_WORDS, each.column) for each in found]),
            (gettext("Recorded"), [asked_value(each.column, each.current) for each in found]),
            (gettext("Should be"), [asked_value(each.column, each.proposed) for each in found]),
            (gettext("Asked by"), [each.asked_by for each in found]),
            (gettext("Asked on"), [on_the_clock(each.asked_at, time_zone) for each in found]),
            (gettext("State"), [_word(STATE_WORDS, each.state) for each in found]),
            (gettext("Decided by"), [each.decided_by for each in found]),
            (gettext("Decided on"), [on_the_clock(each.decided_at, time_zone) for each in found]),
            (gettext("Reason"), [each.reason for each in found]),
        ],
    )


def _word(words: dict[str, str], name: str) -> str:
    return str(gettext(words[name])) if name in words else name
