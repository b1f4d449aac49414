"""Reads a plan as it stands on a day from the store, as arrays."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from gisgrid.core.arrays import Floats, Geometries, Ints
from gisgrid.core.crs import points_to_metric, to_metric
from gisgrid.core.errors import Invalid
from gisgrid.core.limits import MEASURES, Limits, Measure, sizes
from gisgrid.core.plans import PlanInfo, TownshipInfo
from gisgrid.db.columns import NO_DAY, day, days, packed
from gisgrid.db.tables.register import NEEDS
from gisgrid.planning.snapshot.snapshot import (
    NO_ROW,
    Communities,
    Events,
    GridLayer,
    Grids,
    Houses,
    Members,
    PlanSnapshot,
    Stations,
    Texts,
    layered_owners,
)

Rows = Sequence[Row[Any]]


def today(place: TownshipInfo) -> date:
    """The day it is in the township's zone."""
    return day_in(place.time_zone)


def day_in(time_zone: str) -> date:
    """The day it is in a zone; the one place where the program's own clock says so."""
    return datetime.now(ZoneInfo(time_zone)).date()


def local(moment: datetime, place: TownshipInfo) -> datetime:
    """A moment (aware) on the township's clock."""
    return moment.astimezone(ZoneInfo(place.time_zone))


def plan_state(session: Session, place: TownshipInfo, plan: PlanInfo, day: date) -> PlanSnapshot:
    """The plan with everything that was known up to the end of a day in the township's zone.

    Owners follow from the plan's polygons as stored, so a draft that nothing was attached to yet
    gets the same answers as a published plan.
    """
    scope = {"t": place.id, "plan": plan.id, "day": day, "zone": place.time_zone}
    overlay = place.grid_rule == "overlay"
    settings = session.execute(
        text("SELECT sizes FROM township WHERE area_id = :t"), {"t": place.id}
    ).one()
    communities, row_of_area = _communities(session, scope, place.metric_srid)
    grids = _grids(session, scope, place.metric_srid, row_of_area)
    layers = [GridLayer(grids.lonlat, rows) for rows in grids.layers(overlay=overlay)]
    houses = _houses(session, scope, place.metric_srid, row_of_area=row_of_area, owning=layers[-1])
    return PlanSnapshot(
        day=day,
        events_until=events_until(session, place, day),
        srid=place.metric_srid,
        overlay=overlay,
        near_border_m=place.near_border_m,
        sizes=settings.sizes,
        communities=communities,
        grids=grids,
        houses=houses,
        members=_members(session, scope),
        events=_events(session, scope, place.metric_srid, layers),
        stations=_stations(session, scope, place.metric_srid),
        streets=_streets(session, scope, place.metric_srid),
        visits_known=bool((~np.isnat(houses.last_visit)).any()),
        staff_known=bool(session.scalar(text(_ANY_MEMBER), scope)),
        training_known=bool(session.scalar(text(_ANY_TRAINING), scope)),
    )


def teams_renewed(session: Session, place: TownshipInfo, known: PlanSnapshot) -> PlanSnapshot:
    """A state that was read a while ago, with the teams and trainings of now: they change all day long."""
    scope = {"t": place.id, "day": known.day}
    return replace(
        known,
        members=_members(session, scope),
        staff_known=bool(session.scalar(text(_ANY_MEMBER), scope)),
        training_known=bool(session.scalar(text(_ANY_TRAINING), scope)),
    )


def events_until(session: Session, place: TownshipInfo, day: date) -> date:
    """The last day whose events count as work on a day.

    A day that has passed is taken at its word. Today it is the day of the newest event, since lists of
    events come late, and a month that nobody has sent yet is no month without events.
    """
    if day < today(place):
        return day
    newest: date | None = session.scalar(
        text(
            "SELECT max((reported_at AT TIME ZONE :zone)::date) FROM event WHERE township_id = :t "
            "AND reported_at < (CAST(:day AS date) + 1)::timestamp AT TIME ZONE :zone"
        ),
        {"t": place.id, "zone": place.time_zone, "day": day},
    )
    return newest or day


