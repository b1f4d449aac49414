"""Places as a map of BD-09 shows them."""

from __future__ import annotations

import numpy.typing as npt

from gisgrid.core.datums import Pair, gcj02_to_bd09, wgs84_to_gcj02


def wgs84_to_bd09(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))
