"""What the worker does by the clock, and when it last did."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, Float, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from gisgrid.db.tables.base import Base


class ClockTask(Base):
    """One kind of upkeep in its last run."""

    __tablename__ = "clock_task"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    ran_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    took_s: Mapped[float] = mapped_column(Float)
    done: Mapped[int] = mapped_column(Integer)
    """How much there was to do."""
    worked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """The last run in which there was something."""
