"""A plan's state with other grids: new ones without ground yet, or without some."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely

from gisgrid.balance.arrays import Bools, Ints
from gisgrid.plans.state import NO_ROW, Grids, PlanState


@dataclass(frozen=True)
class NewGrid:
    """A basic grid that is to be drawn."""

    code: str
    name: str
    community: int
    """Row of its community."""


def new_grid(state: PlanState, community: int, taken: Collection[str]) -> NewGrid:
    """A grid of a community with the first code that no plan ever used.

    Parameters
    ----------
    taken
        All codes ever used in the township, and those given out already. A code is never reused.

    Notes
    -----
    Where the codes of the community's grids are the community's and three digits, the new one
    follows the highest of them; else it is the community's code with ``-n1``, ``-n2`` …
    """
    home = state.communities.code[community]
    mine = state.grids.code[state.basic[state.grids.community[state.basic] == community]]
    form = re.compile(re.escape(home) + r"(\d{3})")
    if len(mine) and all(form.fullmatch(code) for code in mine):
        used = [int(m[1]) for code in taken if (m := form.fullmatch(code))]
        if max(used) < 999:
            number = max(used) + 1
            return NewGrid(
                f"{home}{number:03d}",
                f"{state.communities.name[community]}{number}号网格",
                community,
            )
    n = next(n for n in range(1, len(taken) + 2) if f"{home}-n{n}" not in taken)
    return NewGrid(f"{home}-n{n}", f"{state.communities.name[community]}新{n}号网格", community)


def with_new_grids(state: PlanState, new: Sequence[NewGrid]) -> PlanState:
    """The state with further grids, in the order of code, that have no ground and no houses yet."""
    if not new:
        return state
    grids = state.grids
    empty = np.array([shapely.MultiPolygon()] * len(new), dtype=object)
    code = np.concatenate([grids.code, np.array([g.code for g in new], dtype=object)])
    order = np.argsort(code.astype(str), kind="stable")
    more = Grids(
        code=code[order],
        name=np.concatenate([grids.name, np.array([g.name for g in new], dtype=object)])[order],
        exclusive=np.append(grids.exclusive, np.zeros(len(new), dtype=bool))[order],
        host=np.concatenate([grids.host, np.array([""] * len(new), dtype=object)])[order],
        community=np.append(grids.community, [g.community for g in new])[order],
        lonlat=np.concatenate([grids.lonlat, empty])[order],
        metric=np.concatenate([grids.metric, empty])[order],
    )
    row_of = np.empty(len(order), dtype=np.int64)
    row_of[order] = np.arange(len(order))
    return _renumbered(state, more, row_of[: len(grids.code)])


def with_rows(state: PlanState, keep: Bools) -> PlanState:
    """The state with the grids of a mask only; nothing may lie in the others."""
    if keep.all():
        return state
    g = state.grids
    fewer = Grids(
        g.code[keep], g.name[keep], g.exclusive[keep], g.host[keep], g.community[keep],
        g.lonlat[keep], g.metric[keep],
    )  # fmt: skip
    row_of = np.where(keep, np.cumsum(keep) - 1, NO_ROW)
    return _renumbered(state, fewer, row_of)


def _renumbered(state: PlanState, grids: Grids, row_of: Ints) -> PlanState:
    def moved(rows: Ints) -> Ints:
        return np.where(rows >= 0, row_of[rows], NO_ROW)

    members, stations = state.members, state.stations
    there = row_of[members.grid] >= 0
    # A post of a grid that is gone serves nobody.
    open_ = (stations.grid < 0) | (moved(stations.grid) >= 0)
    return replace(
        state,
        grids=grids,
        houses=replace(state.houses, grid=moved(state.houses.grid)),
        events=replace(state.events, grid=moved(state.events.grid)),
        members=replace(
            members,
            grid=moved(members.grid)[there],
            role=members.role[there],
            staff=members.staff[there],
        ),
        stations=replace(
            stations,
            code=stations.code[open_],
            kind=stations.kind[open_],
            xy_m=stations.xy_m[open_],
            grid=moved(stations.grid)[open_],
        ),
    )