def plan_grids(session: Session, place: TownshipInfo, plan: PlanInfo) -> Grids:
    """The grids of a plan alone."""
    scope = {"t": place.id, "plan": plan.id}
    _, row_of_area = _communities(session, scope, place.metric_srid)
    return _grids(session, scope, place.metric_srid, row_of_area)


def grids_renewed(
    session: Session, place: TownshipInfo, plan: PlanInfo, known: Grids, codes: Collection[str]
) -> Grids:
    """Grids of a plan that are known but for some, which are read anew, came or went."""
    scope = {"t": place.id, "plan": plan.id, "codes": list(codes)}
    _, row_of_area = _communities(session, scope, place.metric_srid)
    fresh = _grids(session, scope, place.metric_srid, row_of_area, some=True)
    stay = ~np.isin(known.code, np.array(list(codes), dtype=object))
    pairs = [(getattr(known, f.name)[stay], getattr(fresh, f.name)) for f in fields(Grids)]
    order = np.argsort(np.concatenate(pairs[0]).astype(str), kind="stable")
    return Grids(*(np.concatenate(pair)[order] for pair in pairs))


def limits_of(session: Session, township_id: int) -> Limits:
    """The thresholds of a township; Invalid if what is stored is none."""
    stored = session.scalar(
        text("SELECT limits FROM township WHERE area_id = :t"), {"t": township_id}
    )
    return Limits.of(stored or {})


def target_size(session: Session, township_id: int) -> tuple[int, Measure]:
    """How large a basic grid is to be by the township's setting; without one 300 residents."""
    stored = session.scalar(
        text("SELECT sizes FROM township WHERE area_id = :t"), {"t": township_id}
    )
    for size in sizes(stored or {}):
        if size.kind == "basic" and size.target >= 1:
            return round(size.target), MEASURES[size.measure]
    return 300, "residents"


def _communities(
    session: Session, scope: dict[str, Any], srid: int
) -> tuple[Communities, dict[int, int]]:
    rows = session.execute(
        text(
            "SELECT id, code, name, ST_AsBinary(geom) AS geom FROM area WHERE parent_id = :t "
            'ORDER BY code COLLATE "C"'
        ),
        scope,
    ).all()
    found = Communities(
        _texts(r.code for r in rows),
        _texts(r.name for r in rows),
        to_metric(_shapes(r.geom for r in rows), srid),
    )
    return found, {r.id: k for k, r in enumerate(rows)}


def _grids(
    session: Session,
    scope: dict[str, Any],
    srid: int,
    row_of_area: dict[int, int],
    *,
    some: bool = False,
) -> Grids:
    rows = session.execute(text(_SOME_GRIDS if some else _GRIDS), scope).all()
    foreign = [r.code for r in rows if r.community_id not in row_of_area]
    if foreign:
        raise Invalid(
            "{count} grids name a community that is not of this township.",
            count=len(foreign),
            grids=foreign,
        )
    lonlat = _shapes(r.geom for r in rows)
    return Grids(
        _texts(r.code for r in rows),
        _texts(r.name for r in rows),
        np.array([r.exclusive for r in rows], dtype=bool),
        _texts(r.host.strip() for r in rows),
        np.array([row_of_area[r.community_id] for r in rows], dtype=np.int64),
        lonlat,
        to_metric(lonlat, srid),
    )


