"""Days and pages in addresses, and moments on the clock of a place."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import request

from gisgrid.core.errors import Invalid
from gisgrid.core.plans import PlanInfo, TownshipInfo
from gisgrid.planning.snapshot.fetch import today

USUAL_DAYS, MOST_DAYS = 30, 3660
TIME_ZONE = "Asia/Shanghai"
"""Whose clock shows what is of no township, or of one that is not known."""


def day_of(text: str | None, name: str = "as_of") -> date | None:
    """The day that a parameter names, None without; Invalid if it is no day."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(
            "{name} is {shown!r}; it must be a day such as 2023-08-31.", name=name, shown=text[:40]
        ) from None


def days_asked(place: TownshipInfo, last: date | None = None) -> tuple[date, date]:
    """First and last day of ``?since=&until=``; without them the last ``USUAL_DAYS`` of the place.

    ``last`` is the day of the newest report; where it lies further back, the days end with it, since a
    page of empty days says less than the last that were not.
    """
    now = today(place)
    usual = last if last and (now - last).days >= USUAL_DAYS else now
    until = day_of(request.args.get("until"), "until") or usual
    since = day_of(request.args.get("since"), "since") or until - timedelta(days=USUAL_DAYS - 1)
    if not 0 <= (until - since).days < MOST_DAYS or since < date(1900, 1, 1):
        raise Invalid("A period has from 1 to {most_days} days.", most_days=MOST_DAYS)
    return since, until


def page_asked() -> int:
    """The page of a long list that ``?page=`` names, from 1 on; Invalid if it is no number."""
    asked = request.args.get("page", "1")
    if not (asked.isdecimal() and 0 < len(asked) < 7 and int(asked)):
        raise Invalid("page is a number from 1 on.")
    return int(asked)


def turns_in_s(place: TownshipInfo, plan: PlanInfo) -> float | None:
    """Seconds until the midnight at which a plan comes into force or ceases to be; None: not known."""
    day = plan.valid_to if plan.in_force == "now" else plan.valid_from
    if day is None or plan.in_force == "past":
        return None
    zone = ZoneInfo(place.time_zone)
    return (datetime.combine(day, time.min, zone) - datetime.now(zone)).total_seconds()


def on_the_clock(moment: datetime | None, time_zone: str) -> datetime | None:
    """The same for a cell of a workbook, which knows no zones; None: none."""
    return moment and moment.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None)


def zone_of(place: TownshipInfo | None) -> str:
    """On whose clock moments are told to who works in a township; None: none, or several."""
    return place.time_zone if place else TIME_ZONE


def local(moment: datetime, time_zone: str) -> str:
    """A moment as the township's clock shows it."""
    return moment.astimezone(ZoneInfo(time_zone)).strftime("%Y-%m-%d %H:%M")
