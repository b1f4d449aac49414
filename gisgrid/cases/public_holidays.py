"""Which days of a year does the country take off, and which weekends are worked for them?

From chinesecalendar, which takes up each year's notice of the State Council. It is data of a package: the notice
is the law, so what comes of it is shown before it is kept.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from chinese_calendar import Holiday, holidays, workdays

from gisgrid.cases.calendars import YearPlan
from gisgrid.cases.worktime import Hours, Year
from gisgrid.core.errors import NotFound
from gisgrid.core.messages import say

MAKE_UP = "调休上班"
Week = tuple[Hours, ...]
"""The usual office hours from Monday to Sunday."""


def announced() -> range:
    """The years whose public holidays are known."""
    return range(min(holidays).year, max(holidays).year + 1)


def proposed(year: int, week: Week, *, day_rule: str = "share") -> YearPlan:
    """A year of usual weeks with its public holidays off and its make-up days worked.

    A make-up day has the hours of the first day of the week that has any.

    Raises
    ------
    NotFound
        The holidays of the year are not known yet, or no more.
    """
    if year not in announced():
        known = announced()
        raise NotFound(
            "The public holidays of {year} are not known to this program ({first} to {last} are). "
            "When the year's notice is out, load it as a file.",
            hint=say("gisgrid calendar load FILE"),
            first=known[0],
            last=known[-1],
            year=year,
        )
    worked = next((hours for hours in week if hours), ())
    hours: list[Hours] = []
    names: dict[date, str] = {}
    day = date(year, 1, 1)
    while day.year == year:
        if day in workdays:
            hours.append(worked)
            names[day] = MAKE_UP
        elif day in holidays:
            hours.append(())
            names[day] = Holiday(holidays[day]).chinese
        else:
            hours.append(week[day.weekday()])
        day += timedelta(1)
    return YearPlan(Year(year, tuple(hours), day_rule), names)


def usual_week(year: Year) -> Week:
    """The hours that each day of the week mostly has in a year."""
    first = date(year.year, 1, 1)
    found: list[Counter[Hours]] = [Counter() for _ in range(7)]
    for n, hours in enumerate(year.hours):
        found[(first + timedelta(n)).weekday()][hours] += 1
    return tuple(each.most_common(1)[0][0] for each in found)
