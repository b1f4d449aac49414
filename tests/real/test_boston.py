"""Boston: neighbourhoods, precincts without a declared CRS, addresses, a year of events."""

from __future__ import annotations

import csv
import gzip
from datetime import date
from pathlib import Path

import numpy as np
import openpyxl
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import UndeclaredCrs
from gisgrid.core.plans import plan_named, township
from gisgrid.files.rejects import write_rejects
from gisgrid.loading.load import LoadReport
from gisgrid.planning.attach.attach import counts
from gisgrid.planning.review.publish import publish
from gisgrid.planning.settings.townships import change_township
from tests.support.cities import NEIGHBOURHOODS, load_precincts, name_places, write_csv
from tests.support.town_f import load_kind

pytestmark = pytest.mark.real


def load_places(session: Session, data: Path) -> dict[str, LoadReport]:
    return {
        "houses": load_kind(session, "houses", data / "boston_addresses.csv.gz", crs="wgs84"),
        "events": load_kind(session, "events", data / "boston_311_2015.csv.gz", crs="wgs84"),
    }


@pytest.fixture(scope="module")
def events(data: Path) -> list[dict[str, str]]:
    """The rows of the file; row ``i`` is number ``i + 2``."""
    with gzip.open(data / "boston_311_2015.csv.gz", "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def boston(
    empty: Session,
    data: Path,
    events: list[dict[str, str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Session:
    """The city whole; the reports of its loads are in ``session.info``."""
    folder = tmp_path_factory.mktemp("boston")
    reports = {"named": name_places(empty, folder, "Suffolk", "Boston")}
    reports["areas"] = load_kind(
        empty, "areas", data / "boston_neighborhoods.geojson", mapping=NEIGHBOURHOODS
    )
    change_township(empty, "township", ["time_zone=America/New_York"])
    with pytest.raises(UndeclaredCrs) as refused:
        load_precincts(empty, data, crs=None)
    empty.info["hint"] = str(refused.value)
    reports["grids"] = load_precincts(empty, data, crs="EPSG:2249")
    publish(empty, plan_named(empty, township(empty).id, "2015").id, date(2015, 1, 1))
    reason_of = {row["TYPE"]: row["REASON"] for row in events}
    majors = {reason: f"R{i}" for i, reason in enumerate(sorted(set(reason_of.values())))}
    major = write_csv(folder / "major.csv", "code,name", [(c, r) for r, c in majors.items()])
    minor = write_csv(
        folder / "minor.csv",
        "code,name,parent",
        [(f"T{i}", kind, majors[reason_of[kind]]) for i, kind in enumerate(sorted(reason_of))],
    )
    reports["major"] = load_kind(empty, "matters", major, version="2015", since=date(2015, 1, 1))
    reports["minor"] = load_kind(empty, "matters", minor, version="2015")
    empty.info["reports"] = reports | load_places(empty, data)
    return empty


def test_areas_by_name_only_take_the_union_of_the_neighbourhoods(boston: Session):
    reports = boston.info["reports"]
    assert reports["named"].inserted == 2
    assert reports["named"].noted.counts() == {"area_derived": 2}
    assert reports["areas"].inserted == 26
    assert reports["areas"].noted.counts() == {"geometry_repaired": 4}
    same = boston.scalar(
        text(
            "SELECT ST_Equals(t.geom, (SELECT ST_Union(c.geom) FROM area c "
            "WHERE c.level = 'community')) AND ST_Equals(t.geom, c.geom) "
            "FROM area t, area c WHERE t.level = 'township' AND c.level = 'county'"
        )
    )
    assert same is True


def test_precincts_in_undeclared_feet_are_refused_and_the_hint_names_2249(boston: Session):
    assert "not declared" in boston.info["hint"]
    assert "EPSG:2249" in boston.info["hint"]


def test_declared_precincts_come_in_and_two_are_repaired(boston: Session):
    report = boston.info["reports"]["grids"]
    assert (report.inserted, report.rejected.counts()) == (255, {})
    assert report.crs == "EPSG:2249"
    assert report.noted.counts() == {"geometry_repaired": 2}


def test_46989_addresses_are_houses(boston: Session):
    report = boston.info["reports"]["houses"]
    assert (report.inserted, report.rejected.counts()) == (46_989, {})
    assert report.noted.counts()["placeholder"] == 2_498
    assert boston.scalar(text("SELECT count(*) FROM house WHERE code ~ '[.]'")) == 0
    assert report.houses is not None
    assert report.houses.loaded == 46_989


def test_the_catalogue_has_53_major_and_158_minor_matters(boston: Session):
    reports = boston.info["reports"]
    assert (reports["major"].inserted, reports["minor"].inserted) == (53, 158)
    assert reports["minor"].updated == 0
    assert boston.scalar(text("SELECT count(DISTINCT matter_id) FROM event")) == 158


def test_121145_events_are_kept_or_told(boston: Session):
    report = boston.info["reports"]["events"]
    assert report.read == 121_145
    assert report.rejected.counts() == {"closed_first": 197}
    assert report.inserted == 121_145 - 197


def test_17070_events_on_the_city_hall_default_are_not_attached(
    boston: Session, events: list[dict[str, str]]
):
    report = boston.info["reports"]["events"]
    default = {i for i, row in enumerate(events, 2) if row["Geocoded_Location"] == "(0, 0)"}
    assert len(default) == 17_070
    flagged = {row for row, reasons in report.noted.by_row() if "placeholder" in dict(reasons)}
    refused = set(report.rejected.rows().tolist())
    assert flagged == default - refused
    assert report.events is not None
    assert report.events.unlocated == len(flagged)
    attached = boston.scalar(
        text(
            "SELECT count(*) FROM event e JOIN event_grid a ON a.event_id = e.id "
            "WHERE e.location_status <> 'ok'"
        )
    )
    assert attached == 0


def test_of_the_rest_999_in_1000_get_a_precinct(boston: Session):
    found = boston.info["reports"]["events"].events
    assert found is not None
    assert found.attached / (found.attached + found.outside) >= 0.999
    plan = plan_named(boston, township(boston).id, "2015")
    assert counts(boston, plan.id, "event") == found
    assert found.loaded == 121_145 - 197


def test_precincts_agree_with_brute_force(boston: Session):
    grids = boston.execute(
        text('SELECT code, ST_AsBinary(geom) FROM grid ORDER BY code COLLATE "C"')
    ).all()
    rows = boston.execute(
        text(
            "SELECT ST_X(e.geom), ST_Y(e.geom), g.code FROM event e "
            "JOIN event_grid a ON a.event_id = e.id LEFT JOIN grid g ON g.id = a.grid_id"
        )
    ).all()
    points = shapely.points([(lon, lat) for lon, lat, _ in rows])
    owner = np.full(len(rows), None, dtype=object)
    for code, wkb in reversed(grids):
        polygon = shapely.from_wkb(bytes(wkb))
        shapely.prepare(polygon)
        owner[shapely.covers(polygon, points)] = code
    assert owner.tolist() == [code for _, _, code in rows]


def test_197_closed_before_opened_go_back_as_a_workbook(
    boston: Session, events: list[dict[str, str]], tmp_path: Path
):
    report = boston.info["reports"]["events"]
    path = tmp_path / "back.xlsx"
    written = write_rejects(report.table, report.rejected, report.noted, path)
    assert written.rejected == 197
    book = openpyxl.load_workbook(path, read_only=True)
    header, *rows = book.worksheets[0].iter_rows(values_only=True)
    n = len(report.table.columns)
    assert list(header[:n]) == list(events[0])
    assert len(rows) == 197
    for row in rows:
        source = events[int(row[n]) - 2]
        assert [cell or "" for cell in row[:n]] == list(source.values())
        assert "办结时间早于上报时间" in row[n + 1]
        assert "closed before it was reported" in row[n + 2]
    book.close()


def test_the_same_files_again_add_nothing(boston: Session, data: Path):
    for kind, report in load_places(boston, data).items():
        assert (report.inserted, report.updated, report.run_id) == (0, 0, None), kind
