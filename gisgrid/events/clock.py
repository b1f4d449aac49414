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
    due_at: datetime | None
    """None while paused in time, and where no calendar tells it."""
    yellow_at: datetime | None
    left: int | None = None
    """While paused: what is left, on the limit's axis."""
    paused_by: frozenset[str] = frozenset()
    stopped_at: datetime | None = None


def start(work: WorkTime, limit: Limit, at: datetime, *, yellow: float = YELLOW) -> Clock:
    """A clock that runs from ``at``.

    Raises
    ------
    NoCalendar
        Its end lies in a year without a calendar.
    """
    due = work.limit_ends(at, limit)
    return Clock(limit, at, due, _yellow(work, limit, due, yellow))


def pause(clock: Clock, work: WorkTime, at: datetime, cause: str) -> Clock:
    """The clock stands still from ``at`` until every cause has gone.

    One that is late already stays late: its due time is kept.
    """
    if clock.stopped_at is not None or cause in clock.paused_by:
        return clock
    causes = clock.paused_by | {cause}
    if clock.paused_by or clock.due_at is None or clock.due_at < at:
        return replace(clock, paused_by=causes)
    left = _position(work, clock.due_at, clock.limit) - _position(work, at, clock.limit)
    return replace(clock, due_at=None, yellow_at=None, left=left, paused_by=causes)


def resume(
    clock: Clock, work: WorkTime, at: datetime, cause: str, *, yellow: float = YELLOW
) -> Clock:
    """One cause has gone; without any left the clock runs on with what was left.

    Raises
    ------
    NoCalendar
        Its new end lies in a year without a calendar.
    """
    if clock.stopped_at is not None or cause not in clock.paused_by:
        return clock
    causes = clock.paused_by - {cause}
    if causes or clock.left is None:
        return replace(clock, paused_by=causes)
    due = _run_on(work, clock.limit, at, clock.left)
    return replace(
        clock, due_at=due, yellow_at=_yellow(work, clock.limit, due, yellow),
        left=None, paused_by=causes,
    )  # fmt: skip


def stop(clock: Clock, work: WorkTime, at: datetime) -> Clock:
    """The step it measures is done; a paused clock runs out its pause first, so it was in time."""
    if clock.stopped_at is not None:
        return clock
    if clock.left is not None:
        due = _run_on(work, clock.limit, at, clock.left)
        return replace(clock, due_at=due, left=None, paused_by=frozenset(), stopped_at=at)
    return replace(clock, paused_by=frozenset(), stopped_at=at)


def colour(clock: Clock, now: datetime) -> str:
    """How the clock stands at ``now``; exactly at its due time it is still in time."""
    if clock.stopped_at is not None:
        late = clock.due_at is not None and clock.stopped_at > clock.due_at
        return "missed" if late else "met"
    if clock.left is not None:
        return "paused"
    if clock.due_at is None or clock.yellow_at is None:
        return "unknown"
    if now > clock.due_at:
        return "red"
    return "yellow" if now >= clock.yellow_at else "green"


def _position(work: WorkTime, at: datetime, limit: Limit) -> int:
    return int(work.position(np.array([seconds(at)], np.int64), limit.unit)[0])


def _run_on(work: WorkTime, limit: Limit, at: datetime, left: int) -> datetime:
    start = np.array([seconds(at)], np.int64)
    found = int(work.run_on(start, np.array([left], np.int64), limit.unit)[0])
    if found < 0:
        raise work.missing(at)
    return datetime.fromtimestamp(found, UTC)


def _yellow(work: WorkTime, limit: Limit, due: datetime, share: float) -> datetime:
    position = _position(work, due, limit) - round(share * limit.units)
    found = int(work.moment(np.array([position], np.int64), limit.unit)[0])
    return due if found < 0 else datetime.fromtimestamp(found, UTC)
