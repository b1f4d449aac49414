"""Backup into one file, and restore from it without losing what is there."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, func, select, table, text

from gisgrid.core.errors import Invalid, StoreUnavailable
from gisgrid.db import roles
from gisgrid.db.cluster import server_bindir

LOOK_S = 0.3
"""How often a program that takes long is looked after."""


class Stopped(Exception):
    """Nobody waits for it any more."""


@dataclass(frozen=True)
class Dump:
    """A backup as it was written."""

    size: int
    """Bytes."""
    counts: dict[str, int]
    """Rows of each table, counted in the very snapshot that was written."""


def backup(engine: Engine, path: Path) -> Dump:
    """Write the whole database into ``path`` (pg_dump's custom format).

    The file appears under its name only when it is complete.
    """
    if not path.absolute().parent.is_dir():
        raise Invalid("The folder {parent} does not exist.", parent=path.absolute().parent)
    side = path.with_name(path.name + ".part")
    try:
        with engine.connect() as connection:
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
            _run("pg_dump", engine.url, "--format=custom", f"--file={side}", f"--snapshot={snapshot}")  # fmt: skip
            counts = row_counts(connection)
        side.replace(path)
    finally:
        side.unlink(missing_ok=True)
    return Dump(path.stat().st_size, counts)


def read_back(
    engine: Engine,
    path: Path,
    *,
    tell: Callable[[str], None] = lambda _: None,
    still: Callable[[], bool] = lambda: True,
) -> dict[str, int]:
    """Read a backup into a database of its own, which is thrown away after it; rows of each table.

    The store at hand is not touched.

    Parameters
    ----------
    tell
        Is told what is being done: ``restoring``, then ``counting``.
    still
        Whether somebody still waits for it.

    Raises
    ------
    Stopped
        Nobody does any more.
    StoreUnavailable
        The file is no backup, or cannot be read back.
    """
    name = f"{engine.url.database}{DRILL}"
    admin = create_engine(engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT",
                          poolclass=NullPool)  # fmt: skip
    with admin.connect() as connection:
        quote = connection.dialect.identifier_preparer.quote
        drop = f"DROP DATABASE IF EXISTS {quote(name)} WITH (FORCE)"
        # What a killed process left.
        connection.execute(text(drop))
        connection.execute(text(f"CREATE DATABASE {quote(name)} TEMPLATE template0"))
        try:
            roles.make_roles(connection)
            tell("restoring")
            _run("pg_restore", engine.url.set(database=name), "--no-owner", "--exit-on-error",
                 str(path), still=still)  # fmt: skip
            tell("counting")
            side = create_engine(engine.url.set(database=name), poolclass=NullPool)
            with side.connect() as restored:
                return row_counts(restored)
        finally:
            connection.execute(text(drop))


def row_counts(connection: Connection) -> dict[str, int]:
    """How many rows each table of the store has, by name; without those of the queue and of PostGIS."""
    return {
        name: connection.scalar(select(func.count()).select_from(table(name))) or 0
        for name in connection.scalars(text(_TABLES)).all()
    }


def restore(engine: Engine, path: Path) -> str:
    """Put the database of a backup in place of the present one; name under which that one is kept.

    The backup is first restored completely beside the present database; only then are the names
    exchanged. Nothing is deleted. Raises StoreUnavailable if the file is no backup.
    """
    name = str(engine.url.database)
    stamp = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    side, kept = f"{name}_restore_{stamp}", f"{name}_before_{stamp}"
    engine.dispose()
    admin = create_engine(engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT",
                          poolclass=NullPool)  # fmt: skip
    with admin.connect() as connection:
        quote = connection.dialect.identifier_preparer.quote
        connection.execute(text(f"CREATE DATABASE {quote(side)} TEMPLATE template0"))
        roles.make_roles(connection)  # the grants of the backup name them
        try:
            _run("pg_restore", engine.url.set(database=side), "--no-owner", "--exit-on-error",
                 "--single-transaction", str(path))  # fmt: skip
            _settle(engine.url.set(database=side))
        except StoreUnavailable:
            connection.execute(text(f"DROP DATABASE {quote(side)} WITH (FORCE)"))
            raise
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
            {"name": name},
        )
        connection.execute(text(f"ALTER DATABASE {quote(name)} RENAME TO {quote(kept)}"))
        connection.execute(text(f"ALTER DATABASE {quote(side)} RENAME TO {quote(name)}"))
    return kept


def _settle(url: URL) -> None:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        roles.settle(connection)


def _run(program: str, url: URL, *args: str, still: Callable[[], bool] = lambda: True) -> None:
    """Run a PostgreSQL client program; the password goes by the environment, never the command."""
    environment = {**os.environ, "PGPASSWORD": url.password or "", "LC_ALL": "C.UTF-8"}
    host = str(url.query.get("host", url.host or ""))
    where = ["-h", host, "-d", str(url.database)]
    if url.username:
        where += ["-U", url.username]
    if url.port:
        where += ["-p", str(url.port)]
    with tempfile.TemporaryFile("w+") as said:
        running = subprocess.Popen(
            [str(server_bindir() / program), *where, *args],
            stdout=subprocess.DEVNULL,
            stderr=said,
            env=environment,
            stdin=subprocess.DEVNULL,
        )
        while running.poll() is None:
            try:
                running.wait(LOOK_S)
            except subprocess.TimeoutExpired:
                if not still():
                    running.kill()
                    running.wait()
                    raise Stopped from None
        said.seek(0)
        reason = said.read().strip().splitlines()
    if running.returncode != 0:
        first = next((line for line in reason if "error" in line), reason[-1] if reason else "")
        raise StoreUnavailable("{program} failed: {first}", program=program, first=first)


DRILL = "_drill"
"""How the name of the database ends into which a backup is read back."""

_TABLES = """
SELECT c.relname FROM pg_class c
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.relname
"""
