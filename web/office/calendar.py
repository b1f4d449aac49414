"""``/office/township/calendar``: the working days of a year; holidays proposed as announced, days changed by hand."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.cases import year_plans
from gisgrid.cases.calendars import YearPlan
from gisgrid.cases.clocks import keep_calendar
from gisgrid.cases.public_holidays import announced, usual_week
from gisgrid.core.errors import GisgridError, Invalid, NotFound
from gisgrid.core.messages import say
from gisgrid.planning.snapshot.fetch import today
from web.http.dates import day_of
from web.http.keeping import keeping, page, refusing
from web.office.township import administered

blueprint = Blueprint("calendar", __name__, url_prefix="/office/township/calendar")
_shown_again = refusing(lambda session, error: _shown(session, error=error), reads=True)

KIND_WORDS = {
    "off": say("a day off"),
    "working": say("a working day"),
    "usual": say("as its weekday"),
}
WEEKDAYS = (say("Mon"), say("Tue"), say("Wed"), say("Thu"), say("Fri"), say("Sat"), say("Sun"))


@blueprint.get("")
def show() -> Response:
    """A year as it is kept, or as it would be with what was announced."""
    with keeping(read_only=True) as session:
        try:
            proposed = _proposed(session) if "propose" in request.args else None
        except GisgridError as error:
            return _shown(session, error=error)
        return _shown(session, proposed=proposed)


@blueprint.post("/keep")
@_shown_again
def keep() -> BaseResponse:
    """Keep the year as it was proposed, with or without the days that were changed by hand."""
    with keeping() as session:
        place = administered(session)
        plan = _proposed(session)
        if request.form.get("own_days"):
            plan = year_plans.with_days(plan, _own_days(session, plan))
        keep_calendar(session, place.id, [plan])
    return _kept(place.code, plan.year.year)


@blueprint.post("/day")
@_shown_again
def day() -> BaseResponse:
    """Change one day of a year that is kept."""
    form = request.form
    with keeping() as session:
        place = administered(session)
        wanted = day_of(form.get("day"), "day")
        if wanted is None:
            raise Invalid("Choose a day.")
        plan = year_plans.year_plan(session, place.id, wanted.year)
        if plan is None:
            raise NotFound(
                "There is no calendar of {year} yet: propose it first.", year=wanted.year
            )
        plan = year_plans.with_day(plan, wanted, form.get("kind", ""), form.get("name", ""))
        keep_calendar(session, place.id, [plan])
    return _kept(place.code, wanted.year)


def _proposed(session: Session) -> YearPlan:
    place = administered(session)
    return year_plans.proposal(
        session, place.id, _year(request.values.get("propose", "")), request.values.get("hours", "")
    )


def _own_days(session: Session, plan: YearPlan) -> list[tuple[date, bool, str]]:
    """Days of the kept year that a proposal would drop."""
    kept = year_plans.year_plan(session, administered(session).id, plan.year.year)
    return year_plans.changed_by_hand(kept, plan) if kept else []


def _year(written: str) -> int:
    if not (written.isdecimal() and len(written) == 4):
        raise Invalid("Write a year, such as 2026.")
    return int(written)


def _shown(
    session: Session, *, proposed: YearPlan | None = None, error: GisgridError | None = None
) -> Response:
    place = administered(session)
    kept = year_plans.kept_years(session, place.id)
    now = today(place).year
    asked = request.args.get("year", "")
    year = (
        int(asked)
        if asked.isdecimal() and len(asked) == 4
        else now
        if now in kept or not kept
        else kept[-1]
    )
    plan = proposed or year_plans.year_plan(session, place.id, year)
    return page(
        "calendar.html", error=error, sent=request.values.to_dict(), town=place, kept=kept, year=plan.year.year if plan else year, plan=plan,
        proposed=proposed is not None, own_days=_own_days(session, proposed) if proposed else [], known=announced(), next_year=max([*kept, now - 1]) + 1,
        days=year_plans.differing_days(plan) if plan else [], week=_week(plan) if plan else [],
        working=sum(bool(hours) for hours in plan.year.hours) if plan else 0,
        kinds=[(kind, gettext(words)) for kind, words in KIND_WORDS.items()], weekdays=[gettext(words) for words in WEEKDAYS],
    )  # fmt: skip


def _week(plan: YearPlan) -> list[tuple[str, str]]:
    return [
        (
            gettext(words),
            " ".join(f"{a // 60:02d}:{a % 60:02d}–{b // 60:02d}:{b % 60:02d}" for a, b in hours),
        )
        for words, hours in zip(WEEKDAYS, usual_week(plan.year), strict=True)
    ]


def _kept(township: str, year: int) -> BaseResponse:
    flash(gettext("Kept. Clocks that run are counted anew within a minute."), "info")
    return redirect(url_for("calendar.show", year=year, township=township), 303)
