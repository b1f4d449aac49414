"""Files that an office sends by the browser, on their way into the store."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gisgrid.db.tables.base import Base, Id


class FileImport(Base):
    """One file sent in the browser: what was asked for last, how far that is, and what came of each step."""

    __tablename__ = "file_import"
    __table_args__ = (
        CheckConstraint("task IN ('look', 'check', 'commit', 'foresee', 'undo')", name="task"),
        CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name="state"
        ),
        Index(
            "ix_file_import_asked_at",
            "asked_at",
            postgresql_where=text("state IN ('waiting', 'running')"),
        ),
    )

    id: Mapped[Id]
    township: Mapped[str | None] = mapped_column(Text)
    """Code; no reference, as in ``import_run``. Null: areas, or not known yet."""
    kind: Mapped[str | None] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    """Bytes."""
    sha256: Mapped[str] = mapped_column(Text)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    """Who sent it, and alone sees what stands in it."""
    who: Mapped[str] = mapped_column(Text)
    sent_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    after_id: Mapped[int | None] = mapped_column(ForeignKey("file_import.id", ondelete="SET NULL"))
    """Whose refused rows it holds, mended."""
    options: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """How it is meant; one object for the dry run and for the import."""
    task: Mapped[str] = mapped_column(Text, server_default="look")
    """What was asked for last."""
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    asked_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    done: Mapped[int] = mapped_column(Integer, server_default="0")
    total: Mapped[int | None] = mapped_column(Integer)
    doing: Mapped[str] = mapped_column(Text, server_default="")
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    """How often a worker has begun the task."""
    failed: Mapped[str | None] = mapped_column(Text)
    """Why the task came to nothing, in English."""
    facts: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """What the page offers to mend it with."""
    looked: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    checked: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    imported: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    foreseen: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """What taking it back would do, or did."""
    run_id: Mapped[int | None] = mapped_column(ForeignKey("import_run.id"), unique=True)
    """Null also for an import that changed nothing."""
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("import_run.id"))
    gone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When the file itself was deleted."""


class FileImportPart(Base):
    """A piece of what belongs to an import: the file, its first rows, its drawing, its refused rows."""

    __tablename__ = "file_import_part"
    __table_args__ = (
        CheckConstraint("what IN ('file', 'sample', 'drawing', 'refused')", name="what"),
    )

    import_id: Mapped[int] = mapped_column(
        ForeignKey("file_import.id", ondelete="CASCADE"), primary_key=True
    )
    what: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
