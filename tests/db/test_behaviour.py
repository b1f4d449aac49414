"""What the store does by itself has one text each, and stands in the store as its text says."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, text

from gisgrid.core.errors import Invalid, StoreUnavailable
from gisgrid.db import behaviour, migrate
from tests.support.catalogue import Catalogue, catalogue, differing

MADE = re.compile(
    r"^CREATE (?:OR REPLACE )?(?P<kind>FUNCTION|VIEW|TRIGGER|POLICY) (?P<name>\w+)"
    r"(?:[^;(]*? ON (?P<table>\w+))?",
    re.MULTILINE,
)
QUEUE = {"procrastinate_jobs", "procrastinate_events"}
"""Tables of the queue that have a text: the planner's role may put something in."""


def test_every_object_has_its_text_and_every_text_its_object(engine: Engine):
    texts = {
        kind: {s.name for s in behaviour.sources() if s.kind == kind} for kind in behaviour.KINDS
    }
    with engine.connect() as connection:
        triggering, functions = split(
            connection.execute(text(_FUNCTIONS)).all(), lambda row: row.triggers
        )
        views = set(connection.scalars(text(_RELATIONS), {"kind": "v"}))
        tables = set(connection.scalars(text(_RELATIONS), {"kind": "r"}))
    assert texts["functions"] == {row.proname for row in functions}
    assert texts["triggers"] == {row.proname for row in triggering}
    assert texts["views"] == views
    assert texts["policies"] == tables | QUEUE


def test_what_the_texts_make_is_all_that_stands(engine: Engine):
    made = {
        f"{m['kind'].lower()} {m['name']}" + (f" on {m['table']}" if m["kind"] in ON_TABLES else "")
        for source in behaviour.sources()
        for m in MADE.finditer(source.text)
    }
    with engine.connect() as connection:
        standing = {name.partition("(")[0] for name in behaviour.standing(connection)}
    assert made == standing


def test_a_text_makes_only_what_it_is_named_after():
    for source in behaviour.sources():
        made = [m.groupdict() for m in MADE.finditer(source.text)]
        kinds = [m["kind"] for m in made]
        if source.kind == "policies":
            assert {m["table"] for m in made} <= {source.name}, source
            assert set(kinds) <= {"POLICY"}, source
            assert set(re.findall(r"^ALTER TABLE (\w+)", source.text, re.M)) <= {source.name}
            granted = re.findall(
                r"^(?:GRANT [^;]*?\b|)ON (?!SEQUENCE|SCHEMA|ALL)([\w.]+)", source.text, re.M
            )
            assert {table.removeprefix("procrastinate.") for table in granted} <= {source.name}
        else:
            assert made[0]["name"] == source.name
            assert kinds[0] == ("VIEW" if source.kind == "views" else "FUNCTION")
            assert set(kinds[1:]) <= ({"TRIGGER"} if source.kind == "triggers" else set()), source


def test_making_it_anew_changes_nothing(engine: Engine):
    before = catalogue_of(engine)
    assert migrate.upgrade(engine) == []
    assert differing(before, catalogue_of(engine)) == {}


def test_what_has_no_text_goes_and_what_was_changed_comes_back(engine: Engine):
    before = catalogue_of(engine)
    with engine.begin() as connection:
        for statement in _STRAYS.split(";\n"):
            connection.exec_driver_sql(statement)
    assert len(differing(before, catalogue_of(engine))) == 11
    assert migrate.upgrade(engine) == [
        "function stray()",
        "policy stray on house",
        "trigger stray on house",
        "view stray",
    ]
    assert differing(before, catalogue_of(engine)) == {}


def test_a_function_that_a_column_calls_is_replaced_where_it_stands(engine: Engine):
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE stray (account bigint DEFAULT my_account(), CHECK (masked_code('x') = 'x'));"
            "CREATE INDEX ON stray (masked_name('x', NULL))"
        )
        connection.exec_driver_sql(
            "CREATE OR REPLACE FUNCTION my_account() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT 7'"
        )
    before = catalogue_of(engine)
    assert migrate.upgrade(engine) == []
    assert list(differing(before, catalogue_of(engine))) == ["function my_account()"]
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT my_account()")) is None


def test_what_somebody_built_on_a_view_is_named_and_nothing_is_done(engine: Engine):
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE SCHEMA office; CREATE VIEW office.staff AS SELECT id FROM masked_staff"
        )
    before = catalogue_of(engine)
    with pytest.raises(Invalid, match=r"office\.staff"):
        migrate.upgrade(engine)
    assert differing(before, catalogue_of(engine)) == {}


def test_an_upgrade_waits_for_nobody_for_long(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    """Whoever comes later would wait behind it."""
    monkeypatch.setattr(migrate, "WAIT_S", 0.05)
    before = catalogue_of(engine)
    with engine.begin() as reader:
        reader.execute(text("SELECT count(*) FROM house"))
        with pytest.raises(StoreUnavailable, match="in use"):
            migrate.upgrade(engine)
    assert differing(before, catalogue_of(engine)) == {}
    assert migrate.upgrade(engine) == []


@pytest.mark.parametrize(
    ("kind", "statement", "note"),
    [
        ("functions", "CREATE FUNCTION broken() RETURNS int LANGUAGE sql AS 'SELECT 1 FROM nowhere'",
         "in the body of broken()"),
        ("policies", "CREATE POLICY broken ON nowhere", "in gisgrid/db/sql/policies/broken.sql"),
    ],
)  # fmt: skip
def test_a_text_with_a_fault_is_named_and_undoes_all(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, kind: str, statement: str, note: str
):
    texts = [*behaviour.sources(), behaviour.SqlSource(kind, "broken", statement)]
    monkeypatch.setattr(behaviour, "sources", lambda: texts)
    before = catalogue_of(engine)
    with pytest.raises(psycopg.errors.UndefinedTable) as caught:
        migrate.upgrade(engine)
    assert caught.value.__notes__ == [note]
    assert differing(before, catalogue_of(engine)) == {}


def catalogue_of(engine: Engine) -> Catalogue:
    with engine.connect() as connection:
        return catalogue(connection)


def split(rows: Any, test: Any) -> tuple[list[Any], list[Any]]:
    return [row for row in rows if test(row)], [row for row in rows if not test(row)]


ON_TABLES = ("TRIGGER", "POLICY")

_FUNCTIONS = """
SELECT p.proname, p.prorettype = 'trigger'::regtype AS triggers FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
"""
_RELATIONS = """
SELECT c.relname FROM pg_class c WHERE c.relkind = :kind AND c.relnamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
"""
_STRAYS = """
CREATE FUNCTION stray() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER stray AFTER UPDATE ON house FOR EACH ROW EXECUTE FUNCTION stray();
CREATE VIEW stray AS SELECT name FROM resident;
CREATE POLICY stray ON house USING (true);
GRANT SELECT ON resident TO gisgrid_web;
GRANT SELECT (name) ON staff TO gisgrid_planner;
GRANT USAGE ON SEQUENCE resident_id_seq TO gisgrid_web;
ALTER TABLE household DISABLE ROW LEVEL SECURITY;
CREATE OR REPLACE FUNCTION take_case_step() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
GRANT EXECUTE ON FUNCTION unmask_resident(bigint[]) TO PUBLIC;
DROP POLICY seen ON visit
"""
