"""Who changed what on a list of matters, and when?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class ListChange:
    """A line of what was done to a list."""

    code: str | None
    what: str
    was: str | None
    became: str | None
    who: str
    at: datetime


def log_of(session: Session, list_id: int, most: int = 100) -> list[ListChange]:
    """What was done to a list, newest first."""
    rows = session.execute(
        text(
            "SELECT code, what, was, became, who, at FROM matter_change WHERE list_id = :list "
            "ORDER BY id DESC LIMIT :most"
        ),
        {"list": list_id, "most": most},
    )
    return [ListChange(*row) for row in rows]


def add_to_log(
    session: Session,
    list_id: int,
    code: str | None,
    what: str,
    *,
    was: str | None = None,
    became: str | None = None,
) -> None:
    """Keep who changed what on a list, and when."""
    session.execute(
        text(
            "INSERT INTO matter_change (list_id, code, what, was, became, who) "
            "VALUES (:list, :code, :what, :was, :became, my_name())"
        ),
        {"list": list_id, "code": code, "what": what, "was": was, "became": became},
    )
