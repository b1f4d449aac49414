"""Borders led around houses that they would pass too near, so that nobody's side is a matter of millimetres."""

from __future__ import annotations

import numpy as np
import shapely
from scipy.spatial import cKDTree

from gisgrid.balance.faces import cut_into_faces, dissolve
from gisgrid.balance.lattice import CELL_M, to_lattice
from gisgrid.core.arrays import Floats, Geometries, Ints

CLEAR_M = 0.05
"""A house keeps this far from a new border, where the ground allows."""
MARGIN_M = 0.01
"""So much more is drawn: the way back to degrees and the corners of a disc take millimetres."""
LEAST_M = 4 * CELL_M


def room_m(xy: Floats, owner: Ints, rows: Ints) -> Floats:
    """How much ground about each of some houses can be its owner's: half the way to another's house.

    At most ``CLEAR_M`` and the margin.

    Parameters
    ----------
    xy, owner
        Metric coordinates (n, 2) and grid of all houses; NaN and -1 take no part.
    """
    room = np.full(len(rows), CLEAR_M + MARGIN_M)
    there = np.flatnonzero(np.isfinite(xy).all(axis=1) & (owner >= 0))
    if not len(there):
        return room
    near = cKDTree(xy[there]).query_ball_point(xy[rows], 2 * (CLEAR_M + MARGIN_M))
    for k, (row, mates) in enumerate(zip(rows.tolist(), near, strict=True)):
        others = there[mates][owner[there[mates]] != owner[row]]
        if len(others):
            away_m = np.hypot(*(xy[others] - xy[row]).T)
            room[k] = min(room[k], float(away_m.min()) / 2)
    return room


def led_around(
    grids: Geometries, group: Ints, xy: Floats, owner: Ints, room: Floats
) -> tuple[Geometries, Ints]:
    """The grids with the ground about some houses given to their owners, and the rows that changed.

    Parameters
    ----------
    grids
        A coverage on the lattice of `gisgrid.balance.lattice`.
    group
        Of each grid: ground changes hands only between grids of one group.
    xy, owner, room
        Of each house: where it stands, the row of its grid, and how far its ground is to reach.
    """
    use = room >= LEAST_M
    discs = to_lattice(shapely.buffer(shapely.points(xy[use]), room[use], quad_segs=4))
    owner = owner[use]
    if not len(discs):
        return grids, np.zeros(0, dtype=np.int64)
    near = shapely.STRtree(grids).query(discs, predicate="dwithin", distance=2 * CELL_M)[1]
    rows = np.unique(np.concatenate([near, owner]))
    faces = cut_into_faces(shapely.boundary(np.concatenate([grids[rows], discs])))
    middle = shapely.point_on_surface(faces)
    face, held = shapely.STRtree(grids[rows]).query(middle, predicate="intersects")
    label = np.full(len(faces), -1)
    label[face] = held
    face, disc = shapely.STRtree(discs).query(middle, predicate="intersects")
    to = np.searchsorted(rows, owner[disc])
    may = (label[face] >= 0) & (group[rows[label[face]]] == group[rows[to]])
    label[face[may]] = to[may]
    inside = label >= 0
    out = grids.copy()
    out[rows] = dissolve(faces[inside], label[inside], len(rows))
    return out, rows
