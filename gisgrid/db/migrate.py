"""Migrations by Alembic, called from code: the project needs no alembic.ini."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from gisgrid.db import roles
from gisgrid.db.tables import Base


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


def stands_at(connection: Connection) -> str | None:
    """Name of the migration, asked inside a transaction that is open already."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(engine: Engine, target: str = "head") -> None:
    _run(engine, command.upgrade, target)


def downgrade(engine: Engine, target: str) -> None:
    _run(engine, command.downgrade, target)


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


def _run(engine: Engine, verb: Any, target: str) -> None:
    config = _config()
    # One transaction for all steps: killed half-way, the store stands where it stood.
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        roles.make_roles(connection)
        verb(config, target)
        roles.settle(connection)
