"""``gisgrid who``: from a house to the township, with who answers at each level."""

from __future__ import annotations

from datetime import datetime

import click
from rich.table import Table
from rich.text import Text

from gisgrid.cli.coverage import as_of_option, township_option
from gisgrid.cli.edge import opened, wide_console
from gisgrid.core import plans
from gisgrid.core.settings import Settings
from gisgrid.people.hierarchy import LEVEL_ZH, who
from gisgrid.planning.snapshot.fetch import today


@click.command("who")
@click.argument("words", nargs=-1, required=True, metavar="CODE | ADDRESS")
@as_of_option
@township_option
@click.pass_obj
def who_command(
    settings: Settings, words: tuple[str, ...], as_of: datetime | None, township: str | None
) -> None:
    """Walk from a house (ADDRESS or CODE) or a grid (CODE) up to the township: who answers where."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        rungs = who(session, place, " ".join(words), as_of.date() if as_of else today(place))
    table = Table(box=None)
    for head in ("level", "层级", "place", "code", "in charge", "with"):
        table.add_column(head)
    for rung in rungs:
        people = [f"{p.name} ({p.staff or p.account or p.role})" for p in rung.people]
        if rung.head:
            first, rest = people[0], people[1:]
        else:
            first, rest = f"— {rung.missing} · {rung.missing_zh}", people
        cells = (rung.level, LEVEL_ZH[rung.level], rung.name, rung.code, first, ", ".join(rest))
        table.add_row(*map(Text, cells))
    wide_console().print(table)
