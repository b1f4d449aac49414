"""Whose ground is this? The township in which a place lies."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.places import check_place
from gisgrid.core.plans import Place, townships


def township_at(
    session: Session, lon: float, lat: float, *, own: int | None = None
) -> Place | None:
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


_COVERING = """
SELECT t.area_id FROM township t JOIN area a ON a.id = t.area_id
WHERE ST_Covers(a.geom, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326))
ORDER BY t.area_id IS NOT DISTINCT FROM CAST(:own AS bigint) DESC, a.code COLLATE "C" LIMIT 1
"""
