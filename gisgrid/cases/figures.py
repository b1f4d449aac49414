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

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid
from gisgrid.core.plans import TownshipInfo
from gisgrid.db.joins import joined_by

UNITS = {
    "township": ("''", "''"),
    "community": ("coalesce(community_code, '')", "coalesce(max(community), '')"),
    "grid": ("coalesce(grid_code, '')", "coalesce(max(grid), '')"),
    "office": ("coalesce(office, '')", "coalesce(max(office), '')"),
    "matter": ("matter_code", "max(matter)"),
    "major": ("major_code", "max(major)"),
    "source": ("coalesce(source, '')", "coalesce(max(source), '')"),
}
"""Unit to its key and name; an empty key: what lies in none of it."""

MEASURES = {
    "received": "true",
    "assigned": "assigned > 0",
    "closed_in_time": "outcome = 'closed_in_time'",
    "closed_late": "outcome = 'closed_late'",
    "closed_no_limit": "outcome = 'closed_no_limit'",
    "dropped": "outcome = 'dropped'",
    "open": "outcome = 'open'",
    "open_late": "outcome = 'open_late'",
    "returned": "returned > 0",
    "reopened": "reopened > 0",
    "rated": "rating IS NOT NULL",
    "satisfied": "rating >= 4",
    "right_first": "outcome LIKE 'closed%' AND assigned = 1 AND NOT misled",
    "closed_assigned": "outcome LIKE 'closed%' AND assigned > 0",
}
"""Measure to its condition on a case; ``dropped``: not filed, withdrawn or merged."""
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
    key, name = _unit(unit)
    kept: list[Figures] = []
    days: Sequence[date] = ()
    if period.as_of is None:
        days, kept = _kept(session, township_id, unit, period)
    counts = ", ".join(f"count(*) FILTER (WHERE {on}) AS {m}" for m, on in MEASURES.items())
    spans = uncovered(period.since, period.until, days)
    if len(spans) > _MOST_SPANS:
        days, kept, spans = (), [], [(period.since, period.until)]
    asked = fact(spans, still_open=bool(days))
    live = f"{asked} SELECT {key} AS key, {name} AS name, {counts} FROM fact GROUP BY 1"
    values = {"t": township_id, **values_of(spans), **_moments(period)}
    with joined_by(session, sets=_long(spans) and _sees_all(session, township_id)):
        rows = session.execute(text(live), values).mappings().all()
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


def fact(
    spans: Sequence[tuple[date, date]],
    *,
    still_open: bool = False,
    only_settled: bool = False,
    plan: str = "p.id = (SELECT id FROM plan_in_force WHERE township_id = :t)",
) -> str:
    """SQL up to a table ``fact`` of the cases reported in ``spans``, as of ``:as_of``.

    Parameters
    ----------
    still_open
        Also the open ones of the days from ``:since`` to ``:until`` between the spans.
    only_settled
        None of the open ones.
    plan
        Condition on the plan ``p`` under which they lie.
    """
    ranges = " OR ".join(
        f"(e.reported_at >= {_day(f'since_{n}')} AND e.reported_at < {_day(f'until_{n}', 1)})"
        for n in range(len(spans))
    )
    settled = " AND NOT c.open" if only_settled else ""
    parts = [f"{_TAKEN} AND ({ranges}){settled}"] if ranges else []
    if still_open:
        rest = f" AND NOT ({ranges})" if ranges else ""
        parts.append(f"{_TAKEN_OPEN} AND {_SPAN}{rest}")
    return _FACT.format(taken=" UNION ALL ".join(parts), plan=plan)


def values_of(spans: Sequence[tuple[date, date]]) -> dict[str, date]:
    """The values that `fact` asks for."""
    return {
        f"{name}_{n}": day
        for n, span in enumerate(spans)
        for name, day in zip(("since", "until"), span, strict=True)
    }


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
    unit_key, _ = _unit(unit)
    spans = [(period.since, period.until)]
    asked = f"""{fact(spans, still_open=False)} SELECT event_id FROM fact
        WHERE ({unit_key}) = :key AND {MEASURES[measure]} ORDER BY reported_at, event_id"""
    with joined_by(session, sets=_long(spans) and _sees_all(session, township_id)):
        values = {"t": township_id, "key": key, **values_of(spans), **_moments(period)}
        return list(session.scalars(text(asked), values))


def heat(
    session: Session, township_id: int, since: date, until: date
) -> dict[tuple[str, int], int]:
    """Events reported per minor item's code and hour of the township's day; absent: none."""
    asked = f"""
        SELECT m.code, date_part('hour', e.reported_at AT TIME ZONE t.time_zone)::int, count(*)
        FROM {_EVENTS} GROUP BY 1, 2
    """
    with joined_by(session, sets=True):
        rows = session.execute(
            text(asked), {"t": township_id, "since": since, "until": until}
        ).all()
    return {(code, hour): n for code, hour, n in rows}


