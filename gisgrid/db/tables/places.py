"""The tree of areas, the settings of a township, and its streets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
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
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from gisgrid.db.tables.base import Base, Code, Id, Imported, geometry, gist

LEVELS = ("county", "township", "community")
GRID_RULES = ("hole", "overlay")
CODE_SCHEMES = ("gb", "free")


class Area(Imported, Base):
    """County, township or community."""

    __tablename__ = "area"
    __table_args__ = (
        CheckConstraint("level IN ('county', 'township', 'community')", name="level"),
        CheckConstraint("(level = 'county') = (parent_id IS NULL)", name="root"),
        # Codes of communities may be a township's own, 1 to 77; those above them, and those of twelve
        # digits that the whole country shares, are there once.
        UniqueConstraint("parent_id", "code"),
        Index(
            "uq_area_code_above",
            "code",
            unique=True,
            postgresql_where=text("level <> 'community'"),
        ),
        Index(
            "uq_area_code_nationwide",
            "code",
            unique=True,
            postgresql_where=text("code ~ '^[0-9]{12}$'"),
        ),
        gist("ix_area_geom", "geom"),
    )

    id: Mapped[Id]
    code: Mapped[Code] = mapped_column()
    level: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str | None] = mapped_column(Text)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    geom: Mapped[Any | None] = mapped_column(geometry("MULTIPOLYGON"))
    derived: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """No polygon of its own was delivered: the union of its children."""


class Township(Imported, Base):
    """Settings of one township: what differs from place to place is here, not in code."""

    __tablename__ = "township"
    __table_args__ = (
        CheckConstraint("grid_rule IN ('hole', 'overlay')", name="grid_rule"),
        CheckConstraint("code_scheme IN ('gb', 'free')", name="code_scheme"),
        CheckConstraint("near_border_m >= 0", name="near_border"),
        CheckConstraint("public_minimum >= 0", name="public_minimum"),
        CheckConstraint("register_rule IN ('at_once', 'check')", name="register_rule"),
    )

    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), primary_key=True)
    metric_srid: Mapped[int] = mapped_column(Integer)
    """EPSG code of the one metric CRS in which this township is measured."""
    time_zone: Mapped[str] = mapped_column(Text, server_default="Asia/Shanghai")
    grid_rule: Mapped[str] = mapped_column(Text, server_default="hole")
    """``hole``: exclusive grids cut holes in basic ones; ``overlay``: they lie over them."""
    code_scheme: Mapped[str] = mapped_column(Text, server_default="free")
    """``gb``: 12-digit areas, 15-digit unit grids, 20-digit professional grids; ``free``: any."""
    register_rule: Mapped[str] = mapped_column(Text, server_default="check")
    """What a worker enters at the door counts ``at_once``, or waits for the clerk's ``check``."""
    near_border_m: Mapped[float] = mapped_column(Float, server_default="5")
    sizes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """Per kind of grid: ``{"basic": {"residents": [min, target, max]}}``."""
    limits: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """Thresholds of the checks that differ from `gisgrid.core.limits.Limits`."""
    public_minimum: Mapped[int] = mapped_column(Integer, server_default=text("5"))
    """Smaller counts of people and events are hidden from who has no right to exact ones."""
    masking: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """Characters kept at both ends, where they are not the usual ones: ``{"phone": [3, 4]}``."""
    keeping: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """Days that personal data is kept, where they differ from `gisgrid.core.retention_periods.Keeping`."""


class SettingChange(Base):
    """One setting of a township that was changed, with who did it; written by the trigger ``keep_settings``."""

    __tablename__ = "setting_change"

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(
        ForeignKey("township.area_id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(Text)
    """As ``gisgrid township --set`` writes it: ``limits.walk_m``."""
    was: Mapped[str | None] = mapped_column(Text)
    """Null: it was the usual one."""
    became: Mapped[str | None] = mapped_column(Text)
    who: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Street(Imported, Base):
    """A street's centre line: drawn on the map, walked along, snapped to."""

    __tablename__ = "street"
    __table_args__ = (
        UniqueConstraint("township_id", "code"),
        gist("ix_street_geom", "geom"),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    code: Mapped[Code] = mapped_column()
    name: Mapped[str] = mapped_column(Text)
    geom: Mapped[Any] = mapped_column(geometry("MULTILINESTRING"))


class Parcel(Imported, Base):
    """A piece of land as the cadastre has it: borders of grids may be snapped to its border."""

    __tablename__ = "parcel"
    __table_args__ = (
        UniqueConstraint("township_id", "code"),
        gist("ix_parcel_geom", "geom"),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    code: Mapped[Code] = mapped_column()
    geom: Mapped[Any] = mapped_column(geometry("MULTIPOLYGON"))
