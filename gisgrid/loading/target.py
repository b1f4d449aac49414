"""What a kind needs to go from the stage into the store: columns, checks, statements."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Boolean, Executable, Integer, func, literal_column, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert

from gisgrid.db.tables import Base


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
    "lon": ("lon", "lat", "source_x", "source_y", "location_status"),
}
"""Canonical column to the columns of the stage that hold it, where these are others."""


def moved(column: str, sql: str) -> RowCheck:
    """Rows that would hang what is stored on another parent."""
    return RowCheck("moved", column, sql, moves=True)


@dataclass(frozen=True)
class Write:
    """A statement that brings rows of the stage into a table; it gives one row: inserted, updated."""

    merge: Executable
    """For any table."""
    add: Executable | None = None
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
    """Rows have a point: check of the datum, placeholder search, attach."""


def upsert(table: str, key: tuple[str, ...], select_: str, columns: tuple[str, ...]) -> Write:
    """Insert new rows, update changed ones, and count both.

    ``select_`` gives the values of ``key``, of ``columns`` and the run, in this order.
    """
    into = Base.metadata.tables[table]
    made = insert(into).from_select(
        [*key, *columns, "run_id"], text(select_).columns(), include_defaults=False
    )
    before = tuple_(*(into.c[name] for name in columns))
    after = tuple_(*(made.excluded[name] for name in columns))
    done = (
        made.on_conflict_do_update(
            index_elements=key,
            set_={name: made.excluded[name] for name in (*columns, "run_id")},
            where=before.is_distinct_from(after),
        )
        .returning(literal_column("xmax = 0", Boolean).label("fresh"))
        .cte("done")
    )
    number = func.count()
    merge = select(
        number.filter(done.c.fresh).label("inserted"),
        number.filter(~done.c.fresh).label("updated"),
    ).select_from(done)
    added = made.returning(literal_column("1", Integer)).cte("done")
    add = select(
        number.label("inserted"), literal_column("0", Integer).label("updated")
    ).select_from(added)
    return Write(merge, add)
