"""Where on earth are these numbers? The only module that imports pyproj.

Longitude comes first everywhere (``always_xy``), whatever the EPSG register says of the axis
order: EPSG:4490 and EPSG:4326 say latitude first on paper, and no file that we read does so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Declared:
    """A coordinate system or datum, as declared by a person or carried by a file."""

    kind: Literal["wgs84", "cgcs2000", "gcj02", "bd09", "crs"]
    name: str
    """What ``import_run.crs`` records: ``wgs84``, ``gcj02``, ``EPSG:2249``, or WKT."""
    overrides: str | None = None
    """The CRS of the file that a declaration put aside; None if they agree."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What undeclared numbers look like, in two languages, with candidates to declare."""

    en: str
    zh: str
    candidates: tuple[str, ...]


def parse(text: str) -> Declared:
    """``EPSG:2249``, ``2249``, ``wgs84``, ``cgcs2000``, ``gcj02``, ``bd09`` or WKT; case is free.

    Raises Invalid for anything else, and for a CRS that is neither geographic nor projected.
    """
    raise NotImplementedError


def declare(
    asked: str | None,
    carried: str | None,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    near: tuple[float, float] | None = None,
) -> Declared:
    """The declaration that counts: what was asked for, else what the file carries.

    Raises UndeclaredCrs with a ``hint`` drawn from the numbers ``x, y`` if there is neither.
    """
    raise NotImplementedError


def hint(x: npt.ArrayLike, y: npt.ArrayLike, *, near: tuple[float, float] | None = None) -> Hint:
    """What the numbers look like, judged by their ranges; ``near`` is (lon, lat) of the township."""
    raise NotImplementedError


def to_lonlat(x: npt.ArrayLike, y: npt.ArrayLike, declared: Declared) -> tuple[Floats, Floats]:
    """Longitude and latitude in EPSG:4326; NaN where x or y is NaN or lies outside the CRS."""
    raise NotImplementedError


def geometries_to_lonlat(
    geometries: npt.NDArray[np.object_], declared: Declared
) -> npt.NDArray[np.object_]:
    """The geometries in EPSG:4326, 2D; None stays None."""
    raise NotImplementedError


def to_metric(geometries: npt.NDArray[np.object_], srid: int) -> npt.NDArray[np.object_]:
    """Geometries from EPSG:4326 to the metric CRS ``srid``; None stays None."""
    raise NotImplementedError


def from_metric(geometries: npt.NDArray[np.object_], srid: int) -> npt.NDArray[np.object_]:
    """Geometries from the metric CRS ``srid`` to EPSG:4326; None stays None."""
    raise NotImplementedError


def points_to_metric(lon: npt.ArrayLike, lat: npt.ArrayLike, srid: int) -> tuple[Floats, Floats]:
    """x (east) and y (north) in metres; NaN stays NaN."""
    raise NotImplementedError


def default_metric_srid(lon: float, lat: float) -> int:
    """CGCS2000 3-degree Gauss zone (EPSG 4534–4554) about China, else the UTM zone."""
    raise NotImplementedError
