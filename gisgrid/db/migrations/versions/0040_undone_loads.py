"""Local codes of areas are a township's own; a load knows what it added and changed, to be taken back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0040"
down_revision = "0032"
branch_labels = None
depends_on = None

# Rows that a load makes, beside those that pointed at their run before.
POINTING = (
    "asset", "duty", "legacy_problem", "read_receipt", "account", "appointment", "plan", "township",
)  # fmt: skip

# As GeoJSON a geometry loses its last digit now and then; as EWKB it comes back as it was.
KEEP_HISTORY = """
CREATE OR REPLACE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    was jsonb := to_jsonb(OLD);
BEGIN
    IF was ->> 'geom' IS NOT NULL THEN
        was := was || jsonb_build_object('geom_ewkb', OLD.geom::text);
    END IF;
    INSERT INTO history (table_name, row_id, action, old, run_id)
    VALUES (TG_TABLE_NAME, (was ->> TG_ARGV[0])::bigint, lower(TG_OP), was,
            nullif(current_setting('gisgrid.run', true), '')::bigint);
    RETURN NULL;
END $$
"""
OLD_KEEP_HISTORY = """
CREATE OR REPLACE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO history (table_name, row_id, action, old)
    VALUES (TG_TABLE_NAME, (to_jsonb(OLD) ->> TG_ARGV[0])::bigint, lower(TG_OP), to_jsonb(OLD));
    RETURN NULL;
END $$
"""
# What else changes these rows keeps its own log (moves of a scenario), or nothing else does.
BY_LOADS = {"grid": "id", "street": "id", "parcel": "id", "matter_list": "id"}
IN_A_LOAD = "coalesce(current_setting('gisgrid.run', true), '') <> ''"


def upgrade() -> None:
    op.drop_constraint("uq_area_code", "area", type_="unique")
    op.create_index(
        "uq_area_code_above", "area", ["code"], unique=True,
        postgresql_where=sa.text("level <> 'community'"),
    )  # fmt: skip
    op.create_index(
        "uq_area_code_nationwide", "area", ["code"], unique=True,
        postgresql_where=sa.text("code ~ '^[0-9]{12}$'"),
    )  # fmt: skip
    op.create_unique_constraint("uq_area_parent_id_code", "area", ["parent_id", "code"])
    op.add_column("history", sa.Column("run_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_history_run_id", "history", ["run_id"],
        postgresql_where=sa.text("run_id IS NOT NULL"),
    )  # fmt: skip
    op.add_column("import_run", sa.Column("undoes_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        "fk_import_run_undoes_id", "import_run", "import_run", ["undoes_id"], ["id"]
    )
    op.create_unique_constraint("uq_import_run_undoes_id", "import_run", ["undoes_id"])
    op.add_column(
        "import_run",
        sa.Column("reversible", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column(
        "import_run",
        sa.Column(
            "decided", postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"), nullable=False,
        ),
    )  # fmt: skip
    for table in POINTING:
        op.add_column(table, sa.Column("run_id", sa.BigInteger(), nullable=True))
        op.create_foreign_key(f"fk_{table}_run_id", table, "import_run", ["run_id"], ["id"])
    # Past SQLAlchemy, to which a colon in a text is a parameter.
    run = op.get_bind().exec_driver_sql
    # A plan may come from a file that a planner sends.
    run("GRANT UPDATE (decided) ON import_run TO gisgrid_planner")
    run(KEEP_HISTORY)
    for table, key in BY_LOADS.items():
        run(
            f"CREATE TRIGGER keep_history_update AFTER UPDATE ON {table} FOR EACH ROW "
            f"WHEN (OLD.* IS DISTINCT FROM NEW.* AND {IN_A_LOAD}) EXECUTE FUNCTION keep_history('{key}')"
        )
    run(
        "CREATE TRIGGER keep_history_update AFTER UPDATE ON appointment FOR EACH ROW "
        "WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_history('id')"
    )


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    for table in (*BY_LOADS, "appointment"):
        run(f"DROP TRIGGER keep_history_update ON {table}")
    run(OLD_KEEP_HISTORY)
    run("REVOKE UPDATE (decided) ON import_run FROM gisgrid_planner")
    for table in POINTING:
        op.drop_constraint(f"fk_{table}_run_id", table, type_="foreignkey")
        op.drop_column(table, "run_id")
    op.drop_column("import_run", "decided")
    op.drop_column("import_run", "reversible")
    op.drop_constraint("uq_import_run_undoes_id", "import_run", type_="unique")
    op.drop_constraint("fk_import_run_undoes_id", "import_run", type_="foreignkey")
    op.drop_column("import_run", "undoes_id")
    op.drop_index("ix_history_run_id", table_name="history")
    op.drop_column("history", "run_id")
    op.drop_constraint("uq_area_parent_id_code", "area", type_="unique")
    op.drop_index("uq_area_code_nationwide", table_name="area")
    op.drop_index("uq_area_code_above", table_name="area")
    op.create_unique_constraint("uq_area_code", "area", ["code"])
