"""A plan rebalanced: from its grids, houses and workload to new polygons and who moves where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely

from gisgrid.balance.pareto import pareto
from gisgrid.balance.result import Result
from gisgrid.balance.workload import Workload, deviations
from gisgrid.core.arrays import Bools, Geometries, Ints
from gisgrid.core.crs import from_metric
from gisgrid.core.limits import Limits
from gisgrid.core.messages import Message, message
from gisgrid.planning.balancing.levelling import held_by_grid
from gisgrid.planning.balancing.problem import BalanceProblem
from gisgrid.planning.balancing.settling import Settled, settled
from gisgrid.planning.checks.checks import Tell, run_checks
from gisgrid.planning.checks.findings import CheckResult
from gisgrid.planning.checks.shapes import SHAPE_CHECKS
from gisgrid.planning.snapshot.regrid import with_rows
from gisgrid.planning.snapshot.snapshot import PlanSnapshot

GROUND_CHECKS = tuple(check[0] for check in SHAPE_CHECKS)


@dataclass(frozen=True)
class ProposedMove:
    """What goes from one grid to another."""

    from_grid: str
    to_grid: str
    community: str
    houses: tuple[str, ...]
    households: int
    residents: int
    minutes: float
    ground: shapely.Geometry
    """In EPSG:4326."""


@dataclass(frozen=True)
class GridChange:
    """A basic grid before and after, each counted under the plan of that time.

    Minutes are work a month; deviations are shares of the mean of its community's grids, of what was
    levelled.
    """

    code: str
    name: str
    community: str
    before_min: float
    after_min: float
    before_deviation: float | None
    after_deviation: float | None
    houses_before: int
    houses_after: int
    residents_before: int
    residents_after: int
    changed: bool


@dataclass(frozen=True, eq=False)
class Proposal:
    """A new plan that is not saved yet. All its figures are counted under the drawn plan."""

    task: BalanceProblem
    settled: Settled
    moves: tuple[ProposedMove, ...]
    grids: tuple[GridChange, ...]
    compactness_before: float | None
    reasons: tuple[Message, ...]
    """Why the tolerance was not reached."""
    faults_today: tuple[CheckResult, ...]
    """Checks of the ground that fail today: a plan is balanced with its faults, and they are told."""
    faults: tuple[CheckResult, ...]
    """Checks of the ground that the new polygons fail in more places than the old ones."""

    @property
    def result(self) -> Result:
        """What was reached, counted under the drawn plan."""
        return self.settled.result

    @property
    def lonlat(self) -> Geometries:
        """Polygons of all grids of the plan in EPSG:4326, in the order of ``task.state.grids``."""
        return self.settled.drawn.state.grids.lonlat

    @property
    def owner(self) -> Ints:
        """The new grid of each house, by the new polygons."""
        return self.settled.drawn.state.houses.grid

    @property
    def gone(self) -> tuple[str, ...]:
        """Codes of grids that the plan no longer has."""
        empty = shapely.is_empty(self.lonlat) & ~self.task.state.grids.exclusive
        return tuple(self.task.state.grids.code[empty].tolist())

    @property
    def residents_moved(self) -> int:
        return sum(move.residents for move in self.moves)

    @property
    def houses_moved(self) -> int:
        return sum(len(move.houses) for move in self.moves)


def propose(task: BalanceProblem, *, progress: Tell | None = None) -> Proposal:
    """The plan with the least change that reaches the tolerance, or comes nearest, with reasons.

    Raises
    ------
    Invalid
        What `gisgrid.balance.rebalance.rebalance` refuses.
    """
    found = settled(task, progress=progress)
    after = found.drawn.state
    whole = with_rows(after, ~shapely.is_empty(after.grids.lonlat))
    faults_today, new_faults = _faults(with_rows(task.state, ~task.fresh), whole)
    today = task.fabric.grid_of[task.units]
    scores = task.graph.compactness(np.unique(today, return_inverse=True)[1], len(np.unique(today)))
    return Proposal(
        task=task,
        settled=found,
        moves=_moves(task, found),
        grids=_changes(task, found),
        compactness_before=None if scores is None else float(np.nanmean(scores)),
        reasons=tuple(_in_words(task, r.said, r.community) for r in found.result.infeasible),
        faults=new_faults,
        faults_today=faults_today,
    )


def trade_off(task: BalanceProblem, tolerances: Sequence[float]) -> tuple[Result, ...]:
    """Plans of falling tolerance: how many residents each step of balance moves.

    Each is drawn and counted under itself, as `propose` does.
    """
    by_residents = replace(
        task,
        options=replace(task.options, cost="residents"),
        unit_cost=task.fabric.sums(task.state.houses.residents[task.houses].astype(np.float64))[
            task.units
        ],
    )
    return pareto(lambda tolerance: settled(by_residents, tolerance=tolerance).result, tolerances)


def _in_words(task: BalanceProblem, said: Message, community: int) -> Message:
    """A reason with codes; where codes are no numbers the community stands before it."""
    known = task.state.communities.code
    if str(community) in known:
        return said
    name = known[community] if 0 <= community < len(known) else community
    return message("[{community}] {reason}", community=name, reason=said)


def _moves(task: BalanceProblem, found: Settled) -> tuple[ProposedMove, ...]:
    """What changes hands, by the drawn plan: of every house of the township, and with it the ground."""
    state = task.state
    unit_from, unit_to = task.rows[task.fabric.grid_of], task.rows[found.row_of_unit]
    was, now = state.houses.grid, found.drawn.state.houses.grid
    codes = np.append(state.grids.code, "")
    homes = np.append(state.communities.code, "")
    gone = np.flatnonzero(was != now)
    pairs = np.unique(np.column_stack([was[gone], now[gone]]), axis=0)
    minutes = task.work.house_min
    moves = []
    for a, b in pairs.tolist():
        houses = gone[(was[gone] == a) & (now[gone] == b)]
        units = task.fabric.units[(unit_from == a) & (unit_to == b)]
        ground = shapely.coverage_union_all(units) if len(units) else shapely.Polygon()
        moves.append(
            ProposedMove(
                from_grid=codes[a],
                to_grid=codes[b],
                community=homes[state.grids.community[a if a >= 0 else b]],
                houses=tuple(state.houses.code[houses].tolist()),
                households=int(state.houses.households[houses].sum()),
                residents=int(state.houses.residents[houses].sum()),
                minutes=float(minutes[houses].sum()),
                ground=from_metric(np.array([ground], dtype=object), state.srid)[0],
            )
        )
    return tuple(moves)


def _changes(task: BalanceProblem, found: Settled) -> tuple[GridChange, ...]:
    before, after = task.state, found.drawn.state
    gone = shapely.is_empty(after.grids.lonlat)

    def counted(state: PlanSnapshot, work: Workload, there: Bools) -> tuple[Any, ...]:
        minutes = held_by_grid(state, work, "work")
        load = held_by_grid(state, work, task.options.levelled)
        off = deviations(load, state.grids.community, there & ~state.grids.exclusive)
        houses = state.per_grid(np.ones(len(state.houses.code), dtype=np.int64))
        return minutes, off, houses, state.per_grid(state.houses.residents)

    was = counted(before, task.work, ~task.fresh)
    now = counted(after, found.work, ~gone)
    return tuple(
        GridChange(
            code=before.grids.code[g],
            name=before.grids.name[g],
            community=before.communities.code[before.grids.community[g]],
            before_min=float(was[0][g]),
            after_min=float(now[0][g]),
            before_deviation=None if np.isnan(was[1][g]) else float(was[1][g]),
            after_deviation=None if np.isnan(now[1][g]) else float(now[1][g]),
            houses_before=int(was[2][g]),
            houses_after=int(now[2][g]),
            residents_before=int(was[3][g]),
            residents_after=int(now[3][g]),
            changed=bool(found.drawn.changed[g]),
        )
        for g in task.rows.tolist()
        if not before.grids.exclusive[g]
    )


def _faults(
    state: PlanSnapshot, after: PlanSnapshot
) -> tuple[tuple[CheckResult, ...], tuple[CheckResult, ...]]:
    """Checks of the ground that fail today, and those that fail in more places after."""
    was = run_checks(state, Limits(), only=GROUND_CHECKS)
    now = run_checks(after, Limits(), only=GROUND_CHECKS)
    worse = [b for a, b in zip(was, now, strict=True) if len(b.findings) > len(a.findings)]
    return tuple(r for r in was if r.status == "fail"), tuple(worse)
