"""Personal data in the open: for who has the right there, for a declared purpose, on the record.

The store does all three (``unmask_resident`` and its like); the row of the audit is written in the
same transaction, which therefore must be one that may write. Row numbers out of one's ground, or of
nothing, are left out and not told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.core.errors import NotAllowed, NotFound
from gisgrid.people.privacy.audit import without_purpose

T = TypeVar("T")


@dataclass(frozen=True)
class OpenStaff:
    """A person of staff with the telephone."""

    id: int
    name: str
    phone: str | None


@dataclass(frozen=True)
class OpenEvent:
    """What was reported, in words, and by whom."""

    id: int
    text: str | None
    address: str | None
    reporter: str | None
    contact: str | None


def open_staff(session: Session, ids: Sequence[int]) -> list[OpenStaff]:
    """Staff by row number, for who has the right ``see_contacts`` there; see `opened`."""
    return opened(session, OpenStaff, _UNMASK_STAFF, ids)


def open_leader(session: Session, township_id: int, grid_code: str) -> OpenStaff:
    """Today's leader of a grid with the telephone, on the terms of ``open_staff``.

    Raises
    ------
    NotFound
        The grid has no leader today, or one outside the area of the account's rights.
    """
    ids = session.scalars(text(_LEADER), {"township": township_id, "grid": grid_code}).all()
    found = open_staff(session, ids)
    if not found:
        raise NotFound("No leader of grid {grid!r} is known to you today.", grid=grid_code)
    return found[0]


def open_events(session: Session, ids: Sequence[int]) -> list[OpenEvent]:
    """Events by row number, for who has the right ``see_events`` there; see `opened`."""
    return opened(session, OpenEvent, _UNMASK_EVENT, ids)


def opened(session: Session, kind: type[T], statement: str, ids: Sequence[int]) -> list[T]:
    """What a function of the store opens, by row number.

    Raises
    ------
    NotAllowed
        The account has the right nowhere today, or the transaction declares no known purpose.
    """
    try:
        # The savepoint lets the refusal be put into words.
        with session.begin_nested():
            rows = session.execute(text(statement), {"ids": list(ids)}).mappings()
            return [kind(**row) for row in rows]
    except DBAPIError as exc:
        missing = _missing(exc)
        if missing == "purpose":
            raise without_purpose(session) from exc
        if missing == "right":
            raise NotAllowed(
                "This account has no right to open these rows.", missing="right"
            ) from exc
        raise


def _missing(exc: DBAPIError) -> str | None:
    orig: Any = exc.orig
    return orig.diag.constraint_name if getattr(orig, "sqlstate", None) == "42501" else None


_LEADER = """
SELECT staff_id FROM team_member WHERE township_id = :township AND grid_code = :grid
  AND role = 'leader' AND during @> today_in(township_id)
"""


_UNMASK_STAFF = "SELECT * FROM unmask_staff(CAST(:ids AS bigint[]))"
_UNMASK_EVENT = "SELECT * FROM unmask_event(CAST(:ids AS bigint[]))"
