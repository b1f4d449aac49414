"""Every personal column has a declared purpose, legal basis and span; a new one fails here."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.retention_periods import Keeping
from gisgrid.db.tables import Base
from gisgrid.people.privacy.data_inventory import FIELDS, NO_PEOPLE, PLAIN, declared, fields_sheet
from tests.support.factories import create_township

HELP = "say in gisgrid/people/privacy/data_inventory.py whether it is about people, what for, and how long"


def test_every_table_is_declared_or_about_no_people():
    tables = set(Base.metadata.tables)
    about_people = {f.table for f in FIELDS}
    assert tables - about_people - NO_PEOPLE == set(), HELP
    assert (about_people | NO_PEOPLE) - tables == set(), "these tables are gone"
    assert about_people & NO_PEOPLE == set()


def test_every_column_of_a_table_about_people_is_declared_or_plain():
    for table in sorted({f.table for f in FIELDS}):
        columns = Base.metadata.tables[table].columns
        # Numbers of rows bind; what they bind to is declared there.
        bound = {c.name for c in columns if c.foreign_keys or c.name in ("id", "account_id")}
        personal = [c for f in FIELDS if f.table == table for c in f.columns]
        said = [*personal, *PLAIN.get(table, ())]
        assert len(said) == len(set(said)), f"{table}: a column is declared twice"
        assert {c.name for c in columns} - bound - set(said) == set(), f"{table}: {HELP}"
        assert set(said) - {c.name for c in columns} == set(), f"{table}: these columns are gone"


def test_purposes_and_spans_exist(session: Session):
    known = set(session.scalars(text("SELECT name FROM purpose")))
    spans = {*(f.name for f in fields(Keeping)), "with_row", "always"}
    for field in FIELDS:
        assert field.purposes
        assert set(field.purposes) <= known, field
        assert field.keeping in spans, field
    assert "PIPL" in session.scalar(text("SELECT min(legal_basis) FROM purpose"))


def test_the_declaration_is_told_with_basis_and_days(session: Session):
    create_township(session, "a b")
    rows = declared(session, Keeping.of({"positions": 7}))
    told = {(d.table, d.column): d for d in rows}
    assert len(told) == len(rows)
    citizen_id = told["resident", "citizen_id"]
    assert (citizen_id.purposes_zh, citizen_id.sensitive) == ("户档核实", True)
    assert citizen_id.legal_basis.startswith("PIPL 13")
    assert citizen_id.days == Keeping().register
    assert told["worker_position", "geom"].days == 7
    assert told["import_run", "who"].days is None
    assert len(fields_sheet(rows).rows) == len(rows)


def test_the_document_lists_what_is_declared():
    words = (Path(__file__).parents[2] / "docs/personal-data.md").read_text(encoding="utf-8")
    for field in FIELDS:
        for column in field.columns:
            assert f"| {field.table} | {column} |" in words, (field.table, column)
    for one in fields(Keeping):
        assert f"| `{one.name}` | {one.default:g} | {one.metadata['help']} |" in words
