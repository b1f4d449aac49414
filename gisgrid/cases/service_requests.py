"""Which events are there, as another system asks for them? By code, matter, span of time and state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.duplicates import words_of


@dataclass(frozen=True)
class ServiceRequest:
    """An event with where its case stands; text and address for whom the store opens them."""

    event_id: int
    code: str
    open: bool
    matter_code: str
    matter: str
    matter_en: str | None
    office: str | None
    reported_at: datetime
    changed_at: datetime
    """Of its last step; for events without a case, when they were closed or reported."""
    due_at: datetime | None
    lon: float | None
    lat: float | None
    means: str | None
    """Of the last step that says why or what; None without a case."""
    why: str | None
    """The reason, or else the note, of that step."""
    photo: int | None
    text: str | None
    address: str | None


def service_requests(
    session: Session,
    township_id: int,
    *,
    codes: Sequence[str] | None = None,
    matters: Sequence[str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    open_: bool | None = None,
    most: int = 1000,
    skip: int = 0,
) -> list[ServiceRequest]:
    """Events that the account may see, the newest first.

    Parameters
    ----------
    codes, matters
        Only these events, only of these items; None: all.
    since, until
        Aware; both ends belong to the span.
    open_
        None: open and closed ones.
    """
    rows = session.execute(
        text(_REQUESTS),
        {
            "t": township_id, "codes": None if codes is None else list(codes),
            "matters": None if matters is None else list(matters), "since": since, "until": until,
            "open": open_, "most": most, "skip": skip,
        },
    ).mappings().all()  # fmt: skip
    said = words_of(session, [row["event_id"] for row in rows])
    return [
        ServiceRequest(**row, text=words[0], address=words[1])
        for row in rows
        for words in [said.get(row["event_id"], (None, None))]
    ]


_REQUESTS = """
SELECT e.id AS event_id, e.code, coalesce(c.open, e.closed_at IS NULL) AS open,
       m.code AS matter_code, m.name AS matter, m.name_en AS matter_en,
       coalesce(c.office, m.office) AS office, e.reported_at,
       coalesce(c.changed_at, e.closed_at, e.reported_at) AS changed_at,
       coalesce((SELECT max(k.due_at) FROM case_clock k
                 WHERE k.case_id = c.id AND k.deadline AND k.stopped_at IS NULL), e.due_at) AS due_at,
       ST_X(e.geom) AS lon, ST_Y(e.geom) AS lat, s.means, coalesce(s.reason, s.note) AS why,
       (SELECT min(p.id) FROM photo p WHERE p.event_id = e.id) AS photo
FROM event e JOIN matter m ON m.id = e.matter_id
LEFT JOIN event_case c ON c.event_id = e.id
LEFT JOIN LATERAL (
    SELECT s.means, s.reason, s.note FROM case_step s
    WHERE s.case_id = c.id AND s.means NOT IN ('note', 'move') ORDER BY s.seq DESC LIMIT 1) s ON true
WHERE e.township_id = :t
  AND (CAST(:codes AS text[]) IS NULL OR e.code = ANY(CAST(:codes AS text[])))
  AND (CAST(:matters AS text[]) IS NULL OR m.code = ANY(CAST(:matters AS text[])))
  AND (CAST(:since AS timestamptz) IS NULL OR e.reported_at >= :since)
  AND (CAST(:until AS timestamptz) IS NULL OR e.reported_at <= :until)
  AND (CAST(:open AS boolean) IS NULL OR coalesce(c.open, e.closed_at IS NULL) = :open)
ORDER BY e.reported_at DESC, e.id DESC LIMIT :most OFFSET :skip
"""
