"""A made-up town (`tests.towns`) in the store, with every digit of its coordinates."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import shapely
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from gisgrid.core.crs import from_metric
from gisgrid.db import tables as t
from gisgrid.planning.attach.attach import attach
from tests.support.factories import create_area, ewkt
from tests.support.plan_states import EARTH
from tests.support.towns import Town, make_town

SRID = 4549
HOME = "9999010012"


def crowded(
    town: Town, rng: np.random.Generator, *, doors: float = 0.2, brink: float = 0.03
) -> Town:
    """Some houses moved: rows of three doors a step apart, and houses within millimetres of a border."""
    n, xy = len(town.house_xy), town.house_xy.copy()
    first = rng.choice(n // 2, int(doors * n / 3), replace=False) * 2
    along = rng.normal(size=(len(first), 2))
    along /= np.hypot(*along.T)[:, None]
    third = rng.choice(np.setdiff1d(np.arange(n), [*first, *first + 1]), len(first), replace=False)
    for door, before in ((first + 1, first), (third, first + 1)):
        xy[door] = xy[before] + along * rng.uniform(0.05, 0.7, (len(first), 1))
    rims = shapely.boundary(town.grids)
    for k in rng.choice(n, int(brink * n), replace=False).tolist():
        here = shapely.Point(xy[k])
        rim = rims[shapely.STRtree(rims).nearest(here)]
        spot = shapely.line_interpolate_point(rim, shapely.line_locate_point(rim, here))
        # Half of them on the very line, as far as doubles tell.
        xy[k] = shapely.get_coordinates(spot)[0] + rng.normal(0, 0.01, 2) * rng.integers(0, 2)
    return replace(town, house_xy=xy)


def a_town(
    seed: int, *, houses: int = 600, grids: int = 12, communities: int = 3
) -> tuple[Town, np.random.Generator]:
    rng = np.random.default_rng(seed)
    town = make_town(rng, houses=houses, grids=grids, communities=communities)
    return crowded(town, rng), rng


def store_town(
    session: Session, town: Town, *, households: bool = True, grids: bool = True, **township: Any
) -> t.Township:
    """A township of the town, with a published plan in force since 2022-01-01 unless without grids."""
    lonlat = from_metric(shapely.transform(town.grids, lambda p: p + EARTH), SRID)
    whole = shapely.coverage_union_all(lonlat)
    county = create_area(session, "county", whole, code="999901")
    area = create_area(session, "township", whole, parent_id=county.id, code="999901001")
    homes = [
        create_area(
            session, "community", shapely.coverage_union_all(lonlat[town.community_of == k]),
            parent_id=area.id, code=f"{HOME}{k:02d}", name=f"虚构社区{k}",
        )
        for k in range(int(town.community_of.max()) + 1)
    ]  # fmt: skip
    session.add(
        made := t.Township(
            area_id=area.id, **{"metric_srid": SRID, "code_scheme": "gb", **township}
        )
    )
    session.flush()
    if grids:
        store_plan(session, made, town, lonlat, homes)
    points = shapely.get_coordinates(
        from_metric(shapely.points(town.house_xy + EARTH), SRID)
    ).tolist()
    session.execute(
        text(
            "INSERT INTO house (township_id, code, address, geom, location_status) VALUES (:t, :code, :a, "
            "ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), 'ok')"
        ),
        [
            {"t": area.id, "code": f"h{k:05d}", "a": f"虚构路{k}号", "lon": lon, "lat": lat}
            for k, (lon, lat) in enumerate(points)
        ],
    )
    if households:
        session.execute(
            text(
                "INSERT INTO household (township_id, house_id, code) SELECT :t, h.id, h.code || '-' || n "
                "FROM house h, generate_series(1, 1 + (hashtext(h.code) & 3)) AS n "
                "WHERE h.township_id = :t"
            ),
            {"t": area.id},
        )
    if grids:
        attach(session, session.query(t.Plan).one().id, "house")
    return made


def store_plan(
    session: Session, township: t.Township, town: Town, lonlat: np.ndarray, homes: list[t.Area]
) -> t.Plan:
    session.add(
        plan := t.Plan(
            township_id=township.area_id,
            name="2022",
            state="published",
            validity=Range(date(2022, 1, 1), None),
        )
    )
    session.flush()
    number = [0] * len(homes)
    for ground, k in zip(lonlat, town.community_of.tolist(), strict=True):
        number[k] += 1
        session.add(
            t.Grid(
                plan_id=plan.id,
                code=f"{homes[k].code}{number[k]:03d}",
                name=f"虚构网格{number[k]}",
                kind="basic",
                community_id=homes[k].id,
                geom=ewkt(ground),
            )
        )
    session.flush()
    return plan
