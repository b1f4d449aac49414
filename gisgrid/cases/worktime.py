"""When have so many working minutes, hours or days passed? Arithmetic on a township's calendar.

Working time is an axis: a moment has a position on it, and a position has one moment. There are two
axes over the same office hours. Minutes and hours are counted in worked seconds. Days are counted in
working days, each of which is one, however long its hours; inside a day the share of its hours counts.
So one working day from Tuesday 10:00 is Wednesday 10:00, and over a short day it is still the next day.

Positions are whole numbers (seconds, or billionths of a day): no sum of floats decides what is late.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from gisgrid.core.errors import Conflict, Invalid

Seconds = NDArray[np.int64]
Hours = tuple[tuple[int, int], ...]
"""Spans of office hours of one day, in minutes after its midnight, ascending; () is a day off."""

UNITS = (
    "working_minutes",
    "working_hours",
    "working_days",
    "clock_minutes",
    "clock_hours",
    "clock_days",
)
DAY_RULES = ("share", "end")
_DAY = 1_000_000_000
_SECONDS = {"minutes": 60, "hours": 3600}
_LIMIT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z_]+)\s*")
UNCOVERED = np.int64(-1)


class NoCalendar(Conflict):
    """A clock needs a year whose calendar is not loaded."""


@dataclass(frozen=True)
class Limit:
    """So much time; ``working_…`` counts office hours, ``clock_…`` runs day and night.

    >>> Limit.parse("4 working_hours")
    Limit(amount=4.0, unit='working_hours')
    >>> str(Limit(1.5, "working_days"))
    '1.5 working_days'
    """

    amount: float
    unit: str

    def __post_init__(self) -> None:
        if self.unit not in UNITS or not 0 < self.amount < 1e6:
            raise Invalid(
                f"A limit is a positive number and one of {', '.join(UNITS)}; not "
                f"{self.amount:g} {self.unit}.",
                zh=f"时限须为正数加单位（{', '.join(UNITS)}），不能是 {self.amount:g} {self.unit}。",
            )

    @classmethod
    def parse(cls, text: str) -> Limit:
        """Raises Invalid for what is no number and unit."""
        found = _LIMIT.fullmatch(text)
        if not found:
            raise Invalid(
                f"{text!r} is no limit; one is written as '4 working_hours'.",
                zh=f"{text!r} 不是时限；写法如“4 working_hours”。",
            )
        return cls(float(found[1]), found[2])

    def __str__(self) -> str:
        return f"{self.amount:g} {self.unit}"

    @property
    def units(self) -> int:
        """The amount on the limit's axis."""
        kind = self.unit.split("_")[1]
        return round(self.amount * (_DAY if kind == "days" else _SECONDS[kind]))


@dataclass(frozen=True)
class Year:
    """The office hours of every day of one year."""

    year: int
    hours: tuple[Hours, ...]
    """From 1 January on, one entry a day."""
    day_rule: str = "share"
    """``share``: a working day later at the same point of the day. ``end``: the day of the report
    does not count, and the limit ends when office hours of the last day do."""

    def __post_init__(self) -> None:
        days = (date(self.year + 1, 1, 1) - date(self.year, 1, 1)).days
        if len(self.hours) != days or self.day_rule not in DAY_RULES:
            raise Invalid(
                f"The calendar of {self.year} has {len(self.hours)} days, not {days}.",
                zh=f"{self.year} 年的日历有 {len(self.hours)} 天，应为 {days} 天。",
            )