def _houses(
    session: Session,
    scope: dict[str, Any],
    srid: int,
    *,
    row_of_area: dict[int, int],
    owning: GridLayer,
) -> Houses:
    codes, places = packed(session, _PLACE, _PLACES, scope, label="h.code")
    lonlat = np.column_stack([places["lon"], places["lat"]])
    # Whose ground they are on is found while the store counts the people.
    with ThreadPoolExecutor(1) as beside:
        owner = beside.submit(owning.owners, lonlat)
        _, people = packed(session, _LOAD, _LOADS, scope)
    # A house may come between the two statements.
    _, row, of = np.intersect1d(places["id"], people["id"], return_indices=True)

    def known(name: str, otherwise: int = 0) -> Ints:
        found = np.full(len(places), otherwise, dtype=np.int64)
        found[row] = people[name][of]
        return found

    return Houses(
        code=_texts(codes),
        lonlat=lonlat,
        xy_m=_metric(lonlat, srid),
        residents=known("residents"),
        households=known("households"),
        needs=np.column_stack([known(name) for name in NEEDS]),
        community=_looked_up(places["community"], row_of_area),
        last_visit=days(known("last_visit", NO_DAY)),
        grid=owner.result(),
    )


def _looked_up(ids: Ints, row_of: Mapping[int, int]) -> Ints:
    """The row of each number, ``NO_ROW`` of one that is not known."""
    known, at = np.unique(ids, return_inverse=True)
    rows = np.array([row_of.get(k, NO_ROW) for k in known.tolist()], dtype=np.int64)
    found: Ints = rows[at]
    return found


def _members(session: Session, scope: dict[str, Any]) -> Members:
    rows = session.execute(text(_MEMBERS), scope).all()
    return Members(
        _texts(r.grid_code for r in rows),
        _texts(r.role for r in rows),
        _ints(r.staff_id for r in rows),
        np.array([r.trained for r in rows], dtype=bool),
    )


def _events(
    session: Session, scope: dict[str, Any], srid: int, layers: Sequence[GridLayer]
) -> Events:
    _, rows = packed(session, _EVENT, _EVENTS, scope)
    lonlat = np.column_stack([rows["lon"], rows["lat"]])
    # Of whatever list an event's matter is: there are few of them in the store.
    known = session.execute(text(_MATTERS)).all()
    at = _looked_up(rows["matter"], {row.id: k for k, row in enumerate(known)})
    return Events(
        day=days(rows["day"]),
        matter=_texts(row.code for row in known)[at],
        major=_texts(row.major for row in known)[at],
        lonlat=lonlat,
        xy_m=_metric(lonlat, srid),
        grid=layered_owners(lonlat, layers),
    )


def _stations(session: Session, scope: dict[str, Any], srid: int) -> Stations:
    rows = session.execute(
        text(
            "SELECT code, kind, coalesce(grid_code, '') AS grid_code, ST_X(geom) AS lon, ST_Y(geom) AS lat FROM station "
            "WHERE township_id = :t AND location_status = 'ok' AND during @> CAST(:day AS date) "
            'ORDER BY code COLLATE "C"'
        ),
        scope,
    ).all()
    lonlat = np.array([(r.lon, r.lat) for r in rows], dtype=np.float64).reshape(-1, 2)
    return Stations(
        _texts(r.code for r in rows),
        _texts(r.kind for r in rows),
        _metric(lonlat, srid),
        _texts(r.grid_code for r in rows),
    )


def street_lines(session: Session, place: TownshipInfo) -> Geometries:
    """Centre lines of a township's streets in its metric CRS."""
    return _streets(session, {"t": place.id}, place.metric_srid)


def _streets(session: Session, scope: dict[str, Any], srid: int) -> Geometries:
    rows = session.execute(
        text(
            "SELECT ST_AsBinary(geom) AS geom FROM street WHERE township_id = :t "
            'ORDER BY code COLLATE "C"'
        ),
        scope,
    )
    return to_metric(_shapes(r.geom for r in rows), srid)


