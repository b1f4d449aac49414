"""The dispatcher's board: map and list of cases, live, and steps for many at once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, current_app, jsonify, render_template, request, url_for
from flask_babel import gettext
from flask_wtf.csrf import generate_csrf
from marshmallow import EXCLUDE, ValidationError
from sqlalchemy.orm import Session

from gisgrid.cases import assignment, board
from gisgrid.cases import case_view as sheets
from gisgrid.cases.cases import NOBODY, CaseActor, CaseNow, Details, Owner, case_now, take_step
from gisgrid.cases.flow import flow_by_id, flows_by_id
from gisgrid.cases.matters import MatterEntry, rule_book
from gisgrid.cases.notices import waiting
from gisgrid.core import plans
from gisgrid.core.errors import GisgridError, Invalid, NotFound
from gisgrid.core.scope import scope
from gisgrid.core.settings import Settings
from gisgrid.planning.snapshot.fetch import today
from layers import areas, page, streets
from layers import cases as layer
from layers.layer import LayerScope
from layers.tiles import data_version
from web.cases.messages import colour_words
from web.cases.rows import cases_sheet
from web.dispatch.api import filters_of
from web.dispatch.messages import STATE_WORDS, TAB_WORDS, words
from web.dispatch.schemas import BoardQuery
from web.dispatch.streams import news, streams
from web.http import lists
from web.http.db import reading, writing
from web.http.errors import problem_of
from web.http.language import language, worded
from web.http.modules import module
from web.http.permissions import asked_as_workbook, asker
from web.http.refused_requests import keep_demand_of_case
from web.http.responses import asset, nonce
from web.http.towns import town, town_name

blueprint = Blueprint("dispatch", __name__, url_prefix="/dispatch")

MOST_AT_ONCE = 200
"""Cases that one request moves on."""
SUGGESTED, OWN = "suggested", "own"
"""To whom the cases of one request go: each to the best suggested, or to the grid it lies in."""


@blueprint.get("")
def show() -> Response:
    """The board of a township; its filters stand in the address."""
    if asked_as_workbook():
        return _as_workbook()
    with reading() as session:
        place = town(session)
        plan = plans.plan_in_force(session, place.id)
        version = data_version(session, plan.id)
        extent = areas.extent(session, plan.id)
        matters = _matters(session, place.id)
        from_where = board.sources(session, place.id)
        communities = areas.communities(session, plan.id)
        calls = len(waiting(session)) if "handle_events" in asker().rights else None
    settings: Settings = current_app.config["SETTINGS"]
    where = LayerScope(plan.id, version, request.script_root)
    english = language() == "en"
    parts = page.page(
        [areas.layer(where, gettext), streets.layer(where, gettext)],
        extent,
        assets={name: asset(name) for name in page.SCRIPTS + layer.BOARD_STYLES},
        town=module("town.js"),
        entry=module("board.js"),
        ui={
            "api": f"{request.script_root}/api/v1/cases",
            "steps": url_for("dispatch.steps"),
            "case": url_for("cases.show", case_id=0)[:-1],
            "grids": f"{request.script_root}/layers/grids/{where.key}.geojson",
            "plan": plan.id,
            "township": place.code,
            "time_zone": place.time_zone,
            "language": language(),
            "words": words(),
            "colours": colour_words(),
            "csrf": generate_csrf(),
            "may": "dispatch" in asker().rights,
        },
        basemap=page.Basemap(settings.basemap_url, settings.basemap_credit)
        if settings.basemap_url
        else None,
        styles=layer.BOARD_STYLES,
    )
    html = render_template(
        "dispatch.html",
        page=parts,
        town=town_name(place),
        township=place,
        matters=matters,
        sources=from_where,
        communities=communities,
        tabs=[(name, gettext(word)) for name, word in TAB_WORDS.items()],
        states=[(name, gettext(word)) for name, word in STATE_WORDS.items()],
        may="dispatch" in asker().rights,
        calls=calls,
        english=english,
        nonce=nonce(),
    )
    return Response(html, headers={"Cache-Control": "private, no-store"})


@blueprint.get("/stream")
def stream() -> Response:
    """News of the cases that the asker may see, as server-sent events.

    ``cases``: pairs of a case's number and its last step; ``reload``: much has changed, or may have
    been missed. ``Last-Event-ID`` names the place to go on from.
    """
    with reading() as session:
        ground = scope(session, "see_events")
    opened = streams().open(ground, asker().account_id, request.remote_addr or "")
    place = request.headers.get("Last-Event-ID", "")
    try:
        # A look at the store after the stream hears: nothing falls between the two.
        with reading() as session:
            here = board.cursor(session)
            first = b"retry: 1000\n\n"
            if place:
                missed = board.steps_since(session, place)
                if missed is None:
                    first += news("reload")
                elif missed:
                    first += news("cases", missed)
    except BaseException:
        streams().forget(opened)
        raise
    return streams().response(opened, first + news("hello", place=here))


@blueprint.post("/steps")
def steps() -> Response:
    """Take one step on many cases; each has its own transaction and its own answer.

    The body: ``step``, ``cases`` (objects with ``id`` and ``seq``), and what the step requires:
    ``to`` (a choice of `gisgrid.cases.case_view`, ``own`` or ``suggested``), ``reason``, ``note``.
    """
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict) or not isinstance(asked.get("step"), str):
        raise Invalid("The body is a JSON object with step and cases.")
    wanted = asked.get("cases")
    if not isinstance(wanted, list) or not 0 < len(wanted) <= MOST_AT_ONCE:
        raise Invalid(
            "From 1 to {most_at_once} cases can be moved on at once.", most_at_once=MOST_AT_ONCE
        )
    return jsonify({"cases": [_one(each, asked) for each in wanted]})


def _as_workbook() -> Response:
    """All cases that the filters in the address let through, as the board lists them."""
    try:
        asked = BoardQuery(unknown=EXCLUDE).load(request.args)
    except ValidationError:
        raise Invalid("The address holds a filter of the board that is none.") from None
    with reading() as session:
        place = town(session)
        found = board.board(
            session, place.id, filters_of(session, asked), datetime.now(UTC), limit=lists.most(0),
            most=lists.most(0),
        )  # fmt: skip
        flows = flows_by_id(session, (row.flow_id for row in found.rows))
    return lists.workbook(place, cases_sheet(found.rows, flows, place))


def _one(each: Any, asked: dict[str, Any]) -> dict[str, Any]:
    case_id = each.get("id") if isinstance(each, dict) else None
    try:
        if not isinstance(case_id, int) or not 0 < case_id < 2**63:
            raise Invalid("A case is named by its number.")
        seq = each.get("seq")
        with writing() as session:
            now = case_now(session, case_id)
            every = sheets.open_steps(session, now, asker().name)
            by = next((b for s, b in every if s.name == asked["step"]), CaseActor(asker().name, ()))
            details = Details(
                reason=_text(asked, "reason"),
                note=_text(asked, "note"),
                to=_owner(session, now, _text(asked, "to") or ""),
                client_id=str(uuid4()),
            )
            now = take_step(
                session, case_id, asked["step"], by,
                seq=seq if isinstance(seq, int) else None, details=details,
            )  # fmt: skip
            state = flow_by_id(session, now.flow_id).states[now.state]
    except GisgridError as exc:
        keep_demand_of_case(exc, case_id)
        problem = problem_of(exc)
        return {"id": case_id, "status": problem.status, "said": problem.detail}
    return {"id": case_id, "status": 200, "said": worded(state)}


def _owner(session: Session, now: CaseNow, key: str) -> Owner:
    if not key:
        return NOBODY
    if key == SUGGESTED:
        place = next(t for t in plans.townships(session) if t.id == now.township_id)
        best = assignment.suggest(session, now.id, today(place), most=1)
        if best:
            assignment.keep_suggestion(session, now.id, best[0])
            return Owner(best[0].grid_code, None, best[0].staff_id, "grid")
    if key in (SUGGESTED, OWN):
        # Nobody is on duty: the grid's team, as a whole, has it.
        grid = sheets.sheet(session, now.id).grid_code
        if grid is None:
            raise NotFound("The case lies in no grid.")
        return Owner(grid_code=grid, level="grid")
    return sheets.owner_of(session, now, key)


def _matters(session: Session, township_id: int) -> list[MatterEntry]:
    try:
        return rule_book(session, township_id)
    except NotFound:
        return []


def _text(asked: dict[str, Any], name: str) -> str | None:
    said = asked.get(name)
    return said.strip()[:4000] or None if isinstance(said, str) else None
