"""The grids whose registers one may see, the houses of a grid, and the register of a house."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flask import Response, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from gisgrid.core import plans
from gisgrid.core.messages import say
from gisgrid.locate.addresses import aliases
from gisgrid.planning.overview import cards
from gisgrid.planning.review.handover import handed_by_team
from gisgrid.planning.snapshot.fetch import limits_of, today
from gisgrid.register import entries, entry_photos, grid_map, house_changes, households, lineage
from web.http import lists
from web.http.acting import purpose_sent
from web.http.dates import local
from web.http.db import opening, reading
from web.http.language import language
from web.http.permissions import asked_as_workbook, asker
from web.http.towns import town, town_of
from web.register import sheets, words
from web.register.maps import map_of
from web.register.views import blueprint
from web.register.words import DUE_WORDS

SEX_WORDS = {"f": say("female"), "m": say("male")}


@blueprint.get("")
def grids() -> str | Response:
    """The grids of the plan in force whose registers the asker may see."""
    with reading() as session:
        place = town(session)
        plan = plans.plan_in_force(session, place.id)
        listed = households.registers(session, plan.id)
    if asked_as_workbook():
        return lists.workbook(place, sheets.registers(listed))
    return render_template("registers.html", listed=listed, plan=plan)


@blueprint.get("/grid/<path:code>")
def grid(code: str) -> str | Response:
    """The houses of a grid of the plan in force, each with the way to its register."""
    with reading() as session:
        place = town(session)
        plan = plans.plan_in_force(session, place.id)
        card = cards.grid_card(session, plan.id, code)
        sources = [] if asked_as_workbook() else lineage.grid_sources(session, plan.id, code)
        drawn = None if asked_as_workbook() else grid_map.grid_map(session, plan.id, code)
        days = int(limits_of(session, place.id).visit_days)
        listed = households.houses_of_grid(
            session, plan.id, code, today(place), days=days,
            most=lists.most(households.MOST_HOUSES),
        )  # fmt: skip
    shown = request.args.get("show", "")
    kinds = {
        **{due: [h for h in listed if h.due == due] for due in ("visit", "verify", "register")},
        "waiting": [h for h in listed if h.waiting],
        "attention": [h for h in listed if h.attention],
        "fresh": [h for h in listed if h.fresh],
        "unlocated": [h for h in listed if not h.located],
    }
    if asked_as_workbook():
        return lists.workbook(place, sheets.houses(kinds.get(shown, listed)))
    shown_houses = kinds.get(shown, listed)
    return render_template(
        "register-grid.html",
        map=drawn and map_of(drawn, [_on_map(each) for each in shown_houses]),
        code=code,
        name=card.name,
        card=card,
        sources=sources,
        words=words,
        local=lambda at: local(at, place.time_zone),
        houses=shown_houses,
        lately=households.LATELY_DAYS,
        every=len(listed),
        counts={kind: len(houses) for kind, houses in kinds.items()},
        shown=shown if shown in kinds else "",
        days=days,
        due_words=DUE_WORDS,
        replaced=plan.based_on_id,
    )


def _on_map(each: households.ListedHouse) -> dict[str, Any]:
    """A house as the script of the map has it."""
    return {
        "id": each.id, "address": each.address, "due": each.due, "said": gettext(DUE_WORDS[each.due]),
        "url": url_for("register.house", house_id=each.id),
    }  # fmt: skip


@blueprint.get("/grid/<path:code>/handover")
def handover(code: str) -> str:
    """What the team of a grid gave and got when the plan in force replaced the one before."""
    with reading() as session:
        place = town(session)
        plan = plans.plan_in_force(session, place.id)
        card = cards.grid_card(session, plan.id, code)
        handed = handed_by_team(session, plan, code)
    return render_template(
        "handover-team.html",
        card=card,
        plan=plan,
        gets=[h for h in handed if not h.given],
        gives=[h for h in handed if h.given],
    )


@blueprint.get("/house/<int:house_id>")
def house(house_id: int) -> Response:
    """The register of a house, masked."""
    with reading() as session:
        if went := house_changes.gone(session, house_id):
            return _gone(session, *went)
        return _register(session, households.register_of(session, house_id))


@blueprint.post("/house/<int:house_id>")
def open_house(house_id: int) -> Response:
    """The register of a house, open for the purpose that was chosen; the audit says so."""
    purpose = purpose_sent()
    with opening(purpose) as session:
        return _register(session, households.open_register(session, house_id, purpose))


def _gone(session: Session, township_id: int, went: house_changes.HouseChanged) -> Response:
    place = town_of(session, township_id)
    page = render_template(
        "register-gone.html",
        went=went,
        back=house_changes.may_take_back(session, township_id, went.house_id),
        changes=house_changes.changes_of(session, went.house_id or 0),
        lines=entries.entries_of_house(session, went.house_id or 0),
        words=words,
        local=lambda at: local(at, place.time_zone),
    )
    return Response(page, headers={"Cache-Control": "private, no-store"})


def _register(session: Session, register: households.Register) -> Response:
    place = town_of(session, register.township_id)
    purposes = households.purposes(session)
    lines = entries.entries_of_house(session, register.house_id)
    who = asker()
    page = render_template(
        "register-house.html",
        register=register,
        changes=house_changes.changes_of(session, register.house_id),
        called=aliases.of_house(session, register.house_id),
        lines=lines,
        photos=entry_photos.of_entries(session, [line.id for line in lines]),
        sources=lineage.value_sources(session, register.house_id),
        keeps="keep_register" in who.rights,
        client_id=uuid4().hex,
        words=words,
        local=lambda at: local(at, place.time_zone),
        purposes=purposes,
        purpose=next((p for p in purposes if p.name == register.opened_for), None),
        may_open="unmask" in asker().rights,
        english=language() == "en",
        sexes=SEX_WORDS,
    )
    return Response(page, headers={"Cache-Control": "private, no-store"})
