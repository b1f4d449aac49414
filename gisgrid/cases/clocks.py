"""The clocks of the cases: turned as a case moves from state to state, and counted anew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from gisgrid.cases import clock as life
from gisgrid.cases.calendars import YearPlan
from gisgrid.cases.clock import Clock
from gisgrid.cases.flow import Flow
from gisgrid.cases.worktime import UNCOVERED, Limit, WorkTime, Year
from gisgrid.db.store import copy_rows
from gisgrid.people.privacy.audit import note

# Building the axes of some years takes milliseconds, and every step needs them.
_BUILT: dict[tuple[str, ...], WorkTime] = {}
_MOST_BUILT = 32

DELIVERED = Limit(1, "clock_minutes")
"""Stands for the unknown limit behind a delivered due time: a pause shifts that by its length."""


@dataclass(frozen=True)
class ClockNow:
    """A clock with its row."""

    id: int
    flow_id: int
    name: str
    deadline: bool
    clock: Clock
    delivered: bool


def keep_calendar(session: Session, township_id: int, plans: Iterable[YearPlan]) -> list[int]:
    """Keep years, replacing what was known of them, and count the running clocks anew.

    The years that changed come back, ascending. Where whoever acts may not see every case, the worker
    counts, at its next look.
    """
    at_once = bool(session.scalar(text("SELECT owns_the_store()")))
    changed = []
    for plan in plans:
        hours = json.dumps(plan.year.hours)
        names = json.dumps({str(d): n for d, n in sorted(plan.names.items())})
        whole = f"{plan.year.year}{hours}{names}{plan.year.day_rule}"
        year = session.scalar(
            text(
                """
                INSERT INTO calendar_year AS c (township_id, year, hours, names, day_rule, digest, counted)
                VALUES (:t, :year, CAST(:hours AS jsonb), CAST(:names AS jsonb), :rule, :digest, :counted)
                ON CONFLICT (township_id, year) DO UPDATE
                SET hours = excluded.hours, names = excluded.names, day_rule = excluded.day_rule,
                    digest = excluded.digest, counted = excluded.counted
                WHERE c.digest <> excluded.digest
                RETURNING year
                """
            ),
            {
                "t": township_id, "year": plan.year.year, "hours": hours, "names": names,
                "rule": plan.year.day_rule, "digest": hashlib.sha256(whole.encode()).hexdigest(),
                "counted": at_once,
            },
        )  # fmt: skip
        if year is not None:
            changed.append(int(year))
            note(session, "keep", "calendar_year", int(year))
    if changed and at_once:
        recount(session, township_id)
    return sorted(changed)


def work_time(session: Session, township_id: int) -> WorkTime:
    """The axes of a township's clocks; without calendars only clock units can be counted."""
    zone, digests = session.execute(
        text(
            """
            SELECT t.time_zone, (SELECT array_agg(c.digest ORDER BY c.year) FROM calendar_year c
                                 WHERE c.township_id = t.area_id)
            FROM township t WHERE t.area_id = :t
            """
        ),
        {"t": township_id},
    ).one()
    key = (zone, *(digests or ()))
    if key not in _BUILT:
        years = calendar_years(session, township_id)
        if len(_BUILT) >= _MOST_BUILT:
            _BUILT.clear()
        _BUILT[key] = WorkTime.of(years, zone)
    return _BUILT[key]


def calendar_years(session: Session, township_id: int) -> list[Year]:
    """The years that a township has a calendar of, ascending."""
    rows = session.execute(
        text(
            "SELECT year, hours, day_rule FROM calendar_year WHERE township_id = :t ORDER BY year"
        ),
        {"t": township_id},
    )
    return [
        Year(year, tuple(tuple((a, b) for a, b in day) for day in hours), rule)
        for year, hours, rule in rows
    ]


