"""Which cases does somebody of the office keep an eye on? A list in their account, the same at each of their screens."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid

MOST_KEPT, CLOSED_DAYS = 500, 30


def shortlist(session: Session) -> list[int]:
    """Numbers of the cases on the list of whoever asks, as far as they may see them; ascending."""
    return list(
        session.scalars(
            text(
                "SELECT s.case_id FROM shortlist s JOIN event_case c ON c.id = s.case_id "
                "WHERE s.account_id = my_account() ORDER BY s.case_id"
            )
        )
    )


def put(session: Session, case_ids: Sequence[int]) -> None:
    """Put cases on the list of whoever asks; one that is there stays, one that they may not see is left out.

    What has been closed for more than ``CLOSED_DAYS`` leaves it.

    Raises
    ------
    Invalid
        The list would hold more than ``MOST_KEPT``.
    """
    session.execute(
        text(
            "INSERT INTO shortlist (account_id, case_id) SELECT my_account(), c.id FROM event_case c "
            "WHERE c.id = ANY(CAST(:ids AS bigint[])) AND my_account() IS NOT NULL ON CONFLICT DO NOTHING"
        ),
        {"ids": list(case_ids)},
    )
    session.execute(text(_LEAVES), {"days": CLOSED_DAYS})
    if len(shortlist(session)) > MOST_KEPT:
        raise Invalid("A shortlist holds {most} cases: take some off first.", most=MOST_KEPT)


def take(session: Session, case_ids: Sequence[int]) -> None:
    """Take cases off the list of whoever asks."""
    session.execute(
        text(
            "DELETE FROM shortlist WHERE account_id = my_account() AND case_id = ANY(CAST(:ids AS bigint[]))"
        ),
        {"ids": list(case_ids)},
    )


_LEAVES = """
DELETE FROM shortlist s USING event_case c
WHERE s.account_id = my_account() AND c.id = s.case_id AND c.closed_at < now() - make_interval(days => :days)
"""
