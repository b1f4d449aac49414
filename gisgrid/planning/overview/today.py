"""Which plans wait for whom today?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class PlanOnItsWay:
    """A plan on its way, with the last step that brought it where it is."""

    plan_id: int
    name: str
    state: str
    township_id: int
    township: str
    township_en: str | None
    at: datetime | None
    """Of the last step; None: it has taken none."""
    who: str | None
    reason: str | None
    """What was said at that step: why it was returned."""


@dataclass(frozen=True)
class PlanToCome:
    """A plan that will change who works where, once it is through."""

    plan_id: int
    name: str
    state: str
    since: date | None
    """Its first day; None: it is not published yet."""


def to_come(session: Session, township_id: int) -> list[PlanToCome]:
    """Plans of a township that are reviewed, or published and not in force yet; the nearest first.

    Drafts, and what came back to be mended, are left out: they concern who draws them.
    """
    rows = session.execute(text(_TO_COME), {"t": township_id}).mappings()
    return [PlanToCome(**row) for row in rows]


def on_their_way(session: Session, townships: Sequence[int]) -> list[PlanOnItsWay]:
    """The plans of townships that are not published, those that moved last first."""
    rows = session.execute(text(_WAITING), {"townships": list(townships)}).mappings()
    return [PlanOnItsWay(**row) for row in rows]


_TO_COME = """
SELECT id AS plan_id, name, state, lower(validity) AS since FROM plan
WHERE township_id = :t
  AND (state IN ('in_review', 'approved', 'notified') OR state = 'published' AND lower(validity) > today_in(:t))
ORDER BY lower(validity) NULLS LAST, array_position(ARRAY['notified', 'approved', 'in_review'], state), id
"""
_WAITING = """
SELECT p.id AS plan_id, p.name, p.state, a.id AS township_id, a.name AS township,
       a.name_en AS township_en, s.at, s.who, s.reason
FROM plan p JOIN area a ON a.id = p.township_id LEFT JOIN LATERAL (
    SELECT at, who, reason FROM plan_step WHERE plan_id = p.id ORDER BY id DESC LIMIT 1) AS s ON true
WHERE p.township_id = ANY (:townships) AND p.validity IS NULL
ORDER BY coalesce(s.at, p.created_at) DESC, p.id DESC
"""
