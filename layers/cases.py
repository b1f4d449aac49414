"""Cases on a map: the place of one with the grids that may have it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from layers.areas import Extent

STYLES = ("vendor/leaflet/leaflet.css", "css/case.css")
BOARD_STYLES = ("vendor/leaflet/leaflet.css", "css/app.css", "css/map.css", "css/board.css")
AROUND = 0.0012
"""Degrees around a spot without a grid, about 100 m."""


def grids(session: Session, plan_id: int, codes: Sequence[str]) -> list[dict[str, Any]]:
    """Grids of a plan with their polygons (EPSG:4326), in the order of ``codes``."""
    rows = session.execute(text(_GRIDS), {"plan": plan_id, "codes": list(codes)}).all()
    found = {
        row.code: {"code": row.code, "name": row.name, "geometry": json.loads(row.geom)}
        for row in rows
    }
    return [found[code] for code in codes if code in found]


def extent(shapes: Sequence[dict[str, Any]], lon: float | None, lat: float | None) -> Extent | None:
    """The box around grids and a spot; None where there is neither."""
    at = [
        point
        for shape in shapes
        for polygon in shape["geometry"]["coordinates"]
        for ring in polygon
        for point in ring
    ]
    if lon is not None and lat is not None:
        at += [[lon - AROUND, lat - AROUND], [lon + AROUND, lat + AROUND]]
    if not at:
        return None
    lons, lats = [p[0] for p in at], [p[1] for p in at]
    return Extent(min(lons), min(lats), max(lons), max(lats))


_GRIDS = """
SELECT code, name, ST_AsGeoJSON(ST_Multi(geom), 6) AS geom FROM grid
WHERE plan_id = :plan AND code = ANY(:codes)
"""
