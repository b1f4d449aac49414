"""A column of text that holds geometries: WKT, WKB in hexadecimal, or GeoJSON, as programs export them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from gisgrid.core.heavy import pandas as pd
from gisgrid.files.frames import GEOMETRY, NO_GEOMETRY, RING_CLOSED, Cells, marked
from gisgrid.files.words import clean, plain

HEADERS = frozenset(
    (
        "wkt", "wkb", "ewkt", "ewkb", "geom", "thegeom", "geometry", "shape", "geojson", "wktgeom", "geomwkt",
        "wkbgeometry", "geomwkb", "wktgeometry", "几何", "图形", "空间数据", "空间坐标", "边界", "坐标串",
    )
)  # fmt: skip
"""Headers that may mean one; what stands in the cells decides."""
LOOKED_AT = 50
_SRID = re.compile(r"\s*SRID\s*=\s*(\d+)\s*;\s*", re.IGNORECASE)
_WKT = re.compile(
    r"\s*(?:MULTI)?(?:POINT|LINESTRING|POLYGON|CURVE|SURFACE)\b|\s*GEOMETRYCOLLECTION\b|\s*CURVEPOLYGON\b",
    re.IGNORECASE,
)
_HEX = re.compile(r"0[01][0-9A-Fa-f]{16,}")


@dataclass(frozen=True, slots=True)
class Found:
    """The column, and the CRS that its texts name; None: they name none."""

    column: str
    crs: str | None
    bounds: tuple[float, float, float, float] | None
    """Of the first rows."""


@dataclass(frozen=True, slots=True)
class GeometryTexts:
    """Rows of a table with the geometries of one of its columns."""

    source: object
    column: str

    def chunks(self, rows: int) -> Iterator[pd.DataFrame]:
        for chunk in self.source.chunks(rows):  # type: ignore[attr-defined]
            geometries, closed, unreadable = read(chunk[self.column].to_numpy())
            marks = {}
            for name, mask in ((RING_CLOSED, closed), (NO_GEOMETRY, unreadable)):
                if mask.any():
                    marks[name] = marked(mask)
            yield chunk.assign(**{GEOMETRY: geometries, **marks})


def may_hold(columns: Sequence[str]) -> bool:
    """Whether a header says that its column may hold geometries."""
    return any(plain(column) in HEADERS for column in columns)


def find(columns: Sequence[str], first: pd.DataFrame | None) -> Found | None:
    """The column of a table that holds geometries, by its header and its first cells."""
    if first is None:
        return None
    for column in columns:
        if plain(column) not in HEADERS:
            continue
        cells = [c for c in first[column].tolist() if c][:LOOKED_AT]
        geometries, _, unreadable = read(np.array(cells, dtype=object))
        if not len(cells) or unreadable.mean() > 0.5:
            continue
        good = [c for c, bad in zip(cells, unreadable.tolist(), strict=True) if not bad]
        srids = {m[1] if (m := _SRID.match(c)) else None for c in good}
        srid = srids.pop() if len(srids) == 1 else None
        bounds = shapely.total_bounds(geometries)
        west, south, east, north = map(float, bounds)
        return Found(
            column,
            f"EPSG:{srid}" if srid else None,
            (west, south, east, north) if np.isfinite(bounds).all() else None,
        )
    return None


def read(cells: Cells) -> tuple[Cells, np.ndarray, np.ndarray]:
    """Geometries of texts, None for empty ones; whose ring was closed, and which cannot be read."""
    found = np.full(len(cells), None, dtype=object)
    closed, unreadable = (np.zeros(len(cells), dtype=bool) for _ in range(2))
    for i, cell in enumerate(cells.tolist()):
        text = clean(cell) if cell else ""
        if not text:
            continue
        found[i], closed[i] = _one(text)
        unreadable[i] = found[i] is None
    return found, closed, unreadable


def _one(text: str) -> tuple[shapely.Geometry | None, bool]:
    text = _SRID.sub("", text, count=1)
    if _WKT.match(text):
        make = shapely.from_wkt
    elif _HEX.fullmatch(text):
        make = shapely.from_wkb
    elif text.startswith("{"):
        make = shapely.from_geojson
    else:
        return None, False
    geometry = make(text, on_invalid="ignore")
    closed = False
    if geometry is None and make is not shapely.from_geojson:
        geometry = make(text, on_invalid="fix")
        closed = geometry is not None
    return (None if geometry is None else shapely.force_2d(geometry)), closed
