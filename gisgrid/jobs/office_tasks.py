"""What the worker does for the office, each kind in one transaction, as whoever ordered it."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from shutil import disk_usage
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, GisgridError
from gisgrid.core.plans import TownshipInfo, township_by_id
from gisgrid.core.retention_periods import keeping_of
from gisgrid.core.settings import Settings
from gisgrid.db import backup as dump
from gisgrid.db.store import transaction
from gisgrid.files.exports import write_workbook
from gisgrid.jobs.office_jobs import (
    BACKUP,
    BROKE_OFF,
    RETENTION,
    SUBJECT,
    TRIAL,
    OfficeWork,
    refuse,
)
from gisgrid.people.privacy.audit import note
from gisgrid.people.privacy.backups import note_backup
from gisgrid.people.privacy.retention import numbers, retain
from gisgrid.people.privacy.subject_access import subject_of, subject_sheets

BACKUPS = "backups"
"""Folder of the installation's home into which pages have backups written."""


@contextmanager
def _acting(engine: Engine, work: OfficeWork) -> Iterator[tuple[Session, TownshipInfo]]:
    """The one transaction of an order, as whoever asked; with its end the order is done."""
    with transaction(engine, actor=work.actor) as session:
        place = township_by_id(session, work.township_id)
        refuse(session, place, work.kind)
        yield session, place
        # Whoever lost the right while this ran has lost it.
        refuse(session, place, work.kind)
        if session.scalar(text(_DONE), {"id": work.id, "attempts": work.attempts}) is None:
            raise GisgridError(BROKE_OFF)


def _answer(engine: Engine, work: OfficeWork) -> None:
    """Put together what is held on whoever asked."""
    with _acting(engine, work) as (session, place):
        resident = session.scalar(
            text("SELECT resident_id FROM subject_request WHERE id = :id"), {"id": work.request_id}
        )
        found = subject_of(session, place, int(resident or 0))
        with tempfile.TemporaryDirectory(prefix="gisgrid-") as folder:
            file = Path(folder) / "answer.xlsx"
            write_workbook(file, subject_sheets(found))
            content = file.read_bytes()
        session.execute(
            text(_READY),
            {
                "id": work.request_id, "answer": content, "sha": hashlib.sha256(content).hexdigest(),
                "days": int(keeping_of(session, place.id).answers),
            },
        )  # fmt: skip


def _trial(engine: Engine, work: OfficeWork) -> None:
    """What would be deleted: the work itself, rolled back."""
    with transaction(engine, actor=work.actor) as session:
        place = township_by_id(session, work.township_id)
        refuse(session, place, work.kind)
        found = retain(session, place, _today(session, place), who=work.who)
        told = {**numbers(found), "as_of": str(found.as_of)}
        session.rollback()
    with _acting(engine, work) as (session, _):
        _tell(session, work, told)


def _retain(engine: Engine, work: OfficeWork) -> None:
    """Delete what is past its time; the run is recorded with its proof."""
    with _acting(engine, work) as (session, place):
        found = retain(session, place, _today(session, place), who=work.who)
        _tell(session, work, {"run": found.run_id})


def _back_up(engine: Engine, work: OfficeWork) -> None:
    """Write the whole store into a file of the backups' folder; gone again where the order was stopped.

    The folder lies in the home of the installation, where no page reaches it, and nobody but the service enters it.
    """
    with transaction(engine, read_only=True, actor=work.actor) as session:
        refuse(session, township_by_id(session, work.township_id), work.kind)
        needs = session.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    folder = Settings.from_env().home / BACKUPS
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if disk_usage(folder).free < needs:
        raise Conflict(
            "The disk has no room for a backup: the store takes {needs} MB. Make room, or have it written elsewhere "
            "at the server.",
            needs=needs // 1_000_000,
        )
    file = folder / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{work.id}.dump"
    try:
        written = dump.backup(engine, file)
        file.chmod(0o600)
        with _acting(engine, work) as (session, _):
            made = note_backup(session, file, written.counts)
            note(session, "write", "backup", made.id)
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _today(session: Session, place: TownshipInfo) -> date:
    day: date = session.execute(text("SELECT today_in(:t)"), {"t": place.id}).scalar_one()
    return day


def _tell(session: Session, work: OfficeWork, result: dict[str, Any]) -> None:
    session.execute(
        text("UPDATE office_job SET result = CAST(:result AS jsonb) WHERE id = :id"),
        {"id": work.id, "result": json.dumps(result)},
    )


DO: dict[str, Callable[[Engine, OfficeWork], None]] = {
    SUBJECT: _answer,
    TRIAL: _trial,
    RETENTION: _retain,
    BACKUP: _back_up,
}
"""What the worker does for each kind."""

_DONE = """
UPDATE office_job SET state = 'done', ended_at = now()
WHERE id = :id AND state = 'running' AND attempts = :attempts RETURNING id
"""

_READY = """
UPDATE subject_request SET state = 'ready', answer = :answer, sha256 = :sha, made_at = now(), gone_on = today_in(township_id) + CAST(:days AS integer)
WHERE id = :id AND state = 'making'
"""
