"""Cases of Town F that somebody has to do something about today: open, soon due, late, urgent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.cases import NOTHING, CaseActor, Details, Owner, take_step
from gisgrid.cases.clock import colour, start
from gisgrid.cases.clocks import work_time
from gisgrid.cases.intake import Received, Report, take_in
from gisgrid.cases.judging import judge
from gisgrid.cases.matters import matter_on
from gisgrid.cases.worktime import Limit, WorkTime
from gisgrid.core.plans import TownshipInfo

DISPATCHER = CaseActor("dispatcher", ("dispatcher",))
TEAM = CaseActor("leader", ("grid_leader",))
SOON, LATE, URGENT = 6, 4, 2
"""So many cases are made to be soon due, late, and urgent; all others stand as it happens."""
STEPS = ("file", "dispatch", "accept", "feed_back")
PAUSE = timedelta(minutes=10)


class Row(Protocol):
    """A row of events.csv."""

    code: str
    matter: str
    reported_at: str
    source: str
    text: str
    address: str
    lon: float
    lat: float


def report_open(session: Session, place: TownshipInfo, rows: pd.DataFrame) -> int:
    """Take in events that are still open as if they had come in at their time; how many.

    Those of a time limit in working days are moved in time until they are soon due, or late. Each case is
    some steps on its way. ``rows`` as of events.csv.
    """
    now = datetime.now(UTC)
    work, zone = work_time(session, place.id), ZoneInfo(place.time_zone)
    urgent, rest = rows.tail(URGENT), rows.head(len(rows) - URGENT)
    wanted = iter(["yellow"] * SOON + ["red"] * LATE)
    for n, row in enumerate(rest.itertuples(index=False)):
        at = datetime.fromisoformat(row.reported_at).replace(tzinfo=zone)
        limit, asks_photo = _rules(session, place.id, row.matter, at)
        if limit is not None and limit.unit == "working_days" and (want := next(wanted, None)):
            at = _reported(work, limit, now, want)
        case = _take_in(session, place, row, at)
        done = STEPS[: n % (len(STEPS) + 1)]
        _carry_on(session, case, done[:-1] if asks_photo and done == STEPS else done, at)
    for n, row in enumerate(urgent.itertuples(index=False), 1):
        _take_in(session, place, row, now - n * timedelta(minutes=6), emergency=True)
    judge(session, place.id, now)
    return len(rows)


def _take_in(
    session: Session, place: TownshipInfo, row: Row, at: datetime, *, emergency: bool = False
) -> Received:
    report = Report(
        matter=row.matter, place=(float(row.lon), float(row.lat)), text=row.text,
        address=row.address, source=row.source, reported_at=at, client_id=f"demo:{row.code}",
        emergency=emergency,
    )  # fmt: skip
    return take_in(session, place, report, CaseActor("system", ("system",)))


def _carry_on(session: Session, got: Received, steps: tuple[str, ...], at: datetime) -> None:
    """Take a case some steps further, as far as there is a grid to send it to."""
    grid = got.landed.grid_code
    details = {
        "dispatch": Details(to=Owner(grid_code=grid, level="grid")),
        "feed_back": Details(note="已到现场处理（虚构）"),
    }
    for n, step in enumerate(steps if grid else steps[:1], 1):
        by = DISPATCHER if step in ("file", "dispatch") else TEAM
        take_step(
            session, got.case.id, step, by, at=at + n * PAUSE, details=details.get(step, NOTHING)
        )


def _rules(
    session: Session, township_id: int, matter: str, at: datetime
) -> tuple[Limit | None, bool]:
    """A matter's time limit, and whether it asks for a photo."""
    row = session.execute(
        text("SELECT time_limit, limit_unit, asks_photo FROM matter WHERE id = :id"),
        {"id": matter_on(session, township_id, matter, at)},
    ).one()
    limit = None if row.time_limit is None else Limit.parse(f"{row.time_limit} {row.limit_unit}")
    return limit, bool(row.asks_photo)


def _reported(work: WorkTime, limit: Limit, now: datetime, want: str) -> datetime:
    """The newest full hour before ``now`` of which a clock has the colour ``want`` by now."""
    return next(at for at in _hours(now) if colour(start(work, limit, at), now) == want)


def _hours(now: datetime) -> Iterator[datetime]:
    full = now.replace(minute=0, second=0, microsecond=0)
    return (full - timedelta(hours=n) for n in range(1, 24 * 60))
