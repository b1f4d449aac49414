"""A plan made ready to be balanced: its ground in units, with their work and what may move."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import numpy as np
import shapely

from gisgrid.balance.change import add_grid, merge_grids, split_grid
from gisgrid.balance.fabric import Fabric
from gisgrid.balance.graph import UnitGraph
from gisgrid.balance.result import Locks, Yardstick
from gisgrid.balance.walking import Walk
from gisgrid.balance.weights import Weights
from gisgrid.balance.workload import Workload
from gisgrid.core.arrays import Bools, Floats, Geometries, Ints, sums
from gisgrid.core.errors import Invalid
from gisgrid.core.messages import Message
from gisgrid.planning.balancing.grid_counts import grid_counts, new_grids
from gisgrid.planning.balancing.levelling import (
    YARDSTICKS,
    LeftOut,
    held,
    held_by_grid,
    without_measure,
)
from gisgrid.planning.balancing.options import BalanceOptions, check_options
from gisgrid.planning.balancing.soundness import concerned, sound_ground
from gisgrid.planning.checks.checks import Tell
from gisgrid.planning.snapshot.regrid import NewGrid, with_new_grids
from gisgrid.planning.snapshot.snapshot import PlanSnapshot, Texts, rows_of
from gisgrid.planning.workload.workload import recounted, walk_of, workload_of


@dataclass(frozen=True, eq=False)
class BalanceProblem:
    """A plan ready to be balanced: its ground in units with their work.

    The fabric holds all grids that tile the ground, so that an exclusive grid gets the corners that
    its neighbours' new borders need; the graph and what follows it hold the units of basic grids
    only. Grids and communities are named by their code where all codes are whole numbers, else by
    their row.
    """

    state: PlanSnapshot
    """With the grids that are to be drawn, which have no ground yet."""
    weights: Weights
    options: BalanceOptions
    fabric: Fabric
    rows: Ints
    """Rows of the plan's grids, in the order of ``fabric.grids``."""
    houses: Ints
    """Rows of the houses in them, in the order of ``fabric.house_xy``."""
    walk: Walk
    work: Workload
    """Today's, of all houses of the state."""
    names: Ints
    """Number that stands for each grid of the fabric."""
    units: Ints
    """Units of the fabric that take part: those of basic grids, in the order of the graph."""
    graph: UnitGraph
    unit_load: Floats
    """What is levelled, of each unit under today's plan."""
    unit_cost: Floats
    """What moving each unit costs."""
    community_of: Ints
    start: Ints
    """Name of each unit's grid to begin with: today's, or after splits, merges and new grids."""
    fresh: Bools
    """Which grids of the state are to be drawn."""
    left_out: tuple[LeftOut, ...]

    @property
    def yardstick(self) -> Yardstick:
        return YARDSTICKS[self.options.levelled]


