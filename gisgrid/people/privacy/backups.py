"""Which backup files hold data of this store, and until when may they?"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, NotFound
from gisgrid.core.retention_periods import Keeping


@dataclass(frozen=True)
class BackupInfo:
    """A backup that was made and is not known to be destroyed."""

    id: int
    path: str
    made_at: datetime
    size: int
    sha256: str
    keep_until: date
    """Last day on which it may exist."""


def note_backup(
    session: Session, path: Path, counts: Mapping[str, int] | None = None
) -> BackupInfo:
    """Record a backup file that was just written, with the rows of each table that it holds.

    It is kept as long as the strictest township of the store allows.
    """
    stored = session.scalars(text("SELECT keeping FROM township")).all()
    days = min((Keeping.of(one).backups for one in stored), default=Keeping().backups)
    made = datetime.now(UTC)
    # Of several townships the one whose day is the earliest has it for the shortest time.
    first = session.scalar(text("SELECT min(day_in(time_zone)) FROM township"))
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    number = session.execute(
        text(
            "INSERT INTO backup (path, made_at, size, sha256, keep_until, counts) "
            "VALUES (:path, :made, :size, :sha, :until, CAST(:counts AS jsonb)) RETURNING id"
        ),
        {
            "path": str(path.absolute()),
            "made": made,
            "size": path.stat().st_size,
            "sha": sha256,
            "until": (first or made.date()) + timedelta(days=days),
            "counts": None if counts is None else json.dumps(counts),
        },
    ).scalar_one()
    return _backup(session, number)


def backups(session: Session) -> list[BackupInfo]:
    """The backups that are not known to be destroyed, oldest first.

    With an account: for who administers the whole store, ``path`` being the file's name; for others none.
    """
    rows = session.execute(text("SELECT * FROM list_backups()"))
    return [BackupInfo(**row) for row in rows.mappings()]


def whole_store(session: Session) -> bool:
    """Whether whoever acts administers the whole store, so that `backups` tells them of it."""
    return bool(session.scalar(text("SELECT holds_everywhere('administer')")))


def kept_databases(session: Session) -> list[str]:
    """Names of the databases that a restore put aside: they hold everything as it was then."""
    return list(
        session.scalars(
            text(
                "SELECT datname FROM pg_database "
                "WHERE starts_with(datname, current_database() || '_before_') ORDER BY datname"
            )
        )
    )


def carry_over(session: Session, known: Sequence[BackupInfo]) -> int:
    """Record backups again in a store that was restored from one of them; how many it did not know.

    A store of an older version that keeps no such record learns none.
    """
    if session.scalar(text("SELECT to_regclass('public.backup') IS NULL")):
        return 0
    return sum(
        session.execute(
            text(
                "INSERT INTO backup (path, made_at, size, sha256, keep_until) "
                "SELECT :path, :made_at, :size, :sha256, :keep_until WHERE NOT EXISTS ("
                "SELECT FROM backup WHERE (path, made_at) = (:path, :made_at)) RETURNING id"
            ),
            asdict(one),
        ).first()
        is not None
        for one in known
    )


def note_destroyed(session: Session, number: int) -> BackupInfo:
    """Note that a backup is destroyed.

    Raises
    ------
    NotFound
        No such backup, or it was destroyed before.
    Conflict
        The file still lies where it was written.
    """
    known = _backup(session, number)
    if Path(known.path).exists():
        raise Conflict("The file {path} is still there; delete it first.", path=known.path)
    session.execute(text("UPDATE backup SET destroyed_at = now() WHERE id = :id"), {"id": number})
    return known


def _backup(session: Session, number: int) -> BackupInfo:
    row = (
        session.execute(text(_BACKUP + " WHERE id = :id AND destroyed_at IS NULL"), {"id": number})
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise NotFound("There is no backup {number}.", number=number)
    return BackupInfo(**row)


_BACKUP = "SELECT id, path, made_at, size, sha256, keep_until FROM backup"
