"""The outbox: what happened, whom it is told by which channel, and what each person wants of it."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Text,
    Time,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gisgrid.db.tables.base import Base, Id

KINDS = (
    "emergency", "task", "returned", "due_soon", "late", "plan_review", "plan_returned", "document",
    "import_ready", "import_failed", "correction", "test", "email_code", "draft", "rule", "taken_back",
)  # fmt: skip
CHANNELS = ("badge", "email", "webhook")
"""The person's own pages; a letter by SMTP; a request to the gateway of the office."""
_KIND = f"kind IN ({', '.join(repr(kind) for kind in KINDS)})"


class OutboxMessage(Base):
    """One thing that happened and that somebody hears of; triggers write it with what caused it."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        CheckConstraint(_KIND, name="kind"),
        CheckConstraint(
            "subject IN ('case', 'emergency', 'plan', 'document', 'import', 'correction', 'test', 'account', 'draft', 'rule', 'collection', 'cases')",
            name="subject",
        ),
        Index("ix_outbox_message_at", "at"),
    )

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(Text, unique=True)
    """The same thing twice is told once."""
    kind: Mapped[str] = mapped_column(Text)
    urgent: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    township_id: Mapped[int | None] = mapped_column(
        ForeignKey("township.area_id", ondelete="CASCADE")
    )
    """Null: of no one township, as a file of areas."""
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id", ondelete="SET NULL"))
    grid_code: Mapped[str | None] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    """What it is about: a case, an emergency of an area, a plan, a document, an import, a correction."""
    subject_id: Mapped[int] = mapped_column(BigInteger)
    code: Mapped[str] = mapped_column(Text)
    """What people call it; never words that somebody wrote about somebody."""
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class OutboxDelivery(Base):
    """One message on its way to one person by one channel."""

    __tablename__ = "outbox_delivery"
    __table_args__ = (
        UniqueConstraint(
            "message_id", "account_id", "channel", postgresql_nulls_not_distinct=True
        ),
        CheckConstraint("channel IN ('badge', 'email', 'webhook')", name="channel"),
        CheckConstraint(
            "state IN ('waiting', 'delivered', 'failed', 'read', 'muted')", name="state"
        ),
        CheckConstraint("account_id IS NOT NULL OR channel = 'webhook'", name="whose"),
        Index(
            "ix_outbox_delivery_next_at", "next_at", postgresql_where=text("state = 'waiting'")
        ),
        Index(
            "ix_outbox_delivery_account_id", "account_id", "message_id",
            postgresql_where=text("channel = 'badge'"),
        ),
    )  # fmt: skip

    id: Mapped[Id]
    message_id: Mapped[int] = mapped_column(ForeignKey("outbox_message.id", ondelete="CASCADE"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    """Null: to the group behind the office's gateway."""
    channel: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    """``muted``: the person wants no badge for this kind; it stands in their list."""
    token: Mapped[UUID] = mapped_column(Uuid, server_default=text("gen_random_uuid()"))
    """Each try bears it, so that whoever gets the same twice can see it."""
    tries: Mapped[int] = mapped_column(Integer, server_default="0")
    """Begun, whether or not it is known how they ended."""
    next_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When it was delivered, read, or given up."""
    failed: Mapped[str | None] = mapped_column(Text)
    """Why the last try came to nothing."""


class OutboxPerson(Base):
    """How somebody is reached."""

    __tablename__ = "outbox_person"
    __table_args__ = (
        CheckConstraint("language ~ '^[a-z]{2,3}$'", name="language"),
        CheckConstraint(
            "num_nulls(quiet_from, quiet_until) <> 1 AND quiet_from <> quiet_until", name="quiet"
        ),
    )

    account_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("account.id", ondelete="CASCADE"), primary_key=True
    )
    email: Mapped[str | None] = mapped_column(Text)
    address: Mapped[str | None] = mapped_column(Text)
    """As the office's gateway knows them: a telephone, a user's name."""
    language: Mapped[str | None] = mapped_column(Text)
    """Null: the installation's."""
    quiet_from: Mapped[time | None] = mapped_column(Time)
    quiet_until: Mapped[time | None] = mapped_column(Time)
    """By the clock of the township; over midnight where the end is before the beginning."""
    sound: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))


class EmailCode(Base):
    """An address that somebody wants to be reached at, until they write the code that was sent there."""

    __tablename__ = "email_code"

    account_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("account.id", ondelete="CASCADE"), primary_key=True
    )
    email: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    asked: Mapped[int] = mapped_column(Integer, server_default="1")
    """Codes asked for since the first; within a day."""
    code_hash: Mapped[str | None] = mapped_column(Text)
    """Null: not sent yet."""
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    tries: Mapped[int] = mapped_column(Integer, server_default="0")
    """Wrong codes."""


class OutboxWish(Base):
    """Whether somebody wants one kind by one channel; what is not said follows the rule of the kind."""

    __tablename__ = "outbox_wish"
    __table_args__ = (
        CheckConstraint(_KIND, name="kind"),
        CheckConstraint("channel IN ('badge', 'email', 'webhook')", name="channel"),
    )

    account_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("account.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    channel: Mapped[str] = mapped_column(Text, primary_key=True)
    wanted: Mapped[bool] = mapped_column(Boolean)


class OutboxChannel(Base):
    """A channel that an office has; a township's own goes before the installation's."""

    __tablename__ = "outbox_channel"
    __table_args__ = (
        UniqueConstraint("township_id", "channel", postgresql_nulls_not_distinct=True),
        CheckConstraint("channel IN ('email', 'webhook')", name="channel"),
    )

    id: Mapped[Id]
    township_id: Mapped[int | None] = mapped_column(
        ForeignKey("township.area_id", ondelete="CASCADE")
    )
    """Null: of the installation."""
    channel: Mapped[str] = mapped_column(Text)
    addressed: Mapped[bool] = mapped_column(Boolean)
    """A request for each person; else one for the group, with every message."""
    active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    config: Mapped[dict[str, Any]] = mapped_column(JSONB)
    secret: Mapped[str] = mapped_column(Text, server_default="")
    """Password or key of the signature; nobody but the owner of the store may read it."""
    has_secret: Mapped[bool] = mapped_column(Boolean, Computed("secret <> ''", persisted=True))
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
