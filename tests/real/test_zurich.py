"""Zurich: a projected coordinate system, and quarters without gap or overlap."""

from __future__ import annotations

import csv
import gzip
from datetime import date
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import UndeclaredCrs
from gisgrid.core.plans import plan_named, township
from gisgrid.files.columns import Mapping
from gisgrid.loading.load import LoadReport
from gisgrid.planning.review.publish import publish
from gisgrid.planning.settings.townships import change_township
from tests.support.cities import name_places, write_csv
from tests.support.town_f import load_kind

pytestmark = pytest.mark.real

COORDINATES = {"lon": "e", "lat": "n"}


def load_reports(session: Session, data: Path, crs: str | None = "EPSG:2056") -> LoadReport:
    return load_kind(
        session,
        "events",
        data / "zurich_reports_lv95.csv.gz",
        mapping=Mapping(columns=COORDINATES, crs=crs),
        code_from_row=True,
    )


@pytest.fixture(scope="module")
def zurich(empty: Session, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Quarters as communities and as grids, and the events; their report is in ``info``."""
    folder = tmp_path_factory.mktemp("zurich")
    name_places(empty, folder, "Kanton Zürich", "Zürich")
    quarters = data / "zurich_quarters_lv95.gpkg"
    constants = {"level": "community", "parent": "township"}
    areas = Mapping(columns={"code": "kuerzel"}, constants=constants)
    load_kind(empty, "areas", quarters, mapping=areas)
    change_township(empty, "township", ["time_zone=Europe/Zurich", "metric_srid=2056"])
    grids = Mapping(columns={"code": "kuerzel", "community": "name"})
    load_kind(empty, "grids", quarters, plan="2016", mapping=grids)
    publish(empty, plan_named(empty, township(empty).id, "2016").id, date(2016, 1, 1))
    kinds = sorted({row["service_code"] for row in rows(data)})
    matters = [("0", "Züri wie neu", "")] + [(str(i), k, "0") for i, k in enumerate(kinds, 1)]
    path = write_csv(folder / "matters.csv", "code,name,parent", matters)
    load_kind(empty, "matters", path, version="1", since=date(2016, 1, 1))
    with pytest.raises(UndeclaredCrs, match="EPSG:2056"):
        load_reports(empty, data, crs=None)
    empty.info["report"] = load_reports(empty, data)
    return empty


def rows(data: Path) -> list[dict[str, str]]:
    with gzip.open(data / "zurich_reports_lv95.csv.gz", "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_all_62245_events_lie_in_a_quarter(zurich: Session):
    report: LoadReport = zurich.info["report"]
    assert (report.read, report.inserted, report.rejected.counts()) == (62_245, 62_245, {})
    assert report.crs == "EPSG:2056"
    assert report.events is not None
    assert (report.events.attached, report.events.outside) == (62_245, 0)


def test_every_event_lies_in_just_one_quarter_by_brute_force(zurich: Session, data: Path):
    quarters = pyogrio.read_dataframe(data / "zurich_quarters_lv95.gpkg")
    metres = np.array([(float(row["e"]), float(row["n"])) for row in rows(data)])
    owners = np.zeros(len(metres), dtype=int)
    expected: dict[str, int] = {}
    for code, polygon in zip(quarters["kuerzel"], quarters.geometry, strict=True):
        shapely.prepare(polygon)
        covered = shapely.covers(polygon, shapely.points(metres))
        owners += covered
        expected[code] = int(covered.sum())
    assert owners.min() == owners.max() == 1
    counted = zurich.execute(
        text(
            "SELECT g.code, count(a.event_id) FROM grid g "
            "LEFT JOIN event_grid a ON a.grid_id = g.id GROUP BY g.code"
        )
    ).all()
    assert dict(counted) == expected


def test_no_event_lies_in_two_stored_grids(zurich: Session):
    """After the way to degrees and back no sliver came between the quarters."""
    twice = zurich.scalar(
        text(
            "SELECT count(*) FROM (SELECT e.id FROM grid g JOIN event e ON ST_Covers(g.geom, e.geom)"
            " GROUP BY e.id HAVING count(*) <> 1) n"
        )
    )
    assert twice == 0


def test_a_point_goes_to_degrees_and_back_within_two_millimetres(zurich: Session):
    worst = zurich.scalar(
        text(
            "SELECT max(ST_Distance(ST_Transform(geom, 2056), "
            "ST_SetSRID(ST_MakePoint(source_x, source_y), 2056))) FROM event"
        )
    )
    assert worst < 0.002


def test_quarters_keep_their_umlauts(zurich: Session):
    assert zurich.scalar(text("SELECT count(*) FROM area WHERE name = 'Höngg'")) == 1


def test_the_same_events_again_add_nothing(zurich: Session, data: Path):
    again = load_reports(zurich, data)
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 62_245)
