"""The JSON API, version 1: parse, open the transaction, call, answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from http import HTTPStatus
from typing import Any, TypeVar, cast

from flask import Flask
from flask_smorest import Api, Blueprint
from marshmallow import Schema

from gisgrid.core import plans
from gisgrid.db.store import stands_at
from gisgrid.people.unmask import open_leader
from gisgrid.planning.overview import cards, find, summary
from layers import grids as grid_layer
from web.api import schemas
from web.http.db import opening, reading
from web.http.errors import PROBLEM_TYPE
from web.http.identity import COOKIE
from web.http.routes import OPEN, PUBLIC, RIGHT_OF
from web.http.scope import chosen
from web.http.towns import town, town_of

PREFIX = "/api/v1"

View = TypeVar("View", bound=Callable[..., Any])

blueprint = Blueprint("v1", __name__, url_prefix=PREFIX, description="Plans, grids and counts")


class ProblemApi(Api):  # type: ignore[misc]
    """flask-smorest with our failures: ``web/http/errors.py`` answers them, this documents them."""

    ERROR_SCHEMA = schemas.ProblemDocumentSchema
    DEFAULT_ERROR_RESPONSE_NAME = None  # each route names its failures
    DEFAULT_RESPONSE_CONTENT_TYPE: str = "application/json"

    def _register_error_handlers(self) -> None:
        pass

    def _register_responses(self) -> None:
        usual = self.DEFAULT_RESPONSE_CONTENT_TYPE
        self.DEFAULT_RESPONSE_CONTENT_TYPE = PROBLEM_TYPE
        super()._register_responses()
        self.DEFAULT_RESPONSE_CONTENT_TYPE = usual


def init_app(app: Flask) -> Api:
    app.config.update(
        API_TITLE="gisgrid",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        # The document only: its viewers are loaded from other hosts.
        OPENAPI_URL_PREFIX=PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
    )
    api = ProblemApi(app)
    api.spec.components.security_scheme(
        "token", {"type": "http", "scheme": "bearer", "description": "From `gisgrid user token`."}
    )
    api.spec.components.security_scheme(
        "session", {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "Of a log-in."}
    )
    api.register_blueprint(blueprint)
    return api


def get(
    path: str, answer: type[Schema], query: type[Schema] = schemas.QuerySchema
) -> Callable[[View], View]:
    """A route of the API, with its question and answer in the OpenAPI document."""

    def decorate(view: View) -> View:
        checked = blueprint.arguments(query, location="query", as_kwargs=True)(view)
        answered = failing(path, blueprint.response(200, answer)(checked), query())
        return cast(View, blueprint.route(path, methods=["GET"])(answered))

    return decorate


def failing(path: str, view: View, query: Schema, *others: HTTPStatus) -> View:
    """A view whose OpenAPI document names how it can fail, and what a right is shown by."""
    right = RIGHT_OF[f"{blueprint.name}.{view.__name__}"]
    fails = [HTTPStatus.SERVICE_UNAVAILABLE, *others]
    if "<" in path or "township" in query.fields:
        fails.append(HTTPStatus.NOT_FOUND)
    if right != PUBLIC:
        fails.append(HTTPStatus.UNAUTHORIZED)
        nothing: list[dict[str, list[str]]] = [{}] if right == OPEN else []
        view = blueprint.doc(security=[{"token": []}, {"session": []}, *nothing])(view)
    if right not in (PUBLIC, OPEN):
        fails.append(HTTPStatus.FORBIDDEN)
    for status in fails:
        view = blueprint.alt_response(status, response=status.name)(view)
    return view


@get("/health", schemas.HealthSchema)
def health(**_: object) -> dict[str, object]:
    """Whether the server and its database answer."""
    with reading() as session:
        migration = stands_at(session.connection())
    return {"status": "ok", "migration": migration}


@get("/townships", schemas.TownshipsSchema)
def townships(**_: object) -> dict[str, object]:
    """All townships, by code."""
    with reading() as session:
        return {"townships": plans.townships(session)}


@get("/plans", schemas.PlansSchema, schemas.TownshipQuerySchema)
def all_plans(**_: object) -> dict[str, object]:
    """The plans of a township: dated ones by day, then drafts."""
    with reading() as session:
        place = town(session)
        return {"township": place, "plans": plans.plans(session, place.id)}


@get("/plans/<int:plan_id>/grids", schemas.GridsSchema, schemas.GridsQuerySchema)
def grids(
    plan_id: int, geometry: bool = False, as_of: date | None = None, **_: object
) -> dict[str, object]:
    """The grids of a plan with their counts, by code."""
    with reading() as session:
        plan = plans.plan_by_id(session, plan_id)
        place = town_of(session, plan.township_id)
        rows = [asdict(row) for row in summary.by_grid(session, plan_id, as_of)]
        if geometry:
            shapes = grid_layer.geometries(session, plan_id)
            for row in rows:
                row["geometry"] = shapes[row["code"]]
    return {"township": place, "plan": plan, "grids": rows}


@get("/plans/<int:plan_id>/houses/<int:house_id>", schemas.HouseCardSchema)
def house(plan_id: int, house_id: int, **_: object) -> dict[str, object]:
    """A house and the grid it lies in."""
    with reading() as session:
        place = town_of(session, plans.plan_by_id(session, plan_id).township_id)
        return {"township": place, **asdict(cards.house_card(session, plan_id, house_id))}


@get("/plans/<int:plan_id>/events/<int:event_id>", schemas.EventCardSchema)
def event(plan_id: int, event_id: int, **_: object) -> dict[str, object]:
    """An event, without its text, and the grid it lies in."""
    with reading() as session:
        place = town_of(session, plans.plan_by_id(session, plan_id).township_id)
        return {"township": place, **asdict(cards.event_card(session, plan_id, event_id))}


@get("/grids/<path:code>", schemas.GridCardSchema, schemas.ChosenQuerySchema)
def grid(
    code: str, plan: int | None = None, as_of: date | None = None, **_: object
) -> dict[str, object]:
    """One grid: community, leader, counts."""
    with reading() as session:
        place, info = chosen(session, plan=plan, as_of=as_of)
        return {"township": place, **asdict(cards.grid_card(session, info.id, code, day=as_of))}


@get("/grids/<path:code>/leader", schemas.LeaderSchema, schemas.LeaderQuerySchema)
def leader(code: str, purpose: str, **_: object) -> dict[str, object]:
    """Today's leader of a grid with the telephone; the audit says who asked, and what for."""
    with opening(purpose) as session:
        place = town(session)
        person = open_leader(session, place.id, code)
    return {"township": place, "grid_code": code, "name": person.name, "phone": person.phone}


@get("/summary", schemas.SummarySchema, schemas.ChosenQuerySchema)
def counts(plan: int | None = None, as_of: date | None = None, **_: object) -> dict[str, object]:
    """Counts per community and in all; places known to lie in none have a row without a code."""
    with reading() as session:
        place, info = chosen(session, plan=plan, as_of=as_of)
        counted = summary.by_community(session, info.id, as_of)
    return {
        "township": place,
        "plan": info,
        "communities": counted.communities,
        "total": counted.total,
    }


@get("/search", schemas.HitsSchema, schemas.SearchQuerySchema)
def search(
    q: str,
    limit: int,
    plan: int | None = None,
    as_of: date | None = None,
    **_: object,
) -> dict[str, object]:
    """Grids by code or name; houses by code, address or alias, slips forgiven; spots by alias."""
    with reading() as session:
        place, info = chosen(session, plan=plan, as_of=as_of)
        hits = find.find(session, info.id, q, limit=limit)
    return {"township": place, "plan_id": info.id, "hits": hits}
