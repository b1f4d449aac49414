"""A call to the section is its cadre's to take note of, one to the community its clerk's."""

from __future__ import annotations

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

SEEN = "EXISTS (SELECT FROM event_case c WHERE c.id = notice.case_id)"
TOWNSHIPS = "township_id = ANY ((SELECT my_townships('handle_events'))::bigint[])"
ME = "(SELECT k.name FROM account k WHERE k.id = my_account())"
HOLDS = "cardinality((SELECT my_communities('handle_events'))) > 0"
BEFORE = f"level = 'community' AND {HOLDS} AND {SEEN}"
# The levels whose head the asker is today in some community; whether it is the case's, the case says.
HEADED = f"""level IN (
    SELECT CASE m.role WHEN 'community_clerk' THEN 'community' WHEN 'section_cadre' THEN 'section' END
    FROM appointment m
    WHERE m.account_id = my_account() AND m.grid_code IS NULL AND m.during @> today_in(m.area_id))
    AND {HOLDS} AND {SEEN}"""


def upgrade() -> None:
    _policy(HEADED)


def downgrade() -> None:
    _policy(BEFORE)


def _policy(ours: str) -> None:
    op.get_bind().exec_driver_sql(
        "DROP POLICY changed ON notice; CREATE POLICY changed ON notice FOR UPDATE USING "
        f"(({TOWNSHIPS}) OR ({ours})) WITH CHECK (seen_by = {ME})"
    )
