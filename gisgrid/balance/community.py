"""One community as a problem of its own: communities are hard borders, so each is solved alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gisgrid.balance.bound import Bound, deviation_floor, pools, transfer_bound
from gisgrid.balance.graph import UnitGraph
from gisgrid.balance.kernels.anneal import AnnealProblem
from gisgrid.balance.result import MINUTES, Locks, Yardstick
from gisgrid.core.arrays import Bools, Floats, Ints, sums

# What one point of raggedness costs at shape price 1, as a share of the cost of a mean grid. It makes
# the default price 0.3 keep the mean compactness of the benchmark towns.
RAGGED_SHARE = 0.12
# A load on the edge of the band is inside, in whatever order it was added up.
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Community:
    """The units of one community, renumbered; grids are rows of ``names``.

    ``home`` is the plan of today, ``touching[g, h]`` whether units of ``g`` may go to ``h`` (two
    grids touch today, or units may go far), ``may`` the same less what locks forbid. ``worst`` is the
    raggedness (one over Polsby-Popper) of the worst grid of today's whole plan: no grid should become
    worse than that.
    """

    number: int
    units: Ints
    graph: UnitGraph
    names: Ints
    home: Ints
    workload: Floats
    cost: Floats
    free: Bools
    touching: Bools
    may: Bools
    rim: Floats
    area: Floats
    worst: float
    yardstick: Yardstick

    @property
    def grid_count(self) -> int:
        return len(self.names)

    def rows_of(self, grid_of: Ints) -> Ints:
        """A plan of the units by names as one by rows of ``names``."""
        return np.searchsorted(self.names, grid_of)

    @property
    def target(self) -> float:
        return float(self.workload.sum() / self.grid_count)

    def load(self, grid_of: Ints) -> Floats:
        return sums(grid_of, self.workload, self.grid_count)

    def deviation(self, grid_of: Ints) -> float:
        """Largest distance from the mean, as a share of it; 0 where there is no work at all."""
        if self.target <= 0:
            return 0.0
        return float(np.abs(self.load(grid_of) / self.target - 1).max())

    def allowed(self, tolerance: float) -> float:
        """The deviation that counts as even: the tolerance, or what whole steps of the measure ask for."""
        grain, target = self.yardstick.grain, self.target
        if grain <= 0 or target <= 0:
            return tolerance
        over = np.ceil(target / grain - ROUNDING) * grain / target - 1
        under = 1 - np.floor(target / grain + ROUNDING) * grain / target
        return max(tolerance, float(over), float(under))

    def within(self, grid_of: Ints, tolerance: float) -> bool:
        """Whether every grid is in the band, its edges included."""
        return self.deviation(grid_of) <= self.allowed(tolerance) + ROUNDING

    def away(self, grid_of: Ints) -> float:
        return float(self.cost[grid_of != self.home].sum())

    def bound(self, tolerance: float, *, held: Ints | None = None) -> Bound:
        """The linear program for a band of ``tolerance`` around the target.

        ``held`` is the plan in which units that are not free stand, if not today's.
        """
        anchor = self.home if held is None else np.where(self.free, self.home, held)
        tolerance = self.allowed(tolerance)
        return transfer_bound(
            self.load(anchor),
            np.full(self.grid_count, self.target * (1 - tolerance)),
            np.full(self.grid_count, self.target * (1 + tolerance)),
            self.may,
            pools(self.home, self.workload, self.cost, self.free),
        )

    def floor(self, *, locked: bool = True) -> float:
        """The least largest deviation that the class of the bound allows, or the locks if they bind.

        A single unit heavier than the target is a floor, too.
        """
        free = self.free if locked else np.ones(len(self.home), dtype=bool)
        floor = deviation_floor(
            self.load(self.home),
            self.target,
            self.may if locked else self.touching,
            pools(self.home, self.workload, self.cost, free),
        )
        heaviest = float(self.workload.max(initial=0.0)) / self.target - 1 if self.target else 0.0
        return max(floor, heaviest, 0.0)

    def drawn_anew(self, grid_of: Ints) -> Community:
        """The same units where ``grid_of`` is home, nothing is locked and moving is free."""
        every = np.ones((self.grid_count,) * 2, dtype=bool)
        return replace(
            self,
            home=grid_of,
            cost=np.zeros(len(grid_of)),
            free=np.ones(len(grid_of), dtype=bool),
            touching=every,
            may=every,
        )

    def problem(self, tolerance: float, shape: float, price: Floats) -> AnnealProblem:
        """What the search works on."""
        k = self.grid_count
        tolerance = self.allowed(tolerance)
        # Where moving is free, a unit counts as 1.
        grid_cost = (float(self.cost.sum()) or len(self.cost)) / k
        return AnnealProblem(
            self.graph.indptr.astype(np.int32),
            self.graph.indices.astype(np.int32),
            self.graph.border_m,
            self.rim,
            self.area,
            self.workload,
            self.cost,
            self.home.astype(np.int32),
            self.may,
            self.free,
            np.full(k, self.target * (1 - tolerance - ROUNDING / 2)),
            np.full(k, self.target * (1 + tolerance + ROUNDING / 2)),
            price,
            shape * RAGGED_SHARE * grid_cost,
            self.worst,
        )


@dataclass(frozen=True, eq=False)
class BalancePlan:
    """Today's plan and what moving costs: one entry a unit each, and the locks."""

    workload_min: Floats
    grid_of: Ints
    community_of: Ints
    cost: Floats
    locks: Locks

    def of(self, units: Ints) -> BalancePlan:
        """The part of the plan for some units."""
        held = None if self.locks.units is None else self.locks.units[units]
        return BalancePlan(
            self.workload_min[units],
            self.grid_of[units],
            self.community_of[units],
            self.cost[units],
            Locks(held, self.locks.grids, self.locks.borders),
        )


