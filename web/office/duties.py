"""What is owed: whose training counts, who has read, which records nobody verified, who is missing."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from gisgrid.core import plans
from gisgrid.people.learning import documents
from gisgrid.people.learning.training import hours_by_worker, hours_sheet
from gisgrid.planning.checks.shortage import shortage, shortage_sheets
from gisgrid.planning.snapshot.fetch import limits_of, today
from gisgrid.register import today as visits
from gisgrid.register.stale import stale, stale_sheet
from web.editor.store import placed, planning
from web.home.views import TEAM_WORDS
from web.http import lists
from web.http.dates import local
from web.http.db import reading
from web.http.language import language
from web.http.permissions import asked_as_workbook
from web.http.towns import town
from web.office import sheets

blueprint = Blueprint("duties", __name__)

PORTION = 500
"""Rows of a page of what is to be verified or visited."""


@blueprint.get("/training")
def training() -> str | Response:
    """Hours of everybody in a team whom the asker sees, and until when their training counts."""
    with reading() as session:
        place = town(session)
        listed = hours_by_worker(session, place.id, today(place), masked=True)
    if asked_as_workbook():
        return lists.workbook(place, hours_sheet(listed))
    return render_template("training.html", listed=listed, team_words=TEAM_WORDS)


@blueprint.get("/document-readers/<path:code>")
def readers(code: str) -> str | Response:
    """Who has read the newest version of a document, and who is still asked to; the latter first."""
    with reading() as session:
        place = town(session)
        issued = documents.version(session, place.id, code)
        listed = documents.readers(session, place.id, code, today(place), masked=True)
    if asked_as_workbook():
        return lists.workbook(place, documents.readers_sheet(listed))
    return render_template(
        "readers.html", version=issued, listed=listed, team_words=TEAM_WORDS, local=local, day=today(place)
    )  # fmt: skip


@blueprint.get("/stale")
def not_verified() -> str | Response:
    """Records of the asker's ground that nobody verified for longer than the township's setting."""
    grid, turn = request.args.get("grid", "").strip() or None, lists.turn(PORTION)
    with reading() as session:
        place = town(session)
        days = int(limits_of(session, place.id).visit_days)
        listed = stale(
            session, place.id, today(place), days=days, grid=grid, limit=turn.most, skip=turn.skip,
            masked=True,
        )  # fmt: skip
        total = visits.count_stale(session, place.id, today(place), days=days, grid=grid)
    if asked_as_workbook():
        return lists.workbook(place, stale_sheet(listed))
    return render_template(
        "stale.html",
        listed=listed[:PORTION],
        read=len(listed),
        turn=turn,
        days=days,
        grid=grid,
        total=total,
    )


@blueprint.get("/visits")
def to_visit() -> str | Response:
    """Houses of the asker's ground that nobody visited for longer than the township's setting."""
    grid, turn = request.args.get("grid", "").strip() or None, lists.turn(PORTION)
    with reading() as session:
        place = town(session)
        days, day = int(limits_of(session, place.id).visit_days), today(place)
        listed = visits.to_visit(
            session, place.id, day, days=days, grid=grid, limit=turn.most, skip=turn.skip
        )
        total = visits.count_to_visit(session, place.id, day, days=days, grid=grid)
    if asked_as_workbook():
        return lists.workbook(place, sheets.visits(listed))
    return render_template(
        "visits.html", listed=listed[:PORTION], read=len(listed), turn=turn, total=total, days=days, grid=grid
    )  # fmt: skip


@blueprint.get("/shortage")
def lacking() -> str | Response:
    """Grids of the plan in force without a team, a leader, anybody beside the leader, or training."""
    with planning(read_only=True) as session:
        place = town(session)
        plan = plans.plan_in_force(session, place.id)
        placed(session, plan.id, "plan", "review")
        found = shortage(session, place, plan, today(place))
    if asked_as_workbook():
        answers_of_all, grids = shortage_sheets(found, lacking=True)
        return lists.workbook(place, grids, answers_of_all)
    english = language() == "en"
    titles = {r.name: r.title.en if english else r.title.zh for r in found.results}
    answers = [(titles[r.name], r.en if english else r.zh, len(r.findings)) for r in found.results]
    return render_template("shortage.html", found=found, titles=titles, answers=answers)
