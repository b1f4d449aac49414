"""How does the register stand, grid by grid: who lives there by age, what was verified and visited, where nobody came?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid, NotAllowed

AGES = ("under_18", "under_60", "under_80", "from_80", "age_unknown")
"""People of a unit by age in years; together they are its residents."""
RESTRICTED = (*AGES, "alone")
"""What is hidden where it is few, from who may not open registers there."""
COUNTS = (
    "houses", "lived_in", "households", "residents", "verified", "visits", "overdue", *RESTRICTED,
)  # fmt: skip
"""All that is counted; those of the units add up to those of what they are part of."""
MOST_WORDS = 300


@dataclass(frozen=True)
class RegisterStanding:
    """One grid, one community, or the township."""

    code: str | None
    """None: houses in no grid or community, or the whole."""
    name: str | None
    community: str | None
    community_en: str | None
    counts: Mapping[str, int | None]
    """By `COUNTS`; None: too few to be told, or visits that the asker does not see."""
    last_on: date | None
    """The last visit or verification; None: never."""

    def asleep(self, day: date, days: int) -> bool:
        """Whether people live there and nobody visited or verified within ``days``."""
        lived = bool(self.counts["lived_in"])
        return lived and (self.last_on is None or day - self.last_on > timedelta(days))


@dataclass(frozen=True)
class Standings:
    """All that the asker may see of a township."""

    grids: tuple[RegisterStanding, ...]
    """By code; houses in no grid after those of the community, without code."""
    communities: tuple[RegisterStanding, ...]
    township: RegisterStanding | None
    """None: the asker sees a part alone."""


@dataclass(frozen=True)
class WorkerVisits:
    """What somebody of a team, or who visited there, did within days."""

    name: str | None
    """None: not recorded, or not to be seen."""
    grids: str
    visits: int
    houses: int
    last_on: date | None


@dataclass(frozen=True)
class SleepExplained:
    """Why a grid sleeps, as was said last."""

    grid_code: str
    reason: str
    who: str
    at: datetime


def standings(session: Session, plan_id: int, day: date, *, recent: int, late: int) -> Standings:
    """How the register stands on a day, under a plan, as far as the asker may see registers.

    Parameters
    ----------
    recent
        Days back within which a household counts as verified, and a visit counts.
    late
        A lived-in house seen longer ago is overdue, unless another day was agreed.
    """
    asked = {"plan": plan_id, "day": day, "recent": recent, "late": late}
    found: dict[str, list[RegisterStanding]] = {"grid": [], "community": [], "township": []}
    for row in session.execute(text(_STANDINGS), asked).mappings():
        counts = {name: row[name] for name in COUNTS}
        found[row["level"]].append(
            RegisterStanding(
                row["code"],
                row["name"],
                row["community"],
                row["community_en"],
                counts,
                row["last_on"],
            )
        )
    (whole,) = found["township"] or (None,)
    return Standings(tuple(found["grid"]), tuple(found["community"]), whole)


def visits_by_worker(
    session: Session, township_id: int, day: date, *, recent: int
) -> list[WorkerVisits]:
    """Who visited how often within ``recent`` days: the teams of the asker's grids, and who else did; most first.

    As far as the asker sees visits. Those to houses that are gone are not among them, as in `standings`.
    """
    rows = session.execute(text(_WORKERS), {"t": township_id, "day": day, "recent": recent})
    return [WorkerVisits(**row) for row in rows.mappings()]


def explained(session: Session, township_id: int) -> dict[str, SleepExplained]:
    """The last reason of each grid for which one was given, by its code."""
    rows = session.execute(text(_EXPLAINED), {"t": township_id}).mappings()
    return {row["grid_code"]: SleepExplained(**row) for row in rows}


def explainable(session: Session, township_id: int) -> frozenset[str]:
    """Codes of the grids of which the asker may say why they sleep."""
    asked = {"t": township_id}
    return frozenset(session.scalars(text("SELECT unnest(grids_to_explain(:t))"), asked))


def explain(session: Session, township_id: int, grid_code: str, reason: str) -> None:
    """Say why a grid sleeps.

    Raises
    ------
    Invalid
        No reason.
    NotAllowed
        The grid is none that the transaction's account leads, or whose register it checks.
    """
    reason = " ".join(reason.split())[:MOST_WORDS]
    if not reason:
        raise Invalid(
            "Write why nobody came: roads closed, the post is vacant, nobody lives there any more."
        )
    try:
        session.execute(
            text("SELECT explain_sleep(:t, :code, :reason)"),
            {"t": township_id, "code": grid_code, "reason": reason},
        )
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == "42501":
            raise NotAllowed(
                "The grid's leader, or the clerk who checks its register, says why nobody came."
            ) from error
        raise


_STANDINGS = """
SELECT c.level, CASE c.level WHEN 'grid' THEN g.code WHEN 'community' THEN a.code END AS code,
       CASE c.level WHEN 'grid' THEN g.name WHEN 'community' THEN a.name END AS name, a.name AS community,
       a.name_en AS community_en,
       c.houses, c.lived_in, c.households, c.residents, c.verified, c.visits, c.overdue, c.last_on, c.under_18,
       c.under_60, c.under_80, c.from_80, c.age_unknown, c.alone
FROM count_register(:plan, CAST(:day AS date), CAST(:recent AS integer), CAST(:late AS integer)) c
LEFT JOIN grid g ON g.id = c.grid_id LEFT JOIN area a ON a.id = c.community_id
ORDER BY a.code COLLATE "C" NULLS LAST, g.code COLLATE "C" NULLS LAST
"""
_WORKERS = """
WITH mine AS MATERIALIZED (
    SELECT g.code, g.name FROM plan_in_force p JOIN grid g ON g.plan_id = p.id
    WHERE p.township_id = :t AND g.id = ANY ((SELECT my_grids('see_visits'))::bigint[])
), team AS (
    SELECT m.staff_id, string_agg(DISTINCT mine.name, '、' ORDER BY mine.name) AS grids
    FROM team_member m JOIN mine ON mine.code = m.grid_code
    WHERE m.township_id = :t AND m.during @> CAST(:day AS date) GROUP BY 1
), went AS (
    SELECT v.staff_id, count(*) AS visits, count(DISTINCT v.house_id) AS houses, max(v.visited_on) AS last_on
    FROM visit v WHERE v.township_id = :t AND v.house_id IS NOT NULL AND v.visited_on <= CAST(:day AS date)
      AND v.visited_on > CAST(:day AS date) - CAST(:recent AS integer) GROUP BY 1
)
SELECT s.name, coalesce(team.grids, '') AS grids, coalesce(went.visits, 0) AS visits, coalesce(went.houses, 0) AS houses,
       went.last_on
FROM team FULL JOIN went ON went.staff_id = team.staff_id
LEFT JOIN masked_staff s ON s.id = coalesce(team.staff_id, went.staff_id)
ORDER BY visits DESC, s.name COLLATE "C" NULLS LAST, grids COLLATE "C"
"""
_EXPLAINED = """
SELECT DISTINCT ON (grid_code) grid_code, reason, who, at FROM sleep_reason WHERE township_id = :t
ORDER BY grid_code, at DESC, id DESC
"""
