"""What a kind needs to go from the stage into the store: columns, checks, statements."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RowCheck:
    """Rows of the stage with a defect: ``sql`` gives their row numbers."""

    code: str
    column: str
    sql: str
    keeps: bool = False
    """Told only; the row stays."""
    moves: bool = False
    """The row would hang what is stored on another parent; not asked where that is wanted."""


UNTIL_FIRST = RowCheck("until_first", "until", "SELECT row_no FROM stage WHERE until < since")
"""Asked of the stage and not of the file alone: one of the two days may be the stored one."""


@dataclass(frozen=True)
class Stored:
    """How rows that are in the store look as rows of the stage."""

    key: tuple[str, ...]
    """Columns of the stage that name the row."""
    columns: tuple[str, ...]
    """Canonical columns that a file may leave out or leave empty."""
    sql: str
    """Gives ``key`` and ``columns``; NULL also where what stands there is the default. ``community``
    comes as ``community_id``, ``lon`` with the rest of its place (``PARTS``)."""
    shown: bool = True
    """The load changes these very rows, so what it would empty is told; False: they only stand in."""


PARTS: dict[str, tuple[str, ...]] = {
    "community": ("community_id",),
    "lon": ("lon", "lat", "source_x", "source_y", "place"),
}
"""Canonical column to the columns of the stage that hold it, where these are others."""


def moved(column: str, stored: str) -> RowCheck:
    """Rows that would hang what is stored on another parent; ``stored`` gives code and parent."""
    part = PARTS.get(column, (column,))[0]
    return RowCheck(
        "moved",
        column,
        f"SELECT s.row_no FROM stage s JOIN ({stored}) o ON o.code = s.code AND o.{part} <> s.{part}",
        moves=True,
    )


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
    stored: tuple[Stored, ...] = ()
    checks: tuple[RowCheck, ...] = ()
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
