"""What is done to a scenario before it is published: moves, locks, steps of review, successors."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gisgrid.db.tables.base import Base, Code, Id


class ScenarioMove(Base):
    """One edit of a scenario, with the grids before and after it."""

    __tablename__ = "scenario_move"
    __table_args__ = (
        UniqueConstraint("plan_id", "number"),
        CheckConstraint("standing IN ('done', 'undone', 'dropped')", name="standing"),
    )

    id: Mapped[Id]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    action: Mapped[str] = mapped_column(Text)
    who: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(Text, server_default="")
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    standing: Mapped[str] = mapped_column(Text, server_default="done")
    """``undone`` can be redone; ``dropped`` was undone before another edit was made."""
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """By code: name, kind, community, host and ground (WKB in hexadecimal), or null for no grid."""
    after: Mapped[dict[str, Any]] = mapped_column(JSONB)
    flows: Mapped[list[Any]] = mapped_column(JSONB)
    """Which houses went from which grid to which."""


class ScenarioLock(Base):
    """What edits of a scenario must leave as it is."""

    __tablename__ = "scenario_lock"
    __table_args__ = (CheckConstraint("kind IN ('grid', 'house', 'border')", name="kind"),)

    plan_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("plan.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    """Code of the grid or house; of a border the two codes in order with a bar between."""
    who: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class PlanStep(Base):
    """One step of a plan on its way from draft to retired."""

    __tablename__ = "plan_step"
    __table_args__ = (Index("ix_plan_step_plan_id", "plan_id"),)

    id: Mapped[Id]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"))
    from_state: Mapped[str] = mapped_column(Text)
    to_state: Mapped[str] = mapped_column(Text)
    who: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text, server_default="")
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class GridSuccessor(Base):
    """Which grids of a published plan took over a grid of the plan before, and how much of it."""

    __tablename__ = "grid_successor"
    __table_args__ = (
        UniqueConstraint("plan_id", "old_code", "new_code", postgresql_nulls_not_distinct=True),
        Index("ix_grid_successor_old_code", "old_code"),
    )

    id: Mapped[Id]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"))
    """The plan that replaced the other."""
    old_code: Mapped[Code] = mapped_column()
    new_code: Mapped[str | None] = mapped_column(Text)
    """Null: houses that are in no grid any more."""
    houses: Mapped[int] = mapped_column(Integer)
    households: Mapped[int] = mapped_column(Integer)
    residents: Mapped[int] = mapped_column(Integer)
    share: Mapped[float] = mapped_column(Float)
    """Share of the old grid's residents; where it had none, of its houses, else of its ground."""


class Job(Base):
    """Long work on a scenario in the background: how far it is, and what came of it."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name="state"
        ),
        Index("ix_job_plan_id", "plan_id"),
    )

    id: Mapped[Id]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(Text)
    options: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    done: Mapped[int] = mapped_column(Integer, server_default="0")
    total: Mapped[int | None] = mapped_column(Integer)
    doing: Mapped[str] = mapped_column(Text, server_default="")
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    failed: Mapped[str | None] = mapped_column(Text)
    who: Mapped[str] = mapped_column(Text)
    ordered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    """How often a worker has begun it."""
