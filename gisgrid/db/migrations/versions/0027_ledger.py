"""The ledger of old problems is kept on the web: by the township, and by a community for its own."""

from __future__ import annotations

from alembic import op

from gisgrid.db.migrations.protect import of_township

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

ME = "(SELECT k.name FROM account k WHERE k.id = my_account())"


def of_ground(right: str) -> str:
    """Problems of the townships, and of the communities, that the right is held in as a whole."""
    return f"""({of_township(right)}
    OR community_id = ANY ((SELECT my_communities('{right}'))::bigint[]))"""


MAY = of_ground("handle_events")
POLICIES = f"""
DROP POLICY seen ON legacy_problem;
CREATE POLICY seen ON legacy_problem FOR SELECT USING {of_ground("see_events")};
CREATE POLICY added ON legacy_problem FOR INSERT WITH CHECK {MAY};
CREATE POLICY changed ON legacy_problem FOR UPDATE USING {MAY};
CREATE POLICY added ON legacy_review FOR INSERT WITH CHECK (by = {ME} AND EXISTS (
    SELECT FROM legacy_problem p WHERE p.id = problem_id AND {MAY}));
GRANT INSERT, UPDATE (review_on, solved_on) ON legacy_problem TO gisgrid_web;
GRANT INSERT ON legacy_review TO gisgrid_web
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(POLICIES)


def downgrade() -> None:
    op.get_bind().exec_driver_sql(
        "DROP POLICY seen ON legacy_problem; DROP POLICY added ON legacy_problem; "
        "DROP POLICY changed ON legacy_problem; DROP POLICY added ON legacy_review; "
        "REVOKE INSERT, UPDATE ON legacy_problem FROM gisgrid_web; "
        "REVOKE INSERT ON legacy_review FROM gisgrid_web; "
        f"CREATE POLICY seen ON legacy_problem FOR SELECT USING ({of_township('see_events')})"
    )
