"""What is past its time, deleting it everywhere, and proving that nothing of it is left."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Executable,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    cast,
    delete,
    func,
    literal,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from gisgrid.core.plans import TownshipInfo
from gisgrid.core.retention_periods import Keeping, keeping_of
from gisgrid.db.tables import Base, Resident, Staff
from gisgrid.people.positions import Folded, fold_positions
from gisgrid.people.privacy.backups import BackupInfo, backups, kept_databases
from gisgrid.people.privacy.retention_rules import RULES, RetentionRule

GONE_NAME = "（已删除）"
"""Stands where a name stood in a row that others point at."""


@dataclass(frozen=True)
class RetentionLine:
    """One kind of data: how many rows were past the day ``before``, and what was done to them."""

    keeping: str
    """Name of the span in ``Keeping``."""
    table: str
    before: date
    """Rows whose time ended before this day went."""
    rows_before: int
    deleted: int
    emptied: int
    rows_after: int


@dataclass(frozen=True)
class Searched:
    """One column that was searched for what was deleted."""

    table: str
    column: str
    rows: int
    left: int
    """Rows that still hold something of it; 0, or the job is not done."""


@dataclass(frozen=True)
class Retention:
    """What a run did; numbers only."""

    as_of: date
    lines: tuple[RetentionLine, ...]
    positions: Folded
    history_deleted: int
    """Former states of rows that are gone or emptied."""
    values: int
    """Citizen IDs and telephones that nobody who is left has: looked for everywhere."""
    searched: tuple[Searched, ...]
    holding: tuple[BackupInfo, ...]
    """Backups that still hold what is deleted; each says until when it may exist."""
    kept_databases: tuple[str, ...]
    run_id: int

    @property
    def left(self) -> int:
        return sum(s.left for s in self.searched)

    @property
    def overdue(self) -> tuple[BackupInfo, ...]:
        return tuple(b for b in self.holding if b.keep_until < self.as_of)


def retain(session: Session, place: TownshipInfo, as_of: date, *, who: str) -> Retention:
    """Delete what is past its time on a day, in the tables and in history, and look for the rest.

    All in the caller's transaction; the run is recorded with its numbers.
    """
    keeping = keeping_of(session, place.id)
    session.execute(text("DROP TABLE IF EXISTS pg_temp.gone, pg_temp.gone_value"))
    session.execute(
        text(
            "CREATE TEMP TABLE gone (table_name text, row_id bigint, "
            "PRIMARY KEY (table_name, row_id)) ON COMMIT DROP"
        )
    )
    session.execute(text("CREATE TEMP TABLE gone_value (value text PRIMARY KEY) ON COMMIT DROP"))
    lines = [_apply(session, place, rule, keeping, as_of) for rule in RULES]
    former = _forget(session)
    lines.append(_old_history(session, place, keeping, as_of))
    positions = fold_positions(session, place, as_of)
    values = _values_of_nobody(session)
    searched = _search(session) if values else ()
    held = backups(session)
    found = Retention(
        as_of=as_of,
        lines=tuple(lines),
        positions=positions,
        history_deleted=former,
        values=values,
        searched=searched,
        holding=tuple(held),
        kept_databases=tuple(kept_databases(session)),
        run_id=0,
    )
    run_id = session.execute(
        text(
            "INSERT INTO retention_run (township_id, as_of, who, report) "
            "VALUES (:t, :day, :who, CAST(:report AS jsonb)) RETURNING id"
        ),
        {"t": place.id, "day": as_of, "who": who, "report": json.dumps(numbers(found))},
    ).scalar_one()
    return Retention(**{**found.__dict__, "run_id": int(run_id)})


def _apply(
    session: Session, place: TownshipInfo, rule: RetentionRule, keeping: Keeping, as_of: date
) -> RetentionLine:
    before = as_of - timedelta(days=getattr(keeping, rule.keeping))
    scope = {
        "t": place.id,
        "zone": place.time_zone,
        "before": before,
        "day": as_of,
        "gone": GONE_NAME,
    }
    rows = Base.metadata.tables[rule.table]
    count: Executable
    if rule.counts:
        count = text(rule.counts)
    else:
        count = select(func.count()).where(rows.c.township_id == place.id)
    rows_before = int(session.scalar(count, scope) or 0)
    past = text(rule.find).columns(Column("id", BigInteger)).subquery("past")
    session.execute(
        insert(_GONE)
        .from_select(["table_name", "row_id"], select(literal(rule.table, Text), past.c.id))
        .on_conflict_do_nothing(),
        scope,
    )
    for name in rule.remember:
        value = rows.c[name]
        left = (
            select(value)
            .distinct()
            .join(_GONE, and_(_GONE.c.table_name == rule.table, _GONE.c.row_id == rows.c.id))
            .where(func.length(value) >= 7)
        )
        session.execute(insert(_GONE_VALUE).from_select(["value"], left).on_conflict_do_nothing())
    for statement in (*rule.first, rule.write):
        session.execute(text(statement), scope)
    ids = list(
        session.scalars(
            text("SELECT row_id FROM gone WHERE table_name = :table ORDER BY row_id"),
            {"table": rule.table},
        )
    )
    touched = len(ids)
    if ids:
        session.execute(
            text("SELECT audit('retention', :table, CAST(:ids AS bigint[]))"),
            {"table": rule.table, "ids": ids},
        )
    return RetentionLine(
        keeping=rule.keeping,
        table=rule.table,
        before=before,
        rows_before=rows_before,
        deleted=0 if rule.empties else touched,
        emptied=touched if rule.empties else 0,
        rows_after=int(session.scalar(count, scope) or 0),
    )


def _forget(session: Session) -> int:
    """Delete the former states of the rows that went, those that this run wrote too."""
    return len(
        session.execute(
            text(
                "DELETE FROM history h USING gone g WHERE h.table_name = g.table_name "
                "AND h.row_id = g.row_id RETURNING 1"
            )
        ).all()
    )


def _old_history(
    session: Session, place: TownshipInfo, keeping: Keeping, as_of: date
) -> RetentionLine:
    """Former states of rows of this township; each other has its own span."""
    before = as_of - timedelta(days=keeping.history)
    count = text(f"SELECT count(*) FROM history WHERE {_OF_TOWN}")
    rows_before = int(session.scalar(count, {"t": place.id}) or 0)
    deleted = len(
        session.execute(
            text(
                "DELETE FROM history WHERE table_name = ANY(:tables) AND changed_at < :before "
                f"AND {_OF_TOWN} RETURNING 1"
            ),
            {"tables": list(_PEOPLE), "before": before, "t": place.id},
        ).all()
    )
    return RetentionLine(
        "history", "history", before, rows_before, deleted, 0, rows_before - deleted
    )


def _values_of_nobody(session: Session) -> int:
    """Leave out of what is looked for all that somebody who is left has too: a shared telephone."""
    for value in (Resident.citizen_id, Resident.phone, Staff.phone):
        session.execute(delete(_GONE_VALUE).where(_GONE_VALUE.c.value == value))
    return int(session.scalar(text("SELECT count(*) FROM gone_value")) or 0)


def _search(session: Session) -> tuple[Searched, ...]:
    """Look into every column that holds words, of every table of the store."""
    searched = []
    for table, column in session.execute(text(_COLUMNS_WITH_WORDS)).all():
        row = session.execute(_left(table, column)).one()
        searched.append(Searched(table, column, row.rows, row.left))
    return tuple(searched)


def _left(name: str, words: str) -> Select[int, int]:
    """How many rows of a table say something in a column, and how many of them a value that was deleted."""
    said = Table(name, MetaData(), Column(words, Text)).c[words]
    gone = _GONE_VALUE
    whole = select(gone.c.value).where(gone.c.value == cast(said, Text)).exists()
    word = func.regexp_matches(
        cast(said, Text), "[0-9A-Za-z]{7,}", "g", type_=ARRAY(Text)
    ).column_valued("word")
    part = select(gone.c.value).where(gone.c.value == word[1]).exists()
    number = func.count()
    return select(number.label("rows"), number.filter(or_(whole, part)).label("left")).where(
        said.is_not(None)
    )


def numbers(found: Retention) -> dict[str, Any]:
    """A run as JSON: no value that was deleted is in it."""
    return {
        "lines": [{**asdict(line), "before": str(line.before)} for line in found.lines],
        "positions": {**asdict(found.positions), "first_kept": str(found.positions.first_kept)},
        "history_deleted": found.history_deleted,
        "values": found.values,
        "searched": [asdict(s) for s in found.searched if s.rows],
        "left": found.left,
        "backups": [{"id": b.id, "keep_until": str(b.keep_until)} for b in found.holding],
        "kept_databases": list(found.kept_databases),
    }


_GONE = Table("gone", MetaData(), Column("table_name", Text), Column("row_id", BigInteger))
_GONE_VALUE = Table("gone_value", MetaData(), Column("value", Text))

_OF_TOWN = "coalesce((old ->> 'township_id')::bigint, :t) = :t"

# Whose former states are about people.
_PEOPLE = ("household", "resident", "staff", "team_member", "visit", "event", "alias")

_COLUMNS_WITH_WORDS = """
SELECT c.table_name, c.column_name
FROM information_schema.columns c
JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
  AND c.table_name NOT IN ('spatial_ref_sys', 'alembic_version')
  AND (c.data_type IN ('text', 'character varying', 'jsonb', 'json')
       OR c.udt_name IN ('_text', '_varchar'))
ORDER BY c.table_name, c.column_name
"""

# Whole cells, and words within a longer text; a hash of the words, so that a million rows take seconds.
