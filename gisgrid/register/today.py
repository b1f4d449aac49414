"""Which houses are to be visited, and how many records are to be verified?"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.scope import OF_OTHERS
from gisgrid.db.listing import AS_IT_STANDS, Listing, count, portion


@dataclass(frozen=True)
class ToVisit:
    """A lived-in house that nobody visited for long."""

    house_id: int
    address: str
    grid_code: str | None
    grid: str | None
    """Under the plan in force."""
    last_on: date | None
    """The last visit or verification; None: never."""


COLUMNS = tuple(field.name for field in fields(ToVisit))
TEXTS = ("address", "grid", "grid_code")


def to_visit(
    session: Session,
    township_id: int,
    day: date,
    *,
    days: int,
    grid: str | None = None,
    limit: int | None = None,
    skip: int = 0,
    listing: Listing = AS_IT_STANDS,
) -> list[ToVisit]:
    """Lived-in houses without a visit or verification within ``days``: never first, then oldest.

    Where the last visit agreed on a day to come again, that day counts instead.

    Of the ground where the asker may see registers and visits, without what the team of another exclusive grid answers
    for; of one ``grid`` by its code in the plan in force,
    where one is named.
    """
    values = {"t": township_id, "day": day, "days": days, "grid": grid}
    rows = portion(
        session, _TO_VISIT, values, listing, columns=COLUMNS, texts=TEXTS, limit=limit, skip=skip
    )
    return [ToVisit(**{name: row[name] for name in COLUMNS}) for row in rows]


def count_to_visit(
    session: Session,
    township_id: int,
    day: date,
    *,
    days: int,
    grid: str | None = None,
    listing: Listing = AS_IT_STANDS,
) -> int:
    """How many houses `to_visit` lists."""
    values = {"t": township_id, "day": day, "days": days, "grid": grid}
    if listing.words:
        return count(session, _TO_VISIT, values, listing, columns=COLUMNS, texts=TEXTS)
    return session.scalar(text(_COUNT), values) or 0


def count_stale(
    session: Session, township_id: int, day: date, *, days: int, grid: str | None = None
) -> int:
    """How many records `gisgrid.register.stale.stale` lists."""
    values = {"t": township_id, "day": day, "days": days, "grid": grid}
    return session.scalar(text(_STALE), values) or 0


_LATE = f"""
WITH lives AS (
    SELECT house_id, max(verified_on) FILTER (WHERE verified_on <= CAST(:day AS date)) AS verified_on
    FROM household WHERE township_id = :t AND house_id NOT IN {OF_OTHERS} GROUP BY house_id
), seen AS (
    SELECT house_id, max(visited_on) AS visited_on,
           (array_agg(next_on ORDER BY visited_on DESC, id DESC))[1] AS next_on FROM visit
    WHERE township_id = :t AND visited_on <= CAST(:day AS date) GROUP BY house_id
), late AS (
    SELECT house_id, greatest(visited_on, verified_on) AS last_on
    FROM lives LEFT JOIN seen USING (house_id)
    WHERE CASE WHEN next_on IS NOT NULL THEN next_on <= CAST(:day AS date)
               ELSE (CAST(:day AS date) - greatest(visited_on, verified_on) <= CAST(:days AS integer))
                    IS NOT TRUE END
)
"""  # noqa: S608 - parts that stand here
_TO_VISIT = f"""{_LATE}
SELECT h.id AS house_id, h.address, g.code AS grid_code, g.name AS grid, late.last_on
FROM late JOIN house h ON h.id = late.house_id
LEFT JOIN plan_in_force p ON p.township_id = h.township_id
LEFT JOIN grid_of_house a ON a.plan_id = p.id AND a.house_id = h.id LEFT JOIN grid g ON g.id = a.grid_id
WHERE CAST(:grid AS text) IS NULL OR g.code = :grid
ORDER BY late.last_on NULLS FIRST, h.address COLLATE "C", h.id LIMIT :limit OFFSET :skip
"""  # noqa: S608 - parts that stand here
_OF_GRID = """ANY (ARRAY(
    SELECT a.house_id FROM plan_in_force p JOIN grid_of_house a ON a.plan_id = p.id JOIN grid g ON g.id = a.grid_id
    WHERE p.township_id = :t AND g.code = :grid))"""
_COUNT = (
    f"{_LATE} SELECT count(*) FROM late WHERE CAST(:grid AS text) IS NULL OR house_id = {_OF_GRID}"  # noqa: S608 - parts that stand here
)
_STALE = f"""
SELECT (SELECT count(*) FROM masked_household
        WHERE township_id = :t AND (verified_on < CAST(:day AS date) - CAST(:days AS integer)) IS NOT FALSE
          AND house_id NOT IN {OF_OTHERS} AND (CAST(:grid AS text) IS NULL OR house_id = {_OF_GRID}))
     + (SELECT count(*) FROM masked_resident
        WHERE township_id = :t AND (verified_on < CAST(:day AS date) - CAST(:days AS integer)) IS NOT FALSE
          AND (CAST(:grid AS text) IS NULL OR household_id = ANY (ARRAY(
              SELECT id FROM masked_household WHERE house_id = {_OF_GRID})))
          AND household_id NOT IN (SELECT id FROM masked_household WHERE house_id IN {OF_OTHERS}))
"""  # noqa: S608 - parts that stand here
