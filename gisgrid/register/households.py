"""The register of a house: its households and residents, masked, or open for a purpose."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import NotAllowed, NotFound
from gisgrid.core.scope import scope

MOST_HOUSES = 2000
"""Of one list; a grid has some hundreds."""
LATELY_DAYS = 30
"""So long a house counts as new, and what was sent back as to be looked at."""


@dataclass(frozen=True)
class ResidentView:
    """A person as the store shows them to who asks; None: not recorded, or not shown masked."""

    id: int
    name: str
    citizen_id: str | None
    phone: str | None
    born: str | None
    """A year; opened, a day."""
    sex: str | None = None
    needs: tuple[str, ...] = ()
    verified_on: date | None = None


@dataclass(frozen=True)
class HouseholdView:
    """Those who live together, by code."""

    id: int
    code: str
    room: str | None
    verified_on: date | None
    residents: tuple[ResidentView, ...]


@dataclass(frozen=True)
class Register:
    """A house and those who live in it; without households it has no register yet."""

    house_id: int
    township_id: int
    code: str
    address: str
    community: str | None
    community_en: str | None
    grid_code: str | None
    grid_name: str | None
    households: tuple[HouseholdView, ...]
    opened_for: str | None = None
    """Name of the purpose it was opened for; None: masked."""

    @property
    def residents(self) -> int:
        return sum(len(each.residents) for each in self.households)


@dataclass(frozen=True)
class DeclaredPurpose:
    """What personal data may be opened for."""

    name: str
    zh: str
    en: str
    legal_basis: str


@dataclass(frozen=True)
class ListedHouse:
    """A house of a list, with how far its register is kept."""

    id: int
    code: str
    address: str
    households: int
    verified_on: date | None
    """The day of the household that was looked at longest ago; None: one never was, or there is none."""
    last_on: date | None
    """The last visit or verification; None: never, as far as visits may be seen."""
    due: str
    """``register``: it has none; ``visit``: nobody came for long, or it was agreed to come; ``verify``: a
    household was not looked at for long; empty: nothing."""
    waiting: int
    """What was entered and waits for the clerk."""
    located: bool
    attention: bool
    """An entry of the last days was sent back or contradicts another, or the day agreed for a visit is over."""
    fresh: bool
    """The house, or a household of it, came in at the door within the last days."""


@dataclass(frozen=True)
class GridRegister:
    """A grid with its houses, and how many of them have a register."""

    code: str
    name: str
    community: str
    community_en: str | None
    houses: int
    kept: int
    """Houses with at least one household."""


def registers(session: Session, plan_id: int) -> list[GridRegister]:
    """The grids of a plan where the asker may see registers, by code, with how far each is kept."""
    rows = session.execute(text(_REGISTERS), {"plan": plan_id}).mappings()
    return [GridRegister(**row) for row in rows]


def purposes(session: Session) -> list[DeclaredPurpose]:
    """The purposes that may be declared, by name."""
    rows = session.execute(
        text('SELECT name, zh, en, legal_basis FROM purpose ORDER BY name COLLATE "C"')
    )
    return [DeclaredPurpose(**row) for row in rows.mappings()]


def register_of(session: Session, house_id: int) -> Register:
    """The register of a house, masked as its township masks.

    Raises
    ------
    NotFound
        No such house.
    NotAllowed
        It lies where the transaction's account has no right to see registers.
    """
    house = session.execute(text(_HOUSE), {"id": house_id}).mappings().one_or_none()
    if house is None and session.scalar(text(_WENT), {"id": house_id}):
        raise NotFound("This house is no longer registered.")
    if house is None:
        raise NotFound("There is no house {house_id}.", house_id=house_id)
    if not session.scalar(text(_WITHIN), {"id": house_id}):
        raise NotAllowed("This house lies outside the area of your rights.")
    people: dict[int, list[ResidentView]] = {}
    for row in session.execute(text(_RESIDENTS), {"id": house_id}).mappings():
        values = dict(row)
        people.setdefault(values.pop("household_id"), []).append(ResidentView(**values))
    households = tuple(
        HouseholdView(**row, residents=tuple(people.get(row["id"], ())))
        for row in session.execute(text(_HOUSEHOLDS), {"id": house_id}).mappings()
    )
    return Register(**house, households=households)


def open_register(session: Session, house_id: int, purpose: str) -> Register:
    """The register unmasked, as far as the account may open; the store writes down that it was.

    Parameters
    ----------
    purpose
        That which the transaction declared.

    Raises
    ------
    NotFound, NotAllowed
        As ``register_of``; or the account may open nothing, or the purpose is none of the declared.
    """
    masked = register_of(session, house_id)
    ids = [person.id for each in masked.households for person in each.residents]
    opened = {row["id"]: row for row in session.execute(text(_OPEN), {"ids": ids}).mappings()}

    def unmasked(person: ResidentView) -> ResidentView:
        row = opened.get(person.id)
        if row is None:
            return person
        return replace(person, **{**row, "needs": tuple(row["needs"])})

    return replace(
        masked,
        opened_for=purpose,
        households=tuple(
            replace(each, residents=tuple(unmasked(person) for person in each.residents))
            for each in masked.households
        ),
    )


def houses_of_grid(
    session: Session,
    plan_id: int,
    grid_code: str,
    day: date,
    *,
    days: int,
    most: int = MOST_HOUSES,
) -> list[ListedHouse]:
    """The houses of a grid whose registers may be seen, at most ``most``: what is due first.

    Parameters
    ----------
    days
        What was not visited or verified for longer is due on ``day``.

    Raises
    ------
    NotAllowed
        The grid of the plan in force is not on the account's ground.
    """
    asked = {
        "plan": plan_id, "code": grid_code, "most": most, "day": day, "days": days, "lately": LATELY_DAYS,
    }  # fmt: skip
    rows = session.execute(text(_HOUSES), asked)
    listed = [ListedHouse(**row) for row in rows.mappings()]
    grid_id = session.scalar(
        text("SELECT id FROM grid WHERE plan_id = :plan AND code = :code"),
        {"plan": plan_id, "code": grid_code},
    )
    if not listed and grid_id not in scope(session, "see_register").grids:
        raise NotAllowed("No house of this grid may be seen with your rights.")
    return listed


_HOUSE = """
SELECT h.id AS house_id, h.township_id, h.code, h.address, coalesce(c.name, r.name) AS community,
       CASE WHEN c.id IS NULL THEN r.name_en ELSE c.name_en END AS community_en,
       g.code AS grid_code, g.name AS grid_name
