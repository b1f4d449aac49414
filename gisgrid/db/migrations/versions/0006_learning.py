"""Documents with versions and read receipts; training with hours and expiry."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# What somebody says to have read must stay what it was.
KEEP_VERSION = """
CREATE FUNCTION keep_document_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a version of a document never changes' USING ERRCODE = 'restrict_violation';
END $$
"""
WITH_HISTORY = ("document", "training")


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def upgrade() -> None:
    op.create_table(
        "document",
        _id(),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "roles",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'::text[]"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["township_id"], ["township.area_id"], name="fk_document_township_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_document"),
        sa.UniqueConstraint("township_id", "code", name="uq_document_township_id_code"),
    )
    op.create_table(
        "document_version",
        _id(),
        sa.Column("document_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("issued_by", sa.Text(), nullable=False),
        sa.CheckConstraint("number > 0", name="ck_document_version_number"),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name="fk_document_version_document_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_document_version"),
        sa.UniqueConstraint("document_id", "number", name="uq_document_version_document_id_number"),
        sa.UniqueConstraint("document_id", "sha256", name="uq_document_version_document_id_sha256"),
    )
    op.create_table(
        "read_receipt",
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "read_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_read_receipt_staff_id"),
        sa.ForeignKeyConstraint(
            ["version_id"], ["document_version.id"], name="fk_read_receipt_version_id"
        ),
        sa.PrimaryKeyConstraint("version_id", "staff_id", name="pk_read_receipt"),
    )
    op.create_index("ix_read_receipt_staff_id", "read_receipt", ["staff_id"])
    op.create_table(
        "training",
        _id(),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("course", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="training", nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("hours", sa.Float(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('training', 'study_tour', 'meeting')", name="ck_training_kind"
        ),
        sa.CheckConstraint("hours > 0 AND hours <= 1000", name="ck_training_hours"),
        sa.CheckConstraint("expires_on >= held_on", name="ck_training_expires_on"),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name="fk_training_run_id"),
        sa.ForeignKeyConstraint(
            ["township_id"], ["township.area_id"], name="fk_training_township_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_training"),
        sa.UniqueConstraint("township_id", "code", name="uq_training_township_id_code"),
    )
    op.create_table(
        "training_attendee",
        sa.Column("training_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["import_run.id"], name="fk_training_attendee_run_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_training_attendee_staff_id"),
        sa.ForeignKeyConstraint(
            ["training_id"], ["training.id"], name="fk_training_attendee_training_id"
        ),
        sa.PrimaryKeyConstraint("training_id", "staff_id", name="pk_training_attendee"),
    )
    op.create_index("ix_training_attendee_staff_id", "training_attendee", ["staff_id"])
    op.execute(KEEP_VERSION)
    op.execute(
        "CREATE TRIGGER keep_document_version BEFORE UPDATE ON document_version FOR EACH ROW "
        "EXECUTE FUNCTION keep_document_version()"
    )
    for table in WITH_HISTORY:
        op.execute(
            f"CREATE TRIGGER keep_history_update AFTER UPDATE ON {table} FOR EACH ROW "
            "WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION keep_history('id')"
        )
        op.execute(
            f"CREATE TRIGGER keep_history_delete AFTER DELETE ON {table} FOR EACH ROW "
            "EXECUTE FUNCTION keep_history('id')"
        )


def downgrade() -> None:
    for table in ("training_attendee", "training", "read_receipt", "document_version", "document"):
        op.drop_table(table)
    op.execute("DROP FUNCTION keep_document_version()")
