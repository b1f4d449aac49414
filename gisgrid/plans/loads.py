"""The workload of a plan: grids, communities and the township, per team member present."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gisgrid.balance.arrays import Floats, Ints
from gisgrid.balance.walking import Streets, Walk
from gisgrid.balance.weights import Weights
from gisgrid.balance.workload import (
    MMIN,
    Spread,
    Workload,
    carriers,
    deviations,
    house_workload,
    posts,
    spread,
)
from gisgrid.plans.state import PlanState
from gisgrid.tables.register import NEEDS


@dataclass(frozen=True)
class GridLoad:
    """Work of one grid; the row without a code is what lies in no grid."""

    code: str | None
    name: str
    kind: str
    community: str | None
    parts_mmin: tuple[int, ...]
    total_mmin: int
    residents: int
    posts: float
    per_post_min: float | None
    """None where nobody is present."""
    deviation: float | None
    """From the mean of the basic grids of its community, as a share; None for exclusive grids."""
    deviation_per_post: float | None


@dataclass(frozen=True)
class AreaLoad:
    """Work of a community or of the township (no code), with how evenly its basic grids share it."""

    code: str | None
    name: str
    grids: int
    parts_mmin: tuple[int, ...]
    total_mmin: int
    residents: int
    posts: float
    per_grid: Spread
    per_post: Spread


@dataclass(frozen=True, eq=False)
class Loads:
    """The workload of a plan.

    ``township.total_mmin`` is the sum over ``grids``, and over ``communities`` and ``nowhere``,
    exactly.
    """

    parts: tuple[str, ...]
    weights: Weights
    workload: Workload
    grids: tuple[GridLoad, ...]
    nowhere: GridLoad
    communities: tuple[AreaLoad, ...]
    township: AreaLoad
    over_communities: Spread
    """How evenly the communities' loads per post lie."""


def workload_of(state: PlanState, weights: Weights, *, by_street: bool = True) -> Workload:
    """Minutes a month of each house of a plan's township under the plan.

    An event is carried by the nearest house of its grid. A walk begins at the team's post, or
    without one at the house in the middle of the grid.

    Parameters
    ----------
    by_street
        Measure walks along the streets where there are any; else straight with a detour.
    """
    events, houses = state.events, state.houses
    since = np.datetime64(state.day) - np.timedelta64(
        round(weights.event_months * 365.25 / 12), "D"
    )
    recent = np.flatnonzero(events.day > since)
    minutes = np.array(
        [weights.minutes_of(events.matter[k], events.major[k]) for k in recent.tolist()],
        dtype=np.float64,
    )
    return house_workload(
        residents=houses.residents,
        households=houses.households,
        needs=houses.needs,
        need_names=NEEDS,
        walk_m=_walk_m(state, weights, by_street=by_street),
        event_house=carriers(events.xy_m[recent], events.grid[recent], houses.xy_m, houses.grid),
        event_grid=events.grid[recent],
        event_min=minutes,
        grid_count=len(state.grids.code),
        weights=weights,
    )