def communities(
    graph: UnitGraph, plan: BalancePlan, *, far: bool = False, yardstick: Yardstick = MINUTES
) -> list[Community]:
    """The communities in order of number, each ready to be solved.

    ``far``: units may go to any grid of their community, not only to one that touches theirs.
    """
    free = _free(graph, plan.grid_of, plan.locks)
    order = np.argsort(plan.community_of, kind="stable")
    numbers, start = np.unique(plan.community_of[order], return_index=True)
    parts = np.split(order, start[1:])
    score = graph.compactness(*_numbered(plan.grid_of))
    worst = np.inf if score is None else float(1 / max(np.nanmin(score), 1e-3))
    return [
        _community(int(number), units, graph, plan, free, worst=worst, far=far, yardstick=yardstick)
        for number, units in zip(numbers, parts, strict=True)
    ]


def _numbered(grid_of: Ints) -> tuple[Ints, int]:
    names, row = np.unique(grid_of, return_inverse=True)
    return row.astype(np.int64), len(names)


def _free(graph: UnitGraph, grid_of: Ints, locks: Locks) -> Bools:
    free = np.ones(graph.unit_count, dtype=bool)
    if locks.units is not None:
        free &= ~locks.units
    free &= ~np.isin(grid_of, locks.grids)
    if locks.borders:
        rows = graph.rows()
        for g, h in locks.borders:
            beside = (grid_of[rows] == g) & (grid_of[graph.indices] == h)
            free[rows[beside]] = free[graph.indices[beside]] = False
    return free


def _community(
    number: int,
    units: Ints,
    graph: UnitGraph,
    plan: BalancePlan,
    free: Bools,
    *,
    worst: float,
    far: bool,
    yardstick: Yardstick,
) -> Community:
    inner = graph.subgraph(units)
    names, home = np.unique(plan.grid_of[units], return_inverse=True)
    home = home.astype(np.int64)
    rows = inner.rows()
    touching = np.eye(len(names), dtype=bool) | far
    touching[home[rows], home[inner.indices]] = True
    may = touching.copy()
    fixed = np.isin(names, plan.locks.grids)
    may[fixed, :] = may[:, fixed] = False
    np.fill_diagonal(may, val=True)
    for pair in plan.locks.borders:
        row = np.flatnonzero(np.isin(names, pair))
        may[row[:1], row[1:]] = may[row[1:], row[:1]] = False
    rim = sums(rows, inner.border_m, len(units))
    if inner.outer_m is not None:
        rim = rim + inner.outer_m
    area = inner.area_m2
    if area is None:
        # Squares of the mean perimeter: then the shape price is a price of border length.
        area = np.full(len(units), (float(rim.mean()) / 4) ** 2 or 1.0)
    return Community(
        number=number,
        units=units,
        graph=inner,
        names=names,
        home=home,
        workload=plan.workload_min[units],
        cost=plan.cost[units],
        free=free[units],
        touching=touching,
        may=may,
        rim=rim,
        area=area,
        worst=worst,
        yardstick=yardstick,
    )
