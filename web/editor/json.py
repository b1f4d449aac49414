"""A scenario as the bench's page gets it: JSON-able, counts and no names of people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import shapely
from flask_babel import gettext
from sqlalchemy.orm import Session

from gisgrid.core.errors import GisgridError
from gisgrid.core.plans import PlanInfo
from gisgrid.jobs import balancing
from gisgrid.planning.editor import moves, scenarios
from gisgrid.planning.editor.bench import Bench, Flow, flows, numbers
from gisgrid.planning.editor.refusals import ScenarioLocks
from gisgrid.planning.review import review
from gisgrid.planning.snapshot.snapshot import NO_ROW
from layers.bench import deviation_colour
from web.editor.states import standing, standing_key
from web.http.language import speaks_chinese

SHOWN_MOVES = 60


def view(session: Session, plan: PlanInfo, version: int, bench: Bench) -> dict[str, Any]:
    """All that the page shows of a scenario at a version."""
    found = scenarios.scenario(session, plan.id)
    locks = moves.locks_of(session, plan.id)
    entries = moves.log(session, plan.id)
    return {
        "id": plan.id,
        "name": plan.name,
        "state": plan.state,
        "standing": standing(plan),
        "standing_key": standing_key(plan),
        "first_day": review.first_day(session, plan).isoformat(),
        "version": version,
        "stale": found.stale,
        "based_on": found.based_on,
        "editable": plan.state in scenarios.EDITABLE,
        "grids": grids(bench, range(len(bench.state.grids.code)), locks),
        "arcs": arcs(bench, locks),
        "house_locks": _places(bench, locks),
        "log": [
            {**asdict(m), "at": m.at.isoformat(), "action_text": actions().get(m.action, m.action)}
            for m in entries[:SHOWN_MOVES]
        ],
        "can_undo": any(m.standing == "done" for m in entries),
        "can_redo": any(m.standing == "undone" for m in entries),
        "steps": [_step(s) for s in review.steps(session, plan.id)],
        "job": job(balancing.last_job(session, plan.id)),
    }


def _step(step: review.Step) -> dict[str, Any]:
    reason = gettext("without review") if step.reason == review.UNREVIEWED else step.reason
    return {**asdict(step), "at": step.at.isoformat(), "reason": reason}


def grids(
    bench: Bench,
    rows: Sequence[int],
    locks: ScenarioLocks = ScenarioLocks(),  # noqa: B008
) -> list[dict[str, Any]]:
    """Grids with numbers, colour and polygon, in the order of the rows."""
    shapes = bench.state.grids.lonlat
    return [
        {
            **asdict(n),
            "colour": deviation_colour(n.deviation),
            "locked": n.code in locks.grids,
            "geometry": json.loads(shapely.to_geojson(shapes[row])),
        }
        for row, n in zip(rows, numbers(bench, list(rows)), strict=True)
    ]


def arcs(bench: Bench, locks: ScenarioLocks) -> list[dict[str, Any]]:
    """Borders with the grids on both sides; those that can move lie inside a community."""
    try:
        topology = bench.topology
    except GisgridError:
        return []  # overlapping grids have no borders to drag; the checks tell where
    codes, community = bench.state.grids.code, bench.state.grids.community
    out = []
    for k, line in enumerate(topology.lines):
        left, right = int(topology.left[k]), int(topology.right[k])
        inner = NO_ROW not in (left, right)
        pair = [codes[r] for r in (left, right) if r != NO_ROW]
        out.append(
            {
                "id": k,
                "grids": pair,
                "line": line.tolist(),
                "movable": inner and bool(community[left] == community[right]),
                "locked": frozenset(pair) in locks.borders or bool(locks.grids & set(pair)),
            }
        )
    return out


def preview(before: Bench, after: Bench, refused: GisgridError | None) -> dict[str, Any]:
    """What an edit would change: grids before and after, who moves, and why it may not be."""
    codes = sorted(
        {code for code in after.row_of if _differs(before, after, code)}
        | {code for f in flows(before, after) for code in (f.from_grid, f.to_grid) if code}
    )
    was = {n.code: asdict(n) for n in numbers(before, _rows(before, codes))}
    now = grids(after, _rows(after, codes))
    return {
        "grids": [{**g, "before": was.get(g["code"])} for g in now],
        "gone": [code for code in before.row_of if code not in after.row_of],
        "flows": [flow(f) for f in flows(before, after)],
        "refused": None if refused is None else refusal(refused),
    }


def refusal(error: GisgridError) -> dict[str, Any]:
    return {
        "message": error.zh if speaks_chinese() else error.message,
        "place": error.facts.get("place"),
    }


def flow(found: Flow) -> dict[str, Any]:
    return {**asdict(found), "houses": len(found.houses)}


def job(found: balancing.JobInfo | None) -> dict[str, Any] | None:
    """A job without the codes of the houses it would move."""
    if found is None:
        return None
    result = None
    if found.result is not None:
        result = {k: v for k, v in found.result.items() if k not in ("grids", "drawn", "ground")}
        result["grids_drawn"] = len(found.result.get("drawn", ()))
        result["moves"] = [{**m, "houses": len(m["houses"])} for m in found.result["moves"]]
        result["left_out"] = [
            {"text": left["zh" if speaks_chinese() else "en"], "mends": mends(left["grids"])}
            for left in found.result.get("left_out", ())
        ]
        for name in ("reasons", "notes"):
            said = found.result.get(name, ())
            result[name] = [r[1 if speaks_chinese() else 0] for r in said]
    return {
        "id": found.id,
        "state": found.state,
        "done": found.done,
        "total": found.total,
        "doing": doing().get(found.doing, found.doing),
        "failed": found.failed_zh if speaks_chinese() else found.failed,
        "result": result,
    }


def mends(grids: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The edits that keep grids inside one community, each with the words of its button.

    Parameters
    ----------
    grids
        Code of each, and of the community of most of its houses where that is another than its own.
    """
    out = []
    for grid in grids:
        edit = {"kind": "across", "grid": grid["code"]}
        label = gettext("Cut %(grid)s at its community's border", grid=grid["code"])
        out.append({"label": label, "edit": {**edit, "how": "cut"}})
        if grid["to"]:
            label = gettext(
                "Give %(grid)s to community %(to)s, where most of its houses are",
                grid=grid["code"],
                to=grid["to"],
            )
            out.append({"label": label, "edit": {**edit, "how": "give"}})
    return out


