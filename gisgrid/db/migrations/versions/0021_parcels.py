"""Parcels of land, whose borders those of grids may follow."""

from __future__ import annotations

import geoalchemy2
import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "parcel",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column(
            "geom",
            geoalchemy2.Geometry("MULTIPOLYGON", srid=4326, spatial_index=False),
            nullable=False,
        ),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name="fk_parcel_run_id"),
        sa.ForeignKeyConstraint(
            ["township_id"], ["township.area_id"], name="fk_parcel_township_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_parcel"),
        sa.UniqueConstraint("township_id", "code", name="uq_parcel_township_id_code"),
    )
    op.create_index("ix_parcel_geom", "parcel", ["geom"], postgresql_using="gist")
    op.execute("GRANT SELECT ON parcel TO gisgrid_web, gisgrid_planner")


def downgrade() -> None:
    op.drop_table("parcel")
