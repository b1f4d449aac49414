"""Is a plan what it claims to be? Checked from the arrays alone, without the code that made it."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from gisgrid.balance.graph import UnitGraph
from gisgrid.balance.result import Certificate, Locks
from gisgrid.core.arrays import Floats, Ints, sums


def certify(
    graph: UnitGraph,
    workload_min: Floats,
    before: Ints,
    after: Ints,
    *,
    community_of: Ints,
    cost: Floats,
    locks: Locks | None = None,
    neighbours_only: bool = True,
) -> Certificate:
    """What an independent look at the plan ``after`` finds.

    Parameters
    ----------
    before, after
        Grid of each unit in the plan of today and in the new one.
    neighbours_only
        Whether a unit may only go to a grid that touches its own today, the class of the bound. A
        plan from scratch may do otherwise.
    """
    locks = locks or Locks()
    grids, row_after = np.unique(after, return_inverse=True)
    known = np.isin(after, before)
    moved = after != before
    community_of_grid = dict(zip(before.tolist(), community_of.tolist(), strict=True))
    kept = all(
        community_of_grid.get(g, c) == c
        for g, c in zip(after[moved].tolist(), community_of[moved].tolist(), strict=True)
    )
    one_each = len(np.unique(np.column_stack([after, community_of]), axis=0)) == len(grids)
    load = sums(row_after, workload_min, len(grids))
    target = _means(load, row_after, community_of)
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = np.where(target > 0, np.abs(load / target - 1), 0.0)
    return Certificate(
        pieces=_piece_count(graph, after),
        pieces_before=_piece_count(graph, before),
        grids=len(grids),
        communities_kept=kept and one_each,
        locks_kept=_locks_kept(graph, before, after, locks),
        neighbours_only=not neighbours_only
        or (bool(known.all()) and _only_to_neighbours(graph, before, after, community_of)),
        workload_kept=bool(np.isclose(load.sum(), np.sum(workload_min), rtol=1e-9, atol=1e-6)),
        max_deviation=float(deviation.max(initial=0.0)),
        moved_cost=float(cost[moved].sum()),
    )


def _piece_count(graph: UnitGraph, grid_of: Ints) -> int:
    rows = np.repeat(np.arange(graph.unit_count), np.diff(graph.indptr))
    same = grid_of[rows] == grid_of[graph.indices]
    ones = np.ones(int(same.sum()))
    matrix = csr_array((ones, (rows[same], graph.indices[same])), shape=(graph.unit_count,) * 2)
    return int(connected_components(matrix, directed=False, return_labels=False))


def _means(load: Floats, row: Ints, community_of: Ints) -> Floats:
    """Mean load over the grids of each grid's community."""
    community = np.zeros(len(load), dtype=np.int64)
    community[row] = np.unique(community_of, return_inverse=True)[1]
    mean: Floats = np.bincount(community, load) / np.maximum(1, np.bincount(community))
    return mean[community]


def _locks_kept(graph: UnitGraph, before: Ints, after: Ints, locks: Locks) -> bool:
    moved = after != before
    if locks.units is not None and (moved & locks.units).any():
        return False
    if (moved & (np.isin(before, locks.grids) | np.isin(after, locks.grids))).any():
        return False
    rows = np.repeat(np.arange(graph.unit_count), np.diff(graph.indptr))
    for g, h in locks.borders:
        exchanged = ((before == g) & (after == h)) | ((before == h) & (after == g))
        beside = (before[rows] == g) & (before[graph.indices] == h)
        if exchanged.any() or moved[rows[beside]].any() or moved[graph.indices[beside]].any():
            return False
    return True


def _only_to_neighbours(graph: UnitGraph, before: Ints, after: Ints, community_of: Ints) -> bool:
    rows = np.repeat(np.arange(graph.unit_count), np.diff(graph.indptr))
    inside = community_of[rows] == community_of[graph.indices]
    touching = set(
        zip(before[rows[inside]].tolist(), before[graph.indices[inside]].tolist(), strict=True)
    )
    moves = zip(before.tolist(), after.tolist(), strict=True)
    return all(a == b or (a, b) in touching for a, b in moves)
