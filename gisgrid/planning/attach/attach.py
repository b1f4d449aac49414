"""Which grid does each house and event lie in, under a plan?

All of a township go through the locator (``attach``); a few rows inside a transaction are asked of
PostGIS (``attach_rows``); tests hold the two equal. What comes in or moves is attached to every dated
plan (``attach_dated``): to those that were in force, so that they can still be asked about, and to those
that wait, so that they are complete on their first day.

The rule of one owner: of the grids that cover a point (border included) the one with the lowest code
owns it. In overlay mode the owner is a basic grid, and an exclusive grid may lie over it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import NotFound
from gisgrid.core.heavy import Heavy
from gisgrid.planning.attach import statements
from gisgrid.planning.attach.rule import Kind, Rule
from gisgrid.planning.attach.statements import Attaching

if TYPE_CHECKING:
    from gisgrid.planning.attach import bulk
else:
    bulk = Heavy("gisgrid.planning.attach.bulk")

ONE_BY_ONE = 300
"""So many places are asked of PostGIS sooner than the locator of a plan is built."""


@dataclass(frozen=True)
class Counts:
    """Where the places of one kind stand; the first three add up to ``loaded``."""

    attached: int
    outside: int
    unlocated: int
    near_border: int
    """Of the attached and outside ones, those within the township's ``near_border_m``."""

    @property
    def loaded(self) -> int:
        return self.attached + self.outside + self.unlocated


@dataclass(frozen=True)
class Claim:
    """A thing on the exceptions list, near which events belong to its grid."""

    asset: str
    """Its name."""
    grid_code: str


def claimed(session: Session, plan_id: int, lon: float, lat: float, at: datetime) -> Claim | None:
    """The thing whose grid an event at a place (EPSG:4326) and moment (aware) would have; or None.

    As `attach_rows` decides: the nearest of those that reach the place that day; none whose grid is
    not in the plan.
    """
    values = {**vars(_rule(session, plan_id)), "lon": lon, "lat": lat, "at": at}
    row = session.execute(statements.claim(), values).one_or_none()
    return None if row is None else Claim(row.name, row.code)


def attach(session: Session, plan_id: int, kind: Kind) -> Counts:
    """Give all houses or events of a plan's township their grid under it, and count them.

    Raises
    ------
    NotFound
        No such plan.
    """
    rule = _rule(session, plan_id)
    session.execute(Attaching(kind).forget(), vars(rule))
    bulk.attach_all(session, rule, kind)
    if kind == "event":
        _of_events(session, vars(rule), some=False)
    return counts(session, plan_id, kind)


def attach_rows(session: Session, plan_id: int, kind: Kind, ids: Sequence[int]) -> None:
    """Give some houses or events their grid under a plan: just inserted or moved, or about an edit.

    Few are asked of PostGIS, many of the locator; the answers are the same.

    Raises
    ------
    NotFound
        No such plan.
    """
    rule = _rule(session, plan_id)
    values = {**vars(rule), "ids": list(ids)}
    attaching = Attaching(kind, some=True)
    session.execute(attaching.forget(), values)
    if len(ids) > ONE_BY_ONE:
        bulk.attach_all(session, rule, kind, ids)
    else:
        session.execute(attaching.attach(), values)
    if kind == "event":
        _of_events(session, values, some=True)


def attach_dated(
    session: Session, township_id: int, kind: Kind, ids: Sequence[int] | None = None
) -> dict[int, Counts]:
    """Give houses or events of a township, all or some, their grid under each of its dated plans.

    The counts by plan come back, in the order of the plans' days; none where only some were asked for.
    """
    plan_ids = session.scalars(
        text(
            "SELECT id FROM plan WHERE township_id = :t AND validity IS NOT NULL "
            "ORDER BY lower(validity)"
        ),
        {"t": township_id},
    ).all()
    if ids is None:
        return {plan_id: attach(session, plan_id, kind) for plan_id in plan_ids}
    for plan_id in plan_ids:
        attach_rows(session, plan_id, kind, ids)
    return {}


def complete(session: Session, plan_id: int, kind: Kind, *, most: int) -> int:
    """Attach up to ``most`` located houses or events that were never asked under a plan; how many.

    The plan is held meanwhile, so that nobody draws under the answers.
    """
    session.execute(text("SELECT FROM plan WHERE id = :plan FOR UPDATE"), {"plan": plan_id})
    values = {"plan": plan_id, "most": most}
    ids = session.scalars(Attaching(kind).unasked(), values).all()
    if ids:
        attach_rows(session, plan_id, kind, ids)
    return len(ids)


def unasked(session: Session, plan_id: int, kind: Kind) -> bool:
    """Whether a located house or event was never attached under a plan of its township."""
    found = session.scalar(Attaching(kind).unasked(), {"plan": plan_id, "most": 1})
    return found is not None


def _of_events(session: Session, values: Mapping[str, Any], *, some: bool) -> None:
    """Give events about things the grid of the thing, and keep at which grid an event was reported."""
    # Most towns have no list, and a statement over an empty table is the hardest to plan.
    if session.scalar(
        text("SELECT EXISTS (SELECT FROM asset WHERE township_id = :township)"), values
    ):
        session.execute(statements.by_asset(some=some), values)
    session.execute(statements.keep_reported(some=some), values)


def _rule(session: Session, plan_id: int) -> Rule:
    row = session.execute(
        text(
            "SELECT p.id AS plan, p.township_id AS township, t.grid_rule = 'overlay' AS overlay, "
            "t.near_border_m AS near_m, t.metric_srid AS srid "
            "FROM plan p JOIN township t ON t.area_id = p.township_id WHERE p.id = :plan"
        ),
        {"plan": plan_id},
    ).one_or_none()
    if row is None:
        raise NotFound("There is no plan {plan_id}.", plan_id=plan_id)
    return Rule(**row._mapping)


def counts(session: Session, plan_id: int, kind: Kind) -> Counts:
    """Where the houses or events of a plan's township stand under that plan."""
    row = session.execute(Attaching(kind).count(), {"plan": plan_id}).one()
    return Counts(**row._mapping)
