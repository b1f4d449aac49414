"""Nothing moves to another parent in silence, and a township's own codes are its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.areas import area_coded
from gisgrid.core.errors import Invalid, NotFound
from gisgrid.loading.load import LoadReport
from gisgrid.people.accounts import add_account
from gisgrid.people.appointments import appoint
from tests.support.factories import community_of, create_area, create_plan, create_township
from tests.support.loads import put, town
from tests.support.sketch import sketch
from tests.support.town_f import FIRST_DAY, load_kind

WEST = shapely.box(120.9, 40.7, 120.91, 40.71)
EAST = shapely.box(120.91, 40.7, 120.92, 40.71)
TREE = "code,level,name,parent", "C,county,县,", "T1,township,甲镇,C", "T2,township,乙镇,C"


def areas(session: Session, folder: Path, *rows: tuple[str, str, Any], **more: Any) -> LoadReport:
    """Communities: code, code of the township, polygon."""
    features = [
        {"type": "Feature", "geometry": json.loads(shapely.to_geojson(shape)),
         "properties": {"code": code, "level": "community", "name": f"{code}社区", "parent": parent}}
        for code, parent, shape in rows
    ]  # fmt: skip
    path = folder / "areas.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return load_kind(session, "areas", path, **more)


def tree(session: Session, folder: Path, *lines: str) -> None:
    path = folder / "tree.csv"
    path.write_text("\n".join((*TREE, *lines)) + "\n", "utf-8")
    load_kind(session, "areas", path)


def below(session: Session) -> list[tuple[str, str, str]]:
    return [
        tuple(row)
        for row in session.execute(
            text(
                "SELECT up.code, a.code, ST_AsText(a.geom) FROM area a JOIN area up ON up.id = a.parent_id "
                "WHERE a.level = 'community' ORDER BY 1, 2"
            )
        )
    ]


def test_two_townships_may_use_the_same_local_codes(session: Session, tmp_path: Path):
    tree(session, tmp_path)
    areas(session, tmp_path, ("1", "T1", WEST), ("2", "T1", WEST))
    first = below(session)
    report = areas(session, tmp_path, ("1", "T2", EAST), ("2", "T2", EAST), ("3", "T2", EAST))
    assert (report.inserted, report.updated, report.rejected.counts()) == (3, 0, {})
    assert below(session)[:2] == first
    assert [(up, code) for up, code, _ in below(session)[2:]] == [("T2", c) for c in "123"]
    # Both in one file, and again.
    both = (("1", "T1", WEST), ("2", "T1", WEST), ("1", "T2", EAST), ("2", "T2", EAST))
    assert areas(session, tmp_path, *both).run_id is None
    twice = areas(session, tmp_path, *both, ("1", "T2", WEST))
    assert twice.rejected.counts() == {"code_twice": 1}
    # Each township's houses find their own.
    for code, shape in (("T1", WEST), ("T2", EAST)):
        x, y = shape.centroid.coords[0]
        path = tmp_path / "h.csv"
        path.write_text(f"code,address,community,lon,lat\nH1,虚构路1号,1,{x},{y}\n", "utf-8")
        assert load_kind(session, "houses", path, crs="wgs84", township=code).inserted == 1
    found = session.execute(
        text(
            "SELECT up.code FROM house h JOIN area a ON a.id = h.community_id "
            "JOIN area up ON up.id = a.parent_id AND up.id = h.township_id ORDER BY 1"
        )
    )
    assert [row.code for row in found] == ["T1", "T2"]


def test_a_code_of_the_whole_country_is_there_once(session: Session, tmp_path: Path):
    tree(session, tmp_path)
    areas(session, tmp_path, ("999901001201", "T1", WEST))
    before = below(session)
    report = areas(session, tmp_path, ("999901001201", "T2", EAST), ("999901001202", "T2", EAST))
    assert dict(report.rejected.by_row()) == {2: [("moved", "parent")]}
    assert report.inserted == 1
    assert below(session)[0] == before[0]
    moved = areas(session, tmp_path, ("999901001201", "T2", EAST), move=True)
    assert (moved.updated, moved.rejected.counts()) == (1, {})
    assert [row[:2] for row in below(session)] == [("T2", "999901001201"), ("T2", "999901001202")]
    twice = areas(session, tmp_path, ("999901001209", "T1", WEST), ("999901001209", "T2", EAST))
    assert twice.rejected.counts() == {"code_twice": 1}


def test_a_township_does_not_change_its_county_unasked(session: Session, tmp_path: Path):
    tree(session, tmp_path, "D,county,另县,")
    path = tmp_path / "t.csv"
    path.write_text(f"{TREE[0]}\nT1,township,甲镇,D\n", "utf-8")
    assert load_kind(session, "areas", path).rejected.counts() == {"moved": 1}
    assert load_kind(session, "areas", path, move=True).updated == 1


def test_a_community_bears_no_township_s_code(session: Session, tmp_path: Path):
    tree(session, tmp_path)
    report = areas(session, tmp_path, ("T2", "T1", WEST), ("C", "T2", WEST))
    assert report.rejected.counts() == {"code_level": 2}
    path = tmp_path / "t.csv"
    path.write_text(
        f"{TREE[0]}\nT9,township,丙镇,C\nT9,county,丁县,\nT8,township,戊镇,T9\n", "utf-8"
    )
    report = load_kind(session, "areas", path)
    assert dict(report.rejected.by_row()) == {
        3: [("code_twice", "code")],
        4: [("unknown_parent", "parent")],
    }


def test_a_code_that_several_townships_have_asks_for_the_township(session: Session, tmp_path: Path):
    tree(session, tmp_path)
    areas(session, tmp_path, ("1", "T1", WEST), ("1", "T2", EAST), ("2", "T2", EAST))
    with pytest.raises(Invalid, match="T1/1, T2/1"):
        area_coded(session, "1")
    assert area_coded(session, "T2/1").above == "T2"
    assert area_coded(session, "2").above == "T2"
    for none in ("3", "T1/2", "T3/1", "/1"):
        with pytest.raises(NotFound):
            area_coded(session, none)
    add_account(session, "zhang", "测试员")
    with pytest.raises(Invalid, match="T2/1"):
        appoint(session, "zhang", "community_clerk", area="1", since=FIRST_DAY)
    assert (
        appoint(session, "zhang", "community_clerk", area="T2/1", since=FIRST_DAY).area_code == "1"
    )


@pytest.mark.parametrize(
    ("kind", "row", "column"),
    [
        ("houses", {"code": "H1", "address": "虚构路1号", "community": "C2"}, "community"),
        ("households", {"code": "F1", "house": "H2"}, "house"),
        ("residents", {"code": "R1", "household": "F2", "name": "测试甲"}, "household"),
    ],
)
def test_nothing_of_the_register_moves_unasked(
    session: Session, tmp_path: Path, kind: str, row: dict[str, str], column: str
):
    town(session, tmp_path)
    parent = session.scalar(text("SELECT parent_id FROM area WHERE code = 'C1'"))
    create_area(session, "community", sketch("a b")["b"], code="C2", parent_id=parent)
    put(session, "houses", tmp_path, {"code": "H2", "address": "虚构路2号"})
    put(session, "households", tmp_path, {"code": "F2", "house": "H1"})
    other = row | {"code": "X9"}
    report = put(session, kind, tmp_path, row, other)
    assert dict(report.rejected.by_row()) == {2: [("moved", column)]}
    assert (report.inserted, report.updated) == (1, 0)
    assert put(session, kind, tmp_path, row, move=True).updated == 1


def test_a_grid_does_not_change_its_community_from_plan_to_plan_unasked(
    session: Session, tmp_path: Path
):
    made = create_township(session, "a b")
    create_plan(session, made, "a b")
    cells = sketch("a b")
    first = community_of(session, made)
    other = create_area(session, "community", cells["b"], code="C2", parent_id=made.area_id)
    path = tmp_path / "g.geojson"

    def grids(**community: str) -> Path:
        features = [
            {"type": "Feature", "geometry": json.loads(shapely.to_geojson(cells[code])),
             "properties": {"code": code, "community": community[code]}}
            for code in cells
        ]  # fmt: skip
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
        return path

    report = load_kind(session, "grids", grids(a=first.code, b=other.code), plan="草案")
    assert dict(report.rejected.by_row()) == {3: [("moved", "community")]}
    report = load_kind(session, "grids", path, plan="草案", move=True)
    assert (report.inserted, report.unchanged) == (1, 1)
    # Now it stands there in the draft, and back is a move again.
    report = load_kind(session, "grids", grids(a=first.code, b=first.code), plan="草案")
    assert report.rejected.counts() == {"moved": 1}
