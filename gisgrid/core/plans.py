"""Which plan is in force on which day, and how one replaces another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid, NotFound, StalePlan
from gisgrid.core.messages import say

PUBLISHED_CHANNEL = "plan_published"
"""Channel on which is told that a township's plans are others; the payload is its area id."""


@dataclass(frozen=True)
class TownshipInfo:
    """A township with the settings that queries need."""

    id: int
    code: str
    name: str
    name_en: str | None
    metric_srid: int
    time_zone: str
    grid_rule: str
    code_scheme: str
    near_border_m: float
    public_minimum: int = 5
    register_rule: str = "check"


@dataclass(frozen=True)
class PlanInfo:
    """A plan without its grids.

    ``valid_to`` is the first day it is no longer in force; None: open, or it was never published.
    """

    id: int
    township_id: int
    name: str
    state: str
    valid_from: date | None
    valid_to: date | None
    based_on_id: int | None
    grids: int
    in_force: Literal["later", "now", "past"] | None = None
    """On the township's day of today; None: it was not published."""

    @property
    def last_day(self) -> date | None:
        """The last day on which it is in force; None as ``valid_to``."""
        return self.valid_to and self.valid_to - timedelta(days=1)


def townships(session: Session) -> list[TownshipInfo]:
    """All townships, by code."""
    rows = session.execute(text(_TOWNSHIP + " ORDER BY a.code")).mappings()
    return [TownshipInfo(**row) for row in rows]


def township(session: Session, code: str | None = None) -> TownshipInfo:
    """The township of a code; without one, the only township there is.

    Raises
    ------
    NotFound
        No such township, or none at all.
    Invalid
        No code was given and there are several.
    """
    known = townships(session)
    if code is None:
        if len(known) == 1:
            return known[0]
        if not known:
            raise NotFound(
                "There is no township yet: bring its areas in first (Office, Import).",
                hint=say("Or: gisgrid load areas FILE"),
            )
        codes = ", ".join(place.code for place in known)
        raise Invalid(
            "There are several townships; name one with --township: {codes}.",
            codes=codes,
            townships=[place.code for place in known],
        )
    for place in known:
        if place.code == code:
            return place
    raise NotFound("No township has the code {code!r}.", code=code)


def township_by_id(session: Session, township_id: int) -> TownshipInfo:
    """The township with a number; NotFound if there is none."""
    row = session.execute(text(_TOWNSHIP + " WHERE t.area_id = :id"), {"id": township_id})
    found = row.mappings().first()
    if found is None:
        raise NotFound("There is no township {township_id}.", township_id=township_id)
    return TownshipInfo(**found)


def plans(session: Session, township_id: int) -> list[PlanInfo]:
    """The plans of a township: those with dates first by day, then drafts by number."""
    rows = session.execute(
        text(_PLAN + " WHERE p.township_id = :t ORDER BY lower(p.validity) NULLS LAST, p.id"),
        {"t": township_id},
    )
    return [_plan(row) for row in rows.mappings()]


def plan_named(session: Session, township_id: int, name: str) -> PlanInfo:
    """The plan with a name (or a number)."""
    rows = session.execute(
        text(
            _PLAN + " WHERE p.township_id = :t AND (p.name = :name OR p.id::text = :name)"
            " ORDER BY (p.name = :name) DESC LIMIT 1"
        ),
        {"t": township_id, "name": name},
    )
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFound("There is no plan {name!r}.", name=name)
    return _plan(row)


def plan_by_id(session: Session, plan_id: int) -> PlanInfo:
    """The plan with a number; NotFound if there is none."""
    row = session.execute(text(_PLAN + " WHERE p.id = :id"), {"id": plan_id}).mappings().first()
    if row is None:
        raise NotFound("There is no plan {plan_id}.", plan_id=plan_id)
    return _plan(row)


def ids_in_force(session: Session) -> list[int]:
    """Numbers of the plans in force today, of all townships, ascending."""
    return list(session.scalars(text("SELECT id FROM plan_in_force ORDER BY id")))


