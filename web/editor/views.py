"""The plan editor: the pages, the scenario as JSON, edits with counts while the hand drags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core import plans
from gisgrid.core.errors import GisgridError, Invalid
from gisgrid.core.limits import MEASURES
from gisgrid.core.plans import plan_by_id
from gisgrid.core.scope import refuse_strangers
from gisgrid.core.settings import Settings
from gisgrid.files.exports import Sheet
from gisgrid.jobs import balancing
from gisgrid.planning.balancing.from_scratch import begin_from_scratch
from gisgrid.planning.balancing.options import BalanceOptions
from gisgrid.planning.editor import moves, scenarios
from gisgrid.planning.editor.editor import with_grids
from gisgrid.planning.editor.refusals import refuse
from gisgrid.planning.snapshot.fetch import grids_renewed, target_size
from layers import areas, houses, page, streets
from layers.colours import BASIC, EXCLUSIVE, FEW_TO_MANY, QUALITATIVE
from layers.deviation import PATTERNS, legend
from layers.layer import LayerScope
from layers.tiles import data_version
from web.editor import json as views
from web.editor.assets import EDITOR_SCRIPTS, EDITOR_STYLES
from web.editor.edits import change_of, no_edit
from web.editor.messages import keys, levels, measures, words
from web.editor.orders import large, ordered, version_of
from web.editor.states import standing, states
from web.editor.store import at_hand, begin, editors, placed, planning, who
from web.http import lists
from web.http.dates import on_the_clock
from web.http.language import language
from web.http.modules import module
from web.http.permissions import asked_as_workbook
from web.http.responses import asset, nonce
from web.http.towns import town, town_name

blueprint = Blueprint("editor", __name__, url_prefix="/plan")

ENDINGS = (".gpkg", ".geojson", ".json", ".zip", ".kml", ".kmz", ".fgb", ".csv", ".tsv", ".xlsx")
"""Of files that a plan may come in; a Shapefile and a File Geodatabase come zipped."""


@blueprint.get("/")
def index() -> Response:
    """The scenarios of a township, with a form for the next."""
    with planning(read_only=True) as session:
        place = town(session)
        refuse_strangers(session, place, "plan", "review")
        every = plans.plans(session, place.id)
        found = scenarios.scenarios(session, place.id)
        size, size_in = target_size(session, place.id)
        if now := next((p for p in every if p.in_force == "now"), None):
            begin(session, place, now)
    if asked_as_workbook():
        return lists.workbook(place, _scenarios_sheet(found, place.time_zone))
    html = render_template(
        "editor_list.html",
        town=town_name(place),
        township=place,
        scenarios=found,
        published=[p for p in every if p.in_force],
        # The next plan follows the newest, so that it is drawn from it and from no earlier one.
        sources=[p for p in every if not p.in_force or p.valid_to is None],
        first=not any(p.in_force for p in every),
        measures=measures(),
        size=size,
        size_in=size_in,
        endings=",".join(ENDINGS),
        styles=[asset(name) for name in ("css/app.css", "css/editor.css")],
        scripts=[asset(name) for name in EDITOR_SCRIPTS],
    )
    return Response(html, headers={"Cache-Control": "private, no-store"})


@blueprint.get("/<int:plan_id>")
def show(plan_id: int) -> Response:
    """One scenario in the editor."""
    with planning(read_only=True) as session:
        place, plan = placed(session, plan_id, "plan", "review")
        scope = LayerScope(plan.id, data_version(session, plan.id), request.script_root)
        extent = areas.extent(session, plan.id)
        called = {area.code: area.name for area in areas.communities(session, plan.id)}
        every = plans.plans(session, place.id)
        size, size_in = target_size(session, place.id)
    settings: Settings = current_app.config["SETTINGS"]
    parts = page.page(
        [areas.layer(scope, gettext), streets.layer(scope, gettext), houses.layer(scope, gettext)],
        extent,
        assets={name: asset(name) for name in EDITOR_SCRIPTS + EDITOR_STYLES},
        town=module("town.js"),
        entry=module("editor.js"),
        ui={
            "plan": plan.id,
            "root": url_for("editor.index").rstrip("/"),
            "language": language(),
            "time_zone": place.time_zone,
            "overlay": place.grid_rule == "overlay",
            "words": words(),
            "states": states(),
            "levels": levels(),
            "keys": keys(),
            "legend": legend(),
            "patterns": PATTERNS,
            "ramp": FEW_TO_MANY,
            "kinds": (BASIC, EXCLUSIVE),
            "receivers": QUALITATIVE[:-1],
            "communities": called,
            "csrf": generate_csrf(),
            "base": plan.based_on_id,
        },
        basemap=page.Basemap(settings.basemap_url, settings.basemap_credit)
        if settings.basemap_url
        else None,
        scripts=EDITOR_SCRIPTS,
        styles=EDITOR_STYLES,
    )
    html = render_template(
        "editor.html",
        page=parts,
        town=town_name(place),
        township=place,
        plan=plan,
        others=[p for p in every if p.id != plan.id],
        measures=measures(),
        levels=levels(),
        size=size,
        size_in=size_in,
        nonce=nonce(),
    )
    return Response(html, headers={"Cache-Control": "private, no-store"})


@blueprint.get("/<int:plan_id>/view.json")
def view(plan_id: int) -> Response:
    """The scenario as it stands."""
    with planning(read_only=True) as session:
        _, plan, version, editor = at_hand(session, plan_id, "plan", "review")
        return as_json(views.view(session, plan, version, editor))


@blueprint.post("/<int:plan_id>/preview")
def preview(plan_id: int) -> Response:
    """What an edit would change, without keeping it."""
    asked = body()
    with planning(read_only=True) as session:
        place, plan, version, before = at_hand(session, plan_id, "plan")
        refuse_old(version, asked)
        if large(session, asked.get("edit")):
            raise no_edit()
        locks = moves.locks_of(session, plan.id)
        try:
            _, change = change_of(session, place, plan, asked.get("edit"))
            after = with_grids(before, change(before))
        except GisgridError as exc:
            return as_json({"grids": [], "gone": [], "flows": [], "refused": views.refusal(exc)})
    refused = None
    try:
        refuse(before, after, locks)
    except GisgridError as exc:
        refused = exc
    return as_json(views.preview(before, after, refused))


@blueprint.post("/<int:plan_id>/edit")
def edit(plan_id: int) -> Response:
    """Keep an edit; the scenario as it is then."""
    asked = body()
    with planning() as session:
        place, plan, version, before = at_hand(session, plan_id, "plan")
        refuse_old(version, asked)
        if large(session, asked.get("edit")):
            return as_json(ordered(session, plan, "take", asked))
        action, change = change_of(session, place, plan, asked.get("edit"))
        after = with_grids(before, change(before))
        now = moves.record(
            session, plan, version, before, after, action=action, who=who(),
            why=str(asked.get("why") or "")[:500],
        )  # fmt: skip
        editors().keep(plan, now, after)
        plan = plan_by_id(session, plan.id)
        return as_json(views.change(session, plan, now, before, after, since=version))


@blueprint.post("/<int:plan_id>/<any(undo, redo):verb>")
def step_back(plan_id: int, verb: str) -> Response:
    """Undo the last edit, or do it again."""
    asked = body()
    step: Callable[..., int] = moves.undo if verb == "undo" else moves.redo
    with planning() as session:
        place, plan, version, before = at_hand(session, plan_id, "plan")
        codes = moves.codes_of_step(session, plan, back=verb == "undo")
        now = step(session, plan, version_of(asked))
        # Only what the step names is read again.
        after = with_grids(before, grids_renewed(session, place, plan, before.state.grids, codes))
        editors().keep(plan, now, after)
        plan = plan_by_id(session, plan.id)
        return as_json(views.change(session, plan, now, before, after, since=version))


@blueprint.post("/<int:plan_id>/lock")
def lock(plan_id: int) -> Response:
    """Lock a grid or border, or take the lock away; a house, by its row number, the other way round."""
    asked = body()
    kind, codes, house = str(asked.get("kind")), asked.get("codes"), asked.get("house")
    if not isinstance(codes, list) and not isinstance(house, int):
        raise no_edit()
    with planning() as session:
        place, plan, version, editor = at_hand(session, plan_id, "plan")
        held = moves.locks_of(session, plan.id)
        if isinstance(house, int):
            moves.turn_house_lock(session, place, plan, house, who=who())
        elif asked.get("on"):
            moves.lock(session, plan, kind, [str(code) for code in codes or ()], who=who())
        else:
            moves.unlock(session, plan, kind, [str(code) for code in codes or ()])
        return as_json(
            views.change(session, plan, version, editor, editor, since=version, held=held)
        )


@blueprint.post("/branch")
def branch() -> BaseResponse:
    """Make a scenario from a form and go to it."""
    form = request.form
    with planning() as session:
        _, source = placed(session, number(form.get("source")), "plan")
        made = scenarios.branch(
            session, source, name=form.get("name", ""), who=who(), note=form.get("note", ""),
            attached=False,
        )  # fmt: skip
        balancing.order_completion(session, made)
    return redirect(url_for("editor.show", plan_id=made.id), 303)


@blueprint.post("/from-scratch")
def from_scratch() -> BaseResponse:
    """Make a scenario that the machine draws from scratch, the township's first plan if it has none."""
    form = request.form
    options = of_size(form.get("size", ""), form.get("size_in", "residents"))
    with planning() as session:
        place = town(session)
        refuse_strangers(session, place, "plan")
        made = begin_from_scratch(session, place, name=form.get("name", ""), who=who())
        balancing.order_rebalance(session, made, options, who=who())
    return redirect(url_for("editor.show", plan_id=made.id), 303)


