"""Counts the settled cases of a day of report once, so that the figures of a year need not read its log.

A day holds until something settled in it changes: triggers mark it then (``mark_stale_*``), and until it
is counted again `gisgrid.cases.figures` counts it from the log. What is open is never kept: it turns late
by the clock alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Date,
    Select,
    bindparam,
    case,
    column,
    func,
    insert,
    literal,
    null,
    select,
    text,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session

from gisgrid.cases.facts import COLUMNS, MEASURES, Span, T, facts, values_of
from gisgrid.cases.figures import KEPT, stretches
from gisgrid.db.joins import joined_by
from gisgrid.db.tables import DayFigure

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
    values = {"t": township_id, "plan": plan_id, "days": days, "as_of": datetime.now(UTC)}
    with joined_by(session, sets=False):
        days_kept: int = session.scalar(_keep(spans), {**values, **values_of(spans)}) or 0
        return days_kept


def _keep(spans: Sequence[Span]) -> Select[Any]:
    """Keeps what the settled cases of ``:days`` say under ``:plan``, and tells how many days are settled."""
    plan = bindparam("plan", type_=BigInteger)
    found = facts(spans, only_settled=True, plan=plan)
    dated = _DATED.cte("dated").prefix_with("MATERIALIZED")
    good = _GOOD.cte("good").prefix_with("MATERIALIZED")
    counts = [func.count(dated.c.case_id).filter(MEASURES[m](dated.c)).label(m) for m in KEPT]
    by = [dated.c.in_community_id, dated.c.grid_id, dated.c.matter_id, dated.c.source]
    each = (
        select(
            dated.c.day, *by,
            case(
                {7: literal("community"), 11: literal("grid"), 13: literal("matter")},
                value=func.grouping(*by), else_=literal("source"),
            ).label("unit"),
            *counts,
        )
        .join_from(dated, good, dated.c.day == good.c.day)
        .group_by(func.grouping_sets(*(tuple_(dated.c.day, key) for key in by)))
        .subquery("each")
    )  # fmt: skip
    ref = case(
        {"community": each.c.in_community_id, "grid": each.c.grid_id, "matter": each.c.matter_id},
        value=each.c.unit,
    )
    of_units = select(
        T, plan, each.c.day, each.c.unit, ref, each.c.source, *(each.c[m] for m in KEPT)
    )
    of_all = (
        select(T, plan, good.c.day, literal("township"), null(), null(), *counts)
        .outerjoin_from(good, dated, dated.c.day == good.c.day)
        .group_by(good.c.day)
    )
    columns = ["township_id", "plan_id", "day", "unit", "ref", "source", *KEPT]
    kept = insert(DayFigure).from_select(
        columns, union_all(of_units, of_all), include_defaults=False
    )
    return (
        select(func.count())
        .select_from(good)
        .add_cte(*found.before, found.fact, dated, kept.cte("kept"))
    )


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
_DATED = text("""
    SELECT fact.*, (reported_at AT TIME ZONE (SELECT time_zone FROM township WHERE area_id = :t))::date
        AS day FROM fact
""").columns(*COLUMNS, column("day", Date))
_GOOD = text("""
    SELECT day FROM unnest(CAST(:days AS date[])) AS asked(day)
    WHERE day NOT IN (SELECT day FROM dated WHERE outcome LIKE 'open%')
""").columns(column("day", Date))
