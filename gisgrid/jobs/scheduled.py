"""What has to be done though nobody asks: clocks turn, emergencies end, reviews and plans come due."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime

from psycopg.errors import LockNotAvailable
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from gisgrid.cases.clocks import recount_due
from gisgrid.cases.day_figures import AT_ONCE as DAYS_AT_ONCE
from gisgrid.cases.day_figures import count_days
from gisgrid.cases.emergencies import end_expired
from gisgrid.cases.judging import judge
from gisgrid.cases.open_problems import remind
from gisgrid.collection.completeness import count_day
from gisgrid.collection.tasks import keep_days
from gisgrid.core.plans import tell_of_plans, townships
from gisgrid.db.store import transaction
from gisgrid.planning.attach.attach import complete
from gisgrid.planning.attach.rule import Kind

AT_ONCE = 5_000
"""So many places are attached to a plan in one transaction of the upkeep."""


DONE_BY: dict[str, tuple[str, ...]] = {
    "emergencies": ("ended",),
    "clocks": ("red", "yellow", "recounted"),
    "reviews": ("reminded",),
    "figures": ("counted",),
    "collections": ("collections_over", "collections_near", "completeness"),
}
"""Kinds of upkeep, and what of `keep_up` each counts."""


def keep_up(engine: Engine, now: datetime, took_s: dict[str, float] | None = None) -> Counter[str]:
    """Do what is due at ``now`` in every township, each in a transaction of its own; how much of what.

    Done again at the same moment, it does nothing. ``red``, ``yellow``: clocks that turned; ``ended``:
    emergencies; ``recounted``: clocks that a changed calendar moved; ``reminded``: reviews; ``counted``: days of
    figures; ``collections_over``, ``collections_near``: tasks that ended by their day, and that were told to be near
    it; ``completeness``: purpose lists counted for the day.
    Into ``took_s`` goes how long each kind of ``DONE_BY`` took.
    """
    done: Counter[str] = Counter()
    took: dict[str, float] = {} if took_s is None else took_s
    with transaction(engine) as session, timed(took, "emergencies"):
        places = townships(session)
        # First: ordinary clocks that stood still until now run on before they are judged.
        done["ended"] += len(end_expired(session, now))
    for place in places:
        with transaction(engine) as session:
            with timed(took, "clocks"):
                done["recounted"] += recount_due(session, place.id)
                judged = judge(session, place.id, now)
                done.update(red=judged.red, yellow=judged.yellow)
            with timed(took, "reviews"):
                done["reminded"] += len(remind(session, place.id, now))
        with timed(took, "figures"):
            done["counted"] += _count_days(engine, place.id)
        with transaction(engine) as session, timed(took, "collections"):
            day = session.scalar(text("SELECT today_in(:t)"), {"t": place.id})
            assert day is not None  # noqa: S101 - narrows the type
            over, near = keep_days(session, place.id, day)
            done.update(collections_over=over, collections_near=near)
        with timed(took, "collections"):
            done["completeness"] += _count_registers(engine, place.id, day)
    return +done


def _count_registers(engine: Engine, township_id: int, day: date) -> int:
    """Purpose lists counted for the day; none where the registers are held by somebody: the next upkeep counts them.

    Clocks and jobs do not wait for a load of registers.
    """
    try:
        with transaction(engine) as session:
            session.execute(text("SET LOCAL lock_timeout = '500ms'"))
            return count_day(session, township_id, day)
    except OperationalError as exc:
        if not isinstance(exc.orig, LockNotAvailable):
            raise
        return 0


@contextlib.contextmanager
def timed(took_s: dict[str, float], name: str) -> Iterator[None]:
    """Add how long something takes to what its kind took."""
    began = time.monotonic()
    yield
    took_s[name] = took_s.get(name, 0.0) + time.monotonic() - began


def note_runs(
    engine: Engine, now: datetime, done: Mapping[str, int], took_s: Mapping[str, float]
) -> None:
    """Keep what was done by the clock at ``now``, by kind, and how long it took."""
    rows = [
        {"name": name, "now": now, "took": seconds, "done": done.get(name, 0)}
        for name, seconds in took_s.items()
    ]
    with transaction(engine) as session:
        session.execute(text(_RAN), rows)


def by_kind(done: Mapping[str, int]) -> dict[str, int]:
    """What `keep_up` did, by the kinds of ``DONE_BY``."""
    return {kind: sum(done.get(part, 0) for part in parts) for kind, parts in DONE_BY.items()}


def _count_days(engine: Engine, township_id: int) -> int:
    """Count the days of a township that are due, a part at a time; how many."""
    done = 0
    while True:
        with transaction(engine) as session:
            done += (now := count_days(session, township_id))
        if now < DAYS_AT_ONCE:
            return done


def plans_turned(engine: Engine, known: Mapping[int, int]) -> dict[int, int]:
    """Tell processes and open pages where another plan is in force than was known; those in force now.

    Nobody needs it for a right answer, which follows from the day; it makes them look at once.

    Parameters
    ----------
    known
        Plan by township, as an earlier call gave it back; empty: all are told, since the day may have
        turned while nobody was up.
    """
    with transaction(engine) as session:
        rows = session.execute(text("SELECT township_id, id FROM plan_in_force"))
        now = {row.township_id: row.id for row in rows}
        for township_id in sorted(known.keys() | now.keys()):
            if known.get(township_id) != now.get(township_id):
                tell_of_plans(session, township_id)
    return now


def complete_plans(engine: Engine) -> Counter[str]:
    """Attach what was never attached to a dated plan of its township; how many plans needed it.

    What comes in is attached to each of them at once; only a store that is older than this, or rows that
    were written past the program, leave something to do.
    """
    done: Counter[str] = Counter()
    with transaction(engine, read_only=True) as session:
        plan_ids = session.scalars(
            text("SELECT id FROM plan WHERE validity IS NOT NULL ORDER BY id")
        ).all()
    for plan_id in plan_ids:
        done.update(complete_plan(engine, plan_id))
    return done


def complete_plan(engine: Engine, plan_id: int) -> set[str]:
    """Attach what was never attached to a plan; the kinds of which there was something.

    A part at a time, each in a transaction of its own, so that nobody who draws waits for all of it.
    """
    done: set[str] = set()
    kinds: tuple[Kind, Kind] = ("house", "event")
    for kind in kinds:
        while True:
            with transaction(engine) as session:
                if not complete(session, plan_id, kind, most=AT_ONCE):
                    break
                done.add(kind)
    return done


_RAN = """
INSERT INTO clock_task (name, ran_at, took_s, done, worked_at)
VALUES (:name, :now, :took, :done, CASE WHEN :done > 0 THEN CAST(:now AS timestamptz) END)
ON CONFLICT (name) DO UPDATE SET ran_at = excluded.ran_at, took_s = excluded.took_s, done = excluded.done,
    worked_at = coalesce(excluded.worked_at, clock_task.worked_at)
"""
