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
    """A console wide enough for tables: a narrow terminal wraps lines, cells are never cut."""
    return Console(soft_wrap=True, width=max(Console().width, 170))
