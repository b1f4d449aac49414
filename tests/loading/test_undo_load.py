"""A load is taken back: the store is as it was, or it is told what hangs on it."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import shapely
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.cases.bulk import open_loaded
from gisgrid.core.datums import wgs84_to_gcj02
from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.core.plans import plan_named, township
from gisgrid.db.store import transaction
from gisgrid.db.tables import Base
from gisgrid.db.tables.base import Imported
from gisgrid.loading.load import LoadReport
from gisgrid.loading.runs import Run, runs
from gisgrid.loading.undo import TABLES, undo_load
from gisgrid.locate.addresses.gazetteer import index_addresses
from gisgrid.planning.review.publish import publish
from tests.support.factories import community_of, create_plan, create_township
from tests.support.loads import FULL, put, town
from tests.support.sketch import sketch, spot
from tests.support.terminal import gisgrid
from tests.support.town_f import load_kind

RECORDS = {"import_run", "history", "study", "stale_day"}  # the last: what is to be counted again
NEXT = {
    "matters": {"code": "02", "name": "另一大项"},
    "houses": {"code": "H9", "address": "虚构路9号", "lon": f"{spot(1.5, 0.5)[0]}", "lat": f"{spot(1.5, 0.5)[1]}"},
    "households": {"code": "F9", "house": "H1"},
    "residents": {"code": "R9", "household": "F1", "name": "测试新"},
    "staff": {"code": "S9", "name": "测试新", "grid": "b", "role": "leader", "since": "2023-01-01"},
    "offices": {
        "code": "li", "name": "测试新", "role": "dispatcher", "area": "T", "since": "2023-01-01",
    },
    "visits": {"code": "V9", "house": "H1", "visited_on": "2023-06-01"},
    "trainings": {"code": "T9", "course": "防汛", "held_on": "2023-06-01", "hours": "1", "staff": "S1"},
    "stations": {"code": "P9", "name": "服务站", "kind": "community"},
    "assets": {"code": "A9", "name": "井盖", "grid": "b", "reason": "统管"},
    "problems": {"code": "L9", "title": "噪声", "supervisor": "li", "opened_on": "2023-01-01", "review_on": "2023-06-01"},
    "events": {"code": "E9", "matter": "0101", "reported_at": "2023-06-01 09:00", "lon": f"{spot(1.5, 0.5)[0]}", "lat": f"{spot(1.5, 0.5)[1]}"},
}  # fmt: skip
CHANGED = {
    "matters": {"name": "改名"}, "houses": {"lon": repr(wgs84_to_gcj02(*spot(0.5, 0.5))[0].item()), "address": "改名路1号"},
    "households": {"room": "202"}, "residents": {"phone": "19900009999", "needs": "chronic_illness"},
    "staff": {"phone": "19900009999", "until": "2023-06-30"}, "offices": {"until": "2023-06-30"},
    "visits": {"visited_on": "2023-05-02"}, "trainings": {"course": "改名"},
    "stations": {"name": "改名", "until": "2023-06-30"}, "assets": {"reach_m": "50"},
    "problems": {"title": "改名"}, "events": {"text": "改写", "lon": f"{spot(1.6, 0.5)[0]}"},
}  # fmt: skip


def snapshot(session: Session) -> dict[str, list[Any]]:
    """All rows of all tables but the records of what was done; a geometry to the last digit."""
    found = {}
    for name, table in Base.metadata.tables.items():
        if name in RECORDS:
            continue
        geom = "|| jsonb_build_object('geom', t.geom::text)" if "geom" in table.columns else ""
        found[name] = session.scalars(
            text(f"SELECT to_jsonb(t) {geom} FROM {name} t ORDER BY to_jsonb(t)::text")
        ).all()
    return {name: list(rows) for name, rows in found.items()}


def mix(kind: str) -> tuple[dict[str, str], dict[str, str]]:
    """The known row changed, and a new one, with the same columns."""
    changed = FULL[kind] | CHANGED[kind]
    return changed, {column: NEXT[kind].get(column, "") for column in changed}


def filled(session: Session, folder: Path) -> None:
    town(session, folder)
    session.execute(text("UPDATE area SET code = 'T' WHERE level = 'township'"))
    index_addresses(session, township(session).id)


def load_mix(session: Session, kind: str, folder: Path) -> LoadReport:
    report = put(
        session, kind, folder, *mix(kind), **({"trust_crs": True} if kind == "houses" else {})
    )
    assert report.rejected.counts() == {} and report.inserted and report.updated, kind
    assert report.run_id is not None
    return report


def test_every_table_that_points_at_a_run_is_taken_back():
    pointing = {
        m.class_.__tablename__ for m in Base.registry.mappers if issubclass(m.class_, Imported)
    }
    assert pointing == set(TABLES)


@pytest.mark.parametrize("kind", FULL)
def test_a_load_taken_back_leaves_the_store_as_it_was(session: Session, tmp_path: Path, kind: str):
    filled(session, tmp_path)
    before = snapshot(session)
    report = load_mix(session, kind, tmp_path)
    assert snapshot(session) != before
    undone = undo_load(session, report.run_id, who="测试")
    after = snapshot(session)
    for table, rows in before.items():
        # A new street's number is spent, not its name.
        if table == "address_street":
            assert {r["name"] for r in rows} <= {r["name"] for r in after[table]}
        else:
            assert after[table] == rows, table
    assert sum(undone.removed.values()) == report.inserted
    assert sum(undone.restored.values()) == report.updated
    # It is itself on record, and happens once.
    newest, loaded = runs(session, limit=2)
    assert (newest.id, newest.undoes, newest.who) == (undone.by, report.run_id, "测试")
    assert (loaded.id, loaded.undone_by, loaded.sha256) == (report.run_id, undone.by, newest.sha256)
    assert newest.counts == {"removed": undone.removed, "restored": undone.restored}
    with pytest.raises(Conflict, match=f"by run {undone.by}"):
        undo_load(session, report.run_id, who="测试")
    with pytest.raises(Invalid, match=f"took back run {report.run_id}"):
        undo_load(session, undone.by, who="测试")
    # Loaded again it does the same again.
    again = load_mix(session, kind, tmp_path)
    assert (again.inserted, again.updated) == (report.inserted, report.updated)


def write_shapes(path: Path, *rows: tuple[dict[str, Any], Any]) -> Path:
    features = [
        {"type": "Feature", "properties": p, "geometry": json.loads(shapely.to_geojson(g))}
        for p, g in rows
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


def test_areas_taken_back_take_their_township_along(session: Session, tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("code,level,name,parent\nC,county,县,\nT,township,镇,C\n", "utf-8")
    names = load_kind(session, "areas", path)
    before = snapshot(session)
    box = shapely.box(120.9, 40.7, 120.91, 40.71)
    row = {"code": "1", "level": "community", "name": "甲社区", "parent": "T"}
    report = load_kind(session, "areas", write_shapes(tmp_path / "c.geojson", (row, box)))
    assert report.townships == ("T",)
    undone = undo_load(session, report.run_id, who="测试")
    assert undone.removed == {"township": 1, "area": 1}
    assert snapshot(session) == before
    assert undo_load(session, names.run_id, who="测试").removed == {"area": 2}


def test_grids_go_from_a_draft_with_the_draft_and_from_no_other_plan(
    session: Session, tmp_path: Path
):
    made = create_township(session, "a b")
    create_plan(session, made, "a b")
    community = community_of(session, made).code
    before = snapshot(session)
    cells = sketch("a b")
    rows = [({"code": c, "community": community}, cells[c]) for c in cells]
    path = write_shapes(tmp_path / "g.geojson", *rows)
    first = load_kind(session, "grids", path, plan="草案")
    drawn = snapshot(session)
    named = [({**p, "name": "改名"}, g) for p, g in rows]
    second = load_kind(session, "grids", write_shapes(path, *named), plan="草案")
    assert undo_load(session, second.run_id, who="测试").restored == {"grid": 2}
    assert snapshot(session) == drawn
    assert undo_load(session, first.run_id, who="测试").removed == {"grid": 2, "plan": 1}
    assert snapshot(session) == before
    # Of a plan that is in force nothing is taken away.
    third = load_kind(session, "grids", path, plan="新")
    session.execute(text("UPDATE plan SET validity = daterange('2020-01-01', '2021-01-01') WHERE name <> '新'"))  # fmt: skip
    publish(session, plan_named(session, made.area_id, "新").id, date(2023, 1, 1))
    with pytest.raises(Conflict, match="published"):
        undo_load(session, third.run_id, who="测试")


def test_a_new_list_of_matters_goes_and_the_one_before_counts_again(
    session: Session, tmp_path: Path
):
    filled(session, tmp_path)
    before = snapshot(session)
    path = tmp_path / "m.csv"
    path.write_text("code,name\n09,全新\n", "utf-8")
    report = load_kind(session, "matters", path, version="2", since=date(2024, 1, 1))
    undone = undo_load(session, report.run_id, who="测试")
    assert (undone.removed, undone.restored) == (
        {"matter": 1, "matter_list": 1},
        {"matter_list": 1},
    )
    assert snapshot(session) == before


def refusal(session: Session, run: int | None) -> str:
    assert run is not None
    before = snapshot(session)
    with pytest.raises(Conflict) as caught, session.begin_nested():
        undo_load(session, run, who="测试")
    assert snapshot(session) == before
    return caught.value.message


def test_what_hangs_on_a_load_is_told_and_keeps_it(session: Session, tmp_path: Path):
    filled(session, tmp_path)
    houses = load_mix(session, "houses", tmp_path)
    homes = put(session, "households", tmp_path, {"code": "F9", "house": "H9"})
    people = put(
        session, "residents", tmp_path, {"code": "R9", "household": "F9", "name": "测试新"}
    )
    message = refusal(session, houses.run_id)
    assert f"household 1 → house H9 (run {homes.run_id})" in message
    assert f"resident 1 → household (run {people.run_id})" in refusal(session, homes.run_id)
    # In the order of the newest first each may go.
    for report in (people, homes, houses):
        undo_load(session, report.run_id, who="测试")
    assert session.scalar(text("SELECT count(*) FROM house WHERE code = 'H9'")) == 0


def test_what_was_changed_since_keeps_a_load(session: Session, tmp_path: Path):
    filled(session, tmp_path)
    first = load_mix(session, "residents", tmp_path)
    second = put(
        session, "residents", tmp_path, {"code": "R9", "household": "F1", "name": "测试又改"}
    )
    assert f"resident 1 (run {second.run_id})" in refusal(session, first.run_id)
    undo_load(session, second.run_id, who="测试")
    session.execute(text("UPDATE resident SET phone = '19900008888' WHERE code = 'R1'"))
    message = refusal(session, first.run_id)
    assert "resident 1 (by hand)" in message
    assert "R1" not in message.replace("run", "") and "测试" not in message


def test_cases_aliases_accounts_in_use_and_teams_of_a_grid_hang(session: Session, tmp_path: Path):
    filled(session, tmp_path)
    events = load_mix(session, "events", tmp_path)
    open_loaded(session, township(session).id)
    assert "event_case 1 → event (by hand)" in refusal(session, events.run_id)
    houses = load_mix(session, "houses", tmp_path)
    session.execute(
        text(
            "INSERT INTO alias (township_id, words, key, grams, house_id, added_by) "
            "SELECT township_id, '老店', '老店', '老 店', id, '测试' FROM house WHERE code = 'H9'"
        )
    )
    assert "alias 1 → house H9" in refusal(session, houses.run_id)
    offices = load_mix(session, "offices", tmp_path)
    session.execute(text("UPDATE account SET last_login_at = now() WHERE name = 'li'"))
    assert "account 1 (log-in)" in refusal(session, offices.run_id)
    # A team and a post name their grid by its code alone.
    cells = sketch("a b")
    row = ({"code": "neu", "community": "C1"}, cells["b"])
    grids = load_kind(session, "grids", write_shapes(tmp_path / "g.geojson", row), plan="草案")
    put(session, "staff", tmp_path, {"code": "S7", "name": "测试兵", "grid": "neu", "role": "worker", "since": "2023-01-01"})  # fmt: skip
    assert "team_member 1 → grid neu" in refusal(session, grids.run_id)


def test_a_run_whose_former_rows_are_gone_is_not_guessed_at(session: Session, tmp_path: Path):
    filled(session, tmp_path)
    report = load_mix(session, "residents", tmp_path)
    session.execute(text("DELETE FROM history WHERE table_name = 'resident'"))
    assert "no longer kept" in refusal(session, report.run_id)
    session.execute(
        text("UPDATE import_run SET reversible = false WHERE id = :r"), {"r": report.run_id}
    )
    assert "older than the record" in refusal(session, report.run_id)
    with pytest.raises(NotFound, match="gisgrid loads"):
        undo_load(session, 999_999, who="测试")


def test_a_person_who_moved_goes_back_before_the_new_home_goes(session: Session, tmp_path: Path):
    """The load that brings a home and the one that moves somebody into it are taken back in turn."""
    filled(session, tmp_path)
    before = snapshot(session)
    homes = put(session, "households", tmp_path, {"code": "F9", "house": "H1"})
    moved = put(
        session, "residents", tmp_path,
        {"code": "R1", "household": "F9", "name": "测试甲"}, move=True,
    )  # fmt: skip
    assert f"resident 1 → household (run {moved.run_id})" in refusal(session, homes.run_id)
    undo_load(session, moved.run_id, who="测试")
    undo_load(session, homes.run_id, who="测试")
    assert snapshot(session) == before


def test_loads_are_listed_and_taken_back_at_the_terminal(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tree.csv"
    path.write_text(
        "code,level,name,parent\nC,county,县,\nT,township,镇,C\nX,township,乡,Z\n", "utf-8"
    )
    gisgrid(engine, "load", "areas", str(path), "--commit")
    listed = gisgrid(engine, "loads").output
    for word in ("areas", "tree.csv", "test", run_of(engine).sha256[:12]):
        assert word in listed
    assert re.search(r"test +3 +2 +0 +1", listed), listed
    dry = gisgrid(engine, "undo-load", "1")
    assert (dry.exit_code, "area: 2 would be removed" in dry.output) == (0, True)
    assert "nothing was written" in dry.output
    assert "taken back" not in gisgrid(engine, "loads").output
    done = gisgrid(engine, "undo-load", "1", "--commit")
    assert "area: 2 removed" in done.output
    assert re.search(
        "takes back run 1.*taken back by run", gisgrid(engine, "loads").output, re.DOTALL
    )
    again = gisgrid(engine, "undo-load", "1", "--commit", chinese=True)
    assert (again.exit_code, "已被撤销" in again.output) == (2, True)
    assert "gisgrid loads" in gisgrid(engine, "undo-load", "77").output


def run_of(engine: Engine) -> Run:
    with transaction(engine, read_only=True) as session:
        return runs(session)[-1]
