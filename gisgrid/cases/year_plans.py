"""The calendar of one year of a township: read, proposed, and changed day by day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.calendars import YearPlan, office_hours
from gisgrid.cases.clocks import calendar_years
from gisgrid.cases.public_holidays import Week, proposed, usual_week
from gisgrid.cases.worktime import Hours, Year
from gisgrid.core.errors import Invalid

KINDS = ("usual", "off", "working")
"""What a day can be made: as its weekday, a day off, a working day."""


def kept_years(session: Session, township_id: int) -> list[int]:
    """The years that a township has a calendar of, ascending."""
    return [year.year for year in calendar_years(session, township_id)]


def year_plan(session: Session, township_id: int, year: int) -> YearPlan | None:
    """A year as it is kept; None: there is no calendar of it."""
    row = session.execute(
        text(
            "SELECT hours, names, day_rule FROM calendar_year WHERE township_id = :t AND year = :y"
        ),
        {"t": township_id, "y": year},
    ).one_or_none()
    if row is None:
        return None
    hours = tuple(tuple((a, b) for a, b in day) for day in row.hours)
    names = {date.fromisoformat(day): name for day, name in row.names.items()}
    return YearPlan(Year(year, hours, row.day_rule), names)


def proposal(session: Session, township_id: int, year: int, hours: str = "") -> YearPlan:
    """A year with the public holidays and make-up days as announced.

    Parameters
    ----------
    hours
        Office hours from Monday to Friday; empty: those of the newest year that is kept.

    Raises
    ------
    Invalid
        No hours are given and no year is kept; or what is given are none.
    NotFound
        The public holidays of the year are not known.
    """
    known = calendar_years(session, township_id)
    if hours.strip():
        daily = office_hours(hours)
        if daily is None:
            raise Invalid(
                "{hours!r} are no office hours; write 08:00-12:00 13:30-17:30.", hours=hours[:60]
            )
        week: Week = (daily,) * 5 + ((),) * 2
        return proposed(year, week, day_rule=known[-1].day_rule if known else "share")
    if not known:
        raise Invalid("Write the office hours: there is no calendar yet to take them from.")
    return proposed(year, usual_week(known[-1]), day_rule=known[-1].day_rule)


def with_day(plan: YearPlan, day: date, kind: str, name: str = "") -> YearPlan:
    """The year with one day made a day off, a working day, or what its weekday usually is.

    Raises
    ------
    Invalid
        The day is of another year, or there is no such kind.
    """
    if day.year != plan.year.year:
        raise Invalid("{day} is no day of {year}.", day=day, year=plan.year.year)
    if kind not in KINDS:
        raise Invalid("A day is one of {known}, not {kind!r}.", known=list(KINDS), kind=kind)
    week = usual_week(plan.year)
    worked: Hours = next((hours for hours in week if hours), ())
    hours = list(plan.year.hours)
    hours[day.timetuple().tm_yday - 1] = {
        "usual": week[day.weekday()],
        "off": (),
        "working": worked,
    }[kind]
    names = {each: words for each, words in plan.names.items() if each != day}
    if name.strip() and kind != "usual":
        names[day] = name.strip()
    return YearPlan(Year(plan.year.year, tuple(hours), plan.year.day_rule), names)


def changed_by_hand(kept: YearPlan, plan: YearPlan) -> list[tuple[date, bool, str]]:
    """Days of ``kept`` that ``plan`` has otherwise: the day, whether it is worked as kept, and its name there.

    What differs by the office hours alone is none: they are kept for the whole year.
    """
    first = date(kept.year.year, 1, 1)
    found = []
    for n, (hours, others) in enumerate(zip(kept.year.hours, plan.year.hours, strict=True)):
        day = first + timedelta(n)
        if bool(hours) != bool(others) or (kept.names.get(day, "") != plan.names.get(day, "")):
            found.append((day, bool(hours), kept.names.get(day, "")))
    return found


def with_days(plan: YearPlan, days: Sequence[tuple[date, bool, str]]) -> YearPlan:
    """The year with the days that `changed_by_hand` found, as they were kept."""
    week = usual_week(plan.year)
    for day, worked, name in days:
        as_ever = not name and worked == bool(week[day.weekday()])
        plan = with_day(plan, day, "usual" if as_ever else "working" if worked else "off", name)
    return plan


def differing_days(plan: YearPlan) -> list[tuple[date, bool, str]]:
    """Days that are not as their weekday usually is: the day, whether it is worked, and its name."""
    week, first = usual_week(plan.year), date(plan.year.year, 1, 1)
    found = []
    for n, hours in enumerate(plan.year.hours):
        day = first + timedelta(n)
        if bool(hours) != bool(week[day.weekday()]) or day in plan.names:
            found.append((day, bool(hours), plan.names.get(day, "")))
    return found
