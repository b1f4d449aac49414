"""What was entered into the register at the door, and what became of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

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
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gisgrid.db.tables.base import Base, Id

ENTRY_KINDS = (
    "verified", "visited", "household_in", "household_out", "household_moved", "resident_in",
    "resident_out", "corrected", "alias", "house_new", "house_gone", "house_split", "house_joined",
)  # fmt: skip
REGISTER_RULES = ("at_once", "check")


class RegisterEntry(Base):
    """One line of who keeps the register; the functions ``enter_register`` and ``decide_entry`` write it."""

    __tablename__ = "register_entry"
    __table_args__ = (
        UniqueConstraint("account_id", "client_id"),
        CheckConstraint(
            "kind IN ('verified', 'visited', 'household_in', 'household_out', 'household_moved', "
            "'resident_in', 'resident_out', 'corrected', 'alias', 'house_new', 'house_gone', 'house_split', "
            "'house_joined')",
            name="kind",
        ),
        CheckConstraint(
            "state IN ('done', 'waiting', 'accepted', 'returned', 'taken_back')", name="state"
        ),
        CheckConstraint("state <> 'returned' OR reason IS NOT NULL", name="reason"),
        Index("ix_register_entry_house_id_at", "house_id", "at"),
        Index(
            "ix_register_entry_waiting",
            "township_id",
            "at",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_register_entry_account_id_at", "account_id", "at"),
        Index(
            "ix_register_entry_gone_house_id",
            "gone_house_id",
            postgresql_where=text("gone_house_id IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    house_id: Mapped[int | None] = mapped_column(ForeignKey("house.id"))
    """Null: the house is not there yet, or no longer."""
    gone_house_id: Mapped[int | None] = mapped_column(BigInteger)
    """The house that it was about and that is gone."""
    community_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    """Of a line without a house: on whose ground it was, or is to be."""
    kind: Mapped[str] = mapped_column(Text)
    household_id: Mapped[int | None] = mapped_column(BigInteger)
    resident_id: Mapped[int | None] = mapped_column(BigInteger)
    """No references: who moved out is remembered here, and gone there."""
    said: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """What was entered: column to value as the register keeps it, or the words of a visit."""
    was: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """What the register held in its place when it was entered."""
    client_id: Mapped[str | None] = mapped_column(Text)
    """The page's own key of the entry: sent twice, taken once."""
    digest: Mapped[str | None] = mapped_column(Text)
    """Of what was sent under the key, which tells it from something else; null: sent before there was one."""
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    who: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    entered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When it was written down on a phone that sent it later; None: it came at once."""
    state: Mapped[str] = mapped_column(Text)
    """``done``: it counted at once; ``waiting``, ``accepted``, ``returned``: by the clerk; ``taken_back``: it counted once."""
    conflict: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """Somebody had changed the row since: it waits, whatever the rule."""
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str | None] = mapped_column(Text)
    taken_back_by: Mapped[str | None] = mapped_column(Text)
    taken_back_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    taken_back_reason: Mapped[str | None] = mapped_column(Text)
    """Of what counted and was taken back; who decided before, and why, stays beside it."""


class EntryPhoto(Base):
    """A photo of what was seen at a visit, made small and free of everything but its pixels."""

    __tablename__ = "entry_photo"
    __table_args__ = (
        UniqueConstraint("entry_id", "sha256"),
        Index("ix_entry_photo_sha256", "sha256"),
    )

    id: Mapped[Id]
    entry_id: Mapped[int] = mapped_column(ForeignKey("register_entry.id", ondelete="CASCADE"))
    sha256: Mapped[str] = mapped_column(Text)
    """Of the file as it was sent: sent twice, kept once."""
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    jpeg: Mapped[bytes] = mapped_column(LargeBinary)
    thumbnail: Mapped[bytes] = mapped_column(LargeBinary)


class HouseChange(Base):
    """A house that came, went, or became another, entered at the door; ``apply_entry`` writes it, nobody changes it."""

    __tablename__ = "house_change"
    __table_args__ = (
        CheckConstraint("change IN ('new', 'gone', 'split', 'joined', 'back')", name="change"),
        CheckConstraint(
            "(change = 'new') = (house_id IS NULL) AND (change = 'gone') = (successor_id IS NULL)",
            name="houses",
        ),
        Index("ix_house_change_house_id", "house_id"),
        Index("ix_house_change_successor_id", "successor_id"),
        Index("ix_house_change_entry_id", "entry_id"),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    change: Mapped[str] = mapped_column(Text)
    house_id: Mapped[int | None] = mapped_column(BigInteger)
    """The house before; no reference, since one that is gone or joined is no longer there. Null: a new one."""
    successor_id: Mapped[int | None] = mapped_column(BigInteger)
    """The house after: the new one, the part split off, or the one it was joined to. Null: gone."""
    community_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    code: Mapped[str | None] = mapped_column(Text)
    address: Mapped[str | None] = mapped_column(Text)
    """Code and address of the house before, as they were."""
    reason: Mapped[str | None] = mapped_column(Text)
    """Of one that is gone: ``demolished``, ``mistake`` or ``other``."""
    on_day: Mapped[date] = mapped_column(Date)
    entry_id: Mapped[int] = mapped_column(BigInteger)
    """The line of the log; no reference, since the log ends sooner."""
    kept: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """Of one that went: what stood there and went with it, by row numbers, so that it may come back. Null: its line's
    time of keeping is over."""
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class SleepReason(Base):
    """Why a grid sleeps, as its leader or the clerk says; the newest counts, and none is changed."""

    __tablename__ = "sleep_reason"
    __table_args__ = (
        Index("ix_sleep_reason_township_id_grid_code", "township_id", "grid_code", "at"),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    grid_code: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    who: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