@blueprint.post("/<int:plan_id>/<any(rename, discard):verb>")
def tidy(plan_id: int, verb: str) -> BaseResponse:
    """Rename a scenario, or remove it, from a form."""
    with planning() as session:
        place, plan = placed(session, plan_id, "plan")
        if verb == "rename":
            scenarios.rename(session, plan, request.form.get("name", ""))
        else:
            scenarios.discard(session, plan)
    return redirect(url_for("editor.index", township=place.code), 303)


def _scenarios_sheet(found: list[scenarios.Scenario], time_zone: str) -> Sheet:
    return lists.sheet(
        gettext("Scenarios"),
        [
            (gettext("Name of the plan"), [each.plan.name for each in found]),
            (gettext("State"), [standing(each.plan) for each in found]),
            (gettext("outdated"), [gettext("yes") if each.stale else None for each in found]),
            (gettext("Based on"), [each.based_on for each in found]),
            (gettext("Copied from"), [each.branched_from for each in found]),
            (gettext("Grids"), [each.plan.grids for each in found]),
            (gettext("Edits"), [each.moves for each in found]),
            (gettext("By"), [each.who for each in found]),
            (gettext("Made at"), [on_the_clock(each.created_at, time_zone) for each in found]),
            (gettext("Note"), [each.note for each in found]),
        ],
    )


