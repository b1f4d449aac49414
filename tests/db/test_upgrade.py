"""A store that was filled before 0.1.0 goes up with every row, and is then as a fresh one is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, inspect, text

from gisgrid.cases.flow import own_flow
from gisgrid.core.errors import StoreUnavailable
from gisgrid.db import migrate
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.people.privacy.audit import verify
from tests.support.accounts import acting, appointed, refused, web_engine
from tests.support.canaries import MARK
from tests.support.catalogue import catalogue, differing
from tests.support.database import own_database, restored
from tests.support.opened import open_residents

DUMP = Path(__file__).parents[1] / "stores" / "0036.sql.gz"
"""An invented town, with a row at least in every table, as the last migration before the base left it."""
COMMUNITY = "999901001001"
EMPTY = {
    "procrastinate.procrastinate_periodic_defers",
    "procrastinate.procrastinate_workers",
}
ADDED = {
    "role_right": [
        {"role": "administrator", "right_name": "export"},
        {"role": "administrator", "right_name": "keep_matters"},
        {"role": "administrator", "right_name": "load"},
        {"role": "auditor", "right_name": "export"},
        {"role": "community_clerk", "right_name": "check_register"},
        {"role": "community_clerk", "right_name": "keep_register"},
        {"role": "community_clerk", "right_name": "supplement_matters"},
        {"role": "grid_leader", "right_name": "keep_register"},
        {"role": "grid_worker", "right_name": "keep_register"},
        {"role": "section_cadre", "right_name": "supplement_matters"},
        {"role": "township_government", "right_name": "answer_subjects"},
        {"role": "township_government", "right_name": "keep_matters"},
        {"role": "township_government", "right_name": "load"},
    ]
}
RENAMED_TABLES = {"legacy_problem": "open_problem", "legacy_review": "problem_review"}
RENAMED_COLUMNS = {
    "house": {"place": "location_status"},
    "event": {"place": "location_status"},
    "station": {"place": "location_status"},
    "job": {"wishes": "options"},
}
RENAMED_WORDS = {
    "bench": "editor", "bench.job": "editor.job", "bench.quick": "editor.quick",
    "bench.complete": "editor.complete", "upkeep": "scheduled",
}  # fmt: skip
NOT_OURS = {"spatial_ref_sys", "alembic_version"}

_OF_THE_OFFICE = """
INSERT INTO flow (township_id, kind, version, deadline, source)
SELECT township_id, kind, '2', deadline, replace(source, 'version = "1"', 'version = "2"') || E'\\n# Of the office.\\n'
FROM flow WHERE kind = 'normal'
"""
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def old(cluster: Cluster, template: str) -> Iterator[tuple[Engine, Rows]]:
    """The store after the upgrade, and the rows of every table before it."""
    with own_database(cluster, "template0", "old") as engine:
        restored(engine, DUMP)
        with engine.begin() as connection:
            connection.execute(text(_OF_THE_OFFICE))
        before = rows_of(engine)
        assert migrate.current(engine) == migrate.OF_BASE
        # Which count for a day now, and are other functions by that.
        gone = [
            "function count_cells(bigint)",
            "function count_grid(bigint,bigint)",
            "function count_plan(bigint)",
        ]
        found = migrate.upgrade(engine)
        assert [each for each in found if "legacy" not in each] == gone
        # What hung on a table by its old name, and is on it by its new one.
        assert len(found) == len(gone) + 10
        yield engine, before


def rows_of(engine: Engine) -> Rows:
    tables = sorted(set(inspect(engine).get_table_names()) - NOT_OURS)
    tables += [
        f"procrastinate.{table}" for table in inspect(engine).get_table_names("procrastinate")
    ]
    with engine.connect() as connection:
        return {
            table: list(connection.scalars(text(f"SELECT to_jsonb(t) FROM {table} t ORDER BY t")))
            for table in tables
        }


def renamed(before: Rows) -> Rows:
    """The rows as they are called since: tables, columns, and what names them in old selves and queues."""

    def row_of(table: str, row: dict[str, Any]) -> dict[str, Any]:
        names = RENAMED_COLUMNS.get(table, {})
        row = {names.get(name, name): value for name, value in row.items()}
        if table == "history":
            row["old"] = row_of(row["table_name"], row["old"])
            row["table_name"] = RENAMED_TABLES.get(row["table_name"], row["table_name"])
        if "failed_zh" in row:
            zh, en = row.pop("failed_zh"), row["failed"]
            row["failed"] = en and {"said": {"en": en, "zh": zh or en}}
        if table == "plan" and "reasons_zh" in row["recipe"]:
            pairs = zip(row["recipe"]["reasons"], row["recipe"].pop("reasons_zh"), strict=True)
            row["recipe"]["reasons"] = [{"en": en, "zh": zh} for en, zh in pairs]
        if table == "procrastinate.procrastinate_jobs":
            row = {name: RENAMED_WORDS.get(str(value), value) for name, value in row.items()}
        return row

    return {
        RENAMED_TABLES.get(table, table): [row_of(table, row) for row in rows]
        for table, rows in before.items()
    }


def test_a_store_of_before_goes_up_with_all_its_rows(old: tuple[Engine, Rows]):
    store, before = old
    assert {table for table, rows in before.items() if not rows} == EMPTY
    assert migrate.current(store) == migrate.head()
    after, before = rows_of(store), renamed(before)
    for row in (row for table in after.values() for row in table):
        if isinstance(row.get("failed"), str):
            row["failed"] = json.loads(row["failed"])
    for table, new in ADDED.items():
        # Rights that a later revision gives; all others stay as the office set them.
        assert [row for row in after[table] if row not in before[table]] == new
        after[table] = [row for row in after[table] if row not in new]
    # The program's own flows are lifted where they stand: two steps more, and one requirement less.
    # Where the office called one of its own "2", that stays, and the program's takes a name that is free.
    names = {"normal": "1.1", "emergency": "2"}
    for row, was in zip(after["flow"], before["flow"], strict=True):
        if was["version"] == "1" and row["kind"] in names:
            own = own_flow(row["kind"]).source
            assert row["version"] == names[row["kind"]]
            assert row["source"] == own.replace('"2"', f'"{row["version"]}"', 1)
            row |= {name: was[name] for name in ("version", "source")}
    new_steps = {row["step"] for row in after["flow_step"]} - {
        row["step"] for row in before["flow_step"]
    }
    assert new_steps == {"correct", "separate"}
    after["flow_step"] = [row for row in after["flow_step"] if row["step"] not in new_steps]
    for row in after["flow_step"]:
        if row["step"] == "return" and row["needs"] == ["reason"]:
            row["needs"] = ["reason", "owner"]
    for table, rows in before.items():
        assert not rows or [{k: row[k] for k in rows[0]} for row in after[table]] == rows, table
    with store.connect() as connection:
        assert migrate.differences(connection) == []


def test_a_store_of_before_is_then_as_a_fresh_one(old: tuple[Engine, Rows], engine: Engine):
    """Whatever way a store took, its tables, functions, policies and rights are those of the texts."""
    with old[0].connect() as upgraded, engine.connect() as fresh:
        assert differing(catalogue(upgraded), catalogue(fresh)) == {}


def test_numbers_go_on_after_those_that_are_there(old: tuple[Engine, Rows]):
    store, before = old
    with transaction(store) as session:
        number = session.scalar(
            text(
                "INSERT INTO house (township_id, code, address, location_status) "
                "SELECT min(area_id), 'new', '虚构路', 'unlocated' FROM township RETURNING id"
            )
        )
        session.rollback()
    assert number > max(row["id"] for row in before["house"])


def test_a_change_is_kept_beside_what_was_kept_before(old: tuple[Engine, Rows]):
    store, before = old
    with transaction(store) as session:
        session.execute(text("UPDATE house SET address = '新路9号' WHERE code = 'H1'"))
    kept = rows_of(store)["history"]
    assert len(kept) == len(before["history"]) + 1
    assert kept[-1]["old"]["address"] == "虚构镇虚构1路1号"


def test_the_rights_hold_for_rows_that_are_older(old: tuple[Engine, Rows]):
    store, before = old
    with transaction(store) as session:
        clerk = appointed(session, "community_clerk", COMMUNITY, name="clerk.new")
    web = web_engine(store)
    with acting(web, clerk) as session:
        refused(session, "SELECT name FROM resident")
        names = set(session.scalars(text("SELECT name FROM masked_resident")))
        assert {f"{MARK[place]}*" for place in ("A1", "A2")} <= names
        assert not {f"{MARK[place]}*" for place in ("B", "U")} & names
        codes = set(session.scalars(text("SELECT code FROM event WHERE code LIKE '秘号%'")))
        assert codes == {"秘号A1", "秘号A2"}
        assert session.scalar(text("SELECT count(*) FROM visit")) == 2
    with acting(web, None) as session:
        for table in ("resident", "household", "event", "visit", "staff"):
            assert session.scalar(text(f"SELECT count(id) FROM {table}")) == 0
    marked = [row["id"] for row in before["resident"] if row["name"][0] in MARK.values()]
    with acting(web, clerk, "care") as session:
        opened = {person.name for person in open_residents(session, marked)}
        assert opened == {f"{MARK[place]}秘名{place}" for place in ("A1", "A2")}
    with transaction(store) as session:
        found = session.scalars(text("SELECT action FROM audit_entry ORDER BY id")).all()
        assert (found[-1], found.count("unmask"), verify(session).broken) == ("unmask", 1, None)


@pytest.mark.parametrize(
    ("stands_at", "words"), [("0031", "before 0.1.0"), ("0001", "0036"), ("0099_later", "newer")]
)
def test_a_store_at_an_unknown_migration_is_refused_in_words(
    engine: Engine, stands_at: str, words: str
):
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :at"), {"at": stands_at})
    with engine.connect() as connection:
        before = catalogue(connection)
    with pytest.raises(StoreUnavailable, match=words) as caught:
        migrate.upgrade(engine)
    assert stands_at in str(caught.value) and stands_at in caught.value.in_language("zh")
    with engine.connect() as connection:
        assert differing(before, catalogue(connection)) == {}
    assert migrate.current(engine) == stands_at
