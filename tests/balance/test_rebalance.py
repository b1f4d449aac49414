"""Least-change rebalancing: against brute force, with its bound, certificate, locks and reasons."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.spatial import Delaunay

from gisgrid.balance.certificate import certify
from gisgrid.balance.graph import UnitGraph
from gisgrid.balance.rebalance import rebalance
from gisgrid.balance.result import Locks
from gisgrid.balance.search import FAST
from tests.support.towns import block, grown_grids, units_of_town


def hamlet(seed: int) -> tuple[UnitGraph, np.ndarray, np.ndarray]:
    """At most 12 units in two or three connected grids, with uneven work."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(7, 13))
    xy = rng.uniform(0, 100, (n, 2))
    sides = np.vstack([Delaunay(xy).simplices[:, pair] for pair in ([0, 1], [1, 2], [0, 2])])
    pairs = np.unique(np.sort(sides, axis=1), axis=0)
    graph = UnitGraph.from_pairs(n, pairs, rng.uniform(5, 30, len(pairs)))
    grid_of = grown_grids(rng, graph, xy, np.zeros(n, dtype=int), int(rng.integers(2, 4)))
    return graph, rng.integers(5, 40, n).astype(float), grid_of


def least_change(
    graph: UnitGraph,
    workload: np.ndarray,
    grid_of: np.ndarray,
    tolerance: float,
    *,
    far: bool = False,
) -> float:
    """The least workload that any plan of the class moves, by trying all; infinite if none fits."""
    k = grid_of.max() + 1
    rows = graph.rows()
    touching = np.eye(k, dtype=bool) | far
    touching[grid_of[rows], grid_of[graph.indices]] = True
    choices = [np.flatnonzero(touching[g]) for g in grid_of]
    mean = workload.sum() / k
    plans = np.array(list(itertools.product(*choices)))
    load = np.stack([(plans == g) @ workload for g in range(k)], axis=1)
    fits = (np.abs(load / mean - 1) <= tolerance).all(axis=1)
    fits &= np.stack([(plans == g).any(axis=1) for g in range(k)], axis=1).all(axis=1)
    moved = (plans != grid_of) @ workload
    for plan in np.flatnonzero(fits)[np.argsort(moved[fits], kind="stable")]:
        if graph.pieces(plans[plan].astype(np.int64)).max() + 1 == k:
            return float(moved[plan])
    return float("inf")


@pytest.mark.parametrize(
    ("seed", "far"),
    [
        pytest.param(seed, seed % 4 == 3, marks=[pytest.mark.thorough] if seed >= 12 else [])
        for seed in range(54)
    ],
)
def test_tiny_towns_against_brute_force(seed, far):
    graph, workload, grid_of = hamlet(seed)
    tolerance = 0.08
    best = least_change(graph, workload, grid_of, tolerance, far=far)
    result = rebalance(
        graph,
        workload,
        grid_of,
        tolerance=tolerance,
        far=far,
        shape=0.0,
        rng=np.random.default_rng(seed),
    )
    if np.isinf(best):
        assert result.infeasible
        assert result.max_deviation > tolerance
    else:
        assert not result.infeasible
        assert result.bound <= best + 1e-6, "the bound lies above the optimum"
        assert result.moved_cost <= 1.01 * best + 1e-6, "not within 1 % of the optimum"


@pytest.mark.thorough
def test_brute_force_meets_both_kinds_of_hamlets():
    found = [np.isinf(least_change(*hamlet(seed), 0.08)) for seed in range(40)]
    assert 2 <= sum(found) <= 38


@pytest.mark.parametrize("seed", range(5))
def test_a_town_comes_out_balanced_near_the_bound_and_whole(seed):
    graph, workload, grid_of, community_of = units_of_town(seed, houses=800, grids=16)
    result = rebalance(
        graph,
        workload,
        grid_of,
        community_of=community_of,
        tolerance=0.03,
        rng=np.random.default_rng(seed),
    )
    assert result.infeasible == ()
    assert result.max_deviation <= 0.03
    assert 0 < result.bound <= result.moved_cost
    assert result.gap < 0.2  # the bound knows nothing of round grids
    assert result.certificate.holds
    assert result.certificate.pieces == result.certificate.grids == 16
    assert result.moved_cost == pytest.approx(workload[result.grid_of != grid_of].sum())


def test_the_same_seed_gives_the_same_plan():
    graph, workload, grid_of, community_of = units_of_town(1)
    plans = [
        rebalance(
            graph, workload, grid_of, community_of=community_of, rng=np.random.default_rng(5)
        ).grid_of
        for _ in range(2)
    ]
    assert np.array_equal(*plans)


def test_progress_is_told_and_can_end_the_work():
    graph, workload, grid_of, community_of = units_of_town(1)
    told: list[tuple[int, int, str]] = []
    rebalance(
        graph,
        workload,
        grid_of,
        community_of=community_of,
        search=FAST,
        rng=np.random.default_rng(5),
        progress=lambda *step: told.append(step),
    )
    assert told == [(1, 3, "communities"), (2, 3, "communities"), (3, 3, "communities")]

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebalance(graph, workload, grid_of, rng=np.random.default_rng(5), progress=stop)


