"""Who has to know now? Calls and reminders that wait for a level, and who took note of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.access.tree import HEADED
from gisgrid.errors import Conflict


@dataclass(frozen=True)
class Waiting:
    """A call or a reminder of which nobody has taken note yet."""

    id: int
    kind: str
    """``call``: an emergency case came in; ``review``: an old problem is to be looked at again."""
    level: str
    at: datetime
    time_zone: str
    case_id: int | None
    matter: str | None
    grid: str | None
    """Where the case lies under the plan in force."""
    township: str
    """Its code."""
    problem_code: str | None
    problem: str | None
    """Code and title of the old problem."""
    supervisor: str | None
    review_on: date | None


def waiting(session: Session) -> list[Waiting]:
    """What waits for the transaction's account at its levels, the oldest first.

    Those who handle events of a whole township have every level's; a community's clerk has the calls
    to the community, a section's cadre those to the section, about cases that they see.
    """
    return [Waiting(**row) for row in session.execute(text(_WAITING)).mappings()]


def take_note(session: Session, notice_id: int, *, by: str, at: datetime) -> None:
    """Take note of a call or reminder, for all of its level.

    Raises
    ------
    Conflict
        It waits for this account no more, or never did.
    """
    done = session.scalar(text(_TAKE_NOTE), {"id": notice_id, "at": at, "by": by})
    if done is None:
        raise Conflict("Nothing of this number waits for you.", zh="没有需要您签收的该条通知。")


_MINE = f"""n.seen_at IS NULL AND (
    n.township_id = ANY ((SELECT my_townships('handle_events'))::bigint[])
    OR (n.level IN (
            SELECT {HEADED} FROM appointment m
            WHERE m.account_id = my_account() AND m.grid_code IS NULL
              AND m.during @> today_in(m.area_id))
        AND cardinality((SELECT my_communities('handle_events'))) > 0
        AND EXISTS (SELECT FROM event_case c WHERE c.id = n.case_id)))"""  # noqa: S608 - as below
_TAKE_NOTE = f"""
UPDATE notice n SET seen_at = :at, seen_by = :by WHERE n.id = :id AND {_MINE} RETURNING n.id
"""  # noqa: S608 - put together from parts that stand here
_WAITING = f"""
SELECT n.id, n.kind, n.level, n.at, t.time_zone, w.code AS township, n.case_id, m.name AS matter, g.name AS grid,
       l.code AS problem_code, l.code || ' ' || l.title AS problem, l.supervisor, l.review_on
FROM notice n JOIN township t ON t.area_id = n.township_id JOIN area w ON w.id = n.township_id
LEFT JOIN event_case c ON c.id = n.case_id LEFT JOIN event e ON e.id = c.event_id
LEFT JOIN matter m ON m.id = e.matter_id
LEFT JOIN plan_in_force p ON p.township_id = n.township_id
LEFT JOIN event_grid a ON a.plan_id = p.id AND a.event_id = e.id
LEFT JOIN grid g ON g.id = a.grid_id
LEFT JOIN legacy_problem l ON l.id = n.problem_id
WHERE {_MINE}
  -- Whoever has looked at an old problem since has no need to be reminded of that look.
  AND (l.id IS NULL OR n.key = 'review:' || l.id || ':' || coalesce(l.review_on::text, 'solved'))
ORDER BY n.at, n.id
"""  # noqa: S608 - put together from parts that stand here
