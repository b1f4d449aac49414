"""The gisgrid commands that bring Town F in, run one after the other in one process.

Each is printed as it could be typed. What is there already stays as it is, so a second run adds
nothing; a run that was cut short is taken up where it stopped.
"""

from __future__ import annotations

import contextlib
import csv
import shlex
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cli.edge import connected
from gisgrid.cli.main import main as gisgrid
from gisgrid.core.plans import township
from gisgrid.core.settings import Settings
from gisgrid.db.store import Actor, open_engine, store_url, transaction
from gisgrid.people import accounts
from gisgrid.people.appointments import appoint
from gisgrid.people.login import set_password
from gisgrid.people.passwords import random_password
from gisgrid.planning.snapshot.fetch import local
from scripts.demo_cases import report_open
from scripts.town import lately
from scripts.town.files import csv as csv_of
from scripts.town.spec import AS_OF

TOWNSHIP = "999901001"
GRID = "999901001201001"
CENTRE = """code,name,phone,body
C001,试宁川,19903000001,试县民政局（虚构）
C002,试禾舟,19903000002,镇网格化服务中心（虚构）
C003,测山海,19903000003,镇网格化服务中心（虚构）
C004,样晚林,19903000004,镇党群服务中心（虚构）
C005,虚小桥,19903000005,镇政府（虚构）
C006,拟文洋,19903000006,镇政府（虚构）
"""
"""Staff in no team, as a file of staff."""
OFFICES = ("o001", "o002", "o005")
"""Log-in names that come with the offices: the head, a cadre and a community's clerk."""
PEOPLE = {
    "leader": ("S0003", "grid_leader", TOWNSHIP, GRID),
    "worker": ("S0004", "grid_worker", TOWNSHIP, GRID),
    "sinking": ("S0006", "sinking_force", TOWNSHIP, GRID),
    "social": ("S0008", "social_force", TOWNSHIP, GRID),
    "resident": (None, "resident", TOWNSHIP, GRID),
    "county": ("C001", "county_reviewer", "999901", None),
    "dispatcher": ("C002", "dispatcher", TOWNSHIP, None),
    "planner": ("C003", "planner", TOWNSHIP, None),
    "coordinator": ("C004", "coordinator", TOWNSHIP, None),
    "auditor": ("C005", "auditor", TOWNSHIP, None),
    "administrator": ("C006", "administrator", TOWNSHIP, None),
}
"""Log-in name: who of the staff it is (a resident is none), role, area, grid; all invented."""
DATA = Path("data")
CALENDAR_UNTIL = 2026
"""Last year of data/calendar."""


def run(line: str) -> None:
    click.secho(f"$ gisgrid {line}", bold=True)
    gisgrid.main(shlex.split(line), prog_name="gisgrid", standalone_mode=False)


def load(line: str) -> None:
    run(f"load {line} --commit")


def main() -> None:
    settings = Settings.from_env()
    if not settings.database_url:
        run("db start")
    run("db upgrade")
    load(f"areas {DATA}/boundaries/areas.geojson")
    run(f"township --code {TOWNSHIP} --set code_scheme=gb --commit")
    town = f"--township {TOWNSHIP}"
    load(f"streets {DATA}/boundaries/streets.geojson {town}")
    if not published():
        load(f"grids {DATA}/boundaries/grids.geojson {town} --plan 2022")
        run(f"plan publish 2022 --from 2022-09-01 {town} --commit")
    load(f"houses {DATA}/register/houses.csv {town} --crs wgs84")
    load(f"households {DATA}/register/households.csv {town}")
    load(f"residents {DATA}/register/residents.csv {town}")
    load(f"staff {DATA}/staff/staff.csv {town}")
    load(f"offices {DATA}/offices/offices.csv {town}")
    load(f"matters {DATA}/matters/matters.csv {town} --version 2022 --since 2022-09-01")
    run(f"calendar load {DATA}/calendar/calendar.csv {town} --commit")
    # Once: afterwards the cases are whoever handles them's, and no file takes that back.
    if not exists("event e JOIN area a ON a.id = e.township_id"):
        load(f"events {DATA}/events/events.csv {town} --crs wgs84")
    load(f"stations {DATA}/service/stations.csv {town} --crs wgs84")
    load(f"visits {DATA}/service/visits.csv {town}")
    load(f"trainings {DATA}/learning/trainings.csv {town}")
    if not issued():
        issue_documents(town)
    load(f"receipts {DATA}/learning/receipts.csv {town}")
    made(CENTRE, f"staff {{file}} {town}")
    run(f"alias load {DATA}/register/aliases.csv {town} --commit")
    run(f"case open {town} --commit")
    people()
    carry_on(town)
    run(f"attach {town} --commit")
    run(f"index {town}")
    run(f"summary {town} --as-of 2023-08-31")
    run(f"summary {town}")


