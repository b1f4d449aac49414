"""Units of ground, one per house, that tile today's grids exactly.

A unit is the part of its grid that lies nearest to its house (a Voronoi cell clipped to the grid
and cut by barriers), one piece, with its house inside. New grids are unions of units, so they
cannot overlap or leave a gap. Houses at one place (a building with many doors) share a unit, which
is what lies nearest to any of them, so no plan can split a building.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from gisgrid.balance.cells import assign_faces, barrier_lines, beside, voronoi_lines
from gisgrid.balance.faces import cut_into_faces, dissolve, hand_crumbs_over
from gisgrid.balance.graph import UnitGraph
from gisgrid.balance.lattice import (
    CELL_M,
    Segments,
    mean_width_m,
    shared_segments,
    to_lattice,
    vertex_names,
)
from gisgrid.balance.repair import Repair, repair_grids
from gisgrid.core.arrays import Bools, Floats, Geometries, Ints, sums
from gisgrid.core.errors import Invalid

NEAR_BORDER_M = 3.0


@dataclass(frozen=True, eq=False)
class Fabric:
    """The ground of a plan in units.

    Parameters
    ----------
    units, grid_of
        Polygons in the metric CRS of the input, and the row of today's grid each lies in. Sorted
        by grid.
    grids
        Today's grids as unions of their units: the input on the lattice, plus the nodes that unit
        borders put on their borders.
    house_xy, unit_of_house
        The houses and the unit that holds each; -1 for a house outside every grid.
    house_count
        Houses per unit; 0 for ground of a grid (or part of one) that has no house.
    contact, border_m, barrier_m
        Touching pairs of units (m, 2), ascending; metres of shared border and how many of them run
        along a barrier.
    outer_m
        Border of each unit with ground outside every grid.
    input_vertices, grid_borders
        Names of the vertices of the input on the lattice, and of the segments of ``grids``: what
        ``redrawn`` keeps.
    repair
        What had to be mended in the input.
    """

    units: Geometries
    grid_of: Ints
    grids: Geometries
    house_xy: Floats
    unit_of_house: Ints
    house_count: Ints
    contact: Ints
    border_m: Floats
    barrier_m: Floats
    outer_m: Floats
    input_vertices: Ints
    grid_borders: Ints
    repair: Repair

    @property
    def houses_outside(self) -> Ints:
        return np.flatnonzero(self.unit_of_house < 0)

    def sums(self, value_of_house: Floats) -> Floats:
        """The total of a number per house (minutes, residents) in each unit."""
        inside = self.unit_of_house >= 0
        return sums(self.unit_of_house[inside], value_of_house[inside], len(self.units))

    def graph(self, *, contact_m: float = 1.0) -> UnitGraph:
        """Which units may lie in one grid as neighbours.

        A contact carries contiguity if more than ``contact_m`` of it is free of barriers: nobody
        walks through a corner or a wall. Where today's grid hangs together only by weaker contacts
        it keeps them. What carries no contiguity counts as outer border.
        """
        weak = self.border_m - self.barrier_m < contact_m
        a, b = self.contact.T
        count = len(self.units)
        strong_inside = ~weak & (self.grid_of[a] == self.grid_of[b])
        piece = _pieces(count, a[strong_inside], b[strong_inside])
        pieces_of_grid = np.bincount(
            self.grid_of[np.unique(piece, return_index=True)[1]], minlength=len(self.grids)
        )
        needed = (self.grid_of[a] == self.grid_of[b]) & (piece[a] != piece[b])
        needed &= pieces_of_grid[self.grid_of[a]] > 1
        weak &= ~needed
        outer_m = self.outer_m.copy()
        np.add.at(outer_m, self.contact[weak].ravel(), np.repeat(self.border_m[weak], 2))
        return UnitGraph.from_pairs(
            count,
            self.contact[~weak],
            self.border_m[~weak],
            outer_m=outer_m,
            area_m2=shapely.area(self.units),
        )


def build_fabric(
    grids: Geometries,
    house_xy: Floats,
    *,
    grid_of_house: Ints | None = None,
    barriers: Geometries | None = None,
    gap_m: float = 0.10,
    overlap_m: float = 5.0,
    same_place_m: float = 0.5,
) -> Fabric:
    """The units of ground of today's grids, one per place with a house.

    Parameters
    ----------
    grids
        Polygons or multipolygons in a metric CRS, in order of grid code. Small faults are mended,
        see `repair_grids`.
    house_xy
        Shape (n, 2), same CRS. A house on a border belongs to the first grid; a house outside every
        grid gets no unit. None at all is allowed: each grid is then one unit.
    grid_of_house
        The grid of each house, -1 for none, where it is known better than by these polygons, which
        may differ by millimetres from those that owners are asked of.
    barriers
        Lines nobody walks across (rivers, railways, walls); units do not cross them, except for
        ground that no house of its grid reaches otherwise.
    gap_m, overlap_m
        Widths up to which faults of the input are mended.
    same_place_m
        Houses of a grid closer than this, in chains too, are one building.

    Raises
    ------
    Invalid
        A coordinate is not finite, or the grids cannot be mended.
    """
    house_xy = np.asarray(house_xy, dtype=np.float64).reshape(-1, 2)
    if not np.isfinite(house_xy).all():
        bad = np.flatnonzero(~np.isfinite(house_xy).all(axis=1))
        raise Invalid(
            "{count} houses have no place: a coordinate is missing or not finite.",
            count=len(bad),
            houses=bad.tolist(),
        )
    whole, repair = repair_grids(grids, gap_m=gap_m, overlap_m=overlap_m)
    if grid_of_house is None:
        grid_of_house = _grid_of_points(whole, house_xy)
    placed = np.flatnonzero(grid_of_house >= 0)
    place = _places(house_xy[placed], grid_of_house[placed], same_place_m)
    _, first, place = np.unique(place, return_index=True, return_inverse=True)
    place_xy, grid_of_place = house_xy[placed[first]], grid_of_house[placed[first]]

    walls = _barriers_in(whole, barriers)
    doors = _spots(house_xy[placed], grid_of_house[placed])
    faces, grid_of_face, segments = _cut(
        whole, house_xy[placed[doors]], grid_of_house[placed[doors]], place[doors], walls
    )
    thin = mean_width_m(faces) <= gap_m
    grid_of_face, _ = hand_crumbs_over(grid_of_face, shapely.area(faces), segments, thin)
    walled = _along_barrier(segments, grid_of_face, walls)
    unit_of_face, face_of_place = assign_faces(
        faces, grid_of_face, segments, walled, xy=place_xy, grid_of_point=grid_of_place
    )

    count = int(unit_of_face.max()) + 1
    grid_of = np.zeros(count, dtype=np.int64)
    grid_of[unit_of_face] = grid_of_face
    order = np.argsort(grid_of, kind="stable")
    rank = np.empty(count, dtype=np.int64)
    rank[order] = np.arange(count)
    unit_of_face, grid_of = rank[unit_of_face], grid_of[order]
    units = dissolve(faces, unit_of_face, count)
    unit_of_house = np.full(len(house_xy), -1)
    unit_of_house[placed] = unit_of_face[face_of_place][place]
    contact, border_m, barrier_m, outer_m = _contacts(segments, unit_of_face, walled, count)
    edge_of_grid = _is_grid_border(segments, grid_of_face)
    return Fabric(
        units=units,
        grid_of=grid_of,
        grids=dissolve(units, grid_of, len(whole)),
        house_xy=house_xy,
        unit_of_house=unit_of_house,
        house_count=np.bincount(unit_of_house[placed], minlength=count),
        contact=contact,
        border_m=border_m,
        barrier_m=barrier_m,
        outer_m=outer_m,
        input_vertices=np.unique(vertex_names(shapely.get_coordinates(whole))),
        grid_borders=np.column_stack([segments.low, segments.high])[edge_of_grid],
        repair=repair,
    )


def community_of_grids(
    grids: Geometries, communities: Geometries, *, stray_share: float = 0.01
) -> tuple[Ints, list[Ints]]:
    """The community that most of each grid's ground lies in (-1 none), and all it lies in.

    A grid with no more than ``stray_share`` of its ground outside its main community lies in that one
    only. One with more outside every community lies in -1, too.
    """
    grid, community = shapely.STRtree(communities).query(grids, predicate="intersects")
    shared_m2 = shapely.area(shapely.intersection(grids[grid], communities[community]))
    order = np.lexsort((shared_m2, grid))
    last = order[np.append(grid[order][1:] != grid[order][:-1], True)] if len(order) else order
    of = np.full(len(grids), -1)
    of[grid[last]] = community[last]
    area_m2 = shapely.area(grids)
    least_m2 = stray_share * area_m2
    there = shared_m2 > least_m2[grid]
    beyond = area_m2 - sums(grid, shared_m2, len(grids)) > least_m2
    every = []
    for g in range(len(grids)):
        mine = np.unique(community[there & (grid == g)])
        every.append(np.append(-1, mine) if beyond[g] else mine)
    return of, every


def _grid_of_points(grids: Geometries, xy: Floats) -> Ints:
    """The first grid that covers each point (a lattice cell of tolerance), -1 outside."""
    point, grid = shapely.STRtree(grids).query(
        shapely.points(xy), predicate="dwithin", distance=CELL_M
    )
    of = np.full(len(xy), len(grids))
    np.minimum.at(of, point, grid)
    return np.where(of < len(grids), of, -1)


def _places(xy: Floats, grid_of_house: Ints, same_place_m: float) -> Ints:
    points = shapely.points(xy)
    a, b = shapely.STRtree(points).query(points, predicate="dwithin", distance=same_place_m)
    together = (a < b) & (grid_of_house[a] == grid_of_house[b])
    return _pieces(len(xy), a[together], b[together])


def _spots(xy: Floats, grid_of_house: Ints) -> Ints:
    """One house of each spot of the lattice and grid: what stands on one spot is one point of a diagram."""
    spots = np.column_stack([vertex_names(xy), grid_of_house])
    return np.unique(spots, axis=0, return_index=True)[1]


def _pieces(count: int, a: Ints, b: Ints) -> Ints:
    matrix = csr_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(count, count))
    return np.asarray(connected_components(matrix, directed=False)[1], dtype=np.int64)


def _barriers_in(grids: Geometries, barriers: Geometries | None) -> Geometries:
    if barriers is None or not len(barriers):
        return np.array([], dtype=object)
    lines = shapely.get_parts(np.asarray(barriers, dtype=object))
    touching = np.unique(shapely.STRtree(grids).query(lines, predicate="intersects")[0])
    return to_lattice(lines[touching])


def _cut(
    grids: Geometries, xy: Floats, grid_of_point: Ints, place: Ints, walls: Geometries
) -> tuple[Geometries, Ints, Segments]:
    """The faces that borders, Voronoi edges and barriers cut the grids into, their grids and borders."""
    rims = shapely.boundary(grids)
    odd, clean = voronoi_lines(grids, xy, grid_of_point, place)
    lines = [rims, odd]
    if len(walls):
        barrier = barrier_lines(grids, walls, near_m=NEAR_BORDER_M)
        crossed = beside(clean, barrier)
        lines += [barrier, clean[crossed]]
        clean = clean[~crossed]
    faces, of = _grid_faces(cut_into_faces(np.concatenate(lines), clean), grids)
    segments = shared_segments(faces)
    ground = sums(of, shapely.area(faces), len(grids))
    slack_m2 = 2 * CELL_M * shapely.length(grids)
    whole = (np.abs(ground - shapely.area(grids)) <= slack_m2).all()
    if whole and tile(segments, rims):
        return faces, of, segments
    # A thin wedge of a cell may fool the short cut.
    faces, of = _grid_faces(cut_into_faces(np.concatenate([*lines, clean])), grids)
    return faces, of, shared_segments(faces)


def tile(segments: Segments, rims: Geometries) -> bool:
    """Whether faces, turned alike, lie side by side everywhere but at the rims of grids.

    How many faces cover a place can only change where a border is not matched by a neighbour's, so
    inside each grid it is one number; and since the ground adds up, that number is 1.
    """
    if (segments.uses > 2).any() or not segments.opposed.all():
        return False
    alone = segments.right < 0
    middle = shapely.points((segments.start[alone] + segments.end[alone]) / 2)
    at_rim = shapely.STRtree(rims).query(middle, predicate="dwithin", distance=2 * CELL_M)[0]
    return len(np.unique(at_rim)) == len(middle)


def _grid_faces(faces: Geometries, grids: Geometries) -> tuple[Geometries, Ints]:
    """The faces that lie in a grid, and which."""
    face, grid = shapely.STRtree(grids).query(
        shapely.point_on_surface(faces), predicate="intersects"
    )
    of = np.full(len(faces), -1)
    of[face] = grid
    return faces[of >= 0], of[of >= 0]


def _is_grid_border(segments: Segments, grid_of_face: Ints) -> Bools:
    outside = segments.right < 0
    border: Bools = outside | (grid_of_face[segments.left] != grid_of_face[segments.right])
    return border


def _along_barrier(segments: Segments, grid_of_face: Ints, walls: Geometries) -> Bools:
    """Segments that run along a barrier; a grid border beside one stands in for it."""
    walled = np.zeros(len(segments.low), dtype=bool)
    if not len(walls):
        return walled
    middle = shapely.points((segments.start + segments.end) / 2)
    tree = shapely.STRtree(walls)
    walled[tree.query(middle, predicate="dwithin", distance=1.5 * CELL_M)[0]] = True
    border = np.flatnonzero(_is_grid_border(segments, grid_of_face))
    near = tree.query(middle[border], predicate="dwithin", distance=NEAR_BORDER_M)[0]
    walled[border[near]] = True
    return walled


def _contacts(
    segments: Segments, unit_of_face: Ints, walled: Bools, count: int
) -> tuple[Ints, Floats, Floats, Floats]:
    """Touching pairs of units, their border and barrier metres, and each unit's outer metres."""
    a = unit_of_face[segments.left]
    outside = segments.right < 0
    b = np.where(outside, a, unit_of_face[segments.right])
    outer_m = sums(a[outside], segments.length_m[outside], count)
    between = a != b
    low, high = np.minimum(a, b)[between], np.maximum(a, b)[between]
    pair, inverse = np.unique(low * count + high, return_inverse=True)
    length_m = segments.length_m[between]
    border_m = sums(inverse, length_m, len(pair))
    barrier_m = sums(inverse, length_m * walled[between], len(pair))
    return np.column_stack([pair // count, pair % count]), border_m, barrier_m, outer_m
