"""Take a load back: what it added goes, what it changed returns, unless something newer hangs on it.

Rows point at the run that they last came from, and history names the run that changed them; both
together say what a run did. Attachments, address keys and derived polygons are made anew.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    column,
    delete,
    distinct,
    exists,
    func,
    null,
    select,
    text,
)
from sqlalchemy import table as named
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.core.plans import plan_in_force
from gisgrid.db.tables import Base, CorrectionRequest
from gisgrid.loading.load import finish_areas
from gisgrid.loading.prepare import history_of
from gisgrid.loading.runs import Run, one_at_a_time, run_numbered
from gisgrid.locate.addresses.gazetteer import index_addresses
from gisgrid.planning.attach.attach import attach

TABLES = (
    "read_receipt", "training_attendee", "training", "resident", "household", "visit", "event", "asset",
    "duty", "open_problem", "station", "team_member", "appointment", "account", "staff", "house",
    "grid", "plan", "matter", "matter_list", "street", "parcel", "township", "area",
)  # fmt: skip
"""All that loads write, what hangs before what it hangs on."""
ONE_A_DAY = frozenset(("team_member", "appointment", "matter_list"))
"""Of which two of a kind are never in force on one day."""
DERIVED = frozenset(("house_grid", "event_grid", "address_key", "study"))
"""Made from the rows, and made anew; they go with them."""
_NAMED = frozenset(("area", "grid", "house", "street", "parcel", "matter", "station", "asset"))
"""Whose codes may stand in a message: nobody's."""
_KEPT_FOR_EVER = {"event": {"grid_code"}}


@dataclass(frozen=True)
class Undone:
    """What taking a run back did, by table."""

    run: Run
    by: int
    """Number of the run that it is recorded as."""
    removed: dict[str, int]
    restored: dict[str, int]


def undo_load(session: Session, run_id: int, *, who: str) -> Undone:
    """Take back what a load did; the caller's transaction makes it real or does not.

    Raises
    ------
    NotFound
        No such run.
    Invalid
        The run itself took one back.
    Conflict
        It was taken back, is older than history's knowledge of runs, history no longer holds the former
        rows, its plan is no draft, or something newer hangs on what it did; the facts say what.
    """
    one_at_a_time(session)
    run = run_numbered(session, run_id)
    _refuse_strange(run)
    values = {"run": run.id}
    session.execute(text("DROP TABLE IF EXISTS pg_temp.changed"))
    session.execute(text(_CHANGED), values | {"tables": list(TABLES)})
    _refuse_forgotten(session, run)
    _refuse_drawn(session, run)
    _refuse(run, _newer(session, run))
    by = _open(session, run, who)
    removed: dict[str, int] = {}
    restored: dict[str, int] = {}
    hanging: list[str] = []
    for table in TABLES:
        # Rows that hung on what the run added hang elsewhere before that goes; where no two may be on
        # one day, what the run added goes first.
        if table not in ONE_A_DAY:
            _count(restored, table, _restore(session, table))
        hanging += _hanging(session, run, table)
        if not hanging:
            _count(removed, table, _remove(session, run, table))
        if table in ONE_A_DAY and not hanging:
            _count(restored, table, _restore(session, table))
    _refuse(run, hanging)
    _make_anew(session, run, by)
    history_of(session, None)
    session.execute(
        text("UPDATE import_run SET counts = CAST(:counts AS jsonb) WHERE id = :id"),
        {"id": by, "counts": json.dumps({"removed": removed, "restored": restored})},
    )
    return Undone(run, by, removed, restored)


def _refuse_strange(run: Run) -> None:
    if run.undoes is not None:
        raise Invalid(
            "Run {run} took back run {undoes}; load the file of that one again.",
            run=run.id,
            undoes=run.undoes,
        )
    if run.undone_by is not None:
        raise Conflict(
            "Run {run} was taken back already, by run {undone_by}.",
            run=run.id,
            undone_by=run.undone_by,
        )
    if not run.reversible:
        raise Conflict(
            "Run {run} is older than the record of what each load changes; it cannot be taken back.",
            run=run.id,
        )


