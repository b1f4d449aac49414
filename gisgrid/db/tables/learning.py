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
AGE_BANDS = ("under_30", "30_39", "40_49", "50_59", "from_60")
SCHOOLING = ("primary", "junior", "senior", "college", "university")


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
    communities: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'::text[]"))
    """On whose ground: codes of communities in which the grid of their team lies; empty: of all."""


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
    due_on: Mapped[date | None] = mapped_column(Date)
    """Last day by which it is to be read; null: no day was set."""


class DocumentDraft(Base):
    """A document before it is issued, sent to communities for their comments."""

    __tablename__ = "document_draft"
    __table_args__ = (
        CheckConstraint("answer_by >= sent_on", name="answer_by"),
        Index("ix_document_draft_township_id", "township_id"),
        Index("ix_document_draft_version_id", "version_id"),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    code: Mapped[Code] = mapped_column()
    """Of the document that it is to become."""
    title: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(Text)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[str] = mapped_column(Text)
    sent_on: Mapped[date] = mapped_column(Date)
    sent_by: Mapped[str] = mapped_column(Text)
    answer_by: Mapped[date] = mapped_column(Date)
    """Last day on which comments are taken."""
    communities: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'::text[]"))
    """Codes of those that are asked; empty: all of the township."""
    version_id: Mapped[int | None] = mapped_column(ForeignKey("document_version.id"))
    """As which version it was issued; null: not yet."""


class DraftComment(Base):
    """What a community says to a draft, and what it was answered."""

    __tablename__ = "draft_comment"
    __table_args__ = (
        Index("ix_draft_comment_draft_id", "draft_id"),
        Index("ix_draft_comment_community_id", "community_id"),
    )

    id: Mapped[Id]
    draft_id: Mapped[int] = mapped_column(ForeignKey("document_draft.id", ondelete="CASCADE"))
    community_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    text: Mapped[str] = mapped_column(Text)
    who: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    answer: Mapped[str | None] = mapped_column(Text)
    answered_by: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


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
    place: Mapped[str | None] = mapped_column(Text)
    """Where it is held, in words."""


class TrainingAttendee(Imported, Base):
    """That one person took part."""

    __tablename__ = "training_attendee"
    __table_args__ = (Index("ix_training_attendee_staff_id", "staff_id"),)

    training_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("training.id"), primary_key=True
    )
    staff_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff.id"), primary_key=True)


class StaffProfile(Base):
    """What helps to plan the training of one person; no more than that."""

    __tablename__ = "staff_profile"
    __table_args__ = (
        CheckConstraint(
            "age_band IN ('under_30', '30_39', '40_49', '50_59', 'from_60')", name="age_band"
        ),
        CheckConstraint(
            "schooling IN ('primary', 'junior', 'senior', 'college', 'university')",
            name="schooling",
        ),
    )

    staff_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff.id"), primary_key=True)
    age_band: Mapped[str | None] = mapped_column(Text)
    schooling: Mapped[str | None] = mapped_column(Text)
    qualifications: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default=text("'{}'::text[]")
    )
    noted_by: Mapped[str] = mapped_column(Text)
    noted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
