"""``/office/jobs``: what was ordered of the worker, how far it is, why it failed; whether the worker is awake."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core.errors import GisgridError
from gisgrid.files.exports import Sheet
from gisgrid.jobs import ordered
from web.editor.store import planning
from web.editor.store import who as drawn_by
from web.http import lists
from web.http.dates import local, on_the_clock
from web.http.db import reading, writing
from web.http.keeping import page, refusing
from web.http.permissions import asked_as_workbook, asker, may_ask
from web.http.towns import town
from web.office import job_words

blueprint = Blueprint("jobs", __name__, url_prefix="/office/jobs")

PORTION = 500
"""Jobs of one page."""
SORTS = ("kind", "who", "asked_at", "state")
FILTERS = ("busy", "failed", "cancelled", "done")


@blueprint.get("")
def index() -> Response:
    """Those that wait or run first, then the newest; ``?state=`` only those."""
    return _shown()


@blueprint.post("/stop")
@refusing(lambda error: _shown(error))
def stop() -> BaseResponse:
    """Stop one that waits or runs."""
    form = request.form
    with writing() as session:
        ordered.stop(session, town(session).id, form.get("road", ""), form.get("key", ""))
    flash(gettext("The job is stopped."), "info")
    return _back()


@blueprint.post("/again")
@refusing(lambda error: _shown(error))
def again() -> BaseResponse:
    """Order one anew that failed or was cancelled."""
    road, key = request.form.get("road", ""), request.form.get("key", "")
    on_plan = road == "plan"
    with planning() if on_plan else writing() as session:
        ordered.again(
            session, town(session), road, key, account_id=asker().account_id,
            who=drawn_by() if on_plan else asker().name,
        )  # fmt: skip
    flash(gettext("The job is ordered again."), "info")
    return _back()


def _shown(error: GisgridError | None = None) -> Response:
    state = request.args.get("state")
    state = state if state in FILTERS else None
    now, turn, listing = (
        datetime.now(UTC),
        lists.turn(PORTION),
        lists.listing(SORTS, job_words.SHOWN),
    )
    with reading() as session:
        place = town(session)
        found = ordered.jobs(
            session, place.id, state=state, most=turn.most, skip=turn.skip, listing=listing
        )
        seen, clock = ordered.worker_seen(session), ordered.by_the_clock(session)
    if asked_as_workbook():
        return lists.workbook(place, _sheet(found, now, place.time_zone))
    return page(
        "jobs.html", error=error, found=found[:PORTION], read=len(found), turn=turn, listing=listing, state=state, place=place, now=now, seen=seen, clock=clock,
        awake=seen is not None and now - seen < ordered.AWAKE, words=job_words, may_ask=may_ask,
        local=lambda at: local(at, place.time_zone),
    )  # fmt: skip


def _back() -> BaseResponse:
    return redirect(url_for("jobs.index", township=request.values.get("township")), 303)


def _sheet(found: Sequence[ordered.OrderedJob], now: datetime, time_zone: str) -> Sheet:
    """What was ordered of the worker."""
    return lists.sheet(
        gettext("Background jobs"),
        [
            (gettext("Job"), [job_words.kind(each) for each in found]),
            (gettext("About"), [each.about for each in found]),
            (gettext("Asked by"), [each.who for each in found]),
            (gettext("Since"), [on_the_clock(each.asked_at, time_zone) for each in found]),
            (gettext("Ended"), [on_the_clock(each.ended_at, time_zone) for each in found]),
            (gettext("State"), [job_words.state(each) for each in found]),
            (gettext("Seconds"), [job_words.seconds(each, now) for each in found]),
            (gettext("Why it failed"), [job_words.failed(each) for each in found]),
        ],
    )
