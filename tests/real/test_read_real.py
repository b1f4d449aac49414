"""Real municipal files, read and checked; GISGRID_REAL_DATA names their folder."""

import os
from pathlib import Path

import pytest

from gisgrid.core.crs import declare, parse
from gisgrid.core.errors import UndeclaredCrs
from gisgrid.files.columns import Mapping, resolve
from gisgrid.files.findings import Findings
from gisgrid.files.read import open_table
from gisgrid.files.rejects import write_rejects
from gisgrid.loading.checks import Checker, Context

pytestmark = pytest.mark.real

BOSTON = (-71.2, 42.2, -70.8, 42.45)


def opened(name, **how):
    return open_table(Path(os.environ["GISGRID_REAL_DATA"]) / name, **how)


def checked(table, kind, mapping=None, crs=None, **context):
    checker = Checker(
        resolve(kind, table.columns, mapping, has_geometry=table.has_geometry),
        Context(declared=parse(crs) if crs else None, **context),
    )
    good, rejected, noted = 0, Findings(), Findings()
    for chunk in table.chunks():
        found = checker.check(chunk)
        good += len(found.rows)
        rejected.extend(found.rejected.found)
        noted.extend(found.noted.found)
    return good, rejected, noted


def test_boston_precincts_are_refused_with_the_hint_and_loaded_when_declared():
    table = opened("boston_precincts.geojson")
    assert table.crs is None
    west, south, east, north = table.bounds
    with pytest.raises(UndeclaredCrs, match="EPSG:2249"):
        declare(None, table.crs, [west, east], [south, north])
    good, rejected, noted = checked(
        table, "grids", Mapping(columns={"code": "WARD_PRECINCT"}), "EPSG:2249", bounds=BOSTON
    )
    assert (good, rejected.counts(), noted.counts()) == (255, {}, {"geometry_repaired": 2})


def test_four_boston_neighbourhoods_are_repaired():
    mapping = Mapping(columns={"code": "cartodb_id"})
    table = opened("boston_neighborhoods.geojson")
    good, rejected, noted = checked(table, "grids", mapping, table.crs, bounds=BOSTON)
    assert (good, rejected.counts(), noted.counts()) == (26, {}, {"geometry_repaired": 4})


def test_boston_events():
    table = opened("boston_311_2015.csv.gz")
    good, rejected, noted = checked(
        table, "events", None, "wgs84", time_zone="America/New_York", bounds=BOSTON
    )
    assert rejected.counts() == {"closed_first": 197}
    assert good + 197 == 121_145
    # Six of the 17,070 on the default spot were also closed before they were opened.
    assert noted.counts() == {"placeholder": 17_064}


def test_boston_addresses_carry_codes_written_as_numbers():
    table = opened("boston_addresses.csv.gz")
    good, rejected, noted = checked(table, "houses", None, "wgs84", bounds=BOSTON)
    assert (good, rejected.counts()) == (46_989, {})
    assert next(noted.by_row()) == (1, [("float_repaired", "code")])


def test_every_invalid_cambridge_parcel_is_told():
    table = opened("cambridge_boundaries.gpkg", layer="parcels")
    good, rejected, noted = checked(table, "grids", Mapping(templates={"code": "{#}"}), table.crs)
    told = noted.counts()["geometry_repaired"] + rejected.counts()["geometry_invalid"]
    assert told == 37
    assert good == 13_116 - len(rejected.rows())


def test_taipei_villages_and_plates():
    mapping = Mapping(
        columns={"code": "VILLCODE", "name": "VILLNAME", "parent": "TOWNCODE"},
        constants={"level": "community"},
    )
    villages = opened("taipei_villages.geojson")
    good, rejected, noted = checked(villages, "areas", mapping, villages.crs)
    assert (good, rejected.counts(), noted.counts()) == (456, {}, {"geometry_repaired": 1})
    plates = Mapping(templates={"community": "{行政區}{里}", "code": "{#}"})
    good, rejected, noted = checked(opened("taipei_addresses.csv.gz"), "houses", plates)
    assert (good, rejected.counts()) == (192_503, {})
    assert noted.counts()["mojibake_told"] > 0


def test_the_damaged_taipei_month_gives_its_shifted_rows_back(tmp_path):
    table = opened("taipei_1999_202411_damaged.csv.gz")
    good, rejected, noted = checked(table, "events", time_zone="Asia/Taipei")
    assert rejected.counts() == {"time": 386}
    assert good == 16_911 - 386
    written = write_rejects(table, rejected, noted, tmp_path / "back.xlsx")
    assert written.rejected == 386
    back = next(open_table(tmp_path / "back.xlsx").chunks())
    assert len(back) == 386
    assert back["立案日期"].str.contains("號").any()


def test_taipei_cells_lose_their_height():
    table = opened("taipei_daan_stat_cells.geojson")
    good, rejected, _ = checked(table, "grids", Mapping(columns={"code": "CODEBASE"}), table.crs)
    assert (good, rejected.counts()) == (1_270, {})


def test_zurich_metres():
    mapping = Mapping(columns={"lon": "e", "lat": "n"}, templates={"code": "{#}"})
    table = opened("zurich_reports_lv95.csv.gz")
    good, rejected, noted = checked(
        table,
        "events",
        mapping,
        "EPSG:2056",
        time_zone="Europe/Zurich",
        bounds=(8.44, 47.32, 8.63, 47.44),
    )
    assert (good, rejected.counts(), noted.counts()) == (62_245, {}, {})
    assert opened("zurich_quarters_lv95.gpkg").crs == "EPSG:2056"
