"""Who has to know now? Calls and reminders that wait for a level, and who took note of them.

Each level takes note for itself. Whoever stands above sees which level below has not, and cannot do it
in its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict


@dataclass(frozen=True)
class WaitingNotice:
    """A call or a reminder of which its level has not taken note yet."""

    id: int
    kind: str
    """``call``: an emergency case came in; ``review``: an old problem is to be looked at again."""
    level: str
    """``supervisor``: a reminder for the account itself."""
    at: datetime
    time_zone: str
    case_id: int | None
    matter: str | None
    matter_en: str | None
    grid: str | None
    """Where the case lies under the plan in force."""
    township: str
    """Its code."""
    problem_code: str | None
    problem: str | None
    """Code and title of the old problem."""
    supervisor: str | None
    review_on: date | None


@dataclass(frozen=True)
class Called:
    """A level that was called to an emergency case."""

    level: str
    area: str
    """Name of the township, or of the community called or whose section is."""
    area_en: str | None
    at: datetime
    seen_at: datetime | None
    """None: it has not taken note yet."""
    seen_by: str | None


@dataclass(frozen=True)
class Call:
    """An emergency case, and the levels that were called to it, from below."""

    case_id: int
    code: str
    """Of its event."""
    matter: str
    matter_en: str | None
    grid: str | None
    time_zone: str
    levels: tuple[Called, ...]


def waiting(session: Session) -> list[WaitingNotice]:
    """What waits for the transaction's account: as a supervisor, and at the levels at which it stands.

    The oldest first. Whoever handles events of a whole township stands at the township; of a community, at the community,
    or at its section as the section's cadre.
    """
    return [WaitingNotice(**row) for row in session.execute(text(_WAITING)).mappings()]


def take_note(session: Session, notice_id: int, *, by: str, at: datetime) -> None:
    """Take note of a call or reminder, for all of its level and for no other.

    Raises
    ------
    Conflict
        It waits for this account no more, or never did.
    """
    done = session.scalar(text(_TAKE_NOTE), {"id": notice_id, "at": at, "by": by})
    if done is None:
        raise Conflict("Nothing of this number waits for you.")


def not_noted_below(session: Session) -> list[Call]:
    """Calls of open cases of which a level below the account's has not taken note, with these levels."""
    return _calls(session, _CALLS_BELOW, {})


def calls_of_case(session: Session, case_id: int) -> list[Called]:
    """The levels that were called to a case, from below; empty for one that is no emergency."""
    found = _calls(session, _CALLS_OF_CASE, {"case": case_id})
    return [level for call in found for level in call.levels]


def open_calls(session: Session, township_id: int) -> list[Call]:
    """The open cases of a township that levels were called to, as far as seen, the oldest call first."""
    return _calls(session, _OPEN_CALLS, {"t": township_id})


def _calls(session: Session, statement: str, values: dict[str, int]) -> list[Call]:
    rows = session.execute(text(statement), values)
    found = []
    for _, group in groupby(rows, key=lambda row: row.case_id):
        levels = list(group)
        of = levels[0]
        called = tuple(
            Called(r.level, r.area, r.area_en, r.at, r.seen_at, r.seen_by) for r in levels
        )
        found.append(
            Call(of.case_id, of.code, of.matter, of.matter_en, of.grid, of.time_zone, called)
        )
    return found


_MINE = """n.seen_at IS NULL AND (n.account_id = my_account()
    OR n.level || ':' || n.area_id = ANY ((SELECT my_levels('handle_events'))::text[]))"""
_TAKE_NOTE = f"""
UPDATE notice n SET seen_at = :at, seen_by = :by WHERE n.id = :id AND {_MINE} RETURNING n.id
"""  # noqa: S608 - put together from parts that stand here
_LIES = """
LEFT JOIN plan_in_force p ON p.township_id = n.township_id
LEFT JOIN event_grid a ON a.plan_id = p.id AND a.event_id = e.id
LEFT JOIN grid g ON g.id = a.grid_id
"""
# A case that was moved away is no longer the community's that was called at first.
_STILL_THERE = "n.area_id IN (n.township_id, coalesce(g.community_id, e.community_id))"
_WAITING = f"""
SELECT n.id, n.kind, n.level, n.at, t.time_zone, w.code AS township, n.case_id, m.name AS matter, m.name_en AS matter_en,
       g.name AS grid,
       l.code AS problem_code, l.code || ' ' || l.title AS problem, l.supervisor, l.review_on
FROM notice n JOIN township t ON t.area_id = n.township_id JOIN area w ON w.id = n.township_id
LEFT JOIN event_case c ON c.id = n.case_id LEFT JOIN event e ON e.id = c.event_id
LEFT JOIN matter m ON m.id = e.matter_id {_LIES}
LEFT JOIN open_problem l ON l.id = n.problem_id
WHERE {_MINE} AND (n.kind <> 'call' OR {_STILL_THERE})
  -- Once somebody has looked at an old problem, nobody has to be reminded of that look.
  AND (l.id IS NULL
       OR starts_with(n.key || ':', 'review:' || l.id || ':' || coalesce(l.review_on::text, 'solved') || ':'))
  -- Whoever is reminded as the supervisor is not told again as one of the township.
  AND (n.kind <> 'review' OR n.account_id IS NOT NULL OR NOT EXISTS (SELECT FROM notice o
       WHERE o.problem_id = n.problem_id AND o.account_id = my_account() AND starts_with(o.key, n.key || ':')))
ORDER BY n.at, n.id
"""  # noqa: S608 - put together from parts that stand here
_CALLED = f"""
SELECT c.id AS case_id, e.code, m.name AS matter, m.name_en AS matter_en, g.name AS grid, t.time_zone,
       n.level, w.name AS area, w.name_en AS area_en, n.at, n.seen_at, n.seen_by
FROM notice n JOIN township t ON t.area_id = n.township_id JOIN area w ON w.id = n.area_id
JOIN event_case c ON c.id = n.case_id JOIN event e ON e.id = c.event_id
JOIN matter m ON m.id = e.matter_id {_LIES}
"""  # noqa: S608 - put together from parts that stand here
_BY_CASE = """ORDER BY min(n.at) OVER (PARTITION BY c.id), c.id,
    array_position(ARRAY['community', 'section', 'township'], n.level), n.id"""
_CALLS_OF_CASE = f"""{_CALLED}
WHERE n.kind = 'call' AND {_STILL_THERE} AND n.case_id = :case {_BY_CASE}"""
_OPEN_CALLS = f"""{_CALLED}
WHERE n.kind = 'call' AND {_STILL_THERE} AND n.township_id = :t AND c.open {_BY_CASE}"""
_CALLS_BELOW = f"""{_CALLED}
WHERE n.kind = 'call' AND {_STILL_THERE} AND n.seen_at IS NULL AND c.open
    AND n.level || ':' || n.area_id <> ALL ((SELECT my_levels('handle_events'))::text[])
    AND (n.township_id = ANY ((SELECT my_townships('handle_events'))::bigint[])
         OR n.level = 'community'
            AND 'section:' || n.area_id = ANY ((SELECT my_levels('handle_events'))::text[])) {_BY_CASE}"""
