"""Long work in the background: its rows, and Procrastinate's tables in a schema of their own."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("wishes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("doing", sa.Text(), server_default="", nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("failed", sa.Text(), nullable=True),
        sa.Column("failed_zh", sa.Text(), nullable=True),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column(
            "ordered_at", sa.DateTime(timezone=True), server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name="state"
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plan.id"], ondelete="CASCADE", name="fk_job_plan_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
    )  # fmt: skip
    op.create_index("ix_job_plan_id", "job", ["plan_id"])
    # The bare connection: many statements in one text go without parameters only.
    driver: Any = op.get_bind().connection.driver_connection
    (before,) = driver.execute("SHOW search_path").fetchone()
    driver.execute("CREATE SCHEMA procrastinate")
    driver.execute("SET LOCAL search_path = procrastinate, public")
    driver.execute(SchemaManager.get_schema())
    driver.execute("SELECT set_config('search_path', %s, true)", (before,))


def downgrade() -> None:
    op.execute("DROP SCHEMA procrastinate CASCADE")
    op.drop_table("job")
