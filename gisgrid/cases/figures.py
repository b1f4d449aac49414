"""What do the cases of a unit and a period say? Counted from the log, with the rows behind each number.

A period takes the events reported in it. Each falls into exactly one outcome, so outcomes add up to what
was received; a number and its rows are one condition, asked twice. Of days whose settled cases were
counted before (`gisgrid.cases.day_figures`) only what is open is counted again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    column,
    func,
    select,
    text,
    true,
)
from sqlalchemy.orm import Session

from gisgrid.cases.facts import (
    IN_FORCE,
    MEASURES,
    T,
    behind,
    counted,
    facts,
    key_and_name,
    values_of,
)
from gisgrid.core.errors import Invalid
from gisgrid.core.plans import TownshipInfo
from gisgrid.db.joins import joined_by
from gisgrid.db.tables import DayFigure

OUTCOMES = ("closed_in_time", "closed_late", "closed_no_limit", "dropped", "open", "open_late")
KEPT = tuple(m for m in MEASURES if m not in ("open", "open_late"))
"""What is kept of a day: the measures of settled cases."""
_KEPT_AS = {
    "township": "township", "community": "community", "grid": "grid", "office": "matter",
    "matter": "matter", "major": "matter", "source": "source",
}  # fmt: skip
"""Unit to the unit of ``day_figure`` that it is summed from."""
_LONG_DAYS, _MOST_SPANS = 62, 40


@dataclass(frozen=True)
class Period:
    """Days of report, and the moment as of which their cases are judged."""

    since: date
    until: date
    """The last day."""
    as_of: datetime | None = None
    """Aware; later steps do not count, and what was due by then and is open is late. None: as it stands."""


@dataclass(frozen=True)
class Figures:
    """The measures of one unit in one period."""

    key: str
    name: str
    counts: dict[str, int]

    @property
    def closed(self) -> int:
        return sum(self.counts[m] for m in ("closed_in_time", "closed_late", "closed_no_limit"))

    @property
    def in_time_rate(self) -> float | None:
        """Of the closed ones with a limit."""
        judged = self.counts["closed_in_time"] + self.counts["closed_late"]
        return self.counts["closed_in_time"] / judged if judged else None

    @property
    def satisfaction(self) -> float | None:
        """Of the rated ones, those with 4 or 5."""
        return self.counts["satisfied"] / self.counts["rated"] if self.counts["rated"] else None

    @property
    def right_first_share(self) -> float | None:
        """Of the assigned and closed ones, those that stayed with whom they were first sent to."""
        judged = self.counts["closed_assigned"]
        return self.counts["right_first"] / judged if judged else None


@dataclass(frozen=True)
class Repeated:
    """A spot where one matter occurred again and again."""

    matter_code: str
    matter: str
    lon: float
    lat: float
    event_ids: tuple[int, ...]


@dataclass(frozen=True)
class Growth:
    """A matter in two periods of one length."""

    code: str
    name: str
    before: int
    now: int


def figures(session: Session, township_id: int, unit: str, period: Period) -> list[Figures]:
    """The measures of each unit (one of ``UNITS``), by key; grids are those of the plan in force."""
    kept: list[Figures] = []
    days: Sequence[date] = ()
    if period.as_of is None:
        days, kept = _kept(session, township_id, unit, period)
    spans = uncovered(period.since, period.until, days)
    if len(spans) > _MOST_SPANS:
        days, kept, spans = (), [], [(period.since, period.until)]
    live = counted(facts(spans, still_open=bool(days)), unit)
    values = {"t": township_id, **values_of(spans), **_moments(period)}
    with joined_by(session, sets=_long(spans) and _sees_all(session, township_id)):
        rows = session.execute(live, values).mappings().all()
    found = {each.key: each for each in kept}
    for row in rows:
        before = found.get(row["key"])
        sums = {m: row[m] + (before.counts[m] if before else 0) for m in MEASURES}
        found[row["key"]] = Figures(row["key"], row["name"], sums)
    return [found[key] for key in sorted(found)]


def uncovered(since: date, until: date, days: Sequence[date]) -> list[tuple[date, date]]:
    """The days of a period that are none of ``days``, as `stretches`."""
    known = set(days)
    every = (since + timedelta(n) for n in range((until - since).days + 1))
    return stretches([day for day in every if day not in known])


def stretches(days: Sequence[date]) -> list[tuple[date, date]]:
    """First and last of the days that follow each other, of days in order."""
    spans: list[tuple[date, date]] = []
    for day in days:
        if spans and day - spans[-1][1] == timedelta(1):
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return spans


def together(parts: Sequence[Figures]) -> Figures:
    """The whole of disjoint units, without a name: each case lies in one of them."""
    return Figures("", "", {m: sum(part.counts[m] for part in parts) for m in MEASURES})


def last_report_on(session: Session, place: TownshipInfo) -> date | None:
    """The day of the newest report that may be seen; None without any."""
    day: date | None = session.scalar(text(_LAST_DAY), {"t": place.id, "zone": place.time_zone})
    return day


def rows_behind(
    session: Session, township_id: int, period: Period, *, unit: str, key: str, measure: str
) -> list[int]:
    """The events that a number of `figures` counts, oldest first."""
    if measure not in MEASURES:
        raise Invalid(
            "There is no measure {measure!r}; known: {known}.",
            measure=measure,
            known=list(MEASURES),
        )
    spans = [(period.since, period.until)]
    asked = behind(facts(spans), unit, measure)
    with joined_by(session, sets=_long(spans) and _sees_all(session, township_id)):
        values = {"t": township_id, "key": key, **values_of(spans), **_moments(period)}
        return list(session.scalars(asked, values))


def heat(
    session: Session, township_id: int, since: date, until: date
) -> dict[tuple[str, int], int]:
    """Events reported per minor item's code and hour of the township's day; absent: none."""
    with joined_by(session, sets=True):
        rows = session.execute(
            text(_HEAT), {"t": township_id, "since": since, "until": until}
        ).all()
    return {(code, hour): n for code, hour, n in rows}


def repeated_places(
    session: Session, township_id: int, since: date, until: date, *, within_m: float = 30,
    least: int = 3,
) -> list[Repeated]:  # fmt: skip
    """Spots with ``least`` events or more of one item, each within ``within_m`` of the next."""
    rows = session.execute(
        text(_REPEATED),
        {"t": township_id, "since": since, "until": until, "within": within_m, "least": least},
    )
    return [Repeated(code, name, lon, lat, tuple(ids)) for code, name, lon, lat, ids in rows]


def grew_most(session: Session, township_id: int, since: date, until: date) -> list[Growth]:
    """Items by how much more often they were reported than in the same number of days before."""
    days = (until - since).days + 1
    values = {"t": township_id, "since": since, "until": until, "days": days}
    with joined_by(session, sets=True):
        return [Growth(*row) for row in session.execute(text(_GREW), values)]


def _long(spans: Sequence[tuple[date, date]]) -> bool:
    """Whether they take in so much that the whole log is faster read than each case looked up."""
    return sum((until - since).days + 1 for since, until in spans) > _LONG_DAYS


def _sees_all(session: Session, township_id: int) -> bool:
    """Whether who asks sees every event; who sees a part has few, and each is sooner looked up."""
    asked = "SELECT owns_the_store() OR coalesce(:t = ANY (my_townships('see_events')), false)"
    return bool(session.scalar(text(asked), {"t": township_id}))


def _moments(period: Period) -> dict[str, Any]:
    return {
        "since": period.since,
        "until": period.until,
        "as_of": period.as_of or datetime.now(UTC),
    }


def _kept(
    session: Session, township_id: int, unit: str, period: Period
) -> tuple[list[date], list[Figures]]:
    """Days of a period that were counted and hold, and what their settled cases say, by unit."""
    asked = _of_kept_days(unit)
    values = {
        "t": township_id,
        "since": period.since,
        "until": period.until,
        "unit": _KEPT_AS[unit],
    }
    rows = session.execute(asked, values).mappings().all()
    found = [
        Figures(row["key"], row["name"], {m: row[m] if m in KEPT else 0 for m in MEASURES})
        for row in rows
        if row["key"] is not None
    ]
    return rows[0]["days"] or [], found


def _of_kept_days(unit: str) -> Select[Any]:
    """The days that hold, and what they say, by key; one row without a key where they say nothing."""
    good = _GOOD_DAYS.cte("good").prefix_with("MATERIALIZED")
    each = (
        select(DayFigure.ref, DayFigure.source, *_summed(DayFigure.__table__))
        .select_from(IN_FORCE)
        .join(
            DayFigure,
            and_(
                DayFigure.township_id == IN_FORCE.c.township_id,
                DayFigure.plan_id == IN_FORCE.c.id,
                DayFigure.unit == bindparam("unit", type_=Text),
            ),
        )
        .where(
            IN_FORCE.c.township_id == T,
            DayFigure.day.between(bindparam("since", type_=Date), bindparam("until", type_=Date)),
            DayFigure.day.in_(select(good.c.day)),
        )
        .group_by(DayFigure.ref, DayFigure.source)
        .cte("each")
    )
    named = _NAMED.cte("named")
    key, name = key_and_name(unit, named)
    sums = (
        select(key.label("key"), name.label("name"), *_summed(named)).group_by(text("1")).subquery()
    )
    days = select(func.array_agg(good.c.day).label("days")).subquery()
    return select(days.c.days, sums).outerjoin_from(days, sums, true()).add_cte(each)


def _summed(rows: FromClause) -> list[ColumnElement[int]]:
    return [cast(func.sum(rows.c[m]), Integer).label(m) for m in KEPT]


# In the order of its index: the first row that may be seen ends it.
_LAST_DAY = """
SELECT (reported_at AT TIME ZONE :zone)::date FROM event
WHERE township_id = :t AND reported_at <= now() ORDER BY reported_at DESC LIMIT 1
"""
_HEAT = """
SELECT m.code, date_part('hour', e.reported_at AT TIME ZONE t.time_zone)::int, count(*)
FROM event e JOIN matter m ON m.id = e.matter_id JOIN township t ON t.area_id = e.township_id
WHERE e.township_id = :t AND e.reported_at >= (
        SELECT CAST(:since AS date)::timestamp AT TIME ZONE time_zone FROM township WHERE area_id = :t)
  AND e.reported_at < (
        SELECT (CAST(:until AS date) + 1)::timestamp AT TIME ZONE time_zone FROM township WHERE area_id = :t)
