"""Visits to houses, the stations that serve people, and how work is weighed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB, Range
from sqlalchemy.orm import Mapped, mapped_column

from gisgrid.db.tables.base import Base, Code, Id, Imported, gist
from gisgrid.db.tables.register import Placed

STATION_KINDS = ("township", "community", "residents", "team_post")


class Visit(Imported, Base):
    """One visit of the staff to a house."""

    __tablename__ = "visit"
    __table_args__ = (
        UniqueConstraint("township_id", "code"),
        CheckConstraint("why IN ('routine', 'care', 'event', 'notice', 'other')", name="why"),
        CheckConstraint("met IN ('household', 'neighbour', 'nobody')", name="met"),
        Index("ix_visit_house_id_visited_on", "house_id", "visited_on"),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    code: Mapped[Code] = mapped_column()
    house_id: Mapped[int | None] = mapped_column(ForeignKey("house.id"))
    """Null: the house is gone since; the visit was made."""
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    visited_on: Mapped[date] = mapped_column(Date)
    next_on: Mapped[date | None] = mapped_column(Date)
    """When to come again, as was agreed; None: as the township's term says."""
    why: Mapped[str | None] = mapped_column(Text)
    met: Mapped[str | None] = mapped_column(Text)
    agreed: Mapped[str | None] = mapped_column(Text)
    """As a list says that was filled in on paper; what is entered at the door stands in its log (`RegisterEntry`)."""


class Station(Placed, Imported, Base):
    """A service centre of one of the three levels, or the post of a grid's team."""

    __tablename__ = "station"
    __table_args__ = (
        UniqueConstraint("township_id", "code"),
        CheckConstraint("kind IN ('township', 'community', 'residents', 'team_post')", name="kind"),
        CheckConstraint("(kind = 'team_post') = (grid_code IS NOT NULL)", name="grid_code"),
        CheckConstraint(
            "location_status IN ('ok', 'unlocated', 'placeholder')", name="location_status"
        ),
        CheckConstraint(
            "(location_status = 'ok') = (geom IS NOT NULL)", name="location_status_geom"
        ),
        CheckConstraint("NOT isempty(during)", name="during"),
        gist("ix_station_geom", "geom"),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    code: Mapped[Code] = mapped_column()
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    grid_code: Mapped[str | None] = mapped_column(Text)
    """The grid whose team has its post here; the others serve everyone."""
    address: Mapped[str | None] = mapped_column(Text)
    during: Mapped[Range[Any]] = mapped_column(DATERANGE)


class WorkloadWeights(Base):
    """One version of a township's weights; a version never changes, a new one is added."""

    __tablename__ = "workload_weights"
    __table_args__ = (UniqueConstraint("township_id", "version"),)

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    version: Mapped[str] = mapped_column(Text)
    weights: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """As `gisgrid.balance.weights.Weights` reads it."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
