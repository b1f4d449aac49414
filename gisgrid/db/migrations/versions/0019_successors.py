"""Everybody may ask which grids took over a code that is no more."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# How many houses and people went where is the planner's; the shares are what a redraw makes known.
SHOWN = "id, plan_id, old_code, new_code, share"


def upgrade() -> None:
    op.execute(f"GRANT SELECT ({SHOWN}) ON grid_successor TO gisgrid_web")
    op.execute("CREATE POLICY seen ON grid_successor FOR SELECT TO gisgrid_web USING (true)")


def downgrade() -> None:
    op.execute("DROP POLICY seen ON grid_successor")
    op.execute(f"REVOKE SELECT ({SHOWN}) ON grid_successor FROM gisgrid_web")
