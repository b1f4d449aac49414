"""The store as the web sees it: one engine per process, one read-only transaction per request."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

from flask import current_app
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gisgrid.db.store import open_engine, store_url, transaction
from gisgrid.settings import Settings


class Store:
    """Opens its engine on first use, and again after a fork: connections cannot be shared."""

    def __init__(self, settings: Settings, bind: Engine | None) -> None:
        self.settings = settings
        self._bind = bind
        self._pid = os.getpid() if bind is not None else 0
        self._lock = threading.Lock()

    def engine(self) -> Engine:
        with self._lock:
            if self._bind is None or self._pid != os.getpid():
                self._bind, self._pid = open_engine(store_url(self.settings)), os.getpid()
            return self._bind


@contextlib.contextmanager
def reading() -> Iterator[Session]:
    """The transaction of a request that changes nothing, with the time limit of the settings."""
    store: Store = current_app.extensions["gisgrid"]
    limit = store.settings.statement_timeout_s
    with transaction(store.engine(), read_only=True, timeout_s=limit) as session:
        yield session
