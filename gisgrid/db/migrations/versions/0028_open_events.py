"""What is open is found without a look at what is closed; steps are seen as clocks are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

# Figures read all steps of a year: one look at the rights, and not one at each case.
SEEN = """
DROP POLICY seen ON case_step;
CREATE POLICY seen ON case_step FOR SELECT USING ({first}EXISTS (
    SELECT FROM event_case c WHERE c.id = case_step.case_id))
"""


def upgrade() -> None:
    op.create_index(
        "ix_event_township_id_open",
        "event",
        ["township_id"],
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    run = op.get_bind().exec_driver_sql
    run(SEEN.format(first="(SELECT holds_everywhere('see_events')) OR "))


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    run(SEEN.format(first=""))
    op.drop_index(
        "ix_event_township_id_open",
        table_name="event",
        postgresql_where=sa.text("closed_at IS NULL"),
    )
