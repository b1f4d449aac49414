"""``gisgrid address`` and ``gisgrid alias``: which house is meant."""

from __future__ import annotations

import getpass
from pathlib import Path

import click
from sqlalchemy.orm import Session

from gisgrid.cli.edge import opened
from gisgrid.core import plans
from gisgrid.core.settings import Settings
from gisgrid.core.terminal import language
from gisgrid.locate.addresses import aliases
from gisgrid.locate.addresses.gazetteer import index_addresses
from gisgrid.locate.addresses.search import AddressAnswer, search

_township = click.option("--township", help="code of the township; needed if there are several")
_commit = click.option(
    "--commit", is_flag=True, help="really write; otherwise only say what would happen"
)


@click.command()
@click.argument("text")
@click.option(
    "--limit",
    type=click.IntRange(1, 50),
    default=5,
    show_default=True,
    help="most candidates to show",
)
@_township
@click.pass_obj
def address(settings: Settings, text: str, limit: int, township: str | None) -> None:
    """Find the house of an address or alias TEXT, or the candidates to choose from."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        answer = search(session, place.id, text, limit=limit)
    print_answer(answer)


def print_answer(answer: AddressAnswer) -> None:
    """The match with its reason, or the candidates and that somebody has to choose."""
    if not answer.candidates:
        click.echo("nothing like it is in the register")
        return
    for c in answer.candidates if answer.match is None else [answer.match]:
        where = "no point" if c.lon is None else f"{c.lon:.6f} {c.lat:.6f}"
        click.echo(f"{c.confidence:4.0%}  {c.address}  [{c.code or '-'}]  {where}")
        click.echo(f"      {c.reason.in_language(language())}")
    if answer.match is None:
        click.echo("not sure: choose one, or give more of the address")
    if answer.nearest:
        near = answer.nearest
        click.echo(f"nearest address: {near.address} ({near.code}), {near.distance_m:.0f} m away")


@click.group()
def alias() -> None:
    """Keep the alias book: what people call a house or a spot."""


@alias.command("add")
@click.argument("words")
@click.option("--house", help="code of the house that is meant")
@click.option("--point", nargs=2, type=float, metavar="LON LAT", help="spot in EPSG:4326")
@_township
@_commit
@click.pass_obj
def add_alias(
    settings: Settings,
    /,
    *,
    words: str,
    house: str | None,
    point: tuple[float, float] | None,
    township: str | None,
    commit: bool,
) -> None:
    """Note that WORDS mean a house or a spot."""
    who = settings.who or getpass.getuser()
    with opened(settings) as session:
        place = plans.township(session, township)
        entry = aliases.AliasEntry(words, house, point)
        new = aliases.add(session, place.id, entry, who=who)
        _end(session, commit=commit)
    click.echo("added" if new else "known before; it means this place from now on")
    _say_dry(commit=commit)


@alias.command("load")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_township
@_commit
@click.pass_obj
def load_aliases(settings: Settings, file: Path, township: str | None, commit: bool) -> None:
    """Put FILE into the book: CSV with alias (俗称), and house (房屋编码) or lon and lat."""
    who = settings.who or getpass.getuser()
    with opened(settings) as session:
        place = plans.township(session, township)
        done = aliases.load(session, place.id, file, who=who)
        _end(session, commit=commit)
    for line, said in done.refused:
        click.echo(f"line {line}: {said.in_language(language())}")
    click.echo(
        f"{done.added} added, {done.changed} changed, {done.unchanged} unchanged, "
        f"{len(done.refused)} refused"
    )
    _say_dry(commit=commit)


@click.command("index")
@_township
@click.pass_obj
def index_command(settings: Settings, township: str | None) -> None:
    """Make the search keys of new and changed houses; a load does this by itself."""
    with opened(settings) as session:
        place = plans.township(session, township)
        made = index_addresses(session, place.id)
    click.echo(f"{made} keys made")


def _end(session: Session, *, commit: bool) -> None:
    if not commit:
        session.rollback()


def _say_dry(*, commit: bool) -> None:
    if not commit:
        click.echo("dry run: nothing was written; add --commit to write")
