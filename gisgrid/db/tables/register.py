"""House → household → resident: people are managed by houses."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Date,
    Float,
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from gisgrid.db.tables.base import Base, Code, Id, Imported, geometry, gist

NEEDS = ("living_alone", "disabled", "child_alone", "chronic_illness", "low_income")


class Placed:
    """A point with where it came from; shared by houses and events."""

    geom: Mapped[Any | None] = mapped_column(geometry("POINT"))
    location_status: Mapped[str] = mapped_column(Text, server_default="ok")
    """``ok``; ``unlocated``: no coordinates; ``placeholder``: a default spot, not a place."""
    source_x: Mapped[float | None] = mapped_column(Float)
    source_y: Mapped[float | None] = mapped_column(Float)
    """Coordinates as delivered, in the CRS or datum of the import run."""


class House(Placed, Imported, Base):
    """A building or dwelling with an address and, mostly, a point."""

    __tablename__ = "house"
    __table_args__ = (
        UniqueConstraint("township_id", "code"),
        CheckConstraint(
            "location_status IN ('ok', 'unlocated', 'placeholder')", name="location_status"
        ),
        CheckConstraint(
            "(location_status = 'ok') = (geom IS NOT NULL)", name="location_status_geom"
        ),
        gist("ix_house_geom", "geom"),
        Index("ix_house_community_id", "community_id"),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    code: Mapped[Code] = mapped_column()
    address: Mapped[str] = mapped_column(Text)
    community_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    """As the register says; for an unlocated house all that is known of its place."""


class Household(Imported, Base):
    """People who live together in a house."""

    __tablename__ = "household"
    __table_args__ = (
        UniqueConstraint("township_id", "code"),
        Index("ix_household_house_id", "house_id"),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    code: Mapped[Code] = mapped_column()
    house_id: Mapped[int] = mapped_column(ForeignKey("house.id"))
    room: Mapped[str | None] = mapped_column(Text)
    verified_on: Mapped[date | None] = mapped_column(Date)


class Resident(Imported, Base):
    """A person of a household."""

    __tablename__ = "resident"
    __table_args__ = (
        UniqueConstraint("township_id", "code"),
        Index("ix_resident_household_id", "household_id"),
        CheckConstraint("sex IN ('f', 'm')", name="sex"),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    code: Mapped[Code] = mapped_column()
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"))
    name: Mapped[str] = mapped_column(Text)
    citizen_id: Mapped[str | None] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text)
    sex: Mapped[str | None] = mapped_column(Text)
    birth_date: Mapped[date | None] = mapped_column(Date)
    needs: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'::text[]"))
    """Kinds of special need out of a fixed list; workload weights use them."""
    verified_on: Mapped[date | None] = mapped_column(Date)
