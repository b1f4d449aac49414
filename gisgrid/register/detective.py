"""Can the declared datum be right? Points compared with what is known of the place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy.typing as npt
from shapely.geometry.base import BaseGeometry

from gisgrid.crs import Declared


@dataclass(frozen=True, slots=True)
class Fit:
    """How well one reading of the numbers fits what is known."""

    name: str
    """wgs84, gcj02, bd09, swapped, or the declared name."""
    pair_m: float
    """Median distance of points to the same house as known before; NaN without pairs."""
    near_m: float
    """Median distance to the nearest known house; NaN without houses."""
    inside: float
    """Share of the points inside the known grids; NaN without grids."""


@dataclass(frozen=True, slots=True)
class Verdict:
    declared: str
    best: str
    """The reading that fits best; the declared one unless another is clearly better."""
    doubtful: bool
    """The declared datum cannot be right."""
    shift_m: float
    """Median distance between the declared and the best reading; 0 if they are the same."""
    change_grid: int
    """Points that lie in another grid (or in none) under the best reading; 0 without grids."""
    points: int
    fits: tuple[Fit, ...]
    en: str
    zh: str


def detect(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    declared: Declared,
    *,
    known_lon: npt.ArrayLike | None = None,
    known_lat: npt.ArrayLike | None = None,
    houses: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    grids: Sequence[BaseGeometry] | None = None,
) -> Verdict:
    """Which reading of the numbers fits best.

    Parameters
    ----------
    x, y
        As delivered; rows with NaN are left out.
    known_lon, known_lat
        Of the same rows, EPSG:4326, where known from before (same code); NaN elsewhere.
    houses
        lon, lat of reference houses or events, in EPSG:4326.
    grids
        Polygons in EPSG:4326 by ascending code: the first that covers a point owns it.
    """
    raise NotImplementedError
