"""Around the cases: assets that overrule geometry, suggestions, emergencies, duty, old problems."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB, TSTZRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from gisgrid.db.tables.base import Base, Code, Id, Imported, geometry, gist


class Asset(Imported, Base):
    """A thing that belongs to a grid wherever it stands: the exceptions list."""

    __tablename__ = "asset"
    __table_args__ = (
        UniqueConstraint("township_id", "code"),
        CheckConstraint("NOT isempty(during)", name="during"),
        gist("ix_asset_geom", "geom"),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    code: Mapped[Code] = mapped_column()
    name: Mapped[str] = mapped_column(Text)
    grid_code: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    geom: Mapped[Any | None] = mapped_column(geometry("POINT"))
    reach_m: Mapped[float] = mapped_column(Float, server_default="0")
    """Events so near are taken to concern it; 0: only those that name it."""
    during: Mapped[Range[Any]] = mapped_column(DATERANGE)


class Suggestion(Base):
    """Whom the program would send, and whether the dispatcher did."""

    __tablename__ = "suggestion"
    __table_args__ = (Index("ix_suggestion_case_id", "case_id"),)

    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("event_case.id"))
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    grid_code: Mapped[str] = mapped_column(Text)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    parts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    accepted: Mapped[bool | None] = mapped_column(Boolean)
    """Null: nobody has been sent since."""


class Emergency(Base):
    """An area in emergency mode, from a switch on to the switch back."""

    __tablename__ = "emergency"
    __table_args__ = (
        CheckConstraint("ended_at > started_at", name="ended"),
        CheckConstraint("btrim(reason) <> ''", name="reason"),
        Index(
            "uq_emergency_area_id_running", "area_id", unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    """The township or one of its communities."""
    reason: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    started_by: Mapped[str] = mapped_column(Text)
    until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When it ends by itself."""
    holds_ordinary: Mapped[bool] = mapped_column(Boolean)
    """The clocks of ordinary cases stand still meanwhile."""
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_by: Mapped[str | None] = mapped_column(Text)


class Duty(Imported, Base):
    """Who answers for a micro-grid (a building, a yard) of a grid in an emergency, and when."""

    __tablename__ = "duty"
    __table_args__ = (
        CheckConstraint("NOT isempty(during)", name="during"),
        Index("ix_duty_township_id_grid_code", "township_id", "grid_code"),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    grid_code: Mapped[str] = mapped_column(Text)
    micro_grid: Mapped[str] = mapped_column(Text)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    during: Mapped[Range[Any]] = mapped_column(TSTZRANGE)


class OpenProblem(Imported, Base):
    """A problem that cannot be solved now: tracked, supervised, looked at again."""

    __tablename__ = "open_problem"
    __table_args__ = (
        UniqueConstraint("township_id", "code"),
        CheckConstraint("solved_on >= opened_on", name="solved"),
        CheckConstraint("(solved_on IS NULL) = (review_on IS NOT NULL)", name="review"),
        Index("ix_open_problem_review_on", "township_id", "review_on"),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    code: Mapped[Code] = mapped_column()
    title: Mapped[str] = mapped_column(Text)
    community_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("event_case.id"))
    """The case it grew out of."""
    supervisor: Mapped[str] = mapped_column(Text)
    """Log-in name or post of the one who watches over it."""
    opened_on: Mapped[date] = mapped_column(Date)
    review_on: Mapped[date | None] = mapped_column(Date)
    solved_on: Mapped[date | None] = mapped_column(Date)


class ProblemReview(Base):
    """One look at an old problem; never changed."""

    __tablename__ = "problem_review"
    __table_args__ = (Index("ix_problem_review_problem_id", "problem_id"),)

    id: Mapped[Id]
    problem_id: Mapped[int] = mapped_column(ForeignKey("open_problem.id"))
    reviewed_on: Mapped[date] = mapped_column(Date)
    by: Mapped[str] = mapped_column(Text)
    finding: Mapped[str] = mapped_column(Text)
    next_on: Mapped[date | None] = mapped_column(Date)
    """Null: solved."""


class Notice(Base):
    """A call to a level of an area: an emergency, a turned clock, a review that is due."""

    __tablename__ = "notice"
    __table_args__ = (
        CheckConstraint("kind IN ('call', 'warning', 'review')", name="kind"),
        UniqueConstraint("key"),
        Index("ix_notice_township_id_open", "township_id", postgresql_where=text("seen_at IS NULL")),
        Index("ix_notice_problem_id", "problem_id", "account_id"),
    )  # fmt: skip

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    kind: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(Text)
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    """The township, or the community whose level or section is called; null: it was not known."""
    case_id: Mapped[int | None] = mapped_column(ForeignKey("event_case.id"))
    problem_id: Mapped[int | None] = mapped_column(ForeignKey("open_problem.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    """The supervisor who is reminded; null: the level is."""
    key: Mapped[str] = mapped_column(Text)
    """What it is about, so that nobody is told twice."""
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    seen_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    seen_by: Mapped[str | None] = mapped_column(Text)
