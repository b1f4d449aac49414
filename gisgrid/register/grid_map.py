"""What a small map of a grid shows: its border, the streets and parcels within, and its houses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

MOST_LINES = 2000
"""Streets, or parcels, of one map."""


@dataclass(frozen=True)
class GridMap:
    """Shapes as GeoJSON geometries in EPSG:4326, to about 10 cm."""

    border: dict[str, Any]
    streets: list[dict[str, Any]]
    parcels: list[dict[str, Any]]
    places: dict[int, tuple[float, float]]
    """Longitude and latitude of each located house of the grid, by its number."""


def grid_map(session: Session, plan_id: int, code: str) -> GridMap | None:
    """The map of a grid of a plan; None: it is not in the plan."""
    asked = {"plan": plan_id, "code": code, "most": MOST_LINES}
    border = session.scalar(text(_BORDER), asked)
    if border is None:
        return None
    return GridMap(
        border,
        list(session.scalars(text(_STREETS), asked)),
        list(session.scalars(text(_PARCELS), asked)),
        {row.id: (row.lon, row.lat) for row in session.execute(text(_PLACES), asked)},
    )


_BORDER = """
SELECT CAST(ST_AsGeoJSON(geom, 6) AS jsonb) FROM grid WHERE plan_id = :plan AND code = :code
"""
_STREETS = """
SELECT CAST(ST_AsGeoJSON(s.geom, 6) AS jsonb) FROM grid g JOIN plan p ON p.id = g.plan_id
JOIN street s ON s.township_id = p.township_id AND ST_Intersects(s.geom, g.geom)
WHERE g.plan_id = :plan AND g.code = :code ORDER BY s.code COLLATE "C" LIMIT :most
"""
_PARCELS = """
SELECT CAST(ST_AsGeoJSON(s.geom, 6) AS jsonb) FROM grid g JOIN plan p ON p.id = g.plan_id
JOIN parcel s ON s.township_id = p.township_id AND ST_Intersects(s.geom, g.geom)
WHERE g.plan_id = :plan AND g.code = :code ORDER BY s.code COLLATE "C" LIMIT :most
"""
_PLACES = """
SELECT h.id, round(ST_X(h.geom)::numeric, 6)::float8 AS lon, round(ST_Y(h.geom)::numeric, 6)::float8 AS lat
FROM grid g JOIN grid_of_house a ON a.plan_id = g.plan_id AND a.grid_id = g.id JOIN house h ON h.id = a.house_id
WHERE g.plan_id = :plan AND g.code = :code AND h.location_status = 'ok'
"""