def turn(
    session: Session,
    case_id: int,
    flow: Flow,
    state: str,
    at: datetime,
    *,
    work: WorkTime,
    limits: Mapping[str, str],
    delivered: datetime | None = None,
) -> None:
    """Bring the clocks of a case to what its state says: run, stand still, or stop.

    ``limits`` are the matter's by clock ("matter": its time limit). In an emergency the clocks of
    the flow before stand still; those of an emergency stop with it. ``delivered`` is the due time that came with the event: it is taken
    for the flow's deadline, the first time that starts.
    """
    here = flow.states[state]
    known = clocks_of(session, case_id)
    changed = []
    for kept in known:
        now = kept.clock
        if now.stopped_at is not None:
            continue
        mine = kept.flow_id == flow.id
        if not here.open or (mine and kept.name not in {*here.run, *here.pause}):
            now = life.stop(now, work, at)
        elif not mine and flow.kind == "emergency":
            now = life.pause(now, work, at, "flow")
        elif not mine:
            now = life.stop(now, work, at)
        elif kept.name in here.pause:
            now = life.pause(life.resume(now, work, at, "flow"), work, at, "state")
        else:
            now = life.resume(life.resume(now, work, at, "flow"), work, at, "state")
        if now != kept.clock:
            changed.append((kept.id, now))
    write(session, changed, at)
    for name in here.run:
        before = [k for k in known if k.flow_id == flow.id and k.name == name]
        running = any(k.clock.stopped_at is None for k in before)
        had = bool(before)
        if running or (had and flow.clocks[name].once):
            continue
        if name == flow.deadline and delivered is not None and not had:
            fresh = Clock(DELIVERED, at, at, DELIVERED.units, delivered, delivered)
            add(session, case_id, flow, name, fresh, delivered=True)
        elif (limit := flow.limit(name, limits)) is not None:
            add(session, case_id, flow, name, life.start(work, limit, at))


def change_pause(
    session: Session, case_ids: Sequence[int], work: WorkTime, at: datetime, cause: str, *, on: bool
) -> int:
    """Let the clocks of some open cases stand still for a cause, or run on; how many changed.

    All at once: one look, one pass over arrays, one statement. Nobody moves the cases meanwhile.
    """
    # As a step does, so that neither writes over what the other has just counted.
    session.execute(
        text("SELECT FROM event_case WHERE id = ANY(:ids) ORDER BY id FOR UPDATE"),
        {"ids": list(case_ids)},
    )
    rows = session.execute(
        text(f"{_CLOCK} WHERE case_id = ANY(:ids) AND stopped_at IS NULL ORDER BY id"),
        {"ids": list(case_ids)},
    )
    kept = [_kept(row) for row in rows]
    verb = life.pause_all if on else life.resume_all
    after = verb([each.clock for each in kept], work, at, cause)
    changed = [
        (each.id, clock) for each, clock in zip(kept, after, strict=True) if clock != each.clock
    ]
    write(session, changed, at)
    return len(changed)


def clocks_of(session: Session, case_id: int) -> list[ClockNow]:
    """A case's clocks in the order they started."""
    rows = session.execute(text(f"{_CLOCK} WHERE case_id = :id ORDER BY id"), {"id": case_id})
    return [_kept(row) for row in rows]


def recount_due(session: Session, township_id: int) -> int:
    """Count the running clocks anew if a calendar changed since; how many moved."""
    waiting = session.scalars(
        text(
            "UPDATE calendar_year SET counted = true WHERE township_id = :t AND NOT counted RETURNING id"
        ),
        {"t": township_id},
    ).all()
    return recount(session, township_id) if waiting else 0


