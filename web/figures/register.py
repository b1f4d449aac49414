"""``/figures/register``: how the register stands per grid and community, where nobody came, and why."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core import plans
from gisgrid.core.errors import GisgridError, Invalid, NotAllowed
from gisgrid.core.plans import TownshipInfo
from gisgrid.planning.snapshot.fetch import limits_of, today
from gisgrid.register import standing
from gisgrid.register.standing import RegisterStanding
from layers import grid_shapes
from web.figures.messages import count_words, standing_units
from web.figures.views import blueprint
from web.http import lists
from web.http.dates import local, on_the_clock
from web.http.db import reading, writing
from web.http.errors import problem_of
from web.http.language import own_name
from web.http.permissions import asked_as_workbook, asker
from web.http.towns import town, town_name

MOST_BARS = 60
DAYS = (30, 90, 365)
"""Within how many days something counts as recent, to choose from."""


FILTERS = ("days", "unit", "column")


@blueprint.get("/register")
def register() -> Response:
    """How the register stands: table, map, chart, and grids where nobody came."""
    with reading() as session:
        return _page(session)


@blueprint.post("/register/sleep/<path:code>")
def explain_sleep(code: str) -> BaseResponse:
    """Keep why nobody came to a grid."""
    try:
        with writing() as session:
            place = town(session)
            standing.explain(session, place.id, code, request.form.get("reason", ""))
    except NotAllowed:
        raise
    except GisgridError as error:
        with reading() as session:
            answer = _page(session, problem_of(error).detail)
        answer.status_code = problem_of(error).status
        return answer
    flash(gettext("%(code)s: the reason is written down.", code=code))
    kept: dict[str, Any] = {name: chosen for name in FILTERS if (chosen := request.form.get(name))}
    return redirect(url_for("figures.register", township=place.code, **kept), 303)


def _page(session: Session, problem: str | None = None) -> Response:
    recent = _chosen("days", tuple(str(n) for n in DAYS), str(DAYS[0]))
    unit = _chosen("unit", tuple(standing_units()), "grid")
    # Who visited, and how often, is for who sees visits.
    visits = "see_visits" in asker().rights
    counts = tuple(each for each in standing.COUNTS if visits or each != "visits")
    column = _chosen("column", counts, "residents")
    place = town(session)
    plan, day, limits = (
        plans.plan_in_force(session, place.id),
        today(place),
        limits_of(session, place.id),
    )
    found = standing.standings(
        session, plan.id, day, recent=int(recent), late=int(limits.visit_days)
    )
    workers = (
        standing.visits_by_worker(session, place.id, day, recent=int(recent)) if visits else None
    )
    asleep = [
        each for each in found.grids if each.code and each.asleep(day, int(limits.sleep_days))
    ]
    reasons = _reasons(standing.explained(session, place.id), asleep, place.time_zone)
    rows = found.grids if unit == "grid" else found.communities
    if asked_as_workbook():
        return _workbook(
            place,
            unit=unit,
            counts=counts,
            rows=rows,
            workers=workers,
            asleep=asleep,
            reasons=reasons,
        )
    bars = [(_name(each), n) for each in rows if (n := each.counts[column])]
    if len(bars) > MOST_BARS:
        bars.sort(key=lambda bar: -bar[1])
    html = render_template(
        "register-figures.html",
        town=town_name(place),
        township=place,
        problem=problem,
        days=DAYS,
        recent=int(recent),
        unit=unit,
        units=standing_units(),
        column=column,
        words=count_words(),
        counts=counts,
        restricted=standing.RESTRICTED,
        rows=rows,
        whole=found.township,
        workers=workers,
        asleep=asleep,
        reasons=reasons,
        sleep_days=int(limits.sleep_days),
        may_explain=standing.explainable(session, place.id),
        bars=bars,
        most_bars=MOST_BARS,
        local=lambda at: local(at, place.time_zone),
        name=_name,
        **_map(
            session, plan.id, found, unit=unit, column=column, asleep={each.code for each in asleep}
        ),
    )
    return Response(html, headers={"Cache-Control": "private, no-store"})


def _reasons(
    said: dict[str, standing.SleepExplained], asleep: list[RegisterStanding], time_zone: str
) -> dict[str, standing.SleepExplained]:
    """Of each grid that sleeps why it does; what was said before somebody came last is over."""
    last = {each.code: each.last_on for each in asleep}
    return {
        code: one
        for code, one in said.items()
        if code in last and (last[code] is None or local(one.at, time_zone)[:10] > str(last[code]))
    }


def _map(
    session: Session,
    plan_id: int,
    found: standing.Standings,
    *,
    unit: str,
    column: str,
    asleep: set[str | None],
) -> dict[str, object]:
    """The picture, the number of each grid (or of its community), and the legend."""
    of_community = {each.community: each.counts[column] for each in found.communities}
    values = {
        each.code: each.counts[column] if unit == "grid" else of_community.get(each.community)
        for each in found.grids
        if each.code
    }
    numbers = found.grids if unit == "grid" else found.communities
    legend = grid_shapes.shades(
        [n for each in numbers if each.code and (n := each.counts[column]) is not None]
    )
    colours = {
        code: next((s.colour for s in reversed(legend) if n is not None and n >= s.first), None)
        for code, n in values.items()
    }
    return {
        "picture": grid_shapes.picture(session, plan_id),
        "values": values,
        "colours": colours,
        "legend": legend,
        "sleeping": asleep,
        "names": {each.code: each.name for each in found.grids},
    }


def _chosen(name: str, known: tuple[str, ...], usual: str) -> str:
    chosen = request.values.get(name) or usual
    if chosen not in known:
        raise Invalid("{given!r} cannot be chosen here.", given=chosen[:40])
    return chosen


def _name(each: RegisterStanding) -> str:
    community = own_name(each.community, each.community_en)
    if each.name:
        return community if each.name == each.community else each.name
    if each.community:
        return str(gettext("%(community)s, in no grid", community=community))
    return str(gettext("In no community"))


def _workbook(
    place: TownshipInfo,
    *,
    unit: str,
    counts: tuple[str, ...],
    rows: tuple[RegisterStanding, ...],
    workers: list[standing.WorkerVisits] | None,
    asleep: list[RegisterStanding],
    reasons: dict[str, standing.SleepExplained],
) -> Response:
    said = [reasons.get(each.code or "") for each in asleep]
    days: list[date | None] = [each.last_on for each in rows]
    visited = (
        ()
        if workers is None
        else (
            lists.sheet(
                gettext("Visits by worker"),
                [
                    (gettext("Name"), [each.name for each in workers]),
                    (gettext("Grid"), [each.grids for each in workers]),
                    (gettext("Visits"), [each.visits for each in workers]),
                    (gettext("Houses"), [each.houses for each in workers]),
                    (gettext("Last visit"), [each.last_on for each in workers]),
                ],
            ),
        )
    )
    return lists.workbook(
        place,
        lists.sheet(
            gettext("Figures of the register"),
            [
                (gettext("Code"), [each.code for each in rows]),
                (standing_units()[unit], [_name(each) for each in rows]),
                *((count_words()[name], [_told(each.counts[name]) for each in rows]) for name in counts),
                (gettext("Last seen"), days),
            ],
        ),
        *visited,
        lists.sheet(
            gettext("Sleeping grids"),
            [
                (gettext("Code"), [each.code for each in asleep]),
                (gettext("Grid"), [each.name for each in asleep]),
                (gettext("Last seen"), [each.last_on for each in asleep]),
                (gettext("Reason"), [each.reason if each else None for each in said]),
                (gettext("Written by"), [each.who if each else None for each in said]),
                (gettext("Date and time"), [on_the_clock(each.at, place.time_zone) if each else None for each in said]),
            ],
        ),
    )  # fmt: skip


def _told(n: int | None) -> int | str:
    """A number, or that it is too small to be told."""
    return gettext("too few to tell") if n is None else n
