"""Which communities can be balanced: those whose grids lie in one community each and share no ground.

What is at fault in one community is no reason to leave the others as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from gisgrid.balance.fabric import Fabric, build_fabric, community_of_grids
from gisgrid.core.arrays import Geometries, Ints
from gisgrid.core.errors import Conflict, Invalid
from gisgrid.core.messages import message, say, together
from gisgrid.planning.balancing.levelling import LeftOut
from gisgrid.planning.balancing.options import BalanceOptions
from gisgrid.planning.checks.topology import mended
from gisgrid.planning.snapshot.snapshot import PlanSnapshot, rows_of

MEND = say(
    "Mend it in a scenario: gisgrid scenario mend-across SCENARIO GRID, or beside the check in the editor."
)


@dataclass(frozen=True, eq=False)
class SoundGround:
    """A plan's ground in units, without the grids that cannot be cut into any."""

    fabric: Fabric
    rows: Ints
    """Rows of the grids, in the order of ``fabric.grids``."""
    houses: Ints
    """Rows of the houses in them, in the order of ``fabric.house_xy``."""
    community: Ints
    """Row of the community of each grid of ``state.tiling``: where most of its ground lies."""
    left_out: tuple[LeftOut, ...]


def sound_ground(state: PlanSnapshot, barriers: Geometries | None = None) -> SoundGround:
    """The ground of the grids that tile a plan, and the communities that are to be left out.

    Left out are communities that a grid lies across, or lies in without being theirs, and those of
    grids that overlap too much to be mended or have no ground.

    Parameters
    ----------
    barriers
        As for `gisgrid.balance.fabric.build_fabric`.

    Raises
    ------
    Invalid
        No grid is left.
    """
    community, across = _homes(state)
    rows, bad = state.tiling, np.zeros(0, dtype=np.int64)
    while True:
        houses = np.flatnonzero(state.houses.placed & np.isin(state.houses.grid, rows))
        try:
            fabric = build_fabric(
                state.grids.metric[rows],
                state.houses.xy_m[houses],
                grid_of_house=np.searchsorted(rows, state.houses.grid[houses]),
                barriers=barriers,
            )
        except Invalid as exc:
            named = np.unique(np.array(_flat(exc.facts.get("grids", ())), dtype=np.int64))
            if not len(named) or len(named) == len(rows):
                raise
            bad = np.union1d(bad, rows[named])
            rows = np.setdiff1d(rows, bad)
            continue
        return SoundGround(fabric, rows, houses, community, (*across, *_at_fault(state, bad)))


def concerned(
    state: PlanSnapshot, options: BalanceOptions, left_out: Sequence[LeftOut]
) -> tuple[LeftOut, ...]:
    """Of the communities that are left out those that a run is asked for, each once.

    Raises
    ------
    Invalid
        None that it is asked for is left.
    Conflict
        It is to split, merge or add a grid, or exchange houses of grids, in one that is left out.
    """
    asked = options.communities or tuple(state.communities.code)
    first = {left.community: left for left in reversed(left_out) if left.community in asked}
    out = [first[code] for code in sorted(first)]
    home = state.communities.code[state.grids.community[state.basic]]
    if out and not set(home.tolist()) & set(asked) - set(first):
        raise _nothing_sound(out)
    changed = [*options.split, *(code for pair in options.merge for code in pair), *options.only]
    rows = rows_of(np.array(changed, dtype=object), state.grids.code)
    homes = state.communities.code[state.grids.community[rows]].tolist()
    for code in [*homes, *options.add]:
        if code in first:
            left = first[code]
            raise Conflict("{why}", why=left.said, grids=list(left.grids))
    return tuple(out)


def _nothing_sound(out: Sequence[LeftOut]) -> Invalid:
    grids = sorted({code for left in out for code in left.grids})
    if {left.cause for left in out} == {"across"}:
        return Invalid(
            "No community can be balanced. {count} grids do not lie in one community: {shown}. {mend}",
            count=len(grids),
            shown=grids[:10],
            mend=message(MEND),
            grids=grids,
            communities=[left.community for left in out],
        )
    why = together([left.said for left in out[:5]])
    return Invalid(
        "No community can be balanced. {why}",
        why=why,
        grids=grids,
        communities=[left.community for left in out],
    )


def _homes(state: PlanSnapshot) -> tuple[Ints, list[LeftOut]]:
    """The community of each grid that tiles the ground, and those that a grid lies across.

    By the plan's word where polygons of communities are missing.
    """
    rows, areas = state.tiling, mended(state.communities.metric)
    named = state.grids.community[rows]
    if shapely.is_missing(areas).any():
        return named, []
    main, every = community_of_grids(mended(state.grids.metric[rows]), areas)
    touched: dict[int, list[int]] = {}
    for k, lies_in in enumerate(every):
        if state.grids.exclusive[rows[k]]:
            continue  # it takes no part, wherever it lies
        if len(lies_in) != 1 or lies_in[0] != named[k]:
            for community in {*lies_in.tolist(), int(named[k])} - {-1}:
                touched.setdefault(community, []).append(int(rows[k]))
    return np.where(main < 0, named, main), [
        _across(state, community, grids) for community, grids in sorted(touched.items())
    ]


def _across(state: PlanSnapshot, community: int, grids: list[int]) -> LeftOut:
    code = state.communities.code[community]
    codes = state.grids.code[grids].tolist()
    facts = {"community": code, "grids": codes[:10], "mend": message(MEND)}
    if len(codes) == 1:
        said = message(
            "Community {community} is left out: grid {grids} does not lie in one community. {mend}",
            **facts,
        )
    else:
        said = message(
            "Community {community} is left out: {count} grids do not lie in one community: {grids}. {mend}",
            count=len(codes),
            **facts,
        )
    return LeftOut(code, "across", said, tuple(codes))


def _at_fault(state: PlanSnapshot, bad: Ints) -> list[LeftOut]:
    found = []
    for community in np.unique(state.grids.community[bad]).tolist():
        code = state.communities.code[community]
        codes = state.grids.code[bad[state.grids.community[bad] == community]].tolist()
        found.append(
            LeftOut(
                code,
                "ground",
                message(
                    "Community {code} is left out: the ground of grid {shown} overlaps another's too much to be mended, or is none: see gisgrid coverage.",
                    code=code,
                    shown=codes[:10],
                ),
                tuple(codes),
            )
        )
    return found


def _flat(value: object) -> list[int]:
    """Whole numbers out of a list of them, or of lists of them."""
    if isinstance(value, list | tuple):
        return [number for each in value for number in _flat(each)]
    return [int(value)] if isinstance(value, int) else []
