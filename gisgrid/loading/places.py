"""Where is each row, and is its geometry good? Arrays in, reasons out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import shapely

from gisgrid.core.crs import M_PER_DEGREE, DeclaredCrs, geometries_to_lonlat, to_lonlat
from gisgrid.files.cells import numbers
from gisgrid.files.columns import Shape
from gisgrid.files.frames import Cells

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Bounds = tuple[float, float, float, float]

REPAIR_SHARE = 1e-4
"""A repaired polygon may differ in area by this share; more is a guess."""
_NOWHERE = re.compile(
    r"^[ \t]*[(（]?[ \t]*0(?:\.0+)?[ \t]*[,，][ \t]*0(?:\.0+)?[ \t]*[)）]?[ \t]*$", re.MULTILINE
)
_TYPES: dict[str, tuple[int, int]] = {"line": (1, 5), "polygon": (3, 6)}


@dataclass(frozen=True, slots=True)
class Points:
    """Points of the rows of one chunk."""

    lon: Floats
    """NaN unless ``place`` is ok."""
    lat: Floats
    x: Floats
    """As delivered."""
    y: Floats
    location_status: Cells
    """ok, unlocated, placeholder."""
    rejected: list[tuple[str, Mask]] = field(default_factory=list)
    noted: list[tuple[str, Mask]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Shapes:
    """Lines or polygons of the rows of one chunk."""

    geometries: npt.NDArray[np.object_]
    """Multi-geometries in EPSG:4326, 2D; None where the row is refused."""
    rejected: list[tuple[str, Mask]] = field(default_factory=list)
    noted: list[tuple[str, Mask]] = field(default_factory=list)


def points(
    x_cells: Cells,
    y_cells: Cells,
    declared: DeclaredCrs | None,
    *,
    words: list[Cells],
    bounds: Bounds | None,
    far_m: float,
    comma: bool = False,
) -> Points:
    """Points out of two columns of text; see ``located`` for the tests.

    Degrees, minutes and seconds are numbers; ``comma``: it parts decimals.
    ``declared`` None: no coordinates are expected, and any there are read as degrees.
    """
    x, y = (numbers(c, comma=comma, angles=True) for c in (x_cells, y_cells))
    found = located(x.values, y.values, declared, words=words, bounds=bounds, far_m=far_m)  # type: ignore[arg-type]
    no_number = np.zeros(len(x_cells), dtype=bool)
    for _, mask in x.rejected + y.rejected:
        no_number |= mask
    if not no_number.any():
        return found
    others = [(code, mask & ~no_number) for code, mask in found.rejected]
    noted = [(code, mask & ~no_number) for code, mask in found.noted]
    return Points(
        found.lon, found.lat, found.x, found.y, found.location_status,
        [("not_a_number", no_number), *others], noted,
    )  # fmt: skip


def located(
    x: Floats,
    y: Floats,
    declared: DeclaredCrs | None,
    *,
    words: list[Cells],
    bounds: Bounds | None,
    far_m: float,
) -> Points:
    """Each point in EPSG:4326, tested.

    Refused: half a pair; degrees out of range; outside the CRS; longitude and latitude swapped;
    further than ``far_m`` outside ``bounds``. Kept without a point: no pair (unlocated), and a
    pair that is (0, 0) or whose ``words`` say so (placeholder).
    """
    declared = declared or DeclaredCrs("wgs84", "wgs84")
    no_x, no_y = np.isnan(x), np.isnan(y)
    half = no_x != no_y
    nowhere = (x == 0) & (y == 0)
    for cells in words:
        nowhere |= _says_nowhere(cells)
    nowhere &= ~half & ~no_x
    there = ~no_x & ~no_y & ~nowhere
    swapped, beyond = np.zeros(len(x), dtype=bool), np.zeros(len(x), dtype=bool)
    if declared.in_degrees:
        beyond = there & ((np.abs(x) > 180) | (np.abs(y) > 90))
        swapped = beyond & (np.abs(x) <= 90) & (np.abs(y) <= 180)
        beyond &= ~swapped
    lon, lat = to_lonlat(np.where(there, x, np.nan), np.where(there, y, np.nan), declared)
    outside_crs = there & np.isnan(lon) & ~beyond & ~swapped
    far = np.zeros(len(x), dtype=bool)
    if bounds is not None:
        off = there & ~beyond & ~swapped & ~outside_crs & ~_within(lon, lat, bounds, far_m)
        if off.any():
            other_lon, other_lat = to_lonlat(y[off], x[off], declared)
            turned = _within(other_lon, other_lat, bounds, far_m)
            swapped[np.flatnonzero(off)[turned]] = True
            far = off & ~swapped
    location_status = np.full(len(x), "ok", dtype=object)
    location_status[no_x & no_y] = "unlocated"
    location_status[nowhere] = "placeholder"
    rejected = [("half_place", half), ("lonlat_range", beyond), ("crs_range", outside_crs),
                ("swapped", swapped), ("far", far)]  # fmt: skip
    noted = [("unlocated", no_x & no_y), ("placeholder", nowhere)]
    return Points(lon, lat, x, y, location_status, rejected, noted)


def from_geometries(geometries: npt.NDArray[np.object_]) -> tuple[Floats, Floats, Mask]:
    """x and y of points, and which geometries are something else.

    A multi-point of one point counts; none or an empty one has NaN.
    """
    kinds = shapely.get_type_id(geometries)
    single = (kinds == 4) & (shapely.get_num_geometries(geometries) == 1)
    ones = geometries.copy()
    ones[single] = shapely.get_geometry(geometries[single], 0)
    empty = shapely.is_empty(geometries) | (kinds == -1)
    wrong: Mask = ~empty & (kinds != 0) & ~single
    ones[wrong] = None
    return shapely.get_x(ones), shapely.get_y(ones), wrong


def polygon_points(geometries: npt.NDArray[np.object_]) -> tuple[Shapes, Mask]:
    """The geometries with a point on its surface for each polygon, and which were polygons.

    An invalid polygon is repaired and noted, or where no repair is certain refused: its surface is
    not known. Empty ones stay as they are.
    """
    found = geometries.copy()
    polygons: Mask = np.isin(shapely.get_type_id(found), _TYPES["polygon"])
    polygons &= ~shapely.is_empty(found)
    invalid, repaired = _repair(found, polygons, "polygon")
    found[invalid] = None
    found[polygons] = shapely.point_on_surface(found[polygons])
    noted = [("geometry_repaired", repaired)]
    return Shapes(found, [("geometry_invalid", invalid)], noted), polygons


def shapes(
    geometries: npt.NDArray[np.object_],
    shape: Shape,
    declared: DeclaredCrs,
    *,
    bounds: Bounds | None,
    far_m: float,
) -> Shapes:
    """Lines or polygons in EPSG:4326, tested and where certain repaired.

    Refused: none, empty, of another type, with a vertex outside the CRS or out of range, swapped,
    far away, and invalid ones whose repair changes the type or the area by more than
    ``REPAIR_SHARE``. A repair is noted.
    """
    geometries, from_lines = _alone(geometries, shape)
    kinds = shapely.get_type_id(geometries)
    none = kinds == -1
    empty = shapely.is_empty(geometries) & ~none
    wrong = ~none & ~empty & ~np.isin(kinds, _TYPES[shape])
    lines = wrong & np.isin(kinds, _TYPES["line"]) & (shape == "polygon")
    good = ~none & ~empty & ~wrong
    moved = np.full(len(geometries), None, dtype=object)
    moved[good] = geometries_to_lonlat(geometries[good], declared)
    box = shapely.bounds(moved)
    ranges = np.array([180.0, 90.0, 180.0, 90.0])
    lost = np.zeros(len(moved), dtype=bool)
    vertices, owner = shapely.get_coordinates(moved, return_index=True)
    lost[owner[~np.isfinite(vertices).all(axis=1)]] = True
    with np.errstate(invalid="ignore"):
        beyond = good & ~lost & (np.abs(box) > ranges).any(axis=1)
    swapped = (
        beyond & (np.abs(box[:, ::2]) <= 90).all(axis=1) & (np.abs(box[:, 1::2]) <= 180).all(axis=1)
    )
    beyond &= ~swapped
    good &= ~lost & ~beyond & ~swapped
    far = np.zeros(len(moved), dtype=bool)
    if bounds is not None:
        lon, lat = (box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2
        off = good & ~_within(lon, lat, bounds, far_m)
        swapped |= off & _within(lat, lon, bounds, far_m)
        far = off & ~swapped
        good &= ~off
    invalid, repaired = _repair(moved, good, shape)
    rejected = [("geometry_none", none), ("geometry_empty", empty), ("geometry_type", wrong & ~lines),
                ("line_open", lines),
                ("crs_range", lost), ("lonlat_range", beyond), ("swapped", swapped), ("far", far),
                ("geometry_invalid", invalid)]  # fmt: skip
    good &= ~invalid
    moved[~good] = None
    _make_multi(moved, shape)
    return Shapes(moved, rejected, [("geometry_repaired", repaired), ("line_polygon", from_lines)])


def _alone(
    geometries: npt.NDArray[np.object_], shape: Shape
) -> tuple[npt.NDArray[np.object_], Mask]:
    """The geometries with closed lines of a drawing as polygons, and which these were.

    A collection of one sort of geometry is the multi-geometry of it.
    """
    found = geometries.copy()
    kinds = shapely.get_type_id(found)
    for i in np.flatnonzero(kinds == 7).tolist():
        parts = [p for p in shapely.get_parts(found[i]) if not p.is_empty]
        inner = {p.geom_type.removeprefix("Multi") for p in parts}
        if inner == {"Polygon"} and shape == "polygon":
            flat = shapely.get_parts(np.array(parts, dtype=object))
            found[i] = shapely.multipolygons(flat) if len(flat) > 1 else flat[0]
        elif inner == {"LineString"} and shape == "line":
            found[i] = shapely.multilinestrings(shapely.get_parts(np.array(parts, dtype=object)))
    from_lines = np.zeros(len(found), dtype=bool)
    if shape == "polygon":
        for i in np.flatnonzero(np.isin(kinds, _TYPES["line"])).tolist():
            rings = shapely.get_parts(found[i])
            if (
                len(rings)
                and (shapely.is_closed(rings) & (shapely.get_num_points(rings) > 3)).all()
            ):
                polygons = shapely.polygons(
                    [shapely.linearrings(shapely.get_coordinates(r)) for r in rings]
                )
                found[i] = polygons[0] if len(polygons) == 1 else shapely.multipolygons(polygons)
                from_lines[i] = True
    return found, from_lines


def _repair(moved: npt.NDArray[np.object_], good: Mask, shape: Shape) -> tuple[Mask, Mask]:
    """Mend in place; which could not be, and which were."""
    invalid = good & ~shapely.is_valid(moved)
    repaired = np.zeros(len(moved), dtype=bool)
    for i in np.flatnonzero(invalid).tolist():
        if shape == "line":
            continue
        mended = shapely.make_valid(moved[i], method="structure", keep_collapsed=False)
        area = moved[i].area
        same_type = shapely.get_type_id(mended) in _TYPES[shape] and not mended.is_empty
        if same_type and abs(mended.area - area) <= REPAIR_SHARE * area:
            moved[i] = mended
            repaired[i] = True
    return invalid & ~repaired, repaired


def _make_multi(moved: npt.NDArray[np.object_], shape: Shape) -> None:
    single = np.flatnonzero(shapely.get_type_id(moved) == _TYPES[shape][0])
    wrap = shapely.multipolygons if shape == "polygon" else shapely.multilinestrings
    if len(single):
        moved[single] = wrap(moved[single], indices=np.arange(len(single)))


def _within(lon: Floats, lat: Floats, bounds: Bounds, far_m: float) -> Mask:
    """Whether the point lies in the box grown by ``far_m`` on each side; False for NaN."""
    west, south, east, north = bounds
    grow_lat = far_m / M_PER_DEGREE
    widest = min(max(abs(south), abs(north)), 89.0)
    grow_lon = grow_lat / np.cos(np.radians(widest))
    inside: Mask = (
        (lon >= west - grow_lon) & (lon <= east + grow_lon)
        & (lat >= south - grow_lat) & (lat <= north + grow_lat)
    )  # fmt: skip
    return inside


def _says_nowhere(cells: Cells) -> Mask:
    """Cells such as "(0, 0)"."""
    listed = cells.tolist()
    if not _NOWHERE.search("\n".join(filter(None, listed))):
        return np.zeros(len(cells), dtype=bool)
    return np.fromiter(
        (bool(t and len(t) < 24 and _NOWHERE.fullmatch(t)) for t in listed), bool, len(cells)
    )
