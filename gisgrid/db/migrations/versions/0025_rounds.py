"""What a visit was for, whom one met and what was agreed, as lists that were filled in on paper bring it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025_rounds"
down_revision = "0024_entry_photos"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("why", "met", "agreed"):
        op.add_column("visit", sa.Column(name, sa.Text))
    op.create_check_constraint(
        op.f("ck_visit_why"), "visit", "why IN ('routine', 'care', 'event', 'notice', 'other')"
    )
    op.create_check_constraint(
        op.f("ck_visit_met"), "visit", "met IN ('household', 'neighbour', 'nobody')"
    )


def downgrade() -> None:
    for name in ("why", "met", "agreed"):
        op.drop_column("visit", name)
