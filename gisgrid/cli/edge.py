"""What every command does at its edges: opens the one transaction, prints tables."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gisgrid.cli.terminal import Terminal
from gisgrid.core.errors import NotAllowed
from gisgrid.core.settings import Settings
from gisgrid.db.store import (
    Actor,
    acting,
    open_engine,
    open_web_engine,
    store_url,
    transaction,
    web_url,
)
from gisgrid.people.accounts import account_named
from gisgrid.people.appointments import rights


class FileToWrite(click.Path):
    """A file, or a folder of them, that a command writes what it tells into; an account needs a right for it."""

    def __init__(self, *, folder: bool = False) -> None:
        super().__init__(path_type=Path, dir_okay=folder, file_okay=not folder)


@contextmanager
def connected(settings: Settings) -> Iterator[Engine]:
    """The store's engine; its connections are closed at the end.

    With ``--as`` it is the web's way into the store, and every transaction is that account's.
    """
    who = terminal()
    origin = f"terminal {getpass.getuser()}"
    owner = open_engine(store_url(settings))
    engine = owner
    try:
        account_id = None
        if who.account is not None:
            with transaction(owner, read_only=True) as session:
                account_id = account_named(session, who.account).id
            engine = open_web_engine(web_url(settings))
            file = _file_to_write()
            if file is not None:
                with transaction(owner, read_only=True) as session:
                    _refuse_without_export(session, account_id, who.account, file)
        yield acting(engine, Actor(account_id, who.purpose, origin))
    finally:
        engine.dispose()
        owner.dispose()


def _file_to_write() -> str | None:
    """The file that the command at hand is to write, by its options and arguments; None: none."""
    context = click.get_current_context(silent=True)
    for param in context.command.params if context else ():
        given = context.params.get(param.name or "") if context else None
        if isinstance(param.type, FileToWrite) and given:
            return str(given)
    return None


def _refuse_without_export(session: Session, account_id: int, name: str, file: str) -> None:
    """As the web does: what an account may see it may take away as a file only with that right."""
    if not any(held.right == "export" for held in rights(session, account_id)):
        raise NotAllowed(
            "To write {file} needs the right export, which {name} does not have today.",
            file=file,
            name=name,
            right="export",
        )


def terminal() -> Terminal:
    """The one at the command at hand."""
    context = click.get_current_context(silent=True)
    found = context.find_root().meta.get("gisgrid.terminal") if context else None
    return found or Terminal()


@contextmanager
def opened(settings: Settings, *, read_only: bool = False) -> Iterator[Session]:
    """The command's one transaction."""
    with connected(settings) as engine, transaction(engine, read_only=read_only) as session:
        yield session


def wide_console() -> Console:
    """A console wide enough for tables: a narrow terminal wraps lines, cells are never cut."""
    return Console(soft_wrap=True, width=max(Console().width, 170))


commit_option = click.option(
    "--commit", is_flag=True, help="really write; otherwise only say what would happen"
)
DRY = "dry run: nothing was written; add --commit to write"


def say_dry(*, commit: bool) -> None:
    """The last line of a command that wrote nothing."""
    if not commit:
        click.echo(DRY)
