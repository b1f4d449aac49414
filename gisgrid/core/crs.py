"""Where on earth are these numbers? The only module that imports pyproj.

Longitude comes first everywhere (``always_xy``), whatever the EPSG register says of the axis
order: EPSG:4490 and EPSG:4326 say latitude first on paper, and no file that we read does so.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from pyproj.database import query_crs_info
from pyproj.enums import PJType

from gisgrid.core.datums import bd09_to_wgs84, gcj02_to_wgs84
from gisgrid.core.errors import Invalid, UndeclaredCrs
from gisgrid.core.messages import Message, message, say

Floats = npt.NDArray[np.float64]
Geometries = npt.NDArray[np.object_]

SRID = 4326
# CGCS2000 equals WGS 84 to centimetres, and 4979 is 4326 with a height that is dropped.
_SAME_AS_WGS84 = frozenset({"EPSG:4326", "EPSG:4979", "EPSG:4490", "EPSG:4480", "OGC:CRS84"})
_NAMES = {
    "wgs84": "wgs84", "wgs 84": "wgs84", "wgs-84": "wgs84",
    "cgcs2000": "cgcs2000", "cgcs 2000": "cgcs2000",
    "gcj02": "gcj02", "gcj-02": "gcj02", "bd09": "bd09", "bd-09": "bd09", "bd09ll": "bd09",
}  # fmt: skip
# Grids that people forget to declare, asked in this order; all are metric, east first.
_USUAL = (2056, 21781, 3826, 27700, 28992, 2326, 5186, 2154, 31370)
M_PER_DEGREE = 111_320.0
"""Of longitude at the equator, and of latitude to within a hundredth: for what need not be exact."""
LEAST_M_PER_DEGREE = 110_500.0
"""Less than any degree of latitude has (110,574 m at the equator, WGS 84)."""


@dataclass(frozen=True, slots=True)
class DeclaredCrs:
    """A coordinate system or datum, as declared by a person or carried by a file."""

    kind: Literal["wgs84", "cgcs2000", "gcj02", "bd09", "crs"]
    name: str
    """What ``import_run.crs`` records: ``wgs84``, ``gcj02``, ``EPSG:2249``, or WKT."""
    overrides: str | None = None
    """The CRS of the file that a declaration put aside; None if there was none or they agree."""

    @property
    def in_degrees(self) -> bool:
        return self.kind != "crs" or _crs(self.name).is_geographic


@dataclass(frozen=True, slots=True)
class Hint:
    """What undeclared numbers look like, with candidates to declare."""

    said: Message
    candidates: tuple[str, ...]


def parse(text: str) -> DeclaredCrs:
    """``EPSG:2249``, ``2249``, ``wgs84``, ``cgcs2000``, ``gcj02``, ``bd09`` or WKT; case is free.

    Raises Invalid for anything else, and for a CRS that is neither geographic nor projected.

    >>> parse("2249").name, parse("GCJ-02").kind
    ('EPSG:2249', 'gcj02')
    """
    asked = text.strip()
    if asked.casefold() in _NAMES:
        name = _NAMES[asked.casefold()]
        return DeclaredCrs(name, name)  # type: ignore[arg-type]
    if re.fullmatch(r"\d{4,6}", asked):
        asked = f"EPSG:{asked}"
    try:
        crs = _crs(asked)
    except pyproj.exceptions.CRSError:
        crs = None
    if crs is None or not (crs.is_geographic or crs.is_projected):
        raise Invalid(
            "“{shown}” is no coordinate system known here; use an EPSG code such as EPSG:4549, or wgs84, "
            "cgcs2000, gcj02, bd09.",
            shown=text[:60],
            crs=text,
        )
    code = crs.to_authority(min_confidence=100)
    return DeclaredCrs("crs", ":".join(code) if code else asked)


def declare(
    asked: str | None,
    carried: str | None,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    near: tuple[float, float] | None = None,
) -> DeclaredCrs:
    """The declaration that counts: what was asked for, else what the file carries.

    What a person declares wins, for files often carry a wrong CRS, and none can carry GCJ-02;
    the file's own is then told in ``overrides``.

    Raises UndeclaredCrs with a ``hint`` drawn from the numbers ``x, y`` if there is neither.
    """
    own = parse(carried) if carried else None
    if asked:
        declared = parse(asked)
        differs = own is not None and own.name != declared.name
        if own is not None and _plain_degrees(own) and _plain_degrees(declared):
            differs = False
        return replace(declared, overrides=carried) if differs else declared
    if own is not None:
        return own
    found = hint(x, y, near=near)
    raise UndeclaredCrs(
        "The coordinate system is not declared. {found}",
        hint=say("Declare it with --crs."),
        found=found.said,
        candidates=list(found.candidates),
    )


def to_lonlat(x: npt.ArrayLike, y: npt.ArrayLike, declared: DeclaredCrs) -> tuple[Floats, Floats]:
    """Longitude and latitude in EPSG:4326; NaN where x or y is NaN or lies outside the CRS."""
    x, y = (np.asarray(a, dtype=np.float64) for a in (x, y))
    if declared.kind == "gcj02":
        return gcj02_to_wgs84(x, y)
    if declared.kind == "bd09":
        return bd09_to_wgs84(x, y)
    if _plain_degrees(declared):
        return x.copy(), y.copy()
    return _finite(*_transformer(declared.name, f"EPSG:{SRID}").transform(x, y))


def geometries_to_lonlat(geometries: Geometries, declared: DeclaredCrs) -> Geometries:
    """The geometries in EPSG:4326, 2D; None stays None.

    A vertex outside the CRS becomes NaN, so the geometry comes out as invalid.
    """
    flat: Geometries = shapely.force_2d(np.asarray(geometries, dtype=object))
    if _plain_degrees(declared):
        return flat
    return _moved(flat, lambda x, y: to_lonlat(x, y, declared))


def to_metric(geometries: Geometries, srid: int) -> Geometries:
    """Geometries from EPSG:4326 to the metric CRS ``srid``; None stays None."""
    transformer = _transformer(f"EPSG:{SRID}", f"EPSG:{srid}")
    return _moved(geometries, lambda x, y: _finite(*transformer.transform(x, y)))


def from_metric(geometries: Geometries, srid: int) -> Geometries:
    """Geometries from the metric CRS ``srid`` to EPSG:4326; None stays None."""
    transformer = _transformer(f"EPSG:{srid}", f"EPSG:{SRID}")
    return _moved(geometries, lambda x, y: _finite(*transformer.transform(x, y)))


def points_to_metric(lon: npt.ArrayLike, lat: npt.ArrayLike, srid: int) -> tuple[Floats, Floats]:
    """x (east) and y (north) in metres; NaN stays NaN."""
    lon, lat = (np.asarray(a, dtype=np.float64) for a in (lon, lat))
    return _finite(*_transformer(f"EPSG:{SRID}", f"EPSG:{srid}").transform(lon, lat))


def point_to_metric(lon: float, lat: float, srid: int) -> tuple[float, float] | None:
    """One point as ``points_to_metric``, twenty times as fast; None outside the metric CRS."""
    x, y = _transformer(f"EPSG:{SRID}", f"EPSG:{srid}").transform(lon, lat)
    return (x, y) if math.isfinite(x) and math.isfinite(y) else None


def default_metric_srid(lon: float, lat: float) -> int:
    """CGCS2000 3-degree Gauss zone (EPSG 4534–4554) about China, else the UTM zone.

    >>> default_metric_srid(120.9, 40.7), default_metric_srid(-71.06, 42.36)
    (4549, 32619)
    """
    if 73.5 <= lon <= 136.5 and 3.0 <= lat <= 54.0:
        return 4534 + int((lon + 1.5) // 3) - 25
    zone = min(60, int((lon + 180.0) // 6) + 1)
    return (32600 if lat >= 0 else 32700) + zone


def is_metric(srid: int) -> bool:
    """Whether an EPSG code is a projected coordinate system in metres; False for unknown codes."""
    try:
        system = pyproj.CRS.from_epsg(srid)
    except pyproj.exceptions.CRSError:
        return False
    return system.is_projected and all(axis.unit_name == "metre" for axis in system.axis_info)


def hint(x: npt.ArrayLike, y: npt.ArrayLike, *, near: tuple[float, float] | None = None) -> Hint:
    """What the numbers look like, judged by the middle of them.

    ``near`` is (lon, lat) of the township: then only systems that put the numbers within half
    a degree of it are named. Deterministic.
    """
    x, y = (np.asarray(a, dtype=np.float64).ravel() for a in (x, y))
    known = np.isfinite(x) & np.isfinite(y) & ((x != 0) | (y != 0))
    if not known.any():
        return Hint(message("There are no coordinates to judge by."), ())
    east, north = float(np.median(x[known])), float(np.median(y[known]))
    digits = 5 if max(abs(east), abs(north)) <= 180 else 0
    shown = f"{east:.{digits}f}, {north:.{digits}f}"
    if abs(east) <= 180 and abs(north) <= 90:
        said = message(
            "The numbers (such as {shown}) look like longitude and latitude in degrees: "
            "wgs84, cgcs2000, or from a Chinese web map gcj02 or bd09.",
            shown=shown,
        )
        return Hint(said, ("wgs84", "cgcs2000", "gcj02", "bd09"))
    if abs(north) <= 180 and abs(east) <= 90:
        said = message(
            "The numbers (such as {shown}) look like degrees with latitude first: "
            "swap the two columns, then declare wgs84, cgcs2000, gcj02 or bd09.",
            shown=shown,
        )
        return Hint(said, ("wgs84", "cgcs2000", "gcj02", "bd09"))
    fits = list(_fitting(_candidates(east, north), east, north, near))
    turned = [] if fits else list(_fitting(_candidates(north, east), north, east, near))
    if not fits and not turned:
        fits = list(_fitting(iter((3857,)), east, north, near))
    if not fits and not turned:
        said = message(
            "The numbers (such as {shown}) are no degrees and fit no system known here.",
            shown=shown,
        )
        return Hint(said, ())
    codes = tuple(f"EPSG:{code}" for code, _ in fits or turned)
    listed: str | Message = ", ".join(
        f"EPSG:{code} ({name})" for code, name in (fits or turned)[:3]
    )
    zones = [code for code in codes if _is_bare_zone(code)]
    if len(zones) > 1:
        listed = message(
            "a CGCS2000 3-degree Gauss zone without its number, {first}–{last}",
            first=zones[0], last=zones[-1],
        )  # fmt: skip
    template = (
        say(
            "The numbers (such as {shown}) are no degrees; they look like {listed}, with north first: "
            "swap the two columns."
        )
        if turned
        else say("The numbers (such as {shown}) are no degrees; they look like {listed}.")
    )
    return Hint(message(template, shown=shown, listed=listed), codes)


def _fitting(
    codes: Iterator[int], east: float, north: float, near: tuple[float, float] | None
) -> Iterator[tuple[int, str]]:
    """EPSG code and name of the systems in whose area of use the point lies."""
    for code in codes:
        crs = pyproj.CRS.from_epsg(code)
        if (area := crs.area_of_use) is None:
            continue
        lon, lat = pyproj.Proj(crs)(east, north, inverse=True)
        here = area.west <= lon <= area.east and area.south <= lat <= area.north
        if here and (near is None or np.hypot(lon - near[0], lat - near[1]) <= 0.5):
            yield code, crs.name


def _candidates(east: float, north: float) -> Iterator[int]:
    prefix = int(east // 1_000_000)
    if 13 <= prefix <= 45:
        # The zone number stands before the easting: 6-degree zones 13–23, 3-degree zones 25–45.
        if 13 <= prefix <= 23:
            yield 4491 + prefix - 13
        if 25 <= prefix <= 45:
            yield 4513 + prefix - 25
    yield from _USUAL
    # State planes in feet: only the plain NAD83 ones, of which each state has one per zone.
    for info in query_crs_info("EPSG", PJType.PROJECTED_CRS):
        if info.name.startswith("NAD83 / ") and info.name.endswith("(ftUS)"):
            yield int(info.code)
    if 100_000 <= east <= 900_000 and 1_000_000 <= north <= 6_200_000:
        # A Gauss zone without prefix fits any of 21 meridians: only the place can tell which.
        yield from range(4534, 4555)


def _is_bare_zone(code: str) -> bool:
    return "EPSG:4534" <= code <= "EPSG:4554"


@lru_cache(maxsize=64)
def _crs(name: str) -> pyproj.CRS:
    return pyproj.CRS.from_user_input(name)


@lru_cache(maxsize=64)
def _transformer(source: str, target: str) -> pyproj.Transformer:
    found = pyproj.Transformer.from_crs(_crs(source), _crs(target), always_xy=True)
    # Each thread makes a transformer its own at the first use, and to find the road between two
    # systems anew takes it a tenth of a second of every first answer; the road found takes none.
    # Where several roads stand side by side the place decides, so that one keeps them all.
    road = found.definition
    return found if road.startswith("unavailable") else pyproj.Transformer.from_pipeline(road)


def _plain_degrees(declared: DeclaredCrs) -> bool:
    return declared.kind in ("wgs84", "cgcs2000") or declared.name in _SAME_AS_WGS84


def _finite(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """pyproj says inf where it cannot answer; everything after this knows NaN only."""
    bad = ~(np.isfinite(x) & np.isfinite(y))
    return np.where(bad, np.nan, x), np.where(bad, np.nan, y)


def _moved(
    geometries: Geometries, move: Callable[[Floats, Floats], tuple[Floats, Floats]]
) -> Geometries:
    def pairs(xy: Floats) -> Floats:
        return np.column_stack(move(xy[:, 0], xy[:, 1]))

    moved: Geometries = shapely.transform(np.asarray(geometries, dtype=object), pairs)
    return moved


def reach_in_degrees(metres: float, lat: float) -> float:
    """No place within so many metres lies further away in degrees of either axis (EPSG:4326).

    A box for an index; exact distances come after. The store has the same as a function of this name.

    >>> round(reach_in_degrees(1000.0, 60.0), 4)
    0.0181
    """
    return metres / (LEAST_M_PER_DEGREE * math.cos(math.radians(min(abs(lat), 89.0))))
