"""Records to verify are read page by page, in the order of their last verification."""

from __future__ import annotations

from alembic import op

revision = "0020_records_to_verify"
down_revision = "0019_more_news"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE INDEX ix_household_township_id_verified_on ON household (township_id, verified_on NULLS FIRST, id)"
    )
    op.execute(
        "CREATE INDEX ix_resident_township_id_verified_on "
        "ON resident (township_id, verified_on NULLS FIRST, household_id, id)"
    )


def downgrade() -> None:
    op.execute("DROP INDEX ix_household_township_id_verified_on")
    op.execute("DROP INDEX ix_resident_township_id_verified_on")
