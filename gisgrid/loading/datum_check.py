"""Can the declared datum be right? Points compared with what is known of the place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from gisgrid.core.crs import M_PER_DEGREE, DeclaredCrs, to_lonlat
from gisgrid.core.messages import Message, message

Floats = npt.NDArray[np.float64]

SAMPLE = 20_000
MIN_POINTS = 5


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
class DatumVerdict:
    """What the comparison says."""

    declared: str
    best: str
    """The reading that fits best; the declared one unless another is clearly better."""
    doubtful: bool
    """The declared datum cannot be right."""
    shift_m: float
    """Median distance between the declared and the best reading; 0 if they are the same, NaN if
    the numbers are no places as declared."""
    change_grid: int
    """Points that lie in another grid (or in none) under the best reading; 0 without grids."""
    points: int
    fits: tuple[Fit, ...]
    """The declared reading first."""
    said: Message


def detect(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    declared: DeclaredCrs,
    *,
    known_lon: npt.ArrayLike | None = None,
    known_lat: npt.ArrayLike | None = None,
    houses: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    grids: Sequence[BaseGeometry] | None = None,
) -> DatumVerdict:
    """Which reading of the numbers fits best: as declared, as another datum, or swapped.

    Another reading is clearly better, by the first kind of evidence that says so, if it brings
    the median distance to the same houses below a quarter of more than 20 m; or the median
    distance to the nearest house below a half of more than 5 m; or at least halves the share of
    points outside the grids, by one point in a hundred and ``MIN_POINTS`` points. Deterministic:
    of many points every n-th is compared, and all are counted for ``change_grid``.

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
    all_x, all_y = (np.asarray(a, dtype=np.float64).ravel() for a in (x, y))
    given = np.isfinite(all_x) & np.isfinite(all_y)
    all_x, all_y = all_x[given], all_y[given]
    step = max(1, -(-len(all_x) // SAMPLE))
    x, y = all_x[::step], all_y[::step]
    known = None
    if known_lon is not None and known_lat is not None:
        known = tuple(
            np.asarray(a, dtype=np.float64).ravel()[given][::step] for a in (known_lon, known_lat)
        )
    readings = _readings(declared)
    tree = None if grids is None else shapely.STRtree(list(grids))
    fits = tuple(
        _fit(name, _read(x, y, how), known, houses, tree) for name, how in readings.items()
    )
    best = _best(fits, len(x)) if len(x) >= MIN_POINTS else declared.name
    shift, changed = 0.0, 0
    if best != declared.name:
        here, there = (
            _read(all_x, all_y, readings[declared.name]),
            _read(all_x, all_y, readings[best]),
        )
        moved = metres(*here, *there)
        moved = moved[np.isfinite(moved)]
        shift = float(np.median(moved)) if len(moved) else np.nan
        if tree is not None:
            changed = int((owners(tree, *here) != owners(tree, *there)).sum())
    return DatumVerdict(
        declared.name, best, best != declared.name, shift, changed, len(all_x), fits,
        _sentence(declared.name, best, shift, changed, len(all_x)),
    )  # fmt: skip


def _readings(declared: DeclaredCrs) -> dict[str, tuple[DeclaredCrs, bool]]:
    """Name → (how to read, whether to swap first); the declared one first."""
    readings = {declared.name: (declared, False)}
    if declared.in_degrees:
        for datum in ("wgs84", "gcj02", "bd09"):
            same = declared.kind == datum or (
                datum == "wgs84" and declared.kind not in ("gcj02", "bd09")
            )
            if not same:
                readings[datum] = (DeclaredCrs(datum, datum), False)
    readings["swapped"] = (declared, True)
    return readings


def _read(x: Floats, y: Floats, how: tuple[DeclaredCrs, bool]) -> tuple[Floats, Floats]:
    declared, swap = how
    lon, lat = to_lonlat(y, x, declared) if swap else to_lonlat(x, y, declared)
    impossible = ~((np.abs(lon) <= 180) & (np.abs(lat) <= 90))
    return np.where(impossible, np.nan, lon), np.where(impossible, np.nan, lat)


def _fit(
    name: str,
    at: tuple[Floats, Floats],
    known: tuple[Floats, ...] | None,
    houses: tuple[npt.ArrayLike, npt.ArrayLike] | None,
    tree: shapely.STRtree | None,
) -> Fit:
    pair = near = inside = np.nan
    lon, lat = at
    if known is not None:
        both = np.isfinite(known[0]) & np.isfinite(known[1])
        if both.sum() >= MIN_POINTS:
            distances = metres(lon[both], lat[both], known[0][both], known[1][both])
            pair = float(np.median(np.where(np.isnan(distances), np.inf, distances)))
    if houses is not None and len(lon):
        near = _nearest(lon, lat, *(np.asarray(a, dtype=np.float64) for a in houses))
    if tree is not None and len(lon):
        inside = float((owners(tree, lon, lat) >= 0).mean())
    return Fit(name, pair, near, inside)


def _best(fits: tuple[Fit, ...], points: int) -> str:
    declared, *others = fits
    closest = min(others, key=lambda f: f.pair_m if f.pair_m == f.pair_m else np.inf)
    if declared.pair_m > 20 and closest.pair_m < declared.pair_m / 4:
        return closest.name
    if np.isfinite(declared.pair_m):
        # The same houses stand where they stood: no weaker evidence counts against that.
        return declared.name
    closest = min(others, key=lambda f: f.near_m if f.near_m == f.near_m else np.inf)
    if declared.near_m > 5 and closest.near_m < declared.near_m / 2:
        return closest.name
    fullest = max(others, key=lambda f: f.inside if f.inside == f.inside else -1.0)
    outside, least = 1 - declared.inside, 1 - fullest.inside
    if least <= outside / 2 and outside - least >= max(0.01, MIN_POINTS / points):
        return fullest.name
    return declared.name


def metres(lon: Floats, lat: Floats, other_lon: Floats, other_lat: Floats) -> Floats:
    east = (other_lon - lon) * np.cos(np.radians(lat))
    distance: Floats = np.hypot(east, other_lat - lat) * M_PER_DEGREE
    return distance


def _nearest(lon: Floats, lat: Floats, house_lon: Floats, house_lat: Floats) -> float:
    there = np.isfinite(house_lon) & np.isfinite(house_lat)
    good = np.isfinite(lon) & np.isfinite(lat)
    if not there.any() or not good.any():
        return np.inf if there.any() else np.nan
    narrow = np.cos(np.radians(np.median(house_lat[there])))
    scale = np.array([narrow, 1.0]) * M_PER_DEGREE
    index = cKDTree(np.column_stack([house_lon[there], house_lat[there]]) * scale)
    distances, _ = index.query(np.column_stack([lon[good], lat[good]]) * scale)
    return float(np.median(distances))


def owners(tree: shapely.STRtree, lon: Floats, lat: Floats) -> npt.NDArray[np.int64]:
    """Index of the first grid that covers each point, -1 for none."""
    owners = np.full(len(lon), -1, dtype=np.int64)
    good = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
    point, grid = tree.query(shapely.points(lon[good], lat[good]), predicate="covered_by")
    order = np.argsort(-grid, kind="stable")
    owners[good[point[order]]] = grid[order]
    return owners


def _sentence(declared: str, best: str, shift: float, changed: int, points: int) -> Message:
    if best == declared:
        return message("Nothing speaks against {declared}.", declared=declared)
    if np.isnan(shift):
        return message(
            "{declared} cannot be right: as declared the numbers are no places; as {best} they fit.",
            declared=declared, best=best,
        )  # fmt: skip
    return message(
        "{declared} cannot be right: read as {best} the points fit what is known. "
        "They would shift by {shift_m:.0f} m, and {changed} of {points} would change grid.",
        declared=declared, best=best, shift_m=shift, changed=changed, points=points,
    )  # fmt: skip
