"""Which grids, houses and spots go by these letters?"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid
from gisgrid.core.scope import HOUSE_SEEN
from gisgrid.locate.addresses.search import AddressCandidate, search
from gisgrid.locate.lookup import typed_points
from gisgrid.planning.overview.successors import retired


@dataclass(frozen=True)
class Hit:
    """A grid (``code`` names it), a house (``id`` names it) or a spot of the alias book."""

    kind: str
    id: int | None
    code: str | None
    label: str
    grid_code: str | None
    lon: float
    lat: float
    """EPSG:4326: a point to go to."""


def find(session: Session, plan_id: int, wanted: str, *, limit: int = 10) -> list[Hit]:
    """Grids whose code or name holds the text, then houses and spots that it may mean.

    A code that an earlier plan had is found too, where that plan had it.

    Houses are found by their code and by the address search, slips and aliases included; where that
    knows nothing, by the letters of their addresses. They are those that the transaction's account
    may see. An empty text finds nothing. Coordinates are a spot, alone.
    """
    wanted = wanted.strip()
    if not wanted:
        return []
    # % and _ are letters of an address, not wild cards.
    pattern = "%" + wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    township_id = session.scalar(
        text("SELECT township_id FROM plan WHERE id = :plan"), {"plan": plan_id}
    )
    values = {
        "plan": plan_id, "t": township_id, "exact": wanted, "pattern": pattern, "limit": limit,
    }  # fmt: skip
    points = _points(session, plan_id, wanted)
    if points:
        return points
    grids = [Hit(**row) for row in session.execute(_GRIDS, values).mappings()]
    if not grids:
        gone = session.execute(_RETIRED, values).mappings()
        grids = [Hit(**row) for row in gone if retired(session, plan_id, wanted)]
    meant = _meant(session, township_id, wanted, limit) if township_id is not None else ()
    ids = [c.house_id for c in meant if c.house_id is not None]
    rows = session.execute(_HOUSES, {**values, "ids": ids}).mappings().all()
    spots = [
        Hit("spot", None, None, c.address, None, c.lon, c.lat)
        for c in meant
        if c.house_id is None and c.lon is not None and c.lat is not None
    ]
    if not rows and not spots:
        rows = session.execute(_LETTERS, values).mappings().all()
    return [*grids, *spots, *(Hit(**row) for row in rows)][:limit]


def _points(session: Session, plan_id: int, wanted: str) -> list[Hit]:
    """A pasted point, as a spot with its grid; of two readings that which lies in one, else both."""
    hits = []
    for lon, lat in typed_points(wanted):
        if abs(lon) > 180 or abs(lat) > 90:
            continue
        code = session.scalar(_COVERING, {"plan": plan_id, "lon": lon, "lat": lat})
        hits.append(Hit("spot", None, None, f"{lon:.6f}, {lat:.6f}", code, lon, lat))
    return [hit for hit in hits if hit.grid_code] or hits


def _meant(
    session: Session, township_id: int, wanted: str, limit: int
) -> tuple[AddressCandidate, ...]:
    try:
        return search(session, township_id, wanted, limit=limit).candidates
    except Invalid:  # nothing in it that an address is made of, or far too long
        return ()


_COVERING = text("""
SELECT g.code FROM grid g
WHERE g.plan_id = :plan AND ST_Covers(g.geom, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326))
ORDER BY g.code COLLATE "C" LIMIT 1
""")

_GRIDS = text("""
SELECT 'grid' AS kind, g.id, g.code, g.name AS label, g.code AS grid_code,
       ST_X(at) AS lon, ST_Y(at) AS lat
FROM grid g, ST_PointOnSurface(g.geom) AS at
WHERE g.plan_id = :plan AND (g.code ILIKE :pattern OR g.name ILIKE :pattern)
ORDER BY g.code <> :exact, length(g.name), g.code COLLATE "C" LIMIT :limit
""")

_RETIRED = text("""
SELECT 'grid' AS kind, g.id, g.code, g.name AS label, g.code AS grid_code,
       ST_X(at) AS lon, ST_Y(at) AS lat
FROM grid g JOIN plan p ON p.id = g.plan_id, ST_PointOnSurface(g.geom) AS at
WHERE p.township_id = :t AND g.code = :exact
  AND lower(p.validity) < (SELECT lower(validity) FROM plan WHERE id = :plan)
ORDER BY lower(p.validity) DESC LIMIT 1
""")

_HOUSE = f"""
SELECT 'house' AS kind, h.id, h.code, h.address AS label, g.code AS grid_code,
       ST_X(h.geom) AS lon, ST_Y(h.geom) AS lat
FROM house h LEFT JOIN grid_of_house a ON a.plan_id = :plan AND a.house_id = h.id
LEFT JOIN grid g ON g.id = a.grid_id
WHERE h.township_id = :t AND h.location_status = 'ok' AND {HOUSE_SEEN}
"""

_HOUSES = text(f"""
{_HOUSE} AND (h.code = :exact OR h.id = ANY(:ids))
ORDER BY h.code <> :exact, array_position(CAST(:ids AS bigint[]), h.id) LIMIT :limit
""")

_LETTERS = text(f"""
{_HOUSE} AND h.address ILIKE :pattern
ORDER BY length(h.address), h.address COLLATE "C" LIMIT :limit
""")
