"""What a township holds, community by community; the totals reconcile to the last person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class CommunityRow:
    """Counts of one community; places known to lie in none stand in a row without a code.

    None: the number is small, or would tell a small one, and who asks has no right to exact counts.
    """

    code: str | None
    name: str | None
    basic: int
    exclusive: int
    houses: int
    households: int | None
    residents: int | None
    events: int | None
    uncovered_houses: int
    uncovered_residents: int | None


@dataclass(frozen=True)
class GridRow:
    """Counts of one grid; None as for a community."""

    code: str
    name: str
    kind: str
    community: str
    houses: int
    households: int | None
    residents: int | None
    events: int | None
    open_events: int | None


class Summary(NamedTuple):
    """The rows, and what they add up to: a row without code and name."""

    communities: list[CommunityRow]
    total: CommunityRow


def by_community(session: Session, plan_id: int, day: date | None = None) -> Summary:
    """Counts per community under a plan, by code; each house and event in exactly one row.

    A house counts where its grid lies; without a grid, where its point lies; without a point, where
    the register says. Uncovered: in no grid, with or without a point. Events are those reported until the
    end of ``day``, by the township's clock (None: all); the register has no days and is as it stands. Who owns the store, and who has
    the right to exact counts, sees all; the store itself hides what others may not see.
    """
    values = {"plan": plan_id, "day": day}
    rows = session.execute(text(_COMMUNITY), values).mappings().all()
    found: dict[str, list[CommunityRow]] = {"community": [], "township": []}
    for row in rows:
        counts = dict(row)
        found[counts.pop("level")].append(CommunityRow(**counts))
    (total,) = found["township"]
    return Summary(found["community"], total)


def by_grid(session: Session, plan_id: int, day: date | None = None) -> list[GridRow]:
    """Counts per grid under a plan, by code; in overlay mode houses count in their basic grid.

    Events are those of ``day``, as in `by_community`.
    """
    values = {"plan": plan_id, "day": day}
    return [GridRow(**r) for r in session.execute(text(_GRID), values).mappings()]


_COMMUNITY = """
SELECT n.level, a.code, a.name, coalesce(g.basic, 0) AS basic, coalesce(g.exclusive, 0) AS exclusive,
       n.houses, n.households, n.residents, n.events, n.uncovered_houses, n.uncovered_residents
FROM count_plan(:plan, CAST(:day AS date)) n LEFT JOIN area a ON a.id = n.community_id
LEFT JOIN (
    SELECT community_id, count(*) FILTER (WHERE kind = 'basic') AS basic,
           count(*) FILTER (WHERE kind = 'exclusive') AS exclusive
    FROM grid WHERE plan_id = :plan GROUP BY GROUPING SETS (community_id, ())
) g ON g.community_id IS NOT DISTINCT FROM n.community_id
   AND (n.community_id IS NOT NULL OR n.level = 'township')
WHERE n.level = 'township'
   OR n.level = 'community' AND (a.id IS NOT NULL OR n.houses > 0 OR n.events IS DISTINCT FROM 0)
ORDER BY n.level, a.code COLLATE "C" NULLS LAST
"""

_GRID = """
SELECT g.code, g.name, g.kind, c.code AS community, n.houses, n.households, n.residents, n.events,
       n.open_events
FROM count_plan(:plan, CAST(:day AS date)) n JOIN grid g ON g.id = n.grid_id JOIN area c ON c.id = g.community_id
ORDER BY g.code COLLATE "C"
"""
