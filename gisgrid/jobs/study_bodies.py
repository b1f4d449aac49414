"""What the planner's layers are drawn from, as JSON: counts, codes and places, nobody's data.

Houses appear as counts, and in a proposal as points without a code.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.balance.workload import MMIN
from gisgrid.core.arrays import Geometries
from gisgrid.core.messages import in_every, said_of
from gisgrid.core.plans import PlanInfo, TownshipInfo
from gisgrid.jobs.pictures import DECIMALS, drawn, spots
from gisgrid.planning.checks.checks import SITES_CHECK, Tell
from gisgrid.planning.checks.coverage import coverage
from gisgrid.planning.checks.findings import CheckResult, Finding
from gisgrid.planning.editor.delta import Delta, Shift, delta
from gisgrid.planning.snapshot.fetch import plan_state
from gisgrid.planning.workload.weighing import plan_weighing
from gisgrid.planning.workload.workload import loads, refuse_no_work


def coverage_body(
    session: Session, place: TownshipInfo, plan: PlanInfo, day: date, *, progress: Tell
) -> dict[str, Any]:
    """The checks, and each finding with its ground and a point to mark it by.

    Scattered houses are told by the marker and their count: their points are in the houses layer.
    """
    found = coverage(session, place, plan, day, progress=progress)
    results = [*found.results, *([found.sites] if found.sites else [])]
    return {
        "checks": [_check(r) for r in results],
        "sites": SITES_CHECK,
        "findings": [_finding(r.name, f) for r in results for f in r.findings],
    }


def workload_body(
    session: Session, place: TownshipInfo, plan: PlanInfo, day: date, *, progress: Tell
) -> dict[str, Any]:
    """Each grid's minutes a month by part, and its deviation from the mean of its community."""
    progress(0, 2, "reading")
    state = plan_state(session, place, plan, day)
    weighing = plan_weighing(session, plan)
    progress(1, 2, "weighing")
    found = loads(state, weighing.weights, by_street=weighing.by_street)
    refuse_no_work(found, state)
    return {
        "weights": weighing.weights.version,
        "events": in_every(found.events.said),
        "parts": list(found.parts),
        "grids": [
            {
                "code": g.code,
                "minutes": g.total_mmin / MMIN,
                "parts": [part / MMIN for part in g.parts_mmin],
                "deviation": _short(g.deviation),
                "posts": g.posts,
                "per_post": _short(g.per_post_min),
                "deviation_per_post": _short(g.deviation_per_post),
            }
            for g in found.grids
        ],
        "township": {
            "minutes": found.township.total_mmin / MMIN,
            "posts": found.township.posts,
            "max_over_mean": _short(found.township.per_grid.max_over_mean),
            "gini": _short(found.township.per_grid.gini),
        },
    }


def proposal_body(
    session: Session, place: TownshipInfo, plan: PlanInfo, day: date, *, progress: Tell
) -> dict[str, Any]:
    """Who moves from where to where under a draft, with the ground and the points of the houses."""
    progress(0, 1, "comparing")
    found = delta(session, place, plan, day)
    names = dict(zip(found.base_grids.code, found.base_grids.name, strict=True))
    names |= dict(zip(found.state.grids.code, found.state.grids.name, strict=True))
    row = session.execute(
        text("SELECT recipe, version FROM plan WHERE id = :p"), {"p": plan.id}
    ).one()
    # What a run reached is no longer so once a hand has drawn.
    recipe = {} if row.version else row.recipe or {}
    told = (
        "tolerance",
        "weights_version",
        "max_deviation",
        "bound",
        "moved_cost",
    )
    return {
        "base": {"id": found.base.id, "name": found.base.name},
        "draft": {"id": plan.id, "name": plan.name},
        "recipe": {
            **{name: recipe[name] for name in told if name in recipe},
            "reasons": [in_every(said_of(each)) for each in recipe.get("reasons", ())],
        },
        "edited": bool(row.version and row.recipe),
        "residents": int(found.state.houses.residents.sum()),
        "houses": len(found.state.houses.code),
        "moves": [_move(found, shift, names) for shift in found.shifts],
        "changed": sorted(
            {code for s in found.shifts for code in (s.from_grid, s.to_grid) if code is not None}
        ),
    }


def _check(result: CheckResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "title": in_every(result.title),
        "status": result.status,
        "missing": in_every(result.missing) if result.missing else None,
        "places": len(result.findings),
        "houses": result.houses,
        "residents": result.residents,
    }


def _finding(check: str, found: Finding) -> dict[str, Any]:
    fix = found.fix
    return {
        "check": check,
        "text": in_every(found.said),
        "fix": in_every(fix.said) if fix else None,
        "grids": list(found.grids),
        "houses": len(found.houses),
        "residents": found.residents,
        "at": _marker(found.place),
        "ground": drawn(found.place) if shapely.get_dimensions(found.place) == 2 else None,
    }


def _move(found: Delta, shift: Shift, names: dict[str, str]) -> dict[str, Any]:
    xy = found.state.houses.lonlat[shift.houses]
    return {
        "from": shift.from_grid,
        "from_name": names.get(shift.from_grid or ""),
        "to": shift.to_grid,
        "to_name": names.get(shift.to_grid or ""),
        "houses": len(shift.houses),
        "households": found.households(shift),
        "residents": found.residents(shift),
        "at": _marker(shift.ground if not shift.ground.is_empty else shapely.multipoints(xy)),
        "ground": None if shift.ground.is_empty else drawn(shift.ground),
        "points": spots(xy),
    }


def _marker(place: BaseGeometry) -> list[float] | None:
    """A point of the place: inside its ground, or the one nearest to the middle of scattered points."""
    if place.is_empty:
        return None
    if shapely.get_dimensions(place) == 2:
        at = place.representative_point()
    else:
        points: Geometries = np.atleast_1d(shapely.points(shapely.get_coordinates(place)))
        at = points[np.argmin(shapely.distance(points, place.centroid))]
    return [round(at.x, DECIMALS), round(at.y, DECIMALS)]


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 5)