@dataclass(frozen=True)
class WorkTime:
    """The axes of a township: its calendars of several years in its time zone."""

    zone: ZoneInfo
    years: tuple[int, ...]
    starts: Seconds
    ends: Seconds
    """Spans of office hours, seconds since 1970 (UTC), ascending."""
    before_s: Seconds
    before_day: Seconds
    """Position at the start of each span on either axis."""
    after_day: Seconds
    day_of: Seconds
    """Local day of each span, days since 1970."""
    ends_days: bool
    """The rule ``end`` holds for limits in days."""

    @classmethod
    def of(cls, years: Iterable[Year], zone: str) -> WorkTime:
        """The axes over ``years``; none at all is allowed, then only clock units can be counted."""
        known = sorted(years, key=lambda y: y.year)
        tz = ZoneInfo(zone)
        spans: list[tuple[int, int, int, int, int]] = []
        worked = 0
        for year in known:
            for n, hours in enumerate(year.hours):
                day = date(year.year, 1, 1) + timedelta(n)
                ordinal = (day - date(1970, 1, 1)).days
                bounds = [(_moment(day, a, tz), _moment(day, b, tz)) for a, b in hours]
                whole = sum(b - a for a, b in bounds)
                passed = 0
                for a, b in bounds:
                    start = worked * _DAY + round(_DAY * passed / whole)
                    passed += b - a
                    end = worked * _DAY + round(_DAY * passed / whole)
                    spans.append((a, b, start, end, ordinal))
                worked += bool(hours)
        table = np.array(spans, dtype=np.int64).reshape(-1, 5)
        lengths = table[:, 1] - table[:, 0]
        return cls(
            zone=tz,
            years=tuple(y.year for y in known),
            starts=table[:, 0],
            ends=table[:, 1],
            before_s=np.cumsum(lengths) - lengths,
            before_day=table[:, 2],
            after_day=table[:, 3],
            day_of=table[:, 4],
            ends_days=any(y.day_rule == "end" for y in known),
        )

    def position(self, at: Seconds, unit: str) -> Seconds:
        """Where moments (seconds since 1970) stand on the axis of ``unit``."""
        if unit == "clock_days":
            wall = self._each(at, lambda s: _wall(s, self.zone))
            return np.floor_divide(wall * _DAY, 86400)
        if unit.startswith("clock"):
            return at
        if not len(self.starts):
            return np.zeros_like(at)
        i = np.searchsorted(self.starts, at, "right") - 1
        k = np.maximum(i, 0)
        length = self.ends[k] - self.starts[k]
        passed = np.clip(at - self.starts[k], 0, length)
        if unit == "working_days":
            span = self.after_day[k] - self.before_day[k]
            inside = np.rint(span * (passed / length)).astype(np.int64)
            return np.asarray(self.before_day[k] + inside)
        return np.asarray(self.before_s[k] + passed)

    def moment(self, position: Seconds, unit: str) -> Seconds:
        """The first moment at which an axis stands at ``position``; -1 beyond the last calendar.

        The end of one span and the start of the next are one position: it is the end.
        """
        if unit == "clock_days":
            wall = np.rint(position * (86400 / _DAY)).astype(np.int64)
            return self._each(wall, lambda s: _unwall(s, self.zone))
        if unit.startswith("clock"):
            return position
        if not len(self.starts):
            return np.full_like(position, UNCOVERED)
        days = unit == "working_days"
        before = self.before_day if days else self.before_s
        after = self.after_day if days else self.before_s + self.ends - self.starts
        i = np.searchsorted(after, position, "left")
        k = np.minimum(i, len(after) - 1)
        inside = np.maximum(position - before[k], 0)
        if days:
            length = self.ends[k] - self.starts[k]
            inside = np.rint(length * (inside / (after[k] - before[k]))).astype(np.int64)
        return np.where(i < len(after), self.starts[k] + inside, UNCOVERED)

    def due(self, start: Seconds, units: Seconds, unit: str) -> Seconds:
        """When a limit of ``units`` (see `Limit.units`) that starts at ``start`` ends.

        -1 where a year between the two has no calendar.
        """
        if unit == "working_days" and self.ends_days:
            return self._covered(start, self._end_of_day(start, units))
        return self.run_on(start, units, unit)

    def run_on(self, start: Seconds, units: Seconds, unit: str) -> Seconds:
        """When ``units`` have passed since ``start``; -1 as in `due`.

        Unlike `due` it knows no rule for whole days: what is left after a pause is part of one.
        """
        found = self.moment(self.position(start, unit) + units, unit)
        return found if unit.startswith("clock") else self._covered(start, found)

    def missing(self, start: datetime) -> NoCalendar:
        """The refusal that names the first year from ``start`` on without a calendar."""
        year = start.astimezone(self.zone).year
        while year in self.years:
            year += 1
        return NoCalendar(
            f"There is no calendar of {year}, so the clock cannot be counted; load it: "
            "gisgrid calendar load FILE.",
            zh=f"没有 {year} 年的工作日历，无法计时；请先导入：gisgrid calendar load 文件。",
            year=year,
        )

    def _covered(self, start: Seconds, end: Seconds) -> Seconds:
        """``end``, or -1 where it or ``start`` lies in, or beyond, a year that is not known."""
        first = np.array([_moment(date(y, 1, 1), 0, self.zone) for y in self.years], np.int64)
        last = np.array([_moment(date(y + 1, 1, 1), 0, self.zone) for y in self.years], np.int64)
        if not len(first):
            return np.full_like(end, UNCOVERED)
        runs = np.cumsum(np.r_[True, first[1:] != last[:-1]])
        run_of = np.searchsorted(first, np.stack([start, end]), "right") - 1
        inside = (run_of >= 0) & (np.stack([start, end]) <= last[run_of])
        same = runs[run_of[0]] == runs[run_of[1]]
        return np.where((end != UNCOVERED) & inside.all(0) & same, end, UNCOVERED)

    def _end_of_day(self, start: Seconds, units: Seconds) -> Seconds:
        local = self._each(start, lambda s: _wall(s, self.zone) // 86400)
        days, first = np.unique(self.day_of, return_index=True)
        last = np.r_[first[1:], len(self.day_of)] - 1
        k = np.searchsorted(days, local, "right") + -(-units // _DAY) - 1
        found = self.ends[last[np.clip(k, 0, len(days) - 1)]]
        return np.where(k < len(days), found, UNCOVERED)

    @staticmethod
    def _each(values: Seconds, change: Callable[[int], int]) -> Seconds:
        return np.array([change(v) for v in values.tolist()], np.int64)


def seconds(at: datetime) -> int:
    """Whole seconds since 1970 of an aware moment; Invalid for one without a zone."""
    if at.tzinfo is None:
        raise Invalid(
            "A moment without a time zone cannot be counted.", zh="时间缺少时区，无法计时。"
        )
    return int(at.timestamp() // 1)


def _moment(day: date, minute: int, zone: ZoneInfo) -> int:
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001
    return int(wall.replace(tzinfo=zone).timestamp())


def _wall(seconds: int, zone: ZoneInfo) -> int:
    """The clock on the wall at a moment, as if it were UTC."""
    local = datetime.fromtimestamp(int(seconds), zone)
    return int(local.replace(tzinfo=UTC).timestamp())


def _unwall(wall: int, zone: ZoneInfo) -> int:
    return int(datetime.fromtimestamp(int(wall), UTC).replace(tzinfo=zone).timestamp())
