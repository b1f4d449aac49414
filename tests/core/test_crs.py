from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyproj
import pytest
import shapely

from gisgrid.core import crs, datums
from gisgrid.core.errors import Invalid, UndeclaredCrs
from tests.support.datums import wgs84_to_bd09


def _china(n: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    return rng.uniform(73.5, 134.5, n), rng.uniform(18.5, 53.0, n)


def test_gcj02_agrees_with_the_published_example():
    lon, lat = datums.wgs84_to_gcj02(121.5272106, 31.1774276)
    assert float(lon) == pytest.approx(121.531541859215, abs=1e-12)
    assert float(lat) == pytest.approx(31.17530398364597, abs=1e-12)


@pytest.mark.parametrize(
    ("forward", "back"),
    [
        (datums.wgs84_to_gcj02, datums.gcj02_to_wgs84),
        (datums.gcj02_to_bd09, datums.bd09_to_gcj02),
        (wgs84_to_bd09, datums.bd09_to_wgs84),
    ],
)
def test_the_inverse_is_exact_to_a_hundredth_of_a_micrometre(forward, back):
    lon, lat = _china()
    there = forward(lon, lat)
    again = forward(*back(*there))
    metres = np.hypot(again[0] - there[0], again[1] - there[1]) * 111_320
    assert metres.max() < 1e-8
    assert (np.hypot(there[0] - lon, there[1] - lat) * 111_320).min() > 10


def test_datums_leave_places_outside_china_and_nan_alone():
    lon, lat = np.array([-71.06, 8.54, np.nan, 120.9]), np.array([42.36, 47.37, 40.7, np.nan])
    for shift in (datums.wgs84_to_gcj02, datums.bd09_to_gcj02, datums.gcj02_to_wgs84):
        x, y = shift(lon, lat)
        np.testing.assert_array_equal(x, lon)
        np.testing.assert_array_equal(y, lat)


def test_the_shift_of_the_region_is_the_known_one():
    lon, lat = datums.wgs84_to_gcj02(120.84, 40.71)
    metres = np.hypot((lon - 120.84) * np.cos(np.radians(40.71)), lat - 40.71) * 111_320
    assert 440 < metres < 480


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("EPSG:2249", "crs", "EPSG:2249"),
        ("epsg:2056", "crs", "EPSG:2056"),
        ("4490", "crs", "EPSG:4490"),
        ("WGS84", "wgs84", "wgs84"),
        ("CGCS2000", "cgcs2000", "cgcs2000"),
        ("GCJ-02", "gcj02", "gcj02"),
        ("bd09", "bd09", "bd09"),
    ],
)
def test_a_declaration_is_parsed(text, kind, name):
    assert (crs.parse(text).kind, crs.parse(text).name) == (kind, name)


@pytest.mark.parametrize("text", ["", "Mars", "EPSG:1", "999999", "EPSG:5773"])
def test_what_is_no_coordinate_system_is_refused(text):
    with pytest.raises(Invalid, match="no coordinate system"):
        crs.parse(text)


def test_longitude_comes_first_even_for_epsg_4490():
    lon, lat = crs.to_lonlat([120.9], [40.7], crs.parse("EPSG:4490"))
    assert (lon[0], lat[0]) == (120.9, 40.7)


def test_projected_numbers_become_degrees_and_nan_stays():
    lon, lat = crs.to_lonlat([787723.0, np.nan], [2965812.0, 0.0], crs.parse("2249"))
    assert lon[0] == pytest.approx(-71.013, abs=1e-3)
    assert lat[0] == pytest.approx(42.385, abs=1e-3)
    assert np.isnan(lon[1])
    assert np.isnan(lat[1])


def test_a_height_is_dropped_and_none_stays_none():
    geometries = np.array([shapely.Point(121.5, 25.0, 9.0), None], dtype=object)
    flat = crs.geometries_to_lonlat(geometries, crs.parse("EPSG:4979"))
    assert not shapely.has_z(flat[0])
    assert flat[0].equals(shapely.Point(121.5, 25.0))
    assert flat[1] is None


def test_polygons_are_shifted_vertex_by_vertex():
    box = np.array([shapely.box(120.9, 40.7, 120.91, 40.71)], dtype=object)
    shifted = crs.geometries_to_lonlat(box, crs.parse("gcj02"))[0]
    lon, lat = datums.gcj02_to_wgs84(120.9, 40.7)
    assert (
        shapely.Point(float(lon), float(lat))
        .distance(shapely.points(shapely.get_coordinates(shifted)))
        .min()
        == 0
    )


