"""The lines that cut grids into units, and which face goes to which house."""

from __future__ import annotations

import numpy as np
import shapely
from scipy.spatial import Voronoi

from gisgrid.balance.faces import Contacts, contacts, flood
from gisgrid.balance.lattice import CELL_M, Segments, mean_width_m, to_lattice, vertex_names
from gisgrid.core.arrays import Bools, Floats, Geometries, Ints

# Voronoi edges reach this far beyond the border, so that the noder surely finds a crossing there;
# the stub beyond bounds no face.
POKE_M = 4 * CELL_M
CLEAR_M = 0.01
RIBBON_M = 2.0
# Four points, in widths of the grid's square from its middle, that close every cell of a house. No
# place in the square is nearer to one of them than to any house in it.
CORNERS = np.array([[-1.5, -1.5], [1.5, -1.5], [1.5, 1.5], [-1.5, 1.5]])


def voronoi_lines(
    grids: Geometries, xy: Floats, grid_of_point: Ints, place: Ints
) -> tuple[Geometries, Geometries]:
    """Edges of the Voronoi diagram of each grid's own points: those to node, and those that are clean.

    Points of one place have no edge between them.

    Clean edges lie inside their grid, away from its border and from short edges, on the lattice.
    Nothing but their ends can meet another line, so the noder, which costs most, need not see
    them. The others are cut off just beyond the border.
    """
    edges, grid = _voronoi_edges(grids, xy, grid_of_point, place)
    if not len(edges):
        return edges, edges
    edges = to_lattice(edges)
    real = shapely.length(edges) > 0
    edges, grid = edges[real], grid[real]
    start = shapely.get_coordinates(shapely.get_point(edges, 0))
    ends = np.concatenate(
        [vertex_names(start), vertex_names(shapely.get_coordinates(shapely.get_point(edges, -1)))]
    )
    tight = np.tile(shapely.length(edges) < CLEAR_M, 2)
    crowded = np.isin(ends, ends[tight]).reshape(2, -1).any(axis=0)
    near = beside(edges, shapely.boundary(grids))
    shapely.prepare(grids)
    inside = shapely.contains_xy(grids[grid], start[:, 0], start[:, 1])
    clean = inside & ~near & ~crowded
    odd = np.flatnonzero(near | (crowded & inside))
    reach = shapely.buffer(grids, POKE_M, join_style="mitre", quad_segs=1)
    shapely.prepare(reach)
    return np.asarray(shapely.intersection(edges[odd], reach[grid[odd]])), edges[clean]


def _voronoi_edges(
    grids: Geometries, xy: Floats, grid_of_point: Ints, place: Ints
) -> tuple[Geometries, Ints]:
    """Single edges, far beyond the grid too, and the grid of each."""
    order = np.argsort(grid_of_point, kind="stable")
    start = np.searchsorted(grid_of_point[order], np.arange(len(grids) + 1))
    bounds = shapely.bounds(grids)
    several = np.flatnonzero(np.diff(start) > 1)
    edges = []
    for g in several:
        west, south, east, north = bounds[g]
        # Near the origin the arithmetic has all digits of a double to itself.
        centre = np.round([(west + east) / 2, (south + north) / 2])
        mine = order[start[g] : start[g + 1]]
        points = xy[mine] - centre
        corners = max(east - west, north - south) * CORNERS
        diagram = Voronoi(np.concatenate([points, corners]))
        ridges = diagram.ridge_points
        inner = (ridges < len(points)).all(axis=1)
        inner[inner] = place[mine[ridges[inner, 0]]] != place[mine[ridges[inner, 1]]]
        edges.append(diagram.vertices[np.asarray(diagram.ridge_vertices)[inner]] + centre)
    if not edges:
        return np.array([], dtype=object), several
    return np.asarray(shapely.linestrings(np.concatenate(edges))), np.repeat(
        several, [len(e) for e in edges]
    )


def beside(edges: Geometries, lines: Geometries) -> Bools:
    """Which edges meet one of the lines, or come so near that the noder may join them."""
    xy, line = shapely.get_coordinates(shapely.get_parts(lines), return_index=True)
    first = np.flatnonzero(line[1:] == line[:-1])
    single = shapely.linestrings(np.stack([xy[first], xy[first + 1]], axis=1))
    near = np.zeros(len(edges), dtype=bool)
    near[shapely.STRtree(single).query(edges, predicate="dwithin", distance=CLEAR_M)[0]] = True
    return near


