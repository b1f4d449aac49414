"""What of a file's rows is in the store already: kept where the file is silent, told where it empties.

A column that the file does not have is not touched: the stage takes it from the store before anything is
checked. A column that is there and empty takes the stored value away; that is told, and refused where it
would be more than a slip.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, column, func, select, text, update
from sqlalchemy.dialects.postgresql import aggregate_order_by, distinct_on

from gisgrid.core.errors import Invalid
from gisgrid.core.messages import message, say
from gisgrid.files.columns import Resolved
from gisgrid.files.findings import Findings
from gisgrid.loading.stage import Stage
from gisgrid.loading.target import PARTS, Stored

MOST_EMPTIED = 0.1
"""From this share of the stored values on, emptying them has to be asked for."""


@dataclass(frozen=True, slots=True)
class Emptied:
    """What a file takes away from one column."""

    column: str
    header: str
    """The column as the file calls it."""
    values: int
    of: int
    """Rows of the file that had a value in the store."""


def given_columns(resolved: Resolved) -> frozenset[str]:
    """The canonical columns that the file has: by a header, a constant, a template or its geometry."""
    names = {column.name for column in resolved.kind.columns if resolved.has(column.name)}
    if resolved.has_geometry:
        names |= {"geometry", "lon", "lat"} if resolved.kind.geometry == "point" else {"geometry"}
    return frozenset(names)


def recall(stage: Stage, given: Collection[str]) -> None:
    """Fill the columns that the file lacks with what is stored of the same rows."""
    for stored in stage.target.stored:
        absent = [part for c in stored.columns if c not in given for part in PARTS.get(c, (c,))]
        if not absent:
            continue
        known, table = _known(stored, absent), stage.table
        stage.session.execute(
            update(table)
            .values({part: known.c[part] for part in absent})
            .where(
                _same(stored, known, table), func.num_nonnulls(*(known.c[p] for p in absent)) > 0
            ),
            stage.values,
        )


def emptied(
    stage: Stage,
    resolved: Resolved,
    given: Collection[str],
    noted: Findings,
    *,
    allowed: Collection[str],
) -> list[Emptied]:
    """What the good rows would take away from stored values, by column; their rows are noted.

    ``allowed`` are columns, by canonical name or header, that may be emptied whatever the share.

    Raises
    ------
    Invalid
        More than ``MOST_EMPTIED`` of a column's stored values would go, and nobody asked for it.
    """
    found: list[Emptied] = []
    for stored in stage.target.stored:
        columns = [c for c in stored.columns if c in given] if stored.shown else []
        for name, header, rows, had in _rows_emptied(stage, stored, columns, resolved):
            noted.add("emptied", name, rows)
            found.append(Emptied(name, header, len(rows), had))
    many = [
        e for e in found
        if e.values > MOST_EMPTIED * e.of and not {e.column, e.header} & set(allowed)
    ]  # fmt: skip
    if many:
        raise _refusal(many)
    return found


def _rows_emptied(
    stage: Stage, stored: Stored, columns: list[str], resolved: Resolved
) -> list[tuple[str, str, list[int], int]]:
    if not columns:
        return []
    parts = [PARTS.get(c, (c,))[0] for c in columns]
    rows: FromClause = stage.table
    # Where several rows speak of one thing, the first is the one that is written.
    if stored.key != stage.target.key:
        key = [rows.c[name] for name in stored.key]
        rows = (
            select(rows.c.row_no, *(rows.c[name] for name in dict.fromkeys((*stored.key, *parts))))
            .ext(distinct_on(*key))
            .order_by(*key, rows.c.row_no)
            .subquery()
        )
    known = _known(stored, parts)
    numbers = func.array_agg(aggregate_order_by(rows.c.row_no, rows.c.row_no))
    counts = [
        each
        for part in parts
        for each in (
            func.count(known.c[part]),
            numbers.filter(known.c[part].is_not(None), rows.c[part].is_(None)),
        )
    ]
    row: Sequence[Any] = stage.session.execute(
        select(*counts).join_from(rows, known, _same(stored, known, rows)), stage.values
    ).one()
    pairs = zip(columns, row[::2], row[1::2], strict=True)
    return [(c, _header(resolved, c), rows, had) for c, had, rows in pairs if rows]


def _known(stored: Stored, parts: Sequence[str]) -> FromClause:
    return (
        text(stored.sql)
        .columns(*map(column, dict.fromkeys((*stored.key, *parts))))
        .subquery("known")
    )


def _same(stored: Stored, known: FromClause, rows: FromClause) -> ColumnElement[bool]:
    return and_(*(known.c[name] == rows.c[name] for name in stored.key))


def _header(resolved: Resolved, column: str) -> str:
    if column == "lon" and "lon" not in resolved.headers:
        return "geometry"
    return resolved.headers.get(column, column)


def _refusal(many: list[Emptied]) -> Invalid:
    what = [
        message(
            "{values} of {of} values of “{header}” ({column})",
            values=e.values,
            of=e.of,
            header=e.header,
            column=e.column,
        )
        for e in many
    ]
    how = " ".join(f"--blank {e.column}" for e in many)
    return Invalid(
        "The file would empty {what}: its cells are there and hold nothing. Take the column out of the file, "
        "and "
        "what is stored stays.",
        hint=say("Or let it be emptied: {how}"),
        what=what,
        how=how,
        emptied={e.column: {"values": e.values, "of": e.of} for e in many},
    )