def plan_in_force(session: Session, township_id: int, as_of: date | None = None) -> PlanInfo:
    """The plan of a day; without a day, of the township's today.

    Raises
    ------
    NotFound
        No plan was in force; ``facts["from"]`` is the first day that has one.
    """
    # One statement in either case, so that the day cannot turn between asking for it and using it.
    row = (
        session.execute(
            text(
                f"{_PLAN} WHERE p.township_id = :t "
                "AND p.validity @> coalesce(CAST(:day AS date), day_in(t.time_zone))"
            ),
            {"t": township_id, "day": as_of},
        )
        .mappings()
        .one_or_none()
    )
    if row is not None:
        return _plan(row)
    first = session.scalar(
        text("SELECT min(lower(validity)) FROM plan WHERE township_id = :t"), {"t": township_id}
    )
    if first is None:
        raise NotFound("No plan has been published yet.")
    since: dict[str, object] = {"from": str(first)}
    if as_of is None:
        raise NotFound(
            "No plan is in force today; there is one from {from} on.", hint=None, **since
        )
    raise NotFound(
        "No plan was in force on {day}; there is one from {from} on.",
        hint=None,
        day=str(as_of),
        **since,
    )


def newest_plan(session: Session, township_id: int) -> PlanInfo | None:
    """The dated plan that begins last, in force or waiting: the next one is drawn from it.

    None: none was ever published.
    """
    row = session.execute(
        text(
            f"{_PLAN} WHERE p.township_id = :t AND p.validity IS NOT NULL "
            "ORDER BY lower(p.validity) DESC LIMIT 1"
        ),
        {"t": township_id},
    )
    found = row.mappings().one_or_none()
    return None if found is None else _plan(found)


def refuse_outdated(plan: PlanInfo, newest: PlanInfo) -> None:
    """StalePlan if a plan was drawn from another than the newest."""
    if plan.based_on_id in (None, newest.id):
        return
    facts: dict[str, object] = {
        "plan": plan.name,
        "plan_id": plan.id,
        "base_plan_id": plan.based_on_id,
        "newest": newest.name,
        "published_plan_id": newest.id,
    }
    if newest.in_force == "later":
        raise StalePlan(
            "Plan {plan!r} was drawn from plan {base_plan_id}, but {newest!r} is published now (in force from "
            "{day}).",
            day=str(newest.valid_from),
            hint=None,
            **facts,
        )
    raise StalePlan(
        "Plan {plan!r} was drawn from plan {base_plan_id}, but {newest!r} is published now.",
        hint=None,
        **facts,
    )


def tell_of_plans(session: Session, township_id: int) -> None:
    """News, when the transaction commits: the township's plans, or which is in force, may be others."""
    session.execute(
        text("SELECT pg_notify(:channel, :payload)"),
        {"channel": PUBLISHED_CHANNEL, "payload": str(township_id)},
    )


_TOWNSHIP = """
SELECT t.area_id AS id, a.code, a.name, a.name_en, t.metric_srid, t.time_zone, t.grid_rule,
       t.code_scheme, t.near_border_m, t.public_minimum, t.register_rule
FROM township t JOIN area a ON a.id = t.area_id
"""

_PLAN = """
SELECT p.id, p.township_id, p.name, p.state, lower(p.validity) AS valid_from,
       upper(p.validity) AS valid_to, p.based_on_id,
       (SELECT count(*) FROM grid g WHERE g.plan_id = p.id) AS grids,
       CASE WHEN p.validity @> day_in(t.time_zone) THEN 'now'
            WHEN lower(p.validity) > day_in(t.time_zone) THEN 'later'
            WHEN p.validity IS NOT NULL THEN 'past' END AS in_force
FROM plan p JOIN township t ON t.area_id = p.township_id
"""


def _plan(row: RowMapping) -> PlanInfo:
    return PlanInfo(**row)
