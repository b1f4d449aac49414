"""The clocks of a case whose matter is another one than was thought: as if it had been that from the start."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases import clock as life
from gisgrid.cases.clock import Clock
from gisgrid.cases.clocks import add, clocks_of, write
from gisgrid.cases.flow import Flow
from gisgrid.cases.worktime import Limit, WorkTime


def recategorise(
    session: Session,
    case_id: int,
    flow: Flow,
    at: datetime,
    *,
    work: WorkTime,
    limits: Mapping[str, str],
) -> None:
    """Count the running clocks of a case anew under the limits of its new matter; see `clock.under`.

    A clock that the former matter did not have begins where the log says it would have begun. One that the new
    matter does not have stays, and so does a due time that came with the event: they were promised.
    """
    known = [each for each in clocks_of(session, case_id) if each.flow_id == flow.id]
    changed = []
    for kept in known:
        limit = None if kept.delivered else flow.limit(kept.name, limits)
        now = life.under(kept.clock, work, limit, at) if limit else kept.clock
        if now != kept.clock:
            changed.append((kept.id, now))
    write(session, changed, at)
    rows = session.execute(text(_WENT), {"case": case_id}).all()
    names = {kept.name for kept in known}
    for name in flow.clocks:
        limit = flow.limit(name, limits)
        if name in names or limit is None:
            continue
        clock = _would_be(flow, name, limit, [(row.to_state, row.at) for row in rows], work)
        if clock is not None and clock.stopped_at is None:
            add(session, case_id, flow, name, clock)


def _would_be(
    flow: Flow, name: str, limit: Limit, went: list[tuple[str, datetime]], work: WorkTime
) -> Clock | None:
    """A clock as the states that a case went through make it; None: it has not begun."""
    clock: Clock | None = None
    for state, at in went:
        here = flow.states.get(state)
        if here is None:
            continue
        if name in here.run:
            again = (
                clock is not None and clock.stopped_at is not None and not flow.clocks[name].once
            )
            if clock is None or again:
                clock = life.start(work, limit, at)
            else:
                clock = life.resume(clock, work, at, "state")
        elif clock is not None:
            stands = name in here.pause
            clock = life.pause(clock, work, at, "state") if stands else life.stop(clock, work, at)
    return clock


_WENT = """
SELECT to_state, at FROM case_step WHERE case_id = :case AND seq >= coalesce((
    SELECT max(seq) FROM case_step WHERE case_id = :case AND means = 'change_flow'), 0) ORDER BY seq
"""
