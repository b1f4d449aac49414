"""What the address search looks in: streets, keys of houses, and the alias book."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from gisgrid.db.tables.base import Base, Id, geometry


class AddressStreet(Base):
    """A street, village or compound as the addresses of the register name it."""

    __tablename__ = "address_street"
    __table_args__ = (UniqueConstraint("township_id", "name"),)

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    name: Mapped[str] = mapped_column(Text)


class AddressName(Base):
    """A name that stands above streets in addresses of the register: a district, a community, a postcode."""

    __tablename__ = "address_name"

    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"), primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    """In one form of writing."""


class AddressKey(Base):
    """A house's address in one form of writing; made by ``gisgrid.locate.addresses.gazetteer``."""

    __tablename__ = "address_key"
    __table_args__ = (Index("ix_address_key_street_id_number", "street_id", "number"),)

    house_id: Mapped[int] = mapped_column(
        ForeignKey("house.id", ondelete="CASCADE"), primary_key=True
    )
    street_id: Mapped[int] = mapped_column(BigInteger)
    """No foreign key: it would be looked up once a row of a million, and one function writes both."""
    number: Mapped[str] = mapped_column(Text(collation="C"))
    """The ladder below the street; byte order, so that what begins alike stands together."""
    low: Mapped[int | None] = mapped_column(Integer)
    high: Mapped[int | None] = mapped_column(Integer)
    """Ends of a range of house numbers."""
    upper: Mapped[str] = mapped_column(Text)
    """Names above the street, blanks between them."""
    source: Mapped[int] = mapped_column(BigInteger)
    """Hash of what the key was made from; another one now means that the key is out of date."""


class Alias(Base):
    """What people call a place, and the house or spot they mean."""

    __tablename__ = "alias"
    __table_args__ = (
        UniqueConstraint("township_id", "key"),
        CheckConstraint("(house_id IS NULL) <> (geom IS NULL)", name="one_place"),
        Index(
            "ix_alias_grams",
            "grams",
            postgresql_using="gin",
            postgresql_ops={"grams": "gin_trgm_ops"},
        ),
    )

    id: Mapped[Id]
    township_id: Mapped[int] = mapped_column(ForeignKey("township.area_id"))
    words: Mapped[str] = mapped_column(Text)
    """As they were given."""
    key: Mapped[str] = mapped_column(Text)
    """In one form of writing."""
    grams: Mapped[str] = mapped_column(Text)
    """The key with a blank between Chinese characters: trigrams see them one by one."""
    house_id: Mapped[int | None] = mapped_column(
        ForeignKey("house.id", ondelete="CASCADE"), index=True
    )
    geom: Mapped[Any | None] = mapped_column(geometry("POINT"))
    personal: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    """The words speak of somebody; the trigger ``mark_personal`` decides."""
    added_by: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
