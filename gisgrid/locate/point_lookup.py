"""Which grid is this in, who answers for it, and how sure is that? Two roads, one answer.

``take`` brings a whole plan into memory, where ``in_snapshot`` answers without the database: the road
of the web and of many points. ``in_store`` asks PostGIS for one point inside a transaction. Tests hold
them equal.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import date

import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.crs import reach_in_degrees
from gisgrid.core.errors import OutsideCoverage
from gisgrid.core.places import check_place
from gisgrid.core.plans import PlanInfo, TownshipInfo
from gisgrid.locate.locator import Locator, Near

OTHER_WITHIN_M = 15.0
"""Grids up to this far are named beside the answer: about what a phone's position is good for."""


@dataclass(frozen=True)
class LookupCard:
    """What is told of a grid; no telephone number is in it."""

    code: str
    name: str
    kind: str
    host: str | None
    community_code: str
    community: str
    leader: str | None


@dataclass(frozen=True)
class Other:
    """Another grid near by."""

    card: LookupCard
    distance_m: float


@dataclass(frozen=True)
class PointLookup:
    """The answer for one point under one plan."""

    lon: float
    lat: float
    township: TownshipInfo
    plan: PlanInfo
    grid: LookupCard
    exclusive: LookupCard | None
    """In overlay mode the exclusive grid over the point."""
    border_m: float
    others: tuple[Other, ...]
    """The other candidates within ``OTHER_WITHIN_M``, nearest first."""


@dataclass(frozen=True)
class Snapshot:
    """A plan in memory."""

    place: TownshipInfo
    plan: PlanInfo
    cards: dict[str, LookupCard]
    owners: Locator
    """Of the grids that own: all in hole mode, the basic ones in overlay mode."""
    over: Locator | None
    """Of the exclusive grids in overlay mode."""


def take(
    session: Session, place: TownshipInfo, plan: PlanInfo, *, day: date | None = None
) -> Snapshot:
    """A plan with its grids' cards; leaders are those of ``day`` (none: today)."""
    rows = session.execute(text(_CARDS), _values(place, plan, day)).all()
    cards = {row.code: _card(row) for row in rows}
    overlay = place.grid_rule == "overlay"

    def locator(kinds: set[str]) -> Locator:
        chosen = [row for row in rows if row.kind in kinds]
        polygons = shapely.from_wkb([bytes(row.geom) for row in chosen])
        return Locator.build(list(polygons), [row.code for row in chosen])

    return Snapshot(
        place=place,
        plan=plan,
        cards=cards,
        owners=locator({"basic"} if overlay else {"basic", "exclusive"}),
        over=locator({"exclusive"}) if overlay else None,
    )


def in_snapshot(snapshot: Snapshot, lon: float, lat: float) -> PointLookup:
    """The grid of a point, out of memory.

    Raises
    ------
    Invalid
        The point is no longitude and latitude.
    OutsideCoverage
        No grid covers the point; ``facts`` name the nearest one and its distance.
    """
    check_place(lon, lat)
    found = snapshot.owners.locate(lon, lat, within_m=OTHER_WITHIN_M)
    if found is None:
        raise _outside(snapshot.owners.nearest(lon, lat), snapshot.cards, snapshot.plan)
    over = None
    if snapshot.over is not None:
        at = snapshot.over.place(lon, lat)
        over = snapshot.cards[snapshot.over.codes[at]] if at >= 0 else None
    return PointLookup(
        lon=lon,
        lat=lat,
        township=snapshot.place,
        plan=snapshot.plan,
        grid=snapshot.cards[found.code],
        exclusive=over,
        border_m=found.border_m,
        others=tuple(Other(snapshot.cards[o.code], o.distance_m) for o in found.other),
    )