def prepare(
    state: PlanSnapshot,
    weights: Weights,
    options: BalanceOptions,
    *,
    barriers: Geometries | None = None,
    taken: Collection[str] = (),
    progress: Tell | None = None,
) -> BalanceProblem:
    """The basic grids of a plan as units of ground with their workload.

    Exclusive grids belong to their host and take no part.

    Parameters
    ----------
    barriers
        Lines in the metric CRS that nobody walks across: no grid hangs together over one.
    taken
        Codes that new grids may not get, beside those of the plan.

    Raises
    ------
    NotFound, Conflict
        What `gisgrid.planning.balancing.options.check_options` refuses.
    Invalid
        No basic grids, no houses in them or nothing of what is to be levelled, no community whose
        ground is sound, or a number of grids that cannot be.
    """
    tell = progress or _silent
    check_options(options, state)
    if not np.isin(state.houses.grid, state.basic).any():
        raise Invalid(
            "There are no basic grids with houses in them, so there is nothing to balance."
        )
    tell(0, 4, "weighing")
    walk = walk_of(state, weights, by_street=options.by_street)
    work = workload_of(state, weights, walk=walk)
    tell(1, 4, "ground in units")
    ground = sound_ground(state, barriers)
    left_out = (
        *ground.left_out,
        *without_measure(state, options, work, ground.community, ground.left_out),
    )
    left_out = concerned(state, options, left_out)
    out = {left.community for left in left_out}
    per_community = grid_counts(state, options, held(state.houses, work, options.levelled), out)
    new = new_grids(state, options, per_community, taken)
    codes = np.array([*state.grids.code[ground.rows], *(g.code for g in new)], dtype=object)
    today, state = state, with_new_grids(state, new)
    work = recounted(work, today, state, weights, walk)
    rows = rows_of(codes, state.grids.code)
    # New grids are rows of the fabric that hold no unit yet.
    empty = np.array([shapely.Polygon()] * len(new), dtype=object)
    fabric = replace(ground.fabric, grids=np.concatenate([ground.fabric.grids, empty]))
    houses = ground.houses
    community = ground.community[np.searchsorted(today.tiling, ground.rows)]
    community = np.append(community, [g.community for g in new]).astype(np.int64)
    takes_part = ~state.grids.exclusive[rows[fabric.grid_of]]
    home = state.communities.code[community[fabric.grid_of]]
    takes_part &= ~np.isin(home, sorted(out))
    if options.communities:
        takes_part &= np.isin(home, options.communities)
    units = np.flatnonzero(takes_part)
    if not len(units):
        raise Invalid("The communities named have no basic grids.")
    names = numbered(state.grids.code[rows], but=state.grids.exclusive[rows])
    task = BalanceProblem(
        state=state,
        weights=weights,
        options=options,
        fabric=fabric,
        rows=rows,
        houses=houses,
        walk=walk,
        work=work,
        names=names,
        units=units,
        graph=fabric.graph().subgraph(units),
        unit_load=np.zeros(0),
        unit_cost=fabric.sums(held(state.houses, work, "residents")[houses])[units],
        community_of=numbered(state.communities.code)[community][fabric.grid_of[units]],
        start=names[fabric.grid_of[units]],
        fresh=np.isin(state.grids.code, [g.code for g in new]),
        left_out=left_out,
    )
    load = unit_loads(task, task.start, state, work)
    cost = task.unit_cost if options.cost == "residents" else load
    task = replace(task, unit_load=load, unit_cost=cost)
    return replace(task, start=_started(task, new, per_community))


def unit_loads(task: BalanceProblem, plan: Ints, state: PlanSnapshot, work: Workload) -> Floats:
    """What each unit of the task has of what is levelled, so that units add up to the grids of a state.

    Parameters
    ----------
    plan
        Name of each unit's grid under the state.
    state, work
        The task's houses under these or other grids, and their work there.

    Notes
    -----
    What no house carries (events in a grid without houses), or houses that no unit holds (in a hairline
    gap that was closed), stays with the largest unit of the grid.
    """
    level = task.options.levelled
    load = task.fabric.sums(held(state.houses, work, level)[task.houses])[task.units]
    name_of = dict(zip(task.names.tolist(), task.state.grids.code[task.rows], strict=True))
    names, row = np.unique(plan, return_inverse=True)
    codes = np.array([name_of[name] for name in names.tolist()], dtype=object)
    wanted = held_by_grid(state, work, level)[rows_of(codes, state.grids.code)]
    rest = wanted - sums(row, load, len(names))
    if np.abs(rest).max(initial=0.0) > 1e-6:
        order = np.lexsort((load, row))
        largest = order[np.append(row[order][1:] != row[order][:-1], True)]
        load[largest] = np.maximum(load[largest] + rest, 0.0)
    return load


def locks_of(task: BalanceProblem) -> Locks:
    """The options' locks in the names and units of the task."""
    options = task.options
    name_of = _name_of(task)
    held = None
    if options.lock_houses:
        mine = np.isin(task.state.houses.code[task.houses], options.lock_houses)
        unit = task.fabric.unit_of_house[mine]
        held = np.isin(task.units, unit[unit >= 0])
    return Locks(
        units=held,
        grids=tuple(name_of[code] for code in options.locks),
        borders=tuple((name_of[a], name_of[b]) for a, b in options.lock_borders),
    )


