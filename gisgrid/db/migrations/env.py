"""Alembic's entry: runs on the connection that ``gisgrid.db.migrate`` hands over."""

from __future__ import annotations

from alembic import context

from gisgrid.db.migrate import include_object
from gisgrid.db.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    include_object=include_object,
)
with context.begin_transaction():
    context.run_migrations()
