"""``/office/retention``: what is past its time, tried, deleted by the worker, and the proof of each run."""

from __future__ import annotations

from dataclasses import fields

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core.errors import GisgridError, NotAllowed
from gisgrid.core.messages import say
from gisgrid.core.retention_periods import Keeping, keeping_of
from gisgrid.files.exports import Sheet
from gisgrid.jobs import office_jobs
from gisgrid.people.privacy import retention_runs
from gisgrid.people.privacy.retention_runs import RetentionProof
from gisgrid.planning.snapshot.fetch import today
from web.http import lists
from web.http.dates import local, on_the_clock
from web.http.db import reading, writing
from web.http.keeping import page
from web.http.permissions import asked_as_workbook, asker, may_ask
from web.http.towns import town

blueprint = Blueprint("retention", __name__, url_prefix="/office/retention")

PORTION = 200
SORTS = ("id", "ran_at", "who")
"""Runs of one page."""
TABLE_WORDS = {
    "resident": say("Residents"),
    "household": say("Households"),
    "visit": say("Visits"),
    "event": say("Words of events"),
    "staff": say("Names of former staff"),
    "register_entry": say("Entries at the door"),
    "collection_answer": say("Answers to collection tasks"),
    "correction_request": say("Requests for correction"),
    "subject_request": say("Requests for access"),
    "file_import": say("Files sent in the browser"),
    "outbox_message": say("Messages"),
    "history": say("Former states"),
}
HELP = {each.name: each.metadata["help"] for each in fields(Keeping)}
"""What each span is of."""


@blueprint.get("")
def index() -> Response:
    """The spans, what a trial found to be past them, and the runs that there were."""
    return _shown()


@blueprint.get("/<int:number>")
def one(number: int) -> Response:
    """The proof of one run: what it deleted, where it looked for more, which backups still hold it."""
    with reading() as session:
        place = town(session)
        found = retention_runs.run(session, place.id, number)
    return page(
        "retention-run.html", found=found, place=place, tables=TABLE_WORDS, help=HELP,
        local=lambda at: local(at, place.time_zone),
    )  # fmt: skip


@blueprint.post("/try")
def try_out() -> BaseResponse:
    """Have the worker look what would go today; nothing is deleted."""
    try:
        with writing() as session:
            office_jobs.order(
                session, town(session), office_jobs.TRIAL, account_id=asker().account_id or 0,
                who=asker().display_name,
            )  # fmt: skip
    except NotAllowed:
        raise
    except GisgridError as error:
        return _shown(error)
    flash(gettext("The worker looks what would go; it will stand here."), "info")
    return _back()


@blueprint.post("/run")
def run() -> BaseResponse:
    """Have the worker delete what is past its time, after a trial of today was read."""
    trial = request.form.get("trial", "")
    try:
        with writing() as session:
            office_jobs.order_retention(
                session, town(session), account_id=asker().account_id or 0, who=asker().display_name,
                trial=int(trial) if trial.isdecimal() and len(trial) < 18 else 0,
            )  # fmt: skip
    except NotAllowed:
        raise
    except GisgridError as error:
        return _shown(error)
    flash(gettext("The worker deletes what is past its time; the proof will stand here."), "info")
    return _back()


def _back() -> BaseResponse:
    return redirect(url_for("retention.index", township=request.values.get("township")), 303)


def _shown(error: GisgridError | None = None) -> Response:
    turn, listing = lists.turn(PORTION), lists.listing(SORTS)
    with reading() as session:
        place = town(session)
        found = retention_runs.runs(
            session, place.id, most=turn.most, skip=turn.skip, listing=listing
        )
        newest = retention_runs.runs(session, place.id, most=1)
        trial = office_jobs.newest_trial(session, place.id)
        order = office_jobs.newest_retention(session, place.id)
        spans = keeping_of(session, place.id)
    if asked_as_workbook():
        return lists.workbook(place, _sheet(found, place.time_zone))
    # What a later run deleted is not there any more.
    if trial and newest and newest[0].ran_at > trial.ended_at:
        trial = None
    return page(
        "retention.html", error=error, found=found, trial=trial, order=order, place=place, tables=TABLE_WORDS,
        help=HELP, spans={name: getattr(spans, name) for name in HELP}, day=str(today(place)),
        gone=retention_runs.gone(trial.result) if trial else 0, may_run=may_ask("retention.run"),
        may_set=may_ask("township.show"), most=PORTION, turn=turn, listing=listing, read=len(found),
        local=lambda at: local(at, place.time_zone),
    )  # fmt: skip


def _sheet(found: list[RetentionProof], time_zone: str) -> Sheet:
    """The runs, numbers only."""
    return lists.sheet(
        gettext("Retention"),
        [
            (gettext("No."), [each.id for each in found]),
            (gettext("As of"), [each.as_of for each in found]),
            (gettext("Ran at"), [on_the_clock(each.ran_at, time_zone) for each in found]),
            (gettext("By"), [each.who for each in found]),
            (gettext("Deleted or emptied"), [each.gone for each in found]),
            (gettext("Found afterwards"), [each.left for each in found]),
        ],
    )
