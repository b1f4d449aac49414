"""In which townships somebody has a post, and which of them they chose."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

# A post in a county is one in each of its townships; one that is held everywhere, in all.
MY_TOWNS = """
CREATE FUNCTION my_towns(OUT posts bigint[], OUT chosen bigint) LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    posts := ARRAY(
        SELECT DISTINCT t.id FROM appointment m JOIN account k ON k.id = m.account_id AND k.active
        LEFT JOIN area a ON a.id = m.area_id
        JOIN area t ON t.level = 'township'
            AND (m.area_id IS NULL OR t.id IN (a.id, a.parent_id) OR t.parent_id = a.id)
        WHERE m.account_id = my_account() AND m.during @> today_in(m.area_id) ORDER BY 1);
    chosen := (SELECT k.township_id FROM account k WHERE k.id = my_account());
END $$;
COMMENT ON FUNCTION my_towns() IS
    'runs as the owner: asked in every database role, of which some may read neither table';
GRANT UPDATE (township_id) ON account TO gisgrid_web
"""


def upgrade() -> None:
    op.add_column("account", sa.Column("township_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        "fk_account_township_id", "account", "township", ["township_id"], ["area_id"],
        ondelete="SET NULL",
    )  # fmt: skip
    op.create_index("ix_account_township_id", "account", ["township_id"])
    op.get_bind().exec_driver_sql(MY_TOWNS)


def downgrade() -> None:
    op.execute("DROP FUNCTION my_towns()")
    op.drop_index("ix_account_township_id", table_name="account")
    op.drop_constraint("fk_account_township_id", "account", type_="foreignkey")
    op.drop_column("account", "township_id")
