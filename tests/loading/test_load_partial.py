"""A file that lacks a column does not touch it; a column that is there and empty is told before it empties."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import shapely
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.files.columns import KINDS
from tests.support.database import own_database, rolled_back
from tests.support.factories import community_of, create_plan, create_township
from tests.support.loads import FULL, put, rows_of, town
from tests.support.sketch import sketch
from tests.support.town_f import load_kind

KEPT_BY_NAME = {"staff": {"grid", "role", "since"}, "offices": {"role", "area", "since"}}
"""Columns that are a part of what the row is, and not a value of it."""


def required(kind: str) -> set[str]:
    return {c.name for c in KINDS[kind].columns if c.required}


@pytest.fixture(scope="module")
def _whole_town(
    cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    with own_database(cluster, template, "one_of_each") as engine:
        with transaction(engine) as session:
            town(session, tmp_path_factory.mktemp("town"))
        yield engine


@pytest.fixture
def whole(_whole_town: Engine) -> Iterator[Session]:
    """A session on a town with one full row of each kind, rolled back after the test."""
    with rolled_back(_whole_town) as session:
        yield session


@pytest.mark.parametrize("kind", FULL)
def test_a_column_that_is_not_in_the_file_is_not_touched(whole: Session, tmp_path: Path, kind: str):
    before = rows_of(whole, kind)
    kept = whole.scalar(text("SELECT count(*) FROM history"))
    bare = {c: v for c, v in FULL[kind].items() if c in required(kind)}
    report = put(whole, kind, tmp_path, bare)
    assert (report.inserted, report.updated, report.run_id) == (0, 0, None)
    assert report.rejected.counts() == {} and report.emptied == ()
    assert rows_of(whole, kind) == before
    # Nor does a changed column take another along.
    name = next((c for c in ("name", "address", "title", "text") if c in bare), None)
    if name and kind != "events":
        assert put(whole, kind, tmp_path, bare | {name: "别的名"}).updated > 0
        changed = rows_of(whole, kind)
        assert [{**row, name: None} for row in changed if name in row] == [
            {**row, name: None} for row in before if name in row
        ]
    else:
        assert whole.scalar(text("SELECT count(*) FROM history")) == kept


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        (kind, column)
        for kind, row in FULL.items()
        for column, value in row.items()
        if value and column not in required(kind) | KEPT_BY_NAME.get(kind, set())
        # Half of these pairs is no limit, no place, no consent: a fault of its own.
        and column not in ("lat", "limit_unit", "time_limit", "consent", "since", "grid")
    ],
)  # fmt: skip
def test_an_empty_cell_takes_a_value_away_only_when_asked(
    whole: Session, tmp_path: Path, kind: str, column: str
):
    before = rows_of(whole, kind)
    row = FULL[kind] | {column: ""} | ({"lat": ""} if column == "lon" else {})
    if (kind, column) == ("matters", "until"):
        row |= {"consent": "", "since": ""}
    with pytest.raises(Invalid, match=rf"--blank {column}\b") as caught:
        put(whole, kind, tmp_path, row)
    assert caught.value.facts["emptied"][column] == {"values": 1, "of": 1}
    assert f"“{column}”" in caught.value.in_language("zh")
    assert rows_of(whole, kind) == before
    allowed = ("until", "consent", "since") if kind == "matters" else ()
    report = put(whole, kind, tmp_path, row, blank=(column, *allowed))
    assert column in {e.column for e in report.emptied}
    assert report.noted.counts()["emptied"] == 1
    assert rows_of(whole, kind) != before


def test_a_few_empty_cells_are_taken_and_told(whole: Session, tmp_path: Path):
    people = [
        {"code": f"R{n}", "household": "F1", "name": f"测试人{n}", "phone": f"1990000{n:04d}"}
        for n in range(10, 30)
    ]
    put(whole, "residents", tmp_path, *people)
    two = [p | {"phone": ""} if n < 2 else p for n, p in enumerate(people)]
    report = put(whole, "residents", tmp_path, *two)
    assert [(e.column, e.values, e.of) for e in report.emptied] == [("phone", 2, 20)]
    assert dict(report.noted.by_row()) == {2: [("emptied", "phone")], 3: [("emptied", "phone")]}
    assert report.updated == 2
    # Three of the eighteen that are left are more than a tenth; a new row has nothing to lose.
    three = [p | {"phone": ""} if n < 5 else p for n, p in enumerate(people)]
    new = {"code": "R99", "household": "F1", "name": "测试新", "phone": ""}
    with pytest.raises(Invalid, match=r"3 of 18 values of “phone”"):
        put(whole, "residents", tmp_path, *three, new)
    report = put(whole, "residents", tmp_path, *three, new, blank=("phone",))
    assert (report.inserted, report.updated) == (1, 3)


def test_the_column_may_be_allowed_by_the_name_that_the_file_gives_it(
    whole: Session, tmp_path: Path
):
    row = {"人员编号": "R1", "户编码": "F1", "姓名": "测试甲", "联系电话": ""}
    with pytest.raises(Invalid, match=r"“联系电话” \(phone\)"):
        put(whole, "residents", tmp_path, row)
    assert put(whole, "residents", tmp_path, row, blank=("联系电话",)).updated == 1


def test_a_row_that_is_refused_empties_nothing(whole: Session, tmp_path: Path):
    row = {"code": "R1", "household": "F9", "name": "测试甲", "phone": ""}
    report = put(whole, "residents", tmp_path, row)
    assert (report.rejected.counts(), report.emptied) == ({"unknown_household": 1}, ())


def test_new_rows_get_what_a_missing_column_means(whole: Session, tmp_path: Path):
    report = put(whole, "houses", tmp_path, {"code": "H2", "address": "虚构路2号"})
    assert (report.inserted, report.noted.counts()) == (1, {"unlocated": 1})
    assert report.houses is not None
    assert (report.houses.attached, report.houses.unlocated) == (1, 1)
    # Of houses that all have a place none is missed.
    again = put(whole, "houses", tmp_path, {"code": "H1", "address": "虚构路9号"})
    assert (again.updated, again.noted.counts()) == (1, {})
    put(whole, "trainings", tmp_path, {
        "code": "T2", "course": "消防", "held_on": "2023-05-01", "hours": "2", "staff": "S1",
    })  # fmt: skip
    assert whole.scalar(text("SELECT kind FROM training WHERE code = 'T2'")) == "training"


def test_days_that_no_longer_fit_what_is_stored_are_refused(whole: Session, tmp_path: Path):
    row = {c: v for c, v in FULL["stations"].items() if c != "since"}
    report = put(whole, "stations", tmp_path, row | {"until": "2022-12-31"})
    assert report.rejected.counts() == {"until_first": 1}
    event = {c: FULL["events"][c] for c in ("code", "matter")} | {"reported_at": "2023-05-01 12:00"}
    assert put(whole, "events", tmp_path, event).rejected.counts() == {"closed_first": 1}
    training = {c: v for c, v in FULL["trainings"].items() if c != "expires_on"}
    report = put(whole, "trainings", tmp_path, training | {"held_on": "2024-06-01"})
    assert report.rejected.counts() == {"until_first": 1}


def write_grids(folder: Path, *grids: dict[str, Any]) -> Path:
    features = [
        {"type": "Feature", "properties": {k: v for k, v in g.items() if k != "geometry"},
         "geometry": json.loads(shapely.to_geojson(g["geometry"]))}
        for g in grids
    ]  # fmt: skip
    path = folder / "g.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


def grid(session: Session, plan: str, code: str) -> tuple[str, str, str | None]:
    return session.execute(
        text(
            "SELECT g.name, g.kind, g.host FROM grid g JOIN plan p ON p.id = g.plan_id "
            "WHERE p.name = :plan AND g.code = :code"
        ),
        {"plan": plan, "code": code},
    ).one()


def test_a_drawing_keeps_names_kinds_and_bodies_of_the_grids_it_redraws(
    session: Session, tmp_path: Path
):
    made = create_township(session, "a b")
    create_plan(session, made, "a b", name="现行")
    session.execute(
        text(
            "UPDATE grid SET name = '学校', kind = 'exclusive', host = '虚构小学' WHERE code = 'b'"
        )
    )
    cells = sketch("a b")
    bare = [{"code": c, "geometry": g} for c, g in cells.items()]
    assert load_kind(session, "grids", write_grids(tmp_path, *bare), plan="草案").inserted == 2
    assert grid(session, "草案", "b") == ("学校", "exclusive", "虚构小学")
    # In the draft itself what is said stays said, and what is emptied is asked about.
    named = [g | {"name": f"新{g['code']}", "host": h} for g, h in zip(bare, (None, "虚构中学"), strict=True)]  # fmt: skip
    load_kind(session, "grids", write_grids(tmp_path, *named), plan="草案")
    load_kind(session, "grids", write_grids(tmp_path, *bare), plan="草案")
    assert grid(session, "草案", "b") == ("新b", "exclusive", "虚构中学")
    plain = [g | {"kind": None, "name": g["name"]} for g in named]
    with pytest.raises(Invalid, match="--blank kind"):
        load_kind(session, "grids", write_grids(tmp_path, *plain), plan="草案")


def test_areas_keep_their_other_name_and_an_equal_file_leaves_no_trace(
    session: Session, tmp_path: Path
):
    made = create_township(session, "a b")
    area = community_of(session, made)
    session.execute(text("UPDATE area SET name_en = 'First' WHERE id = :id"), {"id": area.id})
    parent = session.scalar(text("SELECT code FROM area WHERE id = :id"), {"id": made.area_id})
    shape = shapely.union_all(list(sketch("a b").values())).envelope
    row = {
        "code": area.code,
        "level": "community",
        "name": "改名",
        "parent": parent,
        "geometry": shape,
    }
    path = write_grids(tmp_path, row)
    assert load_kind(session, "areas", path).updated == 1
    assert (
        session.scalar(text("SELECT name_en FROM area WHERE id = :id"), {"id": area.id}) == "First"
    )
    kept = session.scalar(text("SELECT count(*) FROM history"))
    assert load_kind(session, "areas", path).run_id is None
    assert session.scalar(text("SELECT count(*) FROM history")) == kept