def recount(session: Session, township_id: int) -> int:
    """Count the due times of all running clocks anew, after a change of calendar; how many moved.

    Many at a time: all clocks of one unit are one pass over arrays.
    """
    work = work_time(session, township_id)
    rows = session.execute(
        text(
            """
            SELECT k.id, k.unit, extract(epoch FROM k.since_at)::bigint AS since, k.units,
                   k.since_at = k.started_at AS fresh, k.amount,
                   coalesce(extract(epoch FROM k.due_at)::bigint, -1) AS due
            FROM case_clock k JOIN event_case c ON c.id = k.case_id
            WHERE c.township_id = :t AND k.stopped_at IS NULL AND k.unit IS NOT NULL
              AND k.paused_by = '{}'
            """
        ),
        {"t": township_id},
    ).all()
    moved: list[tuple[int, int, int]] = []
    for unit in {row.unit for row in rows}:
        for fresh in (True, False):
            some = [row for row in rows if row.unit == unit and row.fresh == fresh]
            if not some:
                continue
            since, units, was = (
                np.array([getattr(r, name) for r in some], np.int64)
                for name in ("since", "units", "due")
            )
            due = (work.due if fresh else work.run_on)(since, units, unit)
            warn = np.array([round(life.YELLOW * Limit(r.amount, unit).units) for r in some])
            known = np.where(due == UNCOVERED, 0, due)
            yellow = work.moment(work.position(known, unit) - warn, unit)
            moved += [(some[i].id, int(due[i]), int(yellow[i])) for i in np.flatnonzero(due != was)]
    if not moved:
        return 0
    session.execute(
        text("CREATE TEMP TABLE recounted (id bigint, due bigint, yellow bigint) ON COMMIT DROP")
    )
    copy_rows(session, "recounted", ["id", "due", "yellow"], moved)
    session.execute(
        text(
            """
            UPDATE case_clock k SET
                due_at = CASE WHEN r.due >= 0 THEN to_timestamp(r.due) END,
                yellow_at = CASE WHEN r.due >= 0 THEN to_timestamp(r.yellow) END,
                colour = CASE WHEN r.due < 0 THEN 'unknown' ELSE 'green' END
            FROM recounted r WHERE r.id = k.id
            """
        )
    )
    session.execute(text("DROP TABLE recounted"))
    return len(moved)


def add(
    session: Session, case_id: int, flow: Flow, name: str, clock: Clock, *, delivered: bool = False
) -> None:
    """Keep a clock that has begun."""
    session.execute(
        text(
            "INSERT INTO case_clock (case_id, flow_id, name, deadline, amount, unit, started_at, "
            "since_at, units, due_at, yellow_at, paused_by, colour) VALUES (:case, :flow, :name, :deadline, "
            ":amount, :unit, :started, :since, :units, :due, :yellow, :causes, :colour)"
        ),
        {
            "case": case_id, "flow": flow.id, "name": name, "deadline": name == flow.deadline,
            "amount": None if delivered else clock.limit.amount,
            "unit": None if delivered else clock.limit.unit, "started": clock.started_at,
            "since": clock.since, "units": clock.units, "due": clock.due_at,
            "yellow": clock.yellow_at, "causes": sorted(clock.paused_by),
            "colour": life.colour(clock, clock.started_at),
        },
    )  # fmt: skip


def write(session: Session, changed: Iterable[tuple[int, Clock]], now: datetime) -> None:
    """Keep clocks by their rows' numbers as they are now."""
    rows = [
        {
            "id": number, "since": clock.since, "units": clock.units, "due": clock.due_at,
            "yellow": clock.yellow_at, "causes": sorted(clock.paused_by),
            "stopped": clock.stopped_at, "amount": clock.limit.amount, "unit": clock.limit.unit, "colour": life.colour(clock, now),
        }
        for number, clock in changed
    ]  # fmt: skip
    if rows:
        session.execute(text(_WRITE), {"rows": json.dumps(rows, default=datetime.isoformat)})


_WRITE = """
UPDATE case_clock k SET since_at = r.since, amount = CASE WHEN k.unit IS NULL THEN k.amount ELSE r.amount END,
       unit = CASE WHEN k.unit IS NULL THEN k.unit ELSE r.unit END, units = r.units, due_at = r.due, yellow_at = r.yellow,
       paused_by = r.causes, stopped_at = r.stopped, colour = r.colour
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(
    id bigint, since timestamptz, units bigint, due timestamptz, yellow timestamptz, causes text[],
    stopped timestamptz, colour text, amount double precision, unit text)
WHERE k.id = r.id
"""
_CLOCK = """
SELECT id, flow_id, name, deadline, amount, unit, started_at, since_at, units, due_at, yellow_at,
       paused_by, stopped_at FROM case_clock
"""


def _kept(row: Row[Any]) -> ClockNow:
    limit = DELIVERED if row.unit is None else Limit(row.amount, row.unit)
    state = Clock(
        limit, row.started_at, row.since_at, row.units, row.due_at, row.yellow_at,
        frozenset(row.paused_by), row.stopped_at,
    )  # fmt: skip
    return ClockNow(row.id, row.flow_id, row.name, row.deadline, state, row.unit is None)
