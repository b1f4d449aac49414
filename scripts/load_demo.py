"""The gisgrid commands that bring Town F in, run one after the other in one process.

Each is printed as it could be typed. What is there already stays as it is, so a second run adds
nothing; a run that was cut short is taken up where it stopped.
"""

from __future__ import annotations

import csv
import shlex
import sys
from datetime import date
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from gisgrid.cli.edge import connected
from gisgrid.cli.main import main as gisgrid
from gisgrid.core.settings import Settings
from gisgrid.db.store import Actor, open_engine, store_url, transaction
from gisgrid.people import accounts
from gisgrid.people.appointments import appoint
from gisgrid.people.login import set_password
from gisgrid.people.passwords import random_password

TOWNSHIP = "999901001"
COMMUNITY, GRID = "999901001201", "999901001201003"
PEOPLE = {
    "county": ("试县审", "county_reviewer", "999901", None),
    "government": ("试政办", "township_government", TOWNSHIP, None),
    "cadre": ("试包片", "section_cadre", COMMUNITY, None),
    "clerk": ("试社区", "community_clerk", COMMUNITY, None),
    "leader": ("试格长", "grid_leader", TOWNSHIP, GRID),
    "worker": ("试格员", "grid_worker", TOWNSHIP, GRID),
    "sinking": ("试下沉", "sinking_force", TOWNSHIP, GRID),
    "social": ("试社力", "social_force", TOWNSHIP, GRID),
    "resident": ("试居民", "resident", TOWNSHIP, GRID),
    "dispatcher": ("试调度", "dispatcher", TOWNSHIP, None),
    "planner": ("试规划", "planner", TOWNSHIP, None),
    "coordinator": ("试统筹", "coordinator", TOWNSHIP, None),
    "auditor": ("试审计", "auditor", TOWNSHIP, None),
    "administrator": ("试管理", "administrator", TOWNSHIP, None),
}
"""Log-in name: name shown, role, area, grid; invented like everyone in Town F."""
DATA = Path("data")


def run(line: str) -> None:
    click.secho(f"$ gisgrid {line}", bold=True)
    gisgrid.main(shlex.split(line), prog_name="gisgrid", standalone_mode=False)


def load(line: str) -> None:
    run(f"load {line} --commit")


def main() -> None:
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
    load(f"events {DATA}/events/events.csv {town} --crs wgs84")
    load(f"stations {DATA}/service/stations.csv {town} --crs wgs84")
    load(f"visits {DATA}/service/visits.csv {town}")
    load(f"trainings {DATA}/learning/trainings.csv {town}")
    if not issued():
        issue_documents(town)
    load(f"receipts {DATA}/learning/receipts.csv {town}")
    run(f"case open {town} --commit")
    run(f"attach {town} --commit")
    run(f"index {town}")
    run(f"summary {town}")
    people()


def people() -> None:
    """One invented person per role, each with a random password that is printed this once."""
    made = []
    with (
        connected(Settings.from_env()) as engine,
        transaction(engine, actor=Actor(origin="terminal")) as session,
    ):
        known = {each.name for each in accounts.accounts(session)}
        for name, (shown, role, area, grid) in PEOPLE.items():
            if name in known:
                continue
            accounts.add_account(session, name, shown)
            secret = random_password()
            set_password(session, name, secret)
            appoint(session, name, role, area=area, grid=grid, since=date(2022, 9, 1))
            made.append((name, secret, role, grid or area))
    if not made:
        click.echo(
            "the demo's people are there; a new password: gisgrid user password NAME --commit"
        )
        return
    table = Table("log-in name", "password", "role", "area or grid", title="told this once")
    for row in made:
        table.add_row(*row)
    Console(width=100).print(table)


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
