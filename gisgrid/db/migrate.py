"""The way from any store to today's: tables by Alembic, what they do by ``gisgrid.db.behaviour``.

Alembic is called from code: the project needs no alembic.ini.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from gisgrid.core.errors import StoreUnavailable
from gisgrid.db import behaviour, roles
from gisgrid.db.store import stands_at
from gisgrid.db.tables import Base

BASE = "0001_base"
OF_BASE = "0036"
"""The last number of the time when each change stood in a migration of its own: what ``BASE`` makes."""

WAIT_S = 20.0
"""How long an upgrade waits for who holds a table; whoever comes later waits behind it."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def head() -> str:
    """Name of the newest migration."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None  # noqa: S101 - the project has migrations
    return revision


def current(engine: Engine) -> str | None:
    """Name of the migration the store stands at; None: empty store."""
    with engine.connect() as connection:
        return stands_at(connection)


def upgrade(engine: Engine) -> list[str]:
    """Bring the store to the newest tables and make its behaviour anew; names of what went for good.

    One transaction: killed half-way, the store stands where it stood. Behaviour goes before the first
    table is changed and comes after the last, so that no migration need know of it, and rows are
    changed without triggers. Whoever reads or writes meanwhile waits.

    Raises
    ------
    StoreUnavailable
        The store stands at a migration that this program does not know, or is in use for too long.
    Invalid
        Something of somebody else's stands on a view or function that is made anew.
    """
    with _not_for_long(), engine.begin() as connection:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {round(WAIT_S * 1000)}")
        roles.make_roles(connection)
        _enter(connection)
        before = behaviour.standing(connection)
        behaviour.drop(connection)
        _run(connection, command.upgrade, "head")
        behaviour.make(connection)
        roles.settle(connection)
        return sorted(before - behaviour.standing(connection))


def downgrade(engine: Engine, target: str) -> None:
    """Bring the tables back to an older migration, without behaviour: that is its program's to make."""
    with engine.begin() as connection:
        roles.make_roles(connection)
        behaviour.drop(connection)
        _run(connection, command.downgrade, target)


def differences(connection: Connection) -> list[Any]:
    """What a new migration would have to do for the store to equal the mapped classes."""
    context = MigrationContext.configure(
        connection, opts={"include_object": include_object, "compare_type": True}
    )
    return list(compare_metadata(context, Base.metadata))


def include_object(
    obj: Any, name: str | None, kind: str, reflected: bool, compare_to: object
) -> bool:
    """Leave out what PostGIS brings: its own tables belong to the extension."""
    return not (kind == "table" and reflected and name == "spatial_ref_sys")


def _enter(connection: Connection) -> None:
    """Let a store in that was made before the base; one at another migration is refused."""
    at = stands_at(connection)
    if at == OF_BASE:
        _run(connection, command.stamp, BASE, purge=True)
    elif at is not None and at not in _known():
        old = re.fullmatch(r"\d{4}", at)
        raise StoreUnavailable(
            f"The store stands at migration {at}, from before 0.1.0. Run `gisgrid db upgrade` of the "
            f"last version before 0.1.0, which brings it to {OF_BASE}, and then this one again."
            if old
            else f"The store stands at migration {at}, which this program does not know: a newer one "
            "made it. Install that version, or restore a backup of before.",
            zh=f"数据库处于 0.1.0 之前的迁移 {at}。请先用 0.1.0 之前的最后版本运行 gisgrid db upgrade"
            f"（升级到 {OF_BASE}），再运行本命令。"
            if old
            else f"数据库处于迁移 {at}，本程序不认识：它由更新的版本建立。请安装该版本，或恢复之前的备份。",
        )


@contextlib.contextmanager
def _not_for_long() -> Iterator[None]:
    try:
        yield
    except (OperationalError, psycopg.OperationalError) as exc:
        cause = exc.orig if isinstance(exc, OperationalError) else exc
        if not isinstance(cause, psycopg.errors.LockNotAvailable | psycopg.errors.DeadlockDetected):
            raise
        raise StoreUnavailable(
            "The store is in use, and an upgrade needs its tables for itself; nothing was changed. Stop "
            "`gisgrid serve` and its workers, and run it again.",
            zh="数据库正在使用，升级需要独占各表；未作任何更改。请停止 gisgrid serve 及其后台进程后重试。",
        ) from exc


def _known() -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _run(connection: Connection, verb: Any, target: str, **options: Any) -> None:
    config = _config()
    config.attributes["connection"] = connection
    verb(config, target, **options)
