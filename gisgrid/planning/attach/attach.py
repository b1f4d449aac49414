"""Which grid does each house and event lie in, under a plan?

All of a township go through the locator (``attach``); a few rows inside a transaction are asked of
PostGIS (``attach_rows``); tests hold the two equal. What comes in or moves is attached to every dated
plan (``attach_dated``): to those that were in force, so that they can still be asked about, and to those
that wait, so that they are complete on their first day.

The rule of one owner: of the grids that cover a point (border included) the one with the lowest code
owns it. In overlay mode the owner is a basic grid, and an exclusive grid may lie over it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import NotFound
from gisgrid.core.heavy import Heavy
from gisgrid.planning.attach.rule import Kind, Rule

if TYPE_CHECKING:
    from gisgrid.planning.attach import bulk
else:
    bulk = Heavy("gisgrid.planning.attach.bulk")

ONE_BY_ONE = 300
"""So many places are asked of PostGIS sooner than the locator of a plan is built."""


@dataclass(frozen=True)
class Counts:
    """Where the places of one kind stand; the first three add up to ``loaded``."""

    attached: int
    outside: int
    unlocated: int
    near_border: int
    """Of the attached and outside ones, those within the township's ``near_border_m``."""

    @property
    def loaded(self) -> int:
        return self.attached + self.outside + self.unlocated


@dataclass(frozen=True)
class Claim:
    """A thing on the exceptions list, near which events belong to its grid."""

    asset: str
    """Its name."""
    grid_code: str


def claimed(session: Session, plan_id: int, lon: float, lat: float, at: datetime) -> Claim | None:
    """The thing whose grid an event at a place (EPSG:4326) and moment (aware) would have; or None.

    As `attach_rows` decides: the nearest of those that reach the place that day; none whose grid is
    not in the plan.
    """
    values = {**vars(_rule(session, plan_id)), "lon": lon, "lat": lat, "at": at}
    row = session.execute(text(_CLAIM), values).one_or_none()
    return None if row is None else Claim(row.name, row.code)


def attach(session: Session, plan_id: int, kind: Kind) -> Counts:
    """Give all houses or events of a plan's township their grid under it, and count them.

    Raises
    ------
    NotFound
        No such plan.
    """
    rule = _rule(session, plan_id)
    session.execute(text(_FORGET.format(kind=kind, only="")), vars(rule))
    bulk.attach_all(session, rule, kind)
    if kind == "event":
        _by_asset(session, vars(rule))
        session.execute(text(_KEEP_REPORTED.format(only="")), vars(rule))
    return counts(session, plan_id, kind)


def attach_rows(session: Session, plan_id: int, kind: Kind, ids: Sequence[int]) -> None:
    """Give some houses or events their grid under a plan: just inserted or moved, or about an edit.

    Few are asked of PostGIS, many of the locator; the answers are the same.

    Raises
    ------
    NotFound
        No such plan.
    """
    rule = _rule(session, plan_id)
    values = {**vars(rule), "ids": list(ids)}
    only = "AND o.id = ANY(:ids)"
    session.execute(text(_FORGET.format(kind=kind, only=only)), values)
    if len(ids) > ONE_BY_ONE:
        bulk.attach_all(session, rule, kind, ids)
    else:
        session.execute(text(_ATTACH.format(kind=kind)), values)
    if kind == "event":
        _by_asset(session, values, only)
        session.execute(text(_KEEP_REPORTED.format(only=only)), values)


def attach_dated(
    session: Session, township_id: int, kind: Kind, ids: Sequence[int] | None = None
) -> dict[int, Counts]:
    """Give houses or events of a township, all or some, their grid under each of its dated plans.

    The counts by plan come back, in the order of the plans' days; none where only some were asked for.
    """
    plan_ids = session.scalars(
        text(
            "SELECT id FROM plan WHERE township_id = :t AND validity IS NOT NULL "
            "ORDER BY lower(validity)"
        ),
        {"t": township_id},
    ).all()
    if ids is None:
        return {plan_id: attach(session, plan_id, kind) for plan_id in plan_ids}
    for plan_id in plan_ids:
        attach_rows(session, plan_id, kind, ids)
    return {}


