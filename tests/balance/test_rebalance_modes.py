"""From scratch, another number of grids, live, and the curve of balance against change."""

from __future__ import annotations

import numpy as np
import pytest

from gisgrid.balance.change import add_grid, merge_grids, split_grid
from gisgrid.balance.from_scratch import from_scratch
from gisgrid.balance.graph import UnitGraph
from gisgrid.balance.pareto import pareto
from gisgrid.balance.rebalance import rebalance
from gisgrid.balance.search import FAST
from gisgrid.core.errors import Invalid
from tests.support.live_balance import LiveCommunity
from tests.support.towns import block, units_of_town


def test_from_scratch_gives_whole_even_round_grids():
    graph, workload, grid_of, community_of = units_of_town(4, houses=600, grids=12)
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
    graph, workload, grid_of, _ = units_of_town(5)
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
    graph, workload, grid_of, community_of = units_of_town(6)
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
    graph, workload, grid_of, community_of = units_of_town(7, houses=800, grids=16)
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
    graph, workload, grid_of, community_of = units_of_town(8)
    rng = np.random.default_rng(8)
    front = pareto(
        lambda tolerance: rebalance(
            graph, workload, grid_of, community_of=community_of, tolerance=tolerance, search=FAST,
            rng=rng,
        ),
        (0.05, 0.2, 0.5),
    )  # fmt: skip
    assert len(front) >= 2
    deviations = [r.max_deviation for r in front]
    costs = [r.moved_cost for r in front]
    assert deviations == sorted(deviations, reverse=True)
    assert costs == sorted(costs)
