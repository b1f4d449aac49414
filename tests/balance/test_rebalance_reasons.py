"""What stands in the way of a fair plan, in words; and input that has no answer."""

from __future__ import annotations

import numpy as np
import pytest

from gisgrid.balance.graph import UnitGraph
from gisgrid.balance.rebalance import rebalance
from gisgrid.balance.result import Locks, Result
from gisgrid.core.errors import Invalid
from tests.support.towns import block


def kinds(result: Result) -> set[str]:
    return {reason.kind for reason in result.infeasible}


def test_a_building_heavier_than_a_grid_is_named():
    workload = np.ones(16)
    workload[5] = 40.0
    grid_of = np.repeat([0, 1], 8)
    result = rebalance(block(4, 4), workload, grid_of, rng=np.random.default_rng(0))
    assert kinds(result) == {"heavy unit"}
    (reason,) = result.infeasible
    assert reason.units == (5,)
    assert "never split" in reason.said.en
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
    far = rebalance(row, np.ones(12), grid_of, far=True, rng=np.random.default_rng(0))
    assert not far.infeasible
    assert np.bincount(far.grid_of).tolist() == [3, 3, 3, 3]
    assert far.bound == pytest.approx(9 - 3.03)  # what the first grid has beyond its band
    assert far.moved_cost == 8  # the six, and the two houses between, whose grids move on


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
