"""Geometry on a binary lattice, where coordinates are exact doubles and areas exact integers.

A metric CRS is assumed everywhere. The lattice constant 2**-10 m (0.98 mm) is a power of two, so
that a rounded coordinate is exact, a vertex has an integer name, and two borders are the same
border if and only if their vertices have the same names.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gisgrid.core.arrays import Bools, Floats, Geometries, Ints

CELL_M = 2.0**-10


@dataclass(frozen=True, eq=False)
class Segments:
    """Undirected border segments of polygons, each once, sorted by the names of their ends.

    ``left`` and ``right`` are the polygons on the two sides (-1: none); ``uses`` counts how many
    polygon sides run along it, 1 or 2 in a coverage; ``opposed`` says whether the first two run in
    opposite directions, as those of neighbours do that are turned alike (with one: yes).
    """

    low: Ints
    high: Ints
    start: Floats
    end: Floats
    left: Ints
    right: Ints
    uses: Ints
    opposed: Bools
    length_m: Floats


def to_lattice(geometries: Geometries) -> Geometries:
    """The geometries with each vertex rounded to the lattice; topology may need noding after."""
    return np.asarray(shapely.transform(geometries, lambda xy: np.round(xy / CELL_M) * CELL_M))


def vertex_names(xy: Floats) -> Ints:
    """One integer per lattice point, for coordinates below 2,097 km."""
    cell = np.rint(np.asarray(xy) / CELL_M).astype(np.int64)
    name: Ints = (cell[:, 0] << 32) + (cell[:, 1] + (1 << 31))
    return name


def ring_segments(polygons: Geometries) -> tuple[Floats, Floats, Ints]:
    """Start, end and polygon number of each directed ring segment."""
    parts, polygon_of_part = shapely.get_parts(polygons, return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    first = np.flatnonzero(ring[1:] == ring[:-1])
    return xy[first], xy[first + 1], polygon_of_part[part_of_ring[ring[first]]]


def shared_segments(polygons: Geometries) -> Segments:
    """The border segments of polygons on the lattice, with the polygons on both sides."""
    start, end, owner = ring_segments(polygons)
    start_name, end_name = vertex_names(start), vertex_names(end)
    low, high = np.minimum(start_name, end_name), np.maximum(start_name, end_name)
    order = np.lexsort((high, low))
    low, high, owner = low[order], high[order], owner[order]
    forward = start_name[order] == low
    fresh = np.ones(len(low), dtype=bool)
    fresh[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    head = np.flatnonzero(fresh)
    uses = np.diff(np.append(head, len(low)))
    right = np.full(len(head), -1)
    shared = uses >= 2
    right[shared] = owner[head[shared] + 1]
    opposed = np.ones(len(head), dtype=bool)
    opposed[shared] = forward[head[shared]] != forward[head[shared] + 1]
    start, end = start[order[head]], end[order[head]]
    length_m = np.hypot(*(start - end).T)
    return Segments(low[head], high[head], start, end, owner[head], right, uses, opposed, length_m)


def mean_width_m(polygons: Geometries) -> Floats:
    """Twice the area over the perimeter: the mean width of a thin polygon."""
    return np.asarray(2 * shapely.area(polygons) / np.maximum(shapely.length(polygons), CELL_M))
