"""Accounts for tests: one line per person with a role somewhere, and sessions that act as them."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from typing import cast
from weakref import WeakKeyDictionary

import pytest
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from gisgrid.db.roles import WEB
from gisgrid.db.store import Actor, transaction
from gisgrid.people.accounts import add_account
from gisgrid.people.appointments import appoint

LONG_AGO = date(2020, 1, 1)


def appointed(
    session: Session,
    role: str,
    area: str | None = None,
    *,
    grid: str | None = None,
    name: str | None = None,
    since: date = LONG_AGO,
    until: date | None = None,
) -> int:
    """Row number of a new account that holds a role; without an area, in the only township."""
    area = area or session.scalar(text("SELECT code FROM area WHERE level = 'township'"))
    account = add_account(session, name or f"{role}-{area}-{grid or ''}", f"测试{role}")
    appoint(session, account.name, role, area=area, grid=grid, since=since, until=until)
    return account.id


def web_engine(engine: Engine, *, before: Callable[[], None] = lambda: None) -> Engine:
    """The same database as the web process enters it; closed with the owner's engine.

    One for all who ask: each application with a pool of its own would keep connections that the next
    test lacks. ``before`` is called first: a connection that a thread has when its engine is closed
    would stay open.
    """
    event.listen(engine, "engine_disposed", lambda _: before(), insert=True)
    if engine not in _WEB:
        _WEB[engine] = web = create_engine(engine.url.set(username=WEB), max_overflow=25)
        event.listen(engine, "engine_disposed", lambda _: closed(web))
    return _WEB[engine]


def closed(engine: Engine) -> None:
    """Dispose of an engine whose connections have come back.

    One that a thread still has would be closed by nobody, and told of in whatever test runs by then.
    """
    pool, until = cast(QueuePool, engine.pool), time.monotonic() + 30
    while pool.checkedout() and time.monotonic() < until:
        threading.Event().wait(0.02)
    assert pool.checkedout() == 0, f"a connection of {engine.url.database} is still in use"
    engine.dispose()


_WEB: WeakKeyDictionary[Engine, Engine] = WeakKeyDictionary()


@contextlib.contextmanager
def acting(
    web: Engine, account: int | None, purpose: str | None = None, *, read_only: bool = False
) -> Iterator[Session]:
    """A transaction of the web process for an account; None: the public."""
    actor = Actor(account, purpose, "198.51.100.7")
    with transaction(web, actor=actor, read_only=read_only) as session:
        yield session


def refused(session: Session, sql: str, **values: object) -> None:
    """The statement fails for want of a privilege, and the transaction can go on."""
    with pytest.raises(DBAPIError) as caught, session.begin_nested():
        session.execute(text(sql), values)
    assert getattr(caught.value.orig, "sqlstate", None) == "42501", sql


PERSONAL = {
    "resident": ("name", "citizen_id", "phone", "sex", "birth_date", "needs", "code"),
    "household": ("room", "code"),
    "staff": ("name", "phone"),
    "event": ("text", "address", "reporter", "contact"),
}
