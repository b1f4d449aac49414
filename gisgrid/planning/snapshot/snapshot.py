"""A plan on one day as arrays: its grids, houses, teams, visits and events, in metres.

Everything that is checked or weighed is computed from this, without a database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gisgrid.core.arrays import Bools, Floats, Geometries, Ints
from gisgrid.locate.locator import Locator

Days = npt.NDArray[np.datetime64]
Texts = npt.NDArray[np.object_]

NO_ROW = -1
MANY = 5_000
"""For more points than these a locator is built."""


@dataclass(frozen=True, eq=False)
class Communities:
    """The communities of the township, by code."""

    code: Texts
    name: Texts
    metric: Geometries
    """Polygons in the metric CRS; None where none was delivered."""


@dataclass(frozen=True, eq=False)
class Grids:
    """The grids of the plan, by code (so that the lowest row is the lowest code)."""

    code: Texts
    name: Texts
    exclusive: Bools
    host: Texts
    """Empty text: none."""
    community: Ints
    """Row of the community that the plan names."""
    lonlat: Geometries
    """As stored, in EPSG:4326: whose ground a point is."""
    metric: Geometries
    """The same in the metric CRS: what is measured."""

    def layers(self, *, overlay: bool) -> list[Ints]:
        """Rows of the grids that lie side by side, from the uppermost layer down; the last owns houses."""
        if not overlay:
            return [np.arange(len(self.code))]
        return [np.flatnonzero(self.exclusive), np.flatnonzero(~self.exclusive)]

    def same_as(self, other: Grids) -> bool:
        """Whether each grid has the same code, name, kind, host, community and corners."""
        facts = ("code", "name", "exclusive", "host", "community")
        return all(np.array_equal(getattr(self, f), getattr(other, f)) for f in facts) and bool(
            shapely.equals_identical(self.lonlat, other.lonlat).all()
        )

    @property
    def ground_key(self) -> str:
        """The same for grids of the same codes on the same ground, to the last digit, whoever read them."""
        key = blake2b(digest_size=12)
        for code, over, shape in zip(self.code, self.exclusive, self.lonlat, strict=True):
            # The store keeps every grid as a multipolygon, of one part mostly.
            whole = shapely.MultiPolygon([p for p in shapely.get_parts(shape) if not p.is_empty])
            key.update(f"{code}|{int(over)}|".encode() + shapely.to_wkb(whole))
        return key.hexdigest()


@dataclass(frozen=True, eq=False)
class Houses:
    """All houses of the township, by code."""

    code: Texts
    lonlat: Floats
    """(n, 2), NaN where a house has no point."""
    xy_m: Floats
    residents: Ints
    households: Ints
    needs: Ints
    """(n, k): residents with each need, in the order of ``gisgrid.db.tables.register.NEEDS``."""
    community: Ints
    """Row of the community as the register says, -1 unknown."""
    last_visit: Days
    """Latest of the visits and verifications up to the day; NaT: never."""
    grid: Ints
    """Row of the grid that owns the house, -1 none."""

    @property
    def placed(self) -> Bools:
        return np.asarray(np.isfinite(self.lonlat).all(axis=1))


@dataclass(frozen=True, eq=False)
class Members:
    """Team members of the township on the day: one row per person, grid and role."""

    code: Texts
    """Code of the grid, which the plan need not have."""
    role: Texts
    staff: Ints
    trained: Bools
    """Whether the person took part in a training that has not expired on the day."""


@dataclass(frozen=True, eq=False)
class Teams:
    """The members whose grid the plan has."""

    grid: Ints
    role: Texts
    staff: Ints
    trained: Bools


@dataclass(frozen=True, eq=False)
class Events:
    """Events reported up to the day, oldest first."""

    day: Days
    matter: Texts
    """Code of the minor item."""
    major: Texts
    """Code of its major item; empty: none."""
    lonlat: Floats
    xy_m: Floats
    grid: Ints
    """Row of the grid where it happened (in overlay mode the exclusive one), -1 none."""


@dataclass(frozen=True, eq=False)
class Stations:
    """Team posts and service stations in use on the day that have a point, by code."""

    code: Texts
    kind: Texts
    xy_m: Floats
    post_of: Texts
    """Code of the grid whose team has its post here, which the plan need not have; empty: for everyone."""


@dataclass(frozen=True, eq=False)
class OpenStations:
    """The stations that serve somebody under the plan: not the post of a grid that it does not have."""

    code: Texts
    kind: Texts
    xy_m: Floats
    grid: Ints
    """Row of the grid whose team has its post here, -1: for everyone."""


@dataclass(frozen=True, eq=False)
class PlanSnapshot:
    """A plan on a day.

    ``events_until`` is the last day whose events count as work. With other grids a state is made by `gisgrid.planning.snapshot.regrid.on_grids`: houses and events name rows of
    the grids.
    """

    day: date
    events_until: date
    srid: int
    """EPSG code of the metric CRS."""
    overlay: bool
    near_border_m: float
    sizes: Mapping[str, Any]
    communities: Communities
    grids: Grids
    houses: Houses
    members: Members
    events: Events
    stations: Stations
    streets: Geometries
    """Centre lines in the metric CRS."""
    visits_known: bool
    """Whether any visit or verification is recorded at all."""
    staff_known: bool
    """Whether any member of staff is recorded at all."""
    training_known: bool
    """Whether any training is recorded at all."""

    @cached_property
    def teams(self) -> Teams:
        """Who serves the grids of this plan."""
        grid = rows_of(self.members.code, self.grids.code)
        there = grid >= 0
        return Teams(
            grid[there],
            self.members.role[there],
            self.members.staff[there],
            self.members.trained[there],
        )

    @cached_property
    def open_stations(self) -> OpenStations:
        """The stations in use under this plan, by code."""
        grid = rows_of(self.stations.post_of, self.grids.code)
        there = (grid >= 0) | (self.stations.post_of == "")
        return OpenStations(
            self.stations.code[there],
            self.stations.kind[there],
            self.stations.xy_m[there],
            grid[there],
        )

    @property
    def basic(self) -> Ints:
        """Rows of the basic grids."""
        return np.flatnonzero(~self.grids.exclusive)

    @property
    def tiling(self) -> Ints:
        """Rows of the grids that must tile the communities: in overlay mode the basic ones."""
        return self.grids.layers(overlay=self.overlay)[-1]

    def per_grid(self, value_of_house: npt.NDArray[Any]) -> Ints:
        """Sums of a whole number per house in each grid."""
        owned = self.houses.grid >= 0
        total = np.zeros(len(self.grids.code), dtype=np.int64)
        np.add.at(total, self.houses.grid[owned], value_of_house[owned])
        return total


def rows_of(codes: Texts, known: Texts) -> Ints:
    """The row of each code among those known, -1 for one that is not."""
    row_of = {code: k for k, code in enumerate(known.tolist())}
    return np.array([row_of.get(code, NO_ROW) for code in codes.tolist()], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class GridLayer:
    """The grids of one layer, asked whose ground points are on.

    Parameters
    ----------
    grids
        Polygons in the same coordinates as the points. An invalid one counts as GEOS mends it.
    rows
        Of the grids that may own; the lowest of those that cover a point owns it.
    """

    grids: Geometries
    rows: Ints

    @cached_property
    def _locator(self) -> Locator:
        codes = [f"{row:09d}" for row in self.rows.tolist()]
        return Locator.build(list(self.grids[self.rows]), codes)

    @cached_property
    def _sound(self) -> Bools:
        shapes = self.grids[self.rows]
        found: Bools = shapely.is_valid(shapes) & ~shapely.is_empty(shapes)
        return found

    def owners(self, lonlat: Floats) -> Ints:
        """The row whose grid covers each point (n, 2), border included; -1 none, as of NaN."""
        if not len(self.rows):
            return np.full(len(lonlat), NO_ROW)
        if len(lonlat) > MANY and self._sound.all():
            place = self._locator.locate_many(lonlat[:, 0], lonlat[:, 1])
            return np.append(self.rows, NO_ROW)[place]
        owner = np.full(len(lonlat), len(self.grids))
        placed = np.flatnonzero(np.isfinite(lonlat).all(axis=1))
        if len(placed):
            shapes, broken = self.grids[self.rows], ~self._sound
            shapes[broken] = shapely.make_valid(shapes[broken], method="structure")
            # The tree holds the points and each polygon asks, so that GEOS prepares it once.
            tree = shapely.STRtree(shapely.points(lonlat[placed]))
            polygon, point = tree.query(shapes, predicate="covers")
            np.minimum.at(owner, placed[point], self.rows[polygon])
        return np.where(owner < len(self.grids), owner, NO_ROW)


def owners(lonlat: Floats, grids: Geometries, rows: Ints) -> Ints:
    """The lowest of ``rows`` whose grid covers each point, as `GridLayer` tells."""
    return GridLayer(grids, rows).owners(lonlat)


def layered_owners(lonlat: Floats, layers: Sequence[GridLayer]) -> Ints:
    """Whose ground each point is on: the owner in the first of the layers that has one, -1 none."""
    owner = np.full(len(lonlat), NO_ROW)
    for ground in layers:
        owner = np.where(owner >= 0, owner, ground.owners(lonlat))
    return owner
