"""Plans as arrays for tests: drawn as text, 100 m a cell, with houses put where a test wants them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import shapely

from gisgrid.core.crs import from_metric, points_to_metric, to_metric
from gisgrid.db.tables.register import NEEDS
from gisgrid.planning.snapshot.snapshot import (
    Communities,
    Events,
    Grids,
    Houses,
    Members,
    PlanSnapshot,
    Stations,
    owners,
)
from tests.support.sketch import sketch
from tests.support.towns import Town

DAY = date(2023, 8, 31)
STEP_M = 100.0
EARTH = np.array([500_000.0, 4_500_000.0])


def objects(values: Sequence[Any]) -> np.ndarray:
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out


def state_of(
    drawing: str | Mapping[str, Any],
    *,
    communities: str | None = None,
    home: Mapping[str, str] | None = None,
    houses: Sequence[tuple[float, float] | None] = (),
    residents: Sequence[int] | None = None,
    last_visit: Sequence[str] | None = None,
    teams: Mapping[str, str] | None = None,
    staff: Sequence[int] | None = None,
    events: Sequence[tuple[str, tuple[float, float]]] = (),
    stations: Sequence[tuple[float, float]] = (),
    streets: Sequence[Any] = (),
    hosts: Mapping[str, str] | None = None,
    sizes: Mapping[str, Any] | None = None,
    overlay: bool = False,
    on_earth: bool = False,
) -> PlanSnapshot:
    """A plan whose grids are the letters of a drawing (capital letters: exclusive).

    Places are counted in cells from the lower left. ``communities`` is a second drawing, one
    letter a community; without it one community ``c`` covers the grids' envelope. ``home`` says
    which community a grid belongs to. ``teams`` gives each grid letters: l leader, w worker,
    s sinking force, o social force; a capital one is trained. Degrees are the metres themselves, so that borders are exact,
    unless the town is put ``on_earth``.
    """
    shapes = dict(sketch(drawing, step_m=STEP_M) if isinstance(drawing, str) else drawing)
    codes = sorted(shapes)
    areas = (
        sketch(communities, step_m=STEP_M)
        if communities
        else {"c": shapely.union_all(list(shapes.values())).envelope}
    )
    area_codes = sorted(areas)
    metric = objects([shapes[c] for c in codes])
    exclusive = np.array([c[0].isupper() for c in codes], dtype=bool)
    xy = np.array([p or (np.nan, np.nan) for p in houses], dtype=float).reshape(-1, 2) * STEP_M
    n = len(xy)
    count = np.array(residents if residents is not None else [3] * n, dtype=np.int64)
    every, basic = np.arange(len(codes)), np.flatnonzero(~exclusive)
    members = [(g, r) for g, team in (teams or {}).items() for r in team]
    roles = {"l": "leader", "w": "worker", "s": "sinking_force", "o": "social_force"}
    event_xy = np.array([p for _, p in events], dtype=float).reshape(-1, 2) * STEP_M
    station_xy = np.array(stations, dtype=float).reshape(-1, 2) * STEP_M
    lonlat, house_lonlat, event_lonlat = metric, xy, event_xy
    if on_earth:
        metric = shapely.transform(metric, lambda p: p + EARTH)
        areas = {c: shapely.transform(a, lambda p: p + EARTH) for c, a in areas.items()}
        xy, event_xy, station_xy = xy + EARTH, event_xy + EARTH, station_xy + EARTH
        lonlat = from_metric(metric, 4549)
        house_lonlat, event_lonlat = (
            shapely.get_coordinates(from_metric(shapely.points(spots), 4549))
            for spots in (xy, event_xy)
        )
    visits = np.array(last_visit if last_visit is not None else ["NaT"] * n, dtype="datetime64[D]")
    return PlanSnapshot(
        day=DAY,
        events_until=DAY,
        srid=4549,
        overlay=overlay,
        near_border_m=5.0,
        sizes=sizes or {},
        communities=Communities(
            objects(area_codes), objects(area_codes), objects([areas[a] for a in area_codes])
        ),
        grids=Grids(
            objects(codes),
            objects(codes),
            exclusive,
            objects([(hosts or {}).get(c, "某单位" if c[0].isupper() else "") for c in codes]),
            np.array([area_codes.index((home or {}).get(c, area_codes[0])) for c in codes]),
            lonlat,
            metric,
        ),
        houses=Houses(
            objects([f"h{k}" for k in range(n)]),
            house_lonlat,
            xy,
            count,
            (count > 0).astype(np.int64),
            np.zeros((n, len(NEEDS)), dtype=np.int64),
            np.zeros(n, dtype=np.int64),
            visits,
            owners(house_lonlat, lonlat, basic if overlay else every),
        ),
        members=Members(
            objects([g for g, _ in members]),
            objects([roles[r.lower()] for _, r in members]),
            np.array(staff if staff is not None else range(len(members)), dtype=np.int64),
            np.array([c.isupper() for _, c in members], dtype=bool),
        ),
        events=Events(
            np.array([d for d, _ in events], dtype="datetime64[D]"),
            objects(["0101"] * len(events)),
            objects(["01"] * len(events)),
            event_lonlat,
            event_xy,
            owners(event_lonlat, lonlat, every),
        ),
        stations=Stations(
            objects([f"s{k}" for k in range(len(stations))]),
            objects(["community"] * len(stations)),
            station_xy,
            objects([""] * len(stations)),
        ),
        streets=objects(list(streets)),
        visits_known=last_visit is not None,
        staff_known=teams is not None,
        training_known=any(c.isupper() for team in (teams or {}).values() for c in team),
    )


def state_of_town(
    town: Town, rng: np.random.Generator, *, events: int = 0, streets_m: float | None = None
) -> PlanSnapshot:
    """A made-up town (`tests.towns.make_town`) on earth, with every digit of its coordinates.

    ``events`` happen in the last year, many at few houses; ``streets_m`` apart run streets both ways.
    """
    count, homes = len(town.house_xy), int(town.community_of.max()) + 1
    area_codes = objects([f"{k:03d}" for k in range(homes)])
    areas = objects(
        [shapely.coverage_union_all(town.grids[town.community_of == k]) for k in range(homes)]
    )
    codes = objects([f"{town.community_of[k]:03d}{k:04d}" for k in range(len(town.grids))])
    order = np.argsort(codes.astype(str))
    metric = shapely.transform(town.grids[order], lambda p: p + EARTH)
    lonlat = from_metric(metric, 4549)
    xy = town.house_xy + EARTH
    house_lonlat = shapely.get_coordinates(from_metric(shapely.points(xy), 4549))
    households = np.maximum(1, town.residents // 3)
    at = rng.choice(count, events, p=(weight := rng.pareto(1.5, count) + 0.2) / weight.sum())
    event_xy = xy[at] + rng.normal(0, 6, (events, 2))
    event_lonlat = shapely.get_coordinates(from_metric(shapely.points(event_xy), 4549))
    west, south, east, north = shapely.total_bounds(metric)
    lines = []
    if streets_m:
        lines += [[(x, south), (x, north)] for x in np.arange(west, east, streets_m)]
        lines += [[(west, y), (east, y)] for y in np.arange(south, north, streets_m)]
    every = np.arange(len(codes))
    none = np.zeros(0, dtype=np.int64)
    return PlanSnapshot(
        day=DAY,
        events_until=DAY,
        srid=4549,
        overlay=False,
        near_border_m=5.0,
        sizes={},
        communities=Communities(
            area_codes, area_codes, shapely.transform(areas, lambda p: p + EARTH)
        ),
        grids=Grids(
            codes[order],
            codes[order],
            np.zeros(len(codes), dtype=bool),
            objects([""] * len(codes)),
            town.community_of[order].astype(np.int64),
            lonlat,
            to_metric(lonlat, 4549),
        ),
        houses=Houses(
            objects([f"h{k:06d}" for k in range(count)]),
            house_lonlat,
            np.column_stack(points_to_metric(house_lonlat[:, 0], house_lonlat[:, 1], 4549)),
            town.residents.astype(np.int64),
            households.astype(np.int64),
            np.zeros((count, len(NEEDS)), dtype=np.int64),
            np.zeros(count, dtype=np.int64),
            np.full(count, "NaT", dtype="datetime64[D]"),
            owners(house_lonlat, lonlat, every),
        ),
        members=Members(objects([]), objects([]), none, none.astype(bool)),
        events=Events(
            np.full(events, DAY, dtype="datetime64[D]"),
            objects(["0101"] * events),
            objects(["01"] * events),
            event_lonlat,
            event_xy,
            owners(event_lonlat, lonlat, every),
        ),
        stations=Stations(objects([]), objects([]), np.zeros((0, 2)), objects([])),
        streets=np.asarray(shapely.linestrings(lines)) if lines else objects([]),
        visits_known=False,
        staff_known=False,
        training_known=False,
    )
