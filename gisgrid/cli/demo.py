"""``gisgrid demo``: Town F, a synthetic town, brought in by the commands that one could type.

What is there already stays as it is, so a second run adds nothing; a run that was cut short is taken
up where it stopped.
"""

from __future__ import annotations

import csv
import shlex
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import text
from sqlalchemy.orm import Session

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
GRID = "999901001201001"
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
        for line in (*lines(town_f(), fresh=True), *CLOSING):
            click.echo(f"$ gisgrid {line}")
        click.echo("Nothing was done. 未执行任何操作。  gisgrid demo --commit")
        return
    bring_in(settings)


def bring_in(settings: Settings, then: Callable[[], None] | None = None) -> None:
    """Run the commands and add the accounts; ``then`` is called before places are attached and summed up."""
    for line in lines(town_f(), fresh=False):
        run(line)
    people(settings)
    if then is not None:
        then()
    for line in CLOSING:
        run(line)


def run(line: str) -> None:
    """A command of gisgrid in this process, printed as it could be typed."""
    click.secho(f"$ gisgrid {line}", bold=True)
    main.main(shlex.split(line), prog_name="gisgrid", standalone_mode=False)


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

    if fresh or not Settings.from_env().database_url:
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
    # Once: afterwards the cases are whoever handles them's, and no file takes that back.
    if fresh or not reported():
        yield here("events", "events/events.csv", "--crs", "wgs84")
    yield here("stations", "service/stations.csv", "--crs", "wgs84")
    yield here("visits", "service/visits.csv")
    yield here("trainings", "learning/trainings.csv")
    if fresh or not issued():
        yield from documents(data / "learning")
    yield here("receipts", "learning/receipts.csv")
    yield here("staff", "staff/centre.csv")
    yield f"alias load {shlex.quote(str(data / 'register/aliases.csv'))} {town} --commit"
    yield f"case open {town} --commit"


def documents(folder: Path) -> Iterator[str]:
    with (folder / "documents.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            roles = [word for role in row["roles"].split(";") if role for word in ("--role", role)]
            yield shlex.join([
                "document", "issue", row["code"], str(folder / row["file"]), "--title", row["title"],
                "--on", row["issued_on"], *roles, "--township", TOWNSHIP, "--commit",
            ])  # fmt: skip


def people(settings: Settings) -> None:
    """A log-in for one invented person of each role, with a random password that is printed this once."""
    told = []
    with (
        connected(settings) as engine,
        transaction(engine, actor=Actor(origin="terminal")) as session,
    ):
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
        held = {row.name: row for row in session.execute(text(_HELD))}
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


def published() -> bool:
    return _is_there(
        "SELECT FROM plan p JOIN area a ON a.id = p.township_id"
        " WHERE a.code = :code AND p.state = 'published'"
    )


def reported() -> bool:
    return _is_there("SELECT FROM event e JOIN area a ON a.id = e.township_id WHERE a.code = :code")


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


CLOSING = (
    f"attach --township {TOWNSHIP} --commit",
    f"index --township {TOWNSHIP}",
    f"summary --township {TOWNSHIP} --as-of 2023-08-31",
    f"summary --township {TOWNSHIP}",
)
"""What follows when all is there; the paper's numbers hold on the first of the two days."""

_HELD = """
SELECT k.name, k.display_name, p.role, coalesce(p.grid_code, a.code) AS at
FROM account k JOIN appointment p ON p.account_id = k.id LEFT JOIN area a ON a.id = p.area_id
ORDER BY at DESC
"""
