"""A plan on one day as arrays: its grids, houses, teams, visits and events, in metres.

Everything that is checked or weighed is computed from this, without a database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gisgrid.balance.arrays import Bools, Floats, Geometries, Ints

Days = npt.NDArray[np.datetime64]
Texts = npt.NDArray[np.object_]

NO_ROW = -1


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
    """(n, k): residents with each need, in the order of ``gisgrid.tables.register.NEEDS``."""
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
    """Team members on the day: one row per person, grid and role."""

    grid: Ints
    role: Texts
    staff: Ints
    trained: Bools
    """Whether the person took part in a training that has not expired on the day."""


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
    grid: Ints
    """Row of the grid whose team has its post here, -1: for everyone."""


@dataclass(frozen=True, eq=False)
class PlanState:
    """A plan on a day."""

    day: date
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

    @property
    def basic(self) -> Ints:
        """Rows of the basic grids."""
        return np.flatnonzero(~self.grids.exclusive)

    @property
    def tiling(self) -> Ints:
        """Rows of the grids that must tile the communities: in overlay mode the basic ones."""
        return self.basic if self.overlay else np.arange(len(self.grids.code))

    def per_grid(self, value_of_house: npt.NDArray[Any]) -> Ints:
        """Sums of a whole number per house in each grid."""
        owned = self.houses.grid >= 0
        total = np.zeros(len(self.grids.code), dtype=np.int64)
        np.add.at(total, self.houses.grid[owned], value_of_house[owned])
        return total


def owners(lonlat: Floats, grids: Geometries, rows: Ints) -> Ints:
    """The lowest of ``rows`` whose grid covers each point (border included), -1 none.

    Parameters
    ----------
    lonlat
        Points (n, 2); NaN has no owner.
    grids
        Polygons in the same coordinates as the points. An invalid one counts as GEOS mends it.
    """
    owner = np.full(len(lonlat), len(grids))
    placed = np.flatnonzero(np.isfinite(lonlat).all(axis=1))
    if len(placed) and len(rows):
        shapes = grids[rows].copy()
        broken = ~shapely.is_valid(shapes)
        shapes[broken] = shapely.make_valid(shapes[broken], method="structure")
        # The tree holds the points and each polygon asks, so that GEOS prepares it once.
        tree = shapely.STRtree(shapely.points(lonlat[placed]))
        polygon, point = tree.query(shapes, predicate="covers")
        np.minimum.at(owner, placed[point], rows[polygon])
    return np.where(owner < len(grids), owner, NO_ROW)