def test_metric_and_back():
    point = np.array([shapely.Point(120.9, 40.7), None], dtype=object)
    there = crs.to_metric(point, 4549)
    assert there[0].x == pytest.approx(576_000, abs=2_000)
    back = crs.from_metric(there, 4549)
    assert back[0].equals_exact(point[0], 1e-9)
    x, y = crs.points_to_metric([120.9], [40.7], 4549)
    assert (x[0], y[0]) == pytest.approx((there[0].x, there[0].y))


@pytest.mark.parametrize(
    ("lon", "lat", "srid"),
    [(120.9, 40.7, 4549), (75.2, 39.0, 4534), (134.9, 48.0, 4554), (116.4, 39.9, 4548),
     (-71.06, 42.36, 32619), (8.54, 47.37, 32632), (151.2, -33.9, 32756)],
)  # fmt: skip
def test_the_metric_zone_is_the_nearest_one(lon, lat, srid):
    assert crs.default_metric_srid(lon, lat) == srid
    x, _ = crs.points_to_metric([lon], [lat], srid)
    assert abs(x[0] - 500_000) < 350_000


@pytest.mark.parametrize(
    ("x", "y", "candidate", "words"),
    [
        (120.9, 40.7, "gcj02", "degrees"),
        (40.7, 120.9, "wgs84", "latitude first"),
        (787_723, 2_965_812, "EPSG:2249", "Massachusetts"),
        (2_683_920, 1_245_604, "EPSG:2056", "LV95"),
        (40_507_000, 4_507_000, "EPSG:4528", "zone 40"),
        (21_500_000, 4_507_000, "EPSG:4499", "zone 21"),
        (507_000, 4_507_000, "EPSG:4549", "without its number"),
        (4_507_000, 507_000, "EPSG:4549", "north first"),
        (13_458_000, 4_968_000, "EPSG:3857", "Mercator"),
    ],
)
def test_undeclared_numbers_are_described(x, y, candidate, words):
    found = crs.hint([x, 0.0, np.nan], [y, 0.0, 1.0])
    assert candidate in found.candidates
    assert words in found.said.en
    assert any("\u4e00" <= c <= "\u9fff" for c in found.said.in_language("zh"))


def test_the_town_tells_the_zone():
    near = crs.hint([576_000], [4_507_000], near=(120.9, 40.7))
    assert near.candidates == ("EPSG:4549",)


def test_an_undeclared_file_is_refused_with_the_hint():
    with pytest.raises(UndeclaredCrs, match="EPSG:2249") as caught:
        crs.declare(None, None, [787_723], [2_965_812])
    assert caught.value.facts["candidates"] == ["EPSG:2249"]


def test_a_person_overrules_the_file_and_that_is_told():
    declared = crs.declare("gcj02", "EPSG:4326", [], [])
    assert (declared.kind, declared.overrides) == ("gcj02", "EPSG:4326")
    assert crs.declare(None, "EPSG:2056", [], []).name == "EPSG:2056"
    assert crs.declare("wgs84", "EPSG:4326", [], []).overrides is None


def test_one_point_comes_out_as_many_do():
    (x,), (y,) = crs.points_to_metric([120.9], [40.7], 4549)
    assert crs.point_to_metric(120.9, 40.7, 4549) == (x, y)
    assert crs.point_to_metric(np.nan, 40.7, 4549) is None
    assert crs.point_to_metric(120.9, 95.0, 4549) is None


@pytest.mark.parametrize("srid", [4549, 3826, 32619, 26986, 2326, 28992, 21781, 3857])
def test_the_road_kept_for_other_threads_gives_what_proj_gives(srid):
    peer = pyproj.Transformer.from_crs(4326, srid, always_xy=True)
    west, south, east, north = pyproj.CRS.from_epsg(srid).area_of_use.bounds
    rng = np.random.default_rng(srid)
    lon, lat = rng.uniform(west, east, 500), rng.uniform(south, north, 500)
    expected = peer.transform(lon, lat)
    with ThreadPoolExecutor(1) as other:
        got = other.submit(crs.points_to_metric, lon, lat, srid).result()
    np.testing.assert_array_equal(got, expected)


def test_a_new_thread_does_not_look_for_the_road_again():
    """Found once a process: 0.1 s of each thread's first answer, with a hundred threads in turn."""
    crs.point_to_metric(120.9, 40.7, 4549)
    kept = crs._transformer("EPSG:4326", "EPSG:4549")
    assert kept.source_crs is None and kept.target_crs is None  # made of steps, of no two systems
