"""``/register/aliases``: the alias book, which the clerk of the ground corrects, adds to and takes from."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core.errors import GisgridError, Invalid, NotAllowed
from gisgrid.core.plans import TownshipInfo
from gisgrid.files.exports import Sheet
from gisgrid.locate.addresses import alias_book
from gisgrid.locate.addresses.alias_book import BookLine
from web.http import lists
from web.http.dates import local, on_the_clock
from web.http.db import reading, writing
from web.http.keeping import page
from web.http.permissions import asked_as_workbook, may_ask
from web.http.towns import town

blueprint = Blueprint("aliases", __name__, url_prefix="/register/aliases")

PORTION = 200
SORTS = ("words", "address", "grid", "added_by", "added_at")


@blueprint.get("")
def index() -> Response:
    """The book, sorted and narrowed in the store."""
    with reading() as session:
        return _shown(session)


@blueprint.post("")
def keep() -> BaseResponse:
    """Add a line, or correct the one whose number the form names."""
    form = request.form
    try:
        with writing() as session:
            place = town(session)
            house, point = _meant(session, place)
            number = int(form["number"]) if form.get("number", "").isdecimal() else None
            alias_book.keep(
                session, place.id, form.get("words", ""), number=number, house_id=house, point=point
            )
    except NotAllowed:
        raise
    except GisgridError as error:
        with reading() as session:
            return _shown(session, error)
    flash(gettext("Kept: look-ups find it from now on."), "info")
    return redirect(url_for("aliases.index", township=place.code), 303)


@blueprint.post("/<int(max=9223372036854775807):number>/end")
def end(number: int) -> BaseResponse:
    """Take a line out of the book."""
    with writing() as session:
        place = town(session)
        alias_book.end(session, place.id, number)
    flash(gettext("Taken out: look-ups no longer find it."), "info")
    return redirect(url_for("aliases.index", township=place.code), 303)


def _meant(session: Session, place: TownshipInfo) -> tuple[int | None, tuple[float, float] | None]:
    """The house, by its code or its address, or the spot that a form means."""
    form = request.form
    lon, lat, said = (form.get(name, "").strip() for name in ("lon", "lat", "house"))
    if lon or lat:
        if said:
            raise Invalid("An alias means either a house (its code) or a point (lon and lat).")
        try:
            return None, (float(lon), float(lat))
        except ValueError:
            raise Invalid(
                "{lon!r}, {lat!r} is no longitude and latitude.", lon=lon, lat=lat
            ) from None
    if not said:
        raise Invalid("Say which house or spot the words mean.")
    return alias_book.house_meant(session, place.id, said), None


def _shown(session: Session, error: GisgridError | None = None) -> Response:
    place = town(session)
    turn, listing = lists.turn(PORTION), lists.listing(SORTS)
    found = alias_book.listed(session, place.id, limit=turn.most, skip=turn.skip, listing=listing)
    if asked_as_workbook():
        return lists.workbook(place, _sheet(found, place.time_zone))
    return page(
        "aliases.html", error=error, typed=request.form.to_dict(), place=place, listed=found[:PORTION], read=len(found),
        total=alias_book.count_listed(session, place.id, listing), turn=turn, listing=listing,
        keeps=may_ask("aliases.keep"), local=lambda at: local(at, place.time_zone),
    )  # fmt: skip


def _sheet(found: Sequence[BookLine], time_zone: str) -> Sheet:
    """The book with the headings by which it is loaded again."""
    return lists.sheet(
        gettext("Aliases"),
        [
            (gettext("Alias"), [each.words for each in found]),
            (gettext("House code"), [each.code for each in found]),
            (gettext("Address"), [each.address for each in found]),
            (gettext("Longitude"), [each.lon for each in found]),
            (gettext("Latitude"), [each.lat for each in found]),
            (gettext("Grid"), [each.grid for each in found]),
            (gettext("Added by"), [each.added_by for each in found]),
            (gettext("Added on"), [on_the_clock(each.added_at, time_zone) for each in found]),
        ],
    )
