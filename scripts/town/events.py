"""A year of events: what, when, where, and how fast it was settled."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import shapely

from scripts.town import clock
from scripts.town.matters import Minor, minors
from scripts.town.spec import AS_OF, FIRST_DAY, Floats, Ints, Spec

# Weight of each month, January first.
SEASONS = {
    "flat": (8, 7, 9, 9, 9, 9, 9, 9, 9, 8, 9, 8),
    "summer": (4, 4, 6, 8, 11, 14, 16, 15, 9, 7, 5, 4),
    "winter": (15, 13, 9, 6, 4, 4, 4, 4, 5, 8, 12, 15),
    "spring": (5, 7, 15, 16, 12, 8, 6, 6, 8, 8, 6, 4),
    "autumn": (2, 3, 9, 8, 3, 4, 2, 2, 12, 25, 18, 4),
    "snow": (28, 18, 6, 0.5, 0, 0, 0, 0, 0, 0.5, 12, 28),
    "rain": (1, 1, 3, 6, 8, 15, 28, 28, 8, 4, 2, 1),
    "heating": (22, 17, 12, 1, 0, 0, 0, 0, 0, 6, 22, 22),
    "newyear": (30, 20, 6, 5, 5, 5, 4, 4, 4, 5, 5, 9),
}
# Weight of each hour of the day, from midnight.
HOURS = {
    "office": (0,) * 8 + (8, 14, 14, 8, 2, 6, 12, 13, 11, 5) + (1,) * 2 + (0,) * 4,
    "day": (0,) * 6 + (1, 3, 8, 11, 11, 8, 4, 7, 9, 10, 9, 6, 4, 3, 1, 0, 0, 0),
    "morning": (0,) * 5 + (1, 5, 12, 15, 13, 9, 5, 2, 3, 4, 4, 3, 2, 1, 1, 0, 0, 0, 0),
    "evening": (1, 0, 0, 0, 0, 0, 1, 2, 4, 5, 5, 5, 4, 4, 5, 5, 6, 9, 12, 14, 12, 7, 3, 1),
    "any": (2, 2, 2, 2, 2, 3, 4, 5, 6, 6, 6, 5, 4, 4, 5, 6, 6, 5, 5, 5, 4, 4, 3, 2),
}
SOURCES = ("网格员上报", "居民电话", "微信小程序", "社区巡查", "上级转办")
SOURCE_SHARES = (0.46, 0.2, 0.18, 0.12, 0.04)
HOT_SPOTS = 9
EXCLUSIVE_SHARE = 0.05
LATE_SHARE, OPEN_SHARE = 0.09, 0.012
UNIT_MIN = {"working_minutes": 1, "working_hours": 60, "working_days": clock.DAY_MIN}


def events_table(
    spec: Spec,
    houses: pd.DataFrame,
    grids: pd.DataFrame,
    rng: np.random.Generator,
    *,
    first: date = FIRST_DAY,
    last: date = AS_OF,
) -> pd.DataFrame:
    """The rows of events.csv of the days from ``first`` to ``last``, in order of report.

    ``houses`` has lon, lat, address, community; ``grids`` the geometry. Every minor item occurs, unless
    there are fewer events than items.
    """
    catalogue = minors()
    codes, items = list(catalogue), list(catalogue.values())
    share = np.array([m.share for m in items])
    each = np.arange(len(items))[: spec.events]
    kind = np.r_[each, rng.choice(len(items), spec.events - len(each), p=share / share.sum())]
    reported = _reported(items, kind, rng, first, last)
    order = np.argsort(reported, kind="stable")
    kind, reported = kind[order], reported[order]

    limit = np.array([m.limit * UNIT_MIN[m.unit] for m in items])[kind].astype(int)
    due = clock.due(reported, limit)
    closed = _closed(reported, limit, rng, last)
    places = _places(spec, houses, grids, rng)
    day = reported.astype("datetime64[D]").astype(str)
    running = pd.Series(day).groupby(day).cumcount().to_numpy() + 1
    return pd.DataFrame(
        {
            "code": [
                f"E{d.replace('-', '')}{n:04d}"
                for d, n in zip(day.tolist(), running.tolist(), strict=True)
            ],
            "matter": np.array(codes)[kind],
            "reported_at": _text(reported),
            "due_at": _text(due),
            "closed_at": _text(closed),
            "source": rng.choice(SOURCES, len(kind), p=SOURCE_SHARES),
            "text": [
                items[k].texts[int(t)]
                for k, t in zip(kind.tolist(), rng.integers(0, 2, len(kind)), strict=True)
            ],
            **places,
        }
    )


def _text(times: clock.Times) -> list[str]:
    return [
        "" if t == "NaT" else t.replace("T", " ")
        for t in np.datetime_as_string(times, "m").tolist()
    ]


def _reported(
    items: list[Minor], kind: Ints, rng: np.random.Generator, first: date, last: date
) -> clock.Times:
    days = np.arange(np.datetime64(first), np.datetime64(last) + 1)
    month = days.astype("datetime64[M]").astype(int) % 12
    working = clock.WORKING[(days - np.datetime64("2022-08-01")).astype(int)]
    out = np.empty(len(kind), "datetime64[m]")
    for number, item in enumerate(items):
        rows = np.flatnonzero(kind == number)
        weight = np.array(SEASONS[item.season], float)[month]
        rest_day = 0.12 if item.hours == "office" else 0.55
        weight = weight * np.where(working, 1.0, rest_day)
        # Things come in bunches: a week of rain, a campaign.
        weight = weight * np.repeat(rng.gamma(4.0, 0.25, len(days) // 7 + 1), 7)[: len(days)]
        hour_weight = np.array(HOURS[item.hours], float)
        day = rng.choice(days, len(rows), p=weight / weight.sum())
        hour = rng.choice(24, len(rows), p=hour_weight / hour_weight.sum())
        minute = hour * 60 + rng.integers(0, 60, len(rows))
        out[rows] = day.astype("datetime64[m]") + minute.astype("timedelta64[m]")
    return out


def _closed(
    reported: clock.Times, limit_min: Ints, rng: np.random.Generator, last: date
) -> clock.Times:
    """In working time: most within the limit, some late, few open; nothing after the last day."""
    n = len(reported)
    late = rng.random(n) < LATE_SHARE
    part = np.where(late, 1.05 + rng.gamma(1.5, 0.5, n), rng.beta(2.0, 2.6, n))
    closed = clock.due(reported, np.maximum(4, (limit_min * part).astype(int)))
    end = np.datetime64(last) + 1
    still_open = (closed >= end) | (rng.random(n) < OPEN_SHARE)
    closed[still_open] = np.datetime64("NaT")
    return closed


def _places(
    spec: Spec, houses: pd.DataFrame, grids: pd.DataFrame, rng: np.random.Generator
) -> dict[str, object]:
    """Near houses, thick around hot spots; a few in the grounds of exclusive grids."""
    at = houses[["lon", "lat"]].to_numpy()
    weight = _heat(at, round(HOT_SPOTS * spec.communities / 9) or 1, rng)
    house = rng.choice(len(at), spec.events, p=weight / weight.sum())
    lonlat = at[house] + rng.normal(0, 1, (spec.events, 2)) * [1.2e-4, 0.9e-4]
    exclusive = grids.loc[grids["kind"] == "exclusive"].reset_index(drop=True)
    away = np.flatnonzero(rng.random(spec.events) < EXCLUSIVE_SHARE)
    body = rng.integers(0, len(exclusive), len(away))
    for row, k in zip(away.tolist(), body.tolist(), strict=True):
        lonlat[row] = _inside(exclusive["geometry"][k], rng)
    lonlat = np.round(lonlat, 7)

    grid = _grid_of(lonlat, grids)
    # A jitter that leaves the township goes back to its house.
    lonlat[grid < 0] = at[house][grid < 0]
    grid = _grid_of(lonlat, grids)
    community = np.where(
        grid < 0, houses["community"].to_numpy()[house], grids["community"].to_numpy()[grid]
    )
    address = houses["address"].to_numpy(dtype=object)[house] + "附近"
    address[away] = exclusive["host"].to_numpy()[body]
    return {"address": address, "community": community, "lon": lonlat[:, 0], "lat": lonlat[:, 1]}


def _heat(at: Floats, spots: int, rng: np.random.Generator) -> Floats:
    heat = np.full(len(at), 0.35)
    for centre in at[rng.choice(len(at), spots, replace=False)]:
        # About a degree there in metres; to the digit what the town in data/ was drawn with.
        distance2 = (((at - centre) / [1 / 84500, 1 / 111000]) ** 2).sum(1)
        heat += rng.uniform(2, 8) * np.exp(-distance2 / (2 * rng.uniform(60, 150) ** 2))
    return heat


def _inside(polygon: shapely.Polygon, rng: np.random.Generator) -> Floats:
    west, south, east, north = polygon.bounds
    while True:
        lon, lat = rng.uniform(west, east), rng.uniform(south, north)
        if shapely.contains_xy(polygon, lon, lat):
            return np.array([lon, lat])


def _grid_of(lonlat: Floats, grids: pd.DataFrame) -> Ints:
    """Row of a grid that covers each point, -1: none."""
    tree = shapely.STRtree(grids["geometry"].to_numpy())
    point, grid = tree.query(shapely.points(lonlat), predicate="intersects")
    out = np.full(len(lonlat), -1)
    out[point] = grid
    return out
