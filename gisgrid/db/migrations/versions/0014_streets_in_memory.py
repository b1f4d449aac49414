"""Like street names are found in memory: streets carry no trigrams any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_address_street_grams", table_name="address_street")
    op.drop_column("address_street", "grams")


def downgrade() -> None:
    # Made from the register; ``gisgrid index`` makes them again.
    op.execute("TRUNCATE address_street, address_key")
    op.add_column("address_street", sa.Column("grams", sa.Text(), nullable=False))
    op.create_index(
        "ix_address_street_grams",
        "address_street",
        ["grams"],
        postgresql_using="gin",
        postgresql_ops={"grams": "gin_trgm_ops"},
    )
