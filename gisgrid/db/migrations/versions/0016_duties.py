"""Corrections, retention, backups by name, and positions that are kept for days."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

from gisgrid.db.migrations.protect import protect

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

PURPOSES = (
    ("training", "人员培训", "training the staff", "PIPL 13(1)(2)"),
    ("account", "账号与责任追溯", "accounts and accountability", "PIPL 13(1)(3), 51"),
)
# Requests, positions and the records of deletion are for the office at the server, until a page asks.
CLOSED = (
    "correction_request", "worker_position", "position_total", "retention_run", "backup",
)  # fmt: skip
# What is issued and taught is no secret; who read and attended is seen by who sees the staff, and
# by the person.
OPEN = ("document", "document_version", "training")
MINE = "(SELECT k.staff_id FROM account k WHERE k.id = my_account())"
OF_STAFF = f":table.staff_id = {MINE} OR EXISTS (SELECT FROM staff s WHERE s.id = :table.staff_id)"
RIGHTS = f"""
{protect("read_receipt", using=OF_STAFF)};
CREATE POLICY added ON read_receipt FOR INSERT WITH CHECK (staff_id = {MINE});
GRANT INSERT (version_id, staff_id) ON read_receipt TO gisgrid_web;
{protect("training_attendee", using=OF_STAFF)}
"""
NOW = sa.text("now()")
MOMENT = sa.DateTime(timezone=True)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _of_township(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["township_id"], ["township.area_id"], name=f"fk_{table}_township_id"
    )


def upgrade() -> None:
    for values in PURPOSES:
        op.get_bind().execute(
            sa.text(
                "INSERT INTO purpose (name, zh, en, legal_basis) VALUES (:name, :zh, :en, :basis)"
            ),
            dict(zip(("name", "zh", "en", "basis"), values, strict=True)),
        )
    op.add_column(
        "township",
        sa.Column(
            "keeping",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
    )
    op.create_table(
        "correction_request",
        _id(),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("row_id", sa.BigInteger(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=False),
        sa.Column("proposed", sa.Text(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'refused')", name="ck_correction_request_state"
        ),
        sa.CheckConstraint(
            "(state = 'open') = (decided_at IS NULL) AND (state = 'open') = (decided_by IS NULL)",
            name="ck_correction_request_decided",
        ),
        sa.CheckConstraint(
            "state <> 'refused' OR reason IS NOT NULL", name="ck_correction_request_reason"
        ),
        _of_township("correction_request"),
        sa.PrimaryKeyConstraint("id", name="pk_correction_request"),
    )
    op.create_index(
        "uq_correction_request_open",
        "correction_request",
        ["table_name", "row_id", "column_name"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "backup",
        _id(),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("keep_until", sa.Date(), nullable=False),
        sa.Column("destroyed_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_backup"),
    )
    op.create_table(
        "retention_run",
        _id(),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("ran_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        _of_township("retention_run"),
        sa.PrimaryKeyConstraint("id", name="pk_retention_run"),
    )
    op.create_table(
        "worker_position",
        _id(),
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("geom", Geometry("POINT", srid=4326, spatial_index=False), nullable=False),
        _of_township("worker_position"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_worker_position_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_worker_position"),
    )
    op.create_index(
        "ix_worker_position_staff_id_at", "worker_position", ["staff_id", "at"], unique=True
    )
    op.create_table(
        "position_total",
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("grid_code", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("positions", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Float(), nullable=False),
        _of_township("position_total"),
        sa.PrimaryKeyConstraint("township_id", "grid_code", "day", name="pk_position_total"),
    )
    run = op.get_bind().exec_driver_sql
    for table in CLOSED:
        run(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    run(f"GRANT SELECT ON {', '.join(OPEN)} TO gisgrid_web, gisgrid_views")
    run(RIGHTS)


def downgrade() -> None:
    run = op.get_bind().exec_driver_sql
    for table in ("read_receipt", "training_attendee"):
        run(f"DROP POLICY seen ON {table}")
        run(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    run("DROP POLICY added ON read_receipt")
    run(
        f"REVOKE ALL ON {', '.join(OPEN)}, read_receipt, training_attendee "
        "FROM gisgrid_web, gisgrid_views"
    )
    for table in (
        "position_total",
        "worker_position",
        "retention_run",
        "backup",
        "correction_request",
    ):
        op.drop_table(table)
    op.drop_column("township", "keeping")
    op.execute("DELETE FROM purpose WHERE name IN ('training', 'account')")
