"""Coordinates and geometries as people write them into tables: in one cell, in degrees, as WKT."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.coordinates import angle, pair
from gisgrid.core.errors import Invalid
from gisgrid.files.columns import Mapping
from tests.support.sent_files import CELLS, X, Y, houses, spots, town_of_two_grids, write
from tests.support.town_f import load_kind


@pytest.fixture
def place(session: Session) -> Session:
    return town_of_two_grids(session)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("40°42'11\"N", 40.70305555555556),
        ("40度42分11秒", 40.70305555555556),
        ("北纬40°42′11″", 40.70305555555556),
        ("N 40°42.1833'", 40.703055),
        ("40º 42' 11.0'' N", 40.70305555555556),
        ("40:42:11", 40.70305555555556),
        ("70°30'W", -70.5),
        ("-70°30'", -70.5),
    ],
)
def test_degrees_minutes_and_seconds_are_numbers(written: str, value: float):
    assert angle(written) == pytest.approx(value)


@pytest.mark.parametrize(
    "written", ["40°72'", "40°42'75\"", "40.5°30'", "4号", "N40°S", "", "1" * 500]
)
def test_what_is_no_angle_is_none(written: str):
    assert angle(written) != angle(written)


def test_columns_of_degrees_minutes_and_seconds_load(place: Session, tmp_path: Path):
    path = write(
        tmp_path / "h.csv", "编码,地址,经度,纬度", "H1,虚构路1号,120°54'1.8\"E,40度42分1.8秒",
        "H2,虚构路2号,120°74'1.8\"E,40°42'1.8\"N",
    )  # fmt: skip
    report = houses(place, path)
    assert report.rejected.counts() == {"not_a_number": 1}
    assert spots(place)["H1"] == pytest.approx((120.9005, 40.7005))


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("经纬度", (f"{X},{Y}",)),
        ("坐标", (f"({X}，{Y})",)),
        ("lat,lng", (f"{Y}, {X}",)),
        ("坐标", (f"{Y} {X}",)),
        ("gps", (f"{Y} {X} 12.5 4.8",)),
        ("坐标", (f"lat {Y}, lon {X}",)),
        ("coordinates", (f"{Y}N {X}E",)),
        ("经纬度", (f"{X};{Y}",)),
        ("坐标位置", (f"POINT ({X} {Y})",)),
    ],
)
def test_both_coordinates_in_one_cell_in_any_order(
    place: Session, tmp_path: Path, header: str, cells: tuple[str, ...]
):
    lines = [f'H{n},虚构路{n}号,"{cell}"' for n, cell in enumerate(cells, start=1)]
    report = houses(place, write(tmp_path / "h.csv", f'编码,地址,"{header}"', *lines))
    assert report.rejected.counts() == {}
    assert spots(place) == {"H1": (X, Y)}
    assert header in report.decided["geometry"]


def test_a_cell_that_holds_no_pair_is_refused_and_not_left_out(place: Session, tmp_path: Path):
    path = write(
        tmp_path / "h.csv",
        "编码,地址,经纬度",
        f'H1,虚构路1号,"{X},{Y}"',
        "H2,虚构路2号,学校旁",
        "H3,虚构路3号,",
        '"H4",虚构路4号,"0,0"',
    )
    report = houses(place, path)
    assert dict(report.rejected.by_row()) == {3: [("not_a_number", "lon, lat")]}
    assert report.noted.counts() == {"unlocated": 1, "placeholder": 1}


def test_declared_coordinates_that_no_column_holds_are_a_slip(place: Session, tmp_path: Path):
    path = write(tmp_path / "h.csv", "编码,地址,位置", f'H1,虚构路1号,"{X},{Y}"')
    with pytest.raises(
        Invalid, match=r"no column of h\.csv holds coordinates; its columns are: 编码, 地址, 位置"
    ) as caught:
        houses(place, path)
    assert "--column lon" in caught.value.at_terminal("zh")
    renamed = Mapping(crs="wgs84", columns={"geocoded": "位置"})
    assert load_kind(place, "houses", path, mapping=renamed).inserted == 1


def test_ordinary_addresses_are_no_coordinates():
    for words in (
        "康成街9号",
        "12号楼 3单元",
        "3, 幸福里",
        "1-2",
        "2023-05-01",
        "12,13,14,15,16",
        "N座",
        "E 12",
    ):
        assert pair(words) is None, words


@pytest.mark.parametrize("form", ["wkt", "ewkt", "wkb", "geojson"])
def test_geometry_in_a_column_of_text(place: Session, tmp_path: Path, form: str):
    shapes = {
        "wkt": lambda g: shapely.to_wkt(g, rounding_precision=-1),
        "ewkt": lambda g: f"SRID=4326;{shapely.to_wkt(g, rounding_precision=-1)}",
        "wkb": lambda g: shapely.to_wkb(g, hex=True),
        "geojson": shapely.to_geojson,
    }[form]
    made = openpyxl.Workbook()
    for row in (
        ["编码", "geom"],
        *[[code, shapes(shape)] for code, shape in CELLS.items()],
        ["c", "多边形"],
    ):
        made.worksheets[0].append(row)
    made.save(tmp_path / "g.xlsx")
    datum = None if form == "ewkt" else "wgs84"
    report = load_kind(place, "grids", tmp_path / "g.xlsx", crs=datum, plan="草案")
    assert dict(report.rejected.by_row()) == {4: [("geometry_text", "geometry")]}
    same = place.scalar(text("SELECT bool_and(ST_Equals(n.geom, o.geom)) FROM grid n JOIN grid o ON o.code = n.code AND o.plan_id < n.plan_id"))  # fmt: skip
    assert (report.inserted, same) == (2, True)
    assert report.unused == ()


def test_an_open_ring_is_closed_and_told(place: Session, tmp_path: Path):
    ring = list(CELLS["a"].exterior.coords)[:-1]
    wkt = "POLYGON((" + ", ".join(f"{x!r} {y!r}" for x, y in ring) + "))"
    path = write(tmp_path / "g.csv", "code,wkt", f'a,"{wkt}"')
    report = load_kind(place, "grids", path, crs="wgs84", plan="草案")
    assert (report.inserted, report.noted.counts()) == (1, {"ring_closed": 1})
