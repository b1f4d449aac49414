"""The map page, its layers and its tiles."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask import Blueprint, Response, current_app, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from gisgrid.core import plans
from gisgrid.core.errors import Invalid, NotFound
from gisgrid.core.settings import Settings
from layers import areas, events, grids, houses, page, streets
from layers.layer import LayerScope
from layers.tiles import Tile, data_version
from web.http import permissions, routes
from web.http.dates import day_of, turns_in_s
from web.http.db import reading
from web.http.language import language
from web.http.modules import module
from web.http.responses import asset, nonce
from web.http.scope import chosen
from web.http.towns import town_name
from web.map.messages import words
from web.map.studies import planner

blueprint = Blueprint("maps", __name__)

FEATURES: dict[str, Callable[[Session, int], str]] = {
    "areas": areas.features,
    "grids": grids.features,
}
OF_A_DAY = {"open_events": events.open_tile, "closed_events": events.closed_tile}
TILES: dict[str, tuple[Callable[[Session, int, Tile], bytes], str]] = {
    "houses": (houses.tile, "see_houses"),
    "open_events": (events.open_tile, "see_events"),
    "closed_events": (events.closed_tile, "see_events"),
    "streets": (streets.tile, routes.OPEN),
}
"""How each tile is made, and the right without which it is not."""


@blueprint.get("/map")
def show() -> Response:
    """The map of a plan."""
    as_of = day_of(request.args.get("as_of"))
    plan_id = request.args.get("plan") or None
    with reading() as session:
        place, plan = chosen(
            session,
            plan=_number(plan_id) if plan_id else None,
            as_of=as_of,
        )
        version = data_version(session, plan.id)
        communities = areas.communities(session, plan.id)
        extent = areas.extent(session, plan.id)
        all_plans = plans.plans(session, place.id)
    english = language() == "en"
    may_plan = "plan" in permissions.asker().rights
    scope = LayerScope(plan.id, version, request.script_root)
    # What depends on who asks has another address for whoever may see something else.
    own = LayerScope(plan.id, _seen(version), request.script_root)
    rights = permissions.asker().rights
    settings: Settings = current_app.config["SETTINGS"]
    parts = page.page(
        [
            grids.layer(scope, gettext, communities, english=english),
            areas.layer(scope, gettext),
            streets.layer(scope, gettext),
            *([houses.layer(own, gettext)] if "see_houses" in rights else []),
            *(events.layers(own, gettext, as_of) if "see_events" in rights else []),
        ],
        extent,
        assets={name: asset(name) for name in page.SCRIPTS + page.STYLES},
        town=module("town.js"),
        entry=module("map.js"),
        ui={
            "plan": plan.id,
            "as_of": as_of.isoformat() if as_of else None,
            "api": f"{scope.root}/api/v1",
            "language": language(),
            "register": url_for("register.house", house_id=0)[:-1]
            if "see_register" in rights
            else None,
            "time_zone": place.time_zone,
            "turns_in_s": turns_in_s(place, plan),
            "words": words(),
            "planner": planner(scope, plan, all_plans) if may_plan else None,
        },
        basemap=page.Basemap(settings.basemap_url, settings.basemap_credit)
        if settings.basemap_url
        else None,
    )
    html = render_template(
        "map.html",
        may_plan=may_plan,
        page=parts,
        town=town_name(place),
        township=place,
        plan=plan,
        plans=all_plans,
        as_of=as_of,
        nonce=nonce(),
    )
    return Response(html, headers={"Cache-Control": "private, no-cache"})


@blueprint.get("/layers/<name>/<int:plan_id>-<version>.geojson")
def features(name: str, plan_id: int, version: str) -> Response:
    """Polygons of a layer as GeoJSON, kept by the browser for as long as the data stands."""
    if name not in FEATURES:
        raise NotFound("There is no layer {name!r}.", name=name)
    with reading() as session:
        plans.plan_by_id(session, plan_id)
        current = data_version(session, plan_id)
        body = FEATURES[name](session, plan_id)
    return _kept(Response(body, content_type="application/geo+json"), version == current)


@blueprint.get("/tiles/<name>/<int:plan_id>-<version>/<int:z>/<int:x>/<int:y>.mvt")
def tile(name: str, *, plan_id: int, version: str, z: int, x: int, y: int) -> Response:
    """One vector tile; an empty body is an empty tile."""
    if name not in TILES:
        raise NotFound("There is no layer {name!r}.", name=name)
    at = Tile(z, x, y)
    make, right = TILES[name]
    day = day_of(request.args.get("as_of"))
    if day and name in OF_A_DAY:
        make = partial(OF_A_DAY[name], day=day)
    if right != routes.OPEN:
        permissions.need(right)
    with reading() as session:
        plans.plan_by_id(session, plan_id)
        current = data_version(session, plan_id)
        body = make(session, plan_id, at)
    if right != routes.OPEN:
        current = _seen(current)
    response = Response(body, content_type="application/vnd.mapbox-vector-tile")
    return _kept(response, version == current)


def _seen(version: str) -> str:
    """Fingerprint of the data as whoever asks may see them."""
    key = permissions.asker().key
    return f"{version}.{key}" if key else version


def _kept(response: Response, is_current: bool) -> Response:
    # A page opened before a change asks under the old fingerprint: it gets the present data, which
    # must not be kept under that name.
    response.headers["Cache-Control"] = (
        "private, max-age=31536000, immutable" if is_current else "no-store"
    )
    return response


def _number(text: str) -> int:
    # As wide as the database's bigint; more digits could be no plan's number.
    if not text.isdecimal() or len(text) > 18:
        raise Invalid("plan is {shown!r}; it must be the number of a plan.", shown=text[:40])
    return int(text)
