"""A private PostGIS for the whole run; a machine without one fails the tests, it skips none."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from gisgrid.db import migrate
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from tests.town_f import load_town

REAL = Path(__file__).parent / "real"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without the real files their tests are left out, and the run says so."""
    if os.environ.get("GISGRID_REAL_DATA"):
        return
    real = [item for item in items if item.get_closest_marker("real")]
    if real:
        items[:] = [item for item in items if item not in real]
        config.hook.pytest_deselected(items=real)
        config.stash[_left_out] = len(real)


_left_out = pytest.StashKey[int]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    left_out = terminalreporter.config.stash.get(_left_out, 0)
    if left_out:
        terminalreporter.write_line(
            f"{left_out} tests on real data left out: GISGRID_REAL_DATA names no folder."
        )


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="gg") as folder:
        # The server runs as another user when the tests run as root.
        Path(folder).chmod(0o755)
        cluster = Cluster.at(
            Path(folder) / "home",
            fsync="off",
            synchronous_commit="off",
            full_page_writes="off",
        )
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """Name of a migrated database that others are copied from."""
    engine = create_engine(cluster.url())
    migrate.upgrade(engine)
    engine.dispose()
    return "gisgrid"


@pytest.fixture(scope="session")
def _shared_engine(cluster: Cluster, template: str) -> Iterator[Engine]:
    with _database(cluster, template, "shared") as engine:
        yield engine


@pytest.fixture
def session(_shared_engine: Engine) -> Iterator[Session]:
    """A session whose work is rolled back after the test."""
    with _shared_engine.connect() as connection, connection.begin() as outer:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        outer.rollback()


@pytest.fixture
def engine(cluster: Cluster, template: str) -> Iterator[Engine]:
    """An empty migrated database of the test's own, for what commits."""
    with _database(cluster, template, f"own_{os.urandom(4).hex()}") as engine:
        yield engine


@pytest.fixture(scope="session")
def town_engine(cluster: Cluster, template: str) -> Iterator[Engine]:
    """A database that holds Town F; whoever changes it rolls back."""
    with _database(cluster, template, "town_f") as engine:
        with transaction(engine) as session:
            load_town(session)
        yield engine


@pytest.fixture
def town(town_engine: Engine) -> Iterator[Session]:
    """A session on Town F, rolled back after the test."""
    with town_engine.connect() as connection, connection.begin() as outer:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        outer.rollback()


class _database:  # noqa: N801 - used as a context manager
    def __init__(self, cluster: Cluster, template: str, name: str) -> None:
        self.cluster, self.template, self.name = cluster, template, name
        self.admin = create_engine(cluster.url("postgres"), isolation_level="AUTOCOMMIT")

    def __enter__(self) -> Engine:
        with self.admin.connect() as c:
            c.execute(text(f"CREATE DATABASE {self.name} TEMPLATE {self.template}"))
        # Two fixtures that wait for each other shall fail in a minute, not hang.
        self.engine = create_engine(
            self.cluster.url(self.name), connect_args={"options": "-c lock_timeout=60s"}
        )
        return self.engine

    def __exit__(self, *_: object) -> None:
        self.engine.dispose()
        with self.admin.connect() as c:
            c.execute(text(f"DROP DATABASE {self.name} WITH (FORCE)"))
        self.admin.dispose()
