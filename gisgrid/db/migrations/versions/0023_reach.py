"""An event within the reach of a thing on the exceptions list goes to that thing's grid."""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

# Whoever reports learns of the list, since their report follows it; the planner's role attaches events.
RIGHTS = """
CREATE POLICY reported ON asset FOR SELECT TO gisgrid_web USING (my_report() IS NOT NULL);
GRANT SELECT (geom, reach_m, during) ON asset TO gisgrid_planner
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(RIGHTS)


def downgrade() -> None:
    op.get_bind().exec_driver_sql(
        "DROP POLICY reported ON asset; "
        "REVOKE SELECT (geom, reach_m, during) ON asset FROM gisgrid_planner"
    )