def complete(session: Session, plan_id: int, kind: Kind, *, most: int) -> int:
    """Attach up to ``most`` located houses or events that were never asked under a plan; how many.

    The plan is held meanwhile, so that nobody draws under the answers.
    """
    session.execute(text("SELECT FROM plan WHERE id = :plan FOR UPDATE"), {"plan": plan_id})
    values = {"plan": plan_id, "most": most}
    ids = session.scalars(text(_UNASKED.format(kind=kind)), values).all()
    if ids:
        attach_rows(session, plan_id, kind, ids)
    return len(ids)


def unasked(session: Session, plan_id: int, kind: Kind) -> bool:
    """Whether a located house or event was never attached under a plan of its township."""
    found = session.scalar(text(_UNASKED.format(kind=kind)), {"plan": plan_id, "most": 1})
    return found is not None


def _by_asset(session: Session, values: Mapping[str, Any], only: str = "") -> None:
    """Give events about things on the exceptions list the grid of the thing."""
    # Most towns have no list, and a statement over an empty table is the hardest to plan.
    if session.scalar(
        text("SELECT EXISTS (SELECT FROM asset WHERE township_id = :township)"), values
    ):
        session.execute(text(_BY_ASSET.format(only=only)), values)


def _rule(session: Session, plan_id: int) -> Rule:
    row = session.execute(
        text(
            "SELECT p.id AS plan, p.township_id AS township, t.grid_rule = 'overlay' AS overlay, "
            "t.near_border_m AS near_m, t.metric_srid AS srid "
            "FROM plan p JOIN township t ON t.area_id = p.township_id WHERE p.id = :plan"
        ),
        {"plan": plan_id},
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no plan {plan_id}.", zh=f"没有编号为 {plan_id} 的方案。")
    return Rule(**row._mapping)


def counts(session: Session, plan_id: int, kind: Kind) -> Counts:
    """Where the houses or events of a plan's township stand under that plan."""
    row = session.execute(text(_COUNT.format(kind=kind)), {"plan": plan_id}).one()
    return Counts(**row._mapping)


# A place that lost its point has no answer any more. Which ones did is asked first: nothing is known
# yet of how many rows a new plan has.
_FORGET = """
WITH lost AS MATERIALIZED (
    SELECT o.id FROM {kind} o WHERE o.township_id = :township AND o.place <> 'ok' {only}
)
DELETE FROM {kind}_grid a USING lost WHERE a.plan_id = :plan AND a.{kind}_id = lost.id
"""

# Metres to the nearest border: a straight line in degrees is kept within 2 cm of its image in the
# metric CRS by pieces of about 1 km (0.01 degrees), as in locate.borders.
_ATTACH = """
WITH place AS MATERIALIZED (
    SELECT o.id, o.geom FROM {kind} o
    WHERE o.township_id = :township AND o.place = 'ok' AND o.id = ANY(:ids)
), about AS MATERIALIZED (
    SELECT o.id, o.geom, g.id AS grid_id, g.code, g.kind, g.geom AS ground
    FROM place o JOIN grid g ON g.plan_id = :plan AND g.geom && ST_Expand(o.geom,
        reach_in_degrees(CAST(:near_m AS float8), ST_Y(o.geom)))
), own AS (
    SELECT DISTINCT ON (id) id, grid_id FROM about
    WHERE (kind = 'basic' OR NOT :overlay) AND ST_Covers(ground, geom)
    ORDER BY id, code COLLATE "C"
), over AS (
    SELECT DISTINCT ON (id) id, grid_id FROM about
    WHERE :overlay AND kind = 'exclusive' AND ST_Covers(ground, geom)
    ORDER BY id, code COLLATE "C"
), near AS (
    SELECT id, min(ST_Distance(ST_Transform(geom, :srid), ST_Transform(
        ST_Segmentize(ST_Boundary(ground), 0.01), :srid))) AS border_m
    FROM about GROUP BY id
)
INSERT INTO {kind}_grid AS a (plan_id, {kind}_id, grid_id, exclusive_grid_id, border_m)
SELECT :plan, o.id, own.grid_id, over.grid_id,
       CASE WHEN near.border_m <= :near_m THEN near.border_m END
FROM place o
LEFT JOIN own ON own.id = o.id
LEFT JOIN over ON over.id = o.id
LEFT JOIN near ON near.id = o.id
ON CONFLICT (plan_id, {kind}_id) DO UPDATE
SET grid_id = excluded.grid_id, exclusive_grid_id = excluded.exclusive_grid_id,
    border_m = excluded.border_m
WHERE (a.grid_id, a.exclusive_grid_id, a.border_m)
      IS DISTINCT FROM (excluded.grid_id, excluded.exclusive_grid_id, excluded.border_m)
"""

# A thing on the exceptions list belongs to its grid wherever it stands; so do the events about it: those
# that name it, and those within its reach on a day when it is on the list (the nearest thing's).
_NEAREST = """
    SELECT id, asset_id, grid_code FROM (
        SELECT DISTINCT ON (o.id) o.id, s.id AS asset_id, s.grid_code, far.m <= s.reach_m AS reached
        FROM asset s JOIN township t ON t.area_id = s.township_id
        JOIN {of} o ON o.township_id = s.township_id AND o.geom && ST_Expand(s.geom,
            s.reach_m / (110500 * cos(radians(least(abs(ST_Y(s.geom)) + 0.2, 89)))))
        CROSS JOIN LATERAL (SELECT ST_Distance(
            ST_Transform(o.geom, :srid), ST_Transform(s.geom, :srid)) AS m) far
        WHERE s.township_id = :township AND s.reach_m > 0
          AND s.during @> (o.reported_at AT TIME ZONE t.time_zone)::date {only}
        ORDER BY o.id, far.m <= s.reach_m DESC, far.m, s.code COLLATE "C"
    ) near WHERE reached
"""
_BY_ASSET = f"""
WITH about AS (
    SELECT o.id, s.grid_code FROM event o JOIN asset s ON s.id = o.asset_id
    WHERE o.township_id = :township {{only}}
    UNION ALL
    SELECT id, grid_code FROM (
        {_NEAREST.format(of="event", only="AND o.asset_id IS NULL AND o.place = 'ok' {only}")}) n
)
INSERT INTO event_grid AS a (plan_id, event_id, grid_id)
SELECT :plan, about.id, g.id
FROM about JOIN grid g ON g.plan_id = :plan AND g.code = about.grid_code
ON CONFLICT (plan_id, event_id) DO UPDATE SET grid_id = excluded.grid_id
WHERE a.grid_id IS DISTINCT FROM excluded.grid_id
"""  # noqa: S608 - put together from parts that stand here
_SPOT = """(SELECT 0 AS id, CAST(:township AS bigint) AS township_id,
    ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) AS geom, CAST(:at AS timestamptz) AS reported_at)"""
_CLAIM = f"""
SELECT s.name, g.code FROM ({_NEAREST.format(of=_SPOT, only="")}) n
JOIN asset s ON s.id = n.asset_id
JOIN grid g ON g.plan_id = :plan AND g.code = n.grid_code
"""  # noqa: S608 - put together from parts that stand here

# The grid at report time is kept for ever; it is that of the plan in force on the day of the report,
# or of today's where no plan was in force then.
_KEEP_REPORTED = """
WITH unkept AS MATERIALIZED (
    SELECT o.id FROM event o WHERE o.township_id = :township AND o.grid_code IS NULL {only}
)
UPDATE event o SET grid_code = g.code
FROM unkept JOIN event_grid a ON a.event_id = unkept.id JOIN grid g ON g.id = a.grid_id JOIN plan p ON p.id = a.plan_id
JOIN township t ON t.area_id = p.township_id
WHERE a.plan_id = :plan AND unkept.id = o.id
  AND (p.validity @> (o.reported_at AT TIME ZONE t.time_zone)::date
       OR (p.id IN (SELECT id FROM plan_in_force) AND NOT EXISTS (
           SELECT FROM plan q WHERE q.township_id = p.township_id
           AND q.validity @> (o.reported_at AT TIME ZONE t.time_zone)::date)))
"""

_UNASKED = """
SELECT o.id FROM {kind} o JOIN plan p ON p.township_id = o.township_id
WHERE p.id = :plan AND o.place = 'ok'
  AND NOT EXISTS (SELECT FROM {kind}_grid a WHERE a.plan_id = p.id AND a.{kind}_id = o.id)
LIMIT :most
"""

_COUNT = """
SELECT count(*) FILTER (WHERE a.grid_id IS NOT NULL) AS attached,
       count(*) FILTER (WHERE o.place = 'ok' AND a.grid_id IS NULL) AS outside,
       count(*) FILTER (WHERE o.place <> 'ok') AS unlocated,
       count(*) FILTER (WHERE a.border_m IS NOT NULL) AS near_border
FROM {kind} o LEFT JOIN {kind}_grid a ON a.{kind}_id = o.id AND a.plan_id = :plan
WHERE o.township_id = (SELECT township_id FROM plan WHERE id = :plan)
"""
