"""A plan rebalanced: from its grids, houses and workload to new polygons and who moves where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely

from gisgrid.balance.arrays import Bools, Floats, Geometries, Ints, sums
from gisgrid.balance.pareto import pareto
from gisgrid.balance.rebalance import rebalance
from gisgrid.balance.redraw import redrawn
from gisgrid.balance.result import Result
from gisgrid.balance.scratch import from_scratch
from gisgrid.balance.workload import deviations
from gisgrid.crs import from_metric, to_metric
from gisgrid.plans.back_in_degrees import back_in_degrees
from gisgrid.plans.checks import Tell, run_checks
from gisgrid.plans.findings import CheckResult
from gisgrid.plans.limits import Limits
from gisgrid.plans.loads import loads
from gisgrid.plans.regrid import on_grids, with_rows
from gisgrid.plans.shape_checks import SHAPE_CHECKS
from gisgrid.plans.state import PlanState
from gisgrid.plans.task import Task, locks_of, only_of

GROUND_CHECKS = tuple(check[0] for check in SHAPE_CHECKS)


@dataclass(frozen=True)
class Move:
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
    """A basic grid before and after; deviations are shares of its community's mean."""

    code: str
    name: str
    community: str
    before_min: float
    after_min: float
    before_deviation: float | None
    after_deviation: float | None
    residents_before: int
    residents_after: int
    changed: bool


@dataclass(frozen=True, eq=False)
class Proposal:
    """A new plan that is not saved yet."""

    task: Task
    result: Result
    lonlat: Geometries
    """Polygons of all grids of the plan in EPSG:4326, in the order of ``task.state.grids``."""
    owner: Ints
    """The new grid of each house, by the new polygons."""
    moves: tuple[Move, ...]
    grids: tuple[GridChange, ...]
    compactness_before: float | None
    reasons: tuple[tuple[str, str], ...]
    """Why the tolerance was not reached, in English and Chinese."""
    faults_today: tuple[CheckResult, ...]
    """Checks of the ground that fail today: a plan is balanced with its faults, and they are told."""
    faults: tuple[CheckResult, ...]
    """Checks of the ground that the new polygons fail in more places than the old ones."""
    measured_anew: float | None
    """Largest deviation under the new plan itself: walks begin elsewhere, and events find other
    houses, while the solver holds the work of each house as it is today."""
    astray: int
    """Houses that the new polygons put elsewhere than the solver did: on a border to the millimetre."""

    @property
    def gone(self) -> tuple[str, ...]:
        """Codes of grids that the plan no longer has."""
        empty = shapely.is_empty(self.lonlat) & ~self.task.state.grids.exclusive
        return tuple(self.task.state.grids.code[empty].tolist())

    @property
    def residents_moved(self) -> int:
        return sum(move.residents for move in self.moves)


def propose(task: Task, *, progress: Tell | None = None) -> Proposal:
    """The plan with the least change that reaches the tolerance, or comes nearest, with reasons.

    Raises
    ------
    Invalid
        What `gisgrid.balance.rebalance.rebalance` refuses.
    """
    tell = progress or _silent
    tell(2, 4, "balancing")
    wishes, today = task.wishes, task.fabric.grid_of[task.units]
    result = _solved(task, tell)
    tell(3, 4, "drawing")
    order = np.argsort(task.names)
    row_of_unit = task.fabric.grid_of.copy()
    row_of_unit[task.units] = order[np.searchsorted(task.names[order], result.grid_of)]
    drawn = redrawn(task.fabric, row_of_unit, smooth_m2=wishes.smooth_m2)
    state = task.state
    lonlat = state.grids.lonlat.copy()
    lonlat[task.rows] = back_in_degrees(
        drawn.grids, state.grids.metric[task.rows], state.grids.lonlat[task.rows], state.srid
    )
    grids = replace(state.grids, lonlat=lonlat, metric=to_metric(lonlat, state.srid))
    drawn_state = on_grids(state, grids)
    owner = drawn_state.houses.grid
    after = with_rows(drawn_state, ~shapely.is_empty(lonlat))
    faults_today, new_faults = _faults(with_rows(state, ~task.fresh), after)
    unit = task.fabric.unit_of_house
    meant = np.where(unit >= 0, task.rows[row_of_unit[unit]], owner[task.houses])
    scores = task.graph.compactness(np.unique(today, return_inverse=True)[1], len(np.unique(today)))
    return Proposal(
        task=task,
        result=result,
        lonlat=lonlat,
        owner=owner,
        moves=_moves(task, row_of_unit, owner),
        grids=_changes(task, owner, drawn.changed, gone=shapely.is_empty(lonlat)),
        compactness_before=None if scores is None else float(np.nanmean(scores)),
        reasons=tuple(_in_words(task, r.message, r.zh, r.community) for r in result.infeasible),
        faults=new_faults,
        faults_today=faults_today,
        measured_anew=_measured_anew(task, after),
        astray=int((owner[task.houses] != meant).sum()),
    )


