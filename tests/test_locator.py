"""The locator says what Shapely says, on every point, however the polygons lie."""

import dataclasses
import math

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, affinity, box

from gisgrid.errors import Invalid
from gisgrid.locate.index import OFFSETS
from gisgrid.locate.locator import POINTS_PER_TASK, Located, Locator, Near

slow_first_call = settings(deadline=None, max_examples=100)  # numba compiles within an example


def truth(polygons, codes, lon, lat):
    """Place of the lowest code among the polygons that cover each point; -1 if none does."""
    out = np.full(len(lon), -1)
    finite = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
    points = shapely.points(lon[finite], lat[finite])
    tree = shapely.STRtree(points)
    for g in sorted(range(len(codes)), key=lambda g: codes[g], reverse=True):
        near = tree.query(polygons[g])
        near = near[shapely.covers(polygons[g], points[near])]
        out[finite[near]] = g
    return out


def hard_points(polygons, rng, *, most=4000):
    """Vertices, places on edges, and what lies one rounding or a little more beside them."""
    xy = shapely.get_coordinates(polygons)
    west, south, east, north = shapely.total_bounds(polygons)
    span = np.array([east - west, north - south])
    if len(xy) > most:
        xy = xy[np.sort(rng.choice(len(xy) - 1, most, replace=False))]
    a, b = xy[:-1], xy[1:]
    on = a + (b - a) * rng.random((len(a), 1))
    beside = [on + span * size * rng.normal(size=on.shape) for size in 10.0 ** np.arange(-16, -1)]
    ulp = [np.nextafter(p, p + rng.choice([-1.0, 1.0], p.shape)) for p in (a, (a + b) / 2, on)]
    level = np.column_stack([a[:, 0] + span[0] * rng.normal(size=len(a)) * 0.1, a[:, 1]])
    upright = np.column_stack([a[:, 0], a[:, 1] + span[1] * rng.normal(size=len(a)) * 0.1])
    anywhere = [west, south] - 0.1 * span + 1.2 * span * rng.random((most, 2))
    odd = [[np.nan, south], [west, np.nan], [np.inf, south], [west, -np.inf], [np.nan, np.inf]]
    odd += [[1e300, south], [west, -1e300], [west, south], [east, north]]
    return np.concatenate([xy, (a + b) / 2, on, *beside, *ulp, level, upright, anywhere, odd])


