"""The catalogue of matters, in versions, and the events that occurred."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from gisgrid.tables.base import Base, Code, Id, Imported
from gisgrid.tables.register import Placed

LIMIT_UNITS = ("working_minutes", "working_hours", "working_days")


class MatterList(Imported, Base):
    """One version of a township's list of matters, with the days it is in force."""

    __tablename__ = "matter_list"
    __table_args__ = (
        UniqueConstraint("township_id", "version"),
        ExcludeConstraint(
            ("township_id", "="), ("validity", "&&"), using="gist", name="ex_matter_list_validity"
        ),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    version: Mapped[str] = mapped_column(Text)
    validity: Mapped[Range[Any]] = mapped_column(DATERANGE)


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


class Event(Placed, Imported, Base):
    """One occurrence of a matter at a place and time."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("township_id", "code"),
        CheckConstraint("place IN ('ok', 'unlocated', 'placeholder')", name="place"),
        CheckConstraint("(place = 'ok') = (geom IS NOT NULL)", name="place_geom"),
        CheckConstraint("closed_at >= reported_at", name="closed_after_reported"),
        Index("ix_event_geom", "geom", postgresql_using="gist"),
        Index("ix_event_township_id_reported_at", "township_id", "reported_at"),
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
