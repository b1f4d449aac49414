"""What the law asks to be recorded: corrections, deletions, backups, and positions for days only."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gisgrid.db.tables.base import Base, Id, geometry

CORRECTION_STATES = ("open", "accepted", "refused")


class CorrectionRequest(Base):
    """Somebody says that what is recorded on them is wrong."""

    __tablename__ = "correction_request"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'accepted', 'refused')", name="state"),
        CheckConstraint(
            "(state = 'open') = (decided_at IS NULL) AND (state = 'open') = (decided_by IS NULL)",
            name="decided",
        ),
        CheckConstraint("state <> 'refused' OR reason IS NOT NULL", name="reason"),
        # The same request twice waits once.
        Index(
            "uq_correction_request_open",
            "table_name",
            "row_id",
            "column_name",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    table_name: Mapped[str] = mapped_column(Text)
    row_id: Mapped[int] = mapped_column(BigInteger)
    """No reference: one of several tables."""
    column_name: Mapped[str] = mapped_column(Text)
    proposed: Mapped[str | None] = mapped_column(Text)
    """As it would be stored, written as text; null: nothing shall be recorded."""
    asked_by: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    state: Mapped[str] = mapped_column(Text, server_default="open")
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str | None] = mapped_column(Text)


class Backup(Base):
    """A backup file that was made of this store, until it is destroyed."""

    __tablename__ = "backup"

    id: Mapped[Id]
    path: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(Text)
    keep_until: Mapped[date] = mapped_column(Date)
    destroyed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    counts: Mapped[dict[str, int] | None] = mapped_column(JSONB)
    """Rows of each table as the backup saw them; null: made before they were counted."""


class BackupDrill(Base):
    """One time that a backup was read back into a database thrown away after it, to see that it can be."""

    __tablename__ = "backup_drill"
    __table_args__ = (
        CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name="state"
        ),
        Index("ix_backup_drill_backup_id", "backup_id"),
    )

    id: Mapped[Id]
    backup_id: Mapped[int] = mapped_column(ForeignKey("backup.id"))
    who: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    took_s: Mapped[float | None] = mapped_column(Float)
    done: Mapped[int] = mapped_column(Integer, server_default="0")
    total: Mapped[int | None] = mapped_column(Integer)
    doing: Mapped[str] = mapped_column(Text, server_default="")
    rows_read: Mapped[int | None] = mapped_column(BigInteger)
    differs: Mapped[dict[str, list[int]] | None] = mapped_column(JSONB)
    """Tables whose rows are not as many as the backup's own count: that one, and what was read."""
    failed: Mapped[str | None] = mapped_column(Text)


class RetentionRun(Base):
    """One run of the job that deletes what is past its time, with what it deleted and its proof."""

    __tablename__ = "retention_run"

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    as_of: Mapped[date] = mapped_column(Date)
    ran_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    who: Mapped[str] = mapped_column(Text)
    report: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Numbers only: counts before and after, what was searched and found, backups by number."""


class WorkerPosition(Base):
    """Where a member of a team was; sensitive, so kept for days."""

    __tablename__ = "worker_position"
    __table_args__ = (Index("ix_worker_position_staff_id_at", "staff_id", "at", unique=True),)

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    geom: Mapped[Any] = mapped_column(geometry("POINT"))


class PositionTotal(Base):
    """What is left of positions after their days: how much, and nobody's name."""

    __tablename__ = "position_total"

    township_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("township.area_id"), primary_key=True
    )
    grid_code: Mapped[str] = mapped_column(Text, primary_key=True)
    """Of the plan in force on that day; empty: in no grid of it."""
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    positions: Mapped[int] = mapped_column(Integer)
    minutes: Mapped[float] = mapped_column(Float)
    """Time present: from each position to the person's next one, at most ten minutes."""
