"""What the store alone can tell: levels, names of places, houses that came as polygons."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid
from gisgrid.files.columns import Mapping
from gisgrid.locate.addresses.place_names import names_within
from tests.support.factories import community_of, create_matter, create_plan, create_township
from tests.support.town_f import load_kind


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path


def write_geojson(path: Path, *features: tuple[dict[str, str], object]) -> Path:
    collection = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": properties,
                "geometry": json.loads(shapely.to_geojson(geometry)) if geometry else None,
            }
            for properties, geometry in features
        ],
    }
    return write(path, json.dumps(collection))


AREAS = ("code,level,name,parent", "C,county,县,", "T,township,镇,C")
COMMUNITY = Mapping(constants={"level": "community", "parent": "T"})


def test_a_county_and_township_without_polygons_take_those_of_their_children(
    session: Session, tmp_path: Path
):
    named = load_kind(session, "areas", write(tmp_path / "a.csv", *AREAS))
    assert (named.inserted, named.noted.counts()) == (2, {"area_derived": 2})
    box = shapely.box(120.9, 40.7, 120.91, 40.71)
    path = write_geojson(tmp_path / "c.geojson", ({"code": "1", "name": "甲社区"}, box))
    assert load_kind(session, "areas", path, mapping=COMMUNITY).inserted == 1
    geoms = session.execute(
        text("SELECT code, derived, ST_AsText(geom) FROM area WHERE level <> 'community'")
    ).all()
    assert len(geoms) == 2
    for _, derived, wkt in geoms:
        assert derived is True
        assert shapely.from_wkt(wkt).equals(box)
    # The names alone, once more, change nothing and take no polygon away.
    again = load_kind(session, "areas", tmp_path / "a.csv")
    assert (again.inserted, again.updated, again.run_id) == (0, 0, None)
    assert session.scalar(text("SELECT count(*) FROM area WHERE geom IS NULL")) == 0


def test_a_community_needs_a_polygon(session: Session, tmp_path: Path):
    path = write(tmp_path / "a.csv", *AREAS, "1,community,甲社区,T")
    report = load_kind(session, "areas", path)
    assert report.rejected.counts() == {"geometry_none": 1}
    assert report.inserted == 2


def test_an_area_does_not_change_its_level(session: Session, tmp_path: Path):
    load_kind(session, "areas", write(tmp_path / "a.csv", *AREAS, "T2,township,乡,C"))
    path = write(tmp_path / "b.csv", AREAS[0], "T2,county,乡,")
    assert load_kind(session, "areas", path).rejected.counts() == {"code_level": 1}


def test_a_major_matter_does_not_become_a_minor_one_of_itself(session: Session, tmp_path: Path):
    create_township(session, "a b")
    major = write(tmp_path / "major.csv", "code,name", "M1,环境", "M2,秩序")
    load_kind(session, "matters", major, version="1", since=date(2023, 1, 1))
    minor = write(tmp_path / "minor.csv", "code,name,parent", "M1,环境,M1", "m1,垃圾,M1")
    report = load_kind(session, "matters", minor, version="1")
    assert report.rejected.counts() == {"code_level": 1}
    assert report.inserted == 1
    upside = write(tmp_path / "upside.csv", "code,name,parent", "m1,垃圾,")
    assert load_kind(session, "matters", upside, version="1").rejected.counts() == {"code_level": 1}
    # A file without the column says nothing of the levels.
    silent = write(tmp_path / "silent.csv", "code,name", "m1,垃圾")
    assert load_kind(session, "matters", silent, version="1").run_id is None


def test_houses_that_come_as_polygons_stand_on_their_surface(session: Session, tmp_path: Path):
    made = create_township(session, "a b")
    create_plan(session, made, "a b")
    # Its centroid lies in the hollow, outside the polygon.
    hollow = shapely.from_wkt(
        "POLYGON((120.9002 40.7002, 120.9008 40.7002, 120.9008 40.7003, 120.9003 40.7003,"
        " 120.9003 40.7008, 120.9002 40.7008, 120.9002 40.7002))"
    )
    bow = shapely.from_wkt(
        "POLYGON((120.9011 40.7002, 120.9014 40.7005, 120.9014 40.7002, 120.9011 40.7005,"
        " 120.9011 40.7002))"
    )
    # A vertex twice on a spike: the repair takes nothing from the surface.
    spike = shapely.from_wkt(
        "POLYGON((120.9015 40.7002, 120.9018 40.7002, 120.9018 40.7005, 120.9018 40.7007,"
        " 120.9018 40.7005, 120.9015 40.7005, 120.9015 40.7002))"
    )
    line = shapely.LineString([(120.9005, 40.7005), (120.9006, 40.7005)])
    path = write_geojson(
        tmp_path / "h.geojson",
        *[
            ({"code": code, "address": f"学府路{code}号"}, geometry)
            for code, geometry in (
                ("1", hollow), ("2", bow), ("3", spike), ("4", line), ("5", None),
                ("6", shapely.Point(120.9005, 40.7005)),
            )
        ],
    )  # fmt: skip
    report = load_kind(session, "houses", path)
    assert dict(report.rejected.by_row()) == {
        3: [("geometry_invalid", "geometry")],
        5: [("geometry_type", "geometry")],
    }
    assert report.noted.counts() == {"geometry_repaired": 1, "polygon_point": 1, "unlocated": 1}
    points = dict(session.execute(text("SELECT code, ST_AsText(geom) FROM house")).all())
    assert hollow.contains(shapely.from_wkt(points["1"]))
    assert spike.buffer(0).contains(shapely.from_wkt(points["3"]))
    assert points["5"] is None


def test_an_event_is_no_polygon(session: Session, tmp_path: Path):
    made = create_township(session, "a b")
    create_matter(session, made, name="路灯")
    box = shapely.box(120.9002, 40.7002, 120.9008, 40.7008)
    row = {"code": "1", "matter": "路灯", "reported_at": "2023-05-01 09:00"}
    report = load_kind(session, "events", write_geojson(tmp_path / "e.geojson", (row, box)))
    assert report.rejected.counts() == {"geometry_type": 1}


def test_an_address_without_point_names_its_community(session: Session, tmp_path: Path):
    made = create_township(session, "a b")
    community_of(session, made).name = "西山社区"
    session.flush()
    create_plan(session, made, "a b")
    path = write(
        tmp_path / "h.csv",
        "code,address,community,lon,lat",
        "1,六街街道西山社區12号,,,",
        "2,北西山社区12号,,,",
        "3,六街街道西?社区12号,,,",
        "4,西山社区3号,,120.9015,40.7005",
        "5,西山社区3号,没有,,",
    )
    report = load_kind(session, "houses", path, crs="wgs84")
    told = [row for row, why in report.noted.by_row() if "community_from_address" in dict(why)]
    assert told == [2, 4]
    named = session.scalars(text("SELECT code FROM house WHERE community_id IS NOT NULL")).all()
    assert sorted(named) == ["1", "3"]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("甲镇东里社区", {2}),
        ("东里社区西里", {2, 3}),
        ("小东里社区", set()),
        ("", set()),
    ],
)
def test_the_longest_name_at_a_place_counts(address: str, found: set[int]):
    assert names_within(address, {"东里": 1, "东里社区": 2, "西里": 3}) == found


def test_a_file_of_communities_alone_says_what_it_lacks(session: Session, tmp_path: Path):
    with pytest.raises(Invalid, match="level"):
        load_kind(session, "areas", write(tmp_path / "a.csv", "code,name", "1,甲"))
