"""``gisgrid who``: from a house to the township, with who answers at each level."""

from __future__ import annotations

from datetime import datetime

import click
from rich.table import Table
from rich.text import Text

from gisgrid.cli.coverage import as_of_option, township_option
from gisgrid.cli.edge import opened, wide_console
from gisgrid.core import plans
from gisgrid.core.messages import say, sentence
from gisgrid.core.settings import Settings
from gisgrid.core.terminal import language
from gisgrid.people.hierarchy import who
from gisgrid.planning.snapshot.fetch import today

LEVEL_WORDS = {
    "residents": say("residents"), "grid": say("grid"), "community": say("community"),
    "section": say("section"), "township": say("township"),
}  # fmt: skip


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
    for head in ("level", "called", "place", "code", "in charge", "with"):
        table.add_column(head)
    for rung in rungs:
        people = [f"{p.name} ({p.staff or p.account or p.role})" for p in rung.people]
        if rung.head:
            first, rest = people[0], people[1:]
        else:
            first, rest = (
                f"— {rung.missing.in_language(language()) if rung.missing else ''}",
                people,
            )
        cells = (
            rung.level,
            sentence(LEVEL_WORDS[rung.level], {}, language()),
            rung.name,
            rung.code,
            first,
            ", ".join(rest),
        )
        table.add_row(*map(Text, cells))
    wide_console().print(table)
