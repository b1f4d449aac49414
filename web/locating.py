"""``/api/v1/locate``: which grid is this place or address in?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import date
from functools import partial
from http import HTTPStatus
from typing import Any, cast

from flask import Response, json
from marshmallow import Schema

from gisgrid.errors import Invalid
from gisgrid.locate import asking
from gisgrid.locate.address import Nearest
from gisgrid.locate.asking import Found
from gisgrid.locate.whereabouts import GridCard, in_snapshot, in_store
from gisgrid.plans.plans import Place
from web import schemas_locate as schemas
from web.api import blueprint, failing
from web.chosen import chosen
from web.i18n import speaks_chinese
from web.snapshots import Held, snapshots
from web.store import reading

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


@documented("GET", schemas.LocateQuery(), schemas.Location)
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
    """The grid of a point or of an address, who answers for it, and how sure that is."""
    check_question(lon, lat, address)
    if plan is None and as_of is None:
        held = published(township)
        find = asking.first_that_covers([partial(in_snapshot, h.snapshot) for h in held])
        if address is None:
            found = _with_nearest(asking.by_point(find, *_point(lon, lat, datum)))
        else:
            # A pasted point needs no register, nor the township it would be.
            typed = asking.by_typed_point(find, address, datum)
            if typed is not None:
                return Response(
                    json.dumps(told(_with_nearest(typed))), content_type="application/json"
                )
            place = only([h.snapshot.place for h in held])
            with reading() as session:
                found = asking.by_address(session, place.id, find, address, datum=datum)
    else:
        with reading() as session:
            place, info = chosen(session, plan=plan, as_of=as_of, township=township)
            find = partial(in_store, session, place, info, day=as_of)
            if address is None:
                found = _with_nearest(asking.by_point(find, *_point(lon, lat, datum)))
            else:
                found = asking.by_address(session, place.id, find, address, datum=datum)
    return Response(json.dumps(told(found)), content_type="application/json")


def published(township: str | None) -> tuple[Held, ...]:
    """The published plans that a request may mean: of the township it names, else all.

    Raises
    ------
    NotFound
        No such township, or it has no published plan.
    """
    held = snapshots().published()
    if township is None:
        return held
    named = tuple(h for h in held if h.snapshot.place.code == township)
    if not named:
        with reading() as session:
            chosen(session, township=township)  # tells what is missing
    return named


def only(places: Sequence[Place]) -> Place:
    """The township in whose register an address is looked for."""
    if len(places) == 1:
        return places[0]
    codes = [place.code for place in places]
    raise Invalid(
        f"There are several townships; name one with township=: {', '.join(codes)}.",
        zh=f"有多个乡镇/街道，请用 township= 指定：{'、'.join(codes)}。",
        townships=codes,
    )


def check_question(lon: str | None, lat: str | None, address: str | None) -> None:
    """Refuse what asks for nothing, or for two things."""
    if address is not None and (lon is not None or lat is not None):
        raise Invalid(
            "Ask either for a point (lon and lat) or for an address, not for both.",
            zh="请只给坐标（lon 和 lat）或只给地址（address），不要同时给。",
        )
    if address is None and (lon is None or lat is None):
        raise Invalid(
            "Say which place: lon and lat in degrees, or address.",
            zh="请给出位置：lon 和 lat（度），或 address（地址）。",
            missing=[name for name, value in (("lon", lon), ("lat", lat)) if value is None],
        )


def told(found: Found) -> dict[str, object]:
    """The answer as JSON tells it; without telephone numbers."""
    where = found.where
    plan = where.plan
    return {
        "township": where.township,
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
        "reason": found.reason_zh if speaks_chinese() else found.reason,
    }


def _point(lon: str | None, lat: str | None, datum: str) -> tuple[float, float]:
    x, y = asking.number(lon or "", "lon"), asking.number(lat or "", "lat")
    return asking.in_wgs84(x, y, datum)


def _with_nearest(found: Found) -> Found:
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


def _grid(card: GridCard) -> dict[str, Any]:
    return {
        "code": card.code,
        "name": card.name,
        "kind": card.kind,
        "host": card.host,
        "leader": card.leader,
    }


def _community(card: GridCard) -> dict[str, str]:
    return {"code": card.community_code, "name": card.community}
