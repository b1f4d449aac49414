"""The way into the database: one engine, one transaction per action, bulk rows by COPY."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from gisgrid.core.errors import StoreUnavailable
from gisgrid.core.settings import Settings
from gisgrid.db.cluster import Cluster
from gisgrid.db.roles import WEB


def store_url(settings: Settings) -> str:
    """Address of the store for its owner; without ``DATABASE_URL`` the private cluster is started first."""
    if settings.database_url:
        return _with_driver(settings.database_url)
    cluster = Cluster.at(settings.home)
    cluster.start()
    return cluster.url()


def web_url(settings: Settings) -> str:
    """Address of the store for the web process, and for whoever acts as an account.

    Raises
    ------
    StoreUnavailable
        The store is another server than ours, and no address for the web was set.
    """
    if settings.web_database_url:
        return _with_driver(settings.web_database_url)
    if settings.database_url:
        raise StoreUnavailable(
            f"DATABASE_URL is the owner's way into the store. Set GISGRID_WEB_DATABASE_URL to the "
            f"same database with the user {WEB}, which the web server enters as.",
            zh=f"DATABASE_URL 是数据库所有者的地址；请另设 GISGRID_WEB_DATABASE_URL，"
            f"以用户 {WEB} 连接同一数据库，供网页服务使用。",
        )
    cluster = Cluster.at(settings.home)
    cluster.start()
    return cluster.url(user=WEB)


def stands_at(connection: Connection) -> str | None:
    """Name of the migration the store stands at; None: it is empty."""
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    name: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return name


def open_web_engine(url: str) -> Engine:
    """Engine for the web process, after a look that the policies hold for it.

    Raises
    ------
    StoreUnavailable
        Nothing answers, the store is older than its policies, or the user could see past them.
    """
    engine = open_engine(url)
    with engine.connect() as connection:
        free = connection.scalar(text(_IS_FREE))
    if free is None or free:
        engine.dispose()
        user = engine.url.username
        raise StoreUnavailable(
            "The store is empty or older than this program; run: gisgrid db upgrade"
            if free is None
            else f"The web server may not enter the store as {user}: no policy holds for this user. "
            f"Let GISGRID_WEB_DATABASE_URL name the user {WEB}.",
            zh="数据库为空或版本过旧；请先运行 gisgrid db upgrade。"
            if free is None
            else f"网页服务不能以 {user} 连接数据库：该用户不受行级权限约束。"
            f"请在 GISGRID_WEB_DATABASE_URL 中使用用户 {WEB}。",
        )
    return engine


def _with_driver(url: str) -> str:
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


# Null where there is no table of residents with policies.
_IS_FREE = """
SELECT (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user)
       OR pg_has_role(current_user, c.relowner, 'MEMBER')
FROM pg_class c WHERE c.oid = to_regclass('resident') AND c.relrowsecurity
"""


# What could be installed is read from many files: asked only where it is not in use yet.
_HAS_POSTGIS = """
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'postgis')
    OR EXISTS (SELECT FROM pg_available_extensions WHERE name = 'postgis')
"""


def open_engine(url: str) -> Engine:
    """Engine on the store, after a look that it answers and has PostGIS.

    Raises
    ------
    StoreUnavailable
        Nothing answers, or the server has no PostGIS to offer.
    """
    engine = create_engine(url, pool_size=8, max_overflow=8, pool_pre_ping=True)
    try:
        with engine.connect() as connection:
            has = connection.scalar(text(_HAS_POSTGIS))
    except OperationalError as exc:
        engine.dispose()
        where = engine.url.render_as_string(hide_password=True)
        raise StoreUnavailable(
            f"No database answers at {where}: {str(exc.orig).strip()}",
            zh=f"数据库 {where} 无法连接：{str(exc.orig).strip()}",
        ) from exc
    if not has:
        engine.dispose()
        where = engine.url.render_as_string(hide_password=True)
        raise StoreUnavailable(
            f"The server at {where} has no PostGIS; install it there "
            "(Debian: apt-get install postgresql-15-postgis-3) or unset DATABASE_URL.",
            zh=f"服务器 {where} 没有安装 PostGIS；请在该服务器上安装，或取消 DATABASE_URL。",
        )
    return engine


@dataclass(frozen=True)
class Actor:
    """Who acts in a transaction, what for, and from where; nobody: the public."""

    account_id: int | None = None
    purpose: str | None = None
    """Name of a row of ``purpose``; opening personal data needs one."""
    origin: str | None = None
    """An address of the network, or ``terminal``; stands in the audit."""
    scopes: frozenset[str] | None = None
    """Rights that count, of those the account has; None: all. A token has fewer."""


def acting(bind: Engine, actor: Actor) -> Engine:
    """The same engine for one actor: all its transactions are theirs."""
    return bind.execution_options(gisgrid_actor=actor)


@contextlib.contextmanager
def transaction(
    bind: Engine,
    *,
    read_only: bool = False,
    timeout_s: int | None = None,
    actor: Actor | None = None,
    role: str | None = None,
) -> Iterator[Session]:
    """One session in one transaction: commits at the end, rolls back on any error.

    Limits and actor are local to the transaction, so that a pooled connection carries nothing over.
    ``role`` is the database role to be until the end, one that the engine's user may enter.
    The policies of the store read the actor; they do not hold for the owner of its tables. An engine
    made by ``acting`` brings its own.
    """
    actor = actor or bind.get_execution_options().get("gisgrid_actor")
    local = {}
    if read_only:
        local["transaction_read_only"] = "on"
    if timeout_s is not None:
        local["statement_timeout"] = str(timeout_s * 1000)
    if role is not None:
        local["role"] = role
    if actor is not None:
        local["gisgrid.account"] = "" if actor.account_id is None else str(actor.account_id)
        local["gisgrid.purpose"] = actor.purpose or ""
        local["gisgrid.origin"] = actor.origin or ""
        # A blank where nothing counts: the empty text is what was never set.
        scopes = actor.scopes
        local["gisgrid.scopes"] = "" if scopes is None else ",".join(sorted(scopes)) or " "
    with Session(bind) as session, session.begin():
        if local:
            # In one statement: this is a part of every request.
            session.execute(
                text(
                    "SELECT set_config(name, value, true) "
                    "FROM unnest(CAST(:names AS text[]), CAST(:values AS text[])) AS s(name, value)"
                ),
                {"names": list(local), "values": list(local.values())},
            )
        yield session


def raw(session: Session) -> psycopg.Connection[Any]:
    """The psycopg connection under a session, inside the same transaction."""
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)  # noqa: S101 - narrows the type
    return connection


def copy_rows(
    session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> int:
    """Put rows into a table by COPY; how many there were. Names are ours, never a user's."""
    n = 0
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    with raw(session).cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
            n += 1
    return n


def copy_text(session: Session, table: str, columns: Sequence[str], blocks: Iterable[str]) -> None:
    """Put CSV text (comma, double quotes, empty field = null) into a table by COPY."""
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT csv)"
    with raw(session).cursor() as cursor, cursor.copy(statement) as copy:
        for block in blocks:
            copy.write(block)
