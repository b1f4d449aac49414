"""How many minutes a month does each house, grid, community and the township ask for?

Work is counted in whole thousandths of a minute (``_mmin``): each visible part of each house is
rounded once, and from there on sums are exact, so that parts add up to totals to the last digit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from gisgrid.balance.weights import MONTH_DAYS, Weights
from gisgrid.core.arrays import Bools, Floats, Ints, sums
from gisgrid.core.errors import Invalid
from gisgrid.core.messages import message

Texts = npt.NDArray[np.object_]

MMIN = 1000
"""Thousandths of a minute in a minute."""


@dataclass(frozen=True, eq=False)
class Workload:
    """Work by house and part.

    Parameters
    ----------
    parts
        Names of the parts, in order of the columns.
    house_mmin
        Shape (houses, parts), int64.
    loose_mmin
        Shape (grids + 1, parts): work that no house carries (events in a grid without houses), by
        grid; the last row is of events in no grid.
    """

    parts: tuple[str, ...]
    house_mmin: Ints
    loose_mmin: Ints

    @property
    def house_min(self) -> Floats:
        """Minutes a month of each house, all parts."""
        minutes: Floats = self.house_mmin.sum(axis=1) / MMIN
        return minutes

    @property
    def total_mmin(self) -> int:
        return int(self.house_mmin.sum() + self.loose_mmin.sum())

    def by_grid(self, grid_of: Ints) -> Ints:
        """Work of each grid by part, shape (grids + 1, parts); the last row is in no grid.

        Parameters
        ----------
        grid_of
            Row of each house's grid, -1 none.
        """
        count = len(self.loose_mmin)
        out = self.loose_mmin.copy()
        np.add.at(out, np.where(grid_of >= 0, grid_of, count - 1), self.house_mmin)
        return out


@dataclass(frozen=True)
class Spread:
    """How evenly some loads lie; None where there is nothing to compare.

    ``max_over_mean`` is 1 and ``gini`` 0 if all are equal.
    """

    count: int
    mean_min: float | None
    max_min: float | None
    max_over_mean: float | None
    gini: float | None


def house_workload(
    *,
    residents: Ints,
    households: Ints,
    needs: Ints,
    need_names: tuple[str, ...],
    walk_m: Floats,
    event_house: Ints,
    event_grid: Ints,
    event_min: Floats,
    grid_count: int,
    weights: Weights,
) -> Workload:
    """Expected minutes a month of each house, in visible parts.

    Parameters
    ----------
    needs
        Shape (houses, len(need_names)): residents with each need; who has two counts in both.
    walk_m
        Metres from each house to the base of its team, one way; NaN (no point, no grid) walks none.
    event_house, event_grid, event_min
        For each event of the last ``weights.event_months``: the house that carries it (-1 none),
        its grid (-1 none) and its usual minutes.

    Raises
    ------
    Invalid
        A count is negative, or minutes or metres are negative or infinite.
    """
    _refuse_bad(residents, households, needs, walk_m, event_min)
    houses, month = len(residents), weights.event_months
    visits = households * (MONTH_DAYS / weights.visit_every_days)
    of_house = event_house >= 0
    events = sums(event_house[of_house], np.ones(int(of_house.sum())), houses) / month
    trips = visits / weights.stops_per_round + events
    walk_min = 2 * np.nan_to_num(walk_m, nan=0.0) / weights.walk_m_per_min
    columns = {
        "households": households * weights.household_min,
        "residents": residents * weights.resident_min,
        **{
            name: needs[:, k] * weights.need_min.get(name, 0.0) for k, name in enumerate(need_names)
        },
        "events": sums(event_house[of_house], event_min[of_house], houses) / month,
        "visits": visits * weights.visit_min,
        "walking": trips * walk_min,
    }
    parts = tuple(columns)
    house_mmin = np.rint(np.column_stack(list(columns.values())) * MMIN).astype(np.int64)
    loose = np.zeros((grid_count + 1, len(parts)), dtype=np.int64)
    lost = ~of_house
    row = np.where(event_grid[lost] >= 0, event_grid[lost], grid_count)
    loose[:, parts.index("events")] = np.rint(
        sums(row, event_min[lost], grid_count + 1) / month * MMIN
    ).astype(np.int64)
    return Workload(parts, house_mmin.reshape(houses, len(parts)), loose)


def carriers(event_xy: Floats, event_grid: Ints, house_xy: Floats, house_grid: Ints) -> Ints:
    """The house that carries each event: the nearest of the same grid, -1 if there is none.

    Parameters
    ----------
    event_xy, house_xy
        Metric coordinates; NaN takes no part.
    """
    out = np.full(len(event_xy), -1)
    asked = np.flatnonzero((event_grid >= 0) & np.isfinite(event_xy).all(axis=1))
    there = np.flatnonzero((house_grid >= 0) & np.isfinite(house_xy).all(axis=1))
    asked = asked[np.argsort(event_grid[asked], kind="stable")]
    there = there[np.argsort(house_grid[there], kind="stable")]
    grids, first, count = np.unique(event_grid[asked], return_index=True, return_counts=True)
    low = np.searchsorted(house_grid[there], grids, side="left")
    high = np.searchsorted(house_grid[there], grids, side="right")
    for begin, n, i, j in zip(first, count, low, high, strict=True):
        if i < j:
            rows, mine = asked[begin : begin + n], there[i:j]
            out[rows] = mine[cKDTree(house_xy[mine]).query(event_xy[rows])[1]]
    return out


def posts(grid: Ints, role: Texts, staff: Ints, count: int, weights: Weights) -> Floats:
    """Posts present in each grid: 1+N, where who serves several grids is shared among them.

    Parameters
    ----------
    grid, role, staff
        One row per member, grid and role on the day.
    """
    share = np.array([weights.posts.get(str(r), 0.0) for r in role], dtype=np.float64)
    # Each person's parts over the grids they serve: one post is never counted twice.
    serves: dict[int, set[int]] = {}
    for person, g in zip(staff.tolist(), grid.tolist(), strict=True):
        serves.setdefault(person, set()).add(g)
    share /= np.array([len(serves[p]) for p in staff.tolist()], dtype=np.float64)
    return sums(grid, share, count)


def spread(load_min: Floats) -> Spread:
    """Mean, largest, largest over mean and Gini coefficient of loads; NaN is left out.

    References
    ----------
    Gini (1912); as the mean absolute difference of all pairs over twice the mean.
    """
    known = np.sort(load_min[np.isfinite(load_min)])
    n = len(known)
    if not n:
        return Spread(0, None, None, None, None)
    mean, top = float(known.mean()), float(known[-1])
    if mean <= 0:
        return Spread(n, mean, top, None, None)
    gini = float((2 * np.arange(1, n + 1) - n - 1) @ known) / (n * n * mean)
    return Spread(n, mean, top, top / mean, gini)


def deviations(load_min: Floats, community: Ints, counted: Bools) -> Floats:
    """Distance of each load from the mean of its community's counted ones, as a share of it.

    NaN for what is not counted, and where the mean is 0.
    """
    use = counted & np.isfinite(load_min)
    n = max(int(community.max(initial=-1)) + 1, 0)
    total = sums(community[use], load_min[use], n)
    held = np.bincount(community[use], minlength=n)
    mean = np.divide(total, held, out=np.zeros(n), where=held > 0)[community]
    out = np.full(len(load_min), np.nan)
    np.divide(load_min - mean, mean, out=out, where=use & (mean > 0))
    return out


def _refuse_bad(
    residents: Ints, households: Ints, needs: Ints, walk_m: Floats, event_min: Floats
) -> None:
    for name, bad in (
        (
            message("count of people"),
            (residents < 0) | (households < 0) | (needs < 0).any(axis=1),
        ),
        (message("walk"), np.isinf(walk_m) | (walk_m < 0)),
        (message("time of an event"), ~(np.isfinite(event_min) & (event_min >= 0))),
    ):
        rows = np.flatnonzero(bad)
        if len(rows):
            raise Invalid(
                "The {name} of {count} rows is missing, negative or infinite.",
                name=name,
                count=len(rows),
                rows=rows[:100].tolist(),
            )
