"""The polygons of the grids after units have moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gisgrid.balance.clear import CLEAR_M, MARGIN_M
from gisgrid.balance.fabric import Fabric
from gisgrid.balance.faces import dissolve
from gisgrid.balance.lattice import CELL_M, shared_segments, vertex_names
from gisgrid.core.arrays import Bools, Floats, Geometries, Ints
from gisgrid.core.errors import Invalid

SMOOTHING_TRIES = 4


@dataclass(frozen=True, eq=False)
class Redrawn:
    """New polygons of all grids.

    ``grids`` has the rows of ``fabric.grids``; ``changed`` says which have other ground than
    before; ``left_angular`` are today's grids inside which the new borders could not be smoothed
    without coming too near to a house. ``new_borders`` are the segments where no border was.
    """

    grids: Geometries
    changed: Bools
    left_angular: Ints
    new_borders: Geometries


def redrawn(fabric: Fabric, grid_of: Ints, *, smooth_m2: float = 0.0) -> Redrawn:
    """The grids as unions of their units: a valid coverage of the same ground.

    Borders that no move touched keep the vertices of the input. Only nodes that a new corner on
    them needs come, and go again with the next plan.

    Parameters
    ----------
    grid_of
        The new grid of each unit, a row of ``fabric.grids``. A grid may be left empty.
    smooth_m2
        Corners of new borders that enclose less than this, in square metres, are cut
        (Visvalingam-Whyatt, kept topologically safe by GEOS), as long as every house stays on its
        side and ``CLEAR_M`` away. 0 leaves the borders of the units.

    Raises
    ------
    Invalid
        ``grid_of`` does not fit the fabric.
    """
    grid_of = np.asarray(grid_of, dtype=np.int64)
    count = len(fabric.grids)
    if grid_of.shape != fabric.grid_of.shape or not ((grid_of >= 0) & (grid_of < count)).all():
        raise Invalid("The plan names a grid or a unit that the fabric does not have.")
    moved = grid_of != fabric.grid_of
    changed = np.zeros(count, dtype=bool)
    changed[grid_of[moved]] = changed[fabric.grid_of[moved]] = True
    parts, label, angular, borders = _parts(fabric, grid_of, changed, smooth_m2)
    grids = fabric.grids.copy()
    rows = np.flatnonzero(changed)
    number = np.full(count, -1)
    number[rows] = np.arange(len(rows))
    grids[rows] = dissolve(parts, number[label], len(rows))
    return Redrawn(_without_spare_nodes(fabric, grids), changed, angular, borders)


def _parts(
    fabric: Fabric, grid_of: Ints, changed: Bools, smooth_m2: float
) -> tuple[Geometries, Ints, Ints, Geometries]:
    """What each new grid takes of each of today's grids, with the new grid's row; borders between them.

    Each of today's grids is smoothed as a coverage of its own, whose outer ring stays as it is: so
    only new borders move, and one grid's failure is not another's.
    """
    order = np.argsort(fabric.grid_of, kind="stable")
    start = np.searchsorted(fabric.grid_of[order], np.arange(len(fabric.grids) + 1))
    parts: list[object] = []
    labels: list[int] = []
    angular = []
    borders = [np.zeros(0, dtype=object)]
    for g in np.flatnonzero(changed):
        units = order[start[g] : start[g + 1]]
        heirs, heir = np.unique(grid_of[units], return_inverse=True)
        if not len(units):  # a grid that is new and had no ground
            continue
        if len(heirs) == 1:
            pieces = fabric.grids[g : g + 1]
        else:
            pieces = dissolve(fabric.units[units], heir, len(heirs))
            if smooth_m2 > 0:
                smooth = _smooth(fabric, units, heir, pieces, smooth_m2)
                if smooth is None:
                    angular.append(int(g))
                else:
                    pieces = smooth
            borders.append(_between(pieces))
        parts.extend(pieces)
        labels.extend(heirs)
    shapes = np.empty(len(parts), dtype=object)
    shapes[:] = parts
    return (
        shapes,
        np.array(labels, dtype=np.int64),
        np.array(angular, dtype=np.int64),
        np.concatenate(borders),
    )


def _smooth(
    fabric: Fabric, units: Ints, heir: Ints, pieces: Geometries, smooth_m2: float
) -> Geometries | None:
    """The pieces of one of today's grids with calmer borders between them, or None."""
    number = np.full(len(fabric.units), -1)
    number[units] = heir
    houses = np.flatnonzero(fabric.unit_of_house >= 0)
    houses = houses[number[fabric.unit_of_house[houses]] >= 0]
    piece_of_house = number[fabric.unit_of_house[houses]]
    points = shapely.points(fabric.house_xy[houses])
    at_home = shapely.dwithin(pieces[piece_of_house], points, CELL_M)
    crowded = _near(points, _between(pieces))
    rim = _rim(pieces)
    tolerance_m = float(np.sqrt(smooth_m2))
    for _ in range(SMOOTHING_TRIES):
        calm = shapely.coverage_simplify(pieces, tolerance_m, simplify_boundary=False)
        if (
            (shapely.covers(calm[piece_of_house], points) | ~at_home).all()
            and (crowded | ~_near(points, _between(calm))).all()
            and (shapely.get_num_geometries(calm) == shapely.get_num_geometries(pieces)).all()
            and shapely.is_valid(calm).all()
            and shapely.coverage_is_valid(calm)
            and np.array_equal(_rim(calm), rim)
        ):
            return np.asarray(calm)
        tolerance_m /= 2
    return None


