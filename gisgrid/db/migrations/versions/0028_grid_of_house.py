"""Houses are found by the grid that answers for them, and what went with a house is kept, so that it may come back."""

from __future__ import annotations

from alembic import op

revision = "0028_grid_of_house"
down_revision = "0027_houses_at_the_door"
branch_labels = None
depends_on = None

_TOLD = (
    "emergency", "task", "returned", "due_soon", "late", "plan_review", "plan_returned", "document",
    "import_ready", "import_failed", "correction", "test", "email_code", "draft", "rule",
)  # fmt: skip


def upgrade() -> None:
    op.execute(
        "CREATE INDEX ix_house_grid_answering ON house_grid (coalesce(exclusive_grid_id, grid_id))"
    )
    op.execute("ALTER TABLE house_change ADD COLUMN kept jsonb")
    op.execute(
        "ALTER TABLE register_entry ADD COLUMN taken_back_by text, ADD COLUMN taken_back_at timestamptz, "
        "ADD COLUMN taken_back_reason text"
    )
    _tell(*_TOLD, "taken_back")
    _known(
        "'new', 'gone', 'split', 'joined', 'back'",
        "'done', 'waiting', 'accepted', 'returned', 'taken_back'",
    )


def downgrade() -> None:
    op.execute("DELETE FROM house_change WHERE change = 'back'")
    # What was taken back counted once; nobody is told anew of it.
    op.execute("UPDATE register_entry SET state = 'accepted' WHERE state = 'taken_back'")
    op.execute("DELETE FROM outbox_message WHERE kind = 'taken_back'")
    op.execute("DELETE FROM outbox_wish WHERE kind = 'taken_back'")
    _tell(*_TOLD)
    _known("'new', 'gone', 'split', 'joined'", "'done', 'waiting', 'accepted', 'returned'")
    op.execute(
        "ALTER TABLE register_entry DROP COLUMN taken_back_by, DROP COLUMN taken_back_at, DROP COLUMN taken_back_reason"
    )
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


def _tell(*kinds: str) -> None:
    known = ", ".join(f"'{each}'" for each in kinds)
    for table in ("outbox_message", "outbox_wish"):
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_kind")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_kind CHECK (kind IN ({known}))")
