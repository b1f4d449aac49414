"""Which files were loaded: by whom, when, with what outcome, and what was taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import NotFound
from gisgrid.db.bulk import owns


@dataclass(frozen=True)
class Run:
    """One load of one file, or the taking back of one."""

    id: int
    kind: str
    township: str | None
    """Code; None for areas, which come before any township."""
    file_name: str
    sha256: str
    who: str
    started_at: datetime
    counts: dict[str, Any]
    decided: dict[str, Any]
    reversible: bool
    undoes: int | None
    """Number of the run that this one took back."""
    undone_by: int | None


def runs(session: Session, *, township: str | None = None, limit: int = 50) -> list[Run]:
    """The newest runs first; of one township only those of its code."""
    rows = session.execute(
        text(
            f"{_RUN} WHERE CAST(:township AS text) IS NULL OR r.township = :township "
            "ORDER BY r.id DESC LIMIT :limit"
        ),
        {"township": township, "limit": limit},
    )
    return [Run(**row) for row in rows.mappings()]


def run_numbered(session: Session, run_id: int) -> Run:
    """The run of a number, which nobody else takes back meanwhile; NotFound if there is none."""
    row = session.execute(text(f"{_RUN} WHERE r.id = :id FOR UPDATE OF r"), {"id": run_id})
    found = row.mappings().one_or_none()
    if found is None:
        raise NotFound("There is no load {run_id}; gisgrid loads lists them.", run_id=run_id)
    return Run(**found)


def one_at_a_time(session: Session, wait: Callable[[], None] | None = None) -> None:
    """Wait until no other load is under way in the store, and let none begin before this one ends.

    For who has the owner's rights; a planner's file of grids, which a page waits for, goes beside.

    Parameters
    ----------
    wait
        Called once if there is one to wait for.
    """
    if not owns(session, "import_run"):
        return
    if not session.scalar(text(f"SELECT pg_try_advisory_xact_lock({_LOCK})")):
        if wait is not None:
            wait()
        session.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))


_LOCK = "hashtextextended('load', 0)"

_RUN = """
SELECT r.id, r.kind, r.township, r.file_name, r.sha256, r.who, r.started_at, r.counts, r.decided,
       r.reversible, r.undoes_id AS undoes,
       (SELECT u.id FROM import_run u WHERE u.undoes_id = r.id) AS undone_by
FROM import_run r
"""
