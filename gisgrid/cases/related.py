"""What hangs together with a case: reports that were merged into it, what may be the same, and what was there before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.case_view import CaseView
from gisgrid.cases.duplicates import USUAL_M, DuplicateCandidate, candidates

MOST_LISTED = 5
LOOKED_BACK_DAYS = 365


@dataclass(frozen=True)
class Joined:
    """A report that was merged into a case, also by way of another."""

    case_id: int
    code: str
    reported_at: datetime
    source: str | None
    lon: float | None
    lat: float | None
    distance_m: float | None
    """From the place of the case."""


@dataclass(frozen=True)
class Before:
    """What was reported of the same matter at the same place in the year before."""

    times: int
    """This one included."""
    since: datetime
    """When the first of them was reported."""
    cases: tuple[tuple[int, str, datetime], ...]
    """Number, code and report of the last of them, the newest first."""


def joined(session: Session, case_id: int) -> list[Joined]:
    """The reports that were merged into a case, in the order in which they came in."""
    rows = session.execute(text(_JOINED), {"case": case_id}).mappings()
    return [Joined(**row) for row in rows]


def alike(
    session: Session, about: CaseView, township_id: int, words: str | None
) -> list[DuplicateCandidate]:
    """What may be the same as a case: the nearest open ones, those first that are likeliest by words, then by distance.

    Of those that come back, and of no other, the words are opened.

    Parameters
    ----------
    words
        What was reported, where it is open to the reader; None: words are neither opened nor compared.
    """
    if about.lon is None or about.lat is None:
        return []
    found = candidates(
        session, township_id, about.matter_id, about.lon, about.lat, at=about.reported_at, text_=words,
        but_for=about.event_id, most=MOST_LISTED, only_open=True, opened=words is not None,
    )  # fmt: skip
    return sorted(found, key=lambda each: (-(each.likeness or 0.0), each.distance_m))


def before(session: Session, about: CaseView, township_id: int) -> Before | None:
    """How often the same matter was reported at this place in the year before; None: it is the first time."""
    if about.lon is None:
        return None
    rows = session.execute(
        text(_BEFORE),
        {
            "t": township_id, "event": about.event_id, "matter": about.matter_id, "lon": about.lon,
            "lat": about.lat, "at": about.reported_at, "usual_m": USUAL_M, "days": LOOKED_BACK_DAYS,
        },
    ).all()  # fmt: skip
    if not rows:
        return None
    last = tuple((row.case_id, row.code, row.reported_at) for row in rows[:MOST_LISTED])
    return Before(len(rows) + 1, rows[-1].reported_at, last)


_JOINED = """
WITH RECURSIVE into_it AS (
    SELECT c.id, c.event_id, 1 AS n FROM event_case c WHERE c.merged_into_id = :case
    UNION ALL
    SELECT c.id, c.event_id, i.n + 1 FROM into_it i JOIN event_case c ON c.merged_into_id = i.id WHERE i.n < 20
)
SELECT i.id AS case_id, e.code, e.reported_at, e.source, ST_X(e.geom) AS lon, ST_Y(e.geom) AS lat,
       ST_Distance(ST_Transform(e.geom, t.metric_srid), ST_Transform(own.geom, t.metric_srid)) AS distance_m
FROM into_it i JOIN event e ON e.id = i.event_id JOIN township t ON t.area_id = e.township_id
JOIN event_case c ON c.id = :case JOIN event own ON own.id = c.event_id
ORDER BY e.reported_at, i.id
"""
_BEFORE = """
WITH m AS (
    SELECT code, coalesce(duplicate_m, :usual_m) AS metres FROM matter WHERE id = :matter
), spot AS (
    SELECT ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) AS geom, t.metric_srid AS srid
    FROM township t WHERE t.area_id = :t
)
SELECT c.id AS case_id, e.code, e.reported_at
FROM m, spot, event e JOIN matter o ON o.id = e.matter_id JOIN event_case c ON c.event_id = e.id
WHERE e.township_id = :t AND e.geom && ST_Expand(spot.geom, reach_in_degrees(m.metres, CAST(:lat AS float8)))
  AND e.reported_at < CAST(:at AS timestamptz)
  AND e.reported_at >= CAST(:at AS timestamptz) - make_interval(days => :days)
  AND e.id <> :event AND o.code = m.code AND c.merged_into_id IS NULL
  AND ST_Distance(ST_Transform(e.geom, spot.srid), ST_Transform(spot.geom, spot.srid)) <= m.metres
ORDER BY e.reported_at DESC, e.id DESC
"""