def repeated_places(
    session: Session, township_id: int, since: date, until: date, *, within_m: float = 30,
    least: int = 3,
) -> list[Repeated]:  # fmt: skip
    """Spots with ``least`` events or more of one item, each within ``within_m`` of the next."""
    rows = session.execute(
        text(
            f"""
            WITH one AS (
                SELECT e.id, e.geom, m.code, m.name, ST_ClusterDBSCAN(
                    ST_Transform(e.geom, t.metric_srid), :within, :least)
                    OVER (PARTITION BY m.code) AS spot
                FROM {_EVENTS} AND e.geom IS NOT NULL
            )
            SELECT code, max(name), avg(ST_X(geom)), avg(ST_Y(geom)), array_agg(id ORDER BY id)
            FROM one WHERE spot IS NOT NULL GROUP BY code, spot
            ORDER BY count(*) DESC, code, min(id)
            """
        ),
        {"t": township_id, "since": since, "until": until, "within": within_m, "least": least},
    )
    return [Repeated(code, name, lon, lat, tuple(ids)) for code, name, lon, lat, ids in rows]


def grew_most(session: Session, township_id: int, since: date, until: date) -> list[Growth]:
    """Items by how much more often they were reported than in the same number of days before."""
    days = (until - since).days + 1
    asked = f"""
        SELECT code, name, before, now FROM (
            SELECT m.code, max(m.name) AS name,
                   count(*) FILTER (WHERE e.reported_at < {_SINCE}) AS before,
                   count(*) FILTER (WHERE e.reported_at >= {_SINCE}) AS now
            FROM {_EVENTS_FROM_BEFORE} GROUP BY m.code
        ) AS each ORDER BY now - before DESC, code COLLATE "C"
    """
    values = {"t": township_id, "since": since, "until": until, "days": days}
    with joined_by(session, sets=True):
        return [Growth(*row) for row in session.execute(text(asked), values)]


def _unit(unit: str) -> tuple[str, str]:
    if unit not in UNITS:
        raise Invalid("There is no unit {unit!r}; known: {known}.", unit=unit, known=list(UNITS))
    return UNITS[unit]


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
    key, name = _unit(unit)
    sums = ", ".join(f"sum({m})::int AS {m}" for m in KEPT)
    values = {
        "t": township_id,
        "since": period.since,
        "until": period.until,
        "unit": _KEPT_AS[unit],
    }
    asked = _KEPT.format(key=key, name=name, sums=sums)
    rows = session.execute(text(asked), values).mappings().all()
    found = [
        Figures(row["key"], row["name"], {m: row[m] if m in KEPT else 0 for m in MEASURES})
        for row in rows
        if row["key"] is not None
    ]
    return rows[0]["days"] or [], found


def _day(name: str, later: int = 0) -> str:
    """SQL of the beginning of a day in the township's time; asked once, and not of each event."""
    return (
        f"(SELECT (CAST(:{name} AS date) + {later})::timestamp AT TIME ZONE time_zone "
        "FROM township WHERE area_id = :t)"
    )


# In the order of its index: the first row that may be seen ends it.
_LAST_DAY = """
SELECT (reported_at AT TIME ZONE :zone)::date FROM event
WHERE township_id = :t AND reported_at <= now() ORDER BY reported_at DESC LIMIT 1
"""
_BEFORE = """(SELECT (CAST(:since AS date) - CAST(:days AS int))::timestamp AT TIME ZONE time_zone
    FROM township WHERE area_id = :t)"""
_SINCE, _AFTER = _day("since"), _day("until", 1)
_SPAN = f"e.reported_at >= {_SINCE} AND e.reported_at < {_AFTER}"
_EVENTS = f"""event e JOIN matter m ON m.id = e.matter_id
JOIN township t ON t.area_id = e.township_id WHERE e.township_id = :t AND {_SPAN}"""
_EVENTS_FROM_BEFORE = f"""event e JOIN matter m ON m.id = e.matter_id
WHERE e.township_id = :t AND e.reported_at >= {_BEFORE} AND e.reported_at < {_AFTER}"""
_TAKEN = """
    SELECT c.id AS case_id, e.id AS event_id, e.reported_at, e.source, e.matter_id, e.community_id,
           e.township_id
    FROM event e JOIN event_case c ON c.event_id = e.id
    WHERE e.township_id = :t AND c.opened_at <= :as_of"""
