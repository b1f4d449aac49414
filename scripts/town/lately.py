"""Town F between the last day of its files and yesterday, so that a demo is of today.

The files end in 2023 and stay as they are. What is made here comes after them, in the same columns, for
the days that are asked for; other days, other rows, so that a town can be carried on as time passes.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import shapely

from scripts.town import clock
from scripts.town.calendar import OFFICE_HOURS
from scripts.town.events import events_table
from scripts.town.files import PLACES
from scripts.town.spec import AS_OF, FIRST_DAY, Spec

YEAR = AS_OF - FIRST_DAY
STILL_OPEN = timedelta(30)
"""What was reported before that is settled by the last day; an office does not leave all lying."""


def first_day(last: date, known: date) -> date:
    """First day to make: a year before ``last``, but after the days that are ``known`` already."""
    return max(last - YEAR, known + timedelta(1))


def events(data: Path, first: date, last: date) -> pd.DataFrame:
    """Events of these days, about as many a day as in the town's own year; those of the end may be open."""
    days = (last - first).days + 1
    spec = Spec(events=max(1, round(Spec.events * days / (YEAR.days + 1))))
    grids = json.loads((data / PLACES["grids"]).read_text("utf-8"))["features"]
    ground = pd.DataFrame([each["properties"] for each in grids])
    ground["geometry"] = [shapely.geometry.shape(each["geometry"]) for each in grids]
    rng = np.random.default_rng([spec.seed, first.toordinal()])
    houses = _read(data, "houses", lon=float, lat=float)
    made = events_table(spec, houses, ground, rng, first=first, last=last)
    lying = (made["closed_at"] == "") & (made["reported_at"] < (last - STILL_OPEN).isoformat())
    made.loc[lying, "closed_at"] = _settled(made.loc[lying, "due_at"], last)
    return made


def settled(data: Path) -> pd.DataFrame:
    """The events of the town's year that were open on its last day, with when they were closed after it."""
    year = _read(data, "events")
    rows = year[year["closed_at"] == ""].copy()
    late = np.maximum(
        rows["due_at"].to_numpy("datetime64[m]"), np.datetime64(AS_OF, "m") + np.timedelta64(1, "D")
    )
    rows["closed_at"] = _text(clock.due(late, 97 * np.arange(1, len(rows) + 1)))
    return rows[["code", "matter", "reported_at", "closed_at"]]


def visits(data: Path, first: date, last: date) -> pd.DataFrame:
    """The visits of the town's year, moved so that its last day is ``last``; of these days."""
    rows = _moved(_read(data, "visits"), "visited_on", first, last)
    rows["staff"] = rows["staff"].where(rows["staff"].isin(_serving(data)), "")
    running = rows.groupby("visited_on").cumcount() + 1
    rows["code"] = [
        f"V{day.replace('-', '')}{n:03d}"
        for day, n in zip(rows["visited_on"], running, strict=True)
    ]
    return rows


def trainings(data: Path, first: date, last: date) -> pd.DataFrame:
    """The courses of the town's year, moved so that its last day is ``last``; of these days."""
    rows = _moved(_read(data, "trainings"), "held_on", first, last)
    rows = rows[rows["staff"].isin(_serving(data))]
    rows["code"] = rows["code"].str[0] + rows["held_on"].str.replace("-", "")
    rows["expires_on"] = [_later(day, last) if day else "" for day in rows["expires_on"]]
    return rows


def calendar(known: int, last: date) -> pd.DataFrame:
    """Plain weeks of the years after those that are ``known``, until next year's end.

    Holidays are announced year by year; none is invented here.
    """
    if last.year + 1 <= known:
        return pd.DataFrame()
    span = (f"{known + 1}-01-01", f"{last.year + 1}-12-31", "hours", OFFICE_HOURS, "1-5", "作息")
    return pd.DataFrame([span], columns=["first", "last", "kind", "hours", "weekdays", "name"])


def _moved(rows: pd.DataFrame, column: str, first: date, last: date) -> pd.DataFrame:
    """The rows with their days moved, those of days before ``first`` left out."""
    rows = rows.copy()
    rows[column] = [_later(day, last) for day in rows[column]]
    return rows[rows[column] >= first.isoformat()].sort_values(column, kind="stable")


def _later(day: str, last: date) -> str:
    return str(date.fromisoformat(day) + (last - AS_OF))


def _settled(due: pd.Series[str], last: date) -> list[str]:
    """Closing times a little after what was due, none after the last day."""
    late = clock.due(due.to_numpy("datetime64[m]"), 61 * np.arange(1, len(due) + 1) % 960 + 1)
    end = np.datetime64(last, "m") + np.timedelta64(17, "h")
    return _text(np.minimum(late, end))


def _text(times: clock.Times) -> list[str]:
    return [t.replace("T", " ") for t in np.datetime_as_string(times, "m").tolist()]


def _serving(data: Path) -> set[str]:
    """Codes of staff who have not left."""
    staff = _read(data, "staff")
    return set(staff.loc[staff["until"] == "", "code"])


def _read(data: Path, kind: str, **types: type) -> pd.DataFrame:
    table = pd.read_csv(data / PLACES[kind], dtype=str, keep_default_na=False)
    return table.astype(types)
