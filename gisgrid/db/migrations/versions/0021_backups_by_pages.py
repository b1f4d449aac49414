"""A backup is ordered on a page and made by the worker."""

from __future__ import annotations

from alembic import op

revision = "0021_backups_by_pages"
down_revision = "0020_records_to_verify"
branch_labels = None
depends_on = None

_BUSY = "state IN ('waiting', 'running')"


def upgrade() -> None:
    _may_be(
        "'subject', 'retention_try', 'retention', 'backup'",
        f"{_BUSY} AND kind IN ('retention_try', 'retention')",
    )
    op.execute(
        f"CREATE UNIQUE INDEX uq_office_job_backup ON office_job (kind) WHERE {_BUSY} AND kind = 'backup'"
    )


def downgrade() -> None:
    op.execute("DROP INDEX uq_office_job_backup")
    op.execute("DELETE FROM office_job WHERE kind = 'backup'")
    _may_be("'subject', 'retention_try', 'retention'", f"{_BUSY} AND kind <> 'subject'")


def _may_be(kinds: str, one_at_a_time: str) -> None:
    op.execute("ALTER TABLE office_job DROP CONSTRAINT ck_office_job_kind")
    op.execute(
        f"ALTER TABLE office_job ADD CONSTRAINT ck_office_job_kind CHECK (kind IN ({kinds}))"
    )
    op.execute("DROP INDEX uq_office_job_retention")
    op.execute(
        f"CREATE UNIQUE INDEX uq_office_job_retention ON office_job (township_id) WHERE {one_at_a_time}"
    )
