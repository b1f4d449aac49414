"""How events are handled: flows, cases, their log and clocks, and the calendars these are counted on."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gisgrid.db.tables.base import Base, Id

FLOW_KINDS = ("normal", "emergency", "imported")
PHASES = ("report", "file", "assign", "handle", "check", "done", "hold")
MEANINGS = (
    "report", "file", "refuse", "assign", "begin", "handle", "return", "transfer", "escalate",
    "suspend", "resume", "close", "merge", "withdraw", "reopen", "rate", "note", "move",
    "change_flow", "recategorise", "separate",
)  # fmt: skip
"""What a step is to the figures, whatever a flow calls it."""
NEEDS = (
    "reason",
    "note",
    "owner",
    "level",
    "into",
    "rating",
    "flow",
    "photo",
    "photo_if_asked",
    "matter",
)
"""What a step may require; ``photo_if_asked``: where the matter's closing asks for one."""
STEP_ROLES = (
    "township_government", "section_cadre", "community_clerk", "grid_leader", "grid_worker",
    "sinking_force", "social_force", "resident", "dispatcher", "coordinator", "system",
)  # fmt: skip
LEVELS = ("residents", "grid", "community", "section", "township")
"""The five levels, lowest first; a case is escalated upwards."""


class CalendarYear(Base):
    """The office hours of each day of one year."""

    __tablename__ = "calendar_year"
    __table_args__ = (
        UniqueConstraint("township_id", "year"),
        CheckConstraint("day_rule IN ('share', 'end')", name="day_rule"),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    year: Mapped[int] = mapped_column(Integer)
    hours: Mapped[list[Any]] = mapped_column(JSONB)
    """One entry a day: ``[[480, 720], …]`` in minutes after midnight; empty: a day off."""
    names: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    day_rule: Mapped[str] = mapped_column(Text, server_default="share")
    digest: Mapped[str] = mapped_column(Text)
    """Of all of it: equal digests, equal years."""
    counted: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    """The clocks that run were counted anew since it changed; else the worker does it."""


class FlowVersion(Base):
    """One version of a flow; it never changes, and running cases keep theirs."""

    __tablename__ = "flow"
    __table_args__ = (
        UniqueConstraint("township_id", "kind", "version"),
        CheckConstraint("kind IN ('normal', 'emergency', 'imported')", name="kind"),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    kind: Mapped[str] = mapped_column(Text)
    version: Mapped[str] = mapped_column(Text)
    deadline: Mapped[str] = mapped_column(Text)
    """The clock that decides whether a case was closed in time."""
    source: Mapped[str] = mapped_column(Text)
    """The file as it was loaded."""
    loaded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class FlowState(Base):
    """One state of a flow."""

    __tablename__ = "flow_state"

    flow_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("flow.id"), primary_key=True)
    state: Mapped[str] = mapped_column(Text, primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger)
    phase: Mapped[str] = mapped_column(Text)
    open: Mapped[bool] = mapped_column(Boolean)


class FlowStep(Base):
    """One legal step from one state; the trigger ``take_case_step`` allows no other."""

    __tablename__ = "flow_step"

    flow_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("flow.id"), primary_key=True)
    step: Mapped[str] = mapped_column(Text, primary_key=True)
    from_state: Mapped[str] = mapped_column(Text, primary_key=True)
    """Empty: the beginning of a case."""
    to_state: Mapped[str] = mapped_column(Text)
    """A state, or ``same``, ``back``, ``like``."""
    means: Mapped[str] = mapped_column(Text)
    who: Mapped[list[str]] = mapped_column(ARRAY(Text))
    needs: Mapped[list[str]] = mapped_column(ARRAY(Text))
    not_handler: Mapped[bool] = mapped_column(Boolean)


class Owned:
    """Who has a case: a grid's team, an office, or one person of the staff."""

    level: Mapped[str | None] = mapped_column(Text)
    grid_code: Mapped[str | None] = mapped_column(Text)
    office: Mapped[str | None] = mapped_column(Text)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class Case(Owned, Base):
    """The handling of one event. All but its ticket is the last word of its log, kept by a trigger."""

    __tablename__ = "event_case"
    __table_args__ = (
        UniqueConstraint("event_id"),
        UniqueConstraint("ticket"),
        CheckConstraint(
            "level IN ('residents', 'grid', 'community', 'section', 'township')", name="level"
        ),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        Index("ix_event_case_township_id_open", "township_id", postgresql_where=text("open")),
        Index("ix_event_case_staff_id", "staff_id", postgresql_where=text("open")),
        Index(
            "ix_event_case_township_id_grid_code", "township_id", "grid_code",
            postgresql_where=text("open"),
        ),
        Index("ix_event_case_level", "level", postgresql_where=text("open")),
        Index(
            "ix_event_case_nobody", "township_id", "flow_id",
            postgresql_where=text(
                "open AND grid_code IS NULL AND staff_id IS NULL AND office IS NULL"
            ),
        ),
        Index("ix_event_case_merged_into_id", "merged_into_id"),
    )  # fmt: skip

    id: Mapped[Id]
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    ticket: Mapped[str] = mapped_column(Text)
    """The code by which whoever reported follows the case without an account."""
    flow_id: Mapped[int] = mapped_column(ForeignKey("flow.id"))
    state: Mapped[str] = mapped_column(Text, server_default="")
    open: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    seq: Mapped[int] = mapped_column(Integer, server_default="0")
    """Number of the last step: whoever takes the next says it, so that two cannot both."""
    back_state: Mapped[str | None] = mapped_column(Text)
    """Where a suspended case goes on."""
    opened_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    changed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("event_case.id"))
    rating: Mapped[int | None] = mapped_column(SmallInteger)