def actions() -> dict[str, str]:
    return {
        "drag": gettext("Border moved"),
        "split": gettext("Grid split"),
        "merge": gettext("Grids merged"),
        "draw": gettext("Grid drawn"),
        "give": gettext("Houses moved"),
        "remove": gettext("Grid removed"),
        "rebalance": gettext("Proposal taken over"),
        "combine": gettext("Scenario combined"),
        "across": gettext("Grid cut at its community's border"),
        "slivers": gettext("Slivers mended"),
    }


def doing() -> dict[str, str]:
    return {
        "": gettext("waiting"),
        "reading": gettext("reading the register"),
        "weighing": gettext("weighing the work"),
        "ground in units": gettext("cutting the ground into units"),
        "balancing": gettext("balancing"),
        "balancing, communities": gettext("balancing, community by community"),
        "drawing": gettext("drawing the borders and counting again"),
    }


def _places(bench: Bench, locks: ScenarioLocks) -> list[list[float]]:
    """Where the locked houses stand."""
    houses = bench.state.houses
    held = np.isin(houses.code, sorted(locks.houses)) & houses.placed
    return [[lon, lat] for lon, lat in houses.lonlat[held].tolist()]


def _rows(bench: Bench, codes: Sequence[str]) -> list[int]:
    return [bench.row_of[c] for c in codes if c in bench.row_of]


def _differs(before: Bench, after: Bench, code: str) -> bool:
    row = before.row_of.get(code)
    if row is None:
        return True
    one, two = before.state.grids.lonlat[row], after.state.grids.lonlat[after.row_of[code]]
    return one is not two and not shapely.equals_identical(one, two)
