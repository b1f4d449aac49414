"""What is there to read for the one who asks, and that they have read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict
from gisgrid.people.learning.documents import IssuedVersion


@dataclass(frozen=True)
class ToRead:
    """A document in its newest version, as the transaction's account stands to it."""

    code: str
    title: str
    number: int
    media_type: str
    issued_on: date
    due_on: date | None
    """Last day by which it is to be read; None: no day was set."""
    asked: bool
    """Their part in a team is one whose reading is asked for."""
    read_at: datetime | None
    """None: not this version."""

    def late(self, day: date) -> bool:
        """Whether it is asked for, unread, and its day is past."""
        due = self.due_on
        return self.asked and self.read_at is None and due is not None and due < day


def to_read(session: Session, township_id: int, day: date) -> list[ToRead]:
    """The documents of a township: those to be read first, the soonest due before others, then by code.

    An account that is nobody of the staff is asked for nothing and has read nothing.
    """
    rows = session.execute(text(_TO_READ), {"t": township_id, "day": day}).mappings()
    return [ToRead(**row) for row in rows]


def is_staff(session: Session) -> bool:
    """Whether the transaction's account is somebody of the staff, whose reading can be noted."""
    return session.scalar(text(f"SELECT {_MINE} IS NOT NULL")) or False


def mark_mine(session: Session, version: IssuedVersion) -> None:
    """Note that the transaction's account has read a version; the first time stays.

    Raises
    ------
    Conflict
        It is not the newest, or the account is nobody of the staff.
    """
    if version.number != version.newest:
        raise Conflict("Version {newest} is out: read that one.", newest=version.newest)
    if not is_staff(session):
        raise Conflict(
            "This account belongs to nobody of the staff; nobody's reading can be noted."
        )
    session.execute(
        text(
            f"INSERT INTO read_receipt (version_id, staff_id) SELECT :version, {_MINE} "
            "ON CONFLICT DO NOTHING"
        ),
        {"version": version.id},
    )


_MINE = "(SELECT k.staff_id FROM account k WHERE k.id = my_account())"

_TO_READ = f"""
SELECT d.code, d.title, v.number, v.media_type, v.issued_on, v.due_on, r.read_at, EXISTS (
           SELECT FROM team_member m WHERE m.staff_id = {_MINE}
             AND m.during @> CAST(:day AS date)
             AND asked_to_read(d.roles, d.communities, d.township_id, m.role, m.grid_code)) AS asked
FROM document d
JOIN LATERAL (SELECT id, number, media_type, issued_on, due_on FROM document_version
              WHERE document_id = d.id ORDER BY number DESC LIMIT 1) v ON true
LEFT JOIN read_receipt r ON r.version_id = v.id AND r.staff_id = {_MINE}
WHERE d.township_id = :t
ORDER BY (r.read_at IS NULL) DESC, CASE WHEN r.read_at IS NULL THEN v.due_on END NULLS LAST, d.code COLLATE "C"
"""  # noqa: S608 - parts that stand here
