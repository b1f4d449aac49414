"""What all mapped classes share: names of constraints, geometry types, lineage."""

from __future__ import annotations

from typing import Annotated, Any

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, ForeignKey, Identity, Index, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SRID = 4326

Id = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
# Codes and keys are strings, always: leading zeros and 18 digits survive nothing else.
Code = Annotated[str, mapped_column(Text)]


class Base(DeclarativeBase):
    """Declarative base; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Imported:
    """Rows that point at the import run they last came from."""

    run_id: Mapped[int | None] = mapped_column(ForeignKey("import_run.id"))


def geometry(kind: str) -> Any:
    """Column type of one typed geometry in EPSG:4326, longitude first, without its own index."""
    # GeoAlchemy2 would make an index that Alembic then makes again; each table names its own.
    return Geometry(kind, srid=SRID, spatial_index=False)


def gist(name: str, column: str) -> Index:
    return Index(name, column, postgresql_using="gist")
