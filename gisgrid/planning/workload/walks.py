"""How far does each house walk to help?"""

from __future__ import annotations

import numpy as np

from gisgrid.balance.walking import Walk
from gisgrid.core.arrays import Floats
from gisgrid.planning.snapshot.snapshot import PlanSnapshot


def walks_m(state: PlanSnapshot, walk: Walk) -> Floats:
    """Metres on foot from each house to help: a station, or the post of its own grid's team.

    NaN for a house without a point, infinite where there is none.
    """
    houses, stations = state.houses, state.open_stations
    out = np.full(len(houses.code), np.nan)
    rows = np.flatnonzero(houses.placed)
    out[rows] = walk.nearest_m(houses.xy_m[rows], stations.xy_m[stations.grid < 0])
    own = np.flatnonzero(stations.grid >= 0)
    post_of = np.full(len(state.grids.code), -1)
    post_of[stations.grid[own[::-1]]] = own[::-1]
    with_post = rows[(houses.grid[rows] >= 0) & (post_of[houses.grid[rows]] >= 0)]
    if len(with_post):
        posts, group = np.unique(post_of[houses.grid[with_post]], return_inverse=True)
        own_m = walk.to_own_m(houses.xy_m[with_post], group, stations.xy_m[posts])
        out[with_post] = np.minimum(out[with_post], own_m)
    return out
