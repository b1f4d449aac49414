"""Whose ground is this? The township in which a place lies."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.places import check_place
from gisgrid.core.plans import TownshipInfo, townships


def township_at(
    session: Session, lon: float, lat: float, *, own: int | None = None
) -> TownshipInfo | None:
    """The township whose boundary covers a place (EPSG:4326); on it is inside. None: nobody's.

    Parameters
    ----------
    own
        Row number of the township that has it where it lies on the border of several; else the one with
        the lowest code.

    Raises
    ------
    Invalid
        No longitude and latitude.
    """
    check_place(lon, lat)
    found = session.scalar(text(_COVERING), {"lon": lon, "lat": lat, "own": own})
    return next((place for place in townships(session) if place.id == found), None)


def spot_of(session: Session, plan_id: int, code: str) -> tuple[float, float] | None:
    """A place (longitude, latitude) within a grid of a plan, as far inside as is quickly found; None: no such grid."""
    row = session.execute(text(_SPOT), {"plan": plan_id, "code": code}).one_or_none()
    return None if row is None else (row.lon, row.lat)


_SPOT = """
SELECT ST_X(at) AS lon, ST_Y(at) AS lat
FROM grid g, ST_PointOnSurface(g.geom) AS at WHERE g.plan_id = :plan AND g.code = :code
"""

_COVERING = """
SELECT t.area_id FROM township t JOIN area a ON a.id = t.area_id
WHERE ST_Covers(a.geom, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326))
ORDER BY t.area_id IS NOT DISTINCT FROM CAST(:own AS bigint) DESC, a.code COLLATE "C" LIMIT 1
"""
