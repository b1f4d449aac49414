"""Which units should change their grid, so that every grid of a community has its fair share?

The least change from today's plan, with round grids: communities are hard borders, grids stay in
one piece, locks hold, and a plan is checked by independent code before it is handed out. How
little change is possible at all is said with it (`gisgrid.balance.bound`). Where the tolerance is
out of reach the nearest plan comes back together with the reasons; nothing is relaxed in silence.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gisgrid.balance.bound import Bound
from gisgrid.balance.certificate import certify
from gisgrid.balance.community import ROUNDING, BalancePlan, Community, communities
from gisgrid.balance.graph import UnitGraph
from gisgrid.balance.reasons import reasons
from gisgrid.balance.result import MINUTES, CommunityResult, Locks, Reason, Result, Yardstick
from gisgrid.balance.search import NORMAL, Search, search_plan
from gisgrid.core.arrays import Bools, Floats, Ints
from gisgrid.core.errors import Invalid
from gisgrid.core.messages import message

Progress = Callable[[int, int, str], None]


def rebalance(
    graph: UnitGraph,
    workload_min: Floats,
    grid_of: Ints,
    *,
    rng: np.random.Generator,
    community_of: Ints | None = None,
    tolerance: float = 0.01,
    cost: Floats | None = None,
    locked: Locks | Bools | None = None,
    only: tuple[int, ...] | None = None,
    far: bool = False,
    shape: float = 0.3,
    search: Search | None = NORMAL,
    start: Ints | None = None,
    yardstick: Yardstick = MINUTES,
    progress: Progress | None = None,
) -> Result:
    """Today's plan with the least change that brings every grid near its community's mean.

    A community that is within the tolerance already is left alone.

    Parameters
    ----------
    workload_min
        Minutes a month of each unit.
    grid_of
        Grid of each unit today, any whole numbers.
    community_of
        Community of each unit; None for one community.
    tolerance
        Allowed distance of a grid's workload from the mean of its community, as a share of it.
    cost
        What it costs to move a unit (its residents, say); its workload if None.
    locked
        What must stay, or a mask of units that must.
    only
        Only these grids exchange units, each with those of its own community, and their own mean
        is the target; all others stay as they are.
    far
        A unit may go to any grid of its community, where otherwise only to one that touches its own
        today. The bound is then that of this wider class.
    shape
        Price of ragged borders: 0 for the least change and nothing else.
    start
        A plan to solve on from, where it is not today's; the cost is still that of being away from
        today's.
    search
        How long to search; None: not at all, so that the result says what the plan to begin with is
        worth.
    yardstick
        What ``workload_min`` counts, where it is not minutes.
    progress
        Called after each community with how many are done, how many there are, and what they are.
        What it raises ends the work; nothing is kept.

    Raises
    ------
    Invalid
        No units; a workload or cost is missing, negative or infinite; a grid lies in several
        communities; a lock or ``only`` names a grid that does not exist; the tolerance or the
        shape price is negative or not a number.

    Examples
    --------
    Four houses in a row, three of them in the first grid:

    >>> row = UnitGraph.from_pairs(4, np.array([[0, 1], [1, 2], [2, 3]]), np.ones(3))
    >>> result = rebalance(row, np.full(4, 30.0), np.array([1, 1, 1, 2]),
    ...                    rng=np.random.default_rng(7))
    >>> result.grid_of.tolist(), result.moved_cost, round(result.gap, 3)
    ([1, 1, 2, 2], 30.0, 0.02)
    """
    today = as_plan(
        graph, workload_min, grid_of, community_of=community_of, cost=cost, locked=locked
    )
    _check_options(today, only, tolerance, shape)
    chosen = np.arange(graph.unit_count) if only is None else _units_of(today.grid_of, only)
    part = graph if only is None else graph.subgraph(chosen)
    plan = today.grid_of.copy() if start is None else start.copy()
    reports: list[CommunityResult] = []
    why: list[Reason] = []
    places = communities(part, today.of(chosen), far=far, yardstick=yardstick)
    for done, community in enumerate(places):
        seed = int(rng.integers(1, 2**62))
        units = chosen[community.units]
        local = community.rows_of(plan[units])
        bound = community.bound(tolerance)
        if search is not None and not community.within(local, tolerance):
            # What the duals are worth was found from today's plan; from another they lead astray.
            price = bound.price if start is None else np.zeros(community.grid_count)
            # Where the tolerance is proven to be out of reach, the search goes for what is in reach.
            in_reach = bound.cost is not None
            local = search_plan(
                community,
                tolerance=tolerance if in_reach else max(tolerance, 1.01 * community.floor()),
                shape=shape,
                search=search,
                price=price,
                seed=seed,
                start=local,
            )
        report = _report(community, local, bound, tolerance)
        plan[units] = community.names[local]
        reports.append(report)
        why += reasons(community, units, local, tolerance, report)
        if progress is not None:
            progress(done + 1, len(places), "communities")
    result = summed_up(graph, today, plan, reports, why, neighbours_only=not far)
    if only is None and not np.isclose(
        result.certificate.max_deviation, result.max_deviation, atol=1e-9
    ):
        raise RuntimeError(f"The plan is not as balanced as it claims: {result.certificate}")
    return result


def as_plan(
    graph: UnitGraph,
    workload_min: Floats,
    grid_of: Ints,
    *,
    community_of: Ints | None = None,
    cost: Floats | None = None,
    locked: Locks | Bools | None = None,
) -> BalancePlan:
    """The input of `rebalance`, checked: it raises what `rebalance` says."""
    n = graph.unit_count
    workload_min = np.asarray(workload_min, dtype=np.float64)
    plan = BalancePlan(
        workload_min,
        np.asarray(grid_of, dtype=np.int64),
        np.zeros(n, dtype=np.int64) if community_of is None else np.asarray(community_of, np.int64),
        workload_min if cost is None else np.asarray(cost, dtype=np.float64),
        locked if isinstance(locked, Locks) else Locks(units=locked),
    )
    if n == 0:
        raise Invalid("There are no houses, so there is nothing to balance.")
    if not len(workload_min) == len(plan.grid_of) == len(plan.community_of) == len(plan.cost) == n:
        raise Invalid("Workload, grid, community and cost need one entry a unit.", units=n)
    if plan.locks.units is not None and np.asarray(plan.locks.units).shape != (n,):
        raise Invalid("The mask of locked units needs one entry a unit.", units=n)
    for name, value in (
        (message("workload"), workload_min),
        (message("cost"), plan.cost),
    ):
        bad = np.flatnonzero(~(np.isfinite(value) & (value >= 0)))
        if len(bad):
            raise Invalid(
                "The {name} of {count} units is missing, negative or infinite.",
                name=name,
                count=len(bad),
                units=bad[:100].tolist(),
            )
    pairs = np.unique(np.column_stack([plan.grid_of, plan.community_of]), axis=0)
    grids, times = np.unique(pairs[:, 0], return_counts=True)
    if (times > 1).any():
        raise Invalid(
            "{count} grids lie in more than one community; a grid belongs to exactly one.",
            count=int((times > 1).sum()),
            grids=grids[times > 1].tolist(),
        )
    return plan


def summed_up(
    graph: UnitGraph,
    today: BalancePlan,
    after: Ints,
    reports: list[CommunityResult],
    why: list[Reason],
    *,
    neighbours_only: bool = True,
) -> Result:
    """The result of a plan, certified.

    Raises
    ------
    RuntimeError
        The plan breaks a hard rule: a fault of this program, never of the input.
    """
    certificate = certify(
        graph,
        today.workload_min,
        today.grid_of,
        after,
        community_of=today.community_of,
        cost=today.cost,
        locks=today.locks,
        neighbours_only=neighbours_only,
    )
    if not certificate.holds:
        raise RuntimeError(f"The plan does not hold what it promises: {certificate}")
    bound = sum(r.bound for r in reports)
    moved_cost = certificate.moved_cost
    gap = float("inf") if moved_cost > 0 else 0.0
    if bound > 0:
        gap = moved_cost / bound - 1
    grids, row = np.unique(after, return_inverse=True)
    scores = graph.compactness(row, len(grids))
    return Result(
        grid_of=after,
        moved_cost=moved_cost,
        bound=bound,
        gap=gap,
        max_deviation=max((r.max_deviation for r in reports), default=0.0),
        compactness=None if scores is None else float(np.nanmean(scores)),
        infeasible=tuple(why),
        communities=tuple(reports),
        certificate=certificate,
        compactness_of=scores,
    )


def _units_of(grid_of: Ints, grids: tuple[int, ...]) -> Ints:
    return np.flatnonzero(np.isin(grid_of, grids))


def _check_options(
    today: BalancePlan, only: tuple[int, ...] | None, tolerance: float, shape: float
) -> None:
    if not (np.isfinite(tolerance) and tolerance >= 0):
        raise Invalid("The tolerance must be a share of 0 or more.", tolerance=tolerance)
    if not (np.isfinite(shape) and shape >= 0):
        raise Invalid("The price of ragged borders must be 0 or more.", shape=shape)
    locks = today.locks
    named = {*locks.grids, *(g for pair in locks.borders for g in pair), *(only or ())}
    unknown = sorted(named - set(np.unique(today.grid_of).tolist()))
    if unknown or only == ():
        raise Invalid("{count} of the grids named do not exist.", count=len(unknown), grids=unknown)


def _report(community: Community, plan: Ints, bound: Bound, tolerance: float) -> CommunityResult:
    deviation = community.deviation(plan)
    reached = community.within(plan, tolerance)
    least = bound.cost if reached else community.bound(deviation + ROUNDING).cost
    return CommunityResult(
        community=community.number,
        grids=tuple(community.names.tolist()),
        target=community.target,
        floor=community.floor() if not reached else 0.0,
        bound=least or 0.0,
        moved_cost=community.away(plan),
        max_deviation=deviation,
        reached=reached,
    )
