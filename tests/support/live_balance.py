"""One community solved again and again while a hand drags its borders."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gisgrid.balance.community import Community, communities
from gisgrid.balance.graph import UnitGraph
from gisgrid.balance.rebalance import as_plan
from gisgrid.balance.result import Locks
from gisgrid.balance.search import Search, search_plan
from gisgrid.core.arrays import Bools, Floats, Ints
from gisgrid.core.errors import Invalid

NEAR = 0.1
# The first answer of a community, and the next ones from a plan nearly even.
LIVE = Search(moves_per_unit=220, least_moves=5_000, runs=1, rescues=1)
NUDGE = Search(moves_per_unit=120, least_moves=3_000, runs=1, rescues=2, heat=0.5)


@dataclass(frozen=True, eq=False)
class LivePlan:
    """An answer while dragging, in the order of ``LiveCommunity.units``.

    ``reached`` says whether the tolerance is kept. ``whole`` says whether every grid is in as few
    pieces as today; a hand can tear a grid, a search never does.
    """

    grid_of: Ints
    moved_cost: float
    max_deviation: float
    reached: bool
    whole: bool


class LiveCommunity:
    """One community, prepared once, solved within a frame.

    Parameters
    ----------
    graph, workload_min, grid_of, community_of, cost, locked
        As for `gisgrid.balance.rebalance.rebalance`.
    community
        The community whose borders are dragged.

    Raises
    ------
    Invalid
        The input has no answer, or there is no such community.
    """

    def __init__(
        self,
        graph: UnitGraph,
        workload_min: Floats,
        grid_of: Ints,
        *,
        community_of: Ints,
        community: int,
        cost: Floats | None = None,
        locked: Locks | Bools | None = None,
    ) -> None:
        today = as_plan(
            graph, workload_min, grid_of, community_of=community_of, cost=cost, locked=locked
        )
        self.units = np.flatnonzero(today.community_of == community)
        if not len(self.units):
            raise Invalid("There is no community {community}.", community=community)
        (self._today,) = communities(graph.subgraph(self.units), today.of(self.units))
        self._pieces = _piece_count(self._today, self._today.home)

    def solve(
        self,
        grid_of: Ints,
        held: Bools,
        *,
        rng: np.random.Generator,
        tolerance: float = 0.01,
        shape: float = 0.3,
        search: Search | None = None,
    ) -> LivePlan:
        """The plan near the dragged one, ``grid_of``, where the units ``held`` stay put.

        Both have one entry for each of ``units``. The cost counts from today's plan, not from the
        dragged one. ``search`` is chosen by how uneven the dragged plan is, if None.

        Raises
        ------
        Invalid
            The plan names a grid that the community does not have.
        """
        today = self._today
        row = np.searchsorted(today.names, grid_of)
        if row.max() >= len(today.names) or (today.names[row] != grid_of).any():
            raise Invalid("The plan names a grid that the community does not have.")
        dragged = replace(today, free=today.free & ~held)
        plan = row.astype(np.int64)
        if not today.within(plan, tolerance):
            near = today.deviation(plan) <= NEAR
            # From a plan nearly even the way is short: no need to ask the linear program for it.
            price = (
                np.zeros(len(today.names)) if near else dragged.bound(tolerance, held=plan).price
            )
            plan = search_plan(
                dragged,
                tolerance=tolerance,
                shape=shape,
                search=search or (NUDGE if near else LIVE),
                price=price,
                seed=int(rng.integers(1, 2**62)),
                start=plan,
            )
        return LivePlan(
            grid_of=today.names[plan],
            moved_cost=today.away(plan),
            max_deviation=today.deviation(plan),
            reached=today.within(plan, tolerance),
            whole=_piece_count(today, plan) <= self._pieces,
        )


def _piece_count(community: Community, grid_of: Ints) -> int:
    return int(community.graph.pieces(grid_of).max()) + 1
