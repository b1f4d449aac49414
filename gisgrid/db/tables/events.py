"""The catalogue of matters, in versions, and the events that occurred."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
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
from sqlalchemy.dialects.postgresql import ARRAY, DATERANGE, JSONB, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from gisgrid.db.tables.base import Base, Code, Id, Imported
from gisgrid.db.tables.register import Placed

LIMIT_UNITS = ("working_minutes", "working_hours", "working_days")


class MatterList(Imported, Base):
    """One version of a township's list of matters, with the days it is in force; without days, its draft."""

    __tablename__ = "matter_list"
    __table_args__ = (
        UniqueConstraint("township_id", "version"),
        ExcludeConstraint(
            ("township_id", "="), ("validity", "&&"), using="gist", name="ex_matter_list_validity"
        ),
        Index(
            "uq_matter_list_draft", "township_id", unique=True,
            postgresql_where=text("validity IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    version: Mapped[str] = mapped_column(Text)
    validity: Mapped[Range[Any] | None] = mapped_column(DATERANGE)


class MatterChange(Base):
    """What somebody did to a list of matters: to the whole of it, or to one of its items."""

    __tablename__ = "matter_change"
    __table_args__ = (Index("ix_matter_change_list_id", "list_id"),)

    id: Mapped[Id]
    list_id: Mapped[int] = mapped_column(ForeignKey("matter_list.id", ondelete="CASCADE"))
    code: Mapped[str | None] = mapped_column(Text)
    """Of the item; null: the list as a whole."""
    what: Mapped[str] = mapped_column(Text)
    """``added``, ``withdrawn``, a field of the item; ``begun``, ``published``, ``taken_back`` of the list."""
    was: Mapped[str | None] = mapped_column(Text)
    became: Mapped[str | None] = mapped_column(Text)
    who: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class MatterSupplement(Base):
    """A community's own rule to an item of the township's list."""

    __tablename__ = "matter_supplement"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'agreed', 'refused', 'ended')", name="state"),
        CheckConstraint("state <> 'refused' OR reason IS NOT NULL", name="reason"),
        CheckConstraint(
            "state NOT IN ('agreed', 'refused') OR num_nonnulls(decided_by, decided_at) = 2",
            name="decided",
        ),
        Index("ix_matter_supplement_township_id_code", "township_id", "code"),
        Index("ix_matter_supplement_community_id", "community_id"),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id", ondelete="CASCADE"))
    community_id: Mapped[int] = mapped_column(ForeignKey("area.id", ondelete="CASCADE"))
    code: Mapped[Code] = mapped_column()
    """Of the item, whichever version has it."""
    text: Mapped[str] = mapped_column(Text)
    during: Mapped[Range[Any]] = mapped_column(DATERANGE)
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    written_by: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str | None] = mapped_column(Text)


class Matter(Imported, Base):
    """A kind of business: major (no parent) or minor."""

    __tablename__ = "matter"
    __table_args__ = (
        UniqueConstraint("list_id", "code"),
        CheckConstraint(
            "limit_unit IN ('working_minutes', 'working_hours', 'working_days')",
            name="limit_unit",
        ),
        CheckConstraint("(time_limit IS NULL) = (limit_unit IS NULL)", name="time_limit"),
        CheckConstraint("time_limit > 0", name="time_limit_positive"),
        CheckConstraint(
            "decider IN ('residents', 'grid', 'community', 'section', 'township')", name="decider"
        ),
        CheckConstraint(
            "acts IN ('residents', 'grid', 'community', 'section', 'township')", name="acts"
        ),
        CheckConstraint("duplicate_m > 0 AND duplicate_h > 0", name="duplicate"),
        # An urgent entry beside the list: only with somebody's consent and a last day.
        CheckConstraint("(consent IS NULL) = (during IS NULL)", name="consent"),
        CheckConstraint("NOT upper_inf(during) AND NOT isempty(during)", name="during"),
        Index("ix_matter_parent_id", "parent_id"),
    )

    id: Mapped[Id]
    list_id: Mapped[int] = mapped_column(ForeignKey("matter_list.id"))
    code: Mapped[Code] = mapped_column()
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("matter.id"))
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str | None] = mapped_column(Text)
    office: Mapped[str | None] = mapped_column(Text)
    """The responsible office."""
    time_limit: Mapped[float | None] = mapped_column(Float)
    limit_unit: Mapped[str | None] = mapped_column(Text)
    closing_rule: Mapped[str | None] = mapped_column(Text)
    filing_rule: Mapped[str | None] = mapped_column(Text)
    decider: Mapped[str | None] = mapped_column(Text)
    """The one level of the five that decides."""
    acts: Mapped[str | None] = mapped_column(Text)
    """The level that does the work."""
    informs: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'::text[]"))
    """The levels that are told."""
    limits: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """Clock of a flow to a limit: ``{"file": "30 working_minutes"}``."""
    asks_photo: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """Closing needs a photo of the work done."""
    duplicate_m: Mapped[float | None] = mapped_column(Float)
    duplicate_h: Mapped[float | None] = mapped_column(Float)
    """Reports of it within so many metres and hours may be one event; null: the default."""
    skills: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'::text[]"))
    consent: Mapped[str | None] = mapped_column(Text)
    """Of a temporary entry: who agreed, and in which paper."""
    during: Mapped[Range[Any] | None] = mapped_column(DATERANGE)
    """Of a temporary entry: its days."""
    note: Mapped[str | None] = mapped_column(Text)
    """What else whoever handles it should know."""