def test_a_balanced_plan_is_left_alone():
    grid_of = np.repeat([0, 1], 8)
    result = rebalance(block(4, 4), np.ones(16), grid_of, rng=np.random.default_rng(0))
    assert np.array_equal(result.grid_of, grid_of)
    assert (result.moved_cost, result.bound, result.gap) == (0.0, 0.0, 0.0)


def test_cost_decides_which_houses_move():
    grid_of = np.array([0] * 8 + [1] * 4)
    cost = np.ones(12)
    cost[4:8] = [9, 9, 1, 1]  # two of the four houses beside grid 1 are cheap to move
    result = rebalance(
        block(4, 3), np.ones(12), grid_of, cost=cost, shape=0.0, rng=np.random.default_rng(0)
    )
    assert np.flatnonzero(result.grid_of != grid_of).tolist() == [6, 7]
    assert result.bound == pytest.approx(1.94)  # two minutes at 1 each, less 1 % of the mean of 6


def test_the_price_of_ragged_borders_makes_rounder_grids():
    graph, workload, grid_of, community_of = units_of_town(2, houses=800, grids=16)
    ragged, round_ = (
        rebalance(
            graph,
            workload,
            grid_of,
            community_of=community_of,
            tolerance=0.03,
            shape=shape,
            rng=np.random.default_rng(2),
        )
        for shape in (0.0, 1.0)
    )
    assert ragged.compactness is not None
    assert round_.compactness is not None
    assert round_.compactness > ragged.compactness + 0.05
    assert round_.moved_cost > ragged.moved_cost


def test_without_areas_there_is_no_compactness():
    full = block(4, 4)
    graph = UnitGraph(full.indptr, full.indices, full.border_m)
    grid_of = np.array([0] * 12 + [1] * 4)
    result = rebalance(graph, np.ones(16), grid_of, rng=np.random.default_rng(0))
    assert result.compactness is None
    assert result.max_deviation == 0


def test_communities_are_hard_borders():
    grid_of = np.array([0] * 8 + [1] * 4 + [2] * 4)
    community_of = np.array([0] * 8 + [1] * 8)
    result = rebalance(
        block(4, 4), np.ones(16), grid_of, community_of=community_of, rng=np.random.default_rng(0)
    )
    assert np.array_equal(result.grid_of, grid_of), "each community is even in itself"


def test_locked_units_grids_and_borders_stay():
    graph, workload, grid_of, community_of = units_of_town(3, houses=600, grids=12, communities=1)
    heavy, light = np.argsort(np.bincount(grid_of, workload))[[-1, 0]]
    rows = graph.rows()
    beside = np.unique(grid_of[graph.indices[grid_of[rows] == heavy]])
    neighbour = int(beside[beside != heavy][0])
    mask = np.random.default_rng(3).random(graph.unit_count) < 0.1
    locks = Locks(units=mask, grids=(int(light),), borders=((int(heavy), neighbour),))
    result = rebalance(
        graph,
        workload,
        grid_of,
        community_of=community_of,
        locked=locks,
        tolerance=0.05,
        rng=np.random.default_rng(3),
    )
    moved = result.grid_of != grid_of
    assert moved.any()
    assert not moved[mask].any()
    assert np.array_equal(result.grid_of == light, grid_of == light)
    border = (grid_of[rows] == heavy) & (grid_of[graph.indices] == neighbour)
    assert not moved[rows[border]].any()
    assert "lock" in {reason.kind for reason in result.infeasible}, (
        "a locked light grid keeps the community uneven"
    )


def test_only_these_grids_change_towards_their_own_mean():
    graph = block(6, 4)
    grid_of = np.tile(np.repeat([0, 1, 2], [3, 1, 2]), 4)
    result = rebalance(
        graph, np.ones(24), grid_of, only=(0, 1), tolerance=0.01, rng=np.random.default_rng(0)
    )
    assert np.array_equal(result.grid_of == 2, grid_of == 2)
    assert np.bincount(result.grid_of).tolist() == [8, 8, 8]
    assert result.max_deviation == 0


# The certificate sees what it must.


def test_the_certificate_sees_torn_grids_crossed_communities_and_broken_locks():
    graph, before = block(4, 3), np.repeat([0, 1, 2], 4)
    community_of = np.repeat([0, 0, 1], 4)

    def look(after: np.ndarray, locks: Locks | None = None) -> object:
        return certify(
            graph,
            np.ones(12),
            before,
            after,
            community_of=community_of,
            cost=np.ones(12),
            locks=locks,
        )

    assert look(before).holds
    torn = before.copy()
    torn[4 + 1] = 0
    torn[1] = 1  # 1 swaps with 5: both grids keep their size, grid 0 is torn
    assert look(torn).pieces > 3
    assert not look(torn).holds
    crossed = before.copy()
    crossed[8] = 1
    assert not look(crossed).communities_kept
    moved = before.copy()
    moved[4] = 0
    assert look(moved).holds
    assert not look(moved, Locks(units=before == 1)).locks_kept
    assert not look(moved, Locks(grids=(0,))).locks_kept
    assert not look(moved, Locks(borders=((0, 1),))).locks_kept
