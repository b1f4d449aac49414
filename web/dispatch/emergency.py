"""An area in emergency: switched on and back, who is on duty, which houses lie around a place."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import Response, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.cases import emergencies
from gisgrid.cases.case_view import staff_names
from gisgrid.cases.notices import open_calls
from gisgrid.core import plans
from gisgrid.core.errors import GisgridError, Invalid, NotAllowed
from gisgrid.core.plans import TownshipInfo
from gisgrid.core.settings import Settings
from layers import areas, page, streets
from layers import cases as layer
from layers.layer import LayerScope
from layers.tiles import data_version
from web.cases.messages import level_words
from web.dispatch.views import blueprint
from web.http.dates import local
from web.http.db import reading, writing
from web.http.errors import problem_of
from web.http.modules import module
from web.http.permissions import asker
from web.http.responses import asset, nonce
from web.http.towns import town

RADIUS_M = 300.0


@blueprint.get("/emergency")
def emergency() -> Response:
    """What runs, what may be switched, duty, and the ring around a place that the address names."""
    try:
        return _page()
    except Invalid as exc:
        return _page(exc)


@blueprint.post("/emergency")
def switch_on() -> BaseResponse:
    """Put an area into emergency mode."""
    form = request.form
    try:
        with writing() as session:
            place = town(session)
            area = form.get("area", 0, int)
            if area not in {number for number, *_ in emergencies.switchable(session, place.id)}:
                raise NotAllowed("This area is not yours to switch.")
            emergencies.switch_on(
                session, area, reason=form.get("reason", "").strip()[:400], by=asker().name,
                at=datetime.now(UTC), until=_until(form.get("until", ""), place),
                holds_ordinary="holds" in form,
            )  # fmt: skip
    except GisgridError as exc:
        return _page(exc, switching=True)
    flash(gettext("The area is in emergency mode."))
    return redirect(url_for("dispatch.emergency", township=place.code), 303)


@blueprint.post("/emergency/<int:switch_id>/off")
def switch_off(switch_id: int) -> BaseResponse:
    """Bring an area back; what stood still runs on with what was left."""
    try:
        with writing() as session:
            emergencies.switch_off(session, switch_id, by=asker().name, at=datetime.now(UTC))
    except GisgridError as exc:
        return _page(exc)
    flash(gettext("The area is back to normal; limits run on with what was left."))
    return redirect(url_for("dispatch.emergency", township=request.form.get("township")), 303)


def _page(refused: GisgridError | None = None, *, switching: bool = False) -> Response:
    now = datetime.now(UTC)
    args = request.args
    with reading() as session:
        place = town(session)
        plan = plans.plan_in_force(session, place.id)
        extent = areas.extent(session, plan.id)
        scope = LayerScope(plan.id, data_version(session, plan.id), request.script_root)
        running = emergencies.running(session, place.id)
        may = emergencies.switchable(session, place.id)
        calls = open_calls(session, place.id)
        duty = emergencies.duty_list(session, place.id, now)
        names = staff_names(session, [each.staff_id for each in duty])
        spot, affected = None, None
        if "lon" in args and refused is None and "see_houses" in asker().rights:
            spot = (_number("lon"), _number("lat"), _number("radius", RADIUS_M))
            affected = emergencies.ring(session, place.id, *spot, seen_only=True)
    settings: Settings = current_app.config["SETTINGS"]
    parts = page.page(
        [areas.layer(scope, gettext), streets.layer(scope, gettext)],
        extent,
        assets={name: asset(name) for name in page.SCRIPTS + layer.STYLES},
        town=module("town.js"),
        entry=module("ring.js"),
        ui={"spot": spot},
        basemap=page.Basemap(settings.basemap_url, settings.basemap_credit)
        if settings.basemap_url
        else None,
        styles=layer.STYLES,
    )
    problem = problem_of(refused) if refused else None
    html = render_template(
        "emergency.html",
        page=parts,
        nonce=nonce(),
        township=place,
        running=running,
        may=may,
        calls=calls,
        level_words=level_words(),
        duty=duty,
        names=names,
        spot=spot,
        affected=affected,
        # Whoever sees no register would be told of nobody.
        counts="see_register" in asker().rights,
        radius=RADIUS_M,
        problem=problem,
        switching=switching,
        typed=request.values if refused else {},
        local=lambda at: local(at, place.time_zone),
    )
    status = problem.status if problem else 200
    return Response(html, status, headers={"Cache-Control": "private, no-store"})


def _until(said: str, place: TownshipInfo) -> datetime | None:
    if not said:
        return None
    try:
        return datetime.fromisoformat(said).replace(tzinfo=ZoneInfo(place.time_zone))
    except ValueError:
        raise Invalid("The end is no time.") from None


def _number(name: str, usual: float | None = None) -> float:
    said = request.args.get(name, "")
    if not said and usual is not None:
        return usual
    try:
        return float(said)
    except ValueError:
        raise Invalid("Longitude, latitude and radius are numbers.") from None
