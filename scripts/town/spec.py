"""How big the town is, where it lies, and how its metres become degrees."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

COUNTY = "999901"
TOWNSHIP = "999901001"
FIRST_DAY = date(2022, 9, 1)
AS_OF = date(2023, 8, 31)

LON0, LAT0 = 120.9, 40.7
DECIMALS = 7


@dataclass(frozen=True)
class Spec:
    """What is counted in the town; every number is met exactly."""

    seed: int = 10
    houses: int = 2000
    households: int = 2900
    residents: int = 8003
    communities: int = 9
    basic: int = 44
    exclusive: int = 9
    events: int = 3340

    @property
    def is_town_f(self) -> bool:
        return self.houses == 2000


def scaled(houses: int, seed: int) -> Spec:
    """Town F's proportions for another number of houses, one grid to a hundred houses."""
    grids = max(4, round(houses / 100))
    exclusive = max(1, round(grids / 20))
    return Spec(
        seed=seed,
        houses=houses,
        households=round(1.45 * houses),
        residents=round(4.0015 * houses),
        communities=max(1, round(grids / 17)),
        basic=grids - exclusive,
        exclusive=exclusive,
        events=round(1.67 * houses),
    )


def lonlat(xy_m: Floats) -> Floats:
    """Degrees (..., 2), longitude first, rounded to 7 decimals, of metres east and north.

    A tangent plane on WGS 84 at the town's centre: good to centimetres over a small town, and all
    that a town nobody surveyed needs.
    """
    east_m, north_m = metres_per_degree()
    return np.round(xy_m / [east_m, north_m] + [LON0, LAT0], DECIMALS)


def metres_per_degree() -> tuple[float, float]:
    """Length of one degree of longitude and of latitude at the town's centre, in metres."""
    a, e2 = 6378137.0, 0.00669437999014
    sin2 = np.sin(np.radians(LAT0)) ** 2
    normal = a / np.sqrt(1 - e2 * sin2)
    meridian = normal * (1 - e2) / (1 - e2 * sin2)
    return (
        float(np.radians(normal * np.cos(np.radians(LAT0)))),
        float(np.radians(meridian)),
    )
