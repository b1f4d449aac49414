"""Is this case in time? One clock's life: started, paused and resumed by causes, stopped; its colour.

Pure functions from one state to the next. A due time is computed when a clock starts or resumes and
then kept: judging a clock is comparing two moments.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from gisgrid.events.worktime import Limit, WorkTime, seconds

COLOURS = ("green", "yellow", "red", "paused", "unknown", "met", "missed")
YELLOW = 0.25
"""A clock turns yellow when this share of its limit is left."""


@dataclass(frozen=True)
class Clock:
    """One limit of one case."""

    limit: Limit
    started_at: datetime
    since: datetime
    units: int
    """So much of the limit's axis was left at ``since``, when it last began to run or stood still."""
    due_at: datetime | None = None
    """None while it stands still, and where no calendar tells it."""
    yellow_at: datetime | None = None
    paused_by: frozenset[str] = frozenset()
    stopped_at: datetime | None = None


def start(work: WorkTime, limit: Limit, at: datetime) -> Clock:
    """A clock that runs from ``at``; its due time is None where no calendar tells it."""
    return _counted(Clock(limit, at, at, limit.units), work)


def pause(clock: Clock, work: WorkTime, at: datetime, cause: str) -> Clock:
    """The clock stands still from ``at`` until every cause has gone.

    One that is late already stays late: its due time is kept.
    """
    if clock.stopped_at is not None or cause in clock.paused_by:
        return clock
    causes = clock.paused_by | {cause}
    if clock.paused_by or (clock.due_at is not None and clock.due_at < at):
        return replace(clock, paused_by=causes)
    if clock.due_at is not None:
        left = _position(work, clock.due_at, clock.limit) - _position(work, at, clock.limit)
    else:
        passed = _position(work, at, clock.limit) - _position(work, clock.since, clock.limit)
        left = max(0, clock.units - passed)
    return replace(clock, due_at=None, yellow_at=None, since=at, units=left, paused_by=causes)


def resume(clock: Clock, work: WorkTime, at: datetime, cause: str) -> Clock:
    """One cause has gone; without any left the clock runs on with what was left."""
    if clock.stopped_at is not None or cause not in clock.paused_by:
        return clock
    causes = clock.paused_by - {cause}
    if causes or clock.due_at is not None:
        return replace(clock, paused_by=causes)
    return _counted(replace(clock, since=at, paused_by=causes), work)


def stop(clock: Clock, work: WorkTime, at: datetime) -> Clock:
    """What it measures is done; one that stood still was in time, and is told to be due later."""
    if clock.stopped_at is not None:
        return clock
    if clock.paused_by and clock.due_at is None:
        clock = _counted(replace(clock, since=at), work)
    return replace(clock, paused_by=frozenset(), stopped_at=at)


def recount(clock: Clock, work: WorkTime) -> Clock:
    """The clock under a changed calendar; what was counted before it last began to run stays."""
    if clock.stopped_at is not None or clock.paused_by:
        return clock
    return _counted(clock, work)


def colour(clock: Clock, now: datetime) -> str:
    """How the clock stands at ``now``; exactly at its due time it is still in time."""
    if clock.stopped_at is not None:
        if clock.due_at is None:
            return "unknown"
        return "missed" if clock.stopped_at > clock.due_at else "met"
    if clock.due_at is None:
        return "paused" if clock.paused_by else "unknown"
    if now > clock.due_at:
        return "red"
    return "yellow" if clock.yellow_at is not None and now >= clock.yellow_at else "green"


def left(clock: Clock, work: WorkTime, now: datetime) -> int | None:
    """How much of its limit is left at ``now``, on the limit's axis; below 0: so much over.

    None for a stopped clock, and where no calendar tells.
    """
    if clock.stopped_at is not None:
        return None
    if clock.due_at is None:
        return clock.units if clock.paused_by else None
    unit = clock.limit.unit
    years = {at.astimezone(work.zone).year for at in (now, clock.due_at)}
    if unit.startswith("working") and not years <= set(work.years):
        return None
    return _position(work, clock.due_at, clock.limit) - _position(work, now, clock.limit)


def _counted(clock: Clock, work: WorkTime) -> Clock:
    """The clock with its due time from ``since`` on; a fresh one may follow the rule for days."""
    unit = clock.limit.unit
    begin = np.array([seconds(clock.since)], np.int64)
    units = np.array([clock.units], np.int64)
    count = work.due if clock.since == clock.started_at else work.run_on
    found = int(count(begin, units, unit)[0])
    if found < 0:
        return replace(clock, due_at=None, yellow_at=None)
    due = datetime.fromtimestamp(found, UTC)
    position = work.position(np.array([found], np.int64), unit)
    yellow = int(work.moment(position - round(YELLOW * clock.limit.units), unit)[0])
    return replace(clock, due_at=due, yellow_at=datetime.fromtimestamp(yellow, UTC))


def _position(work: WorkTime, at: datetime, limit: Limit) -> int:
    return int(work.position(np.array([seconds(at)], np.int64), limit.unit)[0])
