"""The outbox tells of drafts that await comments and of rules of communities that were decided on."""

from __future__ import annotations

from alembic import op

revision = "0019_more_news"
down_revision = "0018_means"
branch_labels = None
depends_on = None

_KINDS = (
    "emergency", "task", "returned", "due_soon", "late", "plan_review", "plan_returned", "document",
    "import_ready", "import_failed", "correction", "test", "email_code",
)  # fmt: skip
_SUBJECTS = ("case", "emergency", "plan", "document", "import", "correction", "test", "account")


def upgrade() -> None:
    _may_be((*_KINDS, "draft", "rule"), (*_SUBJECTS, "draft", "rule"))


def downgrade() -> None:
    op.execute("DELETE FROM outbox_message WHERE kind IN ('draft', 'rule')")
    op.execute("DELETE FROM outbox_wish WHERE kind IN ('draft', 'rule')")
    _may_be(_KINDS, _SUBJECTS)


def _may_be(kinds: tuple[str, ...], subjects: tuple[str, ...]) -> None:
    for table, column, values in (
        ("outbox_message", "kind", kinds),
        ("outbox_wish", "kind", kinds),
        ("outbox_message", "subject", subjects),
    ):
        known = ", ".join(f"'{value}'" for value in values)
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{column}")
        op.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{column} CHECK ({column} IN ({known}))"
        )
