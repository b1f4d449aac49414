"""Backup into one file, and restore from it without losing what is there."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL, Engine, NullPool, create_engine, text

from gisgrid.core.errors import Invalid, StoreUnavailable
from gisgrid.db import roles
from gisgrid.db.cluster import server_bindir


def backup(engine: Engine, path: Path) -> int:
    """Write the whole database into ``path`` (pg_dump's custom format); its size in bytes.

    The file appears under its name only when it is complete.
    """
    if not path.absolute().parent.is_dir():
        raise Invalid("The folder {parent} does not exist.", parent=path.absolute().parent)
    side = path.with_name(path.name + ".part")
    try:
        _run("pg_dump", engine.url, "--format=custom", f"--file={side}")
        side.replace(path)
    finally:
        side.unlink(missing_ok=True)
    return path.stat().st_size


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


def _run(program: str, url: URL, *args: str) -> None:
    """Run a PostgreSQL client program; the password goes by the environment, never the command."""
    environment = {**os.environ, "PGPASSWORD": url.password or "", "LC_ALL": "C.UTF-8"}
    host = str(url.query.get("host", url.host or ""))
    where = ["-h", host, "-d", str(url.database)]
    if url.username:
        where += ["-U", url.username]
    if url.port:
        where += ["-p", str(url.port)]
    done = subprocess.run(
        [str(server_bindir() / program), *where, *args],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()
        first = next((line for line in reason if "error" in line), reason[-1] if reason else "")
        raise StoreUnavailable("{program} failed: {first}", program=program, first=first)