# The open ones are found first: there are few of them, which the planner cannot know.
_TAKEN_OPEN = _TAKEN.replace(
    "event_case c ON",
    "(SELECT * FROM event_case WHERE open AND township_id = :t OFFSET 0) c ON",
)
# What the log says of each case up to a moment. The deadline that counts is that of its last run. What
# counts of several lines is the last one's: the greatest of its number, with what it says behind.
_FACT = """
WITH taken AS ({taken}
), said AS (
    SELECT s.case_id,
           count(*) FILTER (WHERE means = 'assign') AS assigned,
           count(*) FILTER (WHERE means = 'return') AS returned,
           -- Sent back after the work is a rework: the first dispatch was right all the same.
           count(*) FILTER (WHERE means = 'transfer') > 0
               OR coalesce(min(seq) FILTER (WHERE means = 'return') < coalesce(
                   min(seq) FILTER (WHERE means = 'handle'), 2147483647), false) AS misled,
           count(*) FILTER (WHERE means = 'reopen') AS reopened,
           (ARRAY['reopened', 'dropped', 'closed'])[1 + max(seq * 3 + CASE means
               WHEN 'close' THEN 2 WHEN 'reopen' THEN 0 ELSE 1 END) FILTER (WHERE means IN
               ('close', 'refuse', 'withdraw', 'merge', 'reopen')) % 3] AS ending,
           max(at) FILTER (WHERE means = 'close') AS closed_at,
           max(seq * 8 + s.rating) % 8 AS rating
    FROM case_step s JOIN taken USING (case_id)
    WHERE s.at <= :as_of AND (s.rating IS NOT NULL OR means IN ('assign', 'return', 'transfer',
        'handle', 'reopen', 'close', 'refuse', 'withdraw', 'merge'))
    GROUP BY s.case_id
), limited AS (
    SELECT DISTINCT ON (k.case_id) k.case_id, k.due_at
    FROM case_clock k JOIN taken USING (case_id) WHERE k.deadline AND k.started_at <= :as_of
    ORDER BY k.case_id, k.id DESC
), fact AS (
    SELECT taken.*, said.assigned, said.returned, said.misled, said.reopened, said.rating,
           CASE WHEN said.ending = 'closed' AND limited.due_at IS NULL THEN 'closed_no_limit'
                WHEN said.ending = 'closed' AND said.closed_at <= limited.due_at
                    THEN 'closed_in_time'
                WHEN said.ending = 'closed' THEN 'closed_late'
                WHEN said.ending = 'dropped' THEN 'dropped'
                WHEN limited.due_at < :as_of THEN 'open_late' ELSE 'open' END AS outcome,
           m.code AS matter_code, m.name AS matter, m.office,
           coalesce(u.code, b.code) AS major_code, coalesce(u.name, b.name) AS major,
           g.id AS grid_id, g.code AS grid_code, g.name AS grid, o.id AS in_community_id, o.code AS community_code, o.name AS community
    FROM taken LEFT JOIN said USING (case_id) LEFT JOIN limited USING (case_id)
    JOIN matter m ON m.id = taken.matter_id JOIN matter b ON b.id = m.parent_id
    LEFT JOIN matter u ON u.id = b.parent_id
    LEFT JOIN plan p ON p.township_id = taken.township_id AND {plan}
    LEFT JOIN event_grid a ON a.plan_id = p.id AND a.event_id = taken.event_id
    LEFT JOIN grid g ON g.id = a.grid_id
    LEFT JOIN area o ON o.id = coalesce(g.community_id, taken.community_id)
)
"""
_KEPT = """
WITH good AS MATERIALIZED (
    SELECT d.day FROM plan_in_force p JOIN day_figure d
        ON d.township_id = p.township_id AND d.plan_id = p.id AND d.unit = 'township'
    WHERE p.township_id = :t AND d.day BETWEEN :since AND :until
      AND NOT EXISTS (SELECT FROM stale_day s WHERE s.township_id = :t AND s.day = d.day)
), each AS (
    SELECT d.ref, d.source, {sums} FROM plan_in_force p JOIN day_figure d
        ON d.township_id = p.township_id AND d.plan_id = p.id AND d.unit = :unit
    WHERE p.township_id = :t AND d.day BETWEEN :since AND :until AND d.day IN (SELECT day FROM good)
    GROUP BY d.ref, d.source
), named AS (
    SELECT each.*, m.code AS matter_code, m.name AS matter, m.office,
           coalesce(u.code, b.code) AS major_code, coalesce(u.name, b.name) AS major,
           g.code AS grid_code, g.name AS grid, o.code AS community_code, o.name AS community
    FROM each LEFT JOIN matter m ON :unit = 'matter' AND m.id = each.ref
    LEFT JOIN matter b ON b.id = m.parent_id LEFT JOIN matter u ON u.id = b.parent_id
    LEFT JOIN grid g ON :unit = 'grid' AND g.id = each.ref
    LEFT JOIN area o ON :unit = 'community' AND o.id = each.ref
)
SELECT good.days, sums.* FROM (SELECT array_agg(day) FROM good) AS good(days) LEFT JOIN (
    SELECT {key} AS key, {name} AS name, {sums} FROM named GROUP BY 1) AS sums ON true
"""
