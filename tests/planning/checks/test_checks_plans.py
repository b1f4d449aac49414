"""The checks of a plan: each finds what was planted, says whom it touches, and invents nothing."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import shapely

from gisgrid.balance.weights import Weights
from gisgrid.core.errors import Invalid
from gisgrid.core.limits import Limits, sizes
from gisgrid.planning.checks.checks import CHECKS, run_checks, station_sites
from gisgrid.planning.checks.findings import CheckResult
from gisgrid.planning.checks.shapes import Ground
from gisgrid.planning.checks.station_siting import best_sites
from gisgrid.planning.checks.topology import gaps, overlaps
from gisgrid.planning.snapshot.snapshot import PlanSnapshot, owners
from tests.support.plan_states import objects, state_of
from tests.support.sketch import sketch


def answer(state: PlanSnapshot, name: str, **limits: float) -> CheckResult:
    (result,) = run_checks(state, Limits.of(limits), only=[name])
    return result


SOUND = {
    "houses": [(0.5, 0.5), (1.5, 0.5)],
    "last_visit": ["2023-08-01", "2023-08-02"],
    "teams": {"a": "lW", "b": "Lws"},
    "stations": [(1.0, 0.6)],
    "sizes": {"basic": {"residents": [1, 3, 9]}},
}


def test_a_sound_plan_passes_every_check():
    results = run_checks(state_of("a b", **SOUND), Limits())
    assert [r.name for r in results] == [c.name for c in CHECKS]
    assert {r.name: r.status for r in results if r.status != "pass"} == {}


def test_what_is_not_known_is_incomplete_and_never_a_pass():
    results = {r.name: r for r in run_checks(state_of("a b"), Limits())}
    incomplete = {name for name, r in results.items() if r.status == "incomplete"}
    assert incomplete == {
        "no_grid", "on_border", "empty_grid", "no_team", "no_leader", "leader_only", "no_trained", "size",
        "not_visited", "too_far", "sleeping", "cluster",
    }  # fmt: skip
    assert all(results[name].en and results[name].missing for name in incomplete)


def test_a_block_left_out_is_a_gap_counted_in_people_and_offered_to_a_neighbour():
    state = state_of("a a b \n a . b", houses=[(1.5, 0.5), (0.5, 0.5)], residents=[4, 2])
    result = answer(state, "gap")
    (gap,) = result.findings
    assert result.status == "fail"
    assert (gap.houses, gap.residents, gap.measure) == (("h0",), 4, pytest.approx(10_000))
    assert gap.fix is not None
    # a borders it on two sides, b on one.
    assert (gap.fix.grid, gap.fix.residents) == ("a", 4)
    assert -180 <= gap.place.bounds[0] <= 180


def test_gaps_are_measured_in_square_metres():
    town = sketch("a a b \n a . b", step_m=100)
    found = gaps(
        objects([shapely.box(0, 0, 300, 200)]), objects(list(town.values())), rounding_m=0.03
    )
    assert shapely.equals(found.shape[0], shapely.box(100, 0, 200, 100))


def test_a_hole_with_rounding_only_is_no_gap():
    state = state_of({"a": shapely.box(0, 0, 100, 100), "b": shapely.box(100.02, 0, 200, 100)})
    assert answer(state, "gap").status == "pass"
    assert answer(state, "sliver").status == "pass"
    assert answer(state, "sliver", rounding_m=0.0).status == "fail"


def test_a_thin_gap_and_a_thin_overlap_are_slivers_and_nothing_else():
    shapes = {
        "a": shapely.box(0, 0, 100, 100),
        "b": shapely.box(100.1, 0, 200, 100),
        "c": shapely.box(199.8, 0, 300, 100),
    }
    result = answer(state_of(shapes), "sliver")
    assert [(f.grids, round(f.measure or 0, 2)) for f in result.findings] == [
        (("a",), 0.10),
        (("b", "c"), 0.20),
    ]
    assert answer(state_of(shapes), "gap").status == "pass"
    assert answer(state_of(shapes), "overlap").status == "pass"


def test_an_overlap_names_both_grids_and_the_owner():
    shapes = {"a": shapely.box(0, 0, 120, 100), "b": shapely.box(100, 0, 200, 100)}
    result = answer(state_of(shapes, houses=[(1.1, 0.5)]), "overlap")
    (finding,) = result.findings
    assert finding.grids == ("a", "b")
    assert finding.measure == pytest.approx(2000)
    assert (result.houses, result.residents) == (1, 3)
    assert finding.fix is not None
    assert finding.fix.grid == "a"


def test_an_exclusive_grid_over_a_basic_one_is_an_overlap_only_where_it_should_cut_a_hole():
    shapes = {"a": shapely.box(0, 0, 200, 100), "X": shapely.box(50, 20, 100, 60)}
    assert answer(state_of(shapes), "overlap").status == "fail"
    assert answer(state_of(shapes, overlay=True), "overlap").status == "pass"
    assert answer(state_of(shapes, overlay=True), "gap").status == "pass"


def test_a_bow_tie_is_invalid_and_the_other_checks_still_answer():
    bow_tie = shapely.Polygon([(100, 0), (200, 100), (200, 0), (100, 100)])
    state = state_of({"a": shapely.box(0, 0, 100, 100), "b": bow_tie}, communities="c c")
    assert [f.grids for f in answer(state, "invalid").findings] == [("b",)]
    assert answer(state, "gap").status == "fail"


def test_the_main_part_of_a_grid_is_where_most_people_live():
    state = state_of("a b b b \n . . . a", houses=[(0.5, 1.5), (3.5, 0.5)], residents=[2, 9])
    (part,) = answer(state, "multipart").findings
    assert (part.grids, part.houses) == (("a",), ("h0",))
    assert part.fix is not None
    assert (part.fix.grid, part.fix.residents) == ("b", 2)


def test_ground_across_a_community_is_offered_to_a_grid_of_that_community():
    state = state_of(
        "a a b",
        communities="p q q",
        home={"a": "p", "b": "q"},
        houses=[(1.5, 0.5), (0.5, 0.5)],
        residents=[5, 1],
    )
    (piece,) = answer(state, "outside").findings
    assert (piece.grids, piece.community, piece.residents) == (("a",), "p", 5)
    assert "community q" in piece.en
    assert piece.fix is not None
    assert piece.fix.grid == "b"


def test_ground_outside_every_community_is_told_apart():
    state = state_of("a b", communities="p .", home={"a": "p", "b": "p"})
    (piece,) = answer(state, "outside").findings
    assert piece.grids == ("b",)
    assert "outside every community" in piece.en


def test_an_exclusive_grid_without_host_fails():
    assert answer(state_of("a X", hosts={"X": ""}), "no_host").findings[0].grids == ("X",)
    assert answer(state_of("a X"), "no_host").status == "pass"


def test_a_house_in_no_grid_is_offered_to_the_nearest():
    state = state_of("a b", houses=[(2.2, 0.5), (0.5, 0.5)], residents=[7, 1])
    result = answer(state, "no_grid")
    (lost,) = result.findings
    assert (lost.houses, result.residents, lost.measure) == (("h0",), 7, pytest.approx(20))
    assert lost.fix is not None
    assert (lost.fix.grid, lost.fix.residents) == ("b", 7)


def test_houses_without_a_point_make_the_answer_incomplete():
    result = answer(state_of("a b", houses=[(0.5, 0.5), None]), "no_grid")
    assert (result.status, result.findings) == ("incomplete", ())
    assert result.en == "1 houses with 3 residents have no point: their grid is not known"


def test_a_house_near_a_border_names_the_other_candidate():
    state = state_of("a b", houses=[(1.0, 0.5), (0.97, 0.5), (0.5, 0.5), (0.0, 0.5), (1.06, 0.5)])
    result = answer(state, "on_border")
    assert [(f.houses, f.grids, f.measure) for f in result.findings] == [
        (("h0",), ("a", "b"), 0.0),
        (("h1",), ("a", "b"), pytest.approx(3.0)),
    ]


def test_an_empty_grid_is_offered_to_its_smallest_neighbour_and_a_park_may_be_empty():
    state = state_of("a b c X", houses=[(0.5, 0.5), (2.5, 0.5)], residents=[9, 4])
    (empty,) = answer(state, "empty_grid").findings
    assert empty.grids == ("b",)
    assert empty.fix is not None
    assert empty.fix.grid == "c"


def test_teams_are_told_apart():
    state = state_of("a b c d", teams={"a": "lww", "b": "l", "c": "w"}, houses=[(3.5, 0.5)])
    for name, grid, people in (("no_team", "d", 3), ("no_leader", "c", 0), ("leader_only", "b", 0)):
        result = answer(state, name)
        assert [f.grids for f in result.findings] == [(grid,)]
        assert result.residents == people
    (lone,) = answer(state, "leader_only").findings
    assert lone.fix is not None
    assert lone.fix.grid == "a"


def test_a_team_without_training_is_told_and_a_grid_without_a_team_is_not():
    state = state_of("a b c d", teams={"a": "lWw", "b": "lw", "c": "L"})
    assert [f.grids for f in answer(state, "no_trained").findings] == [("b",)]


def test_sizes_say_how_many_people_to_move_where():
    state = state_of(
        "a b c",
        houses=[(0.5, 0.5), (1.5, 0.5), (2.5, 0.5)],
        residents=[30, 12, 2],
        sizes={"basic": {"residents": [5, 10, 20]}},
    )
    large, small = answer(state, "size").findings
    assert (large.grids, large.measure) == (("a",), 30)
    assert large.fix is not None
    assert (large.fix.grid, large.fix.residents) == ("b", 8)
    assert small.grids == ("c",)
    assert small.fix is not None
    assert (small.fix.grid, small.fix.residents) == ("b", 3)


@pytest.mark.parametrize(
    "stored",
    [
        {"basic": {"residents": [9, 5, 1]}},
        {"round": {"residents": [1, 2, 3]}},
        {"basic": {"x": [1, 2, 3]}},
    ],
)
def test_sizes_that_are_none_are_refused(stored: dict[str, dict[str, list[int]]]):
    with pytest.raises(Invalid):
        sizes(stored)


def test_houses_not_visited_are_counted_a_grid_and_empty_houses_left_out():
    state = state_of(
        "a b",
        houses=[(0.2, 0.5), (0.5, 0.5), (0.8, 0.5), (1.5, 0.5), (1.6, 0.5)],
        residents=[2, 3, 0, 5, 4],
        last_visit=["2022-08-30", "2022-08-31", "NaT", "NaT", "2023-08-31"],
    )
    result = answer(state, "not_visited", visit_days=365)
    assert [(f.grids, f.houses) for f in result.findings] == [(("a",), ("h0",)), (("b",), ("h3",))]
    assert (result.houses, result.residents) == (2, 7)


def test_a_walk_follows_the_streets_where_there_are_any():
    # Straight across it is 100 m; by the street round the corner 300.
    streets = [shapely.LineString([(0, 0), (0, 100), (100, 100), (100, 0)])]
    state = state_of("a", houses=[(0.0, 0.0)], stations=[(1.0, 0.0)], streets=streets)
    assert Ground(state, Limits()).walk_m == pytest.approx([300.0])
    straight = state_of("a", houses=[(0.0, 0.0)], stations=[(1.0, 0.0)])
    assert Ground(straight, Limits()).walk_m == pytest.approx([130.0])
    assert answer(state, "too_far", walk_m=200).status == "fail"
    assert answer(straight, "too_far", walk_m=200).status == "pass"


def test_a_house_on_an_island_of_streets_walks_straight():
    streets = [shapely.LineString([(0, 0), (10, 0)]), shapely.LineString([(90, 0), (100, 0)])]
    state = state_of("a", houses=[(0.0, 0.0)], stations=[(1.0, 0.0)], streets=streets)
    assert Ground(state, Limits()).walk_m == pytest.approx([130.0])


def test_a_sleeping_grid_has_neither_visit_nor_event():
    state = state_of(
        "a b c d",
        houses=[(0.5, 0.5), (1.5, 0.5), (2.5, 0.5)],
        last_visit=["2023-08-01", "2022-01-01", "NaT"],
        events=[("2023-07-01", (1.5, 0.2)), ("2022-07-01", (2.5, 0.2))],
    )
    # d has no house and is an empty grid, not a sleeping one.
    assert [f.grids for f in answer(state, "sleeping").findings] == [("c",)]


def test_a_cluster_of_events_without_a_worker_is_found():
    events = [("2023-08-01", (0.5 + 0.01 * k, 0.5)) for k in range(10)]
    events += [("2023-08-01", (1.5 + 0.01 * k, 0.5)) for k in range(10)]
    events.append(("2023-08-01", (0.1, 3.5)))
    state = state_of("a b \n a b \n a b \n a b", events=events, teams={"b": "w"})
    (cluster,) = answer(state, "cluster").findings
    assert (cluster.grids, cluster.measure) == (("a",), 10)


def test_new_stations_reach_most_people_first():
    state = state_of(
        "a a a a a a a a",
        houses=[(0.1, 0.5), (0.2, 0.5), (7.9, 0.5), (4.0, 0.5)],
        residents=[5, 6, 7, 1],
    )
    result = station_sites(Ground(state, Limits.of({"walk_m": 130, "new_stations": 2})))
    assert [f.measure for f in result.findings] == [11.0, 7.0]
    assert result.residents == 18
    assert all(f.fix is not None and f.fix.grid == "a" for f in result.findings)


def test_chosen_sites_are_as_good_as_brute_force():
    from itertools import combinations

    rng = np.random.default_rng(5)
    for _ in range(20):
        cover = rng.random((7, 15)) < 0.3
        weight = rng.integers(1, 9, 15).astype(float)
        site, place = np.nonzero(cover)
        best = max(weight[cover[list(c)].any(0)].sum() for c in combinations(range(7), 3))
        chosen = best_sites(site, place, weight, 7, 3)
        assert chosen.covered == best
        assert chosen.bound == pytest.approx(best)
        assert weight[cover[chosen.candidate].any(0)].sum() == best


def test_the_lowest_grid_owns_a_shared_point_and_nan_has_no_owner():
    shapes = objects(list(sketch("b a", step_m=100).values()))
    points = np.array([[100.0, 50.0], [np.nan, 1.0], [150.0, 50.0], [900.0, 0.0]])
    assert owners(points, shapes, np.arange(2)).tolist() == [0, -1, 0, -1]


def test_overlaps_of_random_boxes_have_the_area_shapely_says():
    rng = np.random.default_rng(8)
    low = rng.uniform(0, 80, (12, 2))
    boxes = shapely.box(low[:, 0], low[:, 1], low[:, 0] + 30, low[:, 1] + 20)
    found = overlaps(boxes, rounding_m=0.0)
    expected = sum(
        shapely.area(shapely.intersection(boxes[i], boxes[j])) for i in range(12) for j in range(i)
    )
    assert shapely.area(found.shape).sum() == pytest.approx(expected)


def test_unknown_checks_and_limits_are_refused():
    with pytest.raises(Invalid, match="There is no check"):
        run_checks(state_of("a"), Limits(), only=["gaps"])
    with pytest.raises(Invalid, match="There is no limit"):
        Limits.of({"walk_km": 1})
    with pytest.raises(Invalid):
        Limits.of({"walk_m": float("nan")})


def test_a_township_without_anything_is_answered():
    state = state_of("a", houses=[])
    assert all(r.status != "fail" for r in run_checks(state, Limits()))


def test_the_document_names_every_check_limit_and_weight():
    document = (Path(__file__).parents[3] / "docs/checks.md").read_text("utf-8")
    lines = document.splitlines()
    for check in CHECKS:
        assert any(line.startswith(f"| `{check.name}` |") for line in lines), check.name
    for cls in (Limits, Weights):
        for f in fields(cls):
            if f.name != "version":
                row = next(line for line in lines if line.startswith(f"| `{f.name}` |"))
                assert f.metadata["help"] in row
                if isinstance(f.default, float):
                    assert f"| {f.default:g} |" in row


def test_limits_come_back_from_what_is_stored():
    assert Limits().stored() == {}
    assert Limits.of(Limits.of({"walk_m": 500}).stored()).walk_m == 500
    assert Limits.of({"walk_m": 800}).stored() == {}
