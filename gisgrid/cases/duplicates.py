"""Has this been reported already? Open or recent events of the same matter near by, to be looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rapidfuzz import fuzz
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import NotAllowed
from gisgrid.people.unmask import open_events

USUAL_M, USUAL_H = 50.0, 72.0
"""Where a matter says nothing of its own."""
AGAIN = timedelta(minutes=10)
"""A program that got no answer sends the same once more."""


@dataclass(frozen=True)
class DuplicateCandidate:
    """An event that may be the same, with what it takes to judge that."""

    event_id: int
    case_id: int | None
    code: str
    reported_at: datetime
    text: str | None
    address: str | None
    open: bool
    distance_m: float
    hours_apart: float
    likeness: float | None
    """Of the two texts, 0 to 1; None where one is missing."""
    photos: tuple[int, ...]
    """Numbers of its photos, oldest first."""


def key_of_repeat(session: Session, township_id: int, whose: str, *words: object) -> str:
    """A client's key for a report that came without one: the same words within ``AGAIN`` are one report.

    Parameters
    ----------
    whose
        Of whom: nobody gets another's report by sending the same.
    words
        What makes a report the same: matter, place, text.
    """
    digest = hashlib.sha256(repr(words).encode()).hexdigest()[:32]
    now = datetime.now(UTC)
    span = int(now.timestamp() // AGAIN.total_seconds())
    for each in (span, span - 1):
        key = f"{whose}:same:{digest}:{each}"
        known = session.scalar(
            text("SELECT event_of_client(:t, :key)"), {"t": township_id, "key": key}
        )
        if known is None:
            continue
        # Whoever sends it may know of it, as of any report of their own.
        session.execute(text("SELECT set_config('gisgrid.report', :id, true)"), {"id": str(known)})
        at = session.scalar(text("SELECT reported_at FROM event WHERE id = :id"), {"id": known})
        if at is not None and now - at <= AGAIN:
            return key
    return f"{whose}:same:{digest}:{span}"


def candidates(
    session: Session,
    township_id: int,
    matter_id: int,
    lon: float,
    lat: float,
    *,
    at: datetime,
    text_: str | None = None,
    but_for: int | None = None,
    most: int = 8,
    only_open: bool = False,
    opened: bool = True,
) -> list[DuplicateCandidate]:
    """Events of the same item within the matter's radius and time, the nearest first.

    An event that is still open is a candidate however old it is; merged ones are not, for what they
    were merged into is.

    Parameters
    ----------
    only_open
        None that is closed or has no case.
    opened
        With the words, as `words_of` opens them; False: nothing is opened, and none is in the audit.
    """
    rows = session.execute(
        text(_NEAR),
        {
            "t": township_id, "matter": matter_id, "lon": lon, "lat": lat, "at": at,
            "but": but_for, "most": most, "only_open": only_open, "usual_m": USUAL_M, "usual_h": USUAL_H,
        },
    ).mappings()  # fmt: skip
    found = list(rows)
    said = words_of(session, [row["event_id"] for row in found]) if opened else {}
    near = []
    for row in found:
        words, address = said.get(row["event_id"], (None, None))
        alike = fuzz.token_set_ratio(text_, words) / 100 if text_ and words else None
        near.append(
            DuplicateCandidate(
                **{**row, "photos": tuple(row["photos"] or ())},
                text=words, address=address, likeness=alike,
            )
        )  # fmt: skip
    return near


def words_of(session: Session, ids: Sequence[int]) -> dict[int, tuple[str | None, str | None]]:
    """Text and address of events, for whom the store opens them; the others are left out.

    The owner of the tables reads them; anybody else by right, purpose and with a row of the audit.
    """
    if not ids:
        return {}
    try:
        if session.scalar(text("SELECT has_column_privilege('event', 'text', 'SELECT')")):
            rows = session.execute(
                text("SELECT id, text, address FROM event WHERE id = ANY(:ids)"), {"ids": list(ids)}
            )
            return {row.id: (row.text, row.address) for row in rows}
        return {e.id: (e.text, e.address) for e in open_events(session, ids)}
    except NotAllowed:
        return {}


_NEAR = """
WITH m AS (
    SELECT code, coalesce(duplicate_m, :usual_m) AS metres,
           coalesce(duplicate_h, :usual_h) AS hours FROM matter WHERE id = :matter
), spot AS (
    SELECT ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) AS geom, t.metric_srid AS srid
    FROM township t WHERE t.area_id = :t
), near AS (
    SELECT e.id, e.code, e.matter_id, e.reported_at, e.closed_at, ST_Distance(ST_Transform(e.geom, spot.srid), ST_Transform(spot.geom, spot.srid))
           AS distance_m
    FROM spot, m, event e
    WHERE e.township_id = :t AND e.geom && ST_Expand(spot.geom,
              reach_in_degrees(m.metres, CAST(:lat AS float8)))
      AND e.reported_at <= CAST(:at AS timestamptz) + make_interval(secs => m.hours * 3600)
      AND (e.closed_at IS NULL
           OR e.reported_at >= CAST(:at AS timestamptz) - make_interval(secs => m.hours * 3600))
      AND e.id IS DISTINCT FROM CAST(:but AS bigint)
)
SELECT n.id AS event_id, c.id AS case_id, n.code, n.reported_at,
       n.closed_at IS NULL AS open, n.distance_m,
       abs(extract(epoch FROM n.reported_at - CAST(:at AS timestamptz)))::float8 / 3600
           AS hours_apart,
       (SELECT array_agg(p.id ORDER BY p.id) FROM photo p WHERE p.event_id = n.id) AS photos
FROM near n JOIN matter o ON o.id = n.matter_id JOIN m ON m.code = o.code
LEFT JOIN event_case c ON c.event_id = n.id
WHERE n.distance_m <= m.metres AND c.merged_into_id IS NULL AND (NOT CAST(:only_open AS boolean) OR c.open)
ORDER BY n.distance_m, n.id LIMIT :most
"""