def trade_off(task: Task, tolerances: Sequence[float]) -> tuple[Result, ...]:
    """Plans of falling tolerance: how many residents each step of balance moves."""
    return pareto(
        task.graph,
        task.unit_min,
        task.start,
        rng=np.random.default_rng(task.wishes.seed),
        community_of=task.community_of,
        tolerances=tolerances,
        cost=task.unit_residents,
        locked=locks_of(task),
        only=only_of(task),
        far=task.wishes.far,
        shape=task.wishes.shape,
    )


def _solved(task: Task, tell: Tell) -> Result:
    wishes = task.wishes
    common = {
        "rng": np.random.default_rng(wishes.seed),
        "community_of": task.community_of,
        "tolerance": wishes.tolerance,
        "cost": task.unit_residents if wishes.cost == "residents" else None,
        "progress": lambda done, total, _: tell(done, total, "balancing, communities"),
    }
    solve: Callable[..., Result] = from_scratch if wishes.afresh else rebalance
    if not wishes.afresh:
        common |= {
            "locked": locks_of(task),
            "only": only_of(task),
            "far": wishes.far,
            "shape": wishes.shape,
        }
    return solve(task.graph, task.unit_min, task.start, **common)


def _in_words(task: Task, en: str, zh: str, community: int) -> tuple[str, str]:
    """A reason with codes; where codes are no numbers the community stands before it."""
    known = task.state.communities.code
    if str(community) in known:
        return en, zh
    name = known[community] if 0 <= community < len(known) else community
    return f"[{name}] {en}", f"[{name}] {zh}"


def _moves(task: Task, row_of_unit: Ints, owner: Ints) -> tuple[Move, ...]:
    state, rows = task.state, task.rows
    unit_from, unit_to = rows[task.fabric.grid_of], rows[row_of_unit]
    was, now = state.houses.grid[task.houses], owner[task.houses]
    gone = np.flatnonzero(was != now)
    pairs = np.unique(np.column_stack([was[gone], now[gone]]), axis=0)
    moves = []
    for a, b in pairs.tolist():
        mine = gone[(was[gone] == a) & (now[gone] == b)]
        houses = task.houses[mine]
        units = task.fabric.units[(unit_from == a) & (unit_to == b)]
        ground = shapely.coverage_union_all(units) if len(units) else shapely.Polygon()
        moves.append(
            Move(
                from_grid=state.grids.code[a],
                to_grid=state.grids.code[b] if b >= 0 else "",
                community=state.communities.code[state.grids.community[a]],
                houses=tuple(state.houses.code[houses].tolist()),
                households=int(state.houses.households[houses].sum()),
                residents=int(state.houses.residents[houses].sum()),
                minutes=float(task.house_min[mine].sum()),
                ground=from_metric(np.array([ground], dtype=object), state.srid)[0],
            )
        )
    return tuple(moves)


def _changes(task: Task, owner: Ints, changed: Bools, *, gone: Bools) -> tuple[GridChange, ...]:
    state, rows = task.state, task.rows
    count = len(state.grids.code)
    people = state.houses.residents[task.houses]
    community = state.grids.community

    def held(grid: Ints, there: Bools) -> tuple[Floats, Floats, Floats]:
        inside = grid >= 0
        load = sums(grid[inside], task.house_min[inside], count)
        residents = sums(grid[inside], people[inside].astype(np.float64), count)
        return load, residents, deviations(load, community, there & ~state.grids.exclusive)

    before, people_before, off_before = held(state.houses.grid[task.houses], ~task.fresh)
    after, people_after, off_after = held(owner[task.houses], ~gone)
    return tuple(
        GridChange(
            code=state.grids.code[g],
            name=state.grids.name[g],
            community=state.communities.code[community[g]],
            before_min=float(before[g]),
            after_min=float(after[g]),
            before_deviation=None if np.isnan(off_before[g]) else float(off_before[g]),
            after_deviation=None if np.isnan(off_after[g]) else float(off_after[g]),
            residents_before=int(people_before[g]),
            residents_after=int(people_after[g]),
            changed=bool(changed[k]),
        )
        for k, g in enumerate(rows.tolist())
        if not state.grids.exclusive[g]
    )


def _faults(
    state: PlanState, after: PlanState
) -> tuple[tuple[CheckResult, ...], tuple[CheckResult, ...]]:
    """Checks of the ground that fail today, and those that fail in more places after."""
    was = run_checks(state, Limits(), only=GROUND_CHECKS)
    now = run_checks(after, Limits(), only=GROUND_CHECKS)
    worse = [b for a, b in zip(was, now, strict=True) if len(b.findings) > len(a.findings)]
    return tuple(r for r in was if r.status == "fail"), tuple(worse)


def _measured_anew(task: Task, after: PlanState) -> float | None:
    """The largest deviation when the work of every house is counted again under the new plan.

    Among the grids that took part, from their own mean.
    """
    found = loads(after, task.weights, by_street=task.wishes.by_street)
    took_part = set(task.state.grids.code[task.rows[np.isin(task.names, task.start)]])
    if task.wishes.only:
        took_part &= set(task.wishes.only)
    off = deviations(
        np.array([g.total_mmin for g in found.grids], dtype=np.float64),
        after.grids.community,
        np.isin(after.grids.code, sorted(took_part)),
    )
    return None if np.isnan(off).all() else float(np.nanmax(np.abs(off)))


def _silent(done: int, total: int | None, what: str) -> None:
    """Nobody listens."""
