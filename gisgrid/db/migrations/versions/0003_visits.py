"""Visits, stations, workload weights, and the limits of a township's checks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# A version that a plan remembers must say the same for ever.
KEEP_WEIGHTS = """
CREATE FUNCTION keep_weights() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a version of weights never changes' USING ERRCODE = 'restrict_violation';
END $$
"""
WITH_HISTORY = ("visit", "station")


def upgrade() -> None:
    op.add_column(
        "township",
        sa.Column(
            "limits",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
    )
    op.create_table(
        "visit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("house_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.Column("visited_on", sa.Date(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["house_id"], ["house.id"], name="fk_visit_house_id"),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name="fk_visit_run_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_visit_staff_id"),
        sa.ForeignKeyConstraint(["township_id"], ["township.area_id"], name="fk_visit_township_id"),
        sa.PrimaryKeyConstraint("id", name="pk_visit"),
        sa.UniqueConstraint("township_id", "code", name="uq_visit_township_id_code"),
    )
    op.create_index("ix_visit_house_id_visited_on", "visit", ["house_id", "visited_on"])
    op.create_table(
        "station",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("grid_code", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("during", postgresql.DATERANGE(), nullable=False),
        sa.Column("geom", Geometry("POINT", srid=4326, spatial_index=False), nullable=True),
        sa.Column("place", sa.Text(), server_default="ok", nullable=False),
        sa.Column("source_x", sa.Float(), nullable=True),
        sa.Column("source_y", sa.Float(), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'team_post') = (grid_code IS NOT NULL)", name="ck_station_grid_code"
        ),
        sa.CheckConstraint("(place = 'ok') = (geom IS NOT NULL)", name="ck_station_place_geom"),
        sa.CheckConstraint("NOT isempty(during)", name="ck_station_during"),
        sa.CheckConstraint(
            "kind IN ('township', 'community', 'residents', 'team_post')", name="ck_station_kind"
        ),
        sa.CheckConstraint("place IN ('ok', 'unlocated', 'placeholder')", name="ck_station_place"),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name="fk_station_run_id"),
        sa.ForeignKeyConstraint(
            ["township_id"], ["township.area_id"], name="fk_station_township_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_station"),
        sa.UniqueConstraint("township_id", "code", name="uq_station_township_id_code"),
    )
    op.create_index("ix_station_geom", "station", ["geom"], postgresql_using="gist")
    op.create_table(
        "workload_weights",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("weights", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["township_id"], ["township.area_id"], name="fk_workload_weights_township_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_workload_weights"),
        sa.UniqueConstraint(
            "township_id", "version", name="uq_workload_weights_township_id_version"
        ),
    )
    op.execute(KEEP_WEIGHTS)
    op.execute(
        "CREATE TRIGGER keep_weights BEFORE UPDATE ON workload_weights FOR EACH ROW "
        "EXECUTE FUNCTION keep_weights()"
    )
    for table in WITH_HISTORY:
        op.execute(
            f"CREATE TRIGGER keep_history_update AFTER UPDATE ON {table} FOR EACH ROW "
            "WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_history('id')"
        )
        op.execute(
            f"CREATE TRIGGER keep_history_delete AFTER DELETE ON {table} FOR EACH ROW "
            "EXECUTE FUNCTION keep_history('id')"
        )


def downgrade() -> None:
    op.drop_table("workload_weights")
    op.execute("DROP FUNCTION keep_weights()")
    op.drop_index("ix_station_geom", table_name="station", postgresql_using="gist")
    op.drop_table("station")
    op.drop_index("ix_visit_house_id_visited_on", table_name="visit")
    op.drop_table("visit")
    op.drop_column("township", "limits")
