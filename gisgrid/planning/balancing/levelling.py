"""What the grids of a community are made even in: the work, or residents, households or houses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.balance.result import MINUTES, Yardstick
from gisgrid.balance.weights import MONTH_DAYS, Weights
from gisgrid.balance.workload import MMIN, Workload
from gisgrid.core.arrays import Floats, Ints, sums
from gisgrid.core.errors import Invalid
from gisgrid.core.messages import Message, message, say
from gisgrid.core.plans import TownshipInfo
from gisgrid.db.tables.register import NEEDS
from gisgrid.planning.balancing.options import BalanceOptions, Level
from gisgrid.planning.snapshot.fetch import events_until, today
from gisgrid.planning.snapshot.snapshot import Houses, PlanSnapshot
from gisgrid.planning.workload.workload import counted_days

YARDSTICKS: dict[Level, Yardstick] = {
    "work": MINUTES,
    "residents": Yardstick(say("{n:.0f} residents"), 1.0),
    "households": Yardstick(say("{n:.0f} households"), 1.0),
    "houses": Yardstick(say("{n:.0f} houses"), 1.0),
}
_WORDS: dict[Level, str] = {
    "work": say("workload"), "residents": say("residents"), "households": say("households"),
    "houses": say("houses"),
}  # fmt: skip


@dataclass(frozen=True)
class LeftOut:
    """A community that takes no part in a run, and why, in words.

    ``cause`` is ``across`` (a grid lies in several communities), ``ground`` or ``measure``.
    """

    community: str
    cause: str
    said: Message
    grids: tuple[str, ...] = ()
    """Codes of the grids that stand in the way."""


def held(houses: Houses, work: Workload, level: Level) -> Floats:
    """What each house has of what may be levelled."""
    return {
        "work": work.house_min,
        "residents": houses.residents.astype(np.float64),
        "households": houses.households.astype(np.float64),
        "houses": np.ones(len(houses.code)),
    }[level]


def held_by_grid(state: PlanSnapshot, work: Workload, level: Level) -> Floats:
    """What each grid of a state has of what may be levelled, as its lists and maps tell it."""
    count = len(state.grids.code)
    if level == "work":
        return np.asarray(work.by_grid(state.houses.grid)[:count].sum(axis=1) / MMIN)
    inside = state.houses.grid >= 0
    return sums(state.houses.grid[inside], held(state.houses, work, level)[inside], count)


def without_measure(
    state: PlanSnapshot,
    options: BalanceOptions,
    work: Workload,
    community: Ints,
    out: Sequence[LeftOut] = (),
) -> tuple[LeftOut, ...]:
    """Communities that have nothing of what is to be levelled.

    Parameters
    ----------
    community
        Row of the community of each grid of ``state.tiling``.
    out
        Communities that are left out already.

    Raises
    ------
    Invalid
        No community that takes part has any, or anything of what the size is counted in.
    """
    place = np.full(len(state.grids.code), -1)
    place[state.tiling] = community
    has = sorted(set(place[state.basic].tolist()))
    if options.communities:
        has = [c for c in has if state.communities.code[c] in options.communities]
    gone = {left.community for left in out}
    has = [c for c in has if state.communities.code[c] not in gone]
    if not has:
        return ()
    owned = np.flatnonzero(np.isin(state.houses.grid, state.basic))
    owned = owned[np.isin(place[state.houses.grid[owned]], has)]
    home = place[state.houses.grid[owned]]
    known: dict[Level, float] = {
        level: float(held(state.houses, work, level)[owned].sum()) for level in YARDSTICKS
    }
    refuse_empty(options, known)
    level = options.levelled
    total = sums(home, held(state.houses, work, level)[owned], len(state.communities.code))
    return tuple(
        LeftOut(
            code := state.communities.code[c],
            "measure",
            message(
                "Community {code} is left out: {what}.", code=code, what=message(_NOTHING[level])
            ),
        )
        for c in has
        if total[c] <= 0
    )


def refuse_empty(options: BalanceOptions, known: Mapping[Level, float]) -> None:
    """Invalid if there is nothing of what is asked to be levelled or counted, with what there is.

    Parameters
    ----------
    known
        How much there is in all of each level; it may lack those that are not asked for.
    """
    level = options.levelled
    asked: list[Level] = [level] if options.size is None else [level, options.size_in]
    for each in asked:
        if known[each] > 0:
            continue
        there: list[Level] = [other for other in YARDSTICKS if known.get(other, 0) > 0]
        flag = "--size-in" if options.size is not None and each == options.size_in else "--level"
        words = [
            message(_WORDS[other])
            if other == "work"
            else message("{what} ({n:,.0f})", what=message(_WORDS[other]), n=known[other])
            for other in there
        ]
        raise Invalid(
            "There is nothing to make grids even in: {what}. {mend}",
            what=message(_NOTHING[each]),
            mend=message("Choose what is known: {words} ({flag}).", words=words, flag=flag)
            if words
            else message("Load houses first."),
            level=each,
            known={name: amount for name, amount in known.items() if amount > 0},
        )


_NOTHING: dict[Level, str] = {
    "work": say("the houses carry no work, no resident, household or event is known that counts"),
    "houses": say("there are no houses in basic grids"),
    "households": say("no households are known"),
    "residents": say("no residents are known"),
}


def known_levels(session: Session, place: TownshipInfo, weights: Weights) -> dict[Level, float]:
    """How much of each level the located houses of a township have today; of work all but the walks.

    Asked before a run is ordered: where all of these are nothing, so is what the run would weigh.
    """
    day = today(place)
    first, last = counted_days(events_until(session, place, day), weights)
    scope = {"t": place.id, "day": day, "zone": place.time_zone, "first": first, "last": last}
    held_ = session.execute(text(_HELD), scope).one()
    events = session.execute(text(_EVENTS), scope)
    visits_min = MONTH_DAYS / weights.visit_every_days * weights.visit_min
    work = (
        held_.households * (weights.household_min + visits_min)
        + held_.residents * weights.resident_min
        + sum(getattr(held_, name) * weights.need_min.get(name, 0.0) for name in NEEDS)
        + sum(row.n * weights.minutes_of(row.code, row.major) for row in events)
    )
    return {
        "work": float(work) if held_.houses else 0.0,
        "residents": float(held_.residents),
        "households": float(held_.households),
        "houses": float(held_.houses),
    }


_HELD = """
SELECT count(*) AS houses, coalesce(sum(l.households), 0)::bigint AS households,
       coalesce(sum(l.residents), 0)::bigint AS residents,
       coalesce(sum(l.living_alone), 0)::bigint AS living_alone,
       coalesce(sum(l.disabled), 0)::bigint AS disabled,
       coalesce(sum(l.child_alone), 0)::bigint AS child_alone,
       coalesce(sum(l.chronic_illness), 0)::bigint AS chronic_illness,
       coalesce(sum(l.low_income), 0)::bigint AS low_income
FROM house h LEFT JOIN house_loads(:t, :day) l ON l.house_id = h.id
WHERE h.township_id = :t AND h.location_status = 'ok'
"""

_EVENTS = """
SELECT m.code, coalesce(major.code, '') AS major, count(*) AS n
FROM event e JOIN matter m ON m.id = e.matter_id LEFT JOIN matter major ON major.id = m.parent_id
WHERE e.township_id = :t AND (e.reported_at AT TIME ZONE :zone)::date BETWEEN :first AND :last
GROUP BY 1, 2
"""
