"""The editor's way out: compare, check, review, publish, hand over, report, files."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, render_template, request, url_for

from gisgrid.core import plans
from gisgrid.core.errors import Conflict, Invalid
from gisgrid.core.plans import PlanInfo, TownshipInfo, plan_by_id
from gisgrid.core.scope import refuse_strangers, scope
from gisgrid.files.exports import write_workbook
from gisgrid.files.pdf import as_pdf
from gisgrid.jobs import balancing, quick
from gisgrid.loading.scenario_files import export_plan
from gisgrid.planning.editor import moves, replay
from gisgrid.planning.editor.compare import Comparison, compared, crosswalk
from gisgrid.planning.editor.scenarios import more_houses_than, scenario
from gisgrid.planning.review import review
from gisgrid.planning.review.handover import handed_houses, handover_sheets, team_sheets
from gisgrid.planning.snapshot.fetch import today
from layers.deviation import PATTERNS, deviation_colour, legend
from layers.editor import picture
from web.editor import json as views
from web.editor import store
from web.editor.assets import EDITOR_STYLES
from web.editor.messages import words
from web.editor.states import states
from web.editor.store import at_hand, editors, placed, planning, who
from web.editor.views import as_json, blueprint, body, number
from web.http.lists import XLSX
from web.http.permissions import need
from web.http.responses import asset, nonce
from web.http.towns import town_name

STEP_RIGHTS = {"approve": ("review",), "return": ("review",), "notify": ("plan", "review")}
"""Whose each step of review is; the others are the drawers'."""
MOST_FLOWS = 12
"""Flows of one edit that a report lists; the table of grids has them all."""


@blueprint.get("/<int:plan_id>/compare")
def compare(plan_id: int) -> Response:
    """Two plans side by side, on maps that move together; ``with`` names the other."""
    with planning(read_only=True) as session:
        place, plan = placed(session, plan_id, "plan", "review")
        other = _other(session, plan)
        pair = _pair(session, place, other, plan)
        every = plans.plans(session, place.id)
    html = render_template(
        "editor_compare.html",
        township=place,
        town=town_name(place),
        plan=plan,
        other=other,
        every=every,
        found=pair.found,
        grids=[g for g in pair.found.grids if g.moved],
        nonce=nonce(),
        styles=[asset(name) for name in EDITOR_STYLES],
        ui={
            "sides": [
                url_for("editor.view", plan_id=other.id),
                url_for("editor.view", plan_id=plan.id),
            ],
            "moved": [g.code for g in pair.found.grids if g.moved],
            "words": words(),
            "legend": legend(),
            "patterns": PATTERNS,
        },
    )
    return Response(html, headers={"Cache-Control": "private, no-store"})


@blueprint.post("/<int:plan_id>/step")
def step(plan_id: int) -> Response:
    """One step of review."""
    asked = body()
    name = str(asked.get("step"))
    rights = STEP_RIGHTS.get(name, ("plan",))
    with planning() as session:
        place, plan = placed(session, plan_id, *rights)
        review.take_step(
            session, place, plan, name, who=who(),
            reason=str(asked.get("reason") or "")[:500],
        )  # fmt: skip
        _, plan, version, editor = at_hand(session, plan_id, *rights)
        return as_json(views.view(session, plan, version, editor))


@blueprint.post("/<int:plan_id>/publish")
def publish(plan_id: int) -> Response:
    """Put a plan in force from a day on; of a large town by the worker, for which the page waits."""
    asked = body()
    try:
        first_day = date.fromisoformat(str(asked.get("from")))
    except ValueError:
        raise Invalid("Say the first day, such as 2024-01-01.") from None
    with planning() as session:
        place, plan = placed(session, plan_id, "plan")
        if more_houses_than(session, place, store.A_LARGE_TOWN):
            options = {"from": first_day.isoformat()}
            job_id = quick.order(session, plan, "publish", options, who=who())
            return as_json({"job": views.job(balancing.job(session, job_id))})
        review.publish(session, place, plan, first_day, who=who())
        _, plan, version, editor = at_hand(session, plan_id, "plan")
        return as_json(views.view(session, plan, version, editor))


@blueprint.post("/<int:plan_id>/withdraw")
def withdraw(plan_id: int) -> Response:
    """Take back a plan that waits for its day."""
    reason = str(body().get("reason") or "")[:500]
    with planning() as session:
        place, plan = placed(session, plan_id, "plan")
        review.withdraw(session, place, plan, who=who(), reason=reason)
        _, plan, version, editor = at_hand(session, plan_id, "plan")
        return as_json(views.view(session, plan, version, editor))


@blueprint.get("/<int:plan_id>/handover.xlsx")
def handover(plan_id: int) -> Response:
    """The hand-over workbook against the plan before; ``grid`` for one team."""
    grid = request.args.get("grid")
    with planning(read_only=True) as session:
        place, plan = placed(session, plan_id, "plan", "review")
        refuse_strangers(session, place, "export")
        other = _other(session, plan)
        before, after = review.editors(session, place, plan, other)
        seen = place.id in scope(session, "see_houses").townships
        handed = handed_houses(session, place.id, before, after, addresses=seen)
        found = crosswalk(before, after)
    if grid:
        handed = [h for h in handed if grid in (h.from_grid, h.to_grid)]
        found = [s for s in found if grid in (s.old_code, s.new_code)]
    teams = [t for t in team_sheets(handed, before, after) if grid in (None, t.grid)]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "handover.xlsx"
        write_workbook(file, handover_sheets(teams, handed, found))
        return _file(file.read_bytes(), XLSX, f"handover-{plan.id}.xlsx")


