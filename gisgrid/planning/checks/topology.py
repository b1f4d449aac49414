"""Where do polygons of a plan fail to tile their ground? Pure geometry in one metric CRS."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gisgrid.core.arrays import Bools, Floats, Geometries, Ints

REACH_M = 0.2
"""Borders closer than this count as common: neighbours drawn apart by a hair still touch."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """Pieces of ground, each with the polygons it has to do with, largest first."""

    shape: Geometries
    of: Ints
    """Row of the polygon or area a piece belongs to."""
    other: Ints
    """Row of the second polygon of an overlap; -1 elsewhere."""

    def where(self, mask: Bools) -> Pieces:
        return Pieces(self.shape[mask], self.of[mask], self.other[mask])


def mended(polygons: Geometries) -> Geometries:
    """The polygons with invalid ones made valid (GEOS, "structure"); None stays None."""
    out = np.asarray(polygons, dtype=object).copy()
    broken = ~shapely.is_valid(out) & ~shapely.is_missing(out)
    out[broken] = shapely.make_valid(out[broken], method="structure")
    return out


def mean_width_m(polygons: Geometries) -> Floats:
    """Twice the area over the perimeter: the mean width of a thin polygon, 0 for a point or line."""
    length = shapely.length(polygons)
    width = np.zeros(len(polygons))
    np.divide(2 * shapely.area(polygons), length, out=width, where=length > 0)
    return width


def gaps(areas: Geometries, polygons: Geometries, *, rounding_m: float) -> Pieces:
    """Parts of ``areas`` that no polygon covers, largest first; ``of`` is the row of the area.

    Parameters
    ----------
    areas, polygons
        Valid polygons in the same metric CRS; an area may be None.
    rounding_m
        Parts thinner than this on average are rounding of coordinates, and are left out.

    Examples
    --------
    >>> found = gaps(np.array([shapely.box(0, 0, 9, 5)]), np.array([shapely.box(0, 0, 7, 5)]),
    ...              rounding_m=0.03)
    >>> shapely.area(found.shape).tolist()
    [10.0]
    """
    known = np.flatnonzero(~shapely.is_missing(areas))
    tree = shapely.STRtree(polygons)
    shapes: list[BaseGeometry] = []
    rows: list[int] = []
    for row in known:
        near = polygons[np.sort(tree.query(areas[row], predicate="intersects"))]
        rest = shapely.difference(areas[row], shapely.union_all(near))
        parts = _faces(rest)
        shapes.extend(parts)
        rows.extend([int(row)] * len(parts))
    return _thick(shapes, rows, [-1] * len(rows), rounding_m)


def overlaps(polygons: Geometries, *, rounding_m: float) -> Pieces:
    """Ground that two polygons share, largest first; ``of`` < ``other`` are their rows.

    Parameters and rounding as in `gaps`. Ground under three polygons appears once a pair.

    Examples
    --------
    >>> found = overlaps(np.array([shapely.box(0, 0, 6, 5), shapely.box(5, 0, 9, 5)]),
    ...                  rounding_m=0.03)
    >>> shapely.area(found.shape).tolist(), found.of.tolist(), found.other.tolist()
    ([5.0], [0], [1])
    """
    a, b = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    once = a < b
    a, b = a[once], b[once]
    order = np.lexsort((b, a))
    a, b = a[order], b[order]
    common = shapely.intersection(polygons[a], polygons[b])
    shapes: list[BaseGeometry] = []
    of: list[int] = []
    other: list[int] = []
    for k in np.flatnonzero(shapely.area(common) > 0):
        parts = _faces(common[k])
        shapes.extend(parts)
        of.extend([int(a[k])] * len(parts))
        other.extend([int(b[k])] * len(parts))
    return _thick(shapes, of, other, rounding_m)


def strays(polygons: Geometries, home: Ints, areas: Geometries, *, rounding_m: float) -> Pieces:
    """Ground of polygons outside their own area, largest first.

    ``of`` is the polygon, ``other`` the area that the piece lies in, -1 where in none.

    Parameters
    ----------
    home
        Row of each polygon's area; the area may be None, and nothing is then said of the polygon.
    """
    asked = np.flatnonzero(
        ~shapely.is_missing(areas[home]) & ~shapely.covers(areas[home], polygons)
    )
    outside = shapely.difference(polygons[asked], areas[home[asked]])
    known = np.flatnonzero(~shapely.is_missing(areas))
    tree = shapely.STRtree(areas[known])
    shapes: list[BaseGeometry] = []
    of: list[int] = []
    other: list[int] = []
    for row, beyond in zip(asked.tolist(), outside, strict=True):
        rest = beyond
        for area in known[np.sort(tree.query(rest, predicate="intersects"))].tolist():
            parts = _faces(shapely.intersection(rest, areas[area]))
            shapes.extend(parts)
            of.extend([row] * len(parts))
            other.extend([area] * len(parts))
            rest = shapely.difference(rest, areas[area])
        parts = _faces(rest)
        shapes.extend(parts)
        of.extend([row] * len(parts))
        other.extend([-1] * len(parts))
    return _thick(shapes, of, other, rounding_m)


def longest_neighbour(
    piece: BaseGeometry, polygons: Geometries, tree: shapely.STRtree, *, but: tuple[int, ...] = ()
) -> tuple[int, float] | None:
    """The polygon with the longest border along a piece, and the metres; None if none touches.

    Parameters
    ----------
    tree
        Tree over ``polygons``.
    but
        Rows that are not asked for.
    """
    near = np.sort(tree.query(piece, predicate="dwithin", distance=REACH_M))
    near = near[~np.isin(near, but)]
    if not len(near):
        return None
    rim = shapely.boundary(piece)
    # A buffer of the few neighbours bridges the hair between borders drawn twice.
    common_m = shapely.length(shapely.intersection(shapely.buffer(polygons[near], REACH_M), rim))
    best = int(np.argmax(common_m))
    return int(near[best]), float(common_m[best])


def inside(piece: BaseGeometry, points: shapely.STRtree) -> Ints:
    """Rows of the points (a tree of them) that a piece covers, border included, in order."""
    rows: Ints = np.sort(points.query(piece, predicate="covers"))
    return rows


def _faces(shape: BaseGeometry) -> list[BaseGeometry]:
    """The polygons in a geometry; lines and points where borders touch are no ground."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    return [p for p in parts if p.geom_type == "Polygon" and not p.is_empty]


def _thick(
    shapes: list[BaseGeometry], of: list[int], other: list[int], rounding_m: float
) -> Pieces:
    pieces = np.empty(len(shapes), dtype=object)
    pieces[:] = shapes
    found = Pieces(pieces, np.array(of, dtype=np.int64), np.array(other, dtype=np.int64))
    kept = np.flatnonzero(mean_width_m(pieces) >= rounding_m)
    area_m2 = shapely.area(pieces[kept])
    order = kept[np.lexsort((found.other[kept], found.of[kept], -area_m2))]
    return Pieces(pieces[order], found.of[order], found.other[order])
