"""Invented towns with houses on streets, uneven grids nested in communities, and borders drawn by hand.

Everything follows from the generator handed in. Coordinates are metres in a made-up metric CRS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from gisgrid.balance.fabric import build_fabric
from gisgrid.balance.graph import UnitGraph

Array = np.ndarray[Any, Any]
HOUSE_SPACING_M = 42.0


@dataclass(frozen=True, eq=False)
class Town:
    """Grids nested in communities, houses with residents and a workload in minutes a month."""

    grids: Array
    community_of: Array
    house_xy: Array
    residents: Array
    workload_min: Array
    barriers: Array


def make_town(
    rng: np.random.Generator, *, houses: int, grids: int, communities: int, barriers: int = 0
) -> Town:
    """A round town; grids are as uneven as drawing them by households long ago makes them."""
    radius_m = HOUSE_SPACING_M * np.sqrt(houses / np.pi)
    hearts = _spread(rng, communities, radius_m)
    seeds, community_of = _grid_seeds(rng, hearts, grids, radius_m)
    warp = _warp(rng, 0.05 * radius_m / np.sqrt(communities), radius_m / np.sqrt(grids))
    polygons = _borders(seeds, community_of, hearts, radius_m, warp)
    xy = _houses(rng, polygons, houses, hearts)
    residents, workload_min = _people(rng, xy)
    walls = [_wall(rng, radius_m) for _ in range(barriers)]
    lines = np.empty(len(walls), dtype=object)
    lines[:] = walls
    return Town(polygons, community_of, xy, residents, workload_min, lines)


def block(columns: int, rows: int) -> UnitGraph:
    """Squares of 20 m side by side, numbered row by row."""
    at = np.arange(columns * rows).reshape(rows, columns)
    pairs = np.vstack(
        [
            np.column_stack([at[:, :-1].ravel(), at[:, 1:].ravel()]),
            np.column_stack([at[:-1].ravel(), at[1:].ravel()]),
        ]
    )
    inner = np.bincount(pairs.ravel(), minlength=columns * rows).astype(np.float64)
    return UnitGraph.from_pairs(
        columns * rows,
        pairs,
        np.full(len(pairs), 20.0),
        outer_m=80.0 - 20.0 * inner,
        area_m2=np.full(columns * rows, 400.0),
    )


def units_of_town(
    seed: int, houses: int = 400, grids: int = 12, communities: int = 3
) -> tuple[UnitGraph, Array, Array, Array]:
    """Graph, workload, grid and community of the units of a made-up town, from its fabric."""
    made = make_town(
        np.random.default_rng(seed), houses=houses, grids=grids, communities=communities
    )
    fabric = build_fabric(made.grids, made.house_xy)
    return (
        fabric.graph(),
        fabric.sums(made.workload_min),
        fabric.grid_of,
        made.community_of[fabric.grid_of],
    )


def grown_grids(
    rng: np.random.Generator, graph: UnitGraph, xy: Array, community_of_unit: Array, grids: int
) -> Array:
    """Today's grids as unions of units: each grid grows from a seed along the unit graph.

    Their borders run between houses like those of a plan made of units, so the compactness of such
    a town and of its rebalanced plan can be compared.
    """
    rows = graph.rows()
    hop_m = np.hypot(*(xy[rows] - xy[graph.indices]).T)
    hop_m[community_of_unit[rows] != community_of_unit[graph.indices]] = np.inf
    near = np.isfinite(hop_m)
    matrix = csr_array(
        (hop_m[near], (rows[near], graph.indices[near])), shape=(graph.unit_count,) * 2
    )
    communities = np.unique(community_of_unit)
    count = apportioned(np.bincount(community_of_unit), grids)
    seeds: list[int] = []
    for c in communities:
        mine = np.flatnonzero(community_of_unit == c)
        chosen = [int(rng.choice(mine))]
        while len(chosen) < count[c]:
            tries = rng.choice(mine[~np.isin(mine, chosen)], 3)
            gap = np.min([np.hypot(*(xy[tries] - xy[s]).T) for s in chosen], axis=0)
            chosen.append(int(tries[np.argmax(gap)]))
        seeds += chosen
    _, _, source = dijkstra(matrix, indices=seeds, min_only=True, return_predecessors=True)
    rank = np.full(graph.unit_count, -1)
    rank[seeds] = np.arange(len(seeds))
    grid_of: Array = rank[source]
    if (grid_of < 0).any():
        raise ValueError("a community is in pieces")
    return grid_of


def apportioned(weight: Array, total: int) -> Array:
    """``total`` seats by weight, at least one each."""
    share = weight / weight.sum() * total
    count: Array = np.maximum(1, np.floor(share).astype(int))
    while count.sum() != total:
        step = 1 if count.sum() < total else -1
        room = share - count if step > 0 else np.where(count > 1, count - share, -np.inf)
        count[np.argmax(room)] += step
    return count


def soil(rng: np.random.Generator, town: Town) -> Array:
    """The town's grids as an office might hand them over: overlaps, hairline gaps, spikes, jitter."""
    out = town.grids.copy()
    picked = rng.permutation(len(out))
    third = max(1, len(out) // 4)
    for g in picked[:third]:  # drawn a little too wide: overlaps its neighbours
        out[g] = shapely.buffer(out[g], rng.uniform(0.01, 0.8), join_style="mitre")
    for g in picked[third : 2 * third]:  # digitised again: every vertex a few centimetres off
        shift = rng.normal(0, 0.02, 2)
        out[g] = shapely.transform(out[g], lambda c, s=shift: c + s)
    for g in picked[2 * third : 3 * third]:  # a spike that goes out and comes back
        ring = shapely.get_coordinates(out[g])
        at = int(rng.integers(1, len(ring) - 1))
        spike = ring[at] + rng.normal(0, 3, 2)
        bent = np.vstack([ring[: at + 1], spike, ring[at:]])
        out[g] = shapely.Polygon(bent)
    return out


def _spread(rng: np.random.Generator, count: int, radius_m: float) -> Array:
    apart = 1.15 * radius_m / np.sqrt(count)
    points: list[Array] = []
    while len(points) < count:
        p = rng.uniform(-radius_m, radius_m, 2)
        if np.hypot(*p) < 0.95 * radius_m and all(np.hypot(*(p - q)) > apart for q in points):
            points.append(p)
        apart *= 0.999
    return np.array(points)


def _grid_seeds(
    rng: np.random.Generator,
    hearts: Array,
    total: int,
    radius_m: float,
) -> tuple[Array, Array]:
    """Seeds of grids as dense as the houses, mildly even inside each community."""
    pool = rng.uniform(-radius_m, radius_m, (400 * total, 2))
    out_m = np.hypot(*pool.T) / radius_m
    pool = pool[(out_m < 1) & (rng.random(len(pool)) < np.exp(-1.2 * out_m**2))]
    owner = cKDTree(hearts).query(pool)[1]
    count = apportioned(np.bincount(owner, minlength=len(hearts)), total)
    seeds, community_of = [], []
    for c, k in enumerate(count):
        mine = pool[owner == c]
        chosen = [mine[0]]
        while len(chosen) < k:
            tries = mine[rng.integers(0, len(mine), 3)]
            gap = np.min([np.hypot(*(tries - s).T) for s in chosen], axis=0)
            chosen.append(tries[np.argmax(gap)])
        seeds += chosen
        community_of += [c] * int(k)
    return np.array(seeds), np.array(community_of)


def _warp(rng: np.random.Generator, sway_m: float, wave_m: float) -> Any:
    """A smooth bending of the plane; equal points move equally, so shared borders stay shared."""
    angle = rng.uniform(0, np.pi, 5)
    phase = rng.uniform(0, 2 * np.pi, 5)
    wave = wave_m * np.array([3.0, 2.0, 1.3, 0.7, 0.4])
    sway = np.minimum(sway_m, wave / 25) / np.array([1.0, 1.0, 1.2, 1.5, 2.0])

    def bend(xy: Array) -> Array:
        out = xy.copy()
        for a, p, w, s in zip(angle, phase, wave, sway, strict=True):
            along = np.array([np.cos(a), np.sin(a)])
            push = s * np.sin(2 * np.pi * (xy @ along) / w + p)
            out += push[:, None] * np.array([-along[1], along[0]])
        return out

    return bend


def _borders(
    seeds: Array,
    community_of: Array,
    hearts: Array,
    radius_m: float,
    warp: Any,
) -> Array:
    """Grid polygons: nearest seed inside the nearest community, bent, sharing vertices bit for bit."""
    disc = shapely.Point(0, 0).buffer(radius_m * 1.03, quad_segs=32)
    frame = shapely.box(*(np.array(disc.bounds) * 2))
    ground = [disc]
    if len(hearts) > 1:
        cells = shapely.get_parts(
            shapely.voronoi_polygons(shapely.multipoints(hearts), extend_to=frame)
        )
        owner = cKDTree(hearts).query(shapely.get_coordinates(shapely.centroid(cells)))[1]
        inside = shapely.STRtree(cells).query(shapely.points(hearts), predicate="intersects")
        owner[inside[1]] = inside[0]
        ground = [
            shapely.intersection(cells[np.argsort(owner)[c]], disc) for c in range(len(hearts))
        ]
    lines = [shapely.boundary(g) for g in ground]
    for c, place in enumerate(ground):
        mine = seeds[community_of == c]
        if len(mine) > 1:
            edges = shapely.voronoi_polygons(
                shapely.multipoints(mine), extend_to=frame, only_edges=True
            )
            lines.append(shapely.intersection(edges, place.buffer(0.01)))
    noded = shapely.union_all(shapely.geometrycollections(lines), grid_size=2.0**-10)
    faces = shapely.get_parts(shapely.polygonize([shapely.segmentize(noded, 25.0)]))
    faces = faces[shapely.area(faces) > 1.0]
    at, face = shapely.STRtree(faces).query(shapely.points(seeds), predicate="intersects")
    out = np.empty(len(seeds), dtype=object)
    out[at] = faces[face]
    if len(np.unique(face)) != len(seeds):
        raise ValueError("two seeds in one face")
    return np.asarray(shapely.transform(out, warp))


def _houses(
    rng: np.random.Generator,
    polygons: Array,
    count: int,
    hearts: Array,
) -> Array:
    """Houses along streets, each community with a street lattice of its own; dense in the middle."""
    outline = shapely.coverage_union_all(polygons)
    west, south, east, north = outline.bounds
    reach = max(east - west, north - south)
    tree = cKDTree(hearts)
    found = []
    for c, heart in enumerate(hearts):
        angle, block_m = rng.uniform(0, np.pi / 2), rng.uniform(55, 80)
        along = np.array([np.cos(angle), np.sin(angle)])
        across = np.array([-along[1], along[0]])
        half = reach * min(1.0, 3.0 / np.sqrt(len(hearts)))
        streets = np.arange(-half, half, block_m)
        doors = np.arange(-half, half, 14.0)
        u, v = np.meshgrid(doors, np.concatenate([streets - 11, streets + 11]))
        u = u + rng.normal(0, 2.5, u.shape)
        v = v + rng.normal(0, 2.0, v.shape)
        xy = heart + u.reshape(-1, 1) * along + v.reshape(-1, 1) * across
        found.append(xy[tree.query(xy)[1] == c])
    xy = np.concatenate(found)
    shapely.prepare(outline)
    xy = xy[shapely.contains_xy(outline, xy)]
    middle_m = np.hypot(*xy.T) / (reach / 2)
    dense = np.exp(-1.2 * middle_m**2)
    dense *= 0.6 + 0.4 * np.sin(xy[:, 0] / 170) * np.cos(xy[:, 1] / 210)
    if len(xy) < count:
        raise ValueError("the street lattice is too thin for so many houses")
    keep = np.argsort(rng.exponential(1, len(xy)) / np.maximum(dense, 0.05))[:count]
    return np.asarray(xy[np.sort(keep)])


def _people(rng: np.random.Generator, xy: Array) -> tuple[Array, Array]:
    """Residents and minutes a month: most houses hold one household, three in a hundred many."""
    flats = rng.random(len(xy)) < 0.03
    households = np.where(flats, rng.integers(4, 15, len(xy)), 1)
    households += rng.random(len(xy)) < 0.2
    residents = households + rng.binomial(5 * households, 0.3)
    restless = np.exp(0.8 * np.sin(xy[:, 0] / 330 + 1) * np.sin(xy[:, 1] / 270))
    events = rng.poisson(0.25 * restless * households)
    return residents, (6 * households + 3 * residents + 8 * events).astype(float)


def _wall(rng: np.random.Generator, radius_m: float) -> Any:
    start = rng.uniform(-radius_m, radius_m, 2)
    turn = np.cumsum(rng.normal(0, 0.25, 12)) + rng.uniform(0, 2 * np.pi)
    steps = 0.06 * radius_m * np.column_stack([np.cos(turn), np.sin(turn)])
    return shapely.linestrings(start + np.vstack([[0, 0], np.cumsum(steps, axis=0)]))
