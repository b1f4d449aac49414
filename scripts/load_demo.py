"""Town F as `gisgrid demo` brings it in, and carried on until yesterday with cases that wait for somebody.

What is there already stays as it is, so a second run adds nothing; a run that was cut short is taken
up where it stopped.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import click
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cli import demo
from gisgrid.cli.demo import TOWNSHIP
from gisgrid.cli.edge import connected
from gisgrid.collection import tasks
from gisgrid.collection.questions import NewQuestion
from gisgrid.core.plans import township
from gisgrid.core.settings import Settings
from gisgrid.db.store import Actor, transaction
from gisgrid.planning.snapshot.fetch import local
from scripts.demo_cases import report_open
from scripts.town import lately
from scripts.town.files import csv as csv_of
from scripts.town.spec import AS_OF

CALENDAR_UNTIL = 2026
"""Last year of Town F's calendar."""


def main() -> None:
    demo.bring_in(Settings.from_env(), then=carry_on)
    with storing() as session:
        ask_houses(session)


def carry_on() -> None:
    """Bring the town up to yesterday; what is of today then are cases that wait for somebody."""
    data, town = demo.town_f(), f"--township {TOWNSHIP}"
    with storing() as session:
        place = township(session, TOWNSHIP)
        last = local(datetime.now(UTC), place).date() - timedelta(1)
        known = session.scalar(
            text("SELECT max(reported_at) FROM event WHERE township_id = :t"), {"t": place.id}
        )
        first = lately.first_day(last, local(known, place).date() if known else AS_OF)
    if first > last:
        return
    weeks = lately.calendar(CALENDAR_UNTIL, last)
    if len(weeks):
        with tempfile.TemporaryDirectory() as folder:
            (path := Path(folder) / "made.csv").write_text(csv_of(weeks), encoding="utf-8")
            demo.run(f"calendar load {path} {town} --commit")
    events = lately.events(data, first, last)
    still_open = events["closed_at"] == ""
    if first > AS_OF + timedelta(1):
        made(csv_of(lately.settled(data)), f"events {{file}} {town}")
    made(csv_of(events[~still_open]), f"events {{file}} {town} --crs wgs84")
    made(csv_of(lately.visits(data, first, last)), f"visits {{file}} {town}")
    made(csv_of(lately.trainings(data, first, last)), f"trainings {{file}} {town}")
    demo.run(f"case open {town} --commit")
    with storing() as session:
        count = report_open(session, township(session, TOWNSHIP), events[still_open])
    click.echo(f"{count} cases wait for somebody")


def ask_houses(session: Session) -> None:
    """A collection task that is open for three weeks in all grids, unless there is one."""
    place = township(session, TOWNSHIP)
    if tasks.tasks(session, place.id):
        return
    everywhere = tuple(each.code for each in tasks.grids_to_choose(session, place.id))
    day = local(datetime.now(UTC), place).date()
    told = tasks.TaskDraft(
        title="样本：用水情况普查", purpose="care", due_on=day + timedelta(21), fields=("resident.phone",), grids=everywhere
    )  # fmt: skip
    number = tasks.draft(session, place.id, told, day)
    tasks.ask(
        session,
        number,
        NewQuestion("家里有几口人？", "integer", least=Decimal(0), most=Decimal(30)),
    )
    tasks.ask(
        session, number,
        NewQuestion("水管是什么材料？", "choice", required=False, choices=("铁管", "塑料管", "不清楚")),
    )  # fmt: skip
    tasks.publish(session, number, day, seen=1)


def made(content: str, line: str) -> None:
    """Load a table that stands in no file of Town F; ``{file}`` in the line is where it lies."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.csv"
        path.write_text(content, encoding="utf-8")
        demo.run(f"load {line.format(file=path)} --commit")


@contextlib.contextmanager
def storing() -> Iterator[Session]:
    with (
        connected(Settings.from_env()) as engine,
        transaction(engine, actor=Actor(origin="terminal")) as session,
    ):
        yield session


if __name__ == "__main__":
    sys.exit(main())
