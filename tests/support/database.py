"""Databases for tests, each copied from a template in about a second."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from gisgrid.db.cluster import Cluster


@contextlib.contextmanager
def own_database(cluster: Cluster, template: str, name: str) -> Iterator[Engine]:
    """A copy of ``template``, dropped at the end; ``name`` is its beginning, for whoever looks in."""
    name = f"{name}_{os.urandom(4).hex()}"
    admin = create_engine(cluster.url("postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as c:
        c.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
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
