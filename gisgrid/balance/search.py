"""The search for a good plan of one community: restarts of the annealing, harder where it misses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gisgrid.balance.community import Community
from gisgrid.balance.kernels.anneal import Schedule, anneal
from gisgrid.core.arrays import Floats, Ints


@dataclass(frozen=True)
class Search:
    """How long to search.

    Parameters
    ----------
    moves_per_unit, in_large
        Proposed moves per unit in each run; ``in_large`` those of a large community, if not as many.
    least_moves
        Moves of a run at least; it makes small communities thorough.
    runs
        Independent runs, of which the best counts; a large community gets one.
    rescues
        Further, ever harder runs where the tolerance was missed.
    heat
        Temperature at the start, in mean costs of a unit; a low one stays near the plan it starts
        from.
    """

    moves_per_unit: int = 1200
    in_large: int | None = None
    least_moves: int = 27_000
    runs: int = 2
    rescues: int = 6
    heat: float = 1.0


# Temperature at the start of each run, in mean costs of a unit: most communities want a mild one,
# some small ones have their better plan behind a wall that only a hot start climbs.
HEATS = (1.0, 1.0, 4.0, 10.0, 20.0, 40.0)
# In a community of this size luck evens out: one run, and fewer moves a unit, come as near.
LARGE_UNITS = 500
NORMAL = Search(in_large=800)
FAST = Search(moves_per_unit=120, least_moves=60_000, runs=1)
# To solve on from a plan whose work was counted again: nearly even, and to stay near.
ON = Search(moves_per_unit=100, least_moves=4_000, runs=1, rescues=5, heat=0.06)


def search_plan(
    community: Community,
    *,
    tolerance: float,
    shape: float,
    search: Search,
    price: Floats,
    seed: int,
    start: Ints | None = None,
) -> Ints:
    """The best plan found: least workload outside the band, then least cost and roundest grids.

    ``start`` is where the search begins, today's plan if None; the cost is always that of being
    away from today's.
    """
    begin = (community.home if start is None else start).astype(np.int32)
    problem = community.problem(tolerance, shape, price)
    state = np.array([seed | 1], dtype=np.uint64)
    unit = float(community.cost.mean()) if community.cost.any() else 1.0
    work = float(community.workload.mean()) or 1.0
    rate = unit / work
    large = len(begin) > LARGE_UNITS
    full = max(search.least_moves, search.moves_per_unit * len(begin))
    steps = full
    if large and search.in_large is not None:
        steps = max(search.least_moves, search.in_large * len(begin))
    runs = 1 if large else search.runs
    if steps == search.least_moves:
        runs = max(runs, len(HEATS)) if search.runs > 1 else runs
    best, best_excess, best_energy = begin, np.inf, np.inf
    for run in range(runs + search.rescues):
        rescue = run - runs
        if rescue >= 0 and best_excess <= 0:
            break
        if rescue < 0:
            hot = search.heat * HEATS[run % len(HEATS)]
            schedule = Schedule(steps, hot * unit, 0.05 * unit, 0.6 * rate, 20.0 * rate)
            first = begin
        else:
            # From the best so far if it is near, from the beginning on every other try.
            harder = float(2 ** (1 + rescue))
            schedule = Schedule(
                int(full * (1 + rescue)), unit * harder / 4, 0.05 * unit, rate, 20 * rate * harder
            )
            first = best if rescue % 2 == 0 else begin
        plan, excess, energy = anneal(problem, schedule, first.copy(), state)
        excess = excess if excess > 1e-9 * community.target else 0.0
        if (excess, energy) < (best_excess, best_energy):
            best, best_excess, best_energy = plan, excess, energy
    return best.astype(np.int64)
