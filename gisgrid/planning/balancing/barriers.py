"""Lines that nobody walks across: rivers, railways, walls, from a file or from the streets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core import crs
from gisgrid.core.arrays import Geometries
from gisgrid.core.errors import Invalid, NotFound
from gisgrid.core.plans import TownshipInfo
from gisgrid.files.frames import GEOMETRY
from gisgrid.files.vectors import describe

_CHUNK = 100_000


def barriers_in(
    path: Path, srid: int, *, layer: str | None = None, declared: str | None = None
) -> Geometries:
    """The lines of a vector file in the metric CRS ``srid``; of a polygon its outline.

    Parameters
    ----------
    declared
        CRS or datum of the file, where it carries none or a wrong one.

    Raises
    ------
    UndeclaredCrs
        Neither the file nor the caller says in which coordinates it is.
    NotFound, Invalid
        GDAL cannot read the file, it has no such layer, or it holds no line and no polygon.
    """
    if not path.exists():
        raise NotFound("There is no file {file}.", file=path.name)
    found = describe(path, layer, None)
    west, south, east, north = found.bounds or (0.0, 0.0, 0.0, 0.0)
    known = crs.declare(declared, found.crs, [west, east], [south, north])
    shapes: list[object] = []
    if found.source.has_geometry:
        for chunk in found.source.chunks(_CHUNK):
            shapes.extend(chunk[GEOMETRY])
    whole: Geometries = np.empty(len(shapes), dtype=object)
    whole[:] = shapes
    whole = whole[~shapely.is_missing(whole) & ~shapely.is_empty(whole)]
    lines = shapely.get_parts(whole)
    areas = shapely.get_dimensions(lines) == 2
    lines[areas] = shapely.boundary(lines[areas])
    lines = lines[shapely.get_dimensions(lines) == 1]
    if not len(lines):
        raise Invalid(
            "{path} holds no line and no polygon that could be a barrier.", path=path.name
        )
    return crs.to_metric(crs.geometries_to_lonlat(lines, known), srid)


def street_barriers(session: Session, place: TownshipInfo, names: Sequence[str]) -> Geometries:
    """The streets of these names or codes, in the township's metric CRS.

    Raises
    ------
    NotFound
        A name or code that no street has.
    """
    rows = session.execute(
        text(
            "SELECT code, name, ST_AsBinary(geom) AS geom FROM street "
            "WHERE township_id = :t AND (name = ANY(:names) OR code = ANY(:names)) ORDER BY code"
        ),
        {"t": place.id, "names": list(names)},
    ).all()
    known = {r.name for r in rows} | {r.code for r in rows}
    if unknown := sorted(set(names) - known):
        raise NotFound("There is no street {unknown!r}.", unknown=unknown[0])
    shapes: Geometries = np.empty(len(rows), dtype=object)
    shapes[:] = shapely.from_wkb([bytes(r.geom) for r in rows])
    return crs.to_metric(shapes, place.metric_srid)
