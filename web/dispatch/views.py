"""The dispatcher's board: map and list of cases, live, and steps for many at once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template, request, url_for
from flask_babel import gettext
from flask_wtf.csrf import generate_csrf
from marshmallow import EXCLUDE, ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.cases import board, many, shortlist
from gisgrid.cases import case_view as sheets
from gisgrid.cases.cases import Details
from gisgrid.cases.flow import flows_by_id
from gisgrid.cases.matters import MatterEntry, rule_book
from gisgrid.cases.notices import waiting
from gisgrid.core import plans
from gisgrid.core.errors import GisgridError, Invalid, NotFound
from gisgrid.core.scope import scope
from gisgrid.core.settings import Settings
from layers import areas, page, streets
from layers import cases as layer
from layers.layer import LayerScope
from layers.tiles import data_version
from web.cases.messages import colour_words
from web.cases.rows import cases_sheet
from web.dispatch.api import filters_of, order_of
from web.dispatch.messages import BULK_WORDS, ORDER_WORDS, STATE_WORDS, TAB_WORDS, words
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
        grids, offices = (
            (sheets.grids_of_town(session, place.id), sheets.offices_of_town(session, place.id))
            if "dispatch" in asker().rights
            else ([], [])
        )
        stars = shortlist.shortlist(session)
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
            "most": many.MOST_AT_ONCE,
            "shortlist": url_for("dispatch.keep_shortlist"),
            "stars": stars,
            "most_stars": shortlist.MOST_KEPT,
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
        grids=grids,
        offices=offices,
        orders=[(name, gettext(word)) for name, word in ORDER_WORDS.items()],
        steps=[(name, gettext(word)) for name, word in BULK_WORDS.items()],
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
    """Take one step on many cases; each has its own savepoint and its own answer.

    The body: ``step``, ``cases`` (objects with ``id`` and ``seq``), and what the step requires:
    ``to`` (a choice of `gisgrid.cases.case_view`, ``own`` or ``suggested``), ``reason``, ``note``, ``into``, ``matter`` (of a
    step that corrects it; ``to`` is then ``again``, or nothing).
    """
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict) or not isinstance(asked.get("step"), str):
        raise Invalid("The body is a JSON object with step and cases.")
    wanted = asked.get("cases")
    if not isinstance(wanted, list) or not 0 < len(wanted) <= many.MOST_AT_ONCE:
        raise Invalid(
            "From 1 to {most_at_once} cases can be moved on at once.",
            most_at_once=many.MOST_AT_ONCE,
        )
    named = {seen.case_id: seen for seen in map(_seen, wanted) if seen is not None}
    with writing() as session:
        answers = many.take_many(
            session, list(named.values()), asked["step"], asker().name,
            to=_text(asked, "to") or "", into=_text(asked, "into") or "", matter=_text(asked, "matter") or "",
            details=Details(reason=_text(asked, "reason"), note=_text(asked, "note")),
        )  # fmt: skip
        flows = flows_by_id(session, (a.now.flow_id for a in answers if a.now))
    for answer in answers:
        if isinstance(answer.refused, GisgridError):
            # In a transaction of its own, when this one no longer holds the case.
            keep_demand_of_case(answer.refused, answer.case_id)
    said = {a.case_id: _said(a.refused) for a in answers if a.refused} | {
        a.case_id: (200, worded(flows[a.now.flow_id].states[a.now.state])) for a in answers if a.now
    }
    unnamed = _said(Invalid("A case is named by its number."))
    lines = []
    for each in wanted:
        seen = _seen(each)
        status, words_ = said[seen.case_id] if seen else unnamed
        number = seen.case_id if seen else each.get("id") if isinstance(each, dict) else None
        lines.append({"id": number, "status": status, "said": words_})
    return jsonify({"cases": lines})


@blueprint.post("/shortlist")
def keep_shortlist() -> Response:
    """Put cases on the asker's own shortlist (``on``) and take others off (``off``); what it holds then."""
    asked = request.get_json(silent=True)
    on, off = (
        _numbers(asked.get(name, []) if isinstance(asked, dict) else None) for name in ("on", "off")
    )
    with writing() as session:
        shortlist.take(session, off)
        shortlist.put(session, on)
        return jsonify({"cases": shortlist.shortlist(session)})


def _numbers(given: Any) -> list[int]:
    if (
        isinstance(given, list)
        and len(given) <= shortlist.MOST_KEPT
        and all(type(each) is int and 0 < each < 2**63 for each in given)
    ):
        return given
    raise Invalid("The body is a JSON object with the numbers of cases to put on and take off.")


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
            most=lists.most(0), order=order_of(asked),
        )  # fmt: skip
        flows = flows_by_id(session, (row.flow_id for row in found.rows))
    return lists.workbook(place, cases_sheet(found.rows, flows, place))


def _seen(each: Any) -> many.Seen | None:
    """A case of the body; None: it is not named by a number."""
    case_id = each.get("id") if isinstance(each, dict) else None
    if type(case_id) is not int or not 0 < case_id < 2**63:
        return None
    seq = each.get("seq")
    return many.Seen(case_id, seq if type(seq) is int else None)


def _said(refused: GisgridError | DBAPIError) -> tuple[int, str]:
    problem = problem_of(refused)
    return problem.status, problem.detail


def _matters(session: Session, township_id: int) -> list[MatterEntry]:
    try:
        return rule_book(session, township_id)
    except NotFound:
        return []


def _text(asked: dict[str, Any], name: str) -> str | None:
    said = asked.get(name)
    return said.strip()[:4000] or None if isinstance(said, str) else None
