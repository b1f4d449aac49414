"""Collection tasks: what an office wants to know of houses until a day, and what was answered at their doors."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from gisgrid.db.tables.base import Base, Id

QUESTION_KINDS = ("text", "integer", "number", "date", "choice", "photo")
TASK_STATES = ("draft", "open", "ended")


class CollectionTask(Base):
    """One task: a purpose, fields of the register, further questions, grids or houses, a day."""

    __tablename__ = "collection_task"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'open', 'ended')", name="state"),
        CheckConstraint("(state = 'draft') = (opened_at IS NULL)", name="opened_at"),
        CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended_at"),
        Index("ix_collection_task_township_id_state", "township_id", "state"),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    title: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(ForeignKey("purpose.name"))
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'::text[]"))
    """Of the register, as ``resident.phone``; what they hold stands there alone."""
    grids: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'::text[]"))
    """Codes of grids whose houses of the day it asks about; empty: those of ``collection_house`` alone."""
    due_on: Mapped[date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(Text, server_default="draft")
    state_number: Mapped[int] = mapped_column(Integer, server_default="1")
    """Counts its changes, so that of two who change it at once the second is told."""
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    opened_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reminded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When it was told that its day is near; null: not yet."""
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_by: Mapped[str | None] = mapped_column(Text)
    """Null, where it ended by its day."""


class CollectionQuestion(Base):
    """A further question of a task; once the task is open it stands as it is."""

    __tablename__ = "collection_question"
    __table_args__ = (
        UniqueConstraint("task_id", "number"),
        UniqueConstraint("task_id", "name"),
        CheckConstraint(
            "kind IN ('text', 'integer', 'number', 'date', 'choice', 'photo')", name="kind"
        ),
        CheckConstraint("(kind = 'choice') = (cardinality(choices) > 0)", name="choices"),
        CheckConstraint("least <= most", name="least"),
    )

    id: Mapped[Id]
    task_id: Mapped[int] = mapped_column(ForeignKey("collection_task.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(Text)
    """As an XLSForm calls it."""
    kind: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(Text)
    hint: Mapped[str | None] = mapped_column(Text)
    required: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    choices: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'::text[]"))
    least: Mapped[Decimal | None] = mapped_column(Numeric)
    most: Mapped[Decimal | None] = mapped_column(Numeric)


class CollectionHouse(Base):
    """A house that a task asks about by itself; once it ended, those of its grids on that day, too."""

    __tablename__ = "collection_house"
    __table_args__ = (Index("ix_collection_house_house_id", "house_id"),)

    task_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("collection_task.id", ondelete="CASCADE"), primary_key=True
    )
    house_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("house.id", ondelete="CASCADE"), primary_key=True
    )


class CollectionAnswer(Base):
    """What was answered to a question at a house; the function ``answer_collection`` writes it."""

    __tablename__ = "collection_answer"
    __table_args__ = (
        UniqueConstraint("account_id", "client_id", "question_id"),
        Index(
            "ix_collection_answer_current",
            "question_id",
            "house_id",
            unique=True,
            postgresql_where=text("replaced_at IS NULL"),
        ),
        Index("ix_collection_answer_task_id_house_id", "task_id", "house_id"),
        Index("ix_collection_answer_house_id", "house_id"),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    task_id: Mapped[int] = mapped_column(ForeignKey("collection_task.id"))
    question_id: Mapped[int] = mapped_column(ForeignKey("collection_question.id"))
    house_id: Mapped[int | None] = mapped_column(ForeignKey("house.id"))
    """Null: the house has gone since; what it became part of takes its answers along."""
    value: Mapped[str | None] = mapped_column(Text)
    """In one spelling per kind: 12, 1.5, 2026-12-31; null: the answer is its photos."""
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    who: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    entered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When it was written down on a phone that sent it later; null: it came at once."""
    client_id: Mapped[str] = mapped_column(Text)
    """The page's own key: sent twice, taken once."""
    replaced_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When another answer took its place; null: it is the present one."""


class CollectionPhoto(Base):
    """A photo that answers a question, made small and free of everything but its pixels."""

    __tablename__ = "collection_photo"
    __table_args__ = (
        UniqueConstraint("answer_id", "sha256"),
        Index("ix_collection_photo_sha256", "sha256"),
    )

    id: Mapped[Id]
    answer_id: Mapped[int] = mapped_column(ForeignKey("collection_answer.id", ondelete="CASCADE"))
    sha256: Mapped[str] = mapped_column(Text)
    """Of the file as it was sent: sent twice, kept once."""
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    jpeg: Mapped[bytes] = mapped_column(LargeBinary)
    thumbnail: Mapped[bytes] = mapped_column(LargeBinary)


class CompletenessDay(Base):
    """How far the registers of a township were filled on a day, for one purpose list."""

    __tablename__ = "completeness_day"

    township_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("township.area_id"), primary_key=True
    )
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    purpose: Mapped[str] = mapped_column(Text, ForeignKey("purpose.name"), primary_key=True)
    filled: Mapped[int] = mapped_column(BigInteger)
    required: Mapped[int] = mapped_column(BigInteger)
