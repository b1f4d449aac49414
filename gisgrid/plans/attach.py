"""Which grid does each house and event lie in, under a plan? Answered in SQL, set by set.

The rule of one owner: of the grids that cover a point (border included) the one with the lowest code
owns it. In overlay mode the owner is a basic grid, and an exclusive grid may lie over it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.errors import NotFound

Kind = Literal["house", "event"]


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


def attach(session: Session, plan_id: int, kind: Kind) -> Counts:
    """Give all houses or events of a plan's township their grid under it, and count them.

    Raises
    ------
    NotFound
        No such plan.
    """
    _run(session, plan_id, kind, only="", near=_NEAR_ALL)
    return counts(session, plan_id, kind)


def attach_rows(session: Session, plan_id: int, kind: Kind, ids: Sequence[int]) -> None:
    """Give some houses or events, just inserted or moved, their grid under a plan.

    Raises
    ------
    NotFound
        No such plan.
    """
    _run(session, plan_id, kind, only="AND o.id = ANY(:ids)", near=_NEAR_SOME, ids=list(ids))


def _run(
    session: Session,
    plan_id: int,
    kind: Kind,
    *,
    only: str,
    near: str,
    ids: list[int] | None = None,
) -> None:
    row = session.execute(
        text(
            "SELECT p.township_id, t.grid_rule, t.near_border_m, t.metric_srid FROM plan p "
            "JOIN township t ON t.area_id = p.township_id WHERE p.id = :plan"
        ),
        {"plan": plan_id},
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no plan {plan_id}.", zh=f"没有编号为 {plan_id} 的方案。")
    values = {
        "plan": plan_id,
        "township": row.township_id,
        "overlay": row.grid_rule == "overlay",
        "near_m": row.near_border_m,
        "srid": row.metric_srid,
    } | ({"ids": ids} if ids is not None else {})
    names = {"kind": kind, "only": only}
    session.execute(text(_FORGET.format(**names)), values)
    session.execute(text(_ATTACH.format(near=near.format(**names), **names)), values)
    if kind == "event":
        session.execute(text(_KEEP_REPORTED.format(only=only)), values)


def counts(session: Session, plan_id: int, kind: Kind) -> Counts:
    """Where the houses or events of a plan's township stand under that plan."""
    row = session.execute(text(_COUNT.format(kind=kind)), {"plan": plan_id}).one()
    return Counts(**row._mapping)


# Metres to the nearest border. A straight line in degrees is kept within 2 cm of its image in the
# metric CRS by pieces of about 1 km (0.01 degrees).
# For many places the borders are cut into short pieces, whose boxes are small, and ask for the places.
_NEAR_ALL = """
piece AS MATERIALIZED (
    SELECT p.geom AS degrees, ST_Transform(p.geom, :srid) AS metres,
           :near_m / (111000 * cos(radians(least(greatest(abs(ST_YMin(p.geom)),
                                                          abs(ST_YMax(p.geom))), 89)))) AS reach
    FROM grid g, ST_Subdivide(ST_Segmentize(ST_Boundary(g.geom), 0.01), 16) AS p(geom)
    WHERE g.plan_id = :plan
), near AS (
    SELECT o.id, min(ST_Distance(ST_Transform(o.geom, :srid), piece.metres)) AS border_m
    FROM piece JOIN {kind} o ON o.geom && ST_Expand(piece.degrees, piece.reach)
    WHERE o.township_id = :township {only}
    GROUP BY o.id
)
"""

# For a few places, each asks the grids about it.
_NEAR_SOME = """
near AS (
    SELECT o.id, min(ST_Distance(ST_Transform(o.geom, :srid), ST_Transform(
        ST_Segmentize(ST_Boundary(g.geom), 0.01), :srid))) AS border_m
    FROM {kind} o JOIN grid g ON g.plan_id = :plan AND g.geom && ST_Expand(o.geom,
        :near_m / (111000 * cos(radians(least(abs(ST_Y(o.geom)), 89)))))
    WHERE o.township_id = :township {only}
    GROUP BY o.id
)
"""

# A place that lost its point has no answer any more.
_FORGET = """
DELETE FROM {kind}_grid a USING {kind} o
WHERE a.plan_id = :plan AND a.{kind}_id = o.id AND o.place <> 'ok' {only}
"""

# Driven from the polygons: each is prepared once and asked for the points in its box, which is
# several times faster than asking the polygons' index point by point.
_ATTACH = """
WITH own AS (
    SELECT DISTINCT ON (o.id) o.id, g.id AS grid_id
    FROM grid g JOIN {kind} o ON ST_Covers(g.geom, o.geom)
    WHERE g.plan_id = :plan AND o.township_id = :township
      AND (g.kind = 'basic' OR NOT :overlay) {only}
    ORDER BY o.id, g.code COLLATE "C"
), over AS (
    SELECT DISTINCT ON (o.id) o.id, g.id AS grid_id
    FROM grid g JOIN {kind} o ON ST_Covers(g.geom, o.geom)
    WHERE :overlay AND g.plan_id = :plan AND o.township_id = :township
      AND g.kind = 'exclusive' {only}
    ORDER BY o.id, g.code COLLATE "C"
), {near}
INSERT INTO {kind}_grid AS a (plan_id, {kind}_id, grid_id, exclusive_grid_id, border_m)
SELECT :plan, o.id, own.grid_id, over.grid_id,
       CASE WHEN near.border_m <= :near_m THEN near.border_m END
FROM {kind} o
LEFT JOIN own ON own.id = o.id
LEFT JOIN over ON over.id = o.id
LEFT JOIN near ON near.id = o.id
WHERE o.township_id = :township AND o.place = 'ok' {only}
ON CONFLICT (plan_id, {kind}_id) DO UPDATE
SET grid_id = excluded.grid_id, exclusive_grid_id = excluded.exclusive_grid_id,
    border_m = excluded.border_m
WHERE (a.grid_id, a.exclusive_grid_id, a.border_m)
      IS DISTINCT FROM (excluded.grid_id, excluded.exclusive_grid_id, excluded.border_m)
"""

# The grid at report time is kept for ever; it is that of the plan in force on the day of the report,
# or of the plan at hand where no plan was in force then.
_KEEP_REPORTED = """
UPDATE event o SET grid_code = g.code
FROM event_grid a JOIN grid g ON g.id = a.grid_id JOIN plan p ON p.id = a.plan_id
JOIN township t ON t.area_id = p.township_id
WHERE a.plan_id = :plan AND a.event_id = o.id AND o.grid_code IS NULL
  AND (p.validity @> (o.reported_at AT TIME ZONE t.time_zone)::date
       OR (p.state = 'published' AND NOT EXISTS (
           SELECT FROM plan q WHERE q.township_id = p.township_id
           AND q.validity @> (o.reported_at AT TIME ZONE t.time_zone)::date))) {only}
"""

_COUNT = """
SELECT count(*) FILTER (WHERE a.grid_id IS NOT NULL) AS attached,
       count(*) FILTER (WHERE o.place = 'ok' AND a.grid_id IS NULL) AS outside,
       count(*) FILTER (WHERE o.place <> 'ok') AS unlocated,
       count(*) FILTER (WHERE a.border_m IS NOT NULL) AS near_border
FROM {kind} o LEFT JOIN {kind}_grid a ON a.{kind}_id = o.id AND a.plan_id = :plan
WHERE o.township_id = (SELECT township_id FROM plan WHERE id = :plan)
"""
