"""What the cases say: figures per unit and period, each with the rows behind it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, render_template, request, url_for
from flask_babel import gettext
from markupsafe import Markup
from sqlalchemy.orm import Session

from gisgrid.cases import assignment, board, figures
from gisgrid.cases.flow import flows_by_id
from gisgrid.cases.matters import names_en
from gisgrid.core.areas import communities_of
from gisgrid.core.errors import Invalid
from gisgrid.core.messages import ENGLISH
from gisgrid.core.plans import TownshipInfo
from web.cases.rows import as_json, cases_sheet
from web.figures.messages import measure_words, unit_words
from web.http import lists
from web.http.dates import days_asked, local, page_asked
from web.http.db import reading
from web.http.language import language
from web.http.permissions import asked_as_workbook
from web.http.towns import town, town_name

blueprint = Blueprint("figures", __name__, url_prefix="/figures")

SHOWN = (
    "received", "assigned", "closed_in_time", "closed_late", "closed_no_limit", "dropped", "open",
    "open_late", "returned", "reopened",
)  # fmt: skip
SORTS = ("reported_at", "due_at", "matter", "grid")
"""Of the cases behind a number."""
MOST_ROWS, MOST_MATTERS, MOST_PLACES = 500, 25, 15
UNITS_A_PAGE, DAYS_AT_ONCE = 100, 62
"""Rows of the table at once; a longer period is searched for spots only when asked to."""
_ZERO = Markup('<span class="zero">0</span>')


@blueprint.get("")
def show() -> Response:
    """The figures of a township by one of its units, over days of report."""
    unit = request.args.get("unit", "community")
    if asked_as_workbook():
        return _as_workbook(unit)
    with reading() as session:
        place = town(session)
        period = _period(place, figures.last_report_on(session, place))
        since, until = period.since, period.until
        rows = figures.figures(session, place.id, unit, period)
        share = assignment.acceptance(session, place.id, since, until)
        heat = figures.heat(session, place.id, since, until)
        spots = None
        if (until - since).days < DAYS_AT_ONCE or "spots" in request.args:
            spots = figures.repeated_places(session, place.id, since, until)[:MOST_PLACES]
        grown = figures.grew_most(session, place.id, since, until)
        called = own_names(session, place, unit)
        matters_called = own_names(session, place, "matter")
    busiest = sorted({code for code, _ in heat}, key=lambda c: -_of(heat, c))[:MOST_MATTERS]
    names = {each.code: each.name for each in grown}
    behind = _behind(period, place.code)
    pages = max(1, -(-len(rows) // UNITS_A_PAGE))
    page = min(page_asked(), pages)
    html = render_template(
        "figures.html",
        town=town_name(place),
        township=place,
        period=period,
        unit=unit,
        units=unit_words(),
        words=measure_words(),
        measures=SHOWN,
        rows=rows[(page - 1) * UNITS_A_PAGE : page * UNITS_A_PAGE],
        page=page,
        pages=pages,
        whole=figures.together(rows) if rows else None,
        suggestions=share,
        heat=heat,
        matters=[(code, matters_called.get(code) or names.get(code, code)) for code in busiest],
        most=max(heat.values(), default=1),
        spots=spots,
        called=called,
        matters_called=matters_called,
        grown=[g for g in grown if g.now > g.before][:10],
        fallen=[g for g in grown[::-1] if g.now < g.before][:5],
        behind=behind,
        number=_number(behind),
    )
    return Response(html, headers={"Cache-Control": "private, no-store"})


@blueprint.get("/rows")
def rows() -> Response:
    """The cases behind a number: of a unit and a measure, or those that ``events`` names."""
    now, turn, listing = datetime.now(UTC), lists.turn(MOST_ROWS), lists.listing(SORTS)
    with reading() as session:
        place = town(session)
        ids = board.among(session, _ids(session, place), listing)
        found = board.rows_of(session, turn.of(ids))
        flows = flows_by_id(session, (row.flow_id for row in found))
    if asked_as_workbook():
        return lists.workbook(place, cases_sheet(found, flows, place))
    html = render_template(
        "figures-rows.html",
        total=len(ids),
        turn=turn,
        listing=listing,
        sorts=sort_words(),
        read=len(turn.of(ids)),
        rows=[as_json(row, flows[row.flow_id], now) for row in found[:MOST_ROWS]],
        measure=measure_words().get(request.args.get("measure", "")),
        key=request.args.get("key", ""),
        local=lambda at: local(at, place.time_zone),
    )
    return Response(html, headers={"Cache-Control": "private, no-store"})


def sort_words() -> list[tuple[str, str]]:
    """The orders in which the cases behind a number may stand."""
    return [
        ("-reported_at", gettext("newest report first")),
        ("reported_at", gettext("oldest report first")),
        ("due_at", gettext("by deadline")),
        ("matter", gettext("by matter")),
        ("grid", gettext("by grid")),
    ]


def _as_workbook(unit: str) -> Response:
    """All units of the period with their measures."""
    words = measure_words()
    with reading() as session:
        place = town(session)
        period = _period(place, figures.last_report_on(session, place))
        rows = figures.figures(session, place.id, unit, period)
        called = own_names(session, place, unit)
    sheet = lists.sheet(
        gettext("Figures of cases"),
        [
            (gettext("Code"), [row.key for row in rows]),
            (
                unit_words()[unit],
                [called.get(row.key) or row.name or gettext("none") for row in rows],
            ),
            *((words[each], [row.counts[each] for row in rows]) for each in (*SHOWN, "rated")),
            (gettext("In time"), [row.in_time_rate for row in rows]),
            (gettext("Satisfied"), [row.satisfaction for row in rows]),
            (gettext("Right at first"), [row.right_first_share for row in rows]),
        ],
    )
    return lists.workbook(place, sheet)


def own_names(session: Session, place: TownshipInfo, unit: str) -> dict[str, str]:
    """Names of units by code that differ in the language of whoever asks from those that the figures have."""
    if language() != ENGLISH:
        return {}
    if unit == "community":
        return {
            each.code: each.name_en for each in communities_of(session, place.id) if each.name_en
        }
    return names_en(session, place.id) if unit in ("matter", "major") else {}


def _period(place: TownshipInfo, last: date | None = None) -> figures.Period:
    return figures.Period(*days_asked(place, last))


def _ids(session: Session, place: TownshipInfo) -> list[int]:
    args = request.args
    if "events" in args:
        numbers = args["events"].split(",")[:MOST_ROWS]
        if not all(n.isdecimal() and len(n) < 19 for n in numbers):
            raise Invalid("events are numbers with commas.")
        return [int(n) for n in numbers]
    return figures.rows_behind(
        session, place.id, _period(place), unit=args.get("unit", "township"),
        key=args.get("key", ""), measure=args.get("measure", "received"),
    )  # fmt: skip


def _behind(period: figures.Period, township: str) -> Callable[[str, str, str], str]:
    """What gives the address of the rows behind a number, of which a page may have very many."""
    path = url_for("figures.rows")
    rest = urlencode({"since": period.since, "until": period.until, "township": township})

    def address(measure: str, unit: str, key: str) -> str:
        return f"{path}?measure={measure}&unit={unit}&key={quote(key)}&{rest}"

    return address


def _number(
    behind: Callable[[str, str, str], str],
) -> Callable[[figures.Figures, str, str], Markup]:
    """What gives a number with its address; a page by grid has 13,000, too many for a macro."""

    def number(one: figures.Figures, measure: str, unit: str) -> Markup:
        n = one.counts[measure]
        if not n:
            return _ZERO
        address = behind(measure, unit, one.key).replace("&", "&amp;")
        return Markup(f'<a href="{address}">{n}</a>')  # noqa: S704 - all of it is quoted above

    return number


def _of(heat: dict[tuple[str, int], int], matter: str) -> int:
    return sum(n for (code, _), n in heat.items() if code == matter)
