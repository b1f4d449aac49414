"""``/office/subjects``: who asks what is held on them; noted, decided, put together by the worker, handed over."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core.errors import AmbiguousAddress, GisgridError, Invalid, NotAllowed
from gisgrid.core.messages import say
from gisgrid.files.exports import Sheet
from gisgrid.jobs import office_jobs
from gisgrid.people.privacy import subject_requests
from gisgrid.people.privacy.subject_requests import AccessRequest
from gisgrid.planning.snapshot.fetch import today
from web.http import lists
from web.http.dates import day_of, local, on_the_clock
from web.http.db import opening, reading, writing
from web.http.keeping import page
from web.http.permissions import asked_as_workbook, asker, may_ask
from web.http.towns import town

blueprint = Blueprint("subjects", __name__, url_prefix="/office/subjects")

PURPOSE = "subject"
"""What whoever works here opens the register for."""
PORTION = 500
SORTS = ("id", "name", "asked_at", "due_on", "state")
"""Requests of one page."""
STATE_WORDS = {
    "asked": say("to be decided"),
    "making": say("being put together"),
    "ready": say("ready to be handed over"),
    "lapsed": say("kept too long, deleted"),
    "failed": say("failed"),
    "answered": say("answered"),
    "refused": say("not agreed to"),
}
STATE_TONES = {"asked": "warn", "making": "warn", "ready": "good", "lapsed": "bad", "failed": "bad"}


@blueprint.get("")
def index() -> Response:
    """The open requests, due first; ``?state=ended`` those that were answered or refused."""
    return _shown()


@blueprint.post("")
def ask() -> BaseResponse:
    """Note that somebody asks: by their address and name, of several by the day of birth."""
    form = request.form
    try:
        with opening(PURPOSE) as session:
            place = town(session)
            number = subject_requests.ask(
                session, place, form.get("address", ""), form.get("name", ""),
                born=day_of(form.get("born"), "born"), who=asker().display_name, day=today(place),
            )  # fmt: skip
    except NotAllowed:
        raise
    except GisgridError as error:
        return _shown(error)
    flash(gettext("Request %(number)s is noted.", number=number), "info")
    return _back()


@blueprint.post("/<int:number>")
def decide(number: int) -> BaseResponse:
    """Have the answer put together, or refuse it with a reason."""
    form = request.form
    agreed = form.get("decision") == "agree"
    try:
        with writing() as session:
            place = town(session)
            if agreed:
                office_jobs.order_answer(
                    session, place, number, account_id=asker().account_id or 0, who=asker().display_name
                )  # fmt: skip
            elif form.get("decision") == "refuse":
                subject_requests.refuse(
                    session, place, number, form.get("reason", ""), who=asker().display_name
                )
            else:
                raise Invalid("Agree to the request or refuse it.")
    except NotAllowed:
        raise
    except GisgridError as error:
        return _shown(error, wrong=number)
    flash(
        gettext("The worker puts the answer together; it will stand here.")
        if agreed
        else gettext("Refused, with the reason."),
        "info",
    )
    return _back()


@blueprint.post("/<int:number>/file")
def take(number: int) -> Response:
    """The answer as a workbook; the audit says who took it."""
    try:
        with opening(PURPOSE) as session:
            content = subject_requests.take(session, town(session), number)
    except NotAllowed:
        raise
    except GisgridError as error:
        return _shown(error)
    answer = Response(content, mimetype=lists.XLSX)
    answer.headers["Content-Disposition"] = f"attachment; filename=request-{number}.xlsx"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@blueprint.post("/<int:number>/answered")
def answered(number: int) -> BaseResponse:
    """Note that the answer was handed over; it is deleted here."""
    try:
        with writing() as session:
            subject_requests.answered(session, town(session), number, who=asker().display_name)
    except NotAllowed:
        raise
    except GisgridError as error:
        return _shown(error)
    flash(gettext("Noted as answered; the file is deleted here."), "info")
    return _back()


def _back() -> BaseResponse:
    return redirect(url_for("subjects.index", township=request.values.get("township")), 303)


def _shown(error: GisgridError | None = None, *, wrong: int = 0) -> Response:
    ended, turn = request.args.get("state") == "ended", lists.turn(PORTION)
    listing = lists.listing(SORTS, {"state": STATE_WORDS})
    with reading() as session:
        place = town(session)
        found = subject_requests.requests(
            session, place.id, ended=ended, most=turn.most, skip=turn.skip, listing=listing
        )
    if asked_as_workbook():
        return lists.workbook(place, _sheet(found, place.time_zone))
    return page(
        "subjects.html", error=error, typed=request.form.to_dict(), found=found[:PORTION], read=len(found), turn=turn, listing=listing, ended=ended, place=place, wrong=wrong,
        candidates=error.facts["candidates"] if isinstance(error, AmbiguousAddress) else (),
        day=today(place), states=STATE_WORDS, tones=STATE_TONES,
        days=subject_requests.ANSWER_DAYS, may_take=may_ask("subjects.take"),
        local=lambda at: local(at, place.time_zone),
    )  # fmt: skip


def _sheet(found: list[AccessRequest], time_zone: str) -> Sheet:
    """The requests, with names as masked as the page has them."""
    return lists.sheet(
        gettext("Subject access"),
        [
            (gettext("No."), [each.id for each in found]),
            (gettext("Name"), [each.name for each in found]),
            (gettext("Address"), [each.address for each in found]),
            (gettext("Asked on"), [on_the_clock(each.asked_at, time_zone) for each in found]),
            (gettext("Noted by"), [each.noted_by for each in found]),
            (gettext("Due on"), [each.due_on for each in found]),
            (gettext("State"), [gettext(STATE_WORDS[each.state]) for each in found]),
            (gettext("Decided by"), [each.decided_by for each in found]),
            (gettext("Decided on"), [on_the_clock(each.decided_at, time_zone) for each in found]),
            (gettext("Reason"), [each.reason for each in found]),
            (gettext("Answered by"), [each.answered_by for each in found]),
            (gettext("Answered on"), [on_the_clock(each.answered_at, time_zone) for each in found]),
        ],
    )
