"""Which case is meant by a code or a number? And what looks like a ticket."""

from __future__ import annotations

import re

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.board import Row, rows_of

# Three groups of four; two of five in a ticket of before.
_TICKET = re.compile(
    r"[2-9A-HJ-NP-Z]{4}(-?[2-9A-HJ-NP-Z]{4}){2}|[2-9A-HJ-NP-TV-Z]{5}-?[2-9A-HJ-NP-TV-Z]{5}"
)


def cases_called(session: Session, words: str, *, limit: int = 10) -> list[Row]:
    """The cases that the reader may see whose event has the code, or whose number it is.

    An empty text, or one of more than 60 characters, names none.
    """
    words = words.strip()
    if not 0 < len(words) <= 60:
        return []
    number = int(words) if words.isascii() and words.isdecimal() and len(words) < 19 else None
    values = {"code": words, "number": number, "limit": limit}
    return rows_of(session, session.scalars(text(_CALLED), values).all())


def like_ticket(words: str) -> str | None:
    """A ticket as it is written, where the words may be one; nobody is asked whether there is such a ticket.

    >>> like_ticket(" abcd2-3456z "), like_ticket("acde-2345-ghjk"), like_ticket("康成街9号")
    ('ABCD2-3456Z', 'ACDE-2345-GHJK', None)
    """
    wanted = words.strip().upper()
    return wanted if _TICKET.fullmatch(wanted) else None


_CALLED = """
SELECT e.id FROM event e JOIN event_case c ON c.event_id = e.id
WHERE upper(e.code) = upper(:code) OR c.id = CAST(:number AS bigint)
ORDER BY e.id LIMIT :limit
"""
