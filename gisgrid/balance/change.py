"""Another number of grids: split one, merge two, add one to a community.

Each gives a plan that is connected grid by grid; `gisgrid.balance.rebalance.rebalance` then evens
it out over the community.
"""

from __future__ import annotations

import numpy as np

from gisgrid.balance.community import BalancePlan, communities
from gisgrid.balance.from_scratch import grown
from gisgrid.balance.graph import UnitGraph
from gisgrid.balance.result import Locks
from gisgrid.balance.search import NORMAL, search_plan
from gisgrid.core.arrays import Floats, Ints
from gisgrid.core.errors import Invalid

HALVES_TOLERANCE = 0.02


def split_grid(
    graph: UnitGraph,
    workload_min: Floats,
    grid_of: Ints,
    *,
    grid: int,
    new_grid: int,
    rng: np.random.Generator,
    shape: float = 0.3,
) -> Ints:
    """The plan where ``grid`` gives about half of its workload, in one piece, to ``new_grid``.

    The half with more workload keeps the name.

    Raises
    ------
    Invalid
        There is no such grid, the new name is taken, or the grid has fewer than two units or lies
        in pieces.
    """
    units = np.flatnonzero(grid_of == grid)
    if (grid_of == new_grid).any():
        raise Invalid("There is a grid {grid} already.", grid=new_grid)
    if len(units) < 2:
        raise Invalid(
            "Grid {grid} has {count} units; it cannot be split.", count=len(units), grid=grid
        )
    part = graph.subgraph(units)
    if part.pieces(np.zeros(len(units), dtype=np.int64)).max() > 0:
        raise Invalid("Grid {grid} lies in pieces; join them first.", grid=grid)
    workload = np.asarray(workload_min, dtype=np.float64)[units]
    half = grown(part, workload, 2, rng)
    # What moves is no cost here: nobody has the new grid yet.
    plan = BalancePlan(workload, half, np.zeros_like(half), np.zeros(len(units)), Locks())
    (whole,) = communities(part, plan)
    if whole.deviation(half) > HALVES_TOLERANCE:
        half = search_plan(
            whole,
            tolerance=HALVES_TOLERANCE,
            shape=shape,
            search=NORMAL,
            price=np.zeros(2),
            seed=int(rng.integers(1, 2**62)),
        )
    load = whole.load(half)
    out = np.array(grid_of, dtype=np.int64)
    out[units[half == np.argmin(load)]] = new_grid
    return out


def merge_grids(
    graph: UnitGraph, grid_of: Ints, *, into: int, gone: int, community_of: Ints | None = None
) -> Ints:
    """The plan where all units of ``gone`` belong to ``into``.

    Raises
    ------
    Invalid
        A grid does not exist, they are the same, they do not touch, or they lie in different
        communities.
    """
    left, right = grid_of == into, grid_of == gone
    if into == gone or not left.any() or not right.any():
        raise Invalid("Two different grids of the plan are needed to merge.", into=into, gone=gone)
    if not (left[graph.rows()] & right[graph.indices]).any():
        raise Invalid("Grids {into} and {gone} do not touch.", into=into, gone=gone)
    if community_of is not None and community_of[left][0] != community_of[right][0]:
        raise Invalid("Grids {into} and {gone} lie in different communities.", into=into, gone=gone)
    out = np.array(grid_of, dtype=np.int64)
    out[right] = into
    return out


def add_grid(
    graph: UnitGraph,
    workload_min: Floats,
    grid_of: Ints,
    *,
    community_of: Ints,
    community: int,
    new_grid: int,
    rng: np.random.Generator,
) -> Ints:
    """The plan where the grid of ``community`` with most work is split to make ``new_grid``.

    Raises
    ------
    Invalid
        There is no such community, or as `split_grid` says.
    """
    units = np.flatnonzero(community_of == community)
    if not len(units):
        raise Invalid("There is no community {community}.", community=community)
    grids, row = np.unique(grid_of[units], return_inverse=True)
    heaviest = int(grids[np.argmax(np.bincount(row, workload_min[units]))])
    return split_grid(graph, workload_min, grid_of, grid=heaviest, new_grid=new_grid, rng=rng)
