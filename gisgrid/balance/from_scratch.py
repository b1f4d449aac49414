"""Grids drawn from scratch: what would the plan be if there were none?

Even regions are grown on the unit graph and then go through the same search as any plan, where
moving costs nothing and only balance and round borders count.
"""

from __future__ import annotations

import heapq

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gisgrid.balance.community import Community, communities
from gisgrid.balance.graph import UnitGraph
from gisgrid.balance.reasons import reasons
from gisgrid.balance.rebalance import Progress, as_plan, summed_up
from gisgrid.balance.result import MINUTES, CommunityResult, Reason, Result, Yardstick
from gisgrid.balance.search import NORMAL, Search, search_plan
from gisgrid.core.arrays import Floats, Ints
from gisgrid.core.heavy import optimize

ROUNDS = 12


def from_scratch(
    graph: UnitGraph,
    workload_min: Floats,
    grid_of: Ints,
    *,
    rng: np.random.Generator,
    community_of: Ints | None = None,
    tolerance: float = 0.01,
    cost: Floats | None = None,
    shape: float = 1.0,
    search: Search | None = NORMAL,
    start: Ints | None = None,
    yardstick: Yardstick = MINUTES,
    progress: Progress | None = None,
) -> Result:
    """A plan with as many grids a community as today, drawn without regard to today's borders.

    New grids take the names of today's so that as little workload as possible changes its name;
    ``moved_cost`` is what still does. A unit may end in any grid of its community, so the class of
    the bound does not apply: bound and gap are 0 and infinite. A community in pieces keeps today's
    plan, with the reason.

    Parameters
    ----------
    search, start, yardstick
        As for `gisgrid.balance.rebalance.rebalance`; solved on from such a plan grids keep its names.
    """
    today = as_plan(graph, workload_min, grid_of, community_of=community_of, cost=cost)
    plan = today.grid_of.copy() if start is None else start.copy()
    reports: list[CommunityResult] = []
    why: list[Reason] = []
    places = communities(graph, today, yardstick=yardstick)
    for done, community in enumerate(places):
        local = community.rows_of(plan[community.units])
        if search is not None:
            begin = None if start is None else local
            local = _drawn(
                community, begin, tolerance=tolerance, shape=shape, search=search, rng=rng
            )
        plan[community.units] = community.names[local]
        report = CommunityResult(
            community=community.number,
            grids=tuple(community.names.tolist()),
            target=community.target,
            # All that is certain without today's borders: the heaviest building stays whole.
            floor=max(0.0, float(community.workload.max()) / community.target - 1)
            if community.target > 0
            else 0.0,
            bound=0.0,
            moved_cost=community.away(local),
            max_deviation=community.deviation(local),
            reached=community.within(local, tolerance),
        )
        reports.append(report)
        why += reasons(community, community.units, local, tolerance, report)
        if progress is not None:
            progress(done + 1, len(places), "communities")
    return summed_up(graph, today, plan, reports, why, neighbours_only=False)


def grown(graph: UnitGraph, workload: Floats, count: int, rng: np.random.Generator) -> Ints:
    """Connected regions of a connected graph, roughly even in workload, one per number.

    Regions grow from far-apart seeds, always the lightest one, to the nearest free unit; then each
    seed moves to the middle of its region, a few times (after Lloyd 1982). Needs ``count`` units.
    """
    rows = graph.rows()
    step = np.ones(len(rows))
    if graph.area_m2 is not None:
        # From centre to centre of two units is about half of each one's width.
        width = np.sqrt(graph.area_m2)
        step = (width[rows] + width[graph.indices]) / 2 + 1e-6
    matrix = csr_array((step, graph.indices, graph.indptr), shape=(graph.unit_count,) * 2)
    seeds = _far_apart(matrix, count, rng)
    best, best_spread = np.zeros(graph.unit_count, dtype=np.int64), np.inf
    for _ in range(ROUNDS):
        region = _lightest_first(graph, step, workload, seeds)
        load = np.bincount(region, workload, minlength=count)
        spread = float(load.max() - load.min())
        if spread < best_spread:
            best, best_spread = region, spread
        middle = [_middle(matrix, np.flatnonzero(region == g)) for g in range(count)]
        if middle == seeds:
            break
        seeds = middle
    return best


def _drawn(
    community: Community,
    start: Ints | None,
    *,
    tolerance: float,
    shape: float,
    search: Search,
    rng: np.random.Generator,
) -> Ints:
    k = community.grid_count
    pieces = community.graph.pieces(np.zeros(len(community.home), dtype=np.int64))
    if k == 1 or pieces.max() > 0:
        return community.home
    fresh = grown(community.graph, community.workload, k, rng) if start is None else start
    anew = community.drawn_anew(fresh)
    plan = search_plan(
        anew,
        tolerance=tolerance,
        shape=shape,
        search=search,
        price=np.zeros(k),
        seed=int(rng.integers(1, 2**62)),
    )
    if start is not None:
        return plan
    kept = np.zeros((k, k))
    np.add.at(kept, (plan, community.home), community.cost)
    new, old = optimize.linear_sum_assignment(-kept)
    name = np.empty(k, dtype=np.int64)
    name[new] = old
    return name[plan]


def _far_apart(matrix: csr_array, count: int, rng: np.random.Generator) -> list[int]:
    """Each next seed is the unit furthest from those before (Gonzalez 1985)."""
    start = int(rng.integers(matrix.shape[0]))
    far = dijkstra(matrix, indices=start)
    seeds = [int(np.argmax(far))]
    away = dijkstra(matrix, indices=seeds[0])
    while len(seeds) < count:
        away[seeds] = -1.0
        seeds.append(int(np.argmax(away)))
        away = np.minimum(away, dijkstra(matrix, indices=seeds[-1]))
    return seeds


def _lightest_first(graph: UnitGraph, step: Floats, workload: Floats, seeds: list[int]) -> Ints:
    region = np.full(graph.unit_count, -1)
    fronts: list[list[tuple[float, int]]] = [[(0.0, s)] for s in seeds]
    region[seeds] = np.arange(len(seeds))
    turn = [(0.0, g) for g in range(len(seeds))]
    while turn:
        load, g = heapq.heappop(turn)
        front = fronts[g]
        while front:
            away, u = heapq.heappop(front)
            if region[u] not in (-1, g) or (region[u] == g and u != seeds[g]):
                continue
            region[u] = g
            for e in range(graph.indptr[u], graph.indptr[u + 1]):
                if region[graph.indices[e]] < 0:
                    heapq.heappush(front, (away + step[e], int(graph.indices[e])))
            heapq.heappush(turn, (load + float(workload[u]), g))
            break
    return region


def _middle(matrix: csr_array, units: Ints) -> int:
    """The unit whose furthest companion is nearest, by the two ends of a longest way."""
    part = matrix[units][:, units]
    one = int(np.argmax(dijkstra(part, indices=0)))
    from_one = dijkstra(part, indices=one)
    from_two = dijkstra(part, indices=int(np.argmax(from_one)))
    return int(units[np.argmin(np.maximum(from_one, from_two))])
