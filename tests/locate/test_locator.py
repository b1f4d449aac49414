"""The locator says what Shapely says, on every point, however the polygons lie."""

import math
from dataclasses import fields

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box

from gisgrid.locate import index
from gisgrid.locate.index import OFFSETS
from gisgrid.locate.locator import POINTS_PER_TASK, Locator
from tests.support.locators import assert_agrees, hard_points
from tests.support.partitions import cells, shuffled_codes, splits, stars

slow_first_call = settings(deadline=None, max_examples=100)  # numba compiles within an example


@pytest.mark.thorough
@slow_first_call
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 60),
    size=st.floats(-5, math.log10(180)),
    west=st.floats(-180, 179),
    south=st.floats(-90, 89),
)
def test_partitions_of_any_extent(seed, count, size, west, south):
    rng = np.random.default_rng(seed)
    side = 10**size
    parts = cells(rng, count, (west, south, west + 2 * side, south + side))
    assert_agrees(parts, shuffled_codes(rng, len(parts)), hard_points(parts, rng, most=200))


@slow_first_call
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 40), groups=st.integers(1, 8))
def test_holes_multipolygons_and_gaps(seed, count, groups):
    rng = np.random.default_rng(seed)
    parts = np.array(cells(rng, count))
    group = rng.integers(0, groups + 1, len(parts))  # the last group is left out: a gap
    unions = [shapely.union_all(parts[group == g]) for g in range(groups)]
    grids = [u for u in unions if not u.is_empty and u.is_valid]
    assert_agrees(grids, shuffled_codes(rng, len(grids)), hard_points(parts, rng, most=200))


@slow_first_call
@given(seed=st.integers(0, 2**32 - 1), rounds=st.integers(1, 40), angle=st.floats(0, 90))
def test_borders_that_meet_in_a_t(seed, rounds, angle):
    rng = np.random.default_rng(seed)
    parts = splits(rng, rounds, angle)
    locator = assert_agrees(
        parts, shuffled_codes(rng, len(parts)), hard_points(parts, rng, most=200)
    )
    assert locator.overlaps == ()


@pytest.mark.thorough
@slow_first_call
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(2, 40), radius=st.floats(0.01, 1))
def test_overlapping_polygons(seed, count, radius):
    rng = np.random.default_rng(seed)
    parts = stars(rng, count, radius=radius)
    codes = shuffled_codes(rng, len(parts))
    if not parts:
        return
    locator = assert_agrees(parts, codes, hard_points(parts, rng, most=200))
    named = set(locator.overlaps)
    assert sharing_ground(parts, codes, more_than=1e-9) <= named
    assert named <= sharing_ground(parts, codes, more_than=0.0)


lattice = st.integers(0, 6)
rectangles = st.tuples(lattice, lattice, st.integers(1, 4), st.integers(1, 4))


@slow_first_call
@given(
    shapes=st.lists(st.lists(rectangles, min_size=1, max_size=4), min_size=1, max_size=8),
    scale=st.sampled_from([1.0, 0.1, 1e-5, 1 / 3, 1e3]),
)
def test_everything_on_one_lattice(shapes, scale):
    """Edges on edges, corners on edges and on corners, equal polygons, holes: all at once."""
    parts = [
        shapely.union_all(
            [box(x * scale, y * scale, (x + w) * scale, (y + h) * scale) for x, y, w, h in some]
        )
        for some in shapes
    ]
    parts = [part for part in parts if part.is_valid]
    codes = [f"{17 * i % 101:03d}" for i in range(len(parts))]
    if not parts:
        return
    steps = np.arange(-1, 24) / 2 * scale
    x, y = (a.ravel() for a in np.meshgrid(steps, steps))
    points = np.column_stack([x, y])
    beside = np.nextafter(
        points, points + np.random.default_rng(len(x)).choice([-1.0, 1.0], points.shape)
    )
    locator = assert_agrees(parts, codes, np.concatenate([points, beside]))
    assert set(locator.overlaps) == sharing_ground(parts, codes, more_than=1e-6 * scale * scale)


