"""``gisgrid means``: funds, equipment and rooms of centres and communities."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import click
from rich.table import Table
from rich.text import Text

from gisgrid.cli.coverage import township_option
from gisgrid.cli.edge import commit_option, opened, say_dry, wide_console
from gisgrid.core import plans
from gisgrid.core.settings import Settings
from gisgrid.db.tables.means import MEANS_KINDS
from gisgrid.people import means as room
from gisgrid.people.means import MeansEntry
from gisgrid.planning.snapshot.fetch import today

_day = click.DateTime(["%Y-%m-%d"])
_written = (
    click.option("--name", help="what it is"),
    click.option("--amount", help="yuan, to the fen, such as 12500.50"),
    click.option("--pieces", type=int, help="how many, of equipment"),
    click.option("--floor", help="m², of rooms"),
    click.option("--since", type=_day, help="first day; default today"),
    click.option("--until", type=_day, help="last day; default without end"),
)


@click.group("means")
def means_group() -> None:
    """Keep what centres and communities have to work with."""


@means_group.command("list")
@click.option("--on", type=_day, help="day of the sums; default today")
@township_option
@click.pass_obj
def list_command(settings: Settings, on: datetime | None, township: str | None) -> None:
    """List means with their sums on a day."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        found = room.means(session, place.id)
        added = room.sums(found, on.date() if on else today(place))
    table = Table(box=None)
    for head in ("number", "area", "kind", "what", "yuan", "pieces", "m²", "days"):
        table.add_column(head)
    for each in found:
        entry = each.entry
        days = f"{entry.since} – {entry.until or ''}"
        cells = (
            each.id,
            each.area,
            entry.kind,
            entry.name,
            entry.amount,
            entry.pieces,
            entry.floor_m2,
        )
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in cells), days)
    wide_console().print(table)
    for total in added:
        click.echo(
            f"{total.area or 'all'}: {total.total} yuan, {total.pieces} pieces, {total.floor_m2} m²"
        )


def _options(command: click.decorators.FC) -> click.decorators.FC:
    for option in reversed(_written):
        command = option(command)
    return command


@means_group.command("add")
@click.argument("area")
@click.argument("kind", type=click.Choice(MEANS_KINDS))
@_options
@township_option
@commit_option
@click.pass_obj
def add_command(
    settings: Settings,
    /,
    *,
    area: str,
    kind: str,
    name: str | None,
    amount: str | None,
    pieces: int | None,
    floor: str | None,
    since: datetime | None,
    until: datetime | None,
    township: str | None,
    commit: bool,
) -> None:
    """Note means of AREA: code of a community, or of the township for its centre."""
    with opened(settings) as session:
        place = plans.township(session, township)
        entry = MeansEntry(
            kind=kind, name=(name or "").strip(), amount=_amount(amount), pieces=pieces, floor_m2=_floor(floor),
            since=since.date() if since else today(place), until=_date(until),
        )  # fmt: skip
        number = room.add(session, place.id, area, entry)
        if not commit:
            session.rollback()
    click.echo(f"{number}: {entry.name}")
    say_dry(commit=commit)


@means_group.command("change")
@click.argument("number", type=int)
@_options
@township_option
@commit_option
@click.pass_obj
def change_command(
    settings: Settings,
    /,
    *,
    number: int,
    name: str | None,
    amount: str | None,
    pieces: int | None,
    floor: str | None,
    since: datetime | None,
    until: datetime | None,
    township: str | None,
    commit: bool,
) -> None:
    """Write what is known better of the means NUMBER; what no option names stays."""
    with opened(settings) as session:
        place = plans.township(session, township)
        found = room.one(session, place.id, number)
        was = found.entry
        entry = MeansEntry(
            kind=was.kind, name=was.name if name is None else name.strip(),
            amount=was.amount if amount is None else _amount(amount),
            pieces=was.pieces if pieces is None else pieces,
            floor_m2=was.floor_m2 if floor is None else _floor(floor),
            since=since.date() if since else was.since, until=_date(until) or was.until,
        )  # fmt: skip
        room.change(session, place.id, number, entry, seen=found.state_number)
        if not commit:
            session.rollback()
    click.echo(f"{number}: {entry.name}")
    say_dry(commit=commit)


@means_group.command("end")
@click.argument("number", type=int)
@click.option("--last", type=_day, help="last day; default today")
@click.option("--why", required=True, help="the reason")
@township_option
@commit_option
@click.pass_obj
def end_command(
    settings: Settings,
    /,
    *,
    number: int,
    last: datetime | None,
    why: str,
    township: str | None,
    commit: bool,
) -> None:
    """Note the last day of the means NUMBER, and why."""
    with opened(settings) as session:
        place = plans.township(session, township)
        found = room.one(session, place.id, number)
        day = last.date() if last else today(place)
        room.end(session, place.id, number, last=day, why=why, seen=found.state_number)
        if not commit:
            session.rollback()
    click.echo(f"{number}: {found.entry.name} until {day}")
    say_dry(commit=commit)


def _amount(told: str | None) -> Decimal | None:
    return room.read_amount(told or "")


def _floor(told: str | None) -> Decimal | None:
    return room.read_amount(told or "", most=room.MOST_M2)


def _date(moment: datetime | None) -> date | None:
    return moment.date() if moment else None