def assert_agrees(polygons, codes, points):
    locator = Locator.build(polygons, codes)
    lon, lat = points[:, 0].copy(), points[:, 1].copy()
    expected = truth(polygons, codes, lon, lat)
    found = locator.locate_many(lon, lat)
    wrong = np.flatnonzero(found != expected)
    assert wrong.size == 0, [(points[i].tolist(), found[i], expected[i]) for i in wrong[:3]]
    some = slice(None, None, max(1, len(lon) // 300))
    singles = [locator.place(x, y) for x, y in points[some].tolist()]
    assert singles == expected[some].tolist()
    return locator


def cells(rng, count, extent=(0.0, 0.0, 1.0, 1.0)):
    """A partition of a frame into ``count`` convex polygons, neighbours sharing vertices."""
    if count == 1:
        return [box(*extent)]
    west, south, east, north = extent
    seeds = rng.random((count, 2)) * [east - west, north - south] + [west, south]
    parts = shapely.voronoi_polygons(shapely.MultiPoint(seeds), extend_to=box(*extent))
    return [part for part in parts.geoms if part.area > 0]


def splits(rng, rounds, angle):
    """A partition by straight cuts at an angle: borders meet in T, with vertices of one side only."""
    parts = [box(0, 0, 1, 1)]
    for _ in range(rounds):
        part = parts.pop(int(rng.integers(len(parts))))
        west, south, east, north = part.bounds
        if rng.random() < 0.5:
            cut = west + (east - west) * rng.uniform(0.2, 0.8)
            parts += [box(west, south, cut, north), box(cut, south, east, north)]
        else:
            cut = south + (north - south) * rng.uniform(0.2, 0.8)
            parts += [box(west, south, east, cut), box(west, cut, east, north)]
    return [affinity.rotate(part, angle, origin=(0.3, 0.4)) for part in parts]


def stars(rng, count, *, radius=0.3):
    """Spiked polygons that lie over each other."""
    out = []
    for _ in range(count):
        n = int(rng.integers(3, 30))
        turn = np.sort(rng.random(n)) * 2 * np.pi
        reach = radius * rng.uniform(0.05, 1.0, n)
        ring = np.column_stack([np.cos(turn), np.sin(turn)]) * reach[:, None] + rng.random(2)
        star = Polygon(ring)
        if star.is_valid and star.area > 0:
            out.append(star)
    return out


def shuffled_codes(rng, count):
    return [f"g{number:06d}" for number in rng.permutation(count)]


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


@pytest.mark.parametrize("count", [1, 2, 1000, 20_000])
def test_many_polygons(count):
    rng = np.random.default_rng(count)
    parts = cells(rng, count, (120.7, 40.6, 121.1, 40.9))
    assert_agrees(parts, shuffled_codes(rng, len(parts)), hard_points(parts, rng))


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


@pytest.mark.parametrize("count", [200, 3000])
def test_heavy_overlaps(count):
    rng = np.random.default_rng(count)
    corner, size = rng.random((count, 2)), rng.uniform(0.01, 0.3, (count, 2))
    parts = shapely.box(*corner.T, *(corner + size).T)
    locator = assert_agrees(parts, shuffled_codes(rng, count), hard_points(parts, rng, most=1000))
    assert len(locator.overlaps) > count


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


def test_border_and_neighbours_in_metres():
    geod = pyproj.Geod(ellps="WGS84")
    lon, lat = 120.83, 40.75
    east, _, _ = geod.fwd(lon, lat, 90, 6.0)
    north = geod.fwd(lon, lat, 0, 11.0)[1]
    far = geod.fwd(lon, lat, 270, 200.0)[0]
    parts = [box(far, 40.7, east, north), box(east, 40.7, 120.9, 40.8), box(far, north, east, 40.8)]
    found = Locator.build(parts, ["010", "020", "030"]).locate(lon, lat)
    assert found is not None
    assert found.code == "010"
    assert found.border_m == pytest.approx(6.0, abs=0.001)
    assert [near.code for near in found.other] == ["020", "030"]
    assert found.other[1].distance_m == pytest.approx(11.0, abs=0.001)
    nearer = Locator.build(parts, ["010", "020", "030"]).locate(lon, lat, within_m=7)
    assert nearer is not None
    assert [near.code for near in nearer.other] == ["020"]


@slow_first_call
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 60))
def test_distances_are_those_of_shapely(seed, count):
    rng = np.random.default_rng(seed)
    parts = [*cells(rng, count, (0, 0, 1000, 800)), *stars(rng, 3, radius=300)]
    parts = np.array([shapely.segmentize(part, rng.uniform(1, 500)) for part in parts])
    codes = shuffled_codes(rng, len(parts))
    locator = Locator.build(parts, codes, unit="metre")
    for x, y in rng.random((20, 2)) * [1400, 1200] - 200:
        point = shapely.Point(x, y)
        away = shapely.distance(parts, point)
        nearest = locator.nearest(x, y)
        assert nearest is not None
        assert nearest.distance_m == pytest.approx(away.min(), abs=1e-9)
        found = locator.locate(x, y, within_m=50)
        assert (found is None) == (away.min() > 0)
        if found is not None:
            own = parts[codes.index(found.code)]
            assert found.border_m == pytest.approx(own.boundary.distance(point), abs=1e-9)
            others = sorted(
                (d, c) for d, c in zip(away, codes, strict=True) if d <= 50 and c != found.code
            )
            assert [near.code for near in found.other] == [code for _, code in others]
            assert [near.distance_m for near in found.other] == pytest.approx(
                [d for d, _ in others]
            )


def test_located_is_frozen():
    found = Locator.build([box(0, 0, 1, 1)], ["a"]).locate(0.5, 0.5)
    assert isinstance(found, Located)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.code = "b"  # type: ignore[misc]


def test_a_plan_without_grids_answers_none():
    locator = Locator.build([], [])
    assert locator.locate_many([0.5, 3.0], [0.5, 3.0]).tolist() == [-1, -1]
    assert locator.locate(0.5, 0.5) is None
    assert locator.nearest(0.5, 0.5) is None
    assert locator.near(0.5, 0.5, within_m=1e9) == ()