def barrier_lines(grids: Geometries, walls: Geometries, *, near_m: float) -> Geometries:
    """Barriers without the stretches beside a grid border, loose ends tied to that border.

    A river drawn twice, as barrier and as border, would leave ribbons of ground a hand wide.
    """
    rims = shapely.boundary(grids)
    _, near = shapely.STRtree(rims).query(walls, predicate="dwithin", distance=near_m)
    if not len(near):
        return walls
    beside = shapely.union_all(shapely.buffer(rims[np.unique(near)], near_m, quad_segs=2))
    rest = shapely.get_parts(shapely.line_merge(shapely.difference(walls, beside)))
    rest = rest[shapely.length(rest) > near_m]
    ends = shapely.points(
        np.concatenate(
            [shapely.get_coordinates(shapely.get_point(rest, end)) for end in (0, -1)]
        ).reshape(-1, 2)
    )
    end, rim = shapely.STRtree(rims).query_nearest(
        ends, max_distance=near_m * 1.1, all_matches=False
    )
    ties = shapely.get_coordinates(shapely.shortest_line(ends[end], rims[rim])).reshape(-1, 2, 2)
    along = ties[:, 1] - ties[:, 0]
    length_m = np.hypot(*along.T)
    real = length_m > 0
    ties[real, 1] += along[real] / length_m[real, None] * POKE_M
    return np.concatenate([rest, shapely.linestrings(ties[real])])


def assign_faces(
    faces: Geometries,
    grid_of_face: Ints,
    segments: Segments,
    walled: Bools,
    *,
    xy: Floats,
    grid_of_point: Ints,
) -> tuple[Ints, Ints]:
    """The unit of each face, and the face each point is at home in.

    The face that holds a point is its unit's home. Every other face joins the unit of its own grid
    with the longest shared border, across a barrier only if there is no other way; ribbons that a
    barrier cuts off ignore the barrier. Ground of a grid without any point becomes units of its
    own, numbered last.
    """
    home = _home_faces(faces, grid_of_face, xy, grid_of_point)
    unit = np.full(len(faces), -1)
    houses, inverse = np.unique(home, return_inverse=True)
    unit[houses] = np.arange(len(houses))
    fresh = len(houses)
    same_grid = segments.right >= 0
    same_grid &= grid_of_face[segments.left] == grid_of_face[segments.right]
    touching = contacts(segments, same_grid)
    blocked = np.tile(walled[same_grid & (segments.right >= 0)], 2)
    ribbon = (unit < 0) & (mean_width_m(faces) < RIBBON_M)
    blocked &= ~ribbon[touching.of]
    free = touching.where(~blocked)
    every = np.ones(len(faces), dtype=bool)
    while True:
        unit = flood(unit, every, free)
        if (unit >= 0).all():
            break
        behind = (unit[touching.of] < 0) & (unit[touching.to] >= 0)
        if behind.any():
            unit = _one_step(unit, touching, behind)
            continue
        rest = np.flatnonzero(unit < 0)
        unit[rest[np.argmax(shapely.area(faces[rest]))]] = fresh
        fresh += 1
    return unit, houses[inverse]


def _one_step(unit: Ints, touching: Contacts, behind: Bools) -> Ints:
    step = np.zeros(len(unit), dtype=bool)
    step[touching.of[behind]] = True
    return flood(unit, step, touching)


def _home_faces(faces: Geometries, grid_of_face: Ints, xy: Floats, grid_of_point: Ints) -> Ints:
    """The face of its own grid that holds each point; by rounding it may be the nearest one."""
    points = shapely.points(xy)
    point, face = shapely.STRtree(faces).query(points, predicate="dwithin", distance=2 * CELL_M)
    own = grid_of_face[face] == grid_of_point[point]
    point, face = point[own], face[own]
    off_m = shapely.distance(points[point], faces[face])
    inside = shapely.contains_properly(faces[face], points[point])
    order = np.lexsort((-shapely.area(faces[face]), off_m, ~inside, point))
    point, face = point[order], face[order]
    home = np.full(len(xy), -1)
    best = np.ones(len(point), dtype=bool)
    best[1:] = point[1:] != point[:-1]
    home[point[best]] = face[best]
    for lost in np.flatnonzero(home < 0):
        own_faces = np.flatnonzero(grid_of_face == grid_of_point[lost])
        home[lost] = own_faces[np.argmin(shapely.distance(points[lost], faces[own_faces]))]
    return home
