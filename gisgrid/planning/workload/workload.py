"""The workload of a plan: grids, communities and the township, per team member present."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from gisgrid.balance.walking import StreetNetwork, Walk
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
from gisgrid.core.arrays import Bools, Floats, Ints
from gisgrid.core.errors import Invalid
from gisgrid.core.messages import Message, message
from gisgrid.db.tables.register import NEEDS
from gisgrid.planning.snapshot.snapshot import NO_ROW, PlanSnapshot, Texts, rows_of


@dataclass(frozen=True)
class EventDays:
    """Over which days events counted as work, both included, and how many there were."""

    first: date
    last: date
    events: int

    @property
    def said(self) -> Message:
        """In words."""
        days = {"first": self.first, "last": self.last}
        if self.events:
            return message(
                "{events} events of {first} to {last} counted", events=self.events, **days
            )
        return message("no event was reported from {first} to {last}", **days)


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
    events: EventDays
    grids: tuple[GridLoad, ...]
    nowhere: GridLoad
    communities: tuple[AreaLoad, ...]
    township: AreaLoad
    over_communities: Spread
    """How evenly the communities' loads per post lie."""


def counted_days(last: date, weights: Weights) -> tuple[date, date]:
    """First and last day of the months whose events count, up to ``last``."""
    return last - timedelta(days=round(weights.event_months * 365.25 / 12) - 1), last


def event_days(state: PlanSnapshot, weights: Weights) -> EventDays:
    """Over which days events of the state count as work."""
    return EventDays(*counted_days(state.events_until, weights), len(_recent(state, weights)))


def walk_of(state: PlanSnapshot, weights: Weights, *, by_street: bool = True) -> Walk:
    """How walks of the state are measured: along its streets, or straight with a detour."""
    return Walk(StreetNetwork.of(state.streets) if by_street else None, weights.detour)


def workload_of(
    state: PlanSnapshot, weights: Weights, *, by_street: bool = True, walk: Walk | None = None
) -> Workload:
    """Minutes a month of each house of a plan's township under the plan.

    An event is carried by the nearest house of its grid. A walk begins at the team's post, or
    without one at the house in the middle of the grid.

    Parameters
    ----------
    by_street
        Measure walks along the streets where there are any; else straight with a detour.
    walk
        `walk_of` the state, where it is at hand; ``by_street`` then says nothing.
    """
    every = np.ones(len(state.houses.code), dtype=bool)
    walk = walk or walk_of(state, weights, by_street=by_street)
    return _counted(state, weights, walk, every, _recent(state, weights))


def recounted(
    work: Workload, before: PlanSnapshot, after: PlanSnapshot, weights: Weights, walk: Walk
) -> Workload:
    """The workload under other grids, equal to `workload_of`: only what may differ is counted anew.

    That is the work of each grid that a house or event came to or left.

    Parameters
    ----------
    work
        Of ``before``, with the same weights and walk; both states hold the same houses and events.
    """
    count = len(after.grids.code)
    now = np.append(rows_of(before.grids.code, after.grids.code), NO_ROW)
    moved_event = now[before.events.grid] != after.events.grid
    moved = now[before.houses.grid] != after.houses.grid
    # The last entry stands for no grid, as -1 does.
    busy = np.zeros(count + 1, dtype=bool)
    busy[NO_ROW] = True
    busy[now[before.events.grid[moved_event]]] = busy[after.events.grid[moved_event]] = True
    busy[now[before.houses.grid[moved]]] = busy[after.houses.grid[moved]] = True
    # What a house in no grid asks for follows from nothing that an edit changes.
    rows = (busy[after.houses.grid] & (after.houses.grid >= 0)) | moved
    recent = _recent(after, weights)
    part = _counted(after, weights, walk, rows, recent[busy[after.events.grid[recent]]])
    house_mmin = work.house_mmin.copy()
    house_mmin[rows] = part.house_mmin[rows]
    loose_mmin = np.zeros_like(part.loose_mmin)
    kept = now[:-1] >= 0
    loose_mmin[now[:-1][kept]] = work.loose_mmin[:-1][kept]
    loose_mmin[busy] = part.loose_mmin[busy]
    return Workload(work.parts, house_mmin, loose_mmin)


