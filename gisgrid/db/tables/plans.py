"""Plans, their grids, and which grid each house and event fell in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from gisgrid.db.tables.base import Base, Code, Id, Imported, geometry, gist

STATES = ("draft", "in_review", "returned", "approved", "notified", "published")
"""On the way to be published; whether a published plan is in force is a question of the day."""
KINDS = ("basic", "exclusive")


class Plan(Imported, Base):
    """A dated set of grid polygons of one township."""

    __tablename__ = "plan"
    __table_args__ = (
        CheckConstraint(
            "state IN ('draft', 'in_review', 'returned', 'approved', 'notified', 'published')",
            name="state",
        ),
        CheckConstraint(
            "(state = 'published') = (validity IS NOT NULL) AND NOT isempty(validity) "
            "AND NOT lower_inf(validity)",
            name="validity",
        ),
        # The newest dated plan; the next one is drawn from it and gives it its end.
        Index(
            "uq_plan_without_end",
            "township_id",
            unique=True,
            postgresql_where=text("upper_inf(validity)"),
        ),
        # Two plans of a township are never in force on the same day.
        ExcludeConstraint(
            ("township_id", "="), ("validity", "&&"), using="gist", name="ex_plan_validity"
        ),
        UniqueConstraint("township_id", "name"),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    name: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, server_default="draft")
    validity: Mapped[Range[Any] | None] = mapped_column(DATERANGE)
    """Days of the township's zone on which it is in force; null: it was not published."""
    based_on_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))
    """The published plan it was drawn from, by way of other scenarios or not."""
    branched_from_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id", ondelete="SET NULL"))
    """The scenario it was copied from; null: from a published plan, or loaded."""
    version: Mapped[int] = mapped_column(Integer, server_default="0")
    """Counts up with each edit, so that two who edit at once notice."""
    who: Mapped[str] = mapped_column(Text, server_default="")
    note: Mapped[str] = mapped_column(Text, server_default="")
    recipe: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """How the plan was made: seed, weights, tolerance; empty for a drawn or loaded one."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Grid(Imported, Base):
    """One team's area in one plan; ``code`` lasts from plan to plan."""

    __tablename__ = "grid"
    __table_args__ = (
        UniqueConstraint("plan_id", "code"),
        CheckConstraint("kind IN ('basic', 'exclusive')", name="kind"),
        gist("ix_grid_geom", "geom"),
    )

    id: Mapped[Id]
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"))
    code: Mapped[Code] = mapped_column()
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text, server_default="basic")
    community_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    host: Mapped[str | None] = mapped_column(Text)
    """The body an exclusive grid belongs to: a school, a market."""
    geom: Mapped[Any] = mapped_column(geometry("MULTIPOLYGON"))


class Attached:
    """A place's answer under one plan; no row: not asked yet."""

    grid_id: Mapped[int | None] = mapped_column(ForeignKey("grid.id", ondelete="CASCADE"))
    """The owner; null: outside every grid, or the place has no point."""
    exclusive_grid_id: Mapped[int | None] = mapped_column(ForeignKey("grid.id", ondelete="CASCADE"))
    """In overlay mode the exclusive grid lying over the owner."""
    border_m: Mapped[float | None] = mapped_column(Float)
    """Metres to the nearest grid border, kept only within the township's ``near_border_m``."""


class HouseGrid(Attached, Base):
    """Which grid a house lies in, under a plan."""

    __tablename__ = "house_grid"
    __table_args__ = (
        Index("ix_house_grid_grid_id", "grid_id"),
        Index(
            "ix_house_grid_exclusive_grid_id",
            "exclusive_grid_id",
            postgresql_where=text("exclusive_grid_id IS NOT NULL"),
        ),
        Index("ix_house_grid_answering", text("coalesce(exclusive_grid_id, grid_id)")),
    )

    plan_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("plan.id", ondelete="CASCADE"), primary_key=True
    )
    house_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("house.id", ondelete="CASCADE"), primary_key=True
    )


class EventGrid(Attached, Base):
    """Which grid an event lies in, under a plan."""

    __tablename__ = "event_grid"
    __table_args__ = (
        Index("ix_event_grid_grid_id", "grid_id"),
        Index(
            "ix_event_grid_exclusive_grid_id",
            "exclusive_grid_id",
            postgresql_where=text("exclusive_grid_id IS NOT NULL"),
        ),
    )

    plan_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("plan.id", ondelete="CASCADE"), primary_key=True
    )
    event_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("event.id", ondelete="CASCADE"), primary_key=True
    )
