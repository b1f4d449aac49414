"""Entering at the door what was seen, met and changed; and what the clerk lets in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.cases.photos import picture
from gisgrid.core import plans
from gisgrid.core.errors import GisgridError, NotAllowed, NotFound
from gisgrid.locate.addresses.search import AddressCandidate, search
from gisgrid.people import phones
from gisgrid.people.privacy import corrections
from gisgrid.planning.attach import attach
from gisgrid.planning.snapshot.fetch import today
from gisgrid.register import entries, entry_photos, grid_map, house_changes, households
from web.http import lists
from web.http.acting import purpose_sent
from web.http.dates import local
from web.http.db import opening, reading, writing
from web.http.errors import problem_of
from web.http.language import language
from web.http.once import entered_at, queued
from web.http.permissions import asked_as_workbook
from web.http.photos import photos_sent
from web.http.towns import town, town_of
from web.register import sheets, words
from web.register.maps import map_of

WHAT = {
    "verified": "verified", "visit": "visited", "household-in": "household_in",
    "alias": "alias", "household-out": "household_out", "household-moved": "household_moved",
    "person-in": "resident_in", "person-out": "resident_out", "correct": "corrected",
    "house-gone": "house_gone", "house-split": "house_split", "house-joined": "house_joined",
}  # fmt: skip
"""Parts of addresses and the kinds of lines they write."""
MOST_HITS, MOST_PHOTOS = 8, 3
SORTS = ("address", "kind", "who", "at")

blueprint = Blueprint("register", __name__, url_prefix="/register")


@blueprint.get("/house/<int:house_id>/enter/<what>")
def ask(house_id: int, what: str) -> Response:
    """The form of one kind of entry."""
    with reading() as session:
        return _form(session, house_id, what, dict(request.args))


@blueprint.post("/house/<int:house_id>/enter/<what>")
def enter(house_id: int, what: str) -> BaseResponse:
    """Write a line; back to the house, which says what became of it."""
    kind, typed = _kind(what), dict(request.form)
    if "needs" in typed or "asks_needs" in typed:
        typed["needs"] = ";".join(request.form.getlist("needs"))
    if "homes" in typed:
        typed["homes"] = ";".join(request.form.getlist("homes"))
    if queued() and typed.get("address", "").strip() and not typed.get("house_id"):
        typed["house_id"] = _only_house(house_id, typed["address"])
    if _searches(kind, typed) and not typed.get("house_id"):
        with reading() as session:
            return _form(session, house_id, what, typed)
    try:
        shots = [picture(data) for data in photos_sent("photo", most=MOST_PHOTOS)]
        with writing() as session:
            made = entries.enter(
                session,
                kind,
                house_id,
                household_id=_number(typed.get("household")),
                resident_id=_number(typed.get("resident")),
                said={k: v for k, v in typed.items() if k in words.SAID},
                seen=typed.get("seen") or None,
                client_id=typed.get("client_id", ""),
                entered_at=entered_at(),
            )
            attach_made(session, [made.id])
            for shown in shots if kind == "visited" else ():
                entry_photos.keep(
                    session, made.id, sha256=shown.sha256, width=shown.width, height=shown.height,
                    jpeg=shown.jpeg, thumbnail=shown.thumbnail,
                )  # fmt: skip
    except NotAllowed:
        raise
    except GisgridError as error:
        with reading() as session:
            answer = _form(session, house_id, what, typed, problem_of(error).detail)
        answer.status_code = 422
        return answer
    said = str(gettext(words.KIND_WORDS[kind]))
    if made.conflict:
        flash(
            gettext(
                "%(what)s: somebody else changed this meanwhile. Both are kept, and the clerk decides.",
                what=said,
            )
        )
    elif made.state == "waiting":
        flash(gettext("%(what)s: written down. It waits for the clerk.", what=said))
    else:
        flash(gettext("%(what)s: written down.", what=said))
    return redirect(url_for("register.house", house_id=house_id), 303)


@blueprint.get("/photos/<int:photo_id>.jpg")
def photo(photo_id: int) -> Response:
    """A photo of a visit, for who may see the line that it belongs to; with ``?small`` its thumbnail."""
    with reading() as session:
        body = entry_photos.photo_bytes(session, photo_id, thumbnail="small" in request.args)
    return Response(body, mimetype="image/jpeg", headers={"Cache-Control": "private, no-store"})


@blueprint.get("/house/<int:house_id>/correction")
def wrong(house_id: int) -> Response:
    """The form on which whoever sees a register says that a value of it is wrong."""
    with reading() as session:
        return _wrong(session, house_id, dict(request.args))


@blueprint.post("/house/<int:house_id>/correction")
def ask_correction(house_id: int) -> BaseResponse:
    """Keep the request for the clerk; back to the house."""
    typed = dict(request.form) | {"needs": ";".join(request.form.getlist("needs"))}
    person, column = _number(typed.get("resident")), typed.get("column", "")
    try:
        with writing() as session:
            number = corrections.ask_in_house(
                session,
                house_id,
                table="household" if person is None else "resident",
                row_id=person or _number(typed.get("household")) or 0,
                column=column,
                proposed=typed.get(column, ""),
            )
    except (NotAllowed, NotFound):
        raise
    except GisgridError as error:
        with reading() as session:
            answer = _wrong(session, house_id, typed, problem_of(error).detail)
        answer.status_code = problem_of(error).status
        return answer
    flash(gettext("Request %(n)s: written down. The clerk decides.", n=number))
    return redirect(url_for("register.house", house_id=house_id), 303)


@blueprint.get("/changes")
def changes() -> Response:
    """What waits for the clerk, side by side with what is registered."""
    with reading() as session:
        return _changes(session, None)


@blueprint.post("/changes/open")
def open_changes() -> Response:
    """The same with names and numbers open, for a purpose; the audit says so."""
    purpose = purpose_sent()
    with opening(purpose) as session:
        return _changes(session, purpose)


@blueprint.post("/changes")
def decide() -> BaseResponse:
    """Let the chosen lines in, or send them back with a reason."""
    accept = request.form.get("decision") == "accept"
    chosen = [int(each) for each in request.form.getlist("entry") if each.isdecimal()]
    if not chosen:
        flash(gettext("Choose at least one line."), "error")
        return redirect(url_for("register.changes"), 303)
    try:
        with writing() as session:
            done = entries.decide(
                session, chosen, accept=accept, reason=request.form.get("reason", "")
            )
            attach_made(session, chosen)
    except NotAllowed:
        raise
    except GisgridError as error:
        flash(problem_of(error).detail, "error")
        return redirect(url_for("register.changes"), 303)
    flash(
        gettext("%(n)s accepted: the register says so now.", n=done)
        if accept
        else gettext("%(n)s sent back with the reason.", n=done)
    )
    return redirect(url_for("register.changes"), 303)


@blueprint.post("/changes/refused/<int:number>")
def put_aside(number: int) -> BaseResponse:
    """What a phone sent and was refused has been seen: it leaves the page, and its worker is told."""
    with writing() as session:
        phones.put_aside(session, number)
    flash(gettext("Put aside: whoever wrote it sees that on their phone."))
    return redirect(url_for("register.changes"), 303)


def attach_made(session: Session, entry_ids: Sequence[int]) -> list[int]:
    """Give the houses that lines have made their grid under each dated plan; which houses these are."""
    made = house_changes.made_by(session, entry_ids)
    for house_id, township_id in made.items():
        attach.attach_dated(session, township_id, "house", [house_id])
    return list(made)


def _searches(kind: str, typed: dict[str, str]) -> bool:
    """Whether a form asks for another house by its address."""
    return kind in ("household_moved", "house_joined") or (
        kind == "house_gone" and typed.get("homes") == "moved"
    )


def _changes(session: Session, purpose: str | None) -> Response:
    place = town(session)
    turn, listing = lists.turn(entries.MOST), lists.listing(SORTS, {"kind": words.KIND_WORDS})
    listed = entries.waiting(session, place.id, most=turn.most, skip=turn.skip, listing=listing)
    if asked_as_workbook() and not purpose:
        return lists.workbook(place, sheets.changes(listed, place.time_zone))
    total, read = entries.count_waiting(session, place.id, listing), len(listed)
    listed = listed[: entries.MOST]
    if purpose:
        listed = entries.opened(session, listed)
    declared = households.purposes(session)
    page = render_template(
        "register-changes.html",
        listed=listed,
        total=total,
        turn=turn,
        listing=listing,
        read=read,
        refused=phones.refused(session, place.id),
        purposes=declared,
        purpose=next((p for p in declared if p.name == purpose), None),
        english=language() == "en",
        words=words,
        local=lambda at: local(at, place.time_zone),
    )
    return Response(page, headers={"Cache-Control": "private, no-store"})


def _form(
    session: Session,
    house_id: int,
    what: str,
    typed: dict[str, str],
    problem: str | None = None,
) -> Response:
    kind = _kind(what)
    seen = typed.get("seen") or entries.page_version(session)
    register = households.register_of(session, house_id)
    place = town_of(session, register.township_id)
    household, person = _about(register, typed)
    if (kind in entries.OF_HOUSEHOLD and household is None) or (
        kind in entries.OF_RESIDENT and person is None
    ):
        raise NotFound("The household or person is no longer registered here: open the house anew.")
    hits: list[AddressCandidate] = []
    if _searches(kind, typed) and typed.get("address", "").strip():
        found = search(session, place.id, typed["address"].strip()[:200], limit=MOST_HITS)
        hits = [hit for hit in found.candidates if hit.house_id not in (None, house_id)]
    page = render_template(
        "register-enter.html",
        register=register,
        kind=kind,
        what=what,
        household=household,
        person=person,
        typed=typed,
        problem=problem,
        hits=hits,
        searches=_searches(kind, typed),
        map=_map(session, register) if kind == "house_split" else None,
        day=today(place).isoformat(),
        column=typed.get("column") if typed.get("column") in entries.PERSON else None,
        seen=seen,
        client_id=typed.get("client_id") or uuid4().hex,
        words=words,
        entries=entries,
    )
    return Response(page, headers={"Cache-Control": "private, no-store"})


def _only_house(house_id: int, address: str) -> str:
    """The other house that an address written without a line means beyond doubt; else empty."""
    with reading() as session:
        place = town_of(session, households.register_of(session, house_id).township_id)
        meant = search(session, place.id, address.strip()[:200]).match
    # Nobody is there to choose: a house that is merely the only one like it is not taken.
    return str(meant.house_id) if meant and meant.house_id not in (None, house_id) else ""


def _map(session: Session, register: households.Register) -> dict[str, Any] | None:
    plan = plans.plan_in_force(session, register.township_id)
    found = register.grid_code and grid_map.grid_map(session, plan.id, register.grid_code)
    if not found:
        return None
    houses = house_changes.kept(session, list(found.places))
    return map_of(found, [{"id": each} for each in found.places if each in houses])


def _wrong(
    session: Session, house_id: int, typed: dict[str, str], problem: str | None = None
) -> Response:
    register = households.register_of(session, house_id)
    town_of(session, register.township_id)
    household, person = _about(register, typed)
    if household is None and person is None:
        raise NotFound("The household or person is no longer registered here: open the house anew.")
    columns = corrections.columns_of("resident" if person else "household")
    column = typed.get("column") if typed.get("column") in columns else None
    page = render_template(
        "register-correction.html", register=register, household=household, person=person, typed=typed,
        problem=problem, columns=columns, column=columns[0] if len(columns) == 1 else column, words=words,
    )  # fmt: skip
    return Response(page, headers={"Cache-Control": "private, no-store"})


def _about(
    register: households.Register, typed: dict[str, str]
) -> tuple[households.HouseholdView | None, households.ResidentView | None]:
    """The household and the person of a house that a form speaks of."""
    home, person = _number(typed.get("household")), _number(typed.get("resident"))
    everybody = [each for household in register.households for each in household.residents]
    return (
        next((each for each in register.households if each.id == home), None),
        next((each for each in everybody if each.id == person), None),
    )


def _kind(what: str) -> str:
    if what not in WHAT:
        raise NotFound("There is no such page.")
    return WHAT[what]


def _number(written: str | None) -> int | None:
    return int(written) if written and written.isdecimal() else None
