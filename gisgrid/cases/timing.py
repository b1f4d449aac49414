"""What does a step do to the clocks of its case? They follow the state, the matter, and what holds them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.clocks import change_pause, turn, work_time
from gisgrid.cases.flow import Flow
from gisgrid.cases.other_limits import recategorise, separate


def follow_step(
    session: Session,
    case_id: int,
    *,
    event_id: int,
    township_id: int,
    flow: Flow,
    state: str,
    means: str,
    at: datetime,
) -> None:
    """Bring the clocks of a case to what it is after a step that ``means`` so: in ``state`` of ``flow`` since ``at``."""
    row = session.execute(text(_LIMITS), {"event": event_id}).one()
    limits = dict(row.limits)
    if row.time_limit is not None:
        limits.setdefault("matter", f"{row.time_limit:g} {row.limit_unit}")
    work = work_time(session, township_id)
    # Before they are turned: what has begun goes on.
    if means == "recategorise":
        recategorise(session, case_id, at, work=work, limits=limits)
    elif means == "separate":
        separate(session, case_id, flow, state, at, work=work)
    turn(session, case_id, flow, state, at, work=work, limits=limits, delivered=row.due_at)
    if flow.kind == "normal" and flow.states[state].open:
        # What begins to run in an emergency that holds ordinary clocks stands still with them.
        for switch_id in session.scalars(text(_HOLDS), {"case": case_id}).all():
            change_pause(session, [case_id], work, at, f"emergency:{switch_id}", on=True)


_LIMITS = """
SELECT m.limits, m.time_limit, m.limit_unit, e.due_at
FROM event e JOIN matter m ON m.id = e.matter_id WHERE e.id = :event
"""
_HOLDS = """
SELECT m.id FROM event_case c JOIN event e ON e.id = c.event_id
JOIN emergency m ON m.township_id = c.township_id AND m.ended_at IS NULL AND m.holds_ordinary
LEFT JOIN plan_in_force p ON p.township_id = c.township_id
LEFT JOIN event_grid a ON a.plan_id = p.id AND a.event_id = e.id
LEFT JOIN grid g ON g.id = a.grid_id
WHERE c.id = :case AND m.area_id IN (c.township_id, coalesce(g.community_id, e.community_id))
"""
