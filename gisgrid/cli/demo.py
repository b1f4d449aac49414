"""``gisgrid demo``: Town F, a synthetic town, brought in by the commands that one could type.

What is there already stays as it is, so a second run adds nothing; a run that was cut short is taken
up where it stopped.
"""

from __future__ import annotations

import csv
import shlex
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

import gisgrid
from gisgrid.cli.edge import connected, terminal
from gisgrid.cli.main import main
from gisgrid.core.errors import NotAllowed, NotFound
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


@click.command("demo")
@click.option("--commit", is_flag=True, help="bring it in; without it the commands are only listed")
@click.pass_obj
def demo_command(settings: Settings, commit: bool) -> None:
    """Bring in Town F, a synthetic town with 8,003 invented residents, and one account for each role.

    On the private cluster, which is made where there is none. The passwords of the accounts are random
    and told once.
    """
    if terminal().account is not None:
        raise NotAllowed(
            "The demonstration is brought in by the operator, not as an account (--as).",
            zh="演示数据只能由系统操作人员导入，不能以账号（--as）身份导入。",
        )
    if not commit:
        for line in lines(town_f(), fresh=True):
            click.echo(f"$ gisgrid {line}")
        click.echo("Nothing was done. 未执行任何操作。  gisgrid demo --commit")
        return
    for line in lines(town_f(), fresh=False):
        click.secho(f"$ gisgrid {line}", bold=True)
        main.main(shlex.split(line), prog_name="gisgrid", standalone_mode=False)
    people(settings)


def town_f() -> Path:
    """The folder of Town F's files: part of the installed package, or the clone's own.

    Raises
    ------
    NotFound
        Neither is there.
    """
    package = Path(gisgrid.__file__).parent
    for folder in (package / "town_f", package.parent / "data"):
        if (folder / "boundaries").is_dir():
            return folder
    raise NotFound(
        f"The files of Town F are not in {package}.", zh=f"未找到演示数据（{package}）。"
    )


def lines(data: Path, *, fresh: bool) -> Iterator[str]:
    """The commands in their order, each asked for when the one before has been done.

    Parameters
    ----------
    fresh
        As for an empty store; otherwise what is there already, and cannot be done twice, is left out.
    """
    town = f"--township {TOWNSHIP}"

    def load(kind: str, file: str, *options: str) -> str:
        return shlex.join(["load", kind, str(data / file), *options, "--commit"])

    def here(kind: str, file: str, *options: str) -> str:
        return load(kind, file, "--township", TOWNSHIP, *options)

    yield "db start"
    yield "db upgrade"
    yield load("areas", "boundaries/areas.geojson")
    yield f"township --code {TOWNSHIP} --set code_scheme=gb --commit"
    yield here("streets", "boundaries/streets.geojson")
    if fresh or not published():
        yield here("grids", "boundaries/grids.geojson", "--plan", "2022")
        yield f"plan publish 2022 --from 2022-09-01 {town} --commit"
    yield here("houses", "register/houses.csv", "--crs", "wgs84")
    yield here("households", "register/households.csv")
    yield here("residents", "register/residents.csv")
    yield here("staff", "staff/staff.csv")
    yield here("offices", "offices/offices.csv")
    yield here("matters", "matters/matters.csv", "--version", "2022", "--since", "2022-09-01")
    yield f"calendar load {shlex.quote(str(data / 'calendar/calendar.csv'))} {town} --commit"
    yield here("events", "events/events.csv", "--crs", "wgs84")
    yield here("stations", "service/stations.csv", "--crs", "wgs84")
    yield here("visits", "service/visits.csv")
    yield here("trainings", "learning/trainings.csv")
    if fresh or not issued():
        yield from documents(data / "learning")
    yield here("receipts", "learning/receipts.csv")
    yield f"case open {town} --commit"
    yield f"attach {town} --commit"
    yield f"index {town}"
    yield f"summary {town}"


def documents(folder: Path) -> Iterator[str]:
    with (folder / "documents.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            roles = [word for role in row["roles"].split(";") if role for word in ("--role", role)]
            yield shlex.join([
                "document", "issue", row["code"], str(folder / row["file"]), "--title", row["title"],
                "--on", row["issued_on"], *roles, "--township", TOWNSHIP, "--commit",
            ])  # fmt: skip


def people(settings: Settings) -> None:
    """One invented person per role, each with a random password that is printed this once."""
    made = []
    with (
        connected(settings) as engine,
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


def published() -> bool:
    return _is_there(
        "SELECT FROM plan p JOIN area a ON a.id = p.township_id"
        " WHERE a.code = :code AND p.state = 'published'"
    )


def issued() -> bool:
    """An old version does not come back, so what is issued once is not issued again."""
    return _is_there(
        "SELECT FROM document d JOIN area a ON a.id = d.township_id WHERE a.code = :code"
    )


def _is_there(query: str) -> bool:
    engine = open_engine(store_url(Settings.from_env()))
    with transaction(engine, read_only=True) as session:
        found = session.execute(text(query), {"code": TOWNSHIP}).first()
    engine.dispose()
    return found is not None
