"""Which grid is this in? Exact point location in a set of polygons, in memory.

The answer is Shapely's ``covers``, border included, and of several polygons that cover a point the
one with the lowest code (compared by code points, as ``COLLATE "C"`` does).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from shapely.geometry.base import BaseGeometry

from gisgrid.core.errors import Invalid
from gisgrid.locate import store
from gisgrid.locate.index import Index, build_index
from gisgrid.locate.kernels import compiled_now, lookup
from gisgrid.locate.kernels import near as near_kernels
from gisgrid.locate.metres import metres_per_degree
from gisgrid.locate.overlaps import overlapping_pairs

POINTS_PER_TASK = 125_000

Unit = Literal["degree", "metre"]


class Near(NamedTuple):
    """A grid and how far away it is in metres; 0 if it covers the point or its border touches it."""

    code: str
    distance_m: float


@dataclass(frozen=True, slots=True)
class Located:
    """The grid of a point.

    Parameters
    ----------
    code
        Of the grid.
    border_m
        Metres from the point to the nearest border of that grid, holes included; 0 on it.
    other
        Other grids near by, nearest first, equally near ones by code.
    """

    code: str
    border_m: float
    other: tuple[Near, ...]


class Locator:
    """An index of polygons that says which one a point is in.

    Parameters
    ----------
    index
        Its arrays, from ``build_index``.
    codes
        One code per polygon, in the order of the input: ``locate_many`` answers with places in it.
    overlaps
        Pairs of codes (lower, higher) whose polygons share ground; at most 10,000 are named.
    unit
        What one unit of x and y is: a degree of longitude and latitude, or a metre.
    """

    def __init__(
        self,
        index: Index,
        codes: tuple[str, ...],
        overlaps: tuple[tuple[str, str], ...],
        unit: Unit,
    ) -> None:
        self.index = index
        self.codes = codes
        self.overlaps = overlaps
        self.unit = unit
        self._polygons = (index.xy, index.boxes, index.begins, index.start)
        self._tree = (index.tree_boxes, index.tree_begins, index.tree_polygon)
        self._grid = (index.head, index.hot, *self._polygons, index.rank, *self._tree)

    @classmethod
    def build(
        cls, polygons: Sequence[BaseGeometry], codes: Sequence[str], *, unit: Unit = "degree"
    ) -> Locator:
        """Index polygons of any one CRS.

        Parameters
        ----------
        polygons
            Valid Polygons or MultiPolygons; no polygons at all is a plan in which nothing is found.
        codes
            As many, each once; strings, sorted as such.
        unit
            Of the coordinates; distances are in metres either way.

        Raises
        ------
        Invalid
            If lengths differ, a code comes twice, or a polygon is empty, is not a polygon, has a
            coordinate that is no number, or crosses itself.
        """
        codes = tuple(codes)
        if len(codes) != len(polygons):
            msg = f"{len(polygons)} polygons came with {len(codes)} codes."
            raise Invalid(
                msg,
                zh=f"有 {len(polygons)} 个多边形，却有 {len(codes)} 个编码。",
                polygons=len(polygons),
                codes=len(codes),
            )
        twice = _first_repeated(codes)
        if twice is not None:
            msg = f"Code {twice} is given to two polygons."
            raise Invalid(msg, zh=f"编码 {twice} 出现在两个多边形上。", code=twice)
        index, suspect = build_index(polygons, codes)
        return cls(index, codes, overlapping_pairs(polygons, codes, suspect), unit)

    def locate_many(
        self,
        lon: npt.ArrayLike,
        lat: npt.ArrayLike,
        *,
        threads: int = 1,
    ) -> npt.NDArray[np.int32]:
        """Place in ``codes`` of every point's polygon, (n,) int32; -1 in none.

        Parameters
        ----------
        lon, lat
            (n,) each, in the CRS of the polygons. NaN and infinities are in none.
        threads
            The work is split among so many; the interpreter is free meanwhile.
        """
        x = np.ascontiguousarray(lon, np.float64)
        y = np.ascontiguousarray(lat, np.float64)
        if x.shape != y.shape or x.ndim != 1:
            msg = f"Longitudes have the shape {x.shape}, latitudes {y.shape}; both must be one row of equal length."
            raise Invalid(msg, zh="经度与纬度的个数不一致。", lon=x.shape, lat=y.shape)
        out = np.empty(len(x), np.int32)

        def run(start: int) -> None:
            part = slice(start, start + step)
            lookup.locate_many(x[part], y[part], out[part], *self._grid)

        if threads <= 1 or len(x) <= POINTS_PER_TASK:
            step = max(len(x), 1)
            run(0)
            return out
        step = POINTS_PER_TASK
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, range(0, len(x), step)))
        return out

    def place(self, lon: float, lat: float) -> int:
        """Place in ``codes`` of the point's polygon; -1 in none. The fastest single answer."""
        index = self.index
        found: int = lookup.locate_one(lon, lat, index.head, index.hot)
        if found == lookup.UNSURE:
            found = lookup.locate_exact(lon, lat, *self._grid)
        return found

    def locate(self, lon: float, lat: float, *, within_m: float = 15.0) -> Located | None:
        """The polygon of a point, how far its border is, and who else is near; None if in none.

        Parameters
        ----------
        within_m
            Other polygons up to this far from the point are named.

        Notes
        -----
        With degrees, distances are flat ones on the ellipsoid's radii at the point: right to
        1 mm in 100 m up to 58 degrees of latitude (``metres_per_degree``).
        """
        found = self.place(lon, lat)
        if found < 0:
            return None
        kx, ky = self._scale(lat)
        border2, others, distance2 = near_kernels.surroundings(
            found, lon, lat, kx, ky, within_m * within_m, *self._polygons, *self._tree
        )
        return Located(self.codes[found], math.sqrt(border2), self._named(others, distance2))

    def near(self, lon: float, lat: float, *, within_m: float) -> tuple[Near, ...]:
        """Polygons that cover the point or come within ``within_m`` of it; nearest first, then by code."""
        if not (math.isfinite(lon) and math.isfinite(lat)):
            return ()
        kx, ky = self._scale(lat)
        found, distance2 = near_kernels.polygons_within(
            -1, lon, lat, kx, ky, within_m * within_m, *self._polygons, *self._tree
        )
        return self._named(found, distance2)

    def nearest(self, lon: float, lat: float) -> Near | None:
        """The polygon nearest to a point, 0 m if it covers it; None without polygons or a place."""
        found = self.place(lon, lat)
        if found >= 0:
            return Near(self.codes[found], 0.0)
        if not self.codes or not (math.isfinite(lon) and math.isfinite(lat)):
            return None
        kx, ky = self._scale(lat)
        g, distance2 = near_kernels.nearest_polygon(
            lon, lat, kx, ky, *self._polygons, self.index.rank, *self._tree
        )
        return Near(self.codes[g], math.sqrt(distance2))

    def save(self, path: str | Path) -> None:
        """Write the locator to one file, at once or not at all."""
        facts = {"codes": self.codes, "overlaps": self.overlaps, "unit": self.unit}
        arrays = {field.name: getattr(self.index, field.name) for field in fields(self.index)}
        store.write(Path(path), facts, arrays)

    @classmethod
    def load(cls, path: str | Path, *, verify: bool = True) -> Locator:
        """Open a saved locator; its arrays stay in the file and are read as they are needed.

        Parameters
        ----------
        verify
            Check every byte: 20 ms for 300 MB already in the page cache. False checks header and
            length only, and reads from the disk just what is asked for.

        Raises
        ------
        Invalid
            If the file is foreign, of another version, cut short, or damaged.
        """
        facts, arrays = store.read(Path(path), verify=verify)
        overlaps = tuple((low, high) for low, high in facts["overlaps"])
        return cls(Index(**arrays), tuple(facts["codes"]), overlaps, facts["unit"])

    def _named(
        self, found: npt.NDArray[np.int32], distance2: npt.NDArray[np.float64]
    ) -> tuple[Near, ...]:
        if not len(found):
            return ()
        nears = [
            Near(self.codes[g], math.sqrt(d))
            for g, d in zip(found.tolist(), distance2.tolist(), strict=True)
        ]
        return tuple(sorted(nears, key=lambda near: (near.distance_m, near.code)))

    def _scale(self, lat: float) -> tuple[float, float]:
        return metres_per_degree(lat) if self.unit == "degree" else (1.0, 1.0)


def warm() -> bool:
    """Compile every kernel, or load it from the cache of an earlier process; whether any was compiled."""
    from shapely import box  # noqa: PLC0415

    locator = Locator.build([box(0, 0, 1, 1), box(0.5, 0, 2, 1)], ["a", "b"])
    locator.locate_many(np.array([0.5]), np.array([0.5]))
    locator.locate(0.5, 0.5)
    locator.nearest(5.0, 5.0)
    return compiled_now() > 0


def _first_repeated(codes: Sequence[str]) -> str | None:
    seen: set[str] = set()
    for code in codes:
        if code in seen:
            return code
        seen.add(code)
    return None
