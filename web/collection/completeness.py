"""``/completeness``: how far the registers are filled for a purpose, as table, map and days; houses without a register."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from sqlalchemy.orm import Session

from gisgrid.collection import completeness
from gisgrid.collection.completeness import FilledShare
from gisgrid.collection.fields import purpose_list, purposes
from gisgrid.core import plans
from gisgrid.core.errors import NotFound
from gisgrid.core.plans import PlanInfo, TownshipInfo
from gisgrid.planning.snapshot.fetch import today
from gisgrid.register.households import purposes as declared_purposes
from layers import completeness as layer
from web.collection import words
from web.collection.grid_map import grid_map
from web.http import lists
from web.http.db import reading
from web.http.language import language
from web.http.permissions import asked_as_workbook
from web.http.responses import nonce
from web.http.towns import link_for, town

blueprint = Blueprint("completeness", __name__, url_prefix="/completeness")

PORTION = 500
"""Houses of a page."""


@blueprint.get("")
def show() -> Response:
    """Filled and required by community and grid for a purpose list, on the map and day by day."""
    purpose = _purpose()
    with reading() as session:
        place = town(session)
        plan = plans.plan_in_force(session, place.id)
        rows = completeness.shares(completeness.by_grid(session, place.id), purpose_list(purpose))
        if not asked_as_workbook():
            return _shown(session, place, plan, purpose, rows)
    return lists.workbook(place, words.shares_sheet(rows))


@blueprint.get("/grid/<path:code>")
def grid(code: str) -> Response:
    """The houses and households of a grid, with what each lacks for a purpose list."""
    purpose = _purpose()
    fields, turn = purpose_list(purpose), lists.turn(PORTION)
    with reading() as session:
        place = town(session)
        houses = completeness.by_house(
            session, place.id, code, fields, most=turn.most, skip=turn.skip
        )
    if asked_as_workbook():
        return lists.workbook(place, words.filled_houses_sheet(houses))
    html = render_template(
        "completeness-grid.html", houses=houses[:PORTION], read=len(houses), turn=turn, code=code, purpose=purpose, words=words,
        fields=[words.field_word(name) for name in fields], tabs=_tabs(purpose, "completeness.grid", code=code),
    )  # fmt: skip
    return Response(html, headers={"Cache-Control": "private, no-store"})


@blueprint.get("/without")
def without() -> Response:
    """Houses of the asker's ground that have no register, and who is to go."""
    code, turn = request.args.get("grid", "").strip() or None, lists.turn(PORTION)
    with reading() as session:
        place = town(session)
        found = completeness.without_register(
            session, place.id, today(place), grid=code, limit=turn.most, skip=turn.skip
        )
        total = completeness.count_without(session, place.id, grid=code)
    if asked_as_workbook():
        return lists.workbook(place, words.without_sheet(found))
    html = render_template(
        "without-register.html",
        listed=found[:PORTION],
        read=len(found),
        turn=turn,
        total=total,
        grid=code,
    )
    return Response(html, headers={"Cache-Control": "private, no-store"})


def _purpose() -> str:
    asked = request.args.get("purpose", "verify")
    if asked not in purposes():
        raise NotFound("There is no purpose list {name!r}.", name=asked[:40])
    return asked


def _tabs(purpose: str, endpoint: str, **values: str) -> list[tuple[str, str, bool]]:
    with reading() as session:
        named = {each.name: each for each in declared_purposes(session)}
    return [
        (
            link_for(endpoint, purpose=name, **values),
            (named[name].en if language() == "en" else named[name].zh) if name in named else name,
            name == purpose,
        )
        for name in purposes()
    ]


def _shown(
    session: Session, place: TownshipInfo, plan: PlanInfo, purpose: str, rows: list[FilledShare]
) -> Response:
    days = completeness.kept_days(session, place.id, purpose)
    parts = grid_map(
        session,
        plan.id,
        [
            (
                row.grid_code, row.percent,
                link_for("completeness.grid", code=row.grid_code, purpose=purpose) if row.grid_code else None,
            )
            for row in rows
        ],
    )  # fmt: skip
    html = render_template(
        "completeness.html",
        page=parts,
        nonce=nonce(),
        place=place,
        purpose=purpose,
        fields=[words.field_word(name) for name in purpose_list(purpose)],
        rows=rows,
        communities=completeness.by_community(rows),
        total=completeness.total(rows),
        days=[(each.day, each.percent or 0.0) for each in days],
        legend=layer.legend(),
        opacity=layer.OPACITY,
        words=words,
        tabs=_tabs(purpose, "completeness.show"),
        without=link_for("completeness.without"),
    )
    return Response(html, headers={"Cache-Control": "private, no-store"})
