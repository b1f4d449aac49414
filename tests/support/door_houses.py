"""Houses that stand where their grid is, and forms of houses that the register lacks."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core import plans
from gisgrid.locate.addresses.gazetteer import index_addresses
from tests.support.door import GRID, Door, one_known, token
from tests.support.web import Town

IN_THE_GRID = """
UPDATE house h SET geom = ST_Translate(ST_PointOnSurface(g.geom), h.id * 0.0001, 0), location_status = 'ok'
FROM grid g WHERE g.code = :g AND h.id IN (1, 3)
"""


def stand(session: Session) -> Town:
    """Houses 1 and 3 stand where their grid is."""
    town = one_known(session)
    session.execute(text(IN_THE_GRID), {"g": GRID})
    index_addresses(session, plans.township(session).id)
    return town


def spot(door: Door, grid: str = GRID) -> dict[str, str]:
    """A place in a grid where no house stands."""
    lon, lat = door.one(
        "SELECT ARRAY[ST_X(p), ST_Y(p)] FROM (SELECT ST_PointOnSurface(ST_Difference(g.geom, "
        "coalesce((SELECT ST_Buffer(ST_Collect(h.geom), 0.0005) FROM house h), ST_GeomFromText('POINT EMPTY', 4326)))) "
        "AS p FROM grid g WHERE g.code = :g ORDER BY g.plan_id LIMIT 1) at",
        g=grid,
    )
    return {"lon": f"{lon:.7f}", "lat": f"{lat:.7f}"}


def add(door: Door, who: str = "worker", grid: str = GRID, **said: Any) -> Any:
    client = door.people[who]
    data = {"client_id": uuid4().hex, "datum": "wgs84", "csrf_token": token(client), **said}
    return client.post(f"/register/grid/{grid}/new-house", data=data, follow_redirects=True)
