"""What was computed about a plan for its planners, kept until the data changes."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, DateTime, Float, ForeignKey, Integer, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from gisgrid.db.tables.base import Base


class Study(Base):
    """One kind of answer about a plan on a day: the last one found, and the one at work."""

    __tablename__ = "study"

    plan_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("plan.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    body: Mapped[str | None] = mapped_column(Text)
    """JSON for the map, without personal data; null: none was found yet."""
    fingerprint: Mapped[str | None] = mapped_column(Text)
    """Of the data that ``body`` was made from."""
    made_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    took_s: Mapped[float | None] = mapped_column(Float)
    asked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """Since when a page waits for it; null: none does."""
    asked_by: Mapped[str | None] = mapped_column(Text)
    """Whose page asked last, by the name of the account."""
    step: Mapped[int | None] = mapped_column(Integer)
    """How far the one at work is; kept by short transactions of their own."""
    steps: Mapped[int | None] = mapped_column(Integer)
    doing: Mapped[str | None] = mapped_column(Text)
    told_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    failed: Mapped[str | None] = mapped_column(Text)
    """Why the last try found nothing, packed; null: it did not fail."""
    failed_fingerprint: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    """How often a worker has begun what a page waits for."""
