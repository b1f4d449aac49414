"""What are the office hours of each day of a year? A calendar file, read and checked.

A file has one row per span of days. ``hours`` rows say the office hours of weekdays, ``holiday`` rows
the days off, ``working`` rows the make-up days; a later row overrules an earlier one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

from gisgrid.cases.worktime import DAY_RULES, Hours, Year
from gisgrid.core.errors import Invalid
from gisgrid.core.heavy import pandas as pd
from gisgrid.files.read import open_table
from gisgrid.files.words import plain

HEADERS = {
    "first": ("first", "from", "since", "date", "day", "开始日期", "起始日期", "日期"),
    "last": ("last", "until", "to", "结束日期", "截止日期"),
    "kind": ("kind", "type", "类型", "类别", "性质"),
    "hours": ("hours", "officehours", "工作时间", "办公时间", "作息时间"),
    "weekdays": ("weekdays", "week", "星期", "工作日"),
    "name": ("name", "名称", "说明", "备注"),
}
KINDS = {
    "hours": ("hours", "作息", "作息时间", "工作时间", "办公时间"),
    "holiday": ("holiday", "off", "放假", "节假日", "假日", "休息"),
    "working": ("working", "makeup", "补班", "上班", "调休上班", "调休"),
}
_SPAN = re.compile(r"(\d{1,2})[:：](\d{2})\s*[-–—~至]\s*(\d{1,2})[:：](\d{2})")
_WEEKDAYS = re.compile(r"([1-7])(?:-([1-7]))?")


@dataclass(frozen=True)
class YearPlan:
    """A year as a file gives it; ``names`` are those of holidays and make-up days."""

    year: Year
    names: dict[date, str]


@dataclass(frozen=True)
class _Row:
    number: int
    first: date
    last: date
    kind: str
    hours: Hours | None
    weekdays: frozenset[int]
    name: str | None


def read_calendar(path: Path, *, day_rule: str = "share") -> list[YearPlan]:
    """The years that a calendar file (CSV, XLSX) tells, each whole.

    Raises
    ------
    Invalid
        A row that cannot be read, or a year without office hours; nothing is half taken, since a
        calendar with a hole makes clocks lie.
    """
    if day_rule not in DAY_RULES:
        raise Invalid(
            "The rule for days is one of {known}, not {day_rule!r}.",
            known=list(DAY_RULES),
            day_rule=day_rule,
        )
    table = open_table(path)
    header = {plain(h): h for h in table.columns}
    where = {
        name: next((header[s] for s in synonyms if s in header), None)
        for name, synonyms in HEADERS.items()
    }
    if where["first"] is None or where["kind"] is None:
        raise Invalid(
            "{path} has no columns 'first' and 'kind'; it has {columns}.",
            path=path.name,
            columns=list(table.columns),
        )
    rows: list[_Row] = []
    for chunk in table.chunks():
        for number, values in zip(chunk.index.tolist(), chunk.to_dict("records"), strict=True):
            cell = {k: str(values[h] or "").strip() if h else "" for k, h in where.items()}
            rows.append(_row(path.name, int(number), cell))
    years = sorted({y for r in rows for y in range(r.first.year, r.last.year + 1)})
    return [_year(path.name, year, rows, day_rule) for year in years]


def _year(file: str, year: int, rows: list[_Row], day_rule: str) -> YearPlan:
    day, end = date(year, 1, 1), date(year + 1, 1, 1)
    hours: list[Hours] = []
    names: dict[date, str] = {}
    while day < end:
        usual: Hours | None = None
        weekdays: frozenset[int] = frozenset()
        special: Hours | None = None
        for row in rows:
            if not row.first <= day <= row.last:
                continue
            if row.kind == "hours":
                usual, weekdays = row.hours, row.weekdays
                continue
            special = () if row.kind == "holiday" else (row.hours or usual)
            if row.name:
                names[day] = row.name
        if usual is None:
            raise Invalid(
                "{file} gives no office hours for {day}; add a row of kind hours.",
                file=file,
                day=str(day),
            )
        if special is None:
            special = usual if day.isoweekday() in weekdays else ()
        hours.append(special)
        day += timedelta(1)
    return YearPlan(Year(year, tuple(hours), day_rule), names)


def _row(file: str, number: int, cell: dict[str, str]) -> _Row:
    kind = next((k for k, words in KINDS.items() if plain(cell["kind"]) in words), None)
    if kind is None:
        raise _bad(file, number, f"{cell['kind']!r} is no kind (hours, holiday, working)")
    first = _day(file, number, cell["first"])
    last = _day(file, number, cell["last"]) if cell["last"] else first
    if not first <= last <= first + timedelta(366 * 5):
        raise _bad(file, number, f"the days {first} to {last} are no span")
    hours = _hours(file, number, cell["hours"]) if cell["hours"] else None
    if kind == "hours" and not hours:
        raise _bad(file, number, "a row of kind hours needs hours such as 08:00-12:00 13:30-17:30")
    found = [(int(a), int(b or a)) for a, b in _WEEKDAYS.findall(cell["weekdays"] or "1-5")]
    weekdays = frozenset(d for a, b in found for d in range(a, b + 1))
    return _Row(number, first, last, kind, hours, weekdays, cell["name"] or None)


def _day(file: str, number: int, cell: str) -> date:
    try:
        return pd.Timestamp(cell.replace("/", "-").replace(".", "-")[:10]).date()
    except ValueError:
        raise _bad(file, number, f"{cell!r} is no day; write 2023-10-01") from None


def office_hours(cell: str) -> Hours | None:
    """The office hours of a day as they are written; None: they are none.

    >>> office_hours("08:00-12:00 13:30-17:30")
    ((480, 720), (810, 1050))
    """
    spans = []
    for a, b, c, d in _SPAN.findall(cell):
        spans.append((int(a) * 60 + int(b), int(c) * 60 + int(d)))
    ordered = all(a < b <= 1440 for a, b in spans) and all(
        one[1] <= two[0] for one, two in pairwise(spans)
    )
    if not spans or not ordered or _SPAN.sub("", cell).strip(" ,;，；、"):
        return None
    return tuple(spans)


def _hours(file: str, number: int, cell: str) -> Hours:
    if (found := office_hours(cell)) is None:
        raise _bad(file, number, f"{cell!r} are no office hours; write 08:00-12:00 13:30-17:30")
    return found


def _bad(file: str, number: int, why: str) -> Invalid:
    return Invalid(
        "{file}, row {row}: {why}; nothing was taken from the file.", file=file, why=why, row=number
    )