def _between(pieces: Geometries) -> Geometries:
    """The segments with ground on both sides."""
    segments = shared_segments(pieces)
    inner = segments.uses == 2
    ends = np.stack([segments.start[inner], segments.end[inner]], axis=1)
    return np.asarray(shapely.linestrings(ends), dtype=object).reshape(-1)


def _near(points: Geometries, borders: Geometries) -> Bools:
    """Which points lie too near to one of some segments."""
    near = np.zeros(len(points), dtype=bool)
    tree = shapely.STRtree(borders)
    near[tree.query(points, predicate="dwithin", distance=CLEAR_M + MARGIN_M)[0]] = True
    return near


def _rim(pieces: Geometries) -> Ints:
    """Names of the segments with ground on one side only."""
    segments = shared_segments(pieces)
    rim: Ints = np.column_stack([segments.low, segments.high])[segments.uses == 1]
    return rim


def _without_spare_nodes(fabric: Fabric, grids: Geometries) -> Geometries:
    """The grids less the nodes of units on today's borders that no new border ends at.

    Dropping a node moves the border by less than a lattice cell. Where that would make a new
    border cross it, the nodes of the two grids stay.
    """
    segments = shared_segments(grids)
    names, inverse = np.unique(np.concatenate([segments.low, segments.high]), return_inverse=True)
    degree = np.bincount(inverse, minlength=len(names))
    old = _rows_in(np.column_stack([segments.low, segments.high]), fabric.grid_borders)
    on_new = np.bincount(inverse, np.tile(~old, 2), minlength=len(names)) > 0
    spare = names[(degree == 2) & ~on_new & ~np.isin(names, fabric.input_vertices)]
    while len(spare):
        slim = _drop(grids, spare)
        bad = ~shapely.is_valid(slim) | ~shapely.is_empty(shapely.coverage_invalid_edges(slim))
        if not bad.any():
            return slim
        needed = vertex_names(shapely.get_coordinates(grids[bad]))
        still = spare[~np.isin(spare, needed)]
        if len(still) == len(spare):
            break
        spare = still
    return grids


def _drop(grids: Geometries, spare: Ints) -> Geometries:
    """The grids without the vertices named; a ring that would fall below a triangle keeps them."""
    rings = shapely.get_rings(shapely.get_parts(grids))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    names = vertex_names(xy)
    going = np.isin(names, spare)
    closing = np.append(ring[1:] != ring[:-1], True)
    while True:
        left = np.bincount(ring[~closing], ~going[~closing], minlength=len(rings))
        small = (left < 3)[ring] & going
        if not small.any():
            break
        going &= ~np.isin(names, names[small])
    gone = names[going]
    xy, grid = shapely.get_coordinates(grids, return_index=True)
    every = vertex_names(xy)
    leaving = np.isin(every, gone)
    out = grids.copy()
    for g in np.unique(grid[leaving]).tolist():
        # Names of this grid alone: to ask every ring about those of all takes most of the time.
        of_grid = slice(*np.searchsorted(grid, [g, g + 1]))
        own = every[of_grid][leaving[of_grid]]
        parts = [
            shapely.Polygon(
                _ring_without(part.exterior, own),
                [_ring_without(hole, own) for hole in part.interiors],
            )
            for part in shapely.get_parts(grids[g])
        ]
        out[g] = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
    return out


def _ring_without(ring: shapely.LinearRing, gone: Ints) -> Floats:
    xy = shapely.get_coordinates(ring)[:-1]
    kept: Floats = xy[~np.isin(vertex_names(xy), gone)]
    return kept


def _rows_in(rows: Ints, known: Ints) -> Bools:
    """Which rows of two integers stand among ``known``."""
    both, inverse = np.unique(np.concatenate([known, rows]), axis=0, return_inverse=True)
    seen = np.zeros(len(both), dtype=bool)
    seen[inverse.ravel()[: len(known)]] = True
    return np.asarray(seen[inverse.ravel()[len(known) :]])