def parcel_borders(session: Session, place: TownshipInfo, lines: Sequence[Floats]) -> Geometries:
    """Borders of the township's parcels, in EPSG:4326, that come near one of some lines.

    Near: within about 100 m of the box around it.
    """
    boxes = [shapely.box(*line.min(axis=0), *line.max(axis=0)).wkb for line in lines]
    rows = session.execute(
        text(
            "SELECT ST_AsBinary(ST_Boundary(geom)) AS geom FROM parcel WHERE township_id = :t "
            "AND EXISTS (SELECT FROM unnest(CAST(:boxes AS bytea[])) AS b(wkb) "
            "WHERE geom && ST_Expand(ST_GeomFromWKB(b.wkb, 4326), 0.001)) ORDER BY id"
        ),
        {"t": place.id, "boxes": boxes},
    )
    return _shapes(row.geom for row in rows)


def _metric(lonlat: Floats, srid: int) -> Floats:
    return np.column_stack(points_to_metric(lonlat[:, 0], lonlat[:, 1], srid))


def _shapes(blobs: Any) -> Geometries:
    values = [None if b is None else bytes(b) for b in blobs]
    out: Geometries = np.empty(len(values), dtype=object)
    out[:] = shapely.from_wkb(values)
    return out


def _texts(values: Any) -> Texts:
    listed = list(values)
    out: Texts = np.empty(len(listed), dtype=object)
    out[:] = listed
    return out


def _ints(values: Any) -> Ints:
    return np.fromiter(values, dtype=np.int64)


_PLACE = {
    "id": ("i8", "h.id"),
    "community": ("i8", "coalesce(h.community_id, 0)"),
    "lon": ("f8", "ST_X(h.geom)"),
    "lat": ("f8", "ST_Y(h.geom)"),
}
_PLACES = """
FROM house h WHERE h.township_id = :t
ORDER BY h.code COLLATE "C"
"""

_LOAD = {
    "id": ("i8", "l.house_id"),
    "residents": ("i4", "l.residents"),
    "households": ("i4", "l.households"),
    "last_visit": ("i4", day("l.last_visit")),
    **{name: ("i4", f"l.{name}") for name in NEEDS},
}
_LOADS = "FROM house_loads(:t, :day) l"

_MEMBERS = """
SELECT m.grid_code, m.role, m.staff_id, EXISTS (
    SELECT FROM training_attendee a JOIN training t ON t.id = a.training_id
    WHERE a.staff_id = m.staff_id AND t.kind = 'training' AND t.held_on <= :day
      AND (t.expires_on IS NULL OR t.expires_on >= :day)) AS trained
FROM team_member m
WHERE m.township_id = :t AND m.during @> CAST(:day AS date)
ORDER BY m.grid_code, m.role, m.staff_id
"""

_EVENT = {
    "day": ("i4", day("(e.reported_at AT TIME ZONE :zone)::date")),
    "matter": ("i8", "e.matter_id"),
    "lon": ("f8", "ST_X(e.geom)"),
    "lat": ("f8", "ST_Y(e.geom)"),
}
_EVENTS = """
FROM event e
WHERE e.township_id = :t
  AND e.reported_at < (CAST(:day AS date) + 1)::timestamp AT TIME ZONE :zone
ORDER BY e.reported_at, e.code COLLATE "C"
"""

_MATTERS = """
SELECT m.id, m.code, coalesce(major.code, '') AS major
FROM matter m LEFT JOIN matter major ON major.id = m.parent_id ORDER BY m.id
"""
_ANY_MEMBER = "SELECT EXISTS (SELECT FROM team_member WHERE township_id = :t)"
_ANY_TRAINING = "SELECT EXISTS (SELECT FROM training WHERE township_id = :t)"
_OF_PLAN = """
SELECT code, name, kind = 'exclusive' AS exclusive, coalesce(host, '') AS host,
       community_id, ST_AsBinary(geom) AS geom FROM grid WHERE plan_id = :plan
"""
_GRIDS = f'{_OF_PLAN} ORDER BY code COLLATE "C"'
_SOME_GRIDS = f'{_OF_PLAN} AND code = ANY(:codes) ORDER BY code COLLATE "C"'
