"""What a kind needs to go from the stage into the store: columns, checks, statements."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """Rows of the stage with a defect: ``sql`` gives their row numbers."""

    code: str
    column: str
    sql: str
    keeps: bool = False
    """Told only; the row stays."""


@dataclass(frozen=True)
class Write:
    """A statement that brings rows of the stage into a table; it gives one row: inserted, updated."""

    merge: str
    """For any table."""
    add: str | None = None
    """For an empty one, whose unique keys need not stand yet; None: only ``merge`` is right."""


@dataclass(frozen=True)
class Target:
    """Where one kind goes."""

    table: str
    columns: dict[str, str]
    """Canonical column to its type in the stage."""
    writes: tuple[Write, ...]
    """In order."""
    key: tuple[str, ...] = ("code",)
    """What names a row in the file."""
    checks: tuple[Check, ...] = ()
    community: bool = False
    """Rows name a community; ``community_id`` is resolved."""
    placed: bool = False
    """Rows have a point: detective, placeholder search, attach."""


def upsert(table: str, key: str, select: str, columns: tuple[str, ...]) -> Write:
    """Insert new rows, update changed ones, and count both."""
    values = ", ".join(f"{c} = excluded.{c}" for c in columns)
    old = ", ".join(f"t.{c}" for c in columns)
    new = ", ".join(f"excluded.{c}" for c in columns)
    names = ", ".join((*[k.strip() for k in key.split(",")], *columns, "run_id"))
    merge = f"""
WITH done AS (
    INSERT INTO {table} AS t ({names})
    {select}
    ON CONFLICT ({key}) DO UPDATE SET {values}, run_id = excluded.run_id
    WHERE ({old}) IS DISTINCT FROM ({new})
    RETURNING (t.xmax = 0) AS fresh
)
SELECT count(*) FILTER (WHERE fresh) AS inserted, count(*) FILTER (WHERE NOT fresh) AS updated
FROM done
"""
    add = f"""
WITH done AS (INSERT INTO {table} ({names}) {select} RETURNING 1)
SELECT count(*) AS inserted, 0 AS updated FROM done
"""
    return Write(merge, add)
