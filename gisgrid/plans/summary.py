"""What a township holds, community by community; the totals reconcile to the last person."""

from __future__ import annotations

from dataclasses import dataclass, fields

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class CommunityRow:
    """Counts of one community; places known to lie in none stand in a row without a code."""

    code: str | None
    name: str | None
    basic: int
    exclusive: int
    houses: int
    households: int
    residents: int
    events: int
    uncovered_houses: int
    uncovered_residents: int


@dataclass(frozen=True)
class GridRow:
    """Counts of one grid."""

    code: str
    name: str
    kind: str
    community: str
    houses: int
    households: int
    residents: int
    events: int
    open_events: int


def by_community(session: Session, plan_id: int) -> list[CommunityRow]:
    """Counts per community under a plan, by code; each house and event in exactly one row.

    A house counts where its grid lies; without a grid, where its point lies; without a point, where
    the register says. Uncovered: in no grid, with or without a point.
    """
    return [
        CommunityRow(**r) for r in session.execute(text(_COMMUNITY), {"plan": plan_id}).mappings()
    ]


def by_grid(session: Session, plan_id: int) -> list[GridRow]:
    """Counts per grid under a plan, by code; in overlay mode houses count in their basic grid."""
    return [GridRow(**r) for r in session.execute(text(_GRID), {"plan": plan_id}).mappings()]


def total(rows: list[CommunityRow]) -> CommunityRow:
    """The sum of all rows, without code and name."""
    sums = {
        f.name: sum(getattr(row, f.name) for row in rows)
        for f in fields(CommunityRow)
        if f.type == "int"
    }
    return CommunityRow(code=None, name=None, **sums)


_COMMUNITY = """
WITH scope AS (
    SELECT id AS plan_id, township_id FROM plan WHERE id = :plan
), community AS (
    SELECT a.id, a.code, a.name, a.geom FROM area a JOIN scope ON a.parent_id = scope.township_id
), placed AS MATERIALIZED (
    SELECT h.id, a.grid_id IS NULL AS uncovered,
           CASE WHEN a.grid_id IS NOT NULL THEN g.community_id
                WHEN h.geom IS NOT NULL THEN (SELECT c.id FROM community c
                    WHERE ST_Covers(c.geom, h.geom) ORDER BY c.code COLLATE "C" LIMIT 1)
                ELSE h.community_id END AS community_id
    FROM scope JOIN house h ON h.township_id = scope.township_id
    LEFT JOIN house_grid a ON a.house_id = h.id AND a.plan_id = scope.plan_id
    LEFT JOIN grid g ON g.id = a.grid_id
), people AS (
    SELECT f.house_id, count(DISTINCT f.id) AS households, count(r.id) AS residents
    FROM scope JOIN household f ON f.township_id = scope.township_id
    LEFT JOIN resident r ON r.household_id = f.id
    GROUP BY f.house_id
), houses AS (
    SELECT p.community_id, count(*) AS houses, sum(coalesce(n.households, 0)) AS households,
           sum(coalesce(n.residents, 0)) AS residents,
           count(*) FILTER (WHERE p.uncovered) AS uncovered_houses,
           coalesce(sum(n.residents) FILTER (WHERE p.uncovered), 0) AS uncovered_residents
    FROM placed p LEFT JOIN people n ON n.house_id = p.id
    GROUP BY p.community_id
), happened AS (
    SELECT CASE WHEN a.grid_id IS NOT NULL THEN g.community_id
                WHEN e.geom IS NOT NULL THEN (SELECT c.id FROM community c
                    WHERE ST_Covers(c.geom, e.geom) ORDER BY c.code COLLATE "C" LIMIT 1)
                ELSE e.community_id END AS community_id, count(*) AS events
    FROM scope JOIN event e ON e.township_id = scope.township_id
    LEFT JOIN event_grid a ON a.event_id = e.id AND a.plan_id = scope.plan_id
    LEFT JOIN grid g ON g.id = a.grid_id
    GROUP BY 1
), grids AS (
    SELECT community_id, count(*) FILTER (WHERE kind = 'basic') AS basic,
           count(*) FILTER (WHERE kind = 'exclusive') AS exclusive
    FROM grid JOIN scope ON grid.plan_id = scope.plan_id GROUP BY community_id
), named AS (
    SELECT id, code, name FROM community UNION ALL SELECT NULL, NULL, NULL
)
SELECT n.code, n.name, coalesce(g.basic, 0) AS basic, coalesce(g.exclusive, 0) AS exclusive,
       coalesce(h.houses, 0) AS houses, coalesce(h.households, 0)::bigint AS households,
       coalesce(h.residents, 0)::bigint AS residents, coalesce(e.events, 0)::bigint AS events,
       coalesce(h.uncovered_houses, 0) AS uncovered_houses,
       coalesce(h.uncovered_residents, 0)::bigint AS uncovered_residents
FROM named n
LEFT JOIN grids g ON g.community_id = n.id
LEFT JOIN houses h ON h.community_id IS NOT DISTINCT FROM n.id
LEFT JOIN happened e ON e.community_id IS NOT DISTINCT FROM n.id
WHERE n.code IS NOT NULL OR h.houses > 0 OR e.events > 0
ORDER BY n.code COLLATE "C" NULLS LAST
"""

_GRID = """
WITH people AS (
    SELECT a.grid_id, count(DISTINCT a.house_id) AS houses, count(DISTINCT f.id) AS households,
           count(r.id) AS residents
    FROM house_grid a
    LEFT JOIN household f ON f.house_id = a.house_id
    LEFT JOIN resident r ON r.household_id = f.id
    WHERE a.plan_id = :plan GROUP BY a.grid_id
), happened AS (
    SELECT coalesce(a.exclusive_grid_id, a.grid_id) AS grid_id, count(*) AS events,
           count(*) FILTER (WHERE e.closed_at IS NULL) AS open_events
    FROM event_grid a JOIN event e ON e.id = a.event_id
    WHERE a.plan_id = :plan GROUP BY 1
)
SELECT g.code, g.name, g.kind, c.code AS community, coalesce(p.houses, 0) AS houses,
       coalesce(p.households, 0) AS households, coalesce(p.residents, 0) AS residents,
       coalesce(h.events, 0) AS events, coalesce(h.open_events, 0) AS open_events
FROM grid g JOIN area c ON c.id = g.community_id
LEFT JOIN people p ON p.grid_id = g.id
LEFT JOIN happened h ON h.grid_id = g.id
WHERE g.plan_id = :plan
ORDER BY g.code COLLATE "C"
"""
