"""What of the cases waits today: how many, how they spread, and how they came over the weeks.

All of it is counted under the rights of whoever asks, of what they may see.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.figures import Figures, Period, figures

WEEKS = 12
AGES_DAYS = (3, 7, 30)
"""Cases are open up to so many days, or longer than the last."""


@dataclass(frozen=True)
class CasesNow:
    """Open cases of a township."""

    open: int
    late: int
    soon: int
    """Due soon, as their clock is yellow."""
    no_grid: int
    """Of a place in no grid of the plan in force, or without a place."""
    to_file: int
    to_send: int
    to_check: int
    ages: tuple[int, ...]
    """By ``AGES_DAYS``, the last: older than all of them."""


@dataclass(frozen=True)
class Load:
    """Open cases that somebody of a team has."""

    staff_id: int
    name: str
    """As it may be seen."""
    role: str
    grid_code: str
    open: int
    late: int


@dataclass(frozen=True)
class Months:
    """The month until today beside the same days of the last one."""

    now: Figures | None
    before: Figures | None
    """None: nothing was reported."""


def cases_now(session: Session, township_id: int, now: datetime) -> CasesNow:
    """How many cases of a township are open, and of which kind."""
    a, b, c = AGES_DAYS
    values = {"t": township_id, "now": now, "a": a, "b": b, "c": c}
    row = session.execute(text(_NOW), values).mappings().one()
    return CasesNow(**{**row, "ages": tuple(row["ages"])})


def open_by_community(session: Session, township_id: int) -> list[tuple[str, str | None, int]]:
    """Name, English name and number of open cases of each community, most first.

    What lies in no grid counts where its report says, and not at all where that is not known.
    """
    rows = session.execute(text(_BY_COMMUNITY), {"t": township_id})
    return [(row.name, row.name_en, row.n) for row in rows]


def reported_by_week(session: Session, township_id: int, day: date) -> list[tuple[date, int]]:
    """First day and number of reports of each of the last ``WEEKS`` weeks of seven days that end with a day."""
    first = day - timedelta(days=7 * WEEKS - 1)
    rows = session.execute(text(_BY_WEEK), {"t": township_id, "first": first, "day": day})
    found = {row.week: row.n for row in rows}
    return [(first + timedelta(days=7 * k), found.get(k, 0)) for k in range(WEEKS)]


def months(session: Session, township_id: int, day: date, now: datetime) -> Months:
    """The month so far and the same days of the month before, each as it stands now."""
    first = day.replace(day=1)
    before = (first - timedelta(days=1)).replace(day=1)
    until = min(before + (day - first), first - timedelta(days=1))

    def of(since: date, last: date) -> Figures | None:
        return next(iter(figures(session, township_id, "township", Period(since, last, now))), None)

    return Months(of(first, day), of(before, until))


def team_loads(session: Session, now: datetime) -> list[Load]:
    """Open cases of each member of the teams that the asker leads today, most first."""
    return [Load(**row) for row in session.execute(text(_LOADS), {"now": now}).mappings()]


def overloaded(loads: list[Load]) -> list[Load]:
    """Who has more than half as much again as the mean of the team, and three cases or more."""
    mean = sum(load.open for load in loads) / len(loads) if loads else 0.0
    return [load for load in loads if load.open >= 3 and load.open > 1.5 * mean]


_NOW = """
WITH town AS (SELECT t.area_id AS id, p.id AS plan_id FROM township t
              LEFT JOIN plan_in_force p ON p.township_id = t.area_id WHERE t.area_id = :t),
clock AS (SELECT case_id, min(due_at) AS due_at, min(yellow_at) AS yellow_at FROM case_clock
          WHERE deadline AND stopped_at IS NULL GROUP BY case_id),
live AS (
    SELECT c.id, e.reported_at, k.due_at, k.yellow_at, s.phase, EXISTS (
               SELECT FROM event_grid a WHERE a.plan_id = (SELECT plan_id FROM town)
                 AND a.event_id = e.id AND a.grid_id IS NOT NULL) AS in_grid
    FROM event_case c JOIN event e ON e.id = c.event_id
    JOIN flow_state s ON s.flow_id = c.flow_id AND s.state = c.state
    LEFT JOIN clock k ON k.case_id = c.id
    WHERE c.township_id = :t AND c.open AND e.closed_at IS NULL
)
SELECT count(*) AS open, count(*) FILTER (WHERE due_at < :now) AS late,
       count(*) FILTER (WHERE due_at >= :now AND yellow_at <= :now) AS soon,
       count(*) FILTER (WHERE NOT in_grid) AS no_grid,
       count(*) FILTER (WHERE phase = 'report') AS to_file,
       count(*) FILTER (WHERE phase = 'file') AS to_send,
       count(*) FILTER (WHERE phase = 'check') AS to_check,
       ARRAY[count(*) FILTER (WHERE age <= :a), count(*) FILTER (WHERE age > :a AND age <= :b),
             count(*) FILTER (WHERE age > :b AND age <= :c), count(*) FILTER (WHERE age > :c)] AS ages
FROM (SELECT *, extract(epoch FROM :now - reported_at) / 86400 AS age FROM live) AS live
"""

_BY_COMMUNITY = """
SELECT o.name, o.name_en, count(*) AS n
FROM event_case c JOIN event e ON e.id = c.event_id
LEFT JOIN plan_in_force p ON p.township_id = c.township_id
LEFT JOIN event_grid a ON a.plan_id = p.id AND a.event_id = e.id
LEFT JOIN grid g ON g.id = a.grid_id
JOIN area o ON o.id = coalesce(g.community_id, e.community_id)
WHERE c.township_id = :t AND c.open AND e.closed_at IS NULL
GROUP BY o.id ORDER BY n DESC, o.code COLLATE "C"
"""

_BY_WEEK = """
SELECT ((e.reported_at AT TIME ZONE t.time_zone)::date - CAST(:first AS date)) / 7 AS week,
       count(*) AS n
FROM event e JOIN township t ON t.area_id = e.township_id
WHERE e.township_id = :t AND e.reported_at >= CAST(:first AS date)::timestamp AT TIME ZONE t.time_zone
  AND e.reported_at < (CAST(:day AS date) + 1)::timestamp AT TIME ZONE t.time_zone
GROUP BY 1
"""

_LOADS = """
WITH led AS (
    SELECT DISTINCT m.area_id, m.grid_code FROM appointment m
    WHERE m.account_id = my_account() AND m.role = 'grid_leader' AND m.grid_code IS NOT NULL
      AND m.during @> today_in(m.area_id)
), late AS (
    SELECT DISTINCT k.case_id FROM case_clock k
    WHERE k.deadline AND k.stopped_at IS NULL AND k.due_at < :now
)
SELECT m.staff_id, s.name, m.role, m.grid_code, count(c.id) AS open, count(late.case_id) AS late
FROM led JOIN team_member m ON m.township_id = led.area_id AND m.grid_code = led.grid_code
 AND m.during @> today_in(m.township_id)
JOIN masked_staff s ON s.id = m.staff_id
LEFT JOIN event_case c ON c.staff_id = m.staff_id AND c.township_id = m.township_id AND c.open
LEFT JOIN late ON late.case_id = c.id
GROUP BY m.staff_id, s.name, m.role, m.grid_code
ORDER BY open DESC, m.grid_code COLLATE "C", m.role <> 'leader', m.staff_id
"""
