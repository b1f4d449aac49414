"""``/g/CODE``: what the QR code of a notice at the door opens: who leads the grid, and how to report. For everybody."""

from __future__ import annotations

from flask import Blueprint, Response, render_template

from gisgrid.core import plans
from gisgrid.planning.overview.cards import grid_card
from gisgrid.planning.overview.ground import spot_of
from web.http.db import reading
from web.http.language import language
from web.http.towns import town, town_name

blueprint = Blueprint("grid_page", __name__, url_prefix="/g")


@blueprint.get("/<path:code>")
def show(code: str) -> Response:
    """A grid of the plan in force; of one that is no more, which took it over."""
    with reading() as session:
        place = town(session)
        plan = plans.plan_in_force(session, place.id)
        card = grid_card(session, plan.id, code)
        spot = None if card.state == "retired" else spot_of(session, plan.id, code)
    page = render_template(
        "grid-page.html",
        card=card,
        spot=spot,
        town=town_name(place),
        place=place,
        english=language() == "en",
        styles=("css/lookup.css", "css/report.css"),
    )
    return Response(page, headers={"Cache-Control": "private, no-store"})
