"""Channels are set up by pages: whether one has a secret is known without reading it; a message to try it."""

from __future__ import annotations

from alembic import op

revision = "0010_channels_by_pages"
down_revision = "0009_auditors_export"
branch_labels = None
depends_on = None

_KINDS = (
    "'emergency', 'task', 'returned', 'due_soon', 'late', 'plan_review', 'plan_returned', 'document', "
    "'import_ready', 'import_failed', 'correction'"
)
_SUBJECTS = "'case', 'emergency', 'plan', 'document', 'import', 'correction'"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE outbox_channel "
        "ADD has_secret boolean NOT NULL GENERATED ALWAYS AS (secret <> '') STORED"
    )
    _checked(f"{_KINDS}, 'test'", f"{_SUBJECTS}, 'test'")


def downgrade() -> None:
    op.execute("DELETE FROM outbox_message WHERE kind = 'test'")
    _checked(_KINDS, _SUBJECTS)
    op.execute("ALTER TABLE outbox_channel DROP has_secret")


def _checked(kinds: str, subjects: str) -> None:
    op.execute(
        f"""
        ALTER TABLE outbox_message
            DROP CONSTRAINT ck_outbox_message_kind, DROP CONSTRAINT ck_outbox_message_subject,
            ADD CONSTRAINT ck_outbox_message_kind CHECK (kind IN ({kinds})),
            ADD CONSTRAINT ck_outbox_message_subject CHECK (subject IN ({subjects}))
        """
    )
    op.execute(
        f"""
        ALTER TABLE outbox_wish DROP CONSTRAINT ck_outbox_wish_kind,
            ADD CONSTRAINT ck_outbox_wish_kind CHECK (kind IN ({kinds}))
        """
    )
