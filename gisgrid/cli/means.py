"""``gisgrid means``: funds, equipment and rooms of centres and communities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import wraps
from typing import Any

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


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """The command gets what the options name as ``said``, by the fields of an entry."""

    @wraps(command)
    def with_said(
        *args: Any,
        name: str | None,
        amount: str | None,
        pieces: int | None,
        floor: str | None,
        since: datetime | None,
        until: datetime | None,
        **more: Any,
    ) -> None:
        named = {
            "name": None if name is None else name.strip(),
            "pieces": pieces,
            "since": since and since.date(),
            "until": until and until.date(),
        }
        said: dict[str, Any] = {field: value for field, value in named.items() if value is not None}
        # An empty amount is one that is not known any more.
        if amount is not None:
            said["amount"] = room.read_amount(amount)
        if floor is not None:
            said["floor_m2"] = room.read_amount(floor, most=room.MOST_M2)
        command(*args, said=said, **more)

    for option in reversed(_written):
        with_said = option(with_said)
    return with_said


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
    said: dict[str, Any],
    township: str | None,
    commit: bool,
) -> None:
    """Note means of AREA: code of a community, or of the township for its centre."""
    with opened(settings) as session:
        place = plans.township(session, township)
        bare = MeansEntry(
            kind=kind, name="", amount=None, pieces=None, floor_m2=None, since=today(place), until=None
        )  # fmt: skip
        entry = replace(bare, **said)
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
    said: dict[str, Any],
    township: str | None,
    commit: bool,
) -> None:
    """Write what is known better of the means NUMBER; what no option names stays."""
    with opened(settings) as session:
        place = plans.township(session, township)
        found = room.one(session, place.id, number)
        entry = replace(found.entry, **said)
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
