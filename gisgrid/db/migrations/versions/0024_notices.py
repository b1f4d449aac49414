"""A community's people take note of the calls to them; nobody takes note under another name."""

from __future__ import annotations

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# Who sees the case may see whom it called, and calls further levels themselves.
SEEN = "EXISTS (SELECT FROM event_case c WHERE c.id = notice.case_id)"
OURS = f"""level = 'community' AND cardinality((SELECT my_communities('handle_events'))) > 0
    AND {SEEN}"""
TOWNSHIPS = "township_id = ANY ((SELECT my_townships('handle_events'))::bigint[])"
ME = "(SELECT k.name FROM account k WHERE k.id = my_account())"
POLICIES = f"""
CREATE POLICY called ON notice FOR SELECT TO gisgrid_web USING ({SEEN});
DROP POLICY changed ON notice;
CREATE POLICY changed ON notice FOR UPDATE USING (({TOWNSHIPS}) OR ({OURS})) WITH CHECK (seen_by = {ME})
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(POLICIES)


def downgrade() -> None:
    op.get_bind().exec_driver_sql(
        "DROP POLICY called ON notice; DROP POLICY changed ON notice; "
        f"CREATE POLICY changed ON notice FOR UPDATE USING ({TOWNSHIPS})"
    )