def sharing_ground(parts, codes, *, more_than):
    return {
        (min(codes[i], codes[j]), max(codes[i], codes[j]))
        for i in range(len(parts))
        for j in range(i)
        if parts[i].intersection(parts[j]).area > more_than
    }


@pytest.mark.parametrize("count", [1, 2, 1000, pytest.param(20_000, marks=pytest.mark.thorough)])
def test_many_polygons(count):
    rng = np.random.default_rng(count)
    parts = cells(rng, count, (120.7, 40.6, 121.1, 40.9))
    assert_agrees(parts, shuffled_codes(rng, len(parts)), hard_points(parts, rng))


@pytest.mark.thorough
def test_100_000_squares():
    rng = np.random.default_rng(5)
    row, column = np.divmod(np.arange(100_000), 400)
    parts = shapely.box(column * 0.1, row * 0.1, column * 0.1 + 0.1, row * 0.1 + 0.1)
    points = hard_points(parts, rng)
    lon, lat = points[:, 0].copy(), points[:, 1].copy()
    codes = shuffled_codes(rng, len(parts))
    finite = np.isfinite(points).all(axis=1)
    at, on = shapely.STRtree(parts).query(shapely.points(lon[finite], lat[finite]), "intersects")
    lowest = np.full(len(lon), "~", dtype="U7")
    for i, g in zip(np.flatnonzero(finite)[at], on, strict=True):
        lowest[i] = min(lowest[i], codes[g])
    found = Locator.build(parts, codes).locate_many(lon, lat)
    assert [codes[g] if g >= 0 else "~" for g in found] == lowest.tolist()


@pytest.mark.parametrize("count", [200, pytest.param(3000, marks=pytest.mark.thorough)])
def test_heavy_overlaps(count):
    rng = np.random.default_rng(count)
    corner, size = rng.random((count, 2)), rng.uniform(0.01, 0.3, (count, 2))
    parts = shapely.box(*corner.T, *(corner + size).T)
    locator = assert_agrees(parts, shuffled_codes(rng, count), hard_points(parts, rng, most=1000))
    assert len(locator.overlaps) > count


@pytest.mark.thorough
def test_one_polygon_of_many_vertices_and_a_star():
    turn = np.linspace(0, 2 * np.pi, 20_001)[:-1]
    wave = 1 + 0.3 * np.sin(7 * turn) + 0.01 * np.sin(400 * turn)
    coast = Polygon(np.column_stack([np.cos(turn), np.sin(turn)]) * wave[:, None])
    spikes = np.where(np.arange(2000) % 2, 0.01, 1.0)[:, None]
    star = Polygon(np.column_stack([np.cos(turn[::10]), np.sin(turn[::10])]) * spikes + 3)
    rng = np.random.default_rng(2)
    assert_agrees([coast, star], ["b", "a"], hard_points([coast, star], rng))


def test_a_town_in_the_corner_of_a_country():
    rng = np.random.default_rng(3)
    parts = [*cells(rng, 500, (120.0, 40.0, 120.0001, 40.0001)), box(75, 20, 76, 21)]
    assert_agrees(parts, shuffled_codes(rng, len(parts)), hard_points(parts[:-1], rng))


def test_the_lowest_code_owns_a_shared_edge_whatever_the_order_of_input():
    left, right = box(0, 0, 1, 1), box(1, 0, 2, 1)
    for parts, codes in (([left, right], ["20", "10"]), ([right, left], ["10", "20"])):
        locator = Locator.build(parts, codes)
        assert locator.codes[locator.place(1.0, 0.5)] == "10"
    codes_as_text = Locator.build([left, right], ["9", "10"])
    assert codes_as_text.codes[codes_as_text.place(1.0, 0.5)] == "10"


