"""The store as the web sees it: one engine per process, one read-only transaction per request."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from flask import current_app, g
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gisgrid.core.settings import Settings
from gisgrid.db.listen import Listener
from gisgrid.db.store import Actor, open_web_engine, transaction, web_url

NOBODY = Actor()


class Store:
    """Opens its engine on first use, and again after a fork: connections cannot be shared."""

    def __init__(self, settings: Settings, bind: Engine | None) -> None:
        self.settings = settings
        self._bind = bind
        self._pid = os.getpid() if bind is not None else 0
        self._lock = threading.Lock()
        self.listener = Listener(lambda: self.engine().url)

    def engine(self) -> Engine:
        with self._lock:
            if self._bind is None or self._pid != os.getpid():
                self._bind, self._pid = (
                    open_web_engine(web_url(self.settings)),
                    os.getpid(),
                )
            return self._bind


@contextlib.contextmanager
def reading() -> Iterator[Session]:
    """The transaction of a request that changes nothing, as whoever asks; with the settings' time limit."""
    with _acting(read_only=True) as session:
        yield session


@contextlib.contextmanager
def opening(purpose: str) -> Iterator[Session]:
    """The transaction of a request that opens personal data for a purpose, and writes that it does."""
    with _acting(read_only=False, purpose=purpose) as session:
        _first(session)
        yield session


@contextlib.contextmanager
def writing() -> Iterator[Session]:
    """The transaction of a request that changes something, as whoever asks."""
    with _acting(read_only=False) as session:
        _first(session)
        yield session


@contextlib.contextmanager
def entering(role: str, *, read_only: bool) -> Iterator[Session]:
    """The transaction of a request that is another database role until its end, as whoever asks."""
    with _acting(read_only=read_only, role=role) as session:
        yield session


def at_first(write: Callable[[Session], None]) -> None:
    """What the first transaction of the request that writes has to write, too; or nothing is written at all."""
    g.at_first = write


def nothing_first() -> None:
    """Take back what `at_first` was given, if no transaction took it yet."""
    g.pop("at_first", None)


def wrote() -> bool:
    """Whether a transaction has begun that took what `at_first` was given."""
    return "at_first" not in g


def _first(session: Session) -> None:
    if (write := g.pop("at_first", None)) is not None:
        write(session)


def _acting(*, read_only: bool, purpose: str | None = None, role: str | None = None) -> Any:
    store: Store = current_app.extensions["gisgrid"]
    actor: Actor = replace(g.get("actor", NOBODY), purpose=purpose)
    limit = store.settings.statement_timeout_s
    return transaction(store.engine(), read_only=read_only, timeout_s=limit, actor=actor, role=role)
