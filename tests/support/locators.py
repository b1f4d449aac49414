"""The locator held against Shapely: where its answers are hard, and what they must be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from gisgrid.locate.locator import Locator

Array = np.ndarray[Any, Any]


def truth(polygons: Sequence[Any], codes: Sequence[str], lon: Array, lat: Array) -> Array:
    """Place of the lowest code among the polygons that cover each point; -1 if none does."""
    out = np.full(len(lon), -1)
    finite = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
    points = shapely.points(lon[finite], lat[finite])
    tree = shapely.STRtree(points)
    for g in sorted(range(len(codes)), key=lambda g: codes[g], reverse=True):
        near = tree.query(polygons[g])
        near = near[shapely.covers(polygons[g], points[near])]
        out[finite[near]] = g
    return out


def hard_points(polygons: Sequence[Any], rng: np.random.Generator, *, most: int = 4000) -> Array:
    """Vertices, places on edges, and what lies one rounding or a little more beside them."""
    xy = shapely.get_coordinates(polygons)
    west, south, east, north = shapely.total_bounds(polygons)
    span = np.array([east - west, north - south])
    if len(xy) > most:
        xy = xy[np.sort(rng.choice(len(xy) - 1, most, replace=False))]
    a, b = xy[:-1], xy[1:]
    on = a + (b - a) * rng.random((len(a), 1))
    beside = [on + span * size * rng.normal(size=on.shape) for size in 10.0 ** np.arange(-16, -1)]
    ulp = [np.nextafter(p, p + rng.choice([-1.0, 1.0], p.shape)) for p in (a, (a + b) / 2, on)]
    level = np.column_stack([a[:, 0] + span[0] * rng.normal(size=len(a)) * 0.1, a[:, 1]])
    upright = np.column_stack([a[:, 0], a[:, 1] + span[1] * rng.normal(size=len(a)) * 0.1])
    anywhere = [west, south] - 0.1 * span + 1.2 * span * rng.random((most, 2))
    odd = [[np.nan, south], [west, np.nan], [np.inf, south], [west, -np.inf], [np.nan, np.inf]]
    odd += [[1e300, south], [west, -1e300], [west, south], [east, north]]
    return np.concatenate([xy, (a + b) / 2, on, *beside, *ulp, level, upright, anywhere, odd])


def assert_agrees(polygons: Sequence[Any], codes: Sequence[str], points: Array) -> Locator:
    locator = Locator.build(polygons, codes)
    lon, lat = points[:, 0].copy(), points[:, 1].copy()
    expected = truth(polygons, codes, lon, lat)
    found = locator.locate_many(lon, lat)
    wrong = np.flatnonzero(found != expected)
    assert wrong.size == 0, [(points[i].tolist(), found[i], expected[i]) for i in wrong[:3]]
    some = slice(None, None, max(1, len(lon) // 300))
    singles = [locator.place(x, y) for x, y in points[some].tolist()]
    assert singles == expected[some].tolist()
    return locator
