"""Scenarios: moves, locks, review, successors of grids."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATES = "'draft', 'in_review', 'returned', 'approved', 'notified', 'published', 'retired'"
BEFORE = "'draft', 'in_review', 'published', 'retired'"


def upgrade() -> None:
    op.execute("ALTER TABLE plan DROP CONSTRAINT ck_plan_ck_plan_state")
    op.execute(f"ALTER TABLE plan ADD CONSTRAINT ck_plan_state CHECK (state IN ({STATES}))")
    op.add_column("plan", sa.Column("branched_from_id", sa.BigInteger(), nullable=True))
    op.add_column("plan", sa.Column("version", sa.Integer(), server_default="0", nullable=False))
    op.add_column("plan", sa.Column("who", sa.Text(), server_default="", nullable=False))
    op.add_column("plan", sa.Column("note", sa.Text(), server_default="", nullable=False))
    op.create_foreign_key(
        "fk_plan_branched_from_id", "plan", "plan", ["branched_from_id"], ["id"],
        ondelete="SET NULL",
    )  # fmt: skip
    op.create_table(
        "scenario_move",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        _at(),
        sa.Column("standing", sa.Text(), server_default="done", nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("flows", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("standing IN ('done', 'undone', 'dropped')", name="standing"),
        _of_plan("scenario_move"),
        sa.PrimaryKeyConstraint("id", name="pk_scenario_move"),
        sa.UniqueConstraint("plan_id", "number", name="uq_scenario_move_plan_id_number"),
    )
    op.create_table(
        "scenario_lock",
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        _at(),
        sa.CheckConstraint("kind IN ('grid', 'house', 'border')", name="kind"),
        _of_plan("scenario_lock"),
        sa.PrimaryKeyConstraint("plan_id", "kind", "key", name="pk_scenario_lock"),
    )
    op.create_table(
        "plan_step",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=False),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        _at(),
        _of_plan("plan_step"),
        sa.PrimaryKeyConstraint("id", name="pk_plan_step"),
    )
    op.create_index("ix_plan_step_plan_id", "plan_step", ["plan_id"])
    op.create_table(
        "grid_successor",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("old_code", sa.Text(), nullable=False),
        sa.Column("new_code", sa.Text(), nullable=True),
        sa.Column("houses", sa.Integer(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("residents", sa.Integer(), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        _of_plan("grid_successor"),
        sa.PrimaryKeyConstraint("id", name="pk_grid_successor"),
        sa.UniqueConstraint(
            "plan_id", "old_code", "new_code",
            name="uq_grid_successor_plan_id_old_code_new_code",
            postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip
    op.create_index("ix_grid_successor_old_code", "grid_successor", ["old_code"])


def downgrade() -> None:
    for table in ("grid_successor", "plan_step", "scenario_lock", "scenario_move"):
        op.drop_table(table)
    op.drop_constraint("fk_plan_branched_from_id", "plan")
    for column in ("note", "who", "version", "branched_from_id"):
        op.drop_column("plan", column)
    op.execute(
        "UPDATE plan SET state = 'draft' WHERE state IN ('returned', 'approved', 'notified')"
    )
    op.execute("ALTER TABLE plan DROP CONSTRAINT ck_plan_state")
    op.execute(f"ALTER TABLE plan ADD CONSTRAINT ck_plan_ck_plan_state CHECK (state IN ({BEFORE}))")


def _at() -> sa.Column[object]:
    return sa.Column(
        "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def _of_plan(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["plan_id"], ["plan.id"], ondelete="CASCADE", name=f"fk_{table}_plan_id"
    )
