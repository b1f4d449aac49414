"""Which plan does a request speak of? ``?plan=``, ``?as_of=``, else that of today in its township."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from sqlalchemy.orm import Session

from gisgrid.core import plans
from gisgrid.core.plans import PlanInfo, TownshipInfo
from web.http.towns import town, town_of


class Chosen(NamedTuple):
    township: TownshipInfo
    plan: PlanInfo


def chosen(session: Session, *, plan: int | None = None, as_of: date | None = None) -> Chosen:
    """A plan by its number, else the one in force on a day, else today's, of the township meant.

    NotFound if there is no such thing; `web.http.towns.TownNotSaid` if nothing says which township.
    """
    if plan is not None:
        info = plans.plan_by_id(session, plan)
        return Chosen(town_of(session, info.township_id), info)
    place = town(session)
    return Chosen(place, plans.plan_in_force(session, place.id, as_of))