class RefusedDemand(Base):
    """A task that somebody wanted done by the grids and that is not on the list of its day."""

    __tablename__ = "refused_demand"
    __table_args__ = (
        Index("ix_refused_demand_township_id_at", "township_id", "at"),
        UniqueConstraint("key"),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    asked_by: Mapped[str] = mapped_column(Text)
    """The body that asked."""
    community_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    matter: Mapped[str] = mapped_column(Text)
    """The matter as it was named."""
    text: Mapped[str | None] = mapped_column(Text)
    why: Mapped[str] = mapped_column(Text)
    key: Mapped[str | None] = mapped_column(Text)
    """The sender's own: asked again under it, a demand is kept once."""


class Event(Placed, Imported, Base):
    """One occurrence of a matter at a place and time."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("township_id", "code"),
        CheckConstraint(
            "location_status IN ('ok', 'unlocated', 'placeholder')", name="location_status"
        ),
        CheckConstraint(
            "(location_status = 'ok') = (geom IS NOT NULL)", name="location_status_geom"
        ),
        CheckConstraint("closed_at >= reported_at", name="closed_after_reported"),
        Index("ix_event_geom", "geom", postgresql_using="gist"),
        Index("ix_event_township_id_reported_at", "township_id", "reported_at"),
        Index(
            "ix_event_township_id_open", "township_id", postgresql_where=text("closed_at IS NULL")
        ),
        UniqueConstraint("township_id", "client_id"),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    code: Mapped[Code] = mapped_column()
    matter_id: Mapped[int] = mapped_column(ForeignKey("matter.id"))
    reported_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    source: Mapped[str | None] = mapped_column(Text)
    text: Mapped[str | None] = mapped_column(Text)
    address: Mapped[str | None] = mapped_column(Text)
    community_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    """As the report says; for an unlocated event all that is known of its place."""
    grid_code: Mapped[str | None] = mapped_column(Text)
    """The grid at report time, kept for ever; under any other plan it is computed."""
    asset_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id"))
    """The thing it concerns, whose grid then counts and not the ground's."""
    client_id: Mapped[str | None] = mapped_column(Text)
    """The phone's own key of the report: sent twice, taken once."""
    reporter: Mapped[str | None] = mapped_column(Text)
    """Log-in name of the one who reported; null: without an account."""
    contact: Mapped[str | None] = mapped_column(Text)
    """How whoever reported wants to be answered; personal, by right and purpose only."""


class Photo(Base):
    """A picture of an event, turned upright, made smaller and free of everything but its pixels."""

    __tablename__ = "photo"
    __table_args__ = (
        Index("ix_photo_event_id", "event_id"),
        Index("ix_photo_sha256", "sha256"),
        UniqueConstraint("event_id", "sha256"),
        CheckConstraint("shows IN ('before', 'after')", name="shows"),
    )

    id: Mapped[Id]
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    shows: Mapped[str] = mapped_column(Text)
    """The place before or after the work."""
    sha256: Mapped[str] = mapped_column(Text)
    """Of the file as it was sent: sent twice, kept once."""
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    jpeg: Mapped[bytes] = mapped_column(LargeBinary)
    thumbnail: Mapped[bytes] = mapped_column(LargeBinary)
    taken_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    far_m: Mapped[float | None] = mapped_column(Float)
    """Metres from where the camera said it stood to the event; the position itself is not kept."""
    added_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    added_by: Mapped[str] = mapped_column(Text)
