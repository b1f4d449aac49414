"""What does the form of a case's step ask for? Its fields, checked, as the verbs take them."""

from __future__ import annotations

from dataclasses import replace

from flask import request
from sqlalchemy.orm import Session

from gisgrid.cases import case_view as sheets
from gisgrid.cases.cases import NOBODY, CaseActor, CaseNow, Details
from gisgrid.cases.correction import AGAIN
from gisgrid.cases.photos import add_photo, picture
from gisgrid.core.errors import Invalid
from web.http.photos import photos_sent

MOST_PHOTOS = 5


def details(session: Session, now: CaseNow) -> Details:
    """What the form brings along for a step; Invalid or NotFound for what is none."""
    form = request.form
    to, into, flow = form.get("to", ""), form.get("into", "").strip(), form.get("flow", "")
    rating = form.get("rating", "")
    if rating and rating not in "12345":
        raise Invalid("A rating goes from 1 to 5.")
    level = form.get("level") or None
    owner = sheets.owner_of(session, now, to) if to and to != AGAIN else NOBODY
    if level is not None and level not in sheets.higher_levels(now):
        raise Invalid("No higher level has this name.")
    return Details(
        reason=form.get("short", "").strip()[:400] or form.get("reason", "").strip() or None,
        note=form.get("note", "").strip() or None,
        to=replace(owner, level=level or owner.level),
        into_id=sheets.open_number(session, now.township_id, into) if into else None,
        rating=int(rating) if rating else None,
        flow_id=next((f.id for f in sheets.other_flows(session, now) if str(f.id) == flow), None),
        client_id=client_key(),
    )


def keep_photos(session: Session, now: CaseNow, by: CaseActor) -> None:
    """Keep the photos that came with the form, at most ``MOST_PHOTOS``."""
    shows = "after" if request.form.get("shows") == "after" else "before"
    for data in photos_sent("photos", most=MOST_PHOTOS):
        add_photo(session, now.event_id, picture(data), by=by.actor, shows=shows)


def client_key() -> str | None:
    """By which a step that is sent again is known."""
    return request.form.get("client_id", "")[:64] or None


def seq() -> int | None:
    """The step that the case stood at when the form was drawn."""
    return request.form.get("seq", None, int)


def degrees(name: str) -> float:
    """A coordinate of the form; Invalid if it is none."""
    try:
        return float(request.form.get(name, ""))
    except ValueError:
        raise Invalid("The place needs longitude and latitude as numbers.") from None
