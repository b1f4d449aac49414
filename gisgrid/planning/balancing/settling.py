"""Solve, draw, count again, solve on: until what is promised is what is counted under the drawn plan.

The search levels the work as it was last counted. Under the plan it finds, walks begin elsewhere and
events find other houses, so the work is counted again there, and communities that no longer hold are
solved on, with a little less than the tolerance, until they hold.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gisgrid.balance.from_scratch import from_scratch
from gisgrid.balance.rebalance import rebalance
from gisgrid.balance.result import CommunityResult, Locks, Reason, Result
from gisgrid.balance.search import NORMAL, ON, Search
from gisgrid.balance.workload import Workload
from gisgrid.core.arrays import Bools, Floats, Ints
from gisgrid.core.messages import message
from gisgrid.planning.balancing.problem import BalanceProblem, locks_of, only_of, unit_loads
from gisgrid.planning.checks.checks import Tell
from gisgrid.planning.editor.drawn import Drawn, draw_units
from gisgrid.planning.snapshot.regrid import Spots
from gisgrid.planning.workload.workload import recounted

HEATS = (0.06, 0.06, 0.1, 0.2, 0.4, 0.7, 1.0, 1.0, 1.0)
"""How far each further round may stray from where it begins: little at first, so that little is else."""
ROUNDS = 1 + len(HEATS)
TIGHTER, TIGHTEST = 0.9, 0.8
"""So much of the tolerance is aimed at in each further round: the next count differs again."""
NEAR_FLOOR = 1.02
"""What is so near the least deviation possible is not solved on."""


@dataclass(frozen=True, eq=False)
class Settled:
    """A plan as it is drawn, with what was counted under it.

    ``result`` speaks of the loads counted under the drawn plan: its deviations are those that lists and
    maps of the plan show.
    """

    result: Result
    row_of_unit: Ints
    """The new grid of each unit of the fabric, a row of ``fabric.grids``."""
    drawn: Drawn
    work: Workload
    """Of all houses of ``drawn.state``."""
    rounds: int
    """How often a plan was solved, drawn and counted."""


def settled(
    task: BalanceProblem, *, tolerance: float | None = None, progress: Tell | None = None
) -> Settled:
    """The plan of the least change whose grids are even when counted under it, or that comes nearest.

    Parameters
    ----------
    tolerance
        Another one than the task's options have.

    Raises
    ------
    Invalid
        What `gisgrid.balance.rebalance.rebalance` refuses.
    """
    asked = task.options.tolerance if tolerance is None else tolerance
    return _Settling(task, asked, progress or _silent).run()


@dataclass(frozen=True, eq=False)
class _Best:
    """The best plan of a community so far: none that cannot be drawn, nearest to even, cheapest."""

    good: tuple[bool, float, float]
    result: CommunityResult
    plan: Ints
    load: Floats
    promised: float
    """How even the search found it, with the work as it was counted before."""


class _Settling:
    """The rounds of one task. Plans are arrays of the name of each unit's grid."""

    def __init__(self, task: BalanceProblem, tolerance: float, tell: Tell) -> None:
        self.task, self.tolerance, self.tell = task, tolerance, tell
        self.rng = np.random.default_rng(task.options.seed)
        self.houses = Spots(task.state.houses.lonlat)
        self.events = Spots(task.state.events.lonlat)
        self.held: Bools = np.zeros(len(task.units), dtype=bool)
        self.best: dict[int, _Best] = {}
        self.stuck: dict[int, int] = {}
        """For how many rounds a community has not come nearer."""

    def run(self) -> Settled:
        task = self.task
        open_ = set(task.community_of.tolist())
        start, load = task.start, task.unit_load
        for round_ in range(ROUNDS):
            part = np.isin(task.community_of, sorted(open_))
            self.tell(2, 4, "balancing")
            plan, promised = self._solved(load, start, part, round_)
            self.tell(3, 4, "drawing")
            # What is settled needs no second look: communities do not touch each other's work.
            drawn, work, load, result = self._counted(np.where(part, plan, task.start), part)
            astray = self._hold(drawn)
            self._keep(plan, load, result, promised, astray)
            open_ = self._open() | astray
            if not open_:
                break
            start, load = self._next(plan, load)
            again = np.isin(task.community_of, sorted(astray))
            start[again], load[again] = task.start[again], task.unit_load[again]
        best = self._best_so_far()[0]
        whole = np.ones(len(task.units), dtype=bool)
        if not part.all() or (best != plan).any():
            drawn, work, load, result = self._counted(best, whole)
        return Settled(self._with_reasons(result), self._rows(best), drawn, work, round_ + 1)

    def _solved(
        self, load: Floats, start: Ints, part: Bools, round_: int
    ) -> tuple[Ints, dict[int, float]]:
        """A plan whose communities in ``part`` are solved, and how even they are said to be."""
        told = "balancing, communities"
        plan = start.copy()
        result = self._asked(
            load,
            part,
            held=self.held,
            tolerance=max(TIGHTER**round_, TIGHTEST) * self.tolerance,
            search=replace(ON, heat=HEATS[round_ - 1]) if round_ else NORMAL,
            start=start if round_ else None,
            progress=lambda done, total, _: self.tell(done, total, told),
        )
        plan[part] = result.grid_of
        return plan, {c.community: c.max_deviation for c in result.communities}

    def _counted(self, plan: Ints, part: Bools) -> tuple[Drawn, Workload, Floats, Result]:
        """A plan drawn, the work counted under it, the units' part of it, and what the plan is worth."""
        task = self.task
        rows = self._rows(plan)
        unit, meant = task.fabric.unit_of_house, task.state.houses.grid.copy()
        inside = unit >= 0
        meant[task.houses[inside]] = task.rows[rows[unit[inside]]]
        drawn = draw_units(
            task.state,
            task.fabric,
            task.rows,
            rows,
            meant=meant,
            smooth_m2=task.options.smooth_m2,
            houses=self.houses,
            events=self.events,
        )
        work = recounted(task.work, task.state, drawn.state, task.weights, task.walk)
        load = unit_loads(task, plan, drawn.state, work)
        result = self._asked(load, part, tolerance=self.tolerance, search=None, start=plan)
        return drawn, work, load, result

    def _asked(
        self,
        load: Floats,
        part: Bools,
        *,
        tolerance: float,
        search: Search | None,
        start: Ints | None,
        held: Bools | None = None,
        **more: Any,
    ) -> Result:
        """What the solver says of the communities in ``part``."""
        task, options = self.task, self.task.options
        common: dict[str, Any] = {
            "rng": self.rng,
            "community_of": task.community_of[part],
            "cost": task.unit_cost[part],
            "yardstick": task.yardstick,
            "tolerance": tolerance,
            "search": search,
            "start": None if start is None else start[part],
            **more,
        }
        units = np.flatnonzero(part)
        graph = task.graph if part.all() else task.graph.subgraph(units)
        home = task.start[part]
        if options.drawn_from_scratch:
            return from_scratch(graph, load[part], home, **common)
        locks, only = locks_of(task), only_of(task)
        there = set(home.tolist())
        held = held if held is not None else np.zeros(len(part), dtype=bool)
        mask = held if locks.units is None else locks.units | held
        return rebalance(
            graph,
            load[part],
            home,
            locked=Locks(
                units=mask[part],
                grids=tuple(g for g in locks.grids if g in there),
                borders=tuple(pair for pair in locks.borders if set(pair) <= there),
            ),
            only=None if only is None else tuple(g for g in only if g in there),
            far=options.far,
            shape=options.shape,
            **common,
        )

    def _keep(
        self,
        plan: Ints,
        load: Floats,
        result: Result,
        promised: dict[int, float],
        astray: Collection[int],
    ) -> None:
        for c in result.communities:
            mine = self.task.community_of == c.community
            off = 0.0 if c.reached else c.max_deviation
            good = (c.community in astray, off, c.moved_cost)
            self.stuck[c.community] = self.stuck.get(c.community, -1) + 1
            if c.community not in self.best or good < self.best[c.community].good:
                self.stuck[c.community] = 0
                said = promised[c.community]
                self.best[c.community] = _Best(good, c, plan[mine], load[mine], said)

    def _next(self, plan: Ints, load: Floats) -> tuple[Ints, Floats]:
        """Where to go on from: the best plan of a community, or the last where that led nowhere new."""
        start, loads = self._best_so_far()
        last = np.isin(self.task.community_of, [c for c, n in self.stuck.items() if n % 2])
        start[last], loads[last] = plan[last], load[last]
        return start, loads

    def _best_so_far(self) -> tuple[Ints, Floats]:
        """The best plan of every community, and the loads counted under it."""
        plan, load = self.task.start.copy(), self.task.unit_load.copy()
        for number, best in self.best.items():
            mine = self.task.community_of == number
            plan[mine], load[mine] = best.plan, best.load
        return plan, load

    def _hold(self, drawn: Drawn) -> set[int]:
        """Hold the houses at home that no border can be led around; the communities they lie in."""
        task = self.task
        if not len(drawn.astray) or task.options.drawn_from_scratch:
            return set()
        mine = np.isin(task.houses, drawn.astray) & (task.fabric.unit_of_house >= 0)
        held = np.isin(task.units, task.fabric.unit_of_house[mine]) & ~self.held
        self.held |= held
        communities = set(task.community_of[held].tolist())
        for number in communities:
            self.best.pop(number, None)
        return communities

    def _open(self) -> set[int]:
        """Communities that are worth another round."""
        return {
            number
            for number, best in self.best.items()
            if not best.result.reached
            and best.result.max_deviation > NEAR_FLOOR * best.result.floor
            and len(best.result.grids) > 1
        }

    def _rows(self, plan: Ints) -> Ints:
        """The grid of each unit of the fabric, by row."""
        task = self.task
        order = np.argsort(task.names)
        rows = task.fabric.grid_of.copy()
        rows[task.units] = order[np.searchsorted(task.names[order], plan)]
        return rows

    def _with_reasons(self, result: Result) -> Result:
        """Where the count differs from what the search found by more than the tolerance, both are told."""
        apart = {
            c.community: c
            for c in result.communities
            if not c.reached
            and (
                (promised := self.best[c.community].promised) <= self.tolerance + 1e-9
                or c.max_deviation > promised + self.tolerance
            )
        }
        kept = [
            r for r in result.infeasible if not (r.kind == "not found" and r.community in apart)
        ]
        more = [_not_settled(c, self.best[c.community].promised) for c in apart.values()]
        return replace(result, infeasible=(*kept, *more))


def _not_settled(community: CommunityResult, promised: float) -> Reason:
    return Reason(
        "not settled",
        message(
            "Community {community} was found even to {promised:.2%} with the work as it was last counted; counted again under that plan it is {max_deviation:.2%}, since walks begin elsewhere and events find other houses. In {rounds} rounds none came nearer; a wider tolerance may help.",
            community=community.community,
            promised=promised,
            max_deviation=community.max_deviation,
            rounds=ROUNDS,
        ),
        community.community,
        grids=community.grids,
    )


def _silent(done: int, total: int | None, what: str) -> None:
    """Nobody listens."""
