"""Staff and the 1+N teams bound to a grid's lasting code."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from gisgrid.db.tables.base import Base, Code, Id, Imported

ROLES = ("leader", "worker", "sinking_force", "social_force")


class Staff(Imported, Base):
    """A person who works for the grids of a township."""

    __tablename__ = "staff"
    __table_args__ = (UniqueConstraint("township_id", "code"),)

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    code: Mapped[Code] = mapped_column()
    name: Mapped[str] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text)
    body: Mapped[str | None] = mapped_column(Text)
    """The body that sends the person: police station, clinic, volunteers."""


class TeamMember(Imported, Base):
    """One person's part in the team of one grid, for a span of days."""

    __tablename__ = "team_member"
    __table_args__ = (
        CheckConstraint(
            "role IN ('leader', 'worker', 'sinking_force', 'social_force')", name="role"
        ),
        CheckConstraint("NOT isempty(during)", name="during"),
        ExcludeConstraint(
            ("township_id", "="),
            ("grid_code", "="),
            ("during", "&&"),
            where=text("role = 'leader'"),
            using="gist",
            name="ex_team_member_one_leader",
        ),
        ExcludeConstraint(
            ("staff_id", "="),
            ("grid_code", "="),
            ("role", "="),
            ("during", "&&"),
            using="gist",
            name="ex_team_member_once",
        ),
        Index("ix_team_member_township_id_grid_code", "township_id", "grid_code"),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    grid_code: Mapped[Code] = mapped_column()
    role: Mapped[str] = mapped_column(Text)
    during: Mapped[Range[Any]] = mapped_column(DATERANGE)
