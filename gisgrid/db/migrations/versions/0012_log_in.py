"""Wrong tries of log-in names, codes that are good once, tokens' scopes, officers by name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# A token's scopes; never set, or empty: whoever acts has all their rights.
SCOPES = """IF coalesce(current_setting('gisgrid.scopes', true), '') <> ''
       AND wanted <> ALL (string_to_array(current_setting('gisgrid.scopes', true), ',')) THEN
        RETURN;
    END IF;
    """
APPOINTMENTS = """
CREATE OR REPLACE FUNCTION appointments_with(wanted text) RETURNS SETOF appointment
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    {scopes}RETURN QUERY SELECT m.* FROM appointment m JOIN account k ON k.id = m.account_id AND k.active
    WHERE m.account_id = my_account() AND m.during @> today_in(m.area_id)
      AND EXISTS (SELECT FROM role_right r WHERE r.role = m.role AND r.right_name = wanted);
END $$
"""
OFFICERS = """
CREATE VIEW officer AS
SELECT m.role, m.area_id, m.grid_code, k.display_name AS name
FROM appointment m JOIN account k ON k.id = m.account_id AND k.active
WHERE m.during @> today_in(m.area_id) AND my_account() IS NOT NULL AND m.role IN (
    'county_reviewer', 'township_government', 'section_cadre', 'community_clerk', 'grid_leader');
COMMENT ON VIEW officer IS
    'runs as the owner: who answers for an area is told to everyone who has logged in';
GRANT SELECT ON officer TO gisgrid_web
"""


def upgrade() -> None:
    op.add_column("account", sa.Column("tf_last_counter", sa.BigInteger(), nullable=True))
    # Tries are counted by name, whether an account bears it or not.
    op.drop_column("account", "failed_logins")
    op.drop_column("account", "locked_until")
    op.create_table(
        "log_in_try",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_log_in_try"),
    )
    op.execute("GRANT UPDATE (tf_last_counter) ON account TO gisgrid_web")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON log_in_try TO gisgrid_web")
    op.execute(APPOINTMENTS.format(scopes=SCOPES))
    op.execute(OFFICERS)


def downgrade() -> None:
    op.execute("DROP VIEW officer")
    op.execute(APPOINTMENTS.format(scopes=""))
    op.drop_table("log_in_try")
    op.add_column("account", sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "account",
        sa.Column("failed_logins", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.execute("GRANT UPDATE (failed_logins, locked_until) ON account TO gisgrid_web")
    op.drop_column("account", "tf_last_counter")