@blueprint.get("/<int:plan_id>/grids.<any(gpkg, geojson):ending>")
def export(plan_id: int, ending: str) -> Response:
    """A plan's grids as a file."""
    with planning(read_only=True) as session, tempfile.TemporaryDirectory() as folder:
        place, plan = placed(session, plan_id, "plan", "review")
        refuse_strangers(session, place, "export")
        file = Path(folder) / f"plan.{ending}"
        export_plan(session, place, plan, file)
        kind = "application/geopackage+sqlite3" if ending == "gpkg" else "application/geo+json"
        return _file(file.read_bytes(), kind, f"plan-{plan.id}.{ending}")


@blueprint.get("/<int:plan_id>/report.<any(html, pdf):ending>")
def report(plan_id: int, ending: str) -> Response:
    """Before and after on paper: reasons, maps, table, codes, events of the past year."""
    if ending == "pdf":
        need("export")
    with planning(read_only=True) as session:
        place, plan = placed(session, plan_id, "plan", "review")
        if ending == "pdf":
            refuse_strangers(session, place, "export")
        other = _other(session, plan)
        pair = _pair(session, place, other, plan)
        until = replay.last_day(session, place) or today(place)
        html = render_template(
            "editor_report.html",
            town=town_name(place),
            plan=plan,
            other=other,
            scenario=scenario(session, plan.id),
            steps=review.steps(session, plan.id),
            found=pair.found,
            grids=[g for g in pair.found.grids if g.moved],
            fresh=[g for g in pair.found.grids if g.before is None],
            gone=[g for g in pair.found.grids if g.after is None],
            by_scheme=place.code_scheme == "gb",
            edits=[m for m in reversed(moves.log(session, plan.id)) if m.standing == "done"],
            actions=views.actions(),
            most=MOST_FLOWS,
            zone=ZoneInfo(place.time_zone),
            maps=pair.maps(),
            legend=legend(),
            crosswalk=[
                s for s in crosswalk(pair.before, pair.after)
                if s.share < 1 or s.old_code != s.new_code
            ],
            replayed=_replayed(session, place, other, plan, until),
            until=until,
            states=states(),
        )  # fmt: skip
    if ending == "html":
        return Response(html, headers={"Cache-Control": "private, no-store"})
    return _file(as_pdf(html), "application/pdf", f"plan-{plan.id}.pdf")


class _Pair:
    """Two plans over the same houses."""

    def __init__(self, before: Any, after: Any) -> None:
        self.before, self.after = before, after
        self.found: Comparison = compared(before, after)

    def maps(self) -> list[Any]:
        """The picture of each; None where no grid is drawn yet."""
        moved = {g.code for g in self.found.grids if g.moved}
        drawn = []
        for editor, side in ((self.before, "before"), (self.after, "after")):
            numbers = {g.code: getattr(g, side) for g in self.found.grids}
            codes = editor.state.grids.code.tolist()
            drawn.append(
                picture(
                    list(editor.state.grids.metric),
                    [deviation_colour(numbers[c].deviation) for c in codes],
                    [c[-3:] for c in codes],
                    marked=[c in moved for c in codes],
                )
                if codes
                else None
            )
        return drawn


def _pair(session: Any, place: TownshipInfo, other: PlanInfo, plan: PlanInfo) -> _Pair:
    if plan.based_on_id == other.id:
        # Both lie on the same base already.
        version = scenario(session, plan.id).version
        store = editors()
        return _Pair(
            store.base(session, place, plan, version), store.at(session, place, plan, version)
        )
    return _Pair(*review.editors(session, place, plan, other))


def _replayed(
    session: Any, place: TownshipInfo, other: PlanInfo, plan: PlanInfo, until: date
) -> list[tuple[str, str, replay.ReplayedScenario | None, replay.ReplayedScenario | None]]:
    """Grids whose events of the last year differ between two plans."""
    was = {r.code: r for r in replay.replay(session, place, other, until=until)}
    now = {r.code: r for r in replay.replay(session, place, plan, until=until)}
    codes = sorted((was.keys() | now.keys()) - {None}, key=str)
    rows = [(str(c), (now.get(c) or was[c]).name, was.get(c), now.get(c)) for c in codes]
    return [r for r in rows if r[2] is None or r[3] is None or r[2].events != r[3].events]


def _other(session: Any, plan: PlanInfo) -> PlanInfo:
    """The plan to compare with: the one asked for, else the one it was drawn from."""
    wanted = request.args.get("with")
    if wanted:
        other = plan_by_id(session, number(wanted))
        if other.township_id != plan.township_id:
            raise Invalid("These are plans of two townships.")
        return other
    if plan.based_on_id is None:
        raise Conflict(
            "Plan {plan!r} was not drawn from another; name one to compare with.", plan=plan.name
        )
    return plan_by_id(session, plan.based_on_id)


def _file(content: bytes, kind: str, name: str) -> Response:
    response = Response(content, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
