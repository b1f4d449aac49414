"""What two scenarios of one plan changed, put together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import shapely

from gisgrid.core.crs import to_metric
from gisgrid.core.errors import Conflict
from gisgrid.planning.editor.arcs import NEAR_BORDER, not_in, share_corners
from gisgrid.planning.editor.editor import Editor
from gisgrid.planning.snapshot.snapshot import Grids

GridRow = tuple[Any, ...]


def combine(ours: Editor, base: Grids, theirs: Grids) -> Grids:
    """Our grids with what another scenario changed, where both were drawn from the same plan.

    Raises
    ------
    Conflict
        A grid was changed on both sides, and not alike; ``facts["grids"]`` are their codes.
    """
    mine, before, after = ours.state.grids, _by_code(base), _by_code(theirs)
    own = _by_code(mine)
    changed = {c for c in before.keys() | after.keys() if _differ(before.get(c), after.get(c))}
    by_us = {c for c in before.keys() | own.keys() if _differ(before.get(c), own.get(c))}
    both = sorted(c for c in changed & by_us if _differ(own.get(c), after.get(c)))
    if both:
        raise Conflict(
            "{count} grids were changed in both scenarios: {shown}.",
            count=len(both),
            shown=both[:10],
            grids=both,
        )
    taken = {**own, **{c: after.get(c) for c in changed}}
    rows = [taken[c] for c in sorted(c for c in taken if taken[c] is not None)]
    columns: list[Any] = []
    for k, dtype in enumerate((object, object, bool, object, np.int64, object, object)):
        column = np.empty(len(rows), dtype=dtype)
        column[:] = [row[k] for row in rows if row is not None]
        columns.append(column)
    grids = Grids(*columns)
    old = shapely.get_coordinates(base.lonlat)
    fresh = not_in(shapely.get_coordinates(grids.lonlat), old)
    lonlat = grids.lonlat.copy()
    tiling = np.flatnonzero(~grids.exclusive) if ours.state.overlay else np.arange(len(lonlat))
    share_corners(tiling, lonlat, fresh, NEAR_BORDER)
    return replace(grids, lonlat=lonlat, metric=to_metric(lonlat, ours.state.srid))


def _by_code(grids: Grids) -> dict[str, GridRow | None]:
    columns = (
        grids.code, grids.name, grids.exclusive, grids.host, grids.community, grids.lonlat,
        grids.metric,
    )  # fmt: skip
    return {row[0]: row for row in zip(*columns, strict=True)}


def _differ(one: GridRow | None, two: GridRow | None) -> bool:
    """Whether a grid has other ground or facts; further corners on the same border are none."""
    if one is None or two is None:
        return one is not two
    if one[:5] != two[:5]:
        return True
    apart = shapely.symmetric_difference(one[6], two[6])
    return bool(2 * apart.area > 0.03 * max(apart.length, 1e-300))
