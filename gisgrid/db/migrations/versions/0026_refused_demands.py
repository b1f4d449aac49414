"""What the list does not have is kept as a refused demand on the web, too, and seen by its community."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gisgrid.db.migrations.protect import of_township

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

ME = "(SELECT k.name FROM account k WHERE k.id = my_account())"
TOWNSHIPS = of_township("see_events")
# Whoever reports without an account is refused, too; nobody asks under another name, and no word of
# what was written comes this way.
POLICIES = f"""
DROP POLICY seen ON refused_demand;
CREATE POLICY seen ON refused_demand FOR SELECT USING ({TOWNSHIPS}
    OR community_id = ANY ((SELECT my_communities('see_events'))::bigint[]));
CREATE POLICY added ON refused_demand FOR INSERT TO gisgrid_web
    WITH CHECK (text IS NULL AND asked_by IN ('resident', {ME}));
GRANT INSERT ON refused_demand TO gisgrid_web
"""


def upgrade() -> None:
    op.add_column("refused_demand", sa.Column("key", sa.Text(), nullable=True))
    op.create_unique_constraint("uq_refused_demand_key", "refused_demand", ["key"])
    op.get_bind().exec_driver_sql(POLICIES)


def downgrade() -> None:
    op.get_bind().exec_driver_sql(
        "DROP POLICY added ON refused_demand; REVOKE INSERT ON refused_demand FROM gisgrid_web; "
        f"DROP POLICY seen ON refused_demand; "
        f"CREATE POLICY seen ON refused_demand FOR SELECT USING ({TOWNSHIPS})"
    )
    op.drop_constraint("uq_refused_demand_key", "refused_demand")
    op.drop_column("refused_demand", "key")