class CaseStep(Owned, Base):
    """One line of a case's log; never changed and never deleted."""

    __tablename__ = "case_step"
    __table_args__ = (
        UniqueConstraint("case_id", "seq"),
        UniqueConstraint("client_id"),
        CheckConstraint(
            "level IN ('residents', 'grid', 'community', 'section', 'township')", name="level"
        ),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        Index("ix_case_step_at", "at"),
    )

    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("event_case.id"))
    seq: Mapped[int] = mapped_column(Integer)
    step: Mapped[str] = mapped_column(Text)
    means: Mapped[str] = mapped_column(Text, server_default="")
    from_state: Mapped[str] = mapped_column(Text, server_default="")
    to_state: Mapped[str] = mapped_column(Text, server_default="")
    """These three are the flow's; the trigger writes them."""
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    actor: Mapped[str] = mapped_column(Text)
    """Log-in name of whoever took the step, or the source of an import."""
    role: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    into_id: Mapped[int | None] = mapped_column(ForeignKey("event_case.id"))
    rating: Mapped[int | None] = mapped_column(SmallInteger)
    flow_id: Mapped[int | None] = mapped_column(ForeignKey("flow.id"))
    client_id: Mapped[str | None] = mapped_column(Text)
    """The phone's own key of the step: sent twice, taken once."""
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))


class DayFigure(Base):
    """What the settled cases of one day of report say under a plan, of one of its units.

    A day is counted when it has a row of the unit ``township``; what is open is never in it.
    """

    __tablename__ = "day_figure"
    __table_args__ = (
        CheckConstraint(
            "unit IN ('township', 'community', 'grid', 'matter', 'source')", name="unit"
        ),
        Index(
            "ix_day_figure_township_id_plan_id_unit_day", "township_id", "plan_id", "unit", "day"
        ),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id", ondelete="CASCADE"))
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"))
    day: Mapped[date] = mapped_column(Date)
    unit: Mapped[str] = mapped_column(Text)
    ref: Mapped[int | None] = mapped_column(BigInteger)
    """Number of the community, grid or matter; null: in none."""
    source: Mapped[str | None] = mapped_column(Text)
    received: Mapped[int] = mapped_column(Integer)
    assigned: Mapped[int] = mapped_column(Integer)
    closed_in_time: Mapped[int] = mapped_column(Integer)
    closed_late: Mapped[int] = mapped_column(Integer)
    closed_no_limit: Mapped[int] = mapped_column(Integer)
    dropped: Mapped[int] = mapped_column(Integer)
    returned: Mapped[int] = mapped_column(Integer)
    reopened: Mapped[int] = mapped_column(Integer)
    rated: Mapped[int] = mapped_column(Integer)
    satisfied: Mapped[int] = mapped_column(Integer)
    right_first: Mapped[int] = mapped_column(Integer)
    closed_assigned: Mapped[int] = mapped_column(Integer)


class StaleDay(Base):
    """A day of report of which something settled has changed since it was counted, or may have."""

    __tablename__ = "stale_day"
    __table_args__ = (Index("ix_stale_day_township_id_day", "township_id", "day"),)

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id", ondelete="CASCADE"))
    day: Mapped[date] = mapped_column(Date)
    xact: Mapped[int] = mapped_column(BigInteger, server_default=text("txid_current()"))
    """Of the transaction that changed it: it marks a day once, and no other's mark is its own."""


class Shortlist(Base):
    """A case that somebody of the office keeps an eye on; everybody has a list of their own."""

    __tablename__ = "shortlist"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True
    )
    case_id: Mapped[int] = mapped_column(
        ForeignKey("event_case.id", ondelete="CASCADE"), primary_key=True
    )
    added_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class CaseClock(Base):
    """One limit of one case, as `gisgrid.cases.clock.Clock`."""

    __tablename__ = "case_clock"
    __table_args__ = (
        Index("ix_case_clock_case_id", "case_id"),
        Index(
            "ix_case_clock_running", "due_at", postgresql_where=text("stopped_at IS NULL")
        ),
        CheckConstraint(
            "colour IN ('green', 'yellow', 'red', 'paused', 'unknown', 'met', 'missed')",
            name="colour",
        ),
    )  # fmt: skip

    id: Mapped[Id]
    case_id: Mapped[int] = mapped_column(ForeignKey("event_case.id"))
    flow_id: Mapped[int] = mapped_column(ForeignKey("flow.id"))
    name: Mapped[str] = mapped_column(Text)
    deadline: Mapped[bool] = mapped_column(Boolean)
    amount: Mapped[float | None] = mapped_column(Float)
    unit: Mapped[str | None] = mapped_column(Text)
    """Null: the due time was delivered and not counted here."""
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    since_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    units: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """So much was left at ``since_at``."""
    due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    yellow_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    paused_by: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'::text[]"))
    stopped_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    colour: Mapped[str] = mapped_column(Text)
    """As of the last judging; a stopped clock's is final."""
