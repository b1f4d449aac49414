"""The clocks of a case that is another than was thought: of another matter, or not the same as another case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases import clock as life
from gisgrid.cases.clock import Clock
from gisgrid.cases.clocks import add, clocks_of, write
from gisgrid.cases.flow import Flow, flow_by_id, flows_by_id
from gisgrid.cases.worktime import Limit, WorkTime


class _Gone(NamedTuple):
    """A state that a case came into."""

    flow: Flow
    state: str
    means: str
    at: datetime


def recategorise(
    session: Session, case_id: int, at: datetime, *, work: WorkTime, limits: Mapping[str, str]
) -> None:
    """Count the running clocks of a case anew under the limits of its new matter; see `clock.under`.

    Those of an emergency and the ordinary ones that stand still beneath it, each under its own flow. A clock that the
    former matter did not have begins where the log says it would have begun. One that the new matter does not have
    stays, and so does a due time that came with the event: they were promised.
    """
    known = clocks_of(session, case_id)
    flows = flows_by_id(session, (kept.flow_id for kept in known))
    changed = []
    for kept in known:
        limit = None if kept.delivered else flows[kept.flow_id].limit(kept.name, limits)
        now = life.under(kept.clock, work, limit, at) if limit else kept.clock
        if now != kept.clock:
            changed.append((kept.id, now))
    write(session, changed, at)
    went = _went(session, case_id, known[0].flow_id if known else None)
    there = {(kept.flow_id, kept.name) for kept in known}
    for flow in {step.flow.id: step.flow for step in went}.values():
        for name in flow.clocks:
            limit = flow.limit(name, limits)
            if (flow.id, name) in there or limit is None:
                continue
            clock = _would_be(flow, name, limit, went, work)
            if clock is not None and clock.stopped_at is None:
                add(session, case_id, flow, name, clock)


def separate(
    session: Session, case_id: int, flow: Flow, state: str, at: datetime, *, work: WorkTime
) -> None:
    """Let the clocks that a merge stopped run on as if it had not been, as far as they run in the state now."""
    merged_at = session.scalar(text(_MERGED), {"case": case_id})
    here = flow.states[state]
    changed = [
        (kept.id, life.go_on(kept.clock, work, at))
        for kept in clocks_of(session, case_id)
        if kept.clock.stopped_at is not None
        and kept.clock.stopped_at == merged_at
        and (kept.flow_id != flow.id or kept.name in {*here.run, *here.pause})
    ]
    write(session, changed, at)


def _went(session: Session, case_id: int, first: int | None) -> list[_Gone]:
    """Where a case went by its log, without the time in which it was merged by mistake.

    ``first``: number of the flow that it began under; None: of that which it is under.
    """
    rows = session.execute(text(_WENT), {"case": case_id}).all()
    if not rows:
        return []
    flow_id, went, before = first or rows[0].flow_now, list[_Gone](), 0
    for row in rows:
        if row.means == "merge":
            before = len(went)
        elif row.means == "separate":
            del went[before:]
        elif row.means == "change_flow":
            flow_id = row.flow_id
        went.append(_Gone(flow_by_id(session, flow_id), row.to_state, row.means, row.at))
    return went


def _would_be(
    flow: Flow, name: str, limit: Limit, went: Sequence[_Gone], work: WorkTime
) -> Clock | None:
    """A clock of a flow as the states that a case went through make it, like `clocks.turn`; None: it has not begun."""
    clock: Clock | None = None
    for gone in went:
        here, at = gone.flow.states.get(gone.state), gone.at
        if here is None:
            continue
        mine = gone.flow.id == flow.id
        if mine and name in here.run:
            again = (
                clock is not None and clock.stopped_at is not None and not flow.clocks[name].once
            )
            if clock is None or again:
                clock = life.start(work, limit, at)
            else:
                clock = life.resume(life.resume(clock, work, at, "flow"), work, at, "state")
        elif clock is None:
            continue
        elif mine and name in here.pause:
            clock = life.pause(life.resume(clock, work, at, "flow"), work, at, "state")
        elif not mine and here.open and gone.flow.kind == "emergency":
            clock = life.pause(clock, work, at, "flow")
        else:
            clock = life.stop(clock, work, at)
    return clock


_WENT = """
SELECT s.to_state, s.means, s.at, s.flow_id, c.flow_id AS flow_now
FROM case_step s JOIN event_case c ON c.id = s.case_id WHERE s.case_id = :case ORDER BY s.seq
"""
_MERGED = "SELECT max(at) FROM case_step WHERE case_id = :case AND means = 'merge'"