def _refuse_forgotten(session: Session, run: Run) -> None:
    """What retention has deleted from history cannot return; nor may it pass for an added row."""
    changed = session.scalar(text("SELECT count(*) FROM changed")) or 0
    added = sum(
        session.scalar(select(func.count()).where(_added(table, _TABLES[table])), {"run": run.id})
        or 0
        for table in TABLES
        if table not in ("plan", "matter_list", "township")
    )
    if changed < run.counts.get("updated", 0) or added > run.counts.get("inserted", 0):
        raise Conflict(
            "The former state of rows that run {run} changed is no longer kept; it cannot be taken back.",
            run=run.id,
        )


def _added(table: str, rows: FromClause) -> ColumnElement[bool]:
    """Condition for a row of a table, or of an alias of it, to have come with the run."""
    came = rows.c.run_id == bindparam("run", type_=BigInteger)
    if "id" not in rows.c:
        return came
    before = exists().where(
        _CHANGED_ROWS.c.table_name == table, _CHANGED_ROWS.c.row_id == rows.c.id
    )
    return and_(came, ~before)


def _refuse_drawn(session: Session, run: Run) -> None:
    """A plan that went on its way, or that somebody drew in since, keeps its grids."""
    row = session.execute(text(_DRAWN), {"run": run.id, "at": run.started_at}).first()
    if row is not None:
        raise Conflict(
            "The grids of run {run} stand in plan {plan!r}, which is {state} or was edited since.",
            run=run.id,
            plan=row.name,
            state=row.state,
        )


def _newer(session: Session, run: Run) -> list[str]:
    """What was changed since in rows that the run changed or added, in words."""
    rows = session.execute(text(_NEWER), {"run": run.id, "tables": list(TABLES)})
    found = [f"{r.table_name} {r.n} ({_runs(r.runs)})" for r in rows]
    used = session.scalar(text(_USED_ACCOUNTS), {"run": run.id})
    return [*found, *([f"account {used} (log-in)"] if used else [])]


def _hanging(session: Session, run: Run, table: str) -> list[str]:
    """What hangs on rows of a table that the run added, and came otherwise, in words."""
    found = []
    added = _TABLES[table].alias("added")
    code = added.c.code if table in _NAMED else cast(null(), Text)
    for row in session.execute(text(_REFERENCES), {"table": table}).all():
        if row.child in DERIVED:
            continue
        child = _TABLES[row.child].alias("child")
        own = "run_id" in child.c
        wanted = (
            select(
                func.count().label("n"),
                (func.array_agg(distinct(child.c.run_id)) if own else null()).label("runs"),
                func.array_agg(distinct(code))[1:5].label("codes"),
            )
            .join_from(child, added, added.c[row.key] == child.c[row.column])
            .where(_added(table, added))
        )
        if own:
            wanted = wanted.where(
                child.c.run_id.is_distinct_from(bindparam("run", type_=BigInteger))
            )
        n = session.execute(wanted, {"run": run.id}).one()
        if n.n:
            codes = ", ".join(c for c in n.codes or () if c)
            on = f"{table} {codes}".strip()
            found.append(f"{row.child} {n.n} → {on} ({_runs(n.runs)})")
    if table == "grid":
        for row in session.execute(text(_BY_CODE), {"run": run.id}).all():
            found.append(f"{row.what} {row.n} → grid {', '.join(row.codes)} ({_runs(row.runs)})")
    asked = session.scalar(_asked(table), {"run": run.id}) if "id" in added.c else 0
    return [*found, *([f"correction_request {asked}"] if asked else [])]


