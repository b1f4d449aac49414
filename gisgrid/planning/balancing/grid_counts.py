"""How many grids is each community to have, and which codes do new ones get?"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import shapely

from gisgrid.core.arrays import Floats, sums
from gisgrid.core.errors import Invalid
from gisgrid.core.limits import Measure
from gisgrid.planning.balancing.options import BalanceOptions
from gisgrid.planning.snapshot.regrid import NewGrid, new_grid
from gisgrid.planning.snapshot.snapshot import PlanSnapshot


def grid_counts(
    state: PlanSnapshot, options: BalanceOptions, of_house: Floats, out: Collection[str]
) -> dict[int, int]:
    """How many basic grids each community that takes part is to have, where that is asked for.

    Shared out by what is levelled with the largest remainders (Hamilton); each gets at least one.
    """
    home = state.grids.community
    has = sorted(set(home[state.basic].tolist()))
    has = [c for c in has if state.communities.code[c] not in out]
    if options.communities:
        has = [c for c in has if state.communities.code[c] in options.communities]
    if options.size is not None:
        return _counts_by_size(state, has, options.size, options.size_in)
    if options.grids is None:
        return {}
    if options.grids < len(has):
        raise Invalid(
            "{grids} grids are too few for {count} communities: each has one at least.",
            grids=options.grids,
            count=len(has),
        )
    owned = np.flatnonzero(np.isin(state.houses.grid, state.basic))
    work = sums(home[state.houses.grid[owned]], of_house[owned], len(state.communities.code))[has]
    fair = work / work.sum() * options.grids
    count = np.maximum(1, np.floor(fair)).astype(np.int64)
    while count.sum() != options.grids:
        if count.sum() < options.grids:
            count[np.argmax(fair - count)] += 1
        else:
            count[np.argmax(np.where(count > 1, count - fair, -np.inf))] -= 1
    return dict(zip(has, count.tolist(), strict=True))


def _counts_by_size(
    state: PlanSnapshot, has: list[int], size: int, size_in: Measure
) -> dict[int, int]:
    """As many grids a community as make the mean come nearest to a size, one at least.

    A community in several pieces keeps the number it has: units cannot go from piece to piece.
    """
    of_grid = state.per_grid(
        {
            "residents": state.houses.residents,
            "households": state.houses.households,
            "houses": np.ones(len(state.houses.code), dtype=np.int64),
        }[size_in]
    )
    home, basic = state.grids.community, state.basic
    pieces = shapely.get_num_geometries(state.communities.metric)
    return {
        c: max(1, round(int(of_grid[basic[home[basic] == c]].sum()) / size))
        for c in has
        if pieces[c] <= 1
    }


def new_grids(
    state: PlanSnapshot, options: BalanceOptions, counts: dict[int, int], taken: Collection[str]
) -> list[NewGrid]:
    """In the order of splits, additions, and communities drawn from scratch."""
    row_of = {code: k for k, code in enumerate(state.grids.code)}
    homes = [int(state.grids.community[row_of[code]]) for code in options.split]
    homes += [state.communities.code.tolist().index(code) for code in options.add]
    for community, count in counts.items():
        today = int((state.grids.community[state.basic] == community).sum())
        homes += [community] * max(0, count - today)
    used = {*taken, *state.grids.code}
    new: list[NewGrid] = []
    for home in homes:
        new.append(new_grid(state, home, used))
        used.add(new[-1].code)
    return new
