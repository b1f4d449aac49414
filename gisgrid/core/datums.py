"""GCJ-02 and BD-09, the shifted coordinates of Chinese web maps, to and from WGS 84.

The formulas are those published with coordtransform and eviltransform; the official ones are not
public, and field data differ from them by metres. The inverse is iterated: the usual single step
errs by up to 4.5 m, this one by less than 1e-8 m of the formula.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Pair = tuple[Floats, Floats]

# Axis in metres and squared eccentricity of the Krasovsky ellipsoid.
_A = 6378245.0
_EE = 0.00669342162296594323
_BD_PI = np.pi * 3000.0 / 180.0
# Outside this box the formulas leave coordinates as they are.
WEST, SOUTH, EAST, NORTH = 72.004, 0.8293, 137.8347, 55.8271


def in_china(lon: Floats, lat: Floats) -> npt.NDArray[np.bool_]:
    """Whether the public formulas shift the point: a rough box, border included; False for NaN."""
    return (lon >= WEST) & (lon <= EAST) & (lat >= SOUTH) & (lat <= NORTH)


def wgs84_to_gcj02(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
    """Degrees in, degrees out; unchanged outside China, NaN stays NaN."""
    return _where_china(_gcj02, lon, lat)


def gcj02_to_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
    """Inverse of ``wgs84_to_gcj02``."""
    return _where_china(lambda x, y: _solve(_gcj02, x, y), lon, lat)


def gcj02_to_bd09(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
    """Degrees in, degrees out; unchanged outside China, NaN stays NaN."""
    return _where_china(_bd09, lon, lat)


def bd09_to_gcj02(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
    """Inverse of ``gcj02_to_bd09``."""
    return _where_china(lambda x, y: _solve(_bd09, x, y), lon, lat)


def bd09_to_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Pair:
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))


def _where_china(
    shift: Callable[[Floats, Floats], Pair], lon: npt.ArrayLike, lat: npt.ArrayLike
) -> Pair:
    lon, lat = (np.array(a, dtype=np.float64) for a in np.broadcast_arrays(lon, lat))
    inside = in_china(lon, lat)
    if inside.any():
        lon[inside], lat[inside] = shift(lon[inside], lat[inside])
    return lon, lat


def _solve(forward: Callable[[Floats, Floats], Pair], lon: Floats, lat: Floats) -> Pair:
    """The point that ``forward`` sends to (lon, lat), by fixed-point iteration."""
    # Each round leaves less than 1/100 of the error, which is 0.01° at first.
    x, y = lon.copy(), lat.copy()
    for _ in range(12):
        there_x, there_y = forward(x, y)
        step_x, step_y = there_x - lon, there_y - lat
        x -= step_x
        y -= step_y
        if max(np.abs(step_x).max(), np.abs(step_y).max()) < 2e-14:
            break
    return x, y


def _gcj02(lon: Floats, lat: Floats) -> Pair:
    x, y = lon - 105.0, lat - 35.0
    root = 0.1 * np.sqrt(np.abs(x))
    waves = 20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 2.0 * root
    north += (waves + 20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + root
    east += (waves + 20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    phi = np.radians(lat)
    magic = 1.0 - _EE * np.sin(phi) ** 2
    root_magic = np.sqrt(magic)
    dlat = np.degrees(north * magic * root_magic / (_A * (1.0 - _EE)))
    dlon = np.degrees(east * root_magic / (_A * np.cos(phi)))
    return lon + dlon, lat + dlat


def _bd09(lon: Floats, lat: Floats) -> Pair:
    z = np.sqrt(lon * lon + lat * lat) + 0.00002 * np.sin(lat * _BD_PI)
    theta = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_PI)
    return z * np.cos(theta) + 0.0065, z * np.sin(theta) + 0.006
