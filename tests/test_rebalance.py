"""Least-change rebalancing: against brute force, with its bound, certificate, locks and reasons."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.spatial import Delaunay

from gisgrid.balance.certificate import certify
from gisgrid.balance.change import add_grid, merge_grids, split_grid
from gisgrid.balance.fabric import build_fabric
from gisgrid.balance.graph import UnitGraph
from gisgrid.balance.live import LiveCommunity
from gisgrid.balance.pareto import pareto
from gisgrid.balance.rebalance import rebalance
from gisgrid.balance.result import Locks, Result
from gisgrid.balance.scratch import from_scratch
from gisgrid.balance.search import FAST
from gisgrid.errors import Invalid
from tests.towns import grown_grids, make_town


def block(columns: int, rows: int) -> UnitGraph:
    """Squares of 20 m side by side, numbered row by row."""
    at = np.arange(columns * rows).reshape(rows, columns)
    pairs = np.vstack(
        [
            np.column_stack([at[:, :-1].ravel(), at[:, 1:].ravel()]),
            np.column_stack([at[:-1].ravel(), at[1:].ravel()]),
        ]
    )
    inner = np.bincount(pairs.ravel(), minlength=columns * rows) * 20.0
    return UnitGraph.from_pairs(
        columns * rows,
        pairs,
        np.full(len(pairs), 20.0),
        outer_m=80.0 - inner,
        area_m2=np.full(columns * rows, 400.0),
    )


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
    graph: UnitGraph, workload: np.ndarray, grid_of: np.ndarray, tolerance: float
) -> float:
    """The least workload that any plan of the class moves, by trying all; infinite if none fits."""
    k = grid_of.max() + 1
    rows = graph.rows()
    touching = np.eye(k, dtype=bool)
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


def town(
    seed: int, houses: int = 400, grids: int = 12, communities: int = 3
) -> tuple[UnitGraph, np.ndarray, np.ndarray, np.ndarray]:
    """Graph, workload, grid and community of the units of a made-up town, from its fabric."""
    made = make_town(
        np.random.default_rng(seed), houses=houses, grids=grids, communities=communities
    )
    fabric = build_fabric(made.grids, made.house_xy)
    return (
        fabric.graph(),
        fabric.sums(made.workload_min),
        fabric.grid_of,
        made.community_of[fabric.grid_of],
    )


def kinds(result: Result) -> set[str]:
    return {reason.kind for reason in result.infeasible}


@pytest.mark.parametrize("seed", range(40))
def test_tiny_towns_against_brute_force(seed):
    graph, workload, grid_of = hamlet(seed)
    tolerance = 0.08
    best = least_change(graph, workload, grid_of, tolerance)
    result = rebalance(
        graph, workload, grid_of, tolerance=tolerance, shape=0.0, rng=np.random.default_rng(seed)
    )
    if np.isinf(best):
        assert result.infeasible
        assert result.max_deviation > tolerance
    else:
        assert not result.infeasible
        assert result.bound <= best + 1e-6, "the bound lies above the optimum"
        assert result.moved_cost <= 1.01 * best + 1e-6, "not within 1 % of the optimum"


def test_brute_force_meets_both_kinds_of_hamlets():
    found = [np.isinf(least_change(*hamlet(seed), 0.08)) for seed in range(40)]
    assert 2 <= sum(found) <= 38


@pytest.mark.parametrize("seed", range(5))
def test_a_town_comes_out_balanced_near_the_bound_and_whole(seed):
    graph, workload, grid_of, community_of = town(seed, houses=800, grids=16)
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
    assert result.gap < 0.15
    assert result.certificate.holds
    assert result.certificate.pieces == result.certificate.grids == 16
    assert result.moved_cost == pytest.approx(workload[result.grid_of != grid_of].sum())


def test_the_same_seed_gives_the_same_plan():
    graph, workload, grid_of, community_of = town(1)
    plans = [
        rebalance(
            graph, workload, grid_of, community_of=community_of, rng=np.random.default_rng(5)
        ).grid_of
        for _ in range(2)
    ]
    assert np.array_equal(*plans)


def test_progress_is_told_and_can_end_the_work():
    graph, workload, grid_of, community_of = town(1)
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
    graph, workload, grid_of, community_of = town(2, houses=800, grids=16)
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
    graph, workload, grid_of, community_of = town(3, houses=600, grids=12, communities=1)
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
    assert "lock" in kinds(result), "a locked light grid keeps the community uneven"


def test_only_these_grids_change_towards_their_own_mean():
    graph = block(6, 4)
    grid_of = np.tile(np.repeat([0, 1, 2], [3, 1, 2]), 4)
    result = rebalance(
        graph, np.ones(24), grid_of, only=(0, 1), tolerance=0.01, rng=np.random.default_rng(0)
    )
    assert np.array_equal(result.grid_of == 2, grid_of == 2)
    assert np.bincount(result.grid_of).tolist() == [8, 8, 8]
    assert result.max_deviation == 0


# Reasons: said in words, never relaxed in silence.


def test_a_building_heavier_than_a_grid_is_named():
    workload = np.ones(16)
    workload[5] = 40.0
    grid_of = np.repeat([0, 1], 8)
    result = rebalance(block(4, 4), workload, grid_of, rng=np.random.default_rng(0))
    assert kinds(result) == {"heavy unit"}
    (reason,) = result.infeasible
    assert reason.units == (5,)
    assert "never split" in reason.message
    assert result.communities[0].floor == pytest.approx(40 / 27.5 - 1)


def test_one_house_of_40_percent_of_a_grid_is_balanced_around():
    workload = np.ones(16)
    workload[0] = 10.0  # the two grids have 12.5 on average
    grid_of = np.array([0] * 8 + [1] * 8)
    result = rebalance(block(4, 4), workload, grid_of, tolerance=0.05, rng=np.random.default_rng(0))
    assert result.infeasible == ()
    assert np.bincount(result.grid_of, workload).tolist() in ([12, 13], [13, 12])


def test_a_community_in_two_parts_says_which_part_is_cut_off():
    pairs = np.array([[0, 1], [1, 2], [3, 4], [4, 5]])
    graph = UnitGraph.from_pairs(6, pairs, np.ones(4))
    workload = np.array([1.0, 1, 1, 3, 3, 3])
    result = rebalance(graph, workload, np.array([0, 0, 1, 2, 2, 3]), rng=np.random.default_rng(0))
    assert kinds(result) == {"cut off"}
    assert {reason.units for reason in result.infeasible} == {(0, 1, 2), (3, 4, 5)}


def test_a_grid_in_pieces_is_named():
    pairs = np.array([[0, 1], [1, 2], [2, 3]])
    graph = UnitGraph.from_pairs(4, pairs, np.ones(3))
    result = rebalance(
        graph, np.array([1.0, 7, 1, 1]), np.array([0, 1, 0, 0]), rng=np.random.default_rng(0)
    )
    assert "grid in pieces" in kinds(result)
    assert result.certificate.pieces <= result.certificate.pieces_before


def test_a_tolerance_no_plan_can_reach_gives_the_nearest_plan_and_the_reason():
    result = rebalance(
        block(3, 3), np.ones(9), np.array([0] * 6 + [1] * 3), rng=np.random.default_rng(0)
    )
    assert kinds(result) == {"not found"}
    assert sorted(np.bincount(result.grid_of)) == [4, 5]
    assert result.max_deviation == pytest.approx(1 / 9)
    assert result.bound <= result.moved_cost


def test_a_grid_too_far_from_the_work_is_out_of_reach():
    row = UnitGraph.from_pairs(12, np.column_stack([np.arange(11), np.arange(1, 12)]), np.ones(11))
    grid_of = np.array([0] * 9 + [1, 2, 3])
    result = rebalance(row, np.ones(12), grid_of, rng=np.random.default_rng(0))
    assert kinds(result) == {"out of reach"}
    assert result.communities[0].floor > 0.01


def test_fewer_working_places_than_grids_is_said():
    workload = np.zeros(16)
    workload[3] = 60.0
    result = rebalance(block(4, 4), workload, np.repeat([0, 1], 8), rng=np.random.default_rng(0))
    assert "too few units" in kinds(result)


def test_no_work_at_all_is_balanced():
    result = rebalance(
        block(4, 4), np.zeros(16), np.repeat([0, 1], 8), rng=np.random.default_rng(0)
    )
    assert result.infeasible == ()
    assert result.moved_cost == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
def test_a_missing_workload_is_refused(bad):
    workload = np.ones(16)
    workload[3] = bad
    with pytest.raises(Invalid, match="workload of 1 units") as caught:
        rebalance(block(4, 4), workload, np.repeat([0, 1], 8), rng=np.random.default_rng(0))
    assert caught.value.facts["units"] == [3]


def test_a_town_without_houses_is_refused():
    nothing = np.zeros(0, dtype=np.int64)
    graph = UnitGraph(np.zeros(1, dtype=np.int64), nothing, np.zeros(0))
    with pytest.raises(Invalid, match="no houses"):
        rebalance(graph, np.zeros(0), nothing, rng=np.random.default_rng(0))


def test_a_grid_across_communities_is_refused():
    with pytest.raises(Invalid, match="more than one community") as caught:
        rebalance(
            block(2, 2),
            np.ones(4),
            np.array([0, 0, 0, 1]),
            community_of=np.array([0, 1, 0, 0]),
            rng=np.random.default_rng(0),
        )
    assert caught.value.facts["grids"] == [0]


@pytest.mark.parametrize(
    "wish",
    [
        {"tolerance": np.nan},
        {"tolerance": -0.1},
        {"shape": -1.0},
        {"only": (9,)},
        {"only": ()},
        {"locked": Locks(grids=(9,))},
        {"locked": np.ones(3, dtype=bool)},
        {"cost": np.full(4, np.nan)},
        {"community_of": np.zeros(3, dtype=int)},
    ],
)
def test_a_wish_without_meaning_is_refused(wish):
    with pytest.raises(Invalid):
        rebalance(
            block(2, 2), np.ones(4), np.array([0, 0, 0, 1]), rng=np.random.default_rng(0), **wish
        )


@pytest.mark.parametrize(
    ("indptr", "indices", "border_m"),
    [
        ([0, 1, 1], [1], [1.0]),  # one row only
        ([0, 1, 2], [1, 0], [1.0, 2.0]),  # two lengths
        ([0, 1, 2], [0, 1], [1.0, 1.0]),  # touches itself
        ([0, 1, 2], [1, 5], [1.0, 1.0]),  # no such unit
        ([0, 2, 2], [1, 1], [1.0, 1.0]),  # twice
        ([0, 1, 2], [1, 0], [np.nan, np.nan]),
        ([0, 1], [1, 0], [1.0, 1.0]),  # pointers do not fit
    ],
)
def test_a_graph_that_is_none_is_refused(indptr, indices, border_m):
    with pytest.raises(Invalid):
        UnitGraph(np.array(indptr), np.array(indices), np.array(border_m))


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


# The other modes.


def test_from_scratch_gives_whole_even_round_grids():
    graph, workload, grid_of, community_of = town(4, houses=600, grids=12)
    result = from_scratch(
        graph,
        workload,
        grid_of,
        community_of=community_of,
        tolerance=0.03,
        rng=np.random.default_rng(4),
    )
    assert result.infeasible == ()
    assert result.certificate.pieces == result.certificate.grids == 12
    today = graph.compactness(grid_of, 12)
    assert today is not None
    assert result.compactness is not None
    assert result.compactness > 0.85 * today.mean()
    assert (result.grid_of == grid_of).mean() > 0.3, "names are kept where they can be"


def test_a_split_grid_gives_half_away_in_one_piece():
    graph, workload, grid_of, _ = town(5)
    after = split_grid(graph, workload, grid_of, grid=3, new_grid=99, rng=np.random.default_rng(5))
    assert np.array_equal(np.isin(after, (3, 99)), grid_of == 3)
    kept, given = workload[after == 3].sum(), workload[after == 99].sum()
    assert given <= kept <= 1.2 * given
    assert graph.pieces(after).max() == graph.pieces(grid_of).max() + 1


def test_merged_grids_must_touch():
    row = UnitGraph.from_pairs(3, np.array([[0, 1], [1, 2]]), np.ones(2))
    grid_of = np.array([0, 1, 2])
    assert merge_grids(row, grid_of, into=0, gone=1).tolist() == [0, 0, 2]
    with pytest.raises(Invalid, match="do not touch"):
        merge_grids(row, grid_of, into=0, gone=2)
    with pytest.raises(Invalid, match="different communities"):
        merge_grids(row, grid_of, into=0, gone=1, community_of=np.array([0, 1, 1]))
    with pytest.raises(Invalid, match="Two different"):
        merge_grids(row, grid_of, into=0, gone=7)


def test_an_added_grid_is_evened_out_over_its_community():
    graph, workload, grid_of, community_of = town(6)
    start = add_grid(
        graph,
        workload,
        grid_of,
        community_of=community_of,
        community=1,
        new_grid=50,
        rng=np.random.default_rng(6),
    )
    result = rebalance(
        graph,
        workload,
        start,
        community_of=community_of,
        tolerance=0.05,
        rng=np.random.default_rng(6),
    )
    assert result.infeasible == ()
    assert result.certificate.grids == 13
    assert set(np.unique(community_of[result.grid_of == 50])) == {1}


def test_a_single_unit_cannot_be_split():
    with pytest.raises(Invalid, match="cannot be split"):
        split_grid(
            block(2, 1),
            np.ones(2),
            np.array([0, 1]),
            grid=0,
            new_grid=2,
            rng=np.random.default_rng(0),
        )


def test_a_dragged_house_stays_and_the_rest_gives_way():
    graph, workload, grid_of, community_of = town(7, houses=800, grids=16)
    live = LiveCommunity(graph, workload, grid_of, community_of=community_of, community=1)
    dragged = grid_of[live.units].copy()
    inner = graph.subgraph(live.units)
    rows = inner.rows()
    u = int(rows[np.flatnonzero(dragged[rows] != dragged[inner.indices])[0]])
    row = inner.indices[inner.indptr[u] : inner.indptr[u + 1]]
    dragged[u] = dragged[row][dragged[row] != dragged[u]][0]
    held = np.zeros(len(dragged), dtype=bool)
    held[u] = True
    plan = live.solve(dragged, held, tolerance=0.05, rng=np.random.default_rng(7))
    assert plan.grid_of[u] == dragged[u]
    assert plan.reached
    assert plan.whole
    assert plan.moved_cost >= workload[live.units][u]
    with pytest.raises(Invalid):
        live.solve(np.full(len(dragged), 999), held, rng=np.random.default_rng(7))


def test_the_pareto_curve_pays_more_for_more_balance():
    graph, workload, grid_of, community_of = town(8)
    front = pareto(
        graph,
        workload,
        grid_of,
        community_of=community_of,
        tolerances=(0.05, 0.2, 0.5),
        search=FAST,
        rng=np.random.default_rng(8),
    )
    assert len(front) >= 2
    deviations = [r.max_deviation for r in front]
    costs = [r.moved_cost for r in front]
    assert deviations == sorted(deviations, reverse=True)
    assert costs == sorted(costs)
