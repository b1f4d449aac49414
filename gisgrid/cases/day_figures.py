"""Counts the settled cases of a day of report once, so that the figures of a year need not read its log.

A day holds until something settled in it changes: triggers mark it then (``mark_stale_*``), and until it
is counted again `gisgrid.cases.figures` counts it from the log. What is open is never kept: it turns late
by the clock alone.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.figures import KEPT, MEASURES, fact, stretches, values_of
from gisgrid.db.joins import joined_by

AT_ONCE = 31
"""So many days are counted in one transaction."""


def count_days(session: Session, township_id: int, *, most: int = AT_ONCE) -> int:
    """Count days of a township that were never counted or hold no more, the newest first; how many.

    Under the plan in force and those that wait for their day. As owner of the store. 0 where another
    counts meanwhile. Days with a case that is not open and came to no end stay uncounted.
    """
    # Marks of changes that are not yet committed stay, and so does what they will say.
    held = session.scalar(text(_HOLD), {"t": township_id})
    if held is None:
        return 0
    plans = list(session.scalars(text(_PLANS), {"t": township_id}))
    session.execute(text(_OLD), {"t": township_id, "plans": plans})
    if not plans:
        return 0
    values = {"t": township_id, "plans": plans, "most": most}
    days = list(session.scalars(text(_DUE), values))
    if not days:
        return 0
    values = {"t": township_id, "days": days}
    session.execute(
        text("DELETE FROM stale_day WHERE township_id = :t AND day = ANY(:days)"), values
    )
    session.execute(
        text("DELETE FROM day_figure WHERE township_id = :t AND day = ANY(:days)"), values
    )
    return min(_count(session, township_id, plan_id, days) for plan_id in plans)


def _count(session: Session, township_id: int, plan_id: int, days: list[date]) -> int:
    """Keep what the settled cases of days say under a plan; how many days could be kept."""
    spans = stretches(sorted(days))
    counts = ", ".join(f"count(case_id) FILTER (WHERE {MEASURES[m]}) AS {m}" for m in KEPT)
    asked = _KEEP.format(
        fact=fact(spans, only_settled=True, plan="p.id = :plan"),
        columns=", ".join(KEPT),
        counts=counts,
    )
    values = {"t": township_id, "plan": plan_id, "days": days, "as_of": datetime.now(UTC)}
    with joined_by(session, sets=False):
        return int(session.execute(text(asked), {**values, **values_of(spans)}).scalar_one())


# The lock of who changes the township's settings, as its zone, but not of rows that name it.
_HOLD = "SELECT area_id FROM township WHERE area_id = :t FOR NO KEY UPDATE SKIP LOCKED"
_PLANS = """
SELECT p.id FROM plan p JOIN township t ON t.area_id = p.township_id
WHERE p.township_id = :t AND (p.validity @> day_in(t.time_zone)
    OR lower(p.validity) > day_in(t.time_zone)) ORDER BY p.id
"""
_OLD = "DELETE FROM day_figure WHERE township_id = :t AND plan_id <> ALL (:plans)"
_DUE = """
SELECT day FROM (
    SELECT d::date AS day FROM township t, generate_series(
        (SELECT min(reported_at) FROM event WHERE township_id = :t) AT TIME ZONE t.time_zone,
        now() AT TIME ZONE t.time_zone + interval '1 day', interval '1 day') AS d
    WHERE t.area_id = :t) AS every
WHERE EXISTS (SELECT FROM stale_day s WHERE s.township_id = :t AND s.day = every.day)
   OR (SELECT count(*) FROM day_figure f WHERE f.township_id = :t AND f.plan_id = ANY (:plans)
       AND f.unit = 'township' AND f.day = every.day) < cardinality(CAST(:plans AS bigint[]))
ORDER BY day DESC LIMIT :most
"""
_KEEP = """
{fact}, dated AS MATERIALIZED (
    SELECT fact.*, (reported_at AT TIME ZONE (SELECT time_zone FROM township WHERE area_id = :t))::date
        AS day FROM fact
), good AS MATERIALIZED (
    SELECT day FROM unnest(CAST(:days AS date[])) AS asked(day)
    WHERE day NOT IN (SELECT day FROM dated WHERE outcome LIKE 'open%')
), kept AS (
    INSERT INTO day_figure (township_id, plan_id, day, unit, ref, source, {columns})
    SELECT :t, :plan, day, unit, CASE unit WHEN 'community' THEN in_community_id
               WHEN 'grid' THEN grid_id WHEN 'matter' THEN matter_id END, source, {columns}
    FROM (
        SELECT day, in_community_id, grid_id, matter_id, source,
               CASE grouping(in_community_id, grid_id, matter_id, source) WHEN 7 THEN 'community'
                   WHEN 11 THEN 'grid' WHEN 13 THEN 'matter' ELSE 'source' END AS unit, {counts}
        FROM dated JOIN good USING (day) GROUP BY GROUPING SETS
            ((day, in_community_id), (day, grid_id), (day, matter_id), (day, source))
    ) AS each
    UNION ALL
    SELECT :t, :plan, day, 'township', NULL, NULL, {counts} FROM good LEFT JOIN dated USING (day)
    GROUP BY day
)
SELECT count(*) FROM good
"""
