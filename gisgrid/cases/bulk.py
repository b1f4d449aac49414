"""Cases for events that came in by a file: their opening and closing times become a log."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.flow import current_flow


@dataclass(frozen=True)
class OpenedCases:
    """What was made for events without a case."""

    cases: int
    closed: int
    clocks: int


def open_loaded(session: Session, township_id: int) -> OpenedCases:
    """Give every event of a township that has no case one in the flow for what others handled.

    Its log has one line, or two where the event is closed; a delivered due time becomes its deadline.
    Again, it makes nothing, but closes those that a newer file has closed meanwhile. Steps go through the same trigger as any.
    """
    flow = current_flow(session, township_id, "imported")
    values = {"t": township_id, "flow": flow.id, "deadline": flow.deadline}
    made = session.execute(text(_CASES), values).scalar_one()
    if made:
        session.execute(text(_OPEN), values)
    # Also of those that were open when they came in, and of which a newer file says that they are not.
    closed = session.execute(text(_CLOSE), values).scalar_one()
    if not made:
        return OpenedCases(0, int(closed), 0)
    clocks = session.execute(text(_CLOCKS), values).scalar_one()
    for table in ("event_case", "case_step", "case_clock"):
        session.execute(text(f"ANALYZE {table}"))
    return OpenedCases(int(made), int(closed), int(clocks))


_CASES = """
WITH made AS (
    INSERT INTO event_case (event_id, township_id, ticket, flow_id)
    SELECT e.id, e.township_id, upper(left(replace(gen_random_uuid()::text, '-', ''), 12)), :flow
    FROM event e WHERE e.township_id = :t
      AND NOT EXISTS (SELECT FROM event_case c WHERE c.event_id = e.id)
    ORDER BY e.id RETURNING id
)
SELECT count(*) FROM made
"""
_OPEN = """
INSERT INTO case_step (case_id, seq, step, at, actor, role)
SELECT c.id, 1, 'open', e.reported_at, 'system', 'system'
FROM event_case c JOIN event e ON e.id = c.event_id
WHERE c.township_id = :t AND c.flow_id = :flow AND c.seq = 0 ORDER BY c.id
"""
_CLOSE = """
WITH made AS (
    INSERT INTO case_step (case_id, seq, step, at, actor, role)
    SELECT c.id, 2, 'close', e.closed_at, 'system', 'system'
    FROM event_case c JOIN event e ON e.id = c.event_id
    WHERE c.township_id = :t AND c.flow_id = :flow AND c.seq = 1 AND c.open
      AND e.closed_at IS NOT NULL ORDER BY c.id
    RETURNING id
)
SELECT count(*) FROM made
"""
_CLOCKS = """
WITH made AS (
    INSERT INTO case_clock (case_id, flow_id, name, deadline, started_at, since_at, due_at,
                            yellow_at, stopped_at, colour)
    SELECT c.id, :flow, :deadline, true, e.reported_at, e.reported_at, e.due_at, e.due_at,
           c.closed_at, CASE WHEN c.closed_at IS NULL THEN 'green'
                             WHEN c.closed_at <= e.due_at THEN 'met' ELSE 'missed' END
    FROM event_case c JOIN event e ON e.id = c.event_id
    WHERE c.township_id = :t AND c.flow_id = :flow AND e.due_at IS NOT NULL
      AND NOT EXISTS (SELECT FROM case_clock k WHERE k.case_id = c.id)
    ORDER BY c.id RETURNING id
)
SELECT count(*) FROM made
"""
