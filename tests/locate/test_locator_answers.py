"""What else a locator says: distances, neighbours, refusals; and its file."""

import dataclasses

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, box

from gisgrid.core.errors import Invalid
from gisgrid.locate.locator import Located, Locator, Near
from tests.support.partitions import cells, shuffled_codes, stars


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


@pytest.mark.thorough
@settings(deadline=None)  # numba compiles within an example
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
        for verify in (False, True):
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
