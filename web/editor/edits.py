"""An edit as the page sends it, made into one of the domain's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import shapely
from sqlalchemy.orm import Session

from gisgrid.core.crs import from_metric
from gisgrid.core.errors import Invalid, NotFound
from gisgrid.core.plans import PlanInfo, TownshipInfo, plan_by_id
from gisgrid.jobs import balancing
from gisgrid.planning.editor import edits, mending, scenarios
from gisgrid.planning.editor.corners import GridDetails
from gisgrid.planning.editor.editor import Editor
from gisgrid.planning.editor.numbering import new_grids, next_code
from gisgrid.planning.snapshot.fetch import limits_of, parcel_borders
from gisgrid.planning.snapshot.snapshot import NO_ROW, Grids

Change = Callable[[Editor], Grids]
MOST_CORNERS = 5_000


def change_of(
    session: Session, place: TownshipInfo, plan: PlanInfo, asked: object
) -> tuple[str, Change]:
    """The name of an edit and what it does to an editor.

    Raises
    ------
    Invalid
        The page sent something that is no edit.
    """
    if not isinstance(asked, Mapping):
        raise no_edit()
    kind = asked.get("kind")
    make = _KINDS.get(kind) if isinstance(kind, str) else None
    if make is None:
        raise no_edit()
    try:
        return str(kind), make(session, place, plan, asked)
    except (KeyError, TypeError, ValueError) as exc:
        raise no_edit() from exc


def _drag(
    session: Session, place: TownshipInfo, plan: PlanInfo, asked: Mapping[str, Any]
) -> Change:
    given = {str(name): _corners(line, least=2) for name, line in asked["arcs"].items()}
    snap_m = min(max(float(asked.get("snap_m") or 0), 0.0), 50.0)

    parcels = parcel_borders(session, place, list(given.values())) if snap_m else None

    def change(editor: Editor) -> Grids:
        lines = {editor.arc_of.get(name, NO_ROW): line for name, line in given.items()}
        if parcels is None:
            return edits.drag(editor, lines)
        streets = from_metric(editor.state.streets, place.metric_srid)
        return edits.drag(editor, lines, snap_to=np.append(streets, parcels), snap_m=snap_m)

    return change


def _split(
    session: Session, place: TownshipInfo, plan: PlanInfo, asked: Mapping[str, Any]
) -> Change:
    line, grid, name = _corners(asked["line"], least=2), str(asked["grid"]), _text(asked["name"])

    def change(editor: Editor) -> Grids:
        row = editor.row_of.get(grid)
        if row is None:
            raise NotFound("The scenario has no grid {grid!r}.", grid=grid)
        state = editor.state
        home = state.communities.code[state.grids.community[row]]
        return edits.split(editor, grid, line, GridDetails(next_code(session, place, home), name))

    return change


def _merge(
    session: Session, place: TownshipInfo, plan: PlanInfo, asked: Mapping[str, Any]
) -> Change:
    into, gone = str(asked["into"]), str(asked["gone"])
    return lambda editor: edits.merge(editor, into, gone)


def _draw(
    session: Session, place: TownshipInfo, plan: PlanInfo, asked: Mapping[str, Any]
) -> Change:
    polygon = shapely.Polygon(_corners(asked["polygon"], least=3))
    name, host = _text(asked["name"]), _text(asked.get("host") or "")
    kind = "exclusive" if asked.get("exclusive") else "basic"

    def change(editor: Editor) -> Grids:
        home = edits.community_under(editor, polygon)
        code = next_code(session, place, home, kind=kind)
        return edits.draw(editor, polygon, GridDetails(code, name, kind, host))

    return change


def _give(
    session: Session, place: TownshipInfo, plan: PlanInfo, asked: Mapping[str, Any]
) -> Change:
    """Houses inside a lasso, or one by its row number, go to a grid."""
    to = str(asked["to"])
    if "house" in asked:
        code = scenarios.house_code(session, place, int(asked["house"]))
        return lambda editor: edits.give(
            editor, {int(k): to for k in np.flatnonzero(editor.state.houses.code == code)}
        )
    lasso = shapely.Polygon(_corners(asked["polygon"], least=3))
    edits.check_drawn(lasso)

    def change(editor: Editor) -> Grids:
        rows = editor.houses_at.covered_by(lasso)
        if not len(rows):
            raise Invalid("There is no house inside the line.")
        return edits.give(editor, {int(k): to for k in rows})

    return change


def _remove(
    session: Session, place: TownshipInfo, plan: PlanInfo, asked: Mapping[str, Any]
) -> Change:
    grid = str(asked["grid"])
    return lambda editor: edits.remove_overlay(editor, grid)


def _across(
    session: Session, place: TownshipInfo, plan: PlanInfo, asked: Mapping[str, Any]
) -> Change:
    """A grid across communities is cut at the border of its own, or of that of most of its houses."""
    grid, how = str(asked["grid"]), asked["how"]
    if how not in ("cut", "give"):
        raise no_edit()
    change = mending.kept_within if how == "cut" else mending.given_to_most
    make = new_grids(session, place)
    return lambda editor: change(editor, grid, make)


def _slivers(
    session: Session, place: TownshipInfo, plan: PlanInfo, asked: Mapping[str, Any]
) -> Change:
    limits = limits_of(session, place.id)
    return lambda editor: mending.without_slivers(editor, limits).grids


def _accept(
    session: Session, place: TownshipInfo, plan: PlanInfo, asked: Mapping[str, Any]
) -> Change:
    found = balancing.job(session, int(asked["job"]))
    if found.plan_id != plan.id:
        raise no_edit()
    moves = None if asked.get("moves") is None else [int(k) for k in asked["moves"]]
    version = scenarios.scenario(session, plan.id).version
    return lambda editor: balancing.accepted(editor, found, moves, version=version)


def _combine(
    session: Session, place: TownshipInfo, plan: PlanInfo, asked: Mapping[str, Any]
) -> Change:
    return scenarios.combined(session, place, plan, plan_by_id(session, int(asked["other"])))


_KINDS: dict[str, Callable[[Session, TownshipInfo, PlanInfo, Mapping[str, Any]], Change]] = {
    "drag": _drag,
    "split": _split,
    "merge": _merge,
    "draw": _draw,
    "give": _give,
    "remove": _remove,
    "rebalance": _accept,
    "combine": _combine,
    "across": _across,
    "slivers": _slivers,
}


def _corners(value: Any, *, least: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    corners = np.array(value, dtype=np.float64)
    if (
        corners.ndim != 2
        or corners.shape[1] != 2
        or not least <= len(corners) <= MOST_CORNERS
        or not np.isfinite(corners).all()
    ):
        raise no_edit()
    return corners


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 80 or "\0" in value:
        raise no_edit()
    return value.strip()


def no_edit() -> Invalid:
    """What to raise for a request that makes no sense."""
    return Invalid("The page sent no edit that is known here.")
