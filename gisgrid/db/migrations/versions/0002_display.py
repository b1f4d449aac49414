"""How an account wants the pages set: the size of the text, and for a desk or for old eyes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_display"
down_revision = "0001_base"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account", sa.Column("text_size", sa.SmallInteger))
    op.add_column("account", sa.Column("density", sa.Text))
    op.create_check_constraint("ck_account_text_size", "account", "text_size BETWEEN 0 AND 2")
    op.create_check_constraint(
        "ck_account_density", "account", "density IN ('auto', 'desk', 'elder')"
    )


def downgrade() -> None:
    op.drop_column("account", "density")
    op.drop_column("account", "text_size")