def made(content: str, line: str) -> None:
    """Load a table that stands in no file of data/; ``{file}`` in the line is where it lies."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.csv"
        path.write_text(content, encoding="utf-8")
        load(line.format(file=path))


def carry_on(town: str) -> None:
    """Bring the town up to yesterday; what is of today then are cases that wait for somebody."""
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
            run(f"calendar load {path} {town} --commit")
    events = lately.events(DATA, first, last)
    still_open = events["closed_at"] == ""
    if first > AS_OF + timedelta(1):
        made(csv_of(lately.settled(DATA)), f"events {{file}} {town}")
    made(csv_of(events[~still_open]), f"events {{file}} {town} --crs wgs84")
    made(csv_of(lately.visits(DATA, first, last)), f"visits {{file}} {town}")
    made(csv_of(lately.trainings(DATA, first, last)), f"trainings {{file}} {town}")
    run(f"case open {town} --commit")
    with storing() as session:
        count = report_open(session, township(session, TOWNSHIP), events[still_open])
    click.echo(f"{count} cases wait for somebody")


def people() -> None:
    """A log-in for one invented person of each role, with a random password that is printed this once."""
    told = []
    with storing() as session:
        known = {each.name: each for each in accounts.accounts(session)}
        for name in OFFICES:
            if not known[name].has_password:
                told.append((name, _password(session, name)))
        for name, (staff, role, area, grid) in PEOPLE.items():
            if name in known:
                continue
            number = accounts.staff_named(session, TOWNSHIP, staff) if staff else None
            shown = session.scalar(text("SELECT name FROM staff WHERE id = :id"), {"id": number})
            accounts.add_account(session, name, shown or "试居民", staff_id=number)
            appoint(session, name, role, area=area, grid=grid, since=date(2022, 9, 1))
            told.append((name, _password(session, name)))
        held = {
            row.name: row
            for row in session.execute(
                text(
                    "SELECT k.name, k.display_name, p.role, coalesce(p.grid_code, a.code) AS at "
                    "FROM account k JOIN appointment p ON p.account_id = k.id "
                    "LEFT JOIN area a ON a.id = p.area_id ORDER BY at DESC"
                )
            )
        }
    if not told:
        click.echo(
            "the demo's people are there; a new password: gisgrid user password NAME --commit"
        )
        return
    table = Table("log-in name", "password", "who", "role", "area or grid", title="told this once")
    for name, secret in told:
        table.add_row(name, secret, held[name].display_name, held[name].role, held[name].at)
    Console(width=110).print(table)


def _password(session: Session, name: str) -> str:
    secret = random_password()
    set_password(session, name, secret)
    return secret


@contextlib.contextmanager
def storing() -> Iterator[Session]:
    with (
        connected(Settings.from_env()) as engine,
        transaction(engine, actor=Actor(origin="terminal")) as session,
    ):
        yield session


def issue_documents(town: str) -> None:
    folder = DATA / "learning"
    with (folder / "documents.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            roles = " ".join(f"--role {role}" for role in row["roles"].split(";") if role)
            run(
                f"document issue {row['code']} {folder / row['file']} --title '{row['title']}' "
                f"--on {row['issued_on']} {roles} {town} --commit"
            )


def published() -> bool:
    return exists("plan p JOIN area a ON a.id = p.township_id", "p.state = 'published'")


def issued() -> bool:
    """An old version does not come back, so what is issued once is not issued again."""
    return exists("document d JOIN area a ON a.id = d.township_id")


def exists(source: str, where: str = "true") -> bool:
    with open_engine(store_url(Settings.from_env())).connect() as connection:
        found = connection.scalar(
            text(f"SELECT EXISTS (SELECT FROM {source} WHERE a.code = :code AND {where})"),
            {"code": TOWNSHIP},
        )
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
