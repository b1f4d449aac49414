"""What the bench's role may see is said by its own policies alone, each asked once a statement."""

from __future__ import annotations

from alembic import op

revision = "0060"
down_revision = "0036"
branch_labels = None
depends_on = None

# Policies of one table are joined by OR for whoever has several: the bench's role paid for the
# web's, which look a row's grid up, at every event of the town.
WEBS = (
    ("event", ("seen", "reported", "added", "changed")),
    ("asset", ("seen",)),
    ("event_grid", ("seen", "reported", "added", "changed", "gone")),
)
# A training of a township under review let every attendee be seen.
ATTENDED = """
ALTER POLICY planned ON training_attendee USING (training_id IN (
    SELECT t.id FROM training t
    WHERE t.township_id = ANY ((SELECT my_townships('plan'))::bigint[])
       OR t.township_id = ANY ((SELECT my_townships('review'))::bigint[])))
"""
ATTENDED_BEFORE = """
ALTER POLICY planned ON training_attendee USING (
    EXISTS (SELECT FROM training t WHERE t.id = training_id
        AND t.township_id = ANY ((SELECT my_townships('plan'))::bigint[])
        OR t.township_id = ANY ((SELECT my_townships('review'))::bigint[])))
"""


def upgrade() -> None:
    for table, policies in WEBS:
        for policy in policies:
            op.execute(f"ALTER POLICY {policy} ON {table} TO gisgrid_web, gisgrid_views")
    op.execute(ATTENDED)


def downgrade() -> None:
    op.execute(ATTENDED_BEFORE)
    for table, policies in WEBS:
        for policy in policies:
            op.execute(f"ALTER POLICY {policy} ON {table} TO PUBLIC")
