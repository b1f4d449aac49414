"""Which records of the register has nobody verified for long?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date

from sqlalchemy.orm import Session

from gisgrid.core.scope import OF_OTHERS
from gisgrid.db.listing import AS_IT_STANDS, Listing, count, portion
from gisgrid.files.exports import Sheet


@dataclass(frozen=True)
class Stale:
    """One household or resident with the day of its last verification; no name."""

    table: str
    """``household`` or ``resident``."""
    code: str
    house_id: int
    house: str
    address: str
    room: str | None
    grid: str | None
    """Code of the house's grid under the plan in force."""
    verified_on: date | None
    """None: never."""
    days: int | None


COLUMNS = tuple(field.name for field in fields(Stale))
TEXTS = ("address", "room", "code", "grid")


def stale(
    session: Session,
    township_id: int,
    day: date,
    *,
    days: int,
    grid: str | None = None,
    limit: int | None = None,
    skip: int = 0,
    listing: Listing = AS_IT_STANDS,
    masked: bool = False,
) -> list[Stale]:
    """Records whose last verification lies more than ``days`` before a day: never first, then oldest.

    Of one day, those of a household stand together. Without what the team of another exclusive grid answers for.

    Parameters
    ----------
    grid
        Only houses of this grid of the plan in force.
    limit
        At most so many; None for all.
    skip
        Without so many of the first.
    listing
        Another order, and words that a row has.
    masked
        Read through the views for the web, whose role sees no other; codes are masked either way.
    """
    # Each kind is read no further than to the end of the page, where the page is one of the list's own order.
    upto = None if limit is None or listing else skip + limit
    values = {"t": township_id, "day": day, "days": days, "grid": grid, "upto": upto}
    rows = portion(
        session, _read_as(masked=masked), values, listing, columns=COLUMNS, texts=TEXTS, limit=limit, skip=skip
    )  # fmt: skip
    return [Stale(**{name: row[name] for name in COLUMNS}) for row in rows]


def count_found(
    session: Session, township_id: int, day: date, *, days: int, grid: str | None, listing: Listing
) -> int:
    """How many records `stale` has through the views for the web, where words are looked for."""
    values = {"t": township_id, "day": day, "days": days, "grid": grid, "upto": None}
    return count(session, _read_as(masked=True), values, listing, columns=COLUMNS, texts=TEXTS)


def _read_as(*, masked: bool) -> str:
    if not masked:
        return _STALE
    return re.sub(r"\bFROM (household|resident)\b|\bJOIN (household)\b", _through_view, _STALE)


def _through_view(table: re.Match[str]) -> str:
    verb, name = table[0].split()
    return f"{verb} masked_{name}"


def stale_sheet(rows: Sequence[Stale]) -> Sheet:
    """The records as a sheet of a workbook."""
    return Sheet(
        "久未核实 stale",
        ("类别 record", "编码 code", "房屋 house", "地址 address", "室 room", "网格 grid",
         "最近核实 verified", "天数 days"),
        [
            (r.table, r.code, r.house, r.address, r.room, r.grid,
             r.verified_on, r.days)
            for r in rows
        ],
    )  # fmt: skip


# Each kind of record is read by its index in the order of the list, and no further than to the end of the page; what
# is shown is put into words after these were chosen: of a town there are half a million.
_STALE = f"""
SELECT first.table_name AS table, masked_code(first.code) AS code, h.id AS house_id, h.code AS house, h.address,
       f.room, g.code AS grid, first.verified_on, CAST(:day AS date) - first.verified_on AS days
FROM (
    SELECT one.* FROM (
        (SELECT 'household' AS table_name, id, code, id AS household_id, verified_on FROM household
         WHERE township_id = :t AND house_id NOT IN {OF_OTHERS} AND (verified_on IS NULL OR verified_on < CAST(:day AS date) - CAST(:days AS integer))
           AND (CAST(:grid AS text) IS NULL OR house_id = ANY (ARRAY(
               SELECT a.house_id FROM plan_in_force p JOIN grid_of_house a ON a.plan_id = p.id
               JOIN grid g ON g.id = a.grid_id WHERE p.township_id = :t AND g.code = :grid)))
         ORDER BY verified_on NULLS FIRST, id LIMIT CAST(:upto AS bigint))
        UNION ALL
        (SELECT 'resident', id, code, household_id, verified_on FROM resident
         WHERE township_id = :t
           AND household_id NOT IN (SELECT f.id FROM household f WHERE f.house_id IN {OF_OTHERS}) AND (verified_on IS NULL OR verified_on < CAST(:day AS date) - CAST(:days AS integer))
           AND (CAST(:grid AS text) IS NULL OR household_id = ANY (ARRAY(
               SELECT f.id FROM plan_in_force p JOIN grid_of_house a ON a.plan_id = p.id
               JOIN grid g ON g.id = a.grid_id JOIN household f ON f.house_id = a.house_id
               WHERE p.township_id = :t AND g.code = :grid)))
         ORDER BY verified_on NULLS FIRST, household_id, id LIMIT CAST(:upto AS bigint))
    ) one
    ORDER BY one.verified_on NULLS FIRST, one.household_id, one.table_name, one.id
    LIMIT CAST(:limit AS bigint) OFFSET :skip
) first
JOIN household f ON f.id = first.household_id JOIN house h ON h.id = f.house_id
LEFT JOIN plan_in_force p ON p.township_id = :t
LEFT JOIN grid_of_house a ON a.plan_id = p.id AND a.house_id = h.id
LEFT JOIN grid g ON g.id = a.grid_id
ORDER BY first.verified_on NULLS FIRST, first.household_id, first.table_name, first.id
"""  # noqa: S608 - parts that stand here
