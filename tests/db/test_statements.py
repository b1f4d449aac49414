"""Every statement that stands in the code as text is one that the store of today takes."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, TextClause, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

ROOT = Path(__file__).parents[2]
BEGINS = re.compile(r"\s*(WITH|SELECT|INSERT|UPDATE|DELETE|MERGE)\s", re.IGNORECASE)
MADE_FOR_A_WHILE = {"stage", "changed", "staff_named"}
"""Tables that a transaction makes for itself, and names that stand for others: tried where they are made."""
PARAMETER = re.compile(r"%\((\w+)\)s")


def statements() -> Iterator[tuple[str, str]]:
    """Module-level constants that are whole statements, with where they stand."""
    for top in ("gisgrid", "layers", "web"):
        for path in sorted((ROOT / top).rglob("*.py")):
            if "migrations" in path.parts or path.name == "__main__.py":
                continue
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            for constant, value in vars(importlib.import_module(name)).items():
                said = value.text if isinstance(value, TextClause) else value
                if isinstance(said, str) and BEGINS.match(said) and not re.search(r"\{\w*\}", said):
                    yield f"{name}.{constant}", said


def prepared(said: str) -> str:
    """With numbered parameters, as PREPARE takes them."""
    # Some go to the driver as they stand.
    ours = not PARAMETER.search(said)
    compiled = str(text(said).compile(dialect=PGDialect_psycopg())) if ours else said
    names = list(dict.fromkeys(PARAMETER.findall(compiled)))
    return PARAMETER.sub(lambda m: f"${names.index(m[1]) + 1}", compiled).replace("%%", "%")


def test_the_store_takes_every_statement(engine: Engine):
    wrong, tried = {}, 0
    with engine.connect() as c:
        raw = c.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        for where, said in dict(statements()).items():
            tried += 1
            try:
                with raw.transaction(force_rollback=True):
                    raw.execute(f"PREPARE tried AS {prepared(said)}")  # type: ignore[arg-type]
                    raw.execute("DEALLOCATE tried")
            except psycopg.errors.IndeterminateDatatype:
                pass  # the driver says the type of its values
            except psycopg.errors.SyntaxError as error:
                # A beginning that others go on with; whoever puts them together is tried in their tests.
                if "at end of input" not in str(error):
                    wrong[where] = str(error).split("\n")[0]
            except psycopg.errors.UndefinedTable as error:
                made = re.search(r'relation "(\w+)"', str(error))
                if made is None or made[1] not in MADE_FOR_A_WHILE:
                    wrong[where] = str(error).split("\n")[0]
            except psycopg.Error as error:
                wrong[where] = str(error).split("\n")[0]
    assert not wrong, wrong
    assert tried > 150


def test_a_statement_that_is_none_is_seen(engine: Engine):
    with engine.connect() as c, pytest.raises(psycopg.errors.UndefinedColumn):
        raw = c.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        raw.execute(f"PREPARE tried AS {prepared('SELECT no_such FROM house WHERE id = :id')}")  # type: ignore[arg-type]