def loads(state: PlanState, weights: Weights, *, by_street: bool = True) -> Loads:
    """The workload of a plan by grid, community and township."""
    work = workload_of(state, weights, by_street=by_street)
    grids = state.grids
    count = len(grids.code)
    by_grid = work.by_grid(state.houses.grid)
    present = posts(state.members.grid, state.members.role, state.members.staff, count, weights)
    load_min = by_grid[:count].sum(axis=1) / MMIN
    per_post = np.divide(load_min, present, out=np.full(count, np.nan), where=present > 0)
    basic = ~grids.exclusive
    people = np.append(state.per_grid(state.houses.residents), 0)
    people[count] = state.houses.residents.sum() - people.sum()
    off = deviations(load_min, grids.community, basic)
    off_post = deviations(per_post, grids.community, basic)
    rows = tuple(
        GridLoad(
            code=grids.code[k],
            name=grids.name[k],
            kind="exclusive" if grids.exclusive[k] else "basic",
            community=state.communities.code[grids.community[k]],
            parts_mmin=tuple(by_grid[k].tolist()),
            total_mmin=int(by_grid[k].sum()),
            residents=int(people[k]),
            posts=float(present[k]),
            per_post_min=_known(per_post[k]),
            deviation=_known(off[k]),
            deviation_per_post=_known(off_post[k]),
        )
        for k in range(count)
    )
    nowhere = GridLoad(
        None, "", "", None, tuple(by_grid[count].tolist()), int(by_grid[count].sum()),
        int(people[count]), 0.0, None, None, None,
    )  # fmt: skip
    facts = _Facts(by_grid[:count], people[:count], present, load_min, per_post)
    areas = tuple(
        _area(state, facts, np.flatnonzero(grids.community == c), code, name)
        for c, (code, name) in enumerate(
            zip(state.communities.code, state.communities.name, strict=True)
        )
    )
    whole = _area(state, facts, np.arange(count), None, "")
    return Loads(
        parts=work.parts,
        weights=weights,
        workload=work,
        grids=rows,
        nowhere=nowhere,
        communities=areas,
        township=AreaLoad(
            None,
            "",
            whole.grids,
            tuple((np.array(whole.parts_mmin) + by_grid[count]).tolist()),
            whole.total_mmin + nowhere.total_mmin,
            whole.residents + nowhere.residents,
            whole.posts,
            whole.per_grid,
            whole.per_post,
        ),
        over_communities=spread(
            np.array([a.total_mmin / MMIN / a.posts if a.posts else np.nan for a in areas])
        ),
    )


@dataclass(frozen=True, eq=False)
class _Facts:
    by_grid: Ints
    people: Ints
    present: Floats
    load_min: Floats
    per_post: Floats


def _area(state: PlanState, facts: _Facts, rows: Ints, code: str | None, name: str) -> AreaLoad:
    basic = rows[~state.grids.exclusive[rows]]
    parts = facts.by_grid[rows].sum(axis=0)
    return AreaLoad(
        code=code,
        name=name,
        grids=len(rows),
        parts_mmin=tuple(parts.tolist()),
        total_mmin=int(parts.sum()),
        residents=int(facts.people[rows].sum()),
        posts=float(facts.present[rows].sum()),
        per_grid=spread(facts.load_min[basic]),
        per_post=spread(facts.per_post[basic]),
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _walk_m(state: PlanState, weights: Weights, *, by_street: bool) -> Floats:
    """Metres one way from the base of its grid's team to each house, NaN without."""
    houses = state.houses
    out = np.full(len(houses.code), np.nan)
    rows = np.flatnonzero(houses.placed & (houses.grid >= 0))
    if not len(rows):
        return out
    grids, group = np.unique(houses.grid[rows], return_inverse=True)
    xy = houses.xy_m[rows]
    base_xy = _middles(xy, group, len(grids))
    with_post = np.flatnonzero(state.stations.grid >= 0)[::-1]
    row_of = np.full(len(state.grids.code), -1)
    row_of[grids] = np.arange(len(grids))
    of = row_of[state.stations.grid[with_post]]
    base_xy[of[of >= 0]] = state.stations.xy_m[with_post[of >= 0]]
    walk = Walk(Streets.of(state.streets) if by_street else None, weights.detour)
    out[rows] = walk.to_own_m(xy, group, base_xy)
    return out


def _middles(xy: Floats, group: Ints, count: int) -> Floats:
    """The place of the house nearest to the middle of each group."""
    held = np.bincount(group, minlength=count)
    middle = np.column_stack([np.bincount(group, xy[:, k], minlength=count) / held for k in (0, 1)])
    off_m = np.hypot(*(xy - middle[group]).T)
    order = np.lexsort((off_m, group))
    first = order[np.append(True, group[order][1:] != group[order][:-1])]
    out: Floats = xy[first].copy()
    return out
