"""``/office/means``: what centres and communities have to work with: noted, changed, ended, with their sums."""

from __future__ import annotations

from decimal import Decimal

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core.areas import communities_of
from gisgrid.core.errors import GisgridError, Invalid
from gisgrid.core.plans import TownshipInfo
from gisgrid.files.exports import Sheet
from gisgrid.people import means as room
from gisgrid.people.means import KIND_WORDS, MeansEntry, MeansInfo, MeansSum
from gisgrid.planning.snapshot.fetch import today
from web.http import lists
from web.http.dates import day_of, local, on_the_clock
from web.http.keeping import keeping, page, refusing
from web.http.language import language
from web.http.permissions import asked_as_workbook, asker
from web.http.towns import town, town_name

blueprint = Blueprint("means", __name__, url_prefix="/office/means")
_one_again = refusing(lambda session, error, number: _one(session, number, error), reads=True)


@blueprint.get("")
def index() -> Response:
    """All of them with their sums on a day, and the form of another for who keeps them."""
    with keeping(read_only=True) as session:
        return _listed(session)


@blueprint.post("")
@refusing(lambda session, error: _listed(session, error), reads=True)
def add() -> BaseResponse:
    """Note means of the centre or of a community."""
    with keeping() as session:
        place = town(session)
        room.add(session, place.id, request.form.get("area", ""), _entry(place))
    flash(gettext("It is noted."), "info")
    return redirect(url_for("means.index", township=place.code), 303)


@blueprint.get("/<int:number>")
def one(number: int) -> Response:
    """One of them, to be changed or ended."""
    with keeping(read_only=True) as session:
        return _one(session, number)


@blueprint.post("/<int:number>")
@_one_again
def change(number: int) -> BaseResponse:
    """Write what is known better."""
    with keeping() as session:
        place = town(session)
        room.change(session, place.id, number, _entry(place), seen=_seen())
    flash(gettext("The change is kept, and so is what was there before."), "info")
    return redirect(url_for("means.index", township=place.code), 303)


@blueprint.post("/<int:number>/end")
@_one_again
def end(number: int) -> BaseResponse:
    """Note its last day, and why."""
    with keeping() as session:
        place = town(session)
        last = day_of(request.form.get("last"), "last") or today(place)
        room.end(
            session, place.id, number, last=last, why=request.form.get("why", ""), seen=_seen()
        )
    flash(gettext("Its end is noted; it stays on the list."), "info")
    return redirect(url_for("means.index", township=place.code), 303)


def _entry(place: TownshipInfo) -> MeansEntry:
    """What the form says; Invalid for what is no amount, number or day."""
    form = request.form
    kind, told = form.get("kind", ""), form.get("pieces", "").strip()
    pieces = None
    if kind == "equipment":
        if not (told.isdecimal() and told.isascii() and len(told) < 9):
            raise Invalid("Write how many pieces there are, as a whole number.")
        pieces = int(told)
    floor = room.read_amount(form.get("floor_m2", ""), most=room.MOST_M2)
    return MeansEntry(
        kind=kind, name=form.get("name", "").strip(), amount=room.read_amount(form.get("amount", "")),
        pieces=pieces, floor_m2=floor if kind == "office" else None,
        since=day_of(form.get("since"), "since") or today(place), until=day_of(form.get("until"), "until"),
    )  # fmt: skip


def _seen() -> int:
    told = request.form.get("seen", "")
    if not (told.isdecimal() and len(told) < 9):
        raise Invalid("The form is incomplete: open the page again.")
    return int(told)


def _listed(session: Session, error: GisgridError | None = None) -> Response:
    place = town(session)
    day = day_of(request.args.get("on"), "on") or today(place)
    found = room.means(session, place.id)
    ended = request.args.get("ended") == "1"
    shown = [each for each in found if ended or each.entry.until is None or each.entry.until >= day]
    added = room.sums(found, day)
    if asked_as_workbook() and not error:
        return lists.workbook(place, _list_sheet(shown, place), _sums_sheet(added))
    english = language() == "en"
    areas = [(place.code, gettext("Centre of %(town)s", town=town_name(place)))]
    areas += [
        (each.code, (english and each.name_en) or each.name)
        for each in communities_of(session, place.id)
    ]
    return page(
        "means.html", error=error, typed=request.form.to_dict(), town=place, found=shown, sums=added, day=day,
        ended=ended, hidden=len(found) - len(shown), areas=areas, kinds=_kinds(), keeper="load" in asker().rights,
        english=english, yuan=yuan, figure=figure,
    )  # fmt: skip


def _one(session: Session, number: int, error: GisgridError | None = None) -> Response:
    place = town(session)
    return page(
        "means-one.html", error=error, typed=request.form.to_dict(), town=place, each=room.one(session, place.id, number),
        kinds=_kinds(), today=today(place), english=language() == "en", local=lambda moment: local(moment, place.time_zone),
    )  # fmt: skip


def yuan(amount: Decimal | None) -> str:
    """An amount as it is shown, such as ``12,500.50``; a dash where none is known."""
    return "–" if amount is None else f"{amount:,.2f}"


def figure(number: Decimal) -> str:
    """A figure as it is shown, with all its digits and without zeros at its end, such as ``1,234,567.5``."""
    return f"{number.normalize():,f}"


def _kinds() -> list[tuple[str, str]]:
    return [(kind, gettext(words)) for kind, words in KIND_WORDS.items()]


def _name(code: str | None, name: str, name_en: str | None) -> str:
    return ((language() == "en" and name_en) or name) if code else gettext("All together")


def _list_sheet(found: list[MeansInfo], place: TownshipInfo) -> Sheet:
    words = dict(_kinds())
    entries = [each.entry for each in found]
    return lists.sheet(
        gettext("Working means"),
        [
            (gettext("Code of the area"), [each.area for each in found]),
            (gettext("Centre or community"), [_name(each.area, each.area_name, each.area_name_en) for each in found]),
            (gettext("Kind"), [words[each.kind] for each in entries]),
            (gettext("What"), [each.name for each in entries]),
            (gettext("Amount (yuan)"), [_cell(each.amount) for each in entries]),
            (gettext("Number of pieces"), [each.pieces for each in entries]),
            (gettext("Floor (m²)"), [_cell(each.floor_m2) for each in entries]),
            (gettext("First day"), [each.since for each in entries]),
            (gettext("Last day"), [each.until for each in entries]),
            (gettext("Why it ended"), [each.why_ended for each in found]),
            (gettext("Noted by"), [each.noted_by for each in found]),
            (gettext("Noted at"), [on_the_clock(each.noted_at, place.time_zone) for each in found]),
        ],
    )  # fmt: skip


def _sums_sheet(added: list[MeansSum]) -> Sheet:
    return lists.sheet(
        gettext("Sums"),
        [
            (gettext("Centre or community"), [_name(each.area, each.area_name, each.area_name_en) for each in added]),
            (gettext("Funds"), [float(each.funds) for each in added]),
            (gettext("Equipment"), [float(each.equipment) for each in added]),
            (gettext("Office rooms"), [float(each.office) for each in added]),
            (gettext("All together"), [float(each.total) for each in added]),
            (gettext("Number of pieces"), [each.pieces for each in added]),
            (gettext("Floor (m²)"), [float(each.floor_m2) for each in added]),
            (gettext("Without an amount"), [each.without_amount for each in added]),
        ],
    )  # fmt: skip


def _cell(number: Decimal | None) -> float | None:
    """A number of a workbook; what has at most 14 digits comes back from it as it was."""
    return None if number is None else float(number)
