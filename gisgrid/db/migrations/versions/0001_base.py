"""The tables of 0.1.0, with the rights of roles and the purposes; the queue in a schema of its own."""

from __future__ import annotations

from importlib import resources
from typing import Any

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0001_base"
down_revision = None
branch_labels = None
depends_on = None

TABLES = resources.files("gisgrid.db.migrations") / "base"


def upgrade() -> None:
    # The bare connection: many statements in one text go without parameters only.
    driver: Any = op.get_bind().connection.driver_connection
    for extension in ("postgis", "btree_gist", "pg_trgm"):
        driver.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
    for text in sorted(TABLES.iterdir(), key=lambda file: file.name):
        driver.execute(text.read_text(encoding="utf-8"))
    (before,) = driver.execute("SHOW search_path").fetchone()
    driver.execute("CREATE SCHEMA procrastinate")
    driver.execute("SET LOCAL search_path = procrastinate, public")
    driver.execute(SchemaManager.get_schema())
    driver.execute("SELECT set_config('search_path', %s, true)", (before,))


def downgrade() -> None:
    op.execute("DROP SCHEMA procrastinate CASCADE")
    # All but the table in which Alembic notes that this was done.
    op.execute(
        """
        DO $$ BEGIN EXECUTE (
            SELECT 'DROP TABLE ' || string_agg(c.oid::regclass::text, ', ')
            FROM pg_class c
            WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
              AND c.relname <> 'alembic_version'
              AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
        ); END $$
        """
    )
