"""Who may see and do what: accounts, appointments, rights of roles, purposes, tokens, the audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from gisgrid.db.tables.base import Base, Id, Imported

ROLES = (
    "county_reviewer",
    "township_government",
    "section_cadre",
    "community_clerk",
    "grid_leader",
    "grid_worker",
    "sinking_force",
    "social_force",
    "resident",
    "dispatcher",
    "planner",
    "coordinator",
    "auditor",
    "administrator",
)
_ROLE = f"role IN ({', '.join(repr(role) for role in ROLES)})"


class Account(Imported, Base):
    """Somebody who can log in; without an appointment they see what the public sees."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("text_size BETWEEN 0 AND 2", name="text_size"),
        CheckConstraint("density IN ('auto', 'desk', 'elder')", name="density"),
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(Text, unique=True)
    """For the log-in; lower case."""
    display_name: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str | None] = mapped_column(Text)
    """Null: nobody can log in with a password yet. There is no default one."""
    has_password: Mapped[bool] = mapped_column(
        Boolean, Computed("password_hash IS NOT NULL", persisted=True)
    )
    """So that who keeps accounts need not read the hash."""
    password_once: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """It was handed out: the person chooses their own before anything else."""
    active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    fs_uniquifier: Mapped[str] = mapped_column(
        Text, unique=True, server_default=text("gen_random_uuid()::text")
    )
    """Sessions name it; a new one ends them all."""
    tf_primary_method: Mapped[str | None] = mapped_column(Text)
    tf_totp_secret: Mapped[str | None] = mapped_column(Text)
    tf_last_counter: Mapped[int | None] = mapped_column(BigInteger)
    """The last code that was good; each is good once."""
    mf_recovery_codes: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default=text("'{}'::text[]")
    )
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    township_id: Mapped[int | None] = mapped_column(
        ForeignKey("township.area_id", ondelete="SET NULL"), index=True
    )
    """Which of the townships where they have posts they chose; null: none, or they have one."""
    text_size: Mapped[int | None] = mapped_column(SmallInteger)
    """Steps above the usual size of text; null: as the device at hand has it."""
    density: Mapped[str | None] = mapped_column(Text)
    """``desk``, ``elder``, or ``auto``: as the device suggests."""
    last_login_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    """The account that made it, which manages it while it has no post yet; null: by the terminal, or a load."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class LogInTry(Base):
    """Wrong tries of a log-in name from somewhere, whether an account bears it or not."""

    __tablename__ = "log_in_try"
    __table_args__ = (Index("ix_log_in_try_name_key", "name_key"),)

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    """SHA-256 of the name, of what was tried, and of the address or device."""
    name_key: Mapped[bytes] = mapped_column(LargeBinary)
    """SHA-256 of the name: people write passwords into that field."""
    failed: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Appointment(Imported, Base):
    """A right is a role times an area times days; this is the role, the area and the days."""

    __tablename__ = "appointment"
    __table_args__ = (
        CheckConstraint(_ROLE, name="role"),
        CheckConstraint("NOT isempty(during)", name="during"),
        CheckConstraint("grid_code IS NULL OR area_id IS NOT NULL", name="grid_in_area"),
        # The same role twice on a day would end only half when one is ended.
        ExcludeConstraint(
            ("account_id", "="),
            ("role", "="),
            (text("coalesce(area_id, 0)"), "="),
            (text("coalesce(grid_code, '')"), "="),
            ("during", "&&"),
            using="gist",
            name="ex_appointment_once",
        ),
        ExcludeConstraint(
            ("area_id", "="),
            ("grid_code", "="),
            ("during", "&&"),
            where=text("role = 'grid_leader'"),
            using="gist",
            name="ex_appointment_one_leader",
        ),
        Index("ix_appointment_account_id", "account_id"),
        Index("ix_appointment_area_id", "area_id"),
    )

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    role: Mapped[str] = mapped_column(Text)
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    """County, township or community; null: everywhere."""
    grid_code: Mapped[str | None] = mapped_column(Text)
    """A grid's lasting code; ``area_id`` is then its township."""
    during: Mapped[Range[Any]] = mapped_column(DATERANGE)


class RoleRight(Base):
    """What a role may; rows, so that a township can decide otherwise."""

    __tablename__ = "role_right"
    __table_args__ = (CheckConstraint(_ROLE, name="role"),)

    role: Mapped[str] = mapped_column(Text, primary_key=True)
    right_name: Mapped[str] = mapped_column(Text, primary_key=True)


class Purpose(Base):
    """What personal data may be opened for."""

    __tablename__ = "purpose"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    zh: Mapped[str] = mapped_column(Text)
    en: Mapped[str] = mapped_column(Text)
    legal_basis: Mapped[str] = mapped_column(Text)


class AccessToken(Base):
    """A program's way in: part of an account's rights, until a day."""

    __tablename__ = "access_token"
    __table_args__ = (UniqueConstraint("account_id", "name"),)

    id: Mapped[Id]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str] = mapped_column(Text)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    """SHA-256; the token itself is shown once and kept nowhere."""
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """Names of rights: the token has those of them that its account has."""
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class AuditEntry(Base):
    """Who opened or did what, why and from where; each row vouches for the one before it."""

    __tablename__ = "audit_entry"
    # Two rows after the same one would be a fork of the chain.
    __table_args__ = (
        UniqueConstraint("prev_hash"),
        Index("ix_audit_entry_account_id", "account_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """1, 2, 3 …, given by the trigger ``chain_audit`` as the hashes are."""
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    account_id: Mapped[int | None] = mapped_column(BigInteger)
    """No reference: the record outlives the account."""
    account_name: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    """The table, or the thing."""
    row_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    purpose: Mapped[str | None] = mapped_column(Text)
    origin: Mapped[str | None] = mapped_column(Text)
    prev_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