def test_the_nearest_grid_outside_all():
    locator = Locator.build([box(0, 0, 1, 1), box(5, 0, 6, 1)], ["a", "b"], unit="metre")
    assert locator.nearest(2, 0.5) == Near("a", 1.0)
    assert locator.nearest(3, 0.5) == Near("a", 2.0)  # as far from both
    assert locator.nearest(0.5, 0.5) == ("a", 0.0)
    assert locator.nearest(-1e6, 0.5) == ("a", 1e6)


@pytest.mark.parametrize(
    ("polygons", "codes", "word"),
    [
        ([box(0, 0, 1, 1)], ["a", "b"], "2 codes"),
        ([box(0, 0, 1, 1), box(1, 0, 2, 1)], ["a", "a"], "Code a"),
        ([Polygon()], ["a"], "Grid a"),
        ([None], ["a"], "Grid a"),
        ([shapely.Point(0, 0)], ["a"], "Grid a"),
        ([Polygon([(0, 0), (1, 0), (1, np.inf), (0, 1)])], ["a"], "finite"),
        ([Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])], ["a"], "crosses itself"),
    ],
)
def test_what_cannot_be_indexed_is_refused(polygons, codes, word):
    with pytest.raises(Invalid, match=word):
        Locator.build(polygons, codes)


def test_points_must_come_in_pairs():
    with pytest.raises(Invalid):
        Locator.build([box(0, 0, 1, 1)], ["a"]).locate_many([0.5, 0.6], [0.5])


@pytest.fixture
def saved(tmp_path):
    rng = np.random.default_rng(4)
    parts = [*cells(rng, 200), box(0.4, 0.4, 0.5, 0.5)]
    locator = Locator.build(parts, [f"网格{i:03d}" for i in rng.permutation(len(parts))])
    path = tmp_path / "plan.locator"
    locator.save(path)
    return locator, path


def test_a_saved_locator_answers_the_same(saved):
    locator, path = saved
    again = Locator.load(path)
    rng = np.random.default_rng(6)
    lon, lat = rng.random((2, 5000)) * 1.2 - 0.1
    assert (again.locate_many(lon, lat) == locator.locate_many(lon, lat)).all()
    assert again.codes == locator.codes
    assert again.overlaps == locator.overlaps != ()
    assert again.locate(0.45, 0.45) == locator.locate(0.45, 0.45)
    assert again.nearest(2.0, 2.0) == locator.nearest(2.0, 2.0)
    assert again.unit == locator.unit


def test_saving_over_an_open_locator_leaves_it_as_it_was(saved):
    locator, path = saved
    before = Locator.load(path)
    Locator.build([box(0, 0, 1, 1)], ["other"]).save(path)
    assert before.locate(0.45, 0.45) == locator.locate(0.45, 0.45)
    assert Locator.load(path).codes == ("other",)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_an_empty_locator_is_saved_too(tmp_path):
    Locator.build([], []).save(tmp_path / "none")
    assert Locator.load(tmp_path / "none").place(0.0, 0.0) == -1


def test_a_foreign_or_short_file_is_refused(tmp_path, saved):
    _, path = saved
    whole = path.read_bytes()
    other = tmp_path / "other"
    for content in (
        b"",
        b"GISG",
        b"PK\x03\x04" * 100,
        whole[:40],
        whole[:-1],
        whole + b"\0",
        whole[: len(whole) // 2],
    ):
        other.write_bytes(content)
        for verify in (None, False, True):
            with pytest.raises(Invalid, match="other"):
                Locator.load(other, verify=verify)


@pytest.mark.parametrize("where", [0.0, 0.01, 0.2, 0.5, 0.8, 0.999])
def test_a_flipped_bit_is_noticed(saved, where):
    _, path = saved
    content = bytearray(path.read_bytes())
    content[int(where * len(content))] ^= 4
    path.write_bytes(content)
    with pytest.raises(Invalid, match="locator"):
        Locator.load(path)


def test_a_failed_save_leaves_nothing_behind(saved, monkeypatch):
    locator, path = saved
    before = path.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("gisgrid.locate.store.os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        locator.save(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
