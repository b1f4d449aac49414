"""Polygons at random: partitions, T-shaped borders, overlapping stars."""

from __future__ import annotations

import numpy as np
import shapely
from shapely import Polygon, affinity, box


def cells(
    rng: np.random.Generator,
    count: int,
    extent: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0),
) -> list[Polygon]:
    """A partition of a frame into ``count`` convex polygons, neighbours sharing vertices."""
    if count == 1:
        return [box(*extent)]
    west, south, east, north = extent
    seeds = rng.random((count, 2)) * [east - west, north - south] + [west, south]
    parts = shapely.voronoi_polygons(shapely.MultiPoint(seeds), extend_to=box(*extent))
    return [part for part in parts.geoms if part.area > 0]


def splits(rng: np.random.Generator, rounds: int, angle: float) -> list[Polygon]:
    """A partition by straight cuts at an angle: borders meet in T, with vertices of one side only."""
    parts = [box(0, 0, 1, 1)]
    for _ in range(rounds):
        part = parts.pop(int(rng.integers(len(parts))))
        west, south, east, north = part.bounds
        if rng.random() < 0.5:
            cut = west + (east - west) * rng.uniform(0.2, 0.8)
            parts += [box(west, south, cut, north), box(cut, south, east, north)]
        else:
            cut = south + (north - south) * rng.uniform(0.2, 0.8)
            parts += [box(west, south, east, cut), box(west, cut, east, north)]
    return [affinity.rotate(part, angle, origin=(0.3, 0.4)) for part in parts]


def stars(rng: np.random.Generator, count: int, *, radius: float = 0.3) -> list[Polygon]:
    """Spiked polygons that lie over each other."""
    out = []
    for _ in range(count):
        n = int(rng.integers(3, 30))
        turn = np.sort(rng.random(n)) * 2 * np.pi
        reach = radius * rng.uniform(0.05, 1.0, n)
        ring = np.column_stack([np.cos(turn), np.sin(turn)]) * reach[:, None] + rng.random(2)
        star = Polygon(ring)
        if star.is_valid and star.area > 0:
            out.append(star)
    return out


def shuffled_codes(rng: np.random.Generator, count: int) -> list[str]:
    return [f"g{number:06d}" for number in rng.permutation(count)]
