"""Who may dispatch in an area switches its emergencies; who reports there follows the other flow."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

MAY = """(township_id = ANY ((SELECT my_townships('dispatch'))::bigint[])
    OR area_id = ANY ((SELECT my_communities('dispatch'))::bigint[]))"""
ME = "(SELECT k.name FROM account k WHERE k.id = my_account())"
# Whoever reports learns of a running emergency: their report follows its flow. They see the calls that
# it makes upwards, too: what is written with ON CONFLICT must be seen.
POLICIES = f"""
CREATE POLICY reported ON emergency FOR SELECT USING (ended_at IS NULL AND my_report() IS NOT NULL);
CREATE POLICY reported ON notice FOR SELECT USING (EXISTS (
    SELECT FROM event_case c WHERE c.id = notice.case_id AND c.event_id = my_report()));
CREATE POLICY added ON emergency FOR INSERT WITH CHECK ({MAY} AND started_by = {ME});
CREATE POLICY changed ON emergency FOR UPDATE USING ({MAY} AND ended_at IS NULL)
    WITH CHECK ({MAY} AND ended_by = {ME});
GRANT INSERT, UPDATE (ended_at, ended_by) ON emergency TO gisgrid_web
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(POLICIES)


def downgrade() -> None:
    op.get_bind().exec_driver_sql(
        "DROP POLICY reported ON emergency; DROP POLICY reported ON notice; "
        "DROP POLICY added ON emergency; DROP POLICY changed ON emergency; "
        "REVOKE INSERT, UPDATE ON emergency FROM gisgrid_web"
    )
