"""An e-mail address is confirmed by a code before anything is sent to it."""

from __future__ import annotations

from alembic import op

revision = "0015_email_codes"
down_revision = "0014_aliases_at_the_door"
branch_labels = None
depends_on = None

_KINDS = (
    "emergency", "task", "returned", "due_soon", "late", "plan_review", "plan_returned", "document",
    "import_ready", "import_failed", "correction", "test",
)  # fmt: skip
_SUBJECTS = ("case", "emergency", "plan", "document", "import", "correction", "test")


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE email_code (
            account_id bigint NOT NULL,
            email text NOT NULL,
            asked_at timestamptz NOT NULL DEFAULT now(),
            asked integer NOT NULL DEFAULT 1,
            code_hash text,
            expires_at timestamptz,
            tries integer NOT NULL DEFAULT 0,
            CONSTRAINT pk_email_code PRIMARY KEY (account_id),
            CONSTRAINT fk_email_code_account_id_account FOREIGN KEY (account_id)
                REFERENCES account(id) ON DELETE CASCADE
        )
        """
    )
    _may_be((*_KINDS, "email_code"), (*_SUBJECTS, "account"))


def downgrade() -> None:
    op.execute("DROP TABLE email_code")
    op.execute("DELETE FROM outbox_message WHERE kind = 'email_code'")
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
