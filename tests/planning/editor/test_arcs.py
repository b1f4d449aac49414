"""Borders as arcs: polygons come back to the last bit, and nothing that tears the plan is drawn."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gisgrid.core.errors import Invalid
from gisgrid.planning.editor.arcs import (
    Topology,
    polygon_of,
    reshaped,
    snapped,
    topology_of,
    with_corners,
)
from tests.support.sketch import sketch
from tests.support.town_f import DATA

TOWN = """
    a a b
    a X b
    c c b
"""


def drawn(drawing: str) -> tuple[list[str], np.ndarray]:
    town = sketch(drawing, step_m=100)
    return list(town), np.array(list(town.values()), dtype=object)


def between(topology: Topology, a: int, b: int) -> list[int]:
    pairs = zip(topology.left.tolist(), topology.right.tolist(), strict=True)
    return [k for k, pair in enumerate(pairs) if set(pair) == {a, b}]


def same(one: shapely.Geometry, other: shapely.Geometry) -> bool:
    return bool(shapely.equals_identical(one.normalize(), other.normalize()))


def test_polygons_come_back_as_they_were():
    names, polygons = drawn(TOWN)
    topology = topology_of(polygons)
    for row in range(len(names)):
        assert same(polygon_of(topology, row), polygons[row])
    assert topology.neighbours([names.index("X")]) == [names.index(n) for n in "abc"]


def test_town_f_comes_back_as_it_is_stored():
    text = (DATA / "boundaries/grids.geojson").read_text(encoding="utf-8")
    polygons = np.array(
        [shapely.get_parts(g)[0] for g in shapely.get_parts(shapely.from_geojson(text))]
    )
    topology = topology_of(polygons)
    assert all(same(polygon_of(topology, k), polygons[k]) for k in range(len(polygons)))
    # An exclusive grid inside one basic grid is a ring without a node.
    assert sum((line[0] == line[-1]).all() for line in topology.lines) >= 1


def test_a_dragged_border_moves_both_grids_and_leaves_the_rest_to_the_bit():
    names, polygons = drawn(TOWN)
    topology = topology_of(polygons)
    a, b = names.index("a"), names.index("b")
    (arc,) = between(topology, a, b)
    line = topology.lines[arc]
    moved, rows = reshaped(topology, {arc: np.vstack([line[:1], [[230.0, 250.0]], line[1:]])})
    assert rows == [a, b]
    after = np.array([polygon_of(moved, row) for row in range(len(names))], dtype=object)
    assert shapely.coverage_is_valid(after)
    assert after[a].area - polygons[a].area == pytest.approx(1500)
    assert shapely.area(after).sum() == pytest.approx(shapely.area(polygons).sum())
    assert same(after[names.index("X")], polygons[names.index("X")])


def test_a_dragged_node_takes_every_arc_along():
    _, polygons = drawn("a b\nc d")
    topology = topology_of(polygons)
    (arc,) = between(topology, 0, 1)
    line = topology.lines[arc].copy()
    line[(line == [100, 100]).all(axis=1)] = [110, 90]
    moved, rows = reshaped(topology, {arc: line})
    assert rows == [0, 1, 2, 3]
    after = np.array([polygon_of(moved, row) for row in rows], dtype=object)
    assert shapely.coverage_is_valid(after)
    assert all(shapely.Point(110, 90).touches(g) for g in after)


def test_a_line_over_another_border_is_refused_with_the_place():
    names, polygons = drawn(TOWN)
    topology = topology_of(polygons)
    (arc,) = between(topology, names.index("a"), names.index("b"))
    line = topology.lines[arc]
    with pytest.raises(Invalid) as caught:
        reshaped(topology, {arc: np.vstack([line[:1], [[150.0, 150.0]], line[1:]])})
    x, y = caught.value.facts["place"]
    assert 100 <= x <= 200 and 100 <= y <= 200


def test_a_line_that_crosses_itself_is_refused_with_the_place():
    _, polygons = drawn("a b")
    topology = topology_of(polygons)
    (arc,) = between(topology, 0, 1)
    first, last = topology.lines[arc][[0, -1]]
    loop = np.array([first, [120, 20], [120, 80], [80, 50], [150, 50], [150, 90], last])
    loop[1:-1, 1] = loop[1:-1, 1] if first[1] == 0 else 100 - loop[1:-1, 1]
    with pytest.raises(Invalid) as caught:
        reshaped(topology, {arc: loop})
    assert caught.value.facts["place"] == [120, 50]


def test_an_arc_that_passes_over_an_island_is_refused():
    island = shapely.box(110, 40, 130, 60)
    polygons = np.array(
        [shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100).difference(island), island]
    )
    topology = topology_of(polygons)
    (arc,) = between(topology, 0, 1)
    first, last = topology.lines[arc][[0, -1]]
    low, high = ([150, 10], [150, 90]) if first[1] == 0 else ([150, 90], [150, 10])
    detour = np.array([first, low, high, last])
    with pytest.raises(Invalid, match="another border"):
        reshaped(topology, {arc: detour})


def test_a_corner_torn_in_two_is_refused():
    _, polygons = drawn("a b\nc d")
    topology = topology_of(polygons)
    one, two = between(topology, 0, 1)[0], between(topology, 2, 3)[0]
    lines = {k: topology.lines[k].copy() for k in (one, two)}
    for k, spot in ((one, [110, 90]), (two, [90, 110])):
        lines[k][(lines[k] == [100, 100]).all(axis=1)] = spot
    with pytest.raises(Invalid, match="tears"):
        reshaped(topology, lines)


def test_overlapping_grids_have_no_arcs():
    with pytest.raises(Invalid) as caught:
        topology_of(np.array([shapely.box(0, 0, 2, 1), shapely.box(0, 0, 2, 2)]))
    assert caught.value.facts["grids"] == [0, 1]


def test_a_gap_stays_nothing_on_both_sides():
    _, polygons = drawn("a . b")
    topology = topology_of(polygons)
    assert set(topology.right.tolist()) == {-1}
    assert topology.neighbours([0]) == []


def test_corners_snap_to_corners_first_then_to_lines_within_reach():
    street = np.array([shapely.LineString([(0, 10), (100, 10)])])
    corners = np.array([[1.0, 11.0], [50.0, 12.0], [50.0, 40.0], [60.0, 11.0]])
    fixed = np.array([False, False, False, True])
    found = snapped(corners, street, within=5, fixed=fixed)
    assert found.tolist() == [[0, 10], [50, 10], [50, 40], [60, 11]]


def test_corners_come_into_a_border_in_order():
    square = shapely.box(0, 0, 10, 10)
    found = with_corners(square, np.array([[7.0, 0.0], [3.0, 0.0], [50.0, 0.0]]), within=1e-9)
    assert shapely.get_num_coordinates(found) == 7
    assert found.equals(square)
    assert {(3.0, 0.0), (7.0, 0.0)} <= set(found.exterior.coords)


@settings(max_examples=60, deadline=None)
@given(
    cells=st.lists(st.sampled_from("abcdX"), min_size=16, max_size=16),
    pull=st.tuples(st.floats(-0.6, 0.6), st.floats(-0.6, 0.6)),
    which=st.integers(0, 10_000),
)
def test_any_drag_gives_a_valid_coverage_or_a_refusal(cells, pull, which):
    """A plan of any shape stays a coverage of the same ground, or the drag is refused."""
    drawing = "\n".join(" ".join(cells[k : k + 4]) for k in range(0, 16, 4))
    _, polygons = drawn(drawing)
    topology = topology_of(polygons)
    for row in range(len(polygons)):
        assert same(polygon_of(topology, row), polygons[row])
    inner = np.flatnonzero(topology.right >= 0)
    if not len(inner):
        return
    arc = int(inner[which % len(inner)])
    line = topology.lines[arc]
    middle = (line[0] + line[1]) / 2 + np.array(pull) * 100
    try:
        moved, rows = reshaped(topology, {arc: np.vstack([line[:1], middle[None], line[1:]])})
    except Invalid:
        return
    after = polygons.copy()
    for row in rows:
        after[row] = polygon_of(moved, row)
    assert shapely.is_valid(after).all()
    assert shapely.coverage_is_valid(after)
    assert shapely.area(after).sum() == pytest.approx(shapely.area(polygons).sum())
