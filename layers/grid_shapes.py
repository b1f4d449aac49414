"""Grids as shapes of one still picture: paths of SVG in the township's metric CRS, the first drawn first."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from layers.colours import FEW_TO_MANY

CLASSES = len(FEW_TO_MANY)


@dataclass(frozen=True)
class GridShape:
    """The outline of a grid."""

    code: str
    path: str
    """``d`` of an SVG path, in metres; north is up."""


@dataclass(frozen=True)
class TownPicture:
    """Shapes with the frame that shows all of them."""

    shapes: tuple[GridShape, ...]
    frame: str
    """``viewBox``: left, top, width and height in metres."""
    width: float


@dataclass(frozen=True)
class Shade:
    """A class of numbers and its colour."""

    colour: str
    first: float
    last: float


def picture(session: Session, plan_id: int, *, simple_m: float = 3.0) -> TownPicture | None:
    """The grids of a plan, those that lie over others last; None for a plan without grids.

    Parameters
    ----------
    simple_m
        Corners that matter less than so many metres are left out.
    """
    rows = session.execute(text(_SHAPES), {"plan": plan_id, "m": simple_m}).all()
    if not rows:
        return None
    left, bottom = min(r.left for r in rows), min(r.bottom for r in rows)
    right, top = max(r.right for r in rows), max(r.top for r in rows)
    rim = 0.01 * max(right - left, top - bottom)
    frame = (left - rim, -top - rim, right - left + 2 * rim, top - bottom + 2 * rim)
    return TownPicture(
        tuple(GridShape(row.code, row.path) for row in rows),
        " ".join(f"{each:.0f}" for each in frame),
        frame[2],
    )


def shades(values: list[float]) -> list[Shade]:
    """Classes with about as many numbers in each, few to many; none is empty, and none for no numbers."""
    ordered = sorted(values)
    firsts: list[float] = []
    for n in range(CLASSES if ordered else 0):
        first = ordered[n * len(ordered) // CLASSES]
        if not firsts or first > firsts[-1]:
            firsts.append(first)
    out = []
    for n, first in enumerate(firsts):
        upper = firsts[n + 1] if n + 1 < len(firsts) else float("inf")
        place = 0 if len(firsts) == 1 else round(n * (CLASSES - 1) / (len(firsts) - 1))
        out.append(Shade(FEW_TO_MANY[place], first, max(v for v in ordered if v < upper)))
    return out


_SHAPES = """
SELECT g.code, ST_AsSVG(m.geom, 0, 0) AS path, ST_XMin(m.geom) AS left, ST_XMax(m.geom) AS right,
       ST_YMin(m.geom) AS bottom, ST_YMax(m.geom) AS top
FROM grid g JOIN plan p ON p.id = g.plan_id JOIN township t ON t.area_id = p.township_id
CROSS JOIN LATERAL (SELECT ST_SimplifyPreserveTopology(ST_Transform(g.geom, t.metric_srid), CAST(:m AS float8)) AS geom) m
WHERE g.plan_id = :plan ORDER BY g.kind = 'exclusive', g.code COLLATE "C"
"""
