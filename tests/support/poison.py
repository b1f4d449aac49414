"""A text that would run if a page took it for more than text, in each column of words of the store."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Column, Integer, Table, Text, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.db.tables import Base

POISON = "'\"`><img src=x onerror=window.hit=1></script><script>window.hit=1</script>\u2028&quot;"


def fill(session: Session) -> dict[str, str]:
    """A row where a table has none, then the text behind what stands in each column of words.

    Returns
    -------
    dict
        Columns and tables that do not take it, with the store's reason.
    """
    refused = {}
    for table in Base.metadata.sorted_tables:
        if not session.scalar(text(f"SELECT EXISTS (SELECT FROM {table.name})")):
            row = {c.name: _value(session, table, c) for c in table.columns if not _given(c)}
            row |= _MADE.get(table.name, {})
            if problem := _tried(session, table.insert().values(row)):
                refused[table.name] = problem
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if _words(column) and not column.foreign_keys and str(column) not in _SPARED:
                many = isinstance(column.type, ARRAY)
                was = f"coalesce({column.name}{'[1]' if many else ''}, '') || :bad"
                new = f"ARRAY[{was}]" if many else was
                statement = text(f"UPDATE {table.name} SET {column.name} = {new}")
                if problem := _tried(session, statement.bindparams(bad=POISON)):
                    refused[f"{table.name}.{column.name}"] = problem
    return refused


def _tried(session: Session, statement: Any) -> str:
    try:
        with session.begin_nested():
            session.execute(statement)
    except DBAPIError as error:
        return str(error.orig).splitlines()[0]
    return ""


def _words(column: Column[Any]) -> bool:
    inner = column.type.item_type if isinstance(column.type, ARRAY) else column.type
    return isinstance(inner, Text)


def _given(column: Column[Any]) -> bool:
    """Whether the store numbers or works out the column by itself."""
    numbered = column.primary_key and not column.foreign_keys and isinstance(column.type, Integer)
    return column.computed is not None or column.identity is not None or numbered


def _value(session: Session, table: Table, column: Column[Any]) -> Any:
    for key in column.foreign_keys:
        return session.scalar(select(key.column).order_by(key.column).limit(1))
    for constraint in table.constraints:
        rule = str(getattr(constraint, "sqltext", ""))
        if found := re.search(rf"\b{column.name}\s+IN\s*\('([^']*)'", rule):
            return found[1]
    if _words(column):
        return [POISON] if isinstance(column.type, ARRAY) else POISON
    kind = getattr(column.type, "geometry_type", type(column.type).__name__)
    return _OF_KIND.get(kind, 1)


_DAY = date(2023, 5, 1)
_NOON = datetime(2023, 5, 1, 4, tzinfo=UTC)
_OF_KIND: dict[str, Any] = {
    "JSONB": {POISON: POISON},
    "DATERANGE": Range(_DAY, None),
    "TSTZRANGE": Range(_NOON, None),
    "DateTime": _NOON,
    "Date": _DAY,
    "Uuid": UUID(int=7),
    "Boolean": False,
    "LargeBinary": b"x",
    "POINT": "SRID=4326;POINT(120.91 40.71)",
    "MULTIPOLYGON": "SRID=4326;MULTIPOLYGON(((120.91 40.71, 120.92 40.71, 120.92 40.72, 120.91 40.71)))",
}
_MADE: dict[str, dict[str, Any]] = {
    # table: what else a row of it must hold for the store to take it
    "alias": {"geom": None},
    "collection_question": {"choices": [], "least": None, "most": None},
    "collection_task": {"opened_at": None, "reminded_at": None, "ended_at": None, "ended_by": None},
    "correction_request": {"state": "open", "decided_by": None, "decided_at": None, "reason": None},
    "file_import": {
        "options": {}, "facts": None, "looked": None, "checked": None, "imported": None, "foreseen": None,
        "after_id": None, "run_id": None, "undone_by_id": None, "gone_at": None,
    },
    "file_import_part": {"number": 0, "content": b"x"},
    "emergency": {"ended_by": None, "ended_at": None},
    "house_change": {"change": "gone", "house_id": 1, "successor_id": None},
    "job": {"result": None},
    "open_problem": {"solved_on": None},
    "office_job": {"kind": "retention", "request_id": None, "result": {}},
    "subject_request": {"answer": None},
    "retention_run": {
        "report": {
            "lines": [], "positions": {"positions": 0, "totals": 0, "first_kept": "2023-04-17"}, "history_deleted": 0,
            "values": 0, "searched": [], "left": 0, "backups": [], "kept_databases": [],
        },
    },
    "means": {"kind": "funds", "pieces": None, "floor_m2": None},
    "outbox_person": {"quiet_from": None, "quiet_until": None, "language": "zh"},
    "scenario_move": {"before": {}, "after": {}, "flows": []},
    "station": {"grid_code": None},
    "workload_weights": {"weights": {}},
}  # fmt: skip
_SPARED = {
    # words that the program itself reads, or that only a program writes and reads
    "account.password_hash",
    "account.tf_primary_method",
    "account.tf_totp_secret",
    "appointment.grid_code",
    "case_clock.colour",
    "case_clock.name",
    "case_clock.unit",
    "event.client_id",
    "purpose.name",
    "role_right.right_name",
    "township.time_zone",
}
