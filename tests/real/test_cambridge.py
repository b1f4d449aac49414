"""Cambridge: parcels as houses, units as households, response districts within sectors."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from datetime import date
from pathlib import Path

import pyogrio
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.plans import plan_named, township
from gisgrid.files.columns import Mapping
from gisgrid.loading.load import LoadReport
from gisgrid.planning.review.publish import publish
from gisgrid.planning.settings.townships import change_township
from tests.support.cities import name_places
from tests.support.town_f import load_kind

pytestmark = pytest.mark.real

SECTORS = Mapping(
    layer="police_sectors",
    columns={"code": "SECTOR"},
    templates={"name": "Sector {SECTOR}"},
    constants={"level": "community", "parent": "township"},
)
DISTRICTS = Mapping(
    layer="police_response_districts", columns={"code": "CADRA", "community": "SECTOR"}
)
PARCELS = Mapping(layer="parcels", columns={"code": "ML"}, templates={"address": "{ML}"})
UNITS = Mapping(columns={"house": "ML"})


@pytest.fixture(scope="module")
def cambridge(empty: Session, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """The city whole; the reports of its loads are in ``session.info``."""
    name_places(empty, tmp_path_factory.mktemp("cambridge"), "Middlesex", "Cambridge")
    boundaries = data / "cambridge_boundaries.gpkg"
    reports: dict[str, LoadReport] = {
        "sectors": load_kind(empty, "areas", boundaries, mapping=SECTORS),
    }
    change_township(empty, "township", ["time_zone=America/New_York"])
    reports["districts"] = load_kind(empty, "grids", boundaries, plan="2014", mapping=DISTRICTS)
    publish(empty, plan_named(empty, township(empty).id, "2014").id, date(2014, 1, 1))
    reports["parcels"] = load_kind(empty, "houses", boundaries, mapping=PARCELS)
    reports["units"] = load_units(empty, data)
    empty.info["reports"] = reports
    return empty


def load_units(session: Session, data: Path) -> LoadReport:
    path = data / "cambridge_house_units.csv.gz"
    return load_kind(session, "households", path, mapping=UNITS, code_from_row=True)


def test_the_117_response_districts_nest_in_5_sectors(cambridge: Session):
    reports = cambridge.info["reports"]
    assert reports["sectors"].inserted == 5
    assert reports["districts"].inserted == 117
    assert reports["districts"].rejected.counts() == {}
    sectors = cambridge.execute(
        text(
            """
            SELECT a.code, ST_Area(ST_Transform(a.geom, t.metric_srid)) AS area_m2,
                   ST_Area(ST_SymDifference(ST_Transform(a.geom, t.metric_srid),
                       ST_Transform(ST_Union(g.geom), t.metric_srid))) AS differ_m2
            FROM area a JOIN grid g ON g.community_id = a.id
            JOIN township t ON t.area_id = a.parent_id GROUP BY a.id, t.metric_srid
            """
        )
    ).all()
    assert len(sectors) == 5
    for code, area_m2, differ_m2 in sectors:
        assert differ_m2 < 1e-5 * area_m2, code


def test_the_file_itself_nests_without_our_doing(data: Path):
    boundaries = data / "cambridge_boundaries.gpkg"
    districts = pyogrio.read_dataframe(boundaries, layer="police_response_districts").to_crs(32619)
    sectors = pyogrio.read_dataframe(boundaries, layer="police_sectors").to_crs(32619)
    for sector, polygon in zip(sectors["SECTOR"], sectors.geometry, strict=True):
        dissolved = shapely.union_all(districts.geometry[districts["SECTOR"] == sector].to_numpy())
        assert dissolved.symmetric_difference(polygon).area < 1e-5 * polygon.area


def test_37_invalid_parcels_are_repaired_or_refused_and_all_are_told(
    cambridge: Session, data: Path
):
    parcels = pyogrio.read_dataframe(data / "cambridge_boundaries.gpkg", layer="parcels")
    invalid = {i + 2 for i, good in enumerate(parcels.geometry.is_valid) if not good}
    assert len(invalid) == 37
    report = cambridge.info["reports"]["parcels"]
    told = {
        row
        for findings in (report.noted, report.rejected)
        for row, reasons in findings.by_row()
        if {code for code, _ in reasons} & {"geometry_repaired", "geometry_invalid"}
    }
    assert told <= invalid
    # A repaired row that goes for another reason as well is told with that one.
    assert invalid <= told | set(report.rejected.rows().tolist())


def test_every_parcel_is_a_house_or_told(cambridge: Session, data: Path):
    report = cambridge.info["reports"]["parcels"]
    assert report.read == 13_116
    assert report.inserted + len(report.rejected.rows()) == 13_116
    assert set(report.rejected.counts()) == {"code_twice", "geometry_invalid", "missing"}
    assert report.rejected.counts()["missing"] == 1
    assert report.noted.counts()["polygon_point"] == 1
    assert report.houses is not None
    assert report.houses.loaded == report.inserted
    assert report.houses.attached / report.inserted > 0.997


def test_a_house_stands_on_its_parcel(cambridge: Session, data: Path):
    parcels = pyogrio.read_dataframe(data / "cambridge_boundaries.gpkg", layer="parcels")
    first = parcels.dropna(subset="ML").drop_duplicates("ML").set_index("ML").geometry
    houses = cambridge.execute(
        text("SELECT code, ST_X(geom), ST_Y(geom) FROM house WHERE location_status = 'ok'")
    ).all()
    good = [(code, lon, lat) for code, lon, lat in houses if first[code].is_valid]
    assert len(good) > 12_900
    polygons = first[[code for code, _, _ in good]].to_numpy()
    points = shapely.points([(lon, lat) for _, lon, lat in good])
    # A point on the surface of a sliver may stand on its border within a rounding error.
    assert shapely.distance(polygons, points).max() < 1e-12


def test_27528_units_are_households_of_their_parcels(cambridge: Session, data: Path):
    report = cambridge.info["reports"]["units"]
    assert report.read == 27_528
    refused = report.rejected.counts()
    assert report.inserted + len(report.rejected.rows()) == 27_528
    assert set(refused) == {"missing", "unknown_house"}
    known = set(cambridge.scalars(text("SELECT code FROM house")))
    with gzip.open(data / "cambridge_house_units.csv.gz", "rt", encoding="utf-8") as file:
        units = Counter(row["ML"] for row in csv.DictReader(file))
    # Parcels that the city's own file does not have, and those refused above.
    assert refused["unknown_house"] + refused["missing"] == sum(
        n for ml, n in units.items() if ml not in known
    )
    assert report.inserted / 27_528 > 0.997
    code, most = units.most_common(1)[0]
    assert most == 438
    counted = text(
        "SELECT count(*) FROM household f JOIN house h ON h.id = f.house_id WHERE h.code = :code"
    )
    assert cambridge.scalar(counted, {"code": code}) == most


def test_the_same_units_again_add_nothing(cambridge: Session, data: Path):
    again = load_units(cambridge, data)
    assert (again.inserted, again.updated) == (0, 0)