def body() -> dict[str, Any]:
    """The JSON object of the request; Invalid if it is none."""
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        raise Invalid("The request must be a JSON object.")
    return found


def of_size(size: str, size_in: str, tolerance: float = 0.01) -> BalanceOptions:
    """A plan drawn from scratch with grids of a size; Invalid if that is none."""
    if not size.isdecimal() or not 0 < int(size[:9]) == int(size) or size_in not in MEASURES:
        raise Invalid(
            "The size of a grid is a number of residents, households or houses, at least 1."
        )
    return BalanceOptions(
        tolerance=tolerance, from_scratch=True, size=int(size), size_in=MEASURES[size_in]
    )


def number(value: str | None) -> int:
    """A plan's number out of a form; Invalid if it is none."""
    if not value or not value.isdecimal() or len(value) > 18:
        raise Invalid("This is no number of a plan.")
    return int(value)


def refuse_old(version: int, asked: dict[str, Any]) -> None:
    """StaleScenario if the page shows another version than there is."""
    if version_of(asked) != version:
        raise moves.StaleScenario(
            "Somebody edited this scenario meanwhile; it is shown as it is now, and your edit was not kept.",
            version=version,
        )


def as_json(answer: dict[str, Any]) -> Response:
    response = jsonify(answer)
    response.headers["Cache-Control"] = "private, no-store"
    return response
