"""Is this case in time? One clock's life: started, paused and resumed by causes, stopped; its colour.

Pure functions from one state to the next. A due time is computed when a clock starts or resumes and
then kept: judging a clock is comparing two moments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from gisgrid.cases.worktime import Limit, WorkTime, seconds

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
    return _counted([Clock(limit, at, at, limit.units)], work)[0]


def pause(clock: Clock, work: WorkTime, at: datetime, cause: str) -> Clock:
    """The clock stands still from ``at`` until every cause has gone.

    One that is late already stays late: its due time is kept.
    """
    return pause_all([clock], work, at, cause)[0]


def pause_all(clocks: Sequence[Clock], work: WorkTime, at: datetime, cause: str) -> list[Clock]:
    """As `pause`, many in one pass over arrays; in their order, what does not change as it was."""
    changed = list(clocks)
    runs: list[int] = []
    for i, clock in enumerate(clocks):
        if clock.stopped_at is not None or cause in clock.paused_by:
            continue
        changed[i] = replace(clock, paused_by=clock.paused_by | {cause})
        if not clock.paused_by and (clock.due_at is None or clock.due_at >= at):
            runs.append(i)
    running = [clocks[i] for i in runs]
    marks = _positions(work, running, [clock.due_at or clock.since for clock in running])
    here = _positions(work, running, [at] * len(running))
    for i, mark, now in zip(runs, marks, here, strict=True):
        # To the due time; or, where none is known, of what was left when it began to run.
        left = mark - now if clocks[i].due_at else max(0, clocks[i].units - (now - mark))
        changed[i] = replace(changed[i], due_at=None, yellow_at=None, since=at, units=left)
    return changed


def resume(clock: Clock, work: WorkTime, at: datetime, cause: str) -> Clock:
    """One cause has gone; without any left the clock runs on with what was left."""
    return resume_all([clock], work, at, cause)[0]


def resume_all(clocks: Sequence[Clock], work: WorkTime, at: datetime, cause: str) -> list[Clock]:
    """As `resume`, many in one pass over arrays; in their order, what does not change as it was."""
    changed = list(clocks)
    runs: list[int] = []
    for i, clock in enumerate(clocks):
        if clock.stopped_at is not None or cause not in clock.paused_by:
            continue
        causes = clock.paused_by - {cause}
        changed[i] = replace(clock, paused_by=causes)
        if not causes and clock.due_at is None:
            changed[i] = replace(changed[i], since=at)
            runs.append(i)
    for i, clock in zip(runs, _counted([changed[i] for i in runs], work), strict=True):
        changed[i] = clock
    return changed


def under(clock: Clock, work: WorkTime, limit: Limit, at: datetime) -> Clock:
    """The running clock as if it had had another limit from its start, and never due before it already is.

    What pauses have put off so far is put off as far on the axis of the new limit. Where no calendar tells, or the
    limit is no longer, it is the clock as it was: what was promised stands.
    """
    if clock.stopped_at is not None or limit == clock.limit:
        return clock
    stands = bool(clock.paused_by) and clock.due_at is None
    plain = start(work, clock.limit, clock.started_at).due_at
    fresh = start(work, limit, clock.started_at).due_at
    promised = _counted([clock], work)[0].due_at if stands else clock.due_at
    if plain is None or fresh is None or promised is None:
        return clock
    was, new, due = _positions(work, [replace(clock, limit=limit)] * 3, [plain, fresh, promised])
    end = new + due - was
    if end <= due:
        return clock
    # Late and standing still: when it stood still is not kept, so that it stands from now on.
    since = at if clock.paused_by and not stands else clock.since
    changed = replace(
        clock,
        limit=limit,
        since=since,
        units=end - _position(work, since, limit),
        due_at=None,
        yellow_at=None,
    )
    if clock.paused_by:
        return changed
    # Never paused, it is counted as one that begins, with the rule for whole days.
    return start(work, limit, clock.started_at) if due == was else _counted([changed], work)[0]


def stop(clock: Clock, work: WorkTime, at: datetime) -> Clock:
    """What it measures is done; one that stood still was in time, and is told to be due later."""
    if clock.stopped_at is not None:
        return clock
    if clock.paused_by and clock.due_at is None:
        clock = _counted([replace(clock, since=at)], work)[0]
    return replace(clock, paused_by=frozenset(), stopped_at=at)


def go_on(clock: Clock, work: WorkTime, at: datetime) -> Clock:
    """The stopped clock as if it had not been stopped: due as it was.

    One that stood still when it was stopped has stood still since, and has left at ``at`` what it had left then.
    """
    if clock.stopped_at is None:
        return clock
    stood = clock.since == clock.stopped_at != clock.started_at
    clock = replace(clock, stopped_at=None)
    return _counted([replace(clock, since=at)], work)[0] if stood else clock


def recount(clock: Clock, work: WorkTime) -> Clock:
    """The clock under a changed calendar; what was counted before it last began to run stays."""
    if clock.stopped_at is not None or clock.paused_by:
        return clock
    return _counted([clock], work)[0]


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


def _counted(clocks: Sequence[Clock], work: WorkTime) -> list[Clock]:
    """The clocks with their due times from ``since`` on; fresh ones may follow the rule for days."""
    counted = list(clocks)
    kinds = [(clock.limit.unit, clock.since == clock.started_at) for clock in clocks]
    for unit, fresh in set(kinds):
        some = [i for i, kind in enumerate(kinds) if kind == (unit, fresh)]
        begin = np.array([seconds(clocks[i].since) for i in some], np.int64)
        units = np.array([clocks[i].units for i in some], np.int64)
        due = (work.due if fresh else work.run_on)(begin, units, unit)
        warn = np.array([round(YELLOW * clocks[i].limit.units) for i in some], np.int64)
        known = np.where(due < 0, 0, due)
        yellow = work.moment(work.position(known, unit) - warn, unit)
        for i, end, early in zip(some, due.tolist(), yellow.tolist(), strict=True):
            there = end >= 0
            counted[i] = replace(
                clocks[i],
                due_at=_moment(end) if there else None,
                yellow_at=_moment(early) if there else None,
            )
    return counted


def _moment(s: int) -> datetime:
    return datetime.fromtimestamp(s, UTC)


def _positions(work: WorkTime, clocks: Sequence[Clock], moments: Sequence[datetime]) -> list[int]:
    """Where each moment stands on its clock's axis."""
    found = [0] * len(clocks)
    units = [clock.limit.unit for clock in clocks]
    for unit in set(units):
        some = [i for i, each in enumerate(units) if each == unit]
        at = np.array([seconds(moments[i]) for i in some], np.int64)
        for i, position in zip(some, work.position(at, unit).tolist(), strict=True):
            found[i] = position
    return found


def _position(work: WorkTime, at: datetime, limit: Limit) -> int:
    return int(work.position(np.array([seconds(at)], np.int64), limit.unit)[0])
