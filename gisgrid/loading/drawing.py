"""Where does a file lie, as it is declared? Its points or shapes over the grids, as parts of a picture."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.plans import TownshipInfo
from gisgrid.files.columns import KINDS
from gisgrid.files.frames import GEOMETRY
from gisgrid.loading.checks import Checker
from gisgrid.loading.prepare import Order, PreparedLoad, prepare

MOST_POINTS, MOST_SHAPES = 800, 1500
ROWS = 20_000
"""So many rows of the file are looked at."""
WIDE = 1000
"""Units of the picture across."""
DETAIL = 1 / 900
"""Corners closer than this share of the picture are one."""
AROUND = 0.15
"""So much of the known ground's size is drawn around it; what lies beyond is counted only."""

Floats = npt.NDArray[np.float64]
Shapes = npt.NDArray[np.object_]


def drawing(session: Session, order: Order) -> dict[str, Any] | None:
    """The picture of a file of places; None for one without any.

    Rows that could not be placed are left out; those that lie far away are not.

    Raises
    ------
    UndeclaredCrs, Invalid, NotFound
        As ``prepare``.
    """
    if KINDS[order.kind].geometry is None:
        return None
    job = prepare(session, order)
    if job.declared is None:
        return None
    points, shapes = _placed(job)
    on, ground = _ground(session, job.place) if job.place else ("", np.array([], dtype=object))
    known = ground if len(ground) else shapes
    bounds = _frame(known, points)
    if bounds is None:
        return None
    tree = shapely.STRtree(list(ground))
    inside = np.zeros(len(points), dtype=bool)
    if len(ground) and len(points):
        inside[np.unique(tree.query(shapely.points(points), predicate="covered_by")[0])] = True
    west, south, east, north = bounds
    shown = (
        (points[:, 0] >= west) & (points[:, 0] <= east)
        & (points[:, 1] >= south) & (points[:, 1] <= north)
    )  # fmt: skip
    step = max(1, -(-int(shown.sum()) // MOST_POINTS))
    drawn = np.flatnonzero(shown)[::step]
    to = _Frame(bounds)
    x, y = to.at(points[drawn])
    return {
        "wide": WIDE, "high": to.high, "on": on, "declared": job.declared.name,
        "ground": to.paths(ground), "shapes": to.paths(shapes[:MOST_SHAPES]),
        "points": [[int(a), int(b), int(i)] for a, b, i in zip(x, y, inside[drawn], strict=True)],
        "looked_at": len(points), "inside": int(inside.sum()), "off": int((~shown).sum()),
    }  # fmt: skip


def _placed(job: PreparedLoad) -> tuple[Floats, Shapes]:
    """Longitude and latitude of the first rows, and their shapes where they are no points."""
    # Far places are what the picture is to show.
    checker = Checker(job.resolved, replace(job.context, bounds=None))
    read = 0
    points: list[Floats] = []
    shapes: list[Shapes] = []
    for whole in job.table.chunks(ROWS):
        rows = checker.check(whole.drop(columns=list(job.resolved.ignored))).rows
        if GEOMETRY in rows:
            shapes.append(rows[GEOMETRY].dropna().to_numpy())
        else:
            lonlat = rows[["lon", "lat"]].to_numpy(dtype=np.float64)
            points.append(lonlat[np.isfinite(lonlat).all(axis=1)])
        read += len(whole)
        if read >= ROWS:
            break
    return (
        np.concatenate(points) if points else np.empty((0, 2)),
        np.concatenate(shapes) if shapes else np.array([], dtype=object),
    )


def _ground(session: Session, place: TownshipInfo) -> tuple[str, Shapes]:
    """The grids in force, else the communities; and which of the two."""
    for what, query in (("grids", _GRIDS), ("communities", _COMMUNITIES)):
        found = session.scalars(text(query), {"t": place.id}).all()
        if found:
            return what, np.asarray(shapely.from_wkb([bytes(g) for g in found]), dtype=object)
    return "", np.array([], dtype=object)


def _frame(known: Shapes, points: Floats) -> tuple[float, float, float, float] | None:
    if len(known):
        west, south, east, north = shapely.total_bounds(known)
        wide, high = (east - west) * AROUND, (north - south) * AROUND
        return west - wide, south - high, east + wide, north + high
    if not len(points):
        return None
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    edge = max(east - west, north - south, 1e-4) * 0.05
    return west - edge, south - edge, east + edge, north + edge


class _Frame:
    """Degrees to units of the picture, north above; shapes keep their form."""

    def __init__(self, bounds: tuple[float, float, float, float]) -> None:
        self.west, south, east, self.north = bounds
        self.narrow = float(np.cos(np.radians((south + self.north) / 2)))
        self.scale = WIDE / ((east - self.west) * self.narrow)
        self.high = round((self.north - south) * self.scale)
        self.tolerance = (east - self.west) * DETAIL

    def at(self, lonlat: Floats) -> tuple[Floats, Floats]:
        x = (lonlat[:, 0] - self.west) * self.narrow * self.scale
        return np.round(x), np.round((self.north - lonlat[:, 1]) * self.scale)

    def paths(self, shapes: Shapes) -> list[str]:
        """Outlines as SVG path data, those that have any left."""
        simple = shapely.simplify(shapes, self.tolerance) if len(shapes) else shapes
        return [path for shape in simple if (path := self._path(shape))]

    def _path(self, shape: Any) -> str:
        parts = []
        lines = shapely.get_parts(shapely.boundary(shape) if shape.area else shape)
        for line in lines:
            x, y = self.at(shapely.get_coordinates(line))
            parts.append(
                "M" + "L".join(f"{int(a)} {int(b)}" for a, b in zip(x, y, strict=True))
                + ("Z" if shape.area else "")
            )  # fmt: skip
        return "".join(parts)


_GRIDS = """
SELECT ST_AsBinary(g.geom) FROM grid g JOIN plan_in_force p ON p.id = g.plan_id
WHERE p.township_id = :t ORDER BY g.code COLLATE "C"
"""

_COMMUNITIES = """
SELECT ST_AsBinary(geom) FROM area WHERE parent_id = :t AND geom IS NOT NULL ORDER BY code COLLATE "C"
"""