def loads(state: PlanSnapshot, weights: Weights, *, by_street: bool = True) -> Loads:
    """The workload of a plan by grid, community and township."""
    work = workload_of(state, weights, by_street=by_street)
    grids = state.grids
    count = len(grids.code)
    by_grid = work.by_grid(state.houses.grid)
    present = posts(state.teams.grid, state.teams.role, state.teams.staff, count, weights)
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
        events=event_days(state, weights),
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


def refuse_no_work(found: Loads, state: PlanSnapshot) -> None:
    """Invalid, with the days that were counted, if nothing at all asks for work."""
    if found.township.total_mmin:
        return
    days = state.events.day
    raise Invalid(
        "There is no work to tell: no resident or household is known that counts, and {events}{newest}.",
        events=found.events.said,
        newest=message("; the newest event known is of {day}", day=days.max()) if len(days) else "",
        first=str(found.events.first),
        last=str(found.events.last),
    )


@dataclass(frozen=True, eq=False)
class _Facts:
    by_grid: Ints
    people: Ints
    present: Floats
    load_min: Floats
    per_post: Floats


def _area(state: PlanSnapshot, facts: _Facts, rows: Ints, code: str | None, name: str) -> AreaLoad:
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


def _recent(state: PlanSnapshot, weights: Weights) -> Ints:
    """Rows of the events that count as work."""
    first, last = counted_days(state.events_until, weights)
    day = state.events.day
    return np.flatnonzero((day >= np.datetime64(first)) & (day <= np.datetime64(last)))


def _counted(
    state: PlanSnapshot, weights: Weights, walk: Walk, chosen: Bools, recent: Ints
) -> Workload:
    """The workload with that of the chosen houses, which carry the events of some rows.

    Of a grid either all houses are chosen or none.
    """
    events, houses = state.events, state.houses
    rows = np.flatnonzero(chosen)
    carrier = carriers(
        events.xy_m[recent], events.grid[recent], houses.xy_m[rows], houses.grid[rows]
    )
    part = house_workload(
        residents=houses.residents[rows],
        households=houses.households[rows],
        needs=houses.needs[rows],
        need_names=NEEDS,
        walk_m=_walk_m(state, walk, rows),
        event_house=carrier,
        event_grid=events.grid[recent],
        event_min=_minutes(events.matter[recent], events.major[recent], weights),
        grid_count=len(state.grids.code),
        weights=weights,
    )
    house_mmin = np.zeros((len(chosen), len(part.parts)), dtype=np.int64)
    house_mmin[rows] = part.house_mmin
    return Workload(part.parts, house_mmin, part.loose_mmin)


def _minutes(matter: Texts, major: Texts, weights: Weights) -> Floats:
    """Usual minutes of events by their items, of which there are few kinds."""
    pairs = list(zip(matter.tolist(), major.tolist(), strict=True))
    known = {pair: weights.minutes_of(*pair) for pair in set(pairs)}
    return np.array([known[pair] for pair in pairs], dtype=np.float64)


def _walk_m(state: PlanSnapshot, walk: Walk, chosen: Ints) -> Floats:
    """Metres one way from the base of its grid's team to each of some houses, NaN without."""
    houses, posts_ = state.houses, state.open_stations
    out = np.full(len(chosen), np.nan)
    there = np.flatnonzero(
        np.isfinite(houses.xy_m[chosen]).all(axis=1) & (houses.grid[chosen] >= 0)
    )
    if not len(there):
        return out
    rows = chosen[there]
    grids, group = np.unique(houses.grid[rows], return_inverse=True)
    xy = houses.xy_m[rows]
    base_xy = _middles(xy, group, len(grids))
    with_post = np.flatnonzero(posts_.grid >= 0)[::-1]
    row_of = np.full(len(state.grids.code), -1)
    row_of[grids] = np.arange(len(grids))
    of = row_of[posts_.grid[with_post]]
    base_xy[of[of >= 0]] = posts_.xy_m[with_post[of >= 0]]
    out[there] = walk.to_own_m(xy, group, base_xy, rows=rows)
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