def _asked(table: str) -> Select[int]:
    """How many open requests of correction speak of rows of a table that the run added."""
    rows = _TABLES[table]
    return select(func.count()).where(
        CorrectionRequest.state == "open",
        CorrectionRequest.table_name == table,
        CorrectionRequest.row_id.in_(
            select(rows.c.id).where(rows.c.run_id == bindparam("run", type_=BigInteger))
        ),
    )


def _runs(numbers: list[int | None] | None) -> str:
    known = sorted({n for n in numbers or () if n is not None})
    told = [f"run {n}" for n in known]
    return ", ".join([*told, *(["by hand"] if not numbers or None in numbers else [])])


def _refuse(run: Run, found: list[str]) -> None:
    if found:
        raise Conflict(
            "Something newer hangs on what run {run} did: {hanging}. Take that back first.",
            run=run.id,
            hanging=found,
        )


def _open(session: Session, run: Run, who: str) -> int:
    made = session.scalar(
        text(
            "INSERT INTO import_run (kind, township, file_name, sha256, who, undoes_id) "
            "VALUES (:kind, :township, :file, :sha256, :who, :undoes) RETURNING id"
        ),
        {
            "kind": run.kind, "township": run.township, "file": run.file_name, "sha256": run.sha256,
            "who": who, "undoes": run.id,
        },
    )  # fmt: skip
    assert made is not None  # noqa: S101 - narrows the type
    history_of(session, made)
    return int(made)


def _restore(session: Session, table: str) -> int:
    """Give changed rows of a table their former state; how many there were."""
    columns = _TABLES[table].columns
    if "id" not in columns:
        return 0
    names = [
        c.name
        for c in columns
        if c.computed is None and c.name not in {"id"} | _KEPT_FOR_EVER.get(table, set())
    ]
    old = "jsonb_build_object('geom', c.old -> 'geom_ewkb')" if "geom" in columns else "'{}'"
    return int(
        session.scalar(
            text(
                f"""
                WITH back AS (
                    UPDATE {table} t SET ({", ".join(names)}) = (
                        SELECT {", ".join(f"o.{name}" for name in names)}
                        FROM jsonb_populate_record(NULL::{table}, c.old || {old}) o)
                    FROM changed c WHERE c.table_name = '{table}' AND c.row_id = t.id RETURNING 1)
                SELECT count(*) FROM back
                """
            )
        )
        or 0
    )


def _remove(session: Session, run: Run, table: str) -> int:
    """Delete what the run added to a table; how many rows there were."""
    rows = _TABLES[table]
    gone = delete(rows).where(_added(table, rows)).returning(rows.c.run_id).cte("gone")
    return session.scalar(select(func.count()).select_from(gone), {"run": run.id}) or 0


def _count(counts: dict[str, int], table: str, n: int) -> None:
    if n:
        counts[table] = n


def _make_anew(session: Session, run: Run, by: int) -> None:
    """Attachments, derived polygons and search keys, as after a load of that kind."""
    if run.kind == "areas":
        finish_areas(session, by)
    for township in session.scalars(text(_TOWNSHIPS), {"code": run.township}).all():
        if run.kind in ("areas", "houses"):
            index_addresses(session, township)
        try:
            plans = [plan_in_force(session, township).id]
        except NotFound:
            plans = []
        if run.kind == "grids":
            plans = list(session.scalars(text(_ATTACHED_DRAFTS), {"t": township}))
        for plan in plans:
            if run.kind in ("grids", "houses"):
                attach(session, plan, "house")
            if run.kind in ("grids", "events", "assets"):
                attach(session, plan, "event")


# The earliest of a run's entries is how a row was before it; a row that came with the run is none.
_TABLES = Base.metadata.tables
_CHANGED_ROWS = named("changed", column("table_name", Text), column("row_id", BigInteger))
_CHANGED = """
CREATE TEMP TABLE changed ON COMMIT DROP AS
SELECT * FROM (
    SELECT DISTINCT ON (table_name, row_id) table_name, row_id, old, id FROM history
    WHERE run_id = :run AND action = 'update' AND table_name = ANY (:tables)
    ORDER BY table_name, row_id, id) h
WHERE (old ->> 'run_id')::bigint IS DISTINCT FROM :run
"""

