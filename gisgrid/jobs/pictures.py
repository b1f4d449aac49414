"""Ground and places as a page draws them: six decimals, 11 cm, which never come back as a border."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gisgrid.core.arrays import Floats

DECIMALS = 6
"""11 cm; neighbours round their shared vertices alike."""


def drawn(place: BaseGeometry) -> Any:
    """A geometry in EPSG:4326 as GeoJSON."""
    shape = shapely.transform(place, lambda xy: np.round(xy, DECIMALS))
    return json.loads(shapely.to_geojson(shape))


def spots(lonlat: Floats) -> list[list[float]]:
    """Longitudes and latitudes (n, 2) as lists."""
    found: list[list[float]] = np.round(lonlat, DECIMALS).tolist()
    return found
