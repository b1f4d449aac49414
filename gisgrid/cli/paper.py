"""``gisgrid paper``: plan sheets, lists to fill in and notices at the door, as PDF."""

from __future__ import annotations

from pathlib import Path

import click

from gisgrid.cli.coverage import township_option
from gisgrid.cli.edge import FileToWrite, opened, terminal
from gisgrid.core import plans
from gisgrid.core import terminal as spoken
from gisgrid.core.errors import NotAllowed
from gisgrid.core.messages import languages
from gisgrid.core.settings import Settings
from gisgrid.paper.contents import packs
from gisgrid.paper.printing import print_packs
from gisgrid.paper.sheets import SHEETS
from gisgrid.people.privacy import audit


@click.command("paper")
@click.option(
    "--out", type=FileToWrite(folder=True), required=True,
    help="folder to write into: one file for all grids, and one a grid",
)  # fmt: skip
@click.option(
    "--grid", "codes", multiple=True, help="code of a grid; several times for several; default all"
)
@click.option(
    "--sheet", "sheets", multiple=True, type=click.Choice(SHEETS), help="only these; default all"
)
@click.option("--language", type=click.Choice(languages()), help="default that of the terminal")
@township_option
@click.pass_obj
def paper_command(
    settings: Settings,
    /,
    *,
    out: Path,
    codes: tuple[str, ...],
    sheets: tuple[str, ...],
    language: str | None,
    township: str | None,
) -> None:
    """Print plan sheets, round lists, lists for an emergency and notices for the grids in force.

    Residents are masked, without needs and telephones, unless --purpose says what they are opened for.
    """
    who = terminal()
    if who.account is None:
        raise NotAllowed(
            "Say with --as which account prints: lists hold what that account may see."
        )
    with opened(settings) as session:
        place = plans.township(session, township)
        plan = plans.plan_in_force(session, place.id)
        found = packs(session, place, plan, codes, purpose=who.purpose)
        audit.note_export(session, "paper", found.houses)
    printed = print_packs(
        found, sheets=sheets or SHEETS, site=settings.public_url,
        language=language or spoken.language(),
    )  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    for name, content in {"all": printed.whole, **printed.grids}.items():
        (out / f"{name}.pdf").write_bytes(content)
    click.echo(f"{len(found.grids)} grids, {found.houses} houses, {printed.pages} pages in {out}")
