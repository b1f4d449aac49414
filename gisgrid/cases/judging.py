"""Which clocks have turned, and how does every open case stand? Due times held against a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session


class Turned(NamedTuple):
    """A clock that has turned yellow or red."""

    case_id: int
    name: str
    colour: str
    due_at: datetime


@dataclass(frozen=True)
class Judged:
    """What came of judging: how many turned, and the most overdue of them."""

    red: int
    yellow: int
    worst: list[Turned]


def judge(session: Session, township_id: int, now: datetime, *, most: int = 200) -> Judged:
    """Bring the colours of running clocks up to ``now``; ``most``: so many of them are named.

    After a long stop very many turn at once, and naming each would take as long as turning them.
    """
    rows = session.execute(
        text(
            """
            WITH turned AS (
                UPDATE case_clock k
                SET colour = CASE WHEN k.due_at < :now THEN 'red' ELSE 'yellow' END
                FROM event_case c
                WHERE c.id = k.case_id AND c.township_id = :t AND k.stopped_at IS NULL
                  AND k.due_at IS NOT NULL AND k.yellow_at <= :now
                  AND k.colour <> CASE WHEN k.due_at < :now THEN 'red' ELSE 'yellow' END
                RETURNING k.case_id, k.name, k.colour, k.due_at
            ), sums AS (
                SELECT count(*) FILTER (WHERE colour = 'red') AS red,
                       count(*) FILTER (WHERE colour = 'yellow') AS yellow FROM turned
            ), worst AS (
                SELECT * FROM turned ORDER BY due_at, case_id, name COLLATE "C" LIMIT :most
            )
            SELECT sums.*, worst.* FROM sums LEFT JOIN worst ON true
            ORDER BY due_at, case_id, name COLLATE "C"
            """
        ),
        {"t": township_id, "now": now, "most": most},
    ).all()
    red, yellow = rows[0][:2]
    return Judged(red, yellow, [Turned(*row[2:]) for row in rows if row.case_id is not None])


def uncounted(session: Session, township_id: int) -> int:
    """How many running clocks have no due time because a year between has no calendar."""
    return int(
        session.scalar(
            text(
                "SELECT count(*) FROM case_clock k JOIN event_case c ON c.id = k.case_id "
                "WHERE c.township_id = :t AND k.stopped_at IS NULL AND k.due_at IS NULL "
                "AND k.paused_by = '{}'"
            ),
            {"t": township_id},
        )
        or 0
    )


def standing(session: Session, township_id: int, now: datetime) -> dict[int, str]:
    """How every open case stands at ``now``: the worst colour of its running clocks, by case.

    Red, yellow, unknown, green, paused, in this order; a case without a running clock is left out.
    Nothing is written.
    """
    rows = session.execute(
        text(
            """
            SELECT c.id, min(CASE WHEN k.due_at < :now THEN 1 WHEN k.yellow_at <= :now THEN 2
                                  WHEN k.due_at IS NOT NULL THEN 4
                                  WHEN k.paused_by = '{}' THEN 3 ELSE 5 END)
            FROM case_clock k JOIN event_case c ON c.id = k.case_id
            WHERE c.township_id = :t AND c.open AND k.stopped_at IS NULL GROUP BY c.id
            """
        ),
        {"t": township_id, "now": now},
    )
    words = ("", "red", "yellow", "unknown", "green", "paused")
    return {case_id: words[rank] for case_id, rank in rows}
