"""What the office orders of the worker and keeps: answers to people, and deletion of what is past its time."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
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

_BUSY = "state IN ('waiting', 'running')"


class SubjectRequest(Base):
    """Somebody asks what is held on them; the answer lies here until it is handed over or its days are over."""

    __tablename__ = "subject_request"
    __table_args__ = (
        CheckConstraint(
            "state IN ('asked', 'making', 'ready', 'lapsed', 'failed', 'answered', 'refused')",
            name="state",
        ),
        CheckConstraint("state <> 'refused' OR reason IS NOT NULL", name="reason"),
        CheckConstraint("(answer IS NOT NULL) = (state = 'ready')", name="answer"),
        Index("ix_subject_request_township_id", "township_id"),
        Index(
            "uq_subject_request_open",
            "resident_id",
            unique=True,
            postgresql_where=text("state NOT IN ('answered', 'refused')"),
        ),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    resident_id: Mapped[int] = mapped_column(BigInteger)
    """No reference: the record may go, and the request with it."""
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    noted_by: Mapped[str] = mapped_column(Text)
    due_on: Mapped[date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(Text, server_default="asked")
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    """A workbook."""
    sha256: Mapped[str | None] = mapped_column(Text)
    made_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    gone_on: Mapped[date | None] = mapped_column(Date)
    """First day on which the answer is not kept any more."""
    answered_by: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class OfficeJob(Base):
    """One piece of work that takes the owner of the store; the worker asks for the asker's right again."""

    __tablename__ = "office_job"
    __table_args__ = (
        CheckConstraint("kind IN ('subject', 'retention_try', 'retention')", name="kind"),
        CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name="state"
        ),
        CheckConstraint("(request_id IS NOT NULL) = (kind = 'subject')", name="request"),
        Index("ix_office_job_request_id", "request_id"),
        Index("ix_office_job_account_id", "account_id"),
        Index("uq_office_job_answer", "request_id", unique=True, postgresql_where=text(_BUSY)),
        Index(
            "uq_office_job_retention",
            "township_id",
            unique=True,
            postgresql_where=text(f"{_BUSY} AND kind <> 'subject'"),
        ),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    kind: Mapped[str] = mapped_column(Text)
    request_id: Mapped[int | None] = mapped_column(
        ForeignKey("subject_request.id", ondelete="CASCADE")
    )
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    who: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    failed: Mapped[str | None] = mapped_column(Text)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """What a trial would delete, numbers only."""
