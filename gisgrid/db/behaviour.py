"""What the store does by itself: functions, views, triggers and policies, made anew from their files.

Each object has one text in ``gisgrid/db/sql``, which says what it is today. The schema ``public`` is
the project's: what stands there and has no text goes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

import psycopg
from sqlalchemy import Connection, text

from gisgrid.core.errors import Invalid
from gisgrid.db.roles import ENTERED, VIEWS, WEB

KINDS = ("functions", "views", "triggers", "policies")
"""Folders of texts in the order in which they are made: each may name what stands before it.

A function may name anything in its body, which is looked at when all is there.
"""


@dataclass(frozen=True)
class SqlSource:
    """The text of one object, named after it: a function, a view, a trigger's function, a table."""

    kind: str
    """One of ``KINDS``."""
    name: str
    text: str


def sources() -> list[SqlSource]:
    """All texts in the order in which they are made: by kind, then by name."""
    folder = resources.files("gisgrid.db") / "sql"
    return [
        SqlSource(kind, file.name.removesuffix(".sql"), file.read_text(encoding="utf-8"))
        for kind in KINDS
        for file in sorted((folder / kind).iterdir(), key=lambda file: file.name)
        if file.name.endswith(".sql")
    ]


def standing(connection: Connection) -> set[str]:
    """What stands there, in words as ``view masked_staff`` or ``policy seen on event``."""
    return set(connection.scalars(text(_STANDING)))


def drop(connection: Connection) -> None:
    """Take all behaviour away, and with it every right of the roles that are not the owner.

    Tables may then be changed without regard to it, and rows without a trigger. What a constraint, a
    default or an index calls stays. Nothing is done in an empty store.

    Raises
    ------
    Invalid
        Something outside the project's schema stands on a view or function; the message names it.
    """
    try:
        for statement in connection.scalars(text(_DROPS)).all():
            if statement is not None:
                _run(connection, statement)
    except psycopg.errors.DependentObjectsStillExist as exc:
        hangs = exc.diag.message_detail or str(exc)
        raise Invalid(
            "Something of yours stands on a part of the store that is made anew: {hangs}. Drop it, upgrade, "
            "and make it again.",
            hangs=hangs,
        ) from exc


def make(connection: Connection) -> None:
    """Make what the texts say, in the transaction that is open; ``drop`` came before.

    A body that names what is not there is an error, which carries a note of its text's name.
    """
    # Functions and views name each other.
    _run(connection, "SET LOCAL check_function_bodies = off")
    for source in sources():
        with _telling(f"in gisgrid/db/sql/{source.kind}/{source.name}.sql"):
            _run(connection, source.text)
    _run(connection, "SET LOCAL check_function_bodies = on")
    for name, check in connection.execute(text(_CHECKS)).all():
        with _telling(f"in the body of {name}"):
            _run(connection, check)


@contextlib.contextmanager
def _telling(where: str) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as exc:
        exc.add_note(where)
        raise


def _run(connection: Connection, statements: str) -> None:
    # The bare connection: many statements in one text go without parameters only.
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)  # noqa: S101 - narrows the type
    driver.execute(statements.encode())


_ROLES = ", ".join((WEB, VIEWS, *ENTERED))

# The project's own, without what extensions bring.
_OWN = """
WITH brought AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e'),
own_relation AS (
    SELECT c.oid, c.oid::regclass AS name, c.relkind, c.relrowsecurity, n.nspname AS schema
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('public', 'procrastinate')
      AND (CAST('pg_class'::regclass AS oid), c.oid) NOT IN (SELECT * FROM brought)
),
own_table AS (SELECT * FROM own_relation WHERE relkind IN ('r', 'p') AND schema = 'public'),
own_view AS (SELECT * FROM own_relation WHERE relkind = 'v' AND schema = 'public'),
own_trigger AS (
    SELECT g.tgname AS name, t.name AS of_table
    FROM pg_trigger g JOIN own_table t ON t.oid = g.tgrelid WHERE NOT g.tgisinternal
),
own_policy AS (
    SELECT p.polname AS name, t.name AS of_table FROM pg_policy p JOIN own_table t ON t.oid = p.polrelid
),
own_function AS (
    SELECT p.oid, p.oid::regprocedure AS name, l.lanvalidator
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
    WHERE p.pronamespace = CAST('public' AS regnamespace) AND p.prokind IN ('f', 'p')
      AND (CAST('pg_proc'::regclass AS oid), p.oid) NOT IN (SELECT * FROM brought)
)
"""

_STANDING = f"""{_OWN}
SELECT 'function ' || name FROM own_function
UNION ALL SELECT 'view ' || name FROM own_view
UNION ALL SELECT format('trigger %s on %s', name, of_table) FROM own_trigger
UNION ALL SELECT format('policy %s on %s', name, of_table) FROM own_policy
"""

# What depends on what goes first; views and functions together, since they name each other.
_DROPS = f"""{_OWN}, called AS (
    SELECT refobjid AS oid FROM pg_depend
    WHERE refclassid = 'pg_proc'::regclass
      AND classid IN ('pg_constraint'::regclass, 'pg_attrdef'::regclass, 'pg_class'::regclass)
)
SELECT statement FROM (
    SELECT 1 AS step, format('DROP POLICY %I ON %s', name, of_table) AS statement FROM own_policy
    UNION ALL SELECT 2, format('DROP TRIGGER %I ON %s', name, of_table) FROM own_trigger
    UNION ALL SELECT 3, 'DROP VIEW ' || string_agg(name::text, ', ') FROM own_view
    UNION ALL SELECT 4, 'DROP ROUTINE ' || string_agg(name::text, ', ') FROM own_function
              WHERE oid NOT IN (SELECT oid FROM called)
    UNION ALL SELECT 5, format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', name)
              FROM own_table WHERE relrowsecurity
    UNION ALL SELECT 6, 'REVOKE ALL ON ' || string_agg(name::text, ', ') || ' FROM {_ROLES}'
              FROM own_relation WHERE relkind IN ('r', 'p')
    UNION ALL SELECT 7, 'REVOKE ALL ON SEQUENCE ' || string_agg(name::text, ', ') || ' FROM {_ROLES}'
              FROM own_relation WHERE relkind = 'S'
    UNION ALL SELECT 8, 'REVOKE ALL ON SCHEMA procrastinate FROM {_ROLES}' FROM pg_namespace WHERE nspname = 'procrastinate'
) AS drops ORDER BY step, statement
"""

_CHECKS = f"""{_OWN}
SELECT name::text, format('SELECT %s(%s)', lanvalidator::regproc, oid) FROM own_function ORDER BY 1
"""