GROUP BY 1, 2
"""
_REPEATED = """
WITH one AS (
    SELECT e.id, e.geom, m.code, m.name, ST_ClusterDBSCAN(
        ST_Transform(e.geom, t.metric_srid), :within, :least)
        OVER (PARTITION BY m.code) AS spot
    FROM event e JOIN matter m ON m.id = e.matter_id JOIN township t ON t.area_id = e.township_id
    WHERE e.township_id = :t AND e.reported_at >= (
            SELECT CAST(:since AS date)::timestamp AT TIME ZONE time_zone FROM township WHERE area_id = :t)
      AND e.reported_at < (
            SELECT (CAST(:until AS date) + 1)::timestamp AT TIME ZONE time_zone FROM township WHERE area_id = :t)
      AND e.geom IS NOT NULL
)
SELECT code, max(name), avg(ST_X(geom)), avg(ST_Y(geom)), array_agg(id ORDER BY id)
FROM one WHERE spot IS NOT NULL GROUP BY code, spot
ORDER BY count(*) DESC, code, min(id)
"""
_GREW = """
SELECT code, name, before, now FROM (
    SELECT m.code, max(m.name) AS name,
           count(*) FILTER (WHERE e.reported_at < (
               SELECT CAST(:since AS date)::timestamp AT TIME ZONE time_zone FROM township WHERE area_id = :t)) AS before,
           count(*) FILTER (WHERE e.reported_at >= (
               SELECT CAST(:since AS date)::timestamp AT TIME ZONE time_zone FROM township WHERE area_id = :t)) AS now
    FROM event e JOIN matter m ON m.id = e.matter_id
    WHERE e.township_id = :t AND e.reported_at >= (
            SELECT (CAST(:since AS date) - CAST(:days AS int))::timestamp AT TIME ZONE time_zone
            FROM township WHERE area_id = :t)
      AND e.reported_at < (
            SELECT (CAST(:until AS date) + 1)::timestamp AT TIME ZONE time_zone FROM township WHERE area_id = :t)
    GROUP BY m.code
) AS each ORDER BY now - before DESC, code COLLATE "C"
"""
_GOOD_DAYS = text("""
    SELECT d.day FROM plan_in_force p JOIN day_figure d
        ON d.township_id = p.township_id AND d.plan_id = p.id AND d.unit = 'township'
    WHERE p.township_id = :t AND d.day BETWEEN :since AND :until
      AND NOT EXISTS (SELECT FROM stale_day s WHERE s.township_id = :t AND s.day = d.day)
""").columns(column("day", Date))
_NAMED = text("""
    SELECT each.*, m.code AS matter_code, m.name AS matter, m.office,
           coalesce(u.code, b.code) AS major_code, coalesce(u.name, b.name) AS major,
           g.code AS grid_code, g.name AS grid, o.code AS community_code, o.name AS community
    FROM each LEFT JOIN matter m ON :unit = 'matter' AND m.id = each.ref
    LEFT JOIN matter b ON b.id = m.parent_id LEFT JOIN matter u ON u.id = b.parent_id
    LEFT JOIN grid g ON :unit = 'grid' AND g.id = each.ref
    LEFT JOIN area o ON :unit = 'community' AND o.id = each.ref
""").columns(
    column("source", Text), column("matter_code", Text), column("matter", Text), column("office", Text),
    column("major_code", Text), column("major", Text), column("grid_code", Text), column("grid", Text),
    column("community_code", Text), column("community", Text), *(column(m, Integer) for m in KEPT),
)  # fmt: skip
