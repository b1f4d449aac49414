"""What does a draft change? Who moves from which grid to which, compared with the plan it came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import shapely
from sqlalchemy.orm import Session

from gisgrid.core import plans
from gisgrid.core.arrays import Bools, Geometries, Ints
from gisgrid.core.crs import from_metric
from gisgrid.core.errors import Conflict
from gisgrid.core.plans import PlanInfo, TownshipInfo
from gisgrid.planning.checks.topology import mean_width_m, mended
from gisgrid.planning.snapshot.fetch import plan_grids, plan_state
from gisgrid.planning.snapshot.snapshot import Grids, PlanSnapshot, owners

SLIVER_M2 = 1.0
SLIVER_M = 0.05
"""Ground smaller or thinner than this changes hands by rounding only, and is not told."""


@dataclass(frozen=True, eq=False)
class Shift:
    """What goes from one grid to another; None stands for "in no grid"."""

    from_grid: str | None
    to_grid: str | None
    houses: Ints
    """Rows of the houses in ``Delta.state.houses``."""
    ground: shapely.Geometry
    """In EPSG:4326; empty where only houses on a border move."""


@dataclass(frozen=True, eq=False)
class Delta:
    """A draft compared with its base; ``state`` is the draft's."""

    base: PlanInfo
    draft: PlanInfo
    base_grids: Grids
    state: PlanSnapshot
    shifts: tuple[Shift, ...]
    """Most residents first."""

    def residents(self, shift: Shift) -> int:
        return int(self.state.houses.residents[shift.houses].sum())

    def households(self, shift: Shift) -> int:
        return int(self.state.houses.households[shift.houses].sum())


def delta(session: Session, place: TownshipInfo, draft: PlanInfo, day: date) -> Delta:
    """The draft compared with the plan it is based on, with the houses known on a day.

    Raises
    ------
    Conflict
        The plan is based on none.
    """
    if draft.based_on_id is None:
        raise Conflict(
            "Plan {draft!r} is based on no other plan, so there is nothing to compare.",
            draft=draft.name,
            plan_id=draft.id,
        )
    base = plans.plan_by_id(session, draft.based_on_id)
    state = plan_state(session, place, draft, day)
    before = plan_grids(session, place, base)
    return Delta(base, draft, before, state, _shifts(state, before))


def _shifts(state: PlanSnapshot, before: Grids) -> tuple[Shift, ...]:
    houses, after = state.houses, state.grids
    owning = np.flatnonzero(~before.exclusive) if state.overlay else np.arange(len(before.code))
    was_row = owners(houses.lonlat, before.lonlat, owning)
    # The empty text is no grid: codes are never empty.
    was = np.append(before.code, "")[was_row]
    now = np.append(after.code, "")[houses.grid]
    moved: dict[tuple[str, str], list[int]] = {}
    for row in np.flatnonzero(houses.placed & (was != now)).tolist():
        moved.setdefault((was[row], now[row]), []).append(row)
    ground = _ground(before, after, overlay=state.overlay)
    pairs = sorted(moved.keys() | ground.keys())
    shapes: Geometries = np.empty(len(pairs), dtype=object)
    shapes[:] = [ground.get(pair, shapely.Polygon()) for pair in pairs]
    shifts = [
        Shift(a or None, b or None, np.array(moved.get((a, b), []), dtype=np.int64), shape)
        for (a, b), shape in zip(pairs, from_metric(shapes, state.srid), strict=True)
    ]
    return tuple(sorted(shifts, key=lambda s: -int(houses.residents[s.houses].sum())))


def _ground(
    before: Grids, after: Grids, *, overlay: bool
) -> dict[tuple[str, str], shapely.Geometry]:
    """Ground that changes hands between two grids, in the metric CRS, by their codes.

    In overlay mode exclusive grids lie over basic ones: each kind is compared with itself.
    """
    found: dict[tuple[str, str], list[shapely.Geometry]] = {}
    old, new = mended(before.metric), mended(after.metric)
    changed = _changed(before, after, old, new)
    mine = np.flatnonzero(changed)
    b, a = shapely.STRtree(old).query(new[mine], predicate="intersects")
    b = mine[b]
    keep = before.code[a] != after.code[b]
    if overlay:
        keep &= before.exclusive[a] == after.exclusive[b]
    a, b = a[keep], b[keep]
    parts, pair = shapely.get_parts(shapely.intersection(old[a], new[b]), return_index=True)
    real = (shapely.area(parts) > SLIVER_M2) & (mean_width_m(parts) > SLIVER_M)
    for part, k in zip(parts[real], pair[real].tolist(), strict=True):
        found.setdefault((before.code[a[k]], after.code[b[k]]), []).append(part)
    return {pair: shapely.union_all(pieces) for pair, pieces in found.items()}


def _changed(before: Grids, after: Grids, old: Geometries, new: Geometries) -> Bools:
    """Which new grids have other ground than the old one of their code."""
    row_of = {code: k for k, code in enumerate(before.code)}
    of = np.array([row_of.get(code, -1) for code in after.code], dtype=np.int64)
    changed: Bools = of < 0
    known = np.flatnonzero(of >= 0)
    apart = known[~shapely.equals_exact(old[of[known]], new[known], 0.0)]
    other_m2 = shapely.area(shapely.symmetric_difference(old[of[apart]], new[apart]))
    changed[apart[other_m2 > SLIVER_M2]] = True
    return changed