def only_of(task: BalanceProblem) -> tuple[int, ...] | None:
    """Names of the grids that alone exchange houses; None for all."""
    name_of = _name_of(task)
    return tuple(name_of[code] for code in task.options.only) or None


def _name_of(task: BalanceProblem) -> dict[str, int]:
    return dict(zip(task.state.grids.code[task.rows], task.names.tolist(), strict=True))


def _started(task: BalanceProblem, new: list[NewGrid], counts: dict[int, int]) -> Ints:
    """The plan to begin with: today's with the changes that are asked for."""
    options, name_of = task.options, _name_of(task)
    rng = np.random.default_rng(options.seed)
    plan = task.start
    fresh = iter(new)
    for code in options.split:
        plan = _said_of(
            code, split_grid, task.graph, task.unit_load, plan,
            grid=name_of[code], new_grid=name_of[next(fresh).code], rng=rng,
        )  # fmt: skip
    for into, gone in options.merge:
        plan = _said_of(
            f"{into}, {gone}", merge_grids, task.graph, plan,
            into=name_of[into], gone=name_of[gone], community_of=task.community_of,
        )  # fmt: skip
    numbers = numbered(task.state.communities.code)
    for code in options.add:
        community = int(numbers[task.state.communities.code.tolist().index(code)])
        plan = _said_of(
            code, add_grid, task.graph, task.unit_load, plan, community_of=task.community_of,
            community=community, new_grid=name_of[next(fresh).code], rng=rng,
        )  # fmt: skip
    for community, count in counts.items():
        mine = np.flatnonzero(task.community_of == numbers[community])
        added = [name_of[g.code] for g in new if g.community == community]
        plan = _with_count(task, plan, mine, count, added)
    return plan


def _with_count(task: BalanceProblem, plan: Ints, mine: Ints, count: int, added: list[int]) -> Ints:
    """A community with another number of names; it is drawn from scratch, so any unit may bear them."""
    names, held = np.unique(plan[mine], return_counts=True)
    if len(names) == count:
        return plan
    if len(mine) < count:
        raise Invalid(
            "A community with {houses} places with houses cannot have {grids} grids.",
            houses=len(mine),
            grids=count,
        )
    if task.graph.subgraph(mine).pieces(np.zeros(len(mine), dtype=np.int64)).max() > 0:
        raise Invalid(
            "A community in several pieces cannot get another number of grids in one step."
        )
    plan = plan.copy()
    for name in added:
        # One unit of the largest grid, so that none is left without.
        largest = np.bincount(np.unique(plan[mine], return_inverse=True)[1]).argmax()
        plan[mine[np.flatnonzero(plan[mine] == np.unique(plan[mine])[largest])[0]]] = name
    # The largest stay; it does not matter to which of them the ground of the others goes.
    order = names[np.argsort(-held, kind="stable")]
    if len(order) > count:
        plan[mine[np.isin(plan[mine], order[count:])]] = order[0]
    return plan


def _said_of(codes: str, change: Callable[..., Ints], *args: object, **kwargs: object) -> Ints:
    """What a change refuses, with the codes that the reader knows."""
    try:
        return change(*args, **kwargs)
    except Invalid as exc:
        raise Invalid(
            "{codes}: {said}",
            hint=None,
            codes=codes,
            said=Message(exc.template, exc.facts),
            **exc.facts,
        ) from exc


def numbered(codes: Texts, *, but: Bools | None = None) -> Ints:
    """The codes as whole numbers, so that reasons name them; the rows where some are no numbers.

    Parameters
    ----------
    but
        Entries that are never named (20 digits do not fit) and get a negative number instead.
    """
    named = np.ones(len(codes), dtype=bool) if but is None else ~but
    numbers = -1 - np.arange(len(codes), dtype=np.int64)
    if all(re.fullmatch(r"[1-9][0-9]{0,17}", code) for code in codes[named]):
        numbers[named] = [int(code) for code in codes[named]]
    else:
        numbers[named] = np.flatnonzero(named)
    return numbers


def _silent(done: int, total: int | None, what: str) -> None:
    """Nobody listens."""
