"""Houses are found by the grid that answers for them, and what went with a house is kept, so that it may come back."""

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
    op.execute("ALTER TABLE house_change ADD COLUMN kept jsonb")
    _known(
        "'new', 'gone', 'split', 'joined', 'back'",
        "'done', 'waiting', 'accepted', 'returned', 'taken_back'",
    )


def downgrade() -> None:
    op.execute("DELETE FROM house_change WHERE change = 'back'")
    op.execute(
        "UPDATE register_entry SET state = 'returned', reason = coalesce(reason, '-') WHERE state = 'taken_back'"
    )
    _known("'new', 'gone', 'split', 'joined'", "'done', 'waiting', 'accepted', 'returned'")
    op.execute("ALTER TABLE house_change DROP COLUMN kept")
    op.execute("DROP INDEX ix_house_grid_answering")


def _known(changes: str, states: str) -> None:
    op.execute("ALTER TABLE house_change DROP CONSTRAINT ck_house_change_change")
    op.execute(
        f"ALTER TABLE house_change ADD CONSTRAINT ck_house_change_change CHECK (change IN ({changes}))"
    )
    op.execute("ALTER TABLE register_entry DROP CONSTRAINT ck_register_entry_state")
    op.execute(
        f"ALTER TABLE register_entry ADD CONSTRAINT ck_register_entry_state CHECK (state IN ({states}))"
    )
