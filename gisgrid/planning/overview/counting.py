"""How much lies in each grid under any plan? The grids and what lies in none add up to everything."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from gisgrid.core.plans import PlanInfo
from gisgrid.planning.attach.attach import attach, unasked
from gisgrid.planning.attach.rule import Kind
from gisgrid.planning.overview import summary

FIELDS = ("houses", "households", "residents", "events")


@dataclass(frozen=True)
class Count:
    """Counts of one grid, of what lies in none, or of all; the latter two have no code.

    None: hidden, see ``gisgrid.planning.overview.summary``.
    """

    code: str
    name: str
    kind: str
    houses: int
    households: int | None
    residents: int | None
    events: int | None


@dataclass(frozen=True)
class Counted:
    """Counts under one plan; grids and ``elsewhere`` add up to ``total``."""

    grids: tuple[Count, ...]
    elsewhere: Count
    """Outside every grid, or without a point."""
    total: Count


def count_under(session: Session, plan: PlanInfo) -> Counted:
    """Counts per grid, by code; in overlay mode houses count in their basic grid.

    Places that were never asked under this plan are attached first, which writes: who only wants
    to know rolls back.
    """
    kinds: tuple[Kind, Kind] = ("house", "event")
    for kind in kinds:
        if unasked(session, plan.id, kind):
            attach(session, plan.id, kind)
    grids = tuple(
        Count(g.code, g.name, g.kind, g.houses, g.households, g.residents, g.events)
        for g in summary.by_grid(session, plan.id)
    )
    whole = summary.by_community(session, plan.id).total
    total = Count("", "", "", whole.houses, whole.households, whole.residents, whole.events)
    rest = [_rest(getattr(total, f), [getattr(g, f) for g in grids]) for f in FIELDS]
    elsewhere = Count("", "", "", rest[0] or 0, *rest[1:])
    return Counted(grids, elsewhere, total)


def _rest(whole: int | None, parts: list[int | None]) -> int | None:
    known = [part for part in parts if part is not None]
    return None if whole is None or len(known) < len(parts) else whole - sum(known)
