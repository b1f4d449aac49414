"""Which township and plan does a request speak of? ``?plan=``, ``?as_of=``, ``?township=``."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from sqlalchemy.orm import Session

from gisgrid.plans import plans
from gisgrid.plans.plans import Place, PlanInfo


class Chosen(NamedTuple):
    township: Place
    plan: PlanInfo


def chosen(
    session: Session,
    *,
    plan: int | None = None,
    as_of: date | None = None,
    township: str | None = None,
) -> Chosen:
    """A plan by its number, else the one in force on a day, else the published one.

    NotFound if there is no such thing.
    """
    if plan is not None:
        info = plans.plan_by_id(session, plan)
        place = next(t for t in plans.townships(session) if t.id == info.township_id)
        return Chosen(place, info)
    place = chosen_township(session, township)
    return Chosen(place, plans.plan_in_force(session, place.id, as_of))


def chosen_township(session: Session, code: str | None) -> Place:
    """The township of a code; without one, the first by code."""
    known = plans.townships(session)
    return known[0] if known and code is None else plans.township(session, code)
