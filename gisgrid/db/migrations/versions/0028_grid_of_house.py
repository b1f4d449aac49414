"""The houses that a grid answers for are found by an index."""

from __future__ import annotations

from alembic import op

revision = "0028_grid_of_house"
down_revision = "0027_houses_at_the_door"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE INDEX ix_house_grid_answering ON house_grid (coalesce(exclusive_grid_id, grid_id))"
    )


def downgrade() -> None:
    op.execute("DROP INDEX ix_house_grid_answering")
