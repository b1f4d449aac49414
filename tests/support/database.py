"""A store that is thrown away after the run, and databases in it that are copied from templates."""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from gisgrid.core.errors import GisgridError
from gisgrid.db.cluster import Cluster, server_bindir
from gisgrid.db.roles import make_roles
from gisgrid.db.store import transaction

Made = TypeVar("Made")
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder that lies in memory, where the system has one
ROOM_BYTES = 4 << 30
"""What must be free there for the store not to go to the disk."""
QUICK = {
    # A store that is thrown away need not outlive its machine, nor be copied to another.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "512MB",
    # Else each connection links it anew, at its first geometry.
    "shared_preload_libraries": "'postgis-3'",
}


@contextlib.contextmanager
def throwaway_cluster() -> Iterator[Cluster]:
    """A running cluster; in memory if it fits, since a database is a thousand small files."""
    _sweep()
    with tempfile.TemporaryDirectory(prefix=f"gg{os.getpid()}-", dir=_in_memory()) as folder:
        # The server runs as another user when the tests run as root.
        Path(folder).chmod(0o755)
        cluster = Cluster.at(Path(folder) / "home", **QUICK)
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()


@contextlib.contextmanager
def own_database(cluster: Cluster, template: str, name: str) -> Iterator[Engine]:
    """A copy of ``template``, dropped at the end; ``name`` is its beginning, for whoever looks in."""
    name = f"{name}_{os.urandom(4).hex()}"
    admin = create_engine(cluster.url("postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as c:
        c.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"))
    # Two fixtures that wait for each other shall fail in a minute, not hang.
    options = {"options": "-c lock_timeout=60s"}
    engine = create_engine(cluster.url(name), connect_args=options)
    try:
        yield engine
    finally:
        engine.dispose()
        with admin.connect() as c:
            c.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()


def restored(engine: Engine, dump: Path) -> None:
    """Fill an empty database from a packed dump in plain SQL."""
    with engine.begin() as connection:
        make_roles(connection)  # its grants name them
    url = engine.url
    psql = [str(server_bindir() / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", os.devnull]
    where = ["-h", str(url.query["host"]), "-U", str(url.username), "-d", str(url.database)]
    text_of_it = gzip.decompress(dump.read_bytes())
    subprocess.run([*psql, *where], input=text_of_it, check=True, capture_output=True)


class Filled:
    """Databases that were filled once, each copied for whoever wants one so filled."""

    def __init__(self, cluster: Cluster, template: str) -> None:
        self._cluster, self._template = cluster, template
        self._open = contextlib.ExitStack()
        self._known: dict[Any, tuple[str, Any]] = {}

    @contextlib.contextmanager
    def __call__(self, fill: Callable[[Session], Made]) -> Iterator[tuple[Engine, Made]]:
        """A copy of the database that ``fill`` made, and what it returned: numbers, no rows."""
        if fill not in self._known:
            own = own_database(self._cluster, self._template, "filled")
            engine = self._open.enter_context(own)
            with transaction(engine) as session:
                made = fill(session)
            engine.dispose()
            self._known[fill] = (str(engine.url.database), made)
        name, made = self._known[fill]
        with own_database(self._cluster, name, "copy") as engine:
            yield engine, made

    def close(self) -> None:
        self._open.close()


@contextlib.contextmanager
def rolled_back(engine: Engine) -> Iterator[Session]:
    """A session whose work is undone at the end; its commits are savepoints."""
    with engine.connect() as connection, connection.begin() as outer:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        outer.rollback()


def count(session: Session, table: str) -> int:
    """How many rows a table has."""
    return int(session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def _sweep() -> None:
    """Stop and remove what a run that was killed has left; a folder is named by its process."""
    for place in (MEMORY, Path(tempfile.gettempdir())):
        for folder in place.glob("gg*-*"):
            owner = folder.name.removeprefix("gg").partition("-")[0]
            if owner.isdigit() and not Path(f"/proc/{owner}").exists():
                with contextlib.suppress(OSError, GisgridError):
                    Cluster.at(folder / "home").stop()
                shutil.rmtree(folder, ignore_errors=True)


def _in_memory() -> Path | None:
    """The folder that lies in memory, None where there is none or too little is free."""
    try:
        free = shutil.disk_usage(MEMORY).free
        told = Path("/proc/meminfo").read_text().split("MemAvailable:")[1]
    except (OSError, IndexError):
        return None
    return MEMORY if min(free, int(told.split()[0]) << 10) > ROOM_BYTES else None
