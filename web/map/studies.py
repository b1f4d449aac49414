"""The planner's layers on the map: where a study stands, and what it found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, request, url_for
from flask_babel import gettext

from gisgrid.core import plans
from gisgrid.core.errors import NotFound
from gisgrid.core.plans import PlanInfo
from gisgrid.jobs import studies
from gisgrid.planning.snapshot.fetch import today
from layers import coverage, proposal, workload
from layers.layer import Layer, LayerScope, Say
from web.http.dates import day_of
from web.http.db import reading, writing
from web.http.language import said_again

blueprint = Blueprint("planning", __name__, url_prefix="/planning")

LAYERS: tuple[Callable[[LayerScope, Say], Layer], ...] = (
    coverage.layer,
    workload.layer,
    proposal.layer,
)


def planner(scope: LayerScope, plan: PlanInfo, every: list[PlanInfo]) -> dict[str, Any]:
    """What the page needs for the planner's layers: their specs, and the drafts to compare."""
    drafts = [plan] if plan.based_on_id else []
    drafts += [p for p in every if p.based_on_id == plan.id]
    base = plan.based_on_id if plan.based_on_id in {p.id for p in every} else None
    return {
        "words": _words(),
        "layers": [asdict(make(scope, gettext)) for make in LAYERS],
        "drafts": [
            {
                "name": p.name,
                "url": f"{scope.root}/planning/{p.id}/proposal",
                # The polygons of the other plan: of the two one is on the page already.
                "other": f"{scope.root}/layers/grids/{base if p is plan else p.id}-now.geojson",
                "shows": "new" if p is plan else "old",
            }
            for p in drafts
        ],
    }


def _words() -> dict[str, str]:
    return {
        "off": gettext("Off"),
        "no_draft": gettext("There is no draft to compare."),
        "computing": gettext("being computed"),
        "waiting": gettext("waiting for the worker"),
        "renewing": gettext("data has changed; being computed anew"),
        "made": gettext("computed {time}"),
        "more": gettext("… and {n} more"),
        "all_checks": gettext("All checks that fail"),
        "places": gettext("{n} places"),
        "shown": gettext("{n} of {all} shown, those with most people; zoom in for the others"),
        "in_view": gettext("{n} of them in view"),
        "in_circles": gettext("In the circles: residents affected"),
        "place": gettext("Finding"),
        "fix": gettext("Remedy"),
        "minutes": gettext("Minutes a month"),
        "deviation": gettext("From the mean"),
        "posts": gettext("Posts"),
        "per_post": gettext("Minutes a post"),
        "minutes_all": gettext("{n} minutes a month in all"),
        "spread": gettext("largest over mean {max}, Gini {gini}"),
        "weights": gettext("weights: {version}"),
        "nowhere": gettext("in no grid"),
        "from": gettext("From"),
        "to": gettext("To"),
        "compared": gettext("{draft} against {base}"),
        "moved_residents": gettext("{n} of {all} residents change their grid"),
        "moved_houses": gettext("{n} of {all} houses change their grid"),
        "reached": gettext("largest deviation {x}, {asked} asked"),
        "edited": gettext("edited by hand since it was proposed"),
        "bound": gettext("{x} over the least change possible"),
        "people": gettext("{houses} houses, {n} people"),
    }


@blueprint.get("/<int:plan_id>/<kind>")
def standing(plan_id: int, kind: str) -> Response:
    """Where a study stands; one that is missing or old is begun, and the old one told with its age."""
    with reading() as session:
        plan = plans.plan_by_id(session, plan_id)
        day = day_of(request.args.get("as_of")) or today(
            plans.township_by_id(session, plan.township_id)
        )
        found = studies.standing(session, plan_id, kind, day)
    wanted = not found.current and found.failed is None
    if wanted and not found.asked:
        with writing() as session:
            studies.ask(session, plan_id, kind, day)
    answer = {
        "kind": kind,
        "day": day.isoformat(),
        "current": found.current,
        "wanted": wanted,
        "working": found.working,
        "made_at": found.made_at.isoformat() if found.made_at else None,
        "step": found.step if found.working else None,
        "steps": found.steps if found.working else None,
        "failed": said_again(found.failed) or None,
        "url": url_for(
            "planning.body", plan_id=plan_id, kind=kind, day=day, version=found.made_from
        )
        if found.made_from
        else None,
    }
    response = jsonify(answer)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/<int:plan_id>/<kind>/<day>-<version>.json")
def body(plan_id: int, kind: str, day: str, version: str) -> Response:
    """What a study found, kept by the browser under the fingerprint of the data."""
    asked = day_of(day)
    with reading() as session:
        plans.plan_by_id(session, plan_id)
        found = studies.body(session, plan_id, kind, asked) if asked else None
    if found is None:
        raise NotFound("This study has not been made yet.")
    text, made_from = found
    response = Response(text, content_type="application/json")
    response.headers["Cache-Control"] = (
        "private, max-age=31536000, immutable" if made_from == version else "no-store"
    )
    return response
