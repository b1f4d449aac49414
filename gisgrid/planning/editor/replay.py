"""Events of the past under another plan: who would have had what, how late, how far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.plans import PlanInfo, TownshipInfo
from gisgrid.db.joins import joined_by


@dataclass(frozen=True)
class ReplayedScenario:
    """Events of some days in one grid; without a code those in no grid.

    Late are those closed after they were due, or still open and due by the end of the days.
    ``away_m`` is the mean distance in a straight line from the team's post, or without one from the
    middle of the grid's houses, to the event; None without events or houses.
    """

    code: str | None
    name: str
    events: int
    closed: int
    late: int
    away_m: float | None


def replay(
    session: Session, place: TownshipInfo, plan: PlanInfo, *, until: date, days: int = 365
) -> list[ReplayedScenario]:
    """Events reported in the days up to and with ``until``, by the grid they fall in under a plan.

    By code; at the end what falls in none. The plan must have its events attached, as branching and
    every edit do. In overlay mode an event goes to the exclusive grid over it.
    """
    values = {
        "t": place.id, "plan": plan.id, "zone": place.time_zone, "srid": place.metric_srid,
        "since": until - timedelta(days=days - 1), "until": until,
    }  # fmt: skip
    # Of a plan that was branched just now the database believes that it has one grid.
    with joined_by(session, sets=True):
        rows = session.execute(text(_REPLAY), values).all()
    return [ReplayedScenario(**row._mapping) for row in rows]


def ledger(
    session: Session, place: TownshipInfo, *, until: date, days: int = 365
) -> dict[str | None, int]:
    """Events of the same days by the grid that was kept when they were reported."""
    rows = session.execute(
        text(
            "SELECT e.grid_code, count(*) AS n FROM event e WHERE e.township_id = :t AND "
            "(e.reported_at AT TIME ZONE :zone)::date BETWEEN :since AND :until GROUP BY 1"
        ),
        {"t": place.id, "zone": place.time_zone, "since": until - timedelta(days=days - 1),
         "until": until},
    )  # fmt: skip
    return {row.grid_code: row.n for row in rows}


def last_day(session: Session, place: TownshipInfo) -> date | None:
    """The day, in the township's zone, of the newest event; None if there is none."""
    found: date | None = session.scalar(
        text(
            "SELECT max((reported_at AT TIME ZONE :zone)::date) FROM event WHERE township_id = :t"
        ),
        {"zone": place.time_zone, "t": place.id},
    )
    return found


_REPLAY = """
WITH about AS (
    SELECT e.id, e.geom, e.due_at, e.closed_at, coalesce(a.exclusive_grid_id, a.grid_id) AS grid_id
    FROM event e LEFT JOIN event_grid a ON a.event_id = e.id AND a.plan_id = :plan
    WHERE e.township_id = :t
      AND (e.reported_at AT TIME ZONE :zone)::date BETWEEN :since AND :until
), post AS (
    SELECT DISTINCT ON (s.grid_code) s.grid_code, s.geom FROM station s
    WHERE s.township_id = :t AND s.location_status = 'ok' AND s.during @> CAST(:until AS date)
    ORDER BY s.grid_code, s.code
), middle AS (
    SELECT b.grid_id, ST_Centroid(ST_Collect(h.geom)) AS geom
    FROM house_grid b JOIN house h ON h.id = b.house_id WHERE b.plan_id = :plan GROUP BY b.grid_id
), base AS MATERIALIZED ( -- once a grid, and not once an event
    SELECT g.id, ST_Transform(coalesce(post.geom, middle.geom), :srid) AS geom
    FROM grid g LEFT JOIN post ON post.grid_code = g.code LEFT JOIN middle ON middle.grid_id = g.id
    WHERE g.plan_id = :plan
), counted AS (
    SELECT about.grid_id, count(*) AS events, count(about.closed_at) AS closed,
        count(*) FILTER (WHERE coalesce(about.closed_at,
            (CAST(:until AS date) + 1)::timestamp AT TIME ZONE :zone) > about.due_at) AS late,
        round(avg(ST_Distance(ST_Transform(about.geom, :srid),
            base.geom))::numeric, 1)::float8 AS away_m
    FROM about LEFT JOIN base ON base.id = about.grid_id GROUP BY about.grid_id
)
SELECT * FROM (
SELECT g.code, g.name, coalesce(c.events, 0) AS events, coalesce(c.closed, 0) AS closed,
       coalesce(c.late, 0) AS late, c.away_m
FROM grid g LEFT JOIN counted c ON c.grid_id = g.id WHERE g.plan_id = :plan
UNION ALL
SELECT NULL, '', c.events, c.closed, c.late, NULL FROM counted c WHERE c.grid_id IS NULL
) AS every
ORDER BY code COLLATE "C" NULLS LAST
"""
