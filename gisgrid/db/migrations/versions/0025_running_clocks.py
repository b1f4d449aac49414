"""Who may see the events of every township sees each clock without a look at its case."""

from __future__ import annotations

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

# A case lies in a township. IS NOT TRUE: a right that is not known to hold does not hold.
EVERYWHERE = """
CREATE FUNCTION holds_everywhere(wanted text) RETURNS boolean LANGUAGE sql STABLE
SET search_path = public, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM township t, (SELECT my_townships(wanted) AS ids) AS mine
                       WHERE (t.area_id = ANY (mine.ids)) IS NOT TRUE)
$$;
COMMENT ON FUNCTION holds_everywhere(text) IS
    'Whether the asker holds a right in every township of the store as a whole'
"""
# The board asks for all running clocks at once: one look at the rights, and not one at each case.
SEEN = """
DROP POLICY seen ON case_clock;
CREATE POLICY seen ON case_clock FOR SELECT USING ({first}EXISTS (
    SELECT FROM event_case c WHERE c.id = case_clock.case_id))
"""


def upgrade() -> None:
    run = op.get_bind().exec_driver_sql
    run(EVERYWHERE)
    run(SEEN.format(first="(SELECT holds_everywhere('see_events')) OR "))


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    run(SEEN.format(first=""))
    run("DROP FUNCTION holds_everywhere(text)")
