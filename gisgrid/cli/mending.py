"""``gisgrid scenario``: faults of the ground mended."""

from __future__ import annotations

import click

from gisgrid.cli.drawing import keep_edit, why_option
from gisgrid.cli.scenarios import at_scenario, commit_option, township_option
from gisgrid.cli.who import who_option
from gisgrid.plans import mending
from gisgrid.plans.numbering import new_grids
from gisgrid.settings import Settings


@click.command("mend-across")
@click.argument("name")
@click.argument("grid")
@click.option(
    "--give",
    is_flag=True,
    help="to the community of most of its houses, under a new code; else it stays in its own",
)
@why_option
@who_option
@township_option
@commit_option
@click.pass_obj
def across_command(
    settings: Settings, /, *, name: str, grid: str, give: bool, why: str, who: str,
    township: str | None, commit: bool,
) -> None:  # fmt: skip
    """Cut GRID of NAME at the border of its community; what lies beyond goes to grids there."""
    change = mending.given_to_most if give else mending.kept_within
    with at_scenario(settings, name, township, commit=commit) as at:
        make = new_grids(at.session, at.place)
        keep_edit(at, "across", who, why, lambda bench: change(bench, grid, make))


COMMANDS = (across_command,)
