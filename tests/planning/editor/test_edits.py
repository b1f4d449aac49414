"""Edits of a scenario: the ground stays tiled, counts follow, and what may not be is refused."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gisgrid.balance.weights import Weights
from gisgrid.core.crs import from_metric
from gisgrid.core.errors import Conflict, GisgridError, Invalid, NotFound
from gisgrid.core.limits import Limits
from gisgrid.planning.checks.checks import run_checks
from gisgrid.planning.editor import edits
from gisgrid.planning.editor.corners import GridDetails
from gisgrid.planning.editor.editor import (
    Editor,
    changed_codes,
    editor_of,
    flows,
    numbers,
    with_grids,
)
from gisgrid.planning.editor.refusals import ScenarioLocks, refuse
from gisgrid.planning.snapshot.snapshot import Grids, owners
from tests.support.plan_states import EARTH, STEP_M, state_of

NO_LOCKS = ScenarioLocks()
TEN_A_HEAD = Weights(household_min=0, resident_min=10, visit_min=0, walk_m_per_min=1e12)
"""Ten minutes a resident and nothing else: who walks is there at once."""
TOWN = """
    a a b b
    a a b b
    c c b X
"""
# Four houses in each cell but X's, none on a border.
HOUSES = [
    (col + dx, row + dy)
    for row in range(3)
    for col in range(4)
    for dx in (0.3, 0.7)
    for dy in (0.3, 0.7)
    if (row, col) != (0, 3)
]
EVENTS = [("2023-08-01", (0.4 + 0.7 * k % 3.9, 0.2 + 0.9 * k % 2.7)) for k in range(40)]
"""Some of them in X, which has no house to carry them."""


def editor(drawing: str = TOWN, weights: Weights = TEN_A_HEAD, **more: object) -> Editor:
    state = state_of(drawing, houses=HOUSES, on_earth=True, **more)
    return editor_of(state, weights)


def lonlat(*cells: tuple[float, float]) -> np.ndarray:
    """Places counted in cells from the lower left, in degrees."""
    xy = np.array(cells, dtype=float) * STEP_M + EARTH
    return shapely.get_coordinates(from_metric(shapely.points(xy), 4549))


def done(before: Editor, grids: Grids, locks: ScenarioLocks = NO_LOCKS) -> Editor:
    after = with_grids(before, grids)
    refuse(before, after, locks)
    tiling = after.state.tiling
    assert shapely.coverage_is_valid(after.state.grids.lonlat[tiling])
    assert np.array_equal(
        after.state.houses.grid,
        owners(after.state.houses.lonlat, after.state.grids.lonlat, tiling),
    )
    assert shapely.area(after.state.grids.metric[tiling]).sum() == pytest.approx(
        shapely.area(before.state.grids.metric[before.state.tiling]).sum(), abs=10
    )
    assert sum(n.residents for n in numbers(after)) == sum(n.residents for n in numbers(before))
    anew = editor_of(after.state, after.weights)
    assert np.array_equal(after.work.house_mmin, anew.work.house_mmin)
    assert np.array_equal(after.work.loose_mmin, anew.work.loose_mmin)
    return after


def arc_between(b: Editor, one: str, two: str) -> int:
    sides = {b.row_of[one], b.row_of[two]}
    t = b.topology
    return next(
        k for k in range(len(t.lines)) if {int(t.left[k]), int(t.right[k])} == sides
    )  # fmt: skip


def bent(b: Editor, one: str, two: str, *via: tuple[float, float]) -> dict[int, np.ndarray]:
    """The arc between two grids by way of other places."""
    arc = arc_between(b, one, two)
    line = b.topology.lines[arc]
    places = lonlat(*via)
    forward = np.linalg.norm(places[0] - line[0]) <= np.linalg.norm(places[-1] - line[0])
    return {arc: np.vstack([line[:1], places if forward else places[::-1], line[-1:]])}


def counts(b: Editor) -> dict[str, int]:
    return {n.code: n.houses for n in numbers(b)}


def test_a_dragged_border_takes_its_houses_along():
    before = editor()
    assert counts(before) == {"X": 0, "a": 16, "b": 20, "c": 8}
    after = done(before, edits.drag(before, bent(before, "a", "b", (1.5, 1.2), (1.5, 2.8))))
    assert counts(after) == {"X": 0, "a": 12, "b": 24, "c": 8}
    assert changed_codes(before, after) == ["a", "b"]
    (flow,) = flows(before, after)
    assert (flow.from_grid, flow.to_grid, flow.residents, flow.minutes) == ("a", "b", 12, 120.0)
    shares = {n.code: n.deviation for n in numbers(after)}
    assert shares["b"] == pytest.approx((24 - 44 / 3) / (44 / 3))
    assert shares["X"] is None


def test_counts_of_the_changed_grids_alone_are_the_same_counts():
    before = editor()
    after = with_grids(before, edits.drag(before, bent(before, "a", "b", (1.5, 1.2), (1.5, 2.8))))
    assert numbers(after, [after.row_of["b"]]) == [n for n in numbers(after) if n.code == "b"]


def test_teams_posts_and_events_keep_their_grid_whatever_grids_come_and_go_before_theirs():
    before = editor(teams={"b": "lw", "c": "l"}, events=[("2023-08-01", (3.2, 0.5))])
    first = GridDetails("aa", "新")
    split = done(before, edits.split(before, "a", lonlat((-0.5, 2.2), (2.5, 2.2)), first))
    merged = done(split, edits.merge(split, "a", "c"))
    for after in (split, merged):
        codes = after.state.grids.code
        held = {codes[g] for g in after.state.teams.grid.tolist()}
        assert held == {"b", "c"} & set(codes)
        assert codes[after.state.events.grid].tolist() == ["X"]
        (no_team,) = run_checks(after.state, Limits(), only=["no_team"])
        assert {f.grids[0] for f in no_team.findings} == set(codes) - held


def test_new_corners_go_to_a_street_nearby():
    before = editor()
    street = np.array([shapely.LineString(lonlat((1.46, 0.5), (1.46, 3.5)))])
    drag = bent(before, "a", "b", (1.5, 1.5), (1.5, 2.5))
    after = done(before, edits.drag(before, drag, snap_to=street, snap_m=10))
    corners = shapely.get_coordinates(after.state.grids.metric[after.row_of["a"]])
    assert np.isclose(corners[:, 0], EARTH[0] + 146, atol=0.02).sum() == 2
    kept = done(before, edits.drag(before, drag, snap_to=street, snap_m=2))
    corners = shapely.get_coordinates(kept.state.grids.metric[kept.row_of["a"]])
    assert np.isclose(corners[:, 0], EARTH[0] + 150, atol=0.02).sum() == 2


def test_two_grids_merge_and_their_houses_with_them():
    before = editor()
    after = done(before, edits.merge(before, "a", "c"))
    assert counts(after) == {"X": 0, "a": 24, "b": 20}
    assert after.topology.neighbours([after.row_of["a"]]) == [after.row_of["b"]]


def test_grids_of_other_kinds_or_places_do_not_merge():
    before = editor()
    with pytest.raises(Invalid, match="kinds"):
        edits.merge(before, "b", "X")
    with pytest.raises(Invalid, match="common border"):
        edits.merge(editor("a b c"), "a", "c")
    with pytest.raises(NotFound):
        edits.merge(before, "a", "z")


def test_a_line_splits_a_grid_and_the_neighbours_get_its_ends():
    before = editor()
    line = lonlat((-0.5, 1.5), (2.5, 1.5))
    after = done(before, edits.split(before, "a", line, GridDetails("d", "新网格")))
    assert counts(after) == {"X": 0, "a": 12, "b": 20, "c": 8, "d": 4}
    assert changed_codes(before, after) == ["a", "b", "d"]
    b = after.row_of["b"]
    assert shapely.get_num_coordinates(
        after.state.grids.lonlat[b]
    ) == 1 + shapely.get_num_coordinates(before.state.grids.lonlat[before.row_of["b"]])


@pytest.mark.parametrize(
    ("line", "parts"),
    [([(0.5, 1.5), (1.5, 1.5)], 1), ([(-1, 1.2), (3, 1.2), (3, 1.8), (-1, 1.8)], 3)],
)
def test_a_line_that_does_not_cut_in_two_is_refused(line, parts):
    with pytest.raises(Invalid) as caught:
        edits.split(editor(), "a", lonlat(*line), GridDetails("d", "新网格"))
    assert caught.value.facts["parts"] == parts


def test_a_split_that_leaves_a_part_without_houses_is_refused_with_the_place():
    b = editor()
    # Beyond the last house of a, before its border.
    grids = edits.split(b, "a", lonlat((-0.5, 2.9), (2.5, 2.9)), GridDetails("n", "新"))
    with pytest.raises(Invalid, match="No house would stand in grid n") as caught:
        done(b, grids)
    assert caught.value.facts["place"]
    # An exclusive grid may hold nobody.
    park = shapely.Polygon(lonlat((0.4, 2.75), (0.6, 2.75), (0.6, 2.95), (0.4, 2.95)))
    done(b, edits.draw(b, park, GridDetails("p", "公园", "exclusive", "园林处")))


def test_a_code_is_not_given_twice():
    with pytest.raises(Conflict):
        edits.split(editor(), "a", lonlat((-0.5, 1.5), (2.5, 1.5)), GridDetails("b", "新网格"))


def test_a_drawn_grid_is_cut_out_of_its_neighbours():
    before = editor()
    square = shapely.Polygon(lonlat((1.5, 1.5), (2.5, 1.5), (2.5, 2.5), (1.5, 2.5)))
    after = done(before, edits.draw(before, square, GridDetails("d", "新网格")))
    assert counts(after) == {"X": 0, "a": 14, "b": 18, "c": 8, "d": 4}
    assert after.state.grids.community[after.row_of["d"]] == 0


def test_an_exclusive_grid_is_a_hole_or_lies_over():
    square = shapely.Polygon(lonlat((0.5, 1.5), (1.5, 1.5), (1.5, 2.5), (0.5, 2.5)))
    school = GridDetails("S", "学校", "exclusive", "某小学")
    hole = editor()
    after = done(hole, edits.draw(hole, square, school))
    assert counts(after)["S"] == 4 and counts(after)["a"] == 12
    assert after.state.grids.host[after.row_of["S"]] == "某小学"
    over = editor("a a b b\na a b b\nc c b b", overlay=True)
    after = done(over, edits.draw(over, square, school))
    assert counts(after)["S"] == 0 and counts(after)["a"] == 16
    again = with_grids(after, edits.remove_overlay(after, "S"))
    assert changed_codes(over, again) == []
    with pytest.raises(Invalid, match="gap"):
        edits.remove_overlay(hole, "X")
    second = GridDetails("T", "二校", "exclusive", "某校")
    with pytest.raises(Invalid, match="exclusive grids would overlap"):
        done(after, edits.draw(after, square, second))


def test_a_drawing_that_crosses_itself_or_leaves_the_town_is_refused_with_the_place():
    before, new = editor(), GridDetails("d", "新网格")
    bow = shapely.Polygon(lonlat((0.2, 1.2), (1.8, 2.8), (1.8, 1.2), (0.2, 2.8)))
    with pytest.raises(Invalid) as caught:
        edits.draw(before, bow, new)
    assert caught.value.facts["place"] == pytest.approx(lonlat((1, 2))[0], abs=1e-6)
    beyond = shapely.Polygon(lonlat((-1, 1), (0.5, 1), (0.5, 2), (-1, 2)))
    with pytest.raises(Invalid, match="beyond"):
        edits.draw(before, beyond, new)
    with pytest.raises(Invalid, match="outside"):
        edits.draw(before, shapely.Polygon(lonlat((9, 9), (10, 9), (10, 10))), new)


def test_the_outer_border_neither_leaves_the_township_nor_a_gap():
    before = editor()
    rows = {before.row_of["a"], -1}
    t = before.topology
    arc = next(k for k in range(len(t.lines)) if {int(t.left[k]), int(t.right[k])} == rows)
    line = t.lines[arc]
    corner = np.flatnonzero(np.isclose(line, lonlat((0, 3))[0], atol=1e-6).all(axis=1))[0]
    for place, told in (((-0.5, 3.5), "leave its community"), ((0.5, 2.5), "without a grid")):
        moved = line.copy()
        moved[corner] = lonlat(place)[0]
        after = with_grids(before, edits.drag(before, {arc: moved}))
        with pytest.raises(Invalid, match=told) as caught:
            refuse(before, after, NO_LOCKS)
        assert len(caught.value.facts["place"]) == 2


def test_a_border_between_communities_is_no_planners_to_move():
    before = editor(
        "a a b b\na a b b\nc c b b",
        communities="m m n n\nm m n n\nm m n n",
        home={"a": "m", "b": "n", "c": "m"},
    )
    after = with_grids(before, edits.drag(before, bent(before, "a", "b", (1.5, 1.2), (1.5, 2.8))))
    with pytest.raises(Invalid, match="community"):
        refuse(before, after, NO_LOCKS)


def test_houses_given_away_take_their_ground_along():
    before = editor()
    houses = before.state.houses
    edge = np.flatnonzero(
        (houses.grid == before.row_of["a"]) & (houses.xy_m[:, 0] > EARTH[0] + 1.5 * STEP_M)
    )
    assert len(edge) == 4
    after = done(before, edits.give(before, dict.fromkeys(edge.tolist(), "b")))
    assert counts(after) == {"X": 0, "a": 12, "b": 24, "c": 8}
    assert [f.houses for f in flows(before, after)] == [tuple(houses.code[edge].tolist())]
    # The grid beside keeps its ground, and has the corners its neighbours need.
    c = before.state.grids.metric[before.row_of["c"]]
    assert c.symmetric_difference(after.state.grids.metric[after.row_of["c"]]).area < 0.5


def test_a_house_from_the_far_side_would_tear_a_grid():
    before = editor()
    houses = before.state.houses
    far = np.flatnonzero(
        (houses.xy_m[:, 0] < EARTH[0] + 0.5 * STEP_M) & (houses.xy_m[:, 1] > EARTH[1] + 250)
    )
    after = with_grids(before, edits.give(before, {int(far[0]): "b"}))
    with pytest.raises(Invalid, match="pieces"):
        refuse(before, after, NO_LOCKS)


def test_houses_go_to_no_exclusive_grid_and_over_no_community_border():
    before = editor()
    with pytest.raises(Invalid, match="exclusive"):
        edits.give(before, {0: "X"})
    two = editor(
        "a a b b\na a b b\na a b b",
        communities="m m n n\nm m n n\nm m n n",
        home={"a": "m", "b": "n"},
    )
    with pytest.raises(Invalid, match="another community"):
        edits.give(two, {0: "b"})


@pytest.mark.parametrize(
    "locks",
    [
        ScenarioLocks(grids=frozenset("a")),
        ScenarioLocks(borders=frozenset([frozenset("ab")])),
        ScenarioLocks(houses=frozenset(f"h{k}" for k in range(len(HOUSES)))),
    ],
)
def test_locks_hold(locks):
    before = editor()
    after = with_grids(before, edits.drag(before, bent(before, "a", "b", (1.5, 1.2), (1.5, 2.8))))
    with pytest.raises(Conflict, match="locked"):
        refuse(before, after, locks)
    refuse(before, after, NO_LOCKS)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_walk_of_edits_keeps_the_town_tiled(data):
    """A few edits of any kind, one after the other: a valid coverage, nobody lost, or a refusal."""
    at = editor(weights=Weights(), events=EVENTS)
    spot = st.tuples(st.floats(-0.5, 4.5), st.floats(-0.5, 3.5))
    for step in range(4):
        kind = data.draw(st.sampled_from(["drag", "split", "merge", "draw", "give"]))
        codes = sorted(at.row_of)
        pick = st.sampled_from(codes)
        new = GridDetails(f"n{step}", "新")
        try:
            if kind == "drag":
                arc = data.draw(st.integers(0, len(at.topology.lines) - 1))
                line = at.topology.lines[arc]
                grids = edits.drag(
                    at, {arc: np.vstack([line[:1], lonlat(data.draw(spot)), line[1:]])}
                )
            elif kind == "split":
                line = lonlat(data.draw(spot), data.draw(spot))
                grids = edits.split(at, data.draw(pick), line, new)
            elif kind == "merge":
                grids = edits.merge(at, data.draw(pick), data.draw(pick))
            elif kind == "draw":
                corners = lonlat(*data.draw(st.lists(spot, min_size=3, max_size=5, unique=True)))
                grids = edits.draw(at, shapely.Polygon(corners), new)
            else:
                house = data.draw(st.integers(0, len(HOUSES) - 1))
                grids = edits.give(at, {house: data.draw(pick)})
            at = done(at, grids)
        except GisgridError:
            continue
