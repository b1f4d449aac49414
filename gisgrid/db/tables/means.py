"""What centres and communities have to work with: funds, equipment, rooms of the office."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Integer, Numeric, Text, func
from sqlalchemy.dialects.postgresql import DATERANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from gisgrid.db.tables.base import Base, Id

MEANS_KINDS = ("funds", "equipment", "office")


class Means(Base):
    """A grant, some equipment, or rooms, of a township's centre or of one of its communities, for some days."""

    __tablename__ = "means"
    __table_args__ = (
        CheckConstraint("kind IN ('funds', 'equipment', 'office')", name="kind"),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("kind <> 'funds' OR amount IS NOT NULL", name="funds"),
        CheckConstraint("(pieces IS NOT NULL) = (kind = 'equipment') AND pieces > 0", name="pieces"),
        CheckConstraint("floor_m2 IS NULL OR (kind = 'office' AND floor_m2 > 0)", name="floor_m2"),
        CheckConstraint("NOT isempty(during) AND lower(during) IS NOT NULL", name="during"),
        Index("ix_means_township_id", "township_id"),
        Index("ix_means_area_id", "area_id"),
    )  # fmt: skip

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    """Whose: the township itself, whose centre it then is, or one of its communities."""
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    amount: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    """Yuan: what was granted, paid for the equipment, or is paid for the rooms; null: not known."""
    pieces: Mapped[int | None] = mapped_column(Integer)
    """Of equipment; null for all else."""
    floor_m2: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    """Of rooms; null: not known, or no rooms."""
    during: Mapped[Range[date]] = mapped_column(DATERANGE)
    """Days on which it is there."""
    why_ended: Mapped[str | None] = mapped_column(Text)
    """In words, where an end was noted; null: none was."""
    state_number: Mapped[int] = mapped_column(Integer, server_default="1")
    """Counts its changes, so that of two who change it at once the second is told."""
    noted_by: Mapped[str] = mapped_column(Text)
    noted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
