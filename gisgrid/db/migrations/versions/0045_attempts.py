"""How often a job and a study were begun: one that ends its workers is given up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("job", "study"):
        op.add_column(
            table, sa.Column("attempts", sa.Integer(), server_default="0", nullable=False)
        )


def downgrade() -> None:
    for table in ("job", "study"):
        op.drop_column(table, "attempts")
