"""A small township where cases run: people, a calendar, and steps in short."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from gisgrid.cases.calendars import read_calendar
from gisgrid.cases.cases import CaseActor, CaseNow, Details, Owner, open_case, take_step
from gisgrid.cases.clocks import clocks_of, keep_calendar
from gisgrid.db import tables as t
from tests.support.factories import create_event, create_matter, create_plan, create_township
from tests.support.sketch import spot
from tests.support.town_files import DATA

DISPATCHER = CaseActor("dispatcher.shi", ("dispatcher",))
OTHER_DISPATCHER = CaseActor("dispatcher.ni", ("dispatcher",))
WORKER = CaseActor("worker.ce", ("grid_worker",))
LEADER = CaseActor("leader.xu", ("grid_leader", "grid_worker"))
RESIDENT = CaseActor("resident", ("resident",))
BOTH = CaseActor("clerk.gou", ("dispatcher", "grid_worker"))
"""One person in two posts."""
TEAM_A = Owner(grid_code="a", level="grid")
TEAM_B = Owner(grid_code="b", level="grid")


def at(text: str) -> datetime:
    """A moment on the wall clock of Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)


def place(session: Session, **values: Any) -> t.Township:
    """A township of two grids with calendars from 2022 to 2026."""
    township = create_township(session, **values)
    create_plan(session, township, "a b")
    keep_calendar(session, township.area_id, read_calendar(DATA / "calendar/calendar.csv"))
    return township


def new_case(
    session: Session,
    township: t.Township,
    reported: str = "2023-08-15 09:00",
    *,
    by: CaseActor = RESIDENT,
    kind: str = "normal",
    matter: t.Matter | None = None,
    **event: Any,
) -> CaseNow:
    matter = matter or create_matter(
        session, township, time_limit=4, limit_unit="working_hours", office="综合执法队"
    )
    row = create_event(session, township, spot(0.5, 0.5), matter, reported_at=at(reported), **event)
    return open_case(session, row.id, by, kind=kind)


class Walk:
    """A case being walked through its flow."""

    def __init__(self, session: Session, case: CaseNow) -> None:
        self.session, self.now = session, case

    def __call__(self, step: str, by: CaseActor, when: str, **details: Any) -> CaseNow:
        self.now = take_step(
            self.session, self.now.id, step, by, seq=self.now.seq, at=at(when),
            details=Details(**details),
        )  # fmt: skip
        return self.now


def handled(session: Session, township: t.Township, **values: Any) -> Walk:
    """A case that a worker has fed back on 15 August 2023, not checked yet."""
    walk = Walk(session, new_case(session, township, **values))
    walk("file", DISPATCHER, "2023-08-15 09:10")
    walk("dispatch", DISPATCHER, "2023-08-15 09:20", to=TEAM_A)
    walk("accept", WORKER, "2023-08-15 09:40")
    walk("feed_back", WORKER, "2023-08-15 11:00", note="已清理")
    return walk


def due(session: Session, case: CaseNow) -> dict[str, str | None]:
    """Of the clocks that are not stopped: wall time of Shanghai, None while it stands still."""
    return {
        k.name: (k.clock.due_at + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M")
        if k.clock.due_at
        else None
        for k in clocks_of(session, case.id)
        if k.clock.stopped_at is None
    }
