"""What every command does at its edges: opens the one transaction, prints tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gisgrid.db.store import open_engine, store_url, transaction
from gisgrid.settings import Settings


@contextmanager
def connected(settings: Settings) -> Iterator[Engine]:
    """The store's engine; its connections are closed at the end."""
    engine = open_engine(store_url(settings))
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def opened(settings: Settings, *, read_only: bool = False) -> Iterator[Session]:
    """The command's one transaction."""
    with connected(settings) as engine, transaction(engine, read_only=read_only) as session:
        yield session


def wide_console() -> Console:
    """A console as wide as the terminal; 160 columns where the output goes to a file."""
    console = Console()
    return console if console.is_terminal else Console(width=max(160, console.width))
