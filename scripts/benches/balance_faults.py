"""What may be wrong with a fabric, and with the grids redrawn after moves."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from gisgrid.balance.fabric import Fabric
from gisgrid.balance.redraw import redrawn

Array = np.ndarray[Any, Any]

FAULTS = (
    "unit invalid, in pieces or under 100 cm2",
    "units no coverage",
    "grid differs in area from its units",
    "house off its unit",
    "grids in pieces after moves",
    "grids no coverage after moves",
    "house off its grid after moves",
)


def faults_of(fabric: Fabric, grid_of: Array) -> dict[str, int]:
    """How many of each fault there are; ``grid_of`` is a plan of other grids for its units."""
    units, at = fabric.units, fabric.unit_of_house
    inside = at >= 0
    points = shapely.points(fabric.house_xy[inside])
    bad = ~shapely.is_valid(units) | (shapely.get_type_id(units) != 3)
    bad |= shapely.area(units) < 0.01
    per_grid = np.bincount(fabric.grid_of, shapely.area(units), minlength=len(fabric.grids))
    off = shapely.distance(points, units[at[inside]]) > 0.004
    found = [
        int(bad.sum()),
        int(not shapely.coverage_is_valid(units)),
        int((np.abs(per_grid - shapely.area(fabric.grids)) > 1e-6).sum()),
        int(off.sum()),
        0,
        0,
        0,
    ]
    pieces = shapely.get_num_geometries(fabric.grids)
    for smooth_m2 in (0.0, 150.0):
        new = redrawn(fabric, grid_of, smooth_m2=smooth_m2).grids
        found[4] += int((shapely.get_num_geometries(new) > pieces).sum())
        found[5] += int(not (shapely.is_valid(new).all() and shapely.coverage_is_valid(new)))
        found[6] += int((shapely.distance(points, new[grid_of[at[inside]]]) > 0.004).sum())
    return dict(zip(FAULTS, found, strict=True))