_DRAWN = """
SELECT p.name, p.state FROM plan p
WHERE (p.run_id = :run OR p.id IN (SELECT plan_id FROM grid WHERE run_id = :run)
       OR p.id IN (SELECT (old ->> 'plan_id')::bigint FROM changed WHERE table_name = 'grid'))
  AND (p.state <> 'draft'
       OR EXISTS (SELECT FROM scenario_move m WHERE m.plan_id = p.id AND m.at > :at))
"""

# Runs that were taken back, and those that took them back, left nothing behind.
_NEWER = """
WITH nothing AS (
    SELECT id FROM import_run WHERE undoes_id IS NOT NULL
    UNION SELECT undoes_id FROM import_run WHERE undoes_id IS NOT NULL
), later AS (
    SELECT h.table_name, h.row_id, h.run_id FROM history h JOIN changed c USING (table_name, row_id)
    WHERE h.id > c.id AND h.run_id IS DISTINCT FROM :run
    UNION
    SELECT table_name, row_id, run_id FROM history h
    WHERE h.table_name = ANY (:tables) AND h.action = 'update' AND h.run_id IS DISTINCT FROM :run
      AND (h.old ->> 'run_id')::bigint = :run
)
SELECT table_name, count(DISTINCT row_id) AS n, array_agg(DISTINCT run_id) AS runs FROM later
WHERE run_id IS NULL OR run_id NOT IN (SELECT id FROM nothing)
GROUP BY table_name ORDER BY table_name
"""

_USED_ACCOUNTS = """
SELECT count(*) FROM account
WHERE run_id = :run AND (password_hash IS NOT NULL OR last_login_at IS NOT NULL)
"""

_REFERENCES = """
SELECT c.conrelid::regclass::text AS child, a.attname AS "column", k.attname AS key
FROM pg_constraint c
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
JOIN pg_attribute k ON k.attrelid = c.confrelid AND k.attnum = c.confkey[1]
WHERE c.contype = 'f' AND c.confrelid = CAST(:table AS regclass) ORDER BY 1, 2
"""

# What names a grid by its lasting code, where no other plan has the code.
_BY_CODE = """
WITH gone AS (
    SELECT DISTINCT p.township_id, g.code FROM grid g JOIN plan p ON p.id = g.plan_id
    WHERE g.run_id = :run AND NOT EXISTS (
        SELECT FROM grid o JOIN plan q ON q.id = o.plan_id
        WHERE q.township_id = p.township_id AND o.code = g.code AND o.run_id IS DISTINCT FROM :run)
), named AS (
    SELECT 'team_member' AS what, township_id, grid_code, run_id FROM team_member
    UNION ALL SELECT 'station', township_id, grid_code, run_id FROM station
    UNION ALL SELECT 'asset', township_id, grid_code, run_id FROM asset
    UNION ALL SELECT 'duty', township_id, grid_code, run_id FROM duty
    UNION ALL SELECT 'appointment', area_id, grid_code, run_id FROM appointment
)
SELECT what, count(*) AS n, (array_agg(DISTINCT code))[1:5] AS codes,
       array_agg(DISTINCT run_id) AS runs
FROM named n JOIN gone g ON g.township_id = n.township_id AND g.code = n.grid_code
GROUP BY what ORDER BY what
"""

_TOWNSHIPS = """
SELECT t.area_id FROM township t JOIN area a ON a.id = t.area_id
WHERE CAST(:code AS text) IS NULL OR a.code = :code ORDER BY 1
"""

_ATTACHED_DRAFTS = """
SELECT p.id FROM plan p WHERE p.township_id = :t AND p.state = 'draft'
  AND EXISTS (SELECT FROM house_grid a WHERE a.plan_id = p.id) ORDER BY 1
"""
