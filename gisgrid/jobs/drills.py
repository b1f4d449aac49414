"""Does a backup come back? Read into a database of its own, counted, compared, thrown away.

A drill is asked for on a page or at the server and waits in the store; the worker does one at a time.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, GisgridError, Invalid, NotFound
from gisgrid.core.messages import message, packed, say
from gisgrid.db import backup as dump
from gisgrid.db import locks
from gisgrid.db.store import transaction

log = logging.getLogger(__name__)

LOOK_S = 2.0
"""How often the worker looks for what was asked."""
ATTEMPTS = 3
"""What ended its worker so often is given up."""


@dataclass(frozen=True)
class Drill:
    """One drill as it stands."""

    id: int
    backup_id: int
    who: str
    asked_at: datetime
    state: str
    ended_at: datetime | None
    took_s: float | None
    """Seconds for reading back and counting."""
    done: int
    total: int | None
    doing: str
    rows_read: int | None
    differs: dict[str, list[int]] | None
    """Tables whose rows are not as many as the backup said: its number, and what came back."""
    failed: str | None
    counted: bool
    """The backup says how many rows it holds, so that they could be compared."""

    @property
    def busy(self) -> bool:
        return self.state in ("waiting", "running")

    @property
    def stood(self) -> bool:
        """Whether all came back, and was compared."""
        return self.state == "done" and self.counted and not self.differs


def drills(session: Session) -> list[Drill]:
    """All drills, newest first, for who administers the whole store; for others none."""
    rows = session.execute(text("SELECT * FROM list_drills()")).mappings()
    return [Drill(**row) for row in rows]


def ask(session: Session, backup_id: int, *, who: str) -> int:
    """Have a backup read back; the number of the drill.

    Raises
    ------
    NotFound
        No such backup, or it was destroyed.
    Conflict
        A drill waits or runs already.
    """
    number = session.scalar(
        text("SELECT ask_drill(:backup, :who)"), {"backup": backup_id, "who": who}
    )
    if number is not None:
        return int(number)
    if any(each.busy for each in drills(session)):
        raise Conflict("A backup is being read back already; one at a time.")
    raise NotFound("There is no backup {number}.", number=backup_id)


def watch(engine: Engine, stop: threading.Event) -> None:
    """Do the drills that are asked for, until stopped."""
    while not stop.wait(LOOK_S):
        try:
            do_asked(engine, stop.is_set)
        except DBAPIError as exc:
            log.warning("the store does not answer (%s)", type(exc.orig).__name__)


def do_asked(engine: Engine, stopped: Callable[[], bool] = lambda: False) -> int:
    """Do the drills that wait; how many there were."""
    with transaction(engine, read_only=True) as session:
        asked = session.scalars(text(_ASKED)).all()
    if not asked:
        return 0
    with locks.held(engine, "backup_drill") as alone:
        if alone:
            for number in asked:
                _one(engine, number, stopped)
    return len(asked) if alone else 0


def _one(engine: Engine, number: int, stopped: Callable[[], bool]) -> None:
    with transaction(engine) as session:
        begun = session.execute(text(_BEGUN), {"id": number}).one_or_none()
    if begun is None:
        return

    def tell(doing: str) -> None:
        steps = ("comparing the file", "restoring", "counting")
        with transaction(engine) as session:
            session.execute(
                text(_TELL), {"id": number, "doing": doing, "done": steps.index(doing), "total": len(steps)},
            )  # fmt: skip

    def still() -> bool:
        with transaction(engine, read_only=True) as session:
            return bool(session.scalar(text(_OURS), {"id": number})) and not stopped()

    began = time.monotonic()
    end: dict[str, Any] = dict.fromkeys(("rows", "differs", "took", "failed"))
    try:
        if begun.attempts > ATTEMPTS:
            raise GisgridError(_THRICE)
        tell("comparing the file")
        refuse_changed(Path(begun.path), begun.sha256)
        read = dump.read_back(engine, Path(begun.path), tell=tell, still=still)
        end |= {"rows": sum(read.values()), "took": time.monotonic() - began}
        if begun.counts is not None:
            end["differs"] = json.dumps(differing(begun.counts, read))
    except dump.Stopped:
        if stopped():
            with transaction(engine) as session:
                session.execute(text(_PUT_BACK), {"id": number})
        return
    except GisgridError as exc:
        end |= {"failed": packed(exc.said)}
    except DBAPIError as exc:
        if getattr(exc.orig, "sqlstate", None) != "42501":
            raise
        end |= {"failed": packed(message(_NO_DATABASE))}
    with transaction(engine) as session:
        session.execute(text(_END), {"id": number, **end})


def refuse_changed(path: Path, sha256: str) -> None:
    """Raise Invalid where the file of a backup is gone, or is not what was written."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as exc:
        raise Invalid(
            "The file {name} cannot be read where it was written.", name=path.name
        ) from exc
    if found != sha256:
        raise Invalid(
            "The file {name} is not what was written: its SHA-256 differs.", name=path.name
        )


def differing(said: dict[str, int], read: dict[str, int]) -> dict[str, list[int]]:
    """Tables of which not as many rows came back as were said; a table on one side alone has 0 on the other."""
    return {
        table: [said.get(table, 0), read.get(table, 0)]
        for table in sorted(said.keys() | read.keys())
        if said.get(table, 0) != read.get(table, 0)
    }


_THRICE = say("It was broken off three times, each time with the worker that did it.")
_NO_DATABASE = say("The store's user may make no database, so that nothing can be read back.")

_ASKED = "SELECT id FROM backup_drill WHERE state IN ('waiting', 'running') ORDER BY id"

_BEGUN = """
UPDATE backup_drill d SET state = 'running', attempts = attempts + 1, done = 0, total = NULL, doing = ''
FROM backup b
WHERE d.id = :id AND d.state IN ('waiting', 'running') AND b.id = d.backup_id
RETURNING d.attempts, b.path, b.sha256, b.counts
"""

_TELL = "UPDATE backup_drill SET doing = :doing, done = :done, total = :total WHERE id = :id"

_OURS = "SELECT state = 'running' FROM backup_drill WHERE id = :id"

_PUT_BACK = """
UPDATE backup_drill SET state = 'waiting', attempts = attempts - 1, doing = ''
WHERE id = :id AND state = 'running'
"""

_END = """
UPDATE backup_drill SET state = CASE WHEN CAST(:failed AS text) IS NULL THEN 'done' ELSE 'failed' END,
    ended_at = now(), rows_read = :rows, took_s = :took, differs = CAST(:differs AS jsonb), failed = :failed,
    done = coalesce(total, 0)
WHERE id = :id AND state = 'running'
"""
