"""Which grids and houses of a plan go by these letters?"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.access.scope import HOUSE_SEEN


@dataclass(frozen=True)
class Hit:
    """A grid (``code`` names it) or a house (``id`` names it), with a point to go to."""

    kind: str
    id: int
    code: str
    label: str
    grid_code: str | None
    lon: float
    lat: float


def find(session: Session, plan_id: int, wanted: str, *, limit: int = 10) -> list[Hit]:
    """Grids whose code or name holds the text, then houses whose address does; case is ignored.

    Houses are those that the transaction's account may see.

    Exact codes come first, then shorter texts. An empty text finds nothing.
    """
    wanted = wanted.strip()
    if not wanted:
        return []
    # % and _ are letters of an address, not wild cards.
    pattern = "%" + wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    rows = session.execute(
        text(_FIND), {"plan": plan_id, "exact": wanted, "pattern": pattern, "limit": limit}
    )
    return [Hit(**row) for row in rows.mappings()]


_FIND = f"""
(
    SELECT 'grid' AS kind, g.id, g.code, g.name AS label, g.code AS grid_code,
           ST_X(at) AS lon, ST_Y(at) AS lat
    FROM grid g, ST_PointOnSurface(g.geom) AS at
    WHERE g.plan_id = :plan AND (g.code ILIKE :pattern OR g.name ILIKE :pattern)
    ORDER BY g.code <> :exact, length(g.name), g.code COLLATE "C" LIMIT :limit
) UNION ALL (
    SELECT 'house', h.id, h.code, h.address, g.code, ST_X(h.geom), ST_Y(h.geom)
    FROM plan p JOIN house h ON h.township_id = p.township_id AND h.place = 'ok'
    LEFT JOIN house_grid a ON a.plan_id = p.id AND a.house_id = h.id
    LEFT JOIN grid g ON g.id = a.grid_id
    WHERE p.id = :plan AND {HOUSE_SEEN} AND (h.address ILIKE :pattern OR h.code = :exact)
    ORDER BY h.code <> :exact, length(h.address), h.address COLLATE "C" LIMIT :limit
) LIMIT :limit
"""
