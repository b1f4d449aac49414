"""``gisgrid scenario``: faults of the ground mended."""

from __future__ import annotations

import click

from gisgrid.cli.drawing import keep_edit, why_option
from gisgrid.cli.scenarios import At, at_scenario, commit_option, township_option
from gisgrid.cli.who import who_option
from gisgrid.core.settings import Settings
from gisgrid.planning.editor import mending
from gisgrid.planning.editor.editor import Editor
from gisgrid.planning.editor.numbering import new_grids
from gisgrid.planning.snapshot.fetch import limits_of
from gisgrid.planning.snapshot.snapshot import Grids


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
        keep_edit(at, "across", who, why, lambda editor: change(editor, grid, make))


@click.command("mend-slivers")
@click.argument("name")
@why_option
@who_option
@township_option
@commit_option
@click.pass_obj
def slivers_command(
    settings: Settings, /, *, name: str, why: str, who: str, township: str | None, commit: bool
) -> None:
    """Close the thin gaps and overlaps of NAME: those below limits.sliver_m or limits.sliver_m2."""
    with at_scenario(settings, name, township, commit=commit) as at:
        mend_slivers(at, who, why)


def mend_slivers(at: At, who: str, why: str) -> None:
    """Mend a scenario's slivers as an edit, and tell what was closed."""

    def closed(editor: Editor) -> Grids:
        found = mending.without_slivers(editor, limits_of(at.session, at.place.id))
        click.echo(f"{found.gaps} gaps and {found.overlaps} overlaps closed")
        if found.left:
            click.echo(f"{found.left} gaps stay: no grid of their community lies beside them")
        for code in found.houses:
            click.echo(f"house {code} stands in what was closed, or on its edge: another grid")
        return found.grids

    keep_edit(at, "slivers", who, why, closed)


COMMANDS = (across_command, slivers_command)
