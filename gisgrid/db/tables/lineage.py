"""Where rows came from and what they were before."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, DateTime, ForeignKey, Index, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gisgrid.db.tables.base import Base, Id


class ImportRun(Base):
    """One committed load of one file."""

    __tablename__ = "import_run"

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(Text)
    township: Mapped[str | None] = mapped_column(Text)
    """Code of the township; no reference, so that the record outlives the thing."""
    file_name: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(Text)
    crs: Mapped[str | None] = mapped_column(Text)
    encoding: Mapped[str | None] = mapped_column(Text)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    decided: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """How the file was read: encoding, layer, header row, order of dates and the like."""
    who: Mapped[str] = mapped_column(Text)
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("import_run.id"), unique=True)
    """The run that this one took back."""
    reversible: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """History says which rows the run changed; false for runs older than that."""
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class History(Base):
    """The row as it was before a change; written by the trigger ``keep_history`` and by it alone."""

    __tablename__ = "history"
    __table_args__ = (
        Index("ix_history_table_name_row_id", "table_name", "row_id"),
        Index("ix_history_run_id", "run_id", postgresql_where=text("run_id IS NOT NULL")),
        Index(
            "ix_history_no_event",
            "id",
            postgresql_where=text("table_name NOT IN ('event', 'event_grid')"),
        ),
    )

    id: Mapped[Id]
    table_name: Mapped[str] = mapped_column(Text)
    row_id: Mapped[int] = mapped_column(BigInteger)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    action: Mapped[str] = mapped_column(Text)
    old: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """As JSON; a geometry as GeoJSON and, which loses no digit, as EWKB in ``geom_ewkb``."""
    run_id: Mapped[int | None] = mapped_column(BigInteger)
    """The load in which it happened; no reference, since a load that changes no row of a file is none."""
