"""What workers' phones sent, each once, and the half of a key that a phone's own data hang on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gisgrid.db.tables.base import Base, Id


class PhoneEntry(Base):
    """One entry that waited on a phone; its key stands in the transaction that took it in, or nowhere."""

    __tablename__ = "phone_entry"
    __table_args__ = (
        UniqueConstraint("account_id", "key"),
        CheckConstraint("state IN ('taken', 'refused')", name="state"),
        CheckConstraint("state <> 'refused' OR reason IS NOT NULL", name="reason"),
        Index(
            "ix_phone_entry_refused",
            "township_id",
            "at",
            postgresql_where=text("state = 'refused'"),
        ),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(Text)
    """Made by the phone: the same entry has it however often it is sent."""
    content: Mapped[str] = mapped_column(Text)
    """SHA-256 of what was sent: another entry under the same key is refused."""
    township_id: Mapped[int | None] = mapped_column(ForeignKey("township.area_id"))
    house_id: Mapped[int | None] = mapped_column(BigInteger)
    """No reference: what is gone since is still told of."""
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    who: Mapped[str] = mapped_column(Text)
    what: Mapped[str] = mapped_column(Text)
    """The route that it went to."""
    label: Mapped[str] = mapped_column(Text)
    """What the phone calls it: a kind and an address."""
    entered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """When it was written down, by the server's clock and the phone's count of seconds."""
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    state: Mapped[str] = mapped_column(Text)
    answer: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """What the first sending was told, and is told again."""
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it was refused, in the words that the phone was told."""
    seen_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When the clerk put a refusal aside."""


class PhoneHalf(Base):
    """The half of a key that the server gives one phone of an account; withdrawn, that phone opens nothing more."""

    __tablename__ = "phone_half"
    __table_args__ = (UniqueConstraint("account_id", "device"),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    device: Mapped[str] = mapped_column(Text)
    """Made by the phone; says nothing of it."""
    half: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    """When the phone was last heard of."""
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    withdrawn_by: Mapped[str | None] = mapped_column(Text)