def test_not_a_number_and_endless_places_are_in_none():
    locator = Locator.build([box(-180, -90, 180, 90)], ["world"])
    odd = np.array([np.nan, np.inf, -np.inf, 0.0, 0.0, 0.0])
    assert locator.locate_many(odd, odd[::-1].copy()).tolist() == [-1] * 6
    assert locator.locate(math.nan, 0.0) is None
    assert locator.nearest(math.inf, 0.0) is None


def test_threads_change_nothing():
    rng = np.random.default_rng(8)
    parts = cells(rng, 300)
    locator = Locator.build(parts, shuffled_codes(rng, len(parts)))
    lon, lat = rng.random((2, 3 * POINTS_PER_TASK + 17))
    alone = locator.locate_many(lon, lat)
    assert (locator.locate_many(lon, lat, threads=2) == alone).all()
    assert (locator.locate_many(list(lon[:9]), lat[:9]) == alone[:9]).all()
    assert locator.locate_many([], []).shape == (0,)


@pytest.mark.parametrize("make", [lambda rng: cells(rng, 6000), lambda rng: stars(rng, 3000)])
def test_a_locator_is_the_same_to_the_last_byte_however_many_threads_build_it(make, monkeypatch):
    polygons = make(np.random.default_rng(3))
    codes = shuffled_codes(np.random.default_rng(4), len(polygons))
    many = Locator.build(polygons, codes)
    monkeypatch.setattr(index, "PARTS", 1)
    one = Locator.build(polygons, codes)
    for field in fields(one.index):
        np.testing.assert_array_equal(
            getattr(many.index, field.name), getattr(one.index, field.name)
        )
    assert many.overlaps == one.overlaps


def test_a_grid_line_on_a_border_is_moved_away():
    """A corner of the index's own grid on a border would make its sums doubtful."""
    rng = np.random.default_rng(1)
    frame = np.array([0.0, 0.0, 1.0, 1.0])
    cell = 1.0 / 2.5
    west, south = frame[0] - cell * OFFSETS[0][0], frame[1] - cell * OFFSETS[0][1]
    x, y = west + 2 * cell, south + 2 * cell
    parts = [
        Polygon([(0, 0), (1, 0), (1, y), (x, y), (0, y)]),
        Polygon([(0, y), (x, y), (1, y), (1, 1), (0, 1)]),
    ]
    assert_agrees(parts, ["a", "b"], hard_points(parts, rng, most=100))


def test_overlay_grids_are_named_and_the_lowest_code_answers():
    basic, school = box(0, 0, 10, 10), box(4, 4, 5, 5)
    above = Locator.build([basic, school], ["010", "001"])
    below = Locator.build([basic, school], ["010", "020"])
    assert above.overlaps == (("001", "010"),)
    assert below.overlaps == (("010", "020"),)
    assert above.codes[above.place(4.5, 4.5)] == "001"
    assert below.codes[below.place(4.5, 4.5)] == "010"


def test_equal_polygons_overlap():
    locator = Locator.build([box(0, 0, 1, 1)] * 3, ["c", "b", "a"])
    assert locator.overlaps == (("a", "b"), ("a", "c"), ("b", "c"))
    assert locator.place(0.5, 0.5) == 2


def test_a_hole_belongs_to_whoever_fills_it():
    ring = box(0, 0, 3, 3) - box(1, 1, 2, 2)
    alone, filled = Locator.build([ring], ["a"]), Locator.build([ring, box(1, 1, 2, 2)], ["b", "a"])
    assert alone.place(1.5, 1.5) == -1
    assert alone.place(1.0, 1.5) == 0
    assert filled.place(1.5, 1.5) == 1
    assert filled.place(1.0, 1.5) == 1
    assert filled.overlaps == ()


def test_height_is_ignored_and_parts_may_touch():
    two = MultiPolygon([box(0, 0, 1, 1), box(1, 1, 2, 2)])
    flat = Locator.build([shapely.force_3d(two, 7.0)], ["a"])
    assert flat.locate_many([0.5, 1.5, 1.0, 0.5], [0.5, 1.5, 1.0, 1.5]).tolist() == [0, 0, 0, -1]
