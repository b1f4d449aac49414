"""``/api/v1/locate``: which grid is this place or address in?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import date
from functools import partial
from http import HTTPStatus
from typing import Any, cast

from flask import Response, json
from marshmallow import Schema
from sqlalchemy.orm import Session

from gisgrid.core import plans
from gisgrid.core.errors import Invalid, NotFound
from gisgrid.core.plans import TownshipInfo
from gisgrid.locate import lookup
from gisgrid.locate.addresses.search import Nearest
from gisgrid.locate.lookup import LookupResult
from gisgrid.locate.point_lookup import LookupCard, in_snapshot, in_store
from gisgrid.planning.overview.ground import township_at
from web.api.views import blueprint, failing
from web.http.db import reading
from web.http.language import said
from web.http.scope import Chosen, chosen
from web.http.towns import town
from web.lookup import schemas
from web.lookup.snapshots import HeldSnapshot, snapshots

View = Callable[..., Response]


def documented(
    method: str, query: Schema, answer: type[Schema], *fails: HTTPStatus
) -> Callable[[View], View]:
    """A view of ``/locate`` that makes its own answer.

    Instances, not classes, and no second walk over the answer: this road is asked most.
    """

    def decorate(view: View) -> View:
        checked = blueprint.arguments(query, location="query", as_kwargs=True)(view)
        answered = failing("/locate", blueprint.response(200, answer)(checked), query, *fails)
        return cast(View, blueprint.route("/locate", methods=[method])(answered))

    return decorate


@documented("GET", schemas.LocateQuerySchema(), schemas.LocationSchema)
def locate(
    *,
    lon: str | None = None,
    lat: str | None = None,
    address: str | None = None,
    datum: str = "wgs84",
    plan: int | None = None,
    as_of: date | None = None,
    township: str | None = None,
    **_: object,
) -> Response:
    """The grid of a point or of an address, who answers for it, and how sure that is.

    A point is looked for in all townships, unless one is named; an address in one.
    """
    check_question(lon, lat, address)
    if plan is None and as_of is None:
        held = in_force(township)
        find = lookup.first_that_covers([partial(in_snapshot, h.snapshot) for h in held])
        if address is None:
            found = _with_nearest(lookup.by_point(find, *_point(lon, lat, datum)))
        else:
            # A pasted point needs no register, nor the township it would be.
            typed = lookup.by_typed_point(find, address, datum)
            if typed is not None:
                return Response(
                    json.dumps(as_json(_with_nearest(typed))), content_type="application/json"
                )
            with reading() as session:
                home = _home(session).id
                found = lookup.by_address(session, home, find, address, datum=datum)
    else:
        with reading() as session:
            at = None if address is not None else _point(lon, lat, datum)
            asked = asked_under(session, plan, as_of, township, at=at)
            under = [partial(in_store, session, *each, day=as_of) for each in asked]
            find = lookup.first_that_covers(under)
            if at is not None:
                found = _with_nearest(lookup.by_point(find, *at))
            else:
                place = asked[0].township if plan is not None else town(session)
                found = lookup.by_address(session, place.id, find, address or "", datum=datum)
    return Response(json.dumps(as_json(found)), content_type="application/json")


def asked_under(
    session: Session,
    plan: int | None,
    as_of: date | None,
    township: str | None,
    *,
    at: tuple[float, float] | None = None,
) -> list[Chosen]:
    """Under which plans a place is looked for: the one that is named, else those of a day.

    Parameters
    ----------
    township
        Only of this one; None: of all that had a plan.
    at
        Longitude and latitude (EPSG:4326): only of the township whose ground it is, if it is one's.

    Raises
    ------
    NotFound
        No such plan or township, or none had a plan that day.
    """
    if plan is not None or township is not None:
        return [chosen(session, plan=plan, as_of=as_of)]
    places = plans.townships(session)
    there = township_at(session, *at) if at is not None else None
    found, missing = [], None
    for place in [there] if there is not None else places:
        try:
            found.append(Chosen(place, plans.plan_in_force(session, place.id, as_of)))
        except NotFound as none:
            missing = missing or none
    if not found:
        raise missing or NotFound("There is no township yet.")
    return found


def in_force(township: str | None) -> tuple[HeldSnapshot, ...]:
    """The plans in force that a request may mean: of the township it names, else all.

    Raises
    ------
    NotFound
        No such township, or it has no plan today.
    """
    held = snapshots().in_force()
    if township is None:
        return held
    named = tuple(h for h in held if h.snapshot.place.code == township)
    if not named:
        with reading() as session:
            # Tells what is missing.
            plans.plan_in_force(session, plans.township(session, township).id)
    return named


def check_question(lon: str | None, lat: str | None, address: str | None) -> None:
    """Refuse what asks for nothing, or for two things."""
    if address is not None and (lon is not None or lat is not None):
        raise Invalid("Ask either for a point (lon and lat) or for an address, not for both.")
    if address is None and (lon is None or lat is None):
        raise Invalid(
            "Say which place: lon and lat in degrees, or address.",
            missing=[name for name, value in (("lon", lon), ("lat", lat)) if value is None],
        )


def as_json(found: LookupResult) -> dict[str, object]:
    """The answer as JSON tells it; without telephone numbers."""
    where = found.where
    plan = where.plan
    return {
        "township": {
            "code": where.township.code,
            "name": where.township.name,
            "name_en": where.township.name_en,
        },
        "community": _community(where.grid),
        "grid": _grid(where.grid),
        "exclusive": where.exclusive and _grid(where.exclusive),
        "leader": where.grid.leader,
        "plan": {
            "id": plan.id,
            "name": plan.name,
            "state": plan.state,
            "valid_from": plan.valid_from and plan.valid_from.isoformat(),
            "valid_to": plan.valid_to and plan.valid_to.isoformat(),
            "last_day": plan.last_day and plan.last_day.isoformat(),
            "in_force": plan.in_force,
        },
        "border_m": round(where.border_m, 2),
        "others": [
            {
                **_grid(other.card),
                "community": other.card.community,
                "leader": other.card.leader,
                "distance_m": round(other.distance_m, 2),
            }
            for other in where.others
        ],
        "place": {"lon": where.lon, "lat": where.lat},
        "house": found.house and asdict(found.house),
        "nearest": found.nearest and _nearest(found.nearest),
        "how": found.how,
        "confidence": round(found.confidence, 3),
        "reason": said(found.reason),
    }


def _home(session: Session) -> TownshipInfo:
    """In whose register an address is looked for; of the only township without asking the store."""
    known = snapshots().places()
    return known[0] if len(known) == 1 else town(session)


def _point(lon: str | None, lat: str | None, datum: str) -> tuple[float, float]:
    x, y = lookup.number(lon or "", "lon"), lookup.number(lat or "", "lat")
    return lookup.in_wgs84(x, y, datum)


def _with_nearest(found: LookupResult) -> LookupResult:
    houses = snapshots().houses(found.where.plan.township_id)
    if houses is None:
        return found
    return replace(found, nearest=houses.nearest(found.where.lon, found.where.lat))


def _nearest(near: Nearest) -> dict[str, Any]:
    return {
        "house_id": near.house_id,
        "code": near.code,
        "address": near.address,
        "distance_m": round(near.distance_m, 1),
    }


def _grid(card: LookupCard) -> dict[str, Any]:
    return {
        "code": card.code,
        "name": card.name,
        "kind": card.kind,
        "host": card.host,
        "leader": card.leader,
    }


def _community(card: LookupCard) -> dict[str, str]:
    return {"code": card.community_code, "name": card.community}