FROM house h
LEFT JOIN plan_in_force p ON p.township_id = h.township_id
LEFT JOIN grid_of_house a ON a.plan_id = p.id AND a.house_id = h.id
LEFT JOIN grid g ON g.id = a.grid_id LEFT JOIN area c ON c.id = g.community_id
LEFT JOIN area r ON r.id = h.community_id
WHERE h.id = :id
"""

_WENT = (
    "SELECT EXISTS (SELECT FROM house_change WHERE house_id = :id AND change IN ('gone', 'joined'))"
)
_WITHIN = "SELECT house_within('see_register', id, township_id) FROM house WHERE id = :id"

_HOUSEHOLDS = """
SELECT id, code, room, verified_on FROM masked_household WHERE house_id = :id
ORDER BY room COLLATE "C" NULLS FIRST, code COLLATE "C", id
"""

_RESIDENTS = """
SELECT r.id, r.household_id, r.name, r.citizen_id, r.phone, r.birth_year::text AS born, r.verified_on
FROM masked_resident r JOIN masked_household f ON f.id = r.household_id
WHERE f.house_id = :id ORDER BY r.code COLLATE "C", r.id
"""

_OPEN = """
SELECT id, name, citizen_id, phone, sex, birth_date::text AS born, needs
FROM unmask_resident(CAST(:ids AS bigint[]))
"""

_HOUSES = """
WITH here AS MATERIALIZED (
    SELECT a.house_id FROM grid g JOIN grid_of_house a ON a.plan_id = g.plan_id AND a.grid_id = g.id
    WHERE g.plan_id = :plan AND g.code = :code
), mine AS MATERIALIZED (
    SELECT h.id, h.code, h.address, h.location_status = 'ok' AS located
    FROM unnest(houses_within('see_register', ARRAY(SELECT house_id FROM here))) AS within (id)
    JOIN house h USING (id)
), lives AS (
    SELECT f.house_id, count(*) AS households, max(f.verified_on) AS newest,
           CASE WHEN count(*) = count(f.verified_on) THEN min(f.verified_on) END AS oldest
    FROM household f WHERE f.house_id IN (SELECT id FROM mine) GROUP BY f.house_id
), seen AS (
    SELECT DISTINCT ON (v.house_id) v.house_id, v.visited_on, v.next_on
    FROM visit v WHERE v.house_id IN (SELECT id FROM mine) AND v.visited_on <= :day
    ORDER BY v.house_id, v.visited_on DESC, v.id DESC
), entered AS (
    SELECT e.house_id, count(*) FILTER (WHERE e.state = 'waiting') AS n,
           bool_or(e.state = 'returned' AND e.decided_at > CAST(:day AS date) - CAST(:lately AS integer)
                   OR e.state = 'waiting' AND e.conflict) AS odd,
           bool_or(e.kind IN ('house_new', 'household_in') AND e.state IN ('done', 'accepted')
                   AND e.at > CAST(:day AS date) - CAST(:lately AS integer)) AS came
    FROM register_entry e WHERE e.house_id IN (SELECT id FROM mine) GROUP BY e.house_id
), part AS (
    SELECT c.successor_id AS house_id FROM house_change c
    WHERE c.successor_id IN (SELECT id FROM mine) AND c.change = 'split'
      AND c.at > CAST(:day AS date) - CAST(:lately AS integer)
), each AS (
    SELECT mine.*, coalesce(lives.households, 0) AS households, lives.oldest AS verified_on,
           greatest(lives.newest, seen.visited_on) AS last_on, coalesce(entered.n, 0) AS waiting,
           coalesce(entered.odd, false) OR coalesce(seen.next_on < :day, false) AS attention,
           coalesce(entered.came, false) OR mine.id IN (SELECT house_id FROM part) AS fresh,
           CASE WHEN lives.house_id IS NULL THEN 'register'
                WHEN seen.next_on IS NOT NULL AND seen.next_on <= :day
                    OR seen.next_on IS NULL AND (CAST(:day AS date) - greatest(lives.newest, seen.visited_on)
                        <= CAST(:days AS integer)) IS NOT TRUE THEN 'visit'
                WHEN (CAST(:day AS date) - lives.oldest <= CAST(:days AS integer)) IS NOT TRUE THEN 'verify'
                ELSE '' END AS due
    FROM mine LEFT JOIN lives ON lives.house_id = mine.id LEFT JOIN seen ON seen.house_id = mine.id
    LEFT JOIN entered ON entered.house_id = mine.id
)
SELECT id, code, address, households, verified_on, last_on, due, waiting, located, attention, fresh FROM each
ORDER BY due = '', last_on NULLS FIRST, address COLLATE "C", id LIMIT :most
"""

_REGISTERS = """
WITH lived AS MATERIALIZED (
    SELECT DISTINCT house_id FROM household
), held AS MATERIALIZED (
    SELECT a.grid_id, count(*) AS houses, count(f.house_id) AS kept
    FROM grid_of_house a LEFT JOIN lived f ON f.house_id = a.house_id
    WHERE a.plan_id = :plan AND a.grid_id = ANY ((SELECT my_grids('see_register'))::bigint[])
    GROUP BY a.grid_id
)
SELECT g.code, g.name, c.name AS community, c.name_en AS community_en, coalesce(held.houses, 0) AS houses,
       coalesce(held.kept, 0) AS kept
FROM grid g JOIN area c ON c.id = g.community_id LEFT JOIN held ON held.grid_id = g.id
WHERE g.plan_id = :plan AND g.id = ANY ((SELECT my_grids('see_register'))::bigint[])
ORDER BY g.code COLLATE "C"
"""
