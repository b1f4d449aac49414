"""Documents with their versions and who has read them; training with hours and expiry."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from gisgrid.db.tables.base import Base, Code, Id, Imported

TRAINING_KINDS = ("training", "study_tour", "meeting")


class Document(Base):
    """Something that was issued: a programme, the workbook of the staff."""

    __tablename__ = "document"
    __table_args__ = (UniqueConstraint("township_id", "code"),)

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    code: Mapped[Code] = mapped_column()
    title: Mapped[str] = mapped_column(Text)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'::text[]"))
    """Whose reading is asked for: parts in a team; empty: of every member of a team."""


class DocumentVersion(Base):
    """The document as it was issued once; the newest is the one to read, and none ever changes."""

    __tablename__ = "document_version"
    __table_args__ = (
        UniqueConstraint("document_id", "number"),
        # The same file again is no new version.
        UniqueConstraint("document_id", "sha256"),
        CheckConstraint("number > 0", name="number"),
    )

    id: Mapped[Id]
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    number: Mapped[int] = mapped_column(Integer)
    file_name: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(Text)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[str] = mapped_column(Text)
    issued_on: Mapped[date] = mapped_column(Date)
    issued_by: Mapped[str] = mapped_column(Text)


class ReadReceipt(Imported, Base):
    """That one person has read one version."""

    __tablename__ = "read_receipt"

    version_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("document_version.id"), primary_key=True
    )
    staff_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("staff.id"), primary_key=True, index=True
    )
    read_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Training(Imported, Base):
    """A course, study tour or meeting on one day."""

    __tablename__ = "training"
    __table_args__ = (
        UniqueConstraint("township_id", "code"),
        CheckConstraint("kind IN ('training', 'study_tour', 'meeting')", name="kind"),
        CheckConstraint("hours > 0 AND hours <= 1000", name="hours"),
        CheckConstraint("expires_on >= held_on", name="expires_on"),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    code: Mapped[Code] = mapped_column()
    course: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text, server_default="training")
    held_on: Mapped[date] = mapped_column(Date)
    hours: Mapped[float] = mapped_column(Float)
    expires_on: Mapped[date | None] = mapped_column(Date)
    """Last day on which it counts; null: it does not expire."""


class TrainingAttendee(Imported, Base):
    """That one person took part."""

    __tablename__ = "training_attendee"
    __table_args__ = (Index("ix_training_attendee_staff_id", "staff_id"),)

    training_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("training.id"), primary_key=True
    )
    staff_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff.id"), primary_key=True)
