"""The fabric: units that tile today's grids, and grids redrawn from units that moved."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gisgrid.balance.fabric import Fabric, build_fabric, community_of_grids, tile
from gisgrid.balance.graph import UnitGraph
from gisgrid.balance.lattice import CELL_M, ring_segments, shared_segments, vertex_names
from gisgrid.balance.redraw import redrawn
from gisgrid.balance.repair import repair_grids
from gisgrid.core.errors import Invalid
from tests.support.towns import Town, make_town, soil


def double_area(polygons: np.ndarray) -> np.ndarray:
    """Twice the area of each polygon in lattice cells, exact; shells anticlockwise, holes clockwise.

    Exact for polygons within about 1,000 km of each other.
    """
    start, end, owner = ring_segments(polygons)
    area = np.zeros(len(polygons), dtype=np.int64)
    if len(start):
        origin = np.rint(start.min(axis=0) / CELL_M).astype(np.int64)
        a = np.rint(start / CELL_M).astype(np.int64) - origin
        b = np.rint(end / CELL_M).astype(np.int64) - origin
        np.add.at(area, owner, a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
    return area


def squares(*corners: tuple[float, float], size_m: float = 100.0) -> np.ndarray:
    return np.array([shapely.box(x, y, x + size_m, y + size_m) for x, y in corners], dtype=object)


def a_town(seed: int, *, dirty: bool = False, barriers: int = 0) -> tuple[Town, Fabric]:
    rng = np.random.default_rng(seed)
    town = make_town(rng, houses=240, grids=8, communities=2, barriers=barriers)
    grids = soil(rng, town) if dirty else town.grids
    return town, build_fabric(grids, town.house_xy, barriers=town.barriers)


def moved_at_random(fabric: Fabric, graph: UnitGraph, rng: np.random.Generator) -> np.ndarray:
    """A few dozen boundary moves, each leaving every grid in one piece."""
    grid_of = fabric.grid_of.copy()
    pieces = graph.pieces(grid_of).max()
    for u in rng.permutation(graph.unit_count)[:60]:
        neighbours = graph.indices[graph.indptr[u] : graph.indptr[u + 1]]
        others = np.unique(grid_of[neighbours][grid_of[neighbours] != grid_of[u]])
        if len(others) and (grid_of == grid_of[u]).sum() > 1:
            before = grid_of[u]
            grid_of[u] = rng.choice(others)
            if graph.pieces(grid_of).max() > pieces:
                grid_of[u] = before
    return grid_of


def assert_tiles(fabric: Fabric, graph: UnitGraph) -> None:
    units = fabric.units
    assert shapely.is_valid(units).all()
    assert shapely.coverage_is_valid(units)
    assert (shapely.get_type_id(units) == 3).all(), "a unit is in pieces"
    total = double_area(fabric.grids)
    per_grid = np.zeros(len(fabric.grids), dtype=np.int64)
    np.add.at(per_grid, fabric.grid_of, double_area(units))
    assert np.array_equal(per_grid, total), "units and grids differ in area"
    assert shapely.area(units).min() > 0.01
    inside = fabric.unit_of_house >= 0
    off_m = shapely.distance(
        shapely.points(fabric.house_xy[inside]), units[fabric.unit_of_house[inside]]
    )
    assert off_m.max() <= 4 * CELL_M
    contacts = shared_segments(units)
    shared = (contacts.right >= 0) & (contacts.left != contacts.right)
    low = np.minimum(contacts.left, contacts.right)[shared]
    high = np.maximum(contacts.left, contacts.right)[shared]
    assert np.array_equal(fabric.contact, np.unique(np.column_stack([low, high]), axis=0))
    assert fabric.border_m.sum() == pytest.approx(contacts.length_m[shared].sum())
    assert graph.pieces(fabric.grid_of).max() + 1 == len(fabric.grids)


def assert_redrawn(fabric: Fabric, grid_of: np.ndarray, smooth_m2: float) -> None:
    new = redrawn(fabric, grid_of, smooth_m2=smooth_m2)
    assert shapely.is_valid(new.grids).all()
    assert shapely.coverage_is_valid(new.grids)
    assert (shapely.get_type_id(new.grids) == 3).all()
    # the outline may lose nodes that only units needed: a lattice cell along each
    before, after = shapely.area(fabric.grids).sum(), shapely.area(new.grids).sum()
    assert after == pytest.approx(before, abs=CELL_M * shapely.length(fabric.grids).sum())
    inside = fabric.unit_of_house >= 0
    home = new.grids[grid_of[fabric.unit_of_house[inside]]]
    off_m = shapely.distance(shapely.points(fabric.house_xy[inside]), home)
    assert off_m.max() <= 4 * CELL_M, "a house changed sides"
    for g in np.flatnonzero(~new.changed):
        was = vertex_names(shapely.get_coordinates(fabric.grids[g]))
        now = vertex_names(shapely.get_coordinates(new.grids[g]))
        assert np.isin(now, was).all(), "an untouched grid has a new vertex"
        kept = np.intersect1d(was, fabric.input_vertices)
        assert np.isin(kept, now).all(), "an untouched grid lost a vertex of the input"


def test_two_houses_share_a_square_along_the_line_between_them():
    fabric = build_fabric(squares((0, 0)), np.array([[25.0, 50.0], [75.0, 50.0]]))
    assert sorted(shapely.area(fabric.units)) == pytest.approx([5000, 5000])
    assert fabric.contact.tolist() == [[0, 1]]
    assert fabric.border_m.tolist() == pytest.approx([100])
    assert fabric.outer_m.tolist() == pytest.approx([200, 200])


def test_houses_at_one_place_are_one_unit():
    xy = np.array([[50.0, 50.0]] * 30)
    fabric = build_fabric(squares((0, 0), (100, 0)), xy)
    assert fabric.house_count.tolist() == [30, 0]
    assert np.unique(fabric.unit_of_house).tolist() == [0]
    assert fabric.sums(np.ones(30)).tolist() == [30, 0]


def test_a_town_without_houses_has_one_unit_a_grid():
    fabric = build_fabric(squares((0, 0), (100, 0)), np.empty((0, 2)))
    assert fabric.grid_of.tolist() == [0, 1]
    assert fabric.house_count.tolist() == [0, 0]


def test_a_house_on_a_shared_border_belongs_to_the_first_grid_and_one_outside_to_none():
    xy = np.array([[100.0, 50.0], [500.0, 50.0]])
    fabric = build_fabric(squares((0, 0), (100, 0)), xy)
    assert fabric.grid_of[fabric.unit_of_house[0]] == 0
    assert fabric.houses_outside.tolist() == [1]


def test_a_house_without_a_place_is_refused():
    with pytest.raises(Invalid, match="1 houses have no place"):
        build_fabric(squares((0, 0)), np.array([[1.0, np.nan]]))


def test_a_unit_does_not_cross_a_barrier():
    wall = np.array([shapely.LineString([(30, -5), (30, 105)])], dtype=object)
    xy = np.array([[20.0, 50.0], [80.0, 50.0]])
    fabric = build_fabric(squares((0, 0)), xy, barriers=wall)
    left, right = fabric.units[fabric.unit_of_house]
    assert left.area == pytest.approx(3000, abs=1)
    assert right.area == pytest.approx(7000, abs=1)
    assert fabric.barrier_m == pytest.approx(fabric.border_m)


def test_a_barrier_between_grids_parts_them():
    wall = np.array([shapely.LineString([(100, -5), (100, 105)])], dtype=object)
    xy = np.array([[50.0, 50.0], [150.0, 50.0]])
    grids = squares((0, 0), (100, 0))
    assert len(build_fabric(grids, xy).graph().indices) == 2
    assert len(build_fabric(grids, xy, barriers=wall).graph().indices) == 0


def test_touching_in_a_corner_is_no_contact():
    grids = squares((0, 0), (100, 100))
    fabric = build_fabric(grids, np.array([[50.0, 50.0], [150.0, 150.0]]))
    assert len(fabric.contact) == 0


def test_a_hairline_gap_and_a_narrow_overlap_are_mended():
    grids = squares((0, 0), (100.05, 0))
    grids[1] = shapely.box(99.5, 0, 200, 100)
    whole, repair = repair_grids(grids)
    assert repair.repaired
    assert repair.overlap_m2 == pytest.approx(50, rel=0.01)
    assert shapely.coverage_is_valid(whole)
    assert shapely.area(whole).sum() == pytest.approx(200 * 100, rel=1e-6)


def test_a_wide_overlap_is_refused():
    grids = np.array([shapely.box(0, 0, 100, 100), shapely.box(50, 0, 150, 100)], dtype=object)
    with pytest.raises(Invalid, match="overlap") as caught:
        repair_grids(grids)
    assert caught.value.facts["grids"] == [[0, 1]]


def test_a_wide_gap_stays_ground_without_a_grid():
    grids = squares((0, 0), (110, 0))
    fabric = build_fabric(grids, np.array([[50.0, 50.0], [160.0, 50.0]]))
    assert shapely.area(fabric.grids).sum() == pytest.approx(20_000)


def test_a_grid_across_communities_lies_in_both_and_one_beyond_them_in_none_too():
    communities = np.array([shapely.box(0, 0, 150, 100), shapely.box(150, 0, 300, 100)])
    grids = squares((0, 0), (90, 0), (200, 0), (250, 0), (500, 0))
    grids[2] = shapely.box(149.5, 0, 250, 100)  # half a per cent of it is a stray
    main, every = community_of_grids(grids, communities)
    assert main.tolist() == [0, 0, 1, 1, -1]
    assert [lies_in.tolist() for lies_in in every] == [[0], [0, 1], [1], [-1, 1], [-1]]


def test_a_grid_in_two_parts_keeps_both():
    two = shapely.MultiPolygon([shapely.box(0, 0, 50, 100), shapely.box(200, 0, 250, 100)])
    grids = np.array([two, shapely.box(50, 0, 200, 100)], dtype=object)
    fabric = build_fabric(grids, np.array([[25.0, 50.0], [100.0, 50.0]]))
    assert fabric.grid_of.tolist() == [0, 0, 1]
    assert sorted(fabric.house_count.tolist()) == [0, 1, 1]
    assert (shapely.get_type_id(fabric.units) == 3).all()


@pytest.mark.parametrize("seed", range(6))
def test_units_tile_a_town_and_redrawn_grids_are_a_coverage(seed):
    _, fabric = a_town(seed, dirty=seed % 3 != 0, barriers=3 * (seed % 2))
    graph = fabric.graph(contact_m=0.0) if seed % 2 else fabric.graph()
    if seed % 2 == 0:
        assert_tiles(fabric, graph)
    grid_of = moved_at_random(fabric, fabric.graph(), np.random.default_rng(seed))
    assert (grid_of != fabric.grid_of).sum() > 10
    assert_redrawn(fabric, grid_of, 0.0)
    assert_redrawn(fabric, grid_of, 150.0)


@pytest.mark.parametrize(
    ("faces", "expected"),
    [
        ([(0, 0, 60, 100), (60, 0, 100, 100)], True),
        ([(0, 0, 60, 100), (50, 0, 100, 100)], False),  # on top of each other
        ([(0, 0, 50, 100), (60, 0, 100, 100)], False),  # a gap
        ([(0, 0, 60, 100), (60, 0, 100, 100), (0, 0, 60, 100)], False),  # one twice
    ],
)
def test_faces_side_by_side_are_told_from_others(faces, expected):
    """The cheap test says what a coverage is where the ground adds up."""
    rims = shapely.boundary(squares((0, 0)))
    shapes = shapely.box(*np.array(faces, dtype=float).T)
    assert shapely.coverage_is_valid(shapes) or not expected
    assert tile(shared_segments(shapes), rims) is expected


def test_nothing_moved_gives_the_vertices_of_the_input():
    town, fabric = a_town(3)
    new = redrawn(fabric, fabric.grid_of)
    assert not new.changed.any()
    for before, after in zip(town.grids, new.grids, strict=True):
        assert np.allclose(
            shapely.get_coordinates(shapely.normalize(before)),
            shapely.get_coordinates(shapely.normalize(after)),
            atol=CELL_M,
        )


def test_smoothing_shortens_new_borders():
    _, fabric = a_town(4)
    grid_of = moved_at_random(fabric, fabric.graph(), np.random.default_rng(4))
    plain, smooth = (redrawn(fabric, grid_of, smooth_m2=m2).grids for m2 in (0.0, 150.0))
    assert shapely.length(smooth).sum() < shapely.length(plain).sum()


def test_a_plan_that_names_an_unknown_grid_is_refused():
    fabric = build_fabric(squares((0, 0)), np.array([[50.0, 50.0]]))
    with pytest.raises(Invalid):
        redrawn(fabric, np.array([7]))
