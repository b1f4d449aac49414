"""Addresses can be searched: streets, keys of houses, the alias book."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "address_street",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("grams", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["township_id"], ["township.area_id"], name="fk_address_street_township_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_address_street"),
        sa.UniqueConstraint("township_id", "name", name="uq_address_street_township_id_name"),
    )
    op.create_index(
        "ix_address_street_grams",
        "address_street",
        ["grams"],
        postgresql_using="gin",
        postgresql_ops={"grams": "gin_trgm_ops"},
    )
    op.create_table(
        "address_key",
        sa.Column("house_id", sa.BigInteger(), nullable=False),
        sa.Column("street_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(collation="C"), nullable=False),
        sa.Column("low", sa.Integer(), nullable=True),
        sa.Column("high", sa.Integer(), nullable=True),
        sa.Column("upper", sa.Text(), nullable=False),
        sa.Column("source", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["house_id"], ["house.id"], name="fk_address_key_house_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("house_id", name="pk_address_key"),
    )
    op.create_index(
        "ix_address_key_street_id_number", "address_key", ["street_id", "number"], unique=False
    )
    op.create_table(
        "alias",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("grams", sa.Text(), nullable=False),
        sa.Column("house_id", sa.BigInteger(), nullable=True),
        sa.Column("geom", Geometry("POINT", srid=4326, spatial_index=False), nullable=True),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column(
            "added_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("(house_id IS NULL) <> (geom IS NULL)", name="ck_alias_one_place"),
        sa.ForeignKeyConstraint(
            ["house_id"], ["house.id"], name="fk_alias_house_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["township_id"], ["township.area_id"], name="fk_alias_township_id"),
        sa.PrimaryKeyConstraint("id", name="pk_alias"),
        sa.UniqueConstraint("township_id", "key", name="uq_alias_township_id_key"),
    )
    op.create_index("ix_alias_house_id", "alias", ["house_id"], unique=False)
    op.create_index(
        "ix_alias_grams",
        "alias",
        ["grams"],
        postgresql_using="gin",
        postgresql_ops={"grams": "gin_trgm_ops"},
    )


def downgrade() -> None:
    op.drop_table("alias")
    op.drop_table("address_key")
    op.drop_table("address_street")
