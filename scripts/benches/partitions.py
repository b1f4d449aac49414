"""Planes divided into polygons with winding borders, and points on them, for benchmarks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import Voronoi

Floats = npt.NDArray[np.float64]
Polygons = npt.NDArray[np.object_]

WEST, SOUTH, SIDE = 116.0, 39.0, 2.0  # degrees


def partition(count: int, vertices: int, rng: np.random.Generator) -> Polygons:
    """``count`` polygons of about ``vertices`` vertices; neighbours share borders bit for bit.

    Voronoi cells of random seeds, half of them crowded as in towns, their borders divided and the
    whole plane then bent by waves that never fold it.
    """
    seeds = _crowded(count, rng)
    mirrored = [seeds]
    for axis in (0, 1):
        for wall in (0.0, 1.0):
            image = seeds.copy()
            image[:, axis] = 2 * wall - image[:, axis]
            mirrored.append(image[np.abs(image[:, axis] - wall) < 0.5])
    diagram = Voronoi(np.concatenate(mirrored))
    corners = np.clip(diagram.vertices, -0.01, 1.01)
    rings = []
    for seed, region in zip(seeds, diagram.point_region[:count], strict=True):
        ring = np.array(diagram.regions[region])
        away = corners[ring] - seed
        rings.append(ring[np.argsort(np.arctan2(away[:, 1], away[:, 0]))])
    lengths = np.array([len(ring) for ring in rings])
    start, owner = np.concatenate(rings), np.repeat(np.arange(count), lengths)
    end = np.concatenate([np.roll(ring, -1) for ring in rings])
    step = max(1, round(vertices / lengths.mean()))
    low, high = np.minimum(start, end), np.maximum(start, end)
    t = np.arange(step) / step
    along = np.where((start < end)[:, None], t, 1 - t)  # both neighbours divide it the same way
    along[:, 0] = start > end
    a, b = corners[low][:, None], corners[high][:, None]
    xy = a * (1 - along[..., None]) + b * along[..., None]
    xy = np.where((along == 0)[..., None], a, np.where((along == 1)[..., None], b, xy))
    bent = _bent(xy.reshape(-1, 2), np.sqrt(count), rng) * SIDE + [WEST, SOUTH]
    rings_of = np.repeat(owner, step)
    polygons: Polygons = shapely.polygons(_closed(bent, rings_of, count))
    return polygons


def points(count: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Longitudes and latitudes in the frame of ``partition`` and a little beyond, half crowded."""
    xy = _crowded(count, rng) * 1.01 - 0.005
    rng.shuffle(xy)
    xy = xy * SIDE + [WEST, SOUTH]
    return xy[:, 0].copy(), xy[:, 1].copy()


def _crowded(count: int, rng: np.random.Generator) -> Floats:
    towns = max(4, round(count**0.5 / 3))
    middle, spread = rng.random((towns, 2)), rng.gamma(2.0, 0.02, towns) + 0.01
    town = rng.integers(0, towns, 4 * count)
    near = middle[town] + rng.normal(size=(4 * count, 2)) * spread[town][:, None]
    near = near[((near > 0.001) & (near < 0.999)).all(axis=1)][: count // 2]
    return np.concatenate([near, rng.random((count - len(near), 2))])


def _bent(xy: Floats, density: float, rng: np.random.Generator) -> Floats:
    """Every place moved by waves whose slopes sum to less than one, so that none pass another."""
    out = xy.copy()
    for waves, slope in ((0.5, 0.3), (1.5, 0.25), (5.0, 0.2)):
        turn, phase = rng.random(2) * 2 * np.pi
        number = 2 * np.pi * waves * density
        along = xy @ [np.cos(turn), np.sin(turn)]
        wave = np.sin(number * along + phase) * slope / number
        out += wave[:, None] * [-np.sin(turn), np.cos(turn)]
    return out


def _closed(xy: Floats, ring_of: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.object_]:
    first = np.searchsorted(ring_of, np.arange(count))
    order = np.insert(np.arange(len(xy)), np.append(first[1:], len(xy)), first)
    ring_of = np.insert(ring_of, np.append(first[1:], len(xy)), np.arange(count))
    rings: npt.NDArray[np.object_] = shapely.linearrings(xy[order], indices=ring_of)
    return rings