def in_store(
    session: Session,
    place: TownshipInfo,
    plan: PlanInfo,
    lon: float,
    lat: float,
    *,
    day: date | None = None,
) -> PointLookup:
    """The grid of a point, asked of PostGIS; raises as ``in_snapshot``."""
    check_place(lon, lat)
    values = {
        **_values(place, plan, day),
        "lon": lon,
        "lat": lat,
        "srid": place.metric_srid,
        "overlay": place.grid_rule == "overlay",
    }
    # A wide look first, so that somebody outside still learns which grid is nearest.
    reach = reach_in_degrees(OTHER_WITHIN_M, lat)
    rows = session.execute(text(_NEAR), {**values, "reach": reach}).all()
    owners = [r for r in rows if r.inside and (r.kind == "basic" or not values["overlay"])]
    if not owners:
        nearest = session.execute(text(_NEAREST), values).one_or_none()
        near = Near(nearest.code, nearest.distance_m) if nearest else None
        cards = {nearest.code: _card(nearest)} if nearest else {}
        raise _outside(near, cards, plan)
    own = min(owners, key=lambda row: row.code)
    over = [r for r in rows if values["overlay"] and r.inside and r.kind == "exclusive"]
    others = sorted(
        (
            Other(_card(r), 0.0 if r.inside else r.border_m)
            for r in rows
            if r.code != own.code
            and (r.kind == "basic" or not values["overlay"])
            and (r.inside or r.border_m <= OTHER_WITHIN_M)
        ),
        key=lambda other: (other.distance_m, other.card.code),
    )
    return PointLookup(
        lon=lon,
        lat=lat,
        township=place,
        plan=plan,
        grid=_card(own),
        exclusive=_card(min(over, key=lambda row: row.code)) if over else None,
        border_m=own.border_m,
        others=tuple(others),
    )


def _outside(nearest: Near | None, cards: dict[str, LookupCard], plan: PlanInfo) -> OutsideCoverage:
    if nearest is None:
        return OutsideCoverage(
            "Plan {plan_name!r} has no grids.", plan_name=plan.name, plan=plan.id
        )
    card = cards[nearest.code]
    metres = round(nearest.distance_m, 1)
    return OutsideCoverage(
        "No grid of plan {plan_name!r} covers this place; the nearest is {nearest_name} ({nearest}), "
        "{distance_m} m away.",
        plan_name=plan.name,
        nearest=card.code,
        nearest_name=card.name,
        distance_m=metres,
        plan=plan.id,
    )


def _values(place: TownshipInfo, plan: PlanInfo, day: date | None) -> dict[str, object]:
    return {"plan": plan.id, "township": place.id, "zone": place.time_zone, "day": day}


def _card(row: object) -> LookupCard:
    fields = [f.name for f in dataclasses.fields(LookupCard) if f.default is dataclasses.MISSING]
    return LookupCard(**{name: getattr(row, name) for name in fields})


_CARD = """
g.code, g.name, g.kind, g.host, c.code AS community_code, c.name AS community, (
    SELECT l.name FROM grid_leader l
    WHERE l.township_id = :township AND l.grid_code = g.code
      AND l.during @> coalesce(CAST(:day AS date), day_in(:zone)) LIMIT 1) AS leader
"""

_CARDS = f"""
SELECT {_CARD}, ST_AsBinary(g.geom) AS geom
FROM grid g JOIN area c ON c.id = g.community_id
WHERE g.plan_id = :plan ORDER BY g.code COLLATE "C"
"""  # noqa: S608 - put together from parts that stand here

_POINT = "ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)"

_BORDER = f"""ST_Distance(ST_Transform({_POINT}, :srid),
    ST_Transform(ST_Segmentize(ST_Boundary(g.geom), 0.01), :srid))"""

_NEAR = f"""
SELECT {_CARD}, ST_Covers(g.geom, {_POINT}) AS inside, {_BORDER} AS border_m
FROM grid g JOIN area c ON c.id = g.community_id
WHERE g.plan_id = :plan AND g.geom && ST_Expand({_POINT}, :reach)
"""  # noqa: S608 - put together from parts that stand here

# The index orders by degrees; of the first few by degrees the nearest in metres is the answer.
_NEAREST = f"""
SELECT * FROM (
    SELECT {_CARD}, {_BORDER} AS distance_m
    FROM (SELECT * FROM grid WHERE plan_id = :plan AND (kind = 'basic' OR NOT :overlay)
          ORDER BY geom <-> {_POINT} LIMIT 16) g
    JOIN area c ON c.id = g.community_id) n
ORDER BY distance_m, code COLLATE "C" LIMIT 1
"""  # noqa: S608 - put together from parts that stand here
