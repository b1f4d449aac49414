"""What does more balance cost? Plans for a row of tolerances."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gisgrid.balance.arrays import Bools, Floats, Ints
from gisgrid.balance.graph import UnitGraph
from gisgrid.balance.rebalance import rebalance
from gisgrid.balance.result import Locks, Result
from gisgrid.balance.search import NORMAL, Search

TOLERANCES = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3)


def pareto(
    graph: UnitGraph,
    workload_min: Floats,
    grid_of: Ints,
    *,
    rng: np.random.Generator,
    community_of: Ints | None = None,
    tolerances: Sequence[float] = TOLERANCES,
    cost: Floats | None = None,
    locked: Locks | Bools | None = None,
    only: tuple[int, ...] | None = None,
    far: bool = False,
    shape: float = 0.3,
    search: Search = NORMAL,
) -> tuple[Result, ...]:
    """Plans by falling tolerance of which none is both as balanced and as cheap as another.

    The cost is that of ``cost`` (hand in residents to see residents moved against balance).
    """
    found = [
        rebalance(
            graph,
            workload_min,
            grid_of,
            rng=rng,
            community_of=community_of,
            tolerance=tolerance,
            cost=cost,
            locked=locked,
            only=only,
            far=far,
            shape=shape,
            search=search,
        )
        for tolerance in sorted(set(tolerances), reverse=True)
    ]
    front: list[Result] = []
    for result in sorted(found, key=lambda r: (r.max_deviation, r.moved_cost)):
        if not front or result.moved_cost < front[-1].moved_cost:
            front.append(result)
    return tuple(front[::-1])
