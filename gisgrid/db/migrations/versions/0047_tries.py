"""Wrong tries at log-in are kept by where they come from, and forgotten by name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What was counted by name alone means something else now.
    op.execute("DELETE FROM log_in_try")
    op.add_column("log_in_try", sa.Column("name_key", sa.LargeBinary(), nullable=False))
    op.create_index("ix_log_in_try_name_key", "log_in_try", ["name_key"])


def downgrade() -> None:
    op.execute("DELETE FROM log_in_try")
    op.drop_index("ix_log_in_try_name_key", table_name="log_in_try")
    op.drop_column("log_in_try", "name_key")
