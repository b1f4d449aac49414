"""How far are the registers, and the tasks, filled? Filled ÷ required, per house, household, grid and community.

Of the register is required: that a house has one at all, and then each value that a purpose list declares
(`gisgrid.collection.fields`), of each household and each resident. A task requires the values of the register that it
names, counted the same way, and its required questions. What lies in no grid is a line of its own, so that sums agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from gisgrid.collection.answers import MOST_HOUSES
from gisgrid.collection.fields import HOUSEHOLD, RESIDENT, purpose_list, purposes
from gisgrid.collection.sets import MINE, PEOPLE


@dataclass(frozen=True)
class FilledCounts:
    """How often each counted value is there, of some houses."""

    houses: int
    registered: int
    """Houses with at least one household."""
    households: int
    residents: int
    by_field: dict[str, int]
    """Of households and residents that have it, by name of the value."""

    def filled(self, fields: Sequence[str]) -> int:
        """Registers that are there, and values of these fields that are."""
        return self.registered + sum(self.by_field[name] for name in fields)

    def required(self, fields: Sequence[str]) -> int:
        """A register a house, and each of these fields of each household or resident."""
        people = sum(name.startswith("resident.") for name in fields)
        return self.houses + people * self.residents + (len(fields) - people) * self.households


@dataclass(frozen=True)
class GridFilled:
    """The registers of a grid, and how far they are filled."""

    code: str | None
    """None: houses in no grid."""
    name: str | None
    community: str | None
    """Its name; None: houses in no grid."""
    community_en: str | None
    counts: FilledCounts


@dataclass(frozen=True)
class FilledShare:
    """Filled and required of one line of a table."""

    community: str | None
    community_en: str | None
    grid_code: str | None
    grid: str | None
    houses: int
    without: int
    """Houses without a register."""
    filled: int
    required: int

    @property
    def percent(self) -> float | None:
        """None: nothing is required. 99.96 is not yet 100.0, for nobody looks where all is said to be done."""
        return share_percent(self.filled, self.required)


@dataclass(frozen=True)
class FilledHousehold:
    """Filled and required of a household and those who live in it."""

    id: int
    room: str | None
    filled: int
    required: int


@dataclass(frozen=True)
class FilledHouse:
    """Filled and required of a house: its register itself, and its households."""

    id: int
    code: str
    address: str
    households: tuple[FilledHousehold, ...]

    @property
    def filled(self) -> int:
        """The register, where there is one, and what its households have."""
        return bool(self.households) + sum(each.filled for each in self.households)

    @property
    def required(self) -> int:
        """A register, and what its households need."""
        return 1 + sum(each.required for each in self.households)

    @property
    def percent(self) -> float | None:
        """As `FilledShare.percent`."""
        return share_percent(self.filled, self.required)


@dataclass(frozen=True)
class DayShare:
    """Filled and required on one day."""

    day: date
    filled: int
    required: int

    @property
    def percent(self) -> float | None:
        """As `FilledShare.percent`."""
        return share_percent(self.filled, self.required)


@dataclass(frozen=True)
class HouseWithout:
    """A house that has no register, and who is to go."""

    id: int
    code: str
    address: str
    grid_code: str | None
    grid: str | None
    community: str | None
    community_en: str | None
    workers: tuple[str, ...]
    """Leader and workers of the grid of today, as far as the asker may see them."""


def share_percent(filled: int, required: int) -> float | None:
    """Per cent to one decimal, cut off and not rounded up; None for nothing.

    >>> share_percent(9999, 10000), share_percent(0, 3), share_percent(0, 0)
    (99.9, 0.0, None)
    """
    return None if required == 0 else (1000 * filled // required) / 10


def by_grid(session: Session, township_id: int) -> list[GridFilled]:
    """All grids of the plan in force on the asker's ground with what is filled there, by code; last, what lies in none."""
    found = []
    for row in session.execute(_BY_GRID, {"t": township_id}).mappings():
        found.append(
            GridFilled(
                row["code"], row["grid"], row["community"], row["community_en"], _counts(row)
            )
        )
    return found


def shares(grids: Iterable[GridFilled], fields: Sequence[str]) -> list[FilledShare]:
    """Filled and required of each grid for some fields."""
    return [
        FilledShare(
            each.community, each.community_en, each.code, each.name, each.counts.houses,
            each.counts.houses - each.counts.registered, each.counts.filled(fields), each.counts.required(fields),
        )
        for each in grids
    ]  # fmt: skip


def by_community(rows: Iterable[FilledShare]) -> list[FilledShare]:
    """The same added up by community, by name; last, what lies in no grid."""
    added: dict[str | None, FilledShare] = {}
    for row in rows:
        was = added.get(
            row.community, FilledShare(row.community, row.community_en, None, None, 0, 0, 0, 0)
        )
        added[row.community] = FilledShare(
            row.community, row.community_en, None, None, was.houses + row.houses, was.without + row.without,
            was.filled + row.filled, was.required + row.required,
        )  # fmt: skip
    return sorted(added.values(), key=lambda row: (row.community is None, row.community or ""))


def total(rows: Iterable[FilledShare]) -> FilledShare:
    """All together."""
    lines = list(rows)
    return FilledShare(
        None, None, None, None, sum(r.houses for r in lines), sum(r.without for r in lines),
        sum(r.filled for r in lines), sum(r.required for r in lines),
    )  # fmt: skip


def by_house(
    session: Session,
    township_id: int,
    grid: str,
    fields: Sequence[str],
    *,
    most: int = MOST_HOUSES,
    skip: int = 0,
) -> list[FilledHouse]:
    """The houses of a grid on the asker's ground with their households: those that lack most first, then by address."""
    homes: dict[int, list[FilledHousehold]] = {}
    asked = {"t": township_id, "grid": grid, "most": most, "skip": skip, "fields": list(fields)}
    rows = session.execute(_BY_HOUSE, asked).mappings().all()
    for row in rows:
        if row["household_id"] is not None:
            homes.setdefault(row["id"], []).append(
                FilledHousehold(row["household_id"], row["room"], row["filled"], row["required"])
            )
    found = {
        row["id"]: FilledHouse(
            row["id"], row["code"], row["address"], tuple(homes.get(row["id"], ()))
        )
        for row in rows
    }
    return list(found.values())


def kept_days(
    session: Session, township_id: int, purpose: str, *, days: int = 60
) -> list[DayShare]:
    """How far a purpose list was filled on the last days that were counted, oldest first."""
    rows = session.execute(_KEPT_DAYS, {"t": township_id, "purpose": purpose, "days": days})
    return [DayShare(**row) for row in rows.mappings()]


def count_day(session: Session, township_id: int, day: date) -> int:
    """Keep how far the lists are filled on a day, as it was counted last; of how many lists that is new."""
    row = session.execute(_OF_TOWN, {"t": township_id}).mappings().one()
    counts = _counts(row)
    new = 0
    for purpose in purposes():
        fields = purpose_list(purpose)
        kept = session.scalar(
            _KEEP_DAY,
            {
                "t": township_id, "day": day, "purpose": purpose, "filled": counts.filled(fields),
                "required": counts.required(fields),
            },
        )  # fmt: skip
        new += kept is not None
    return new


def without_register(
    session: Session,
    township_id: int,
    day: date,
    *,
    grid: str | None = None,
    limit: int | None = None,
    skip: int = 0,
) -> list[HouseWithout]:
    """Houses on the asker's ground that have no household, by grid and address."""
    asked = {"t": township_id, "grid": grid, "limit": limit, "skip": skip}
    rows = session.execute(_WITHOUT, asked).mappings().all()
    workers = who_is_to_go(session, township_id, day)
    return [HouseWithout(**row, workers=workers.get(row["grid_code"], ())) for row in rows]


def who_is_to_go(session: Session, township_id: int, day: date) -> dict[str, tuple[str, ...]]:
    """Leader and workers of each grid on a day, as far as the asker may see them; by code of the grid."""
    rows = session.execute(_WORKERS, {"t": township_id, "day": day})
    return {row.grid_code: tuple(row.names) for row in rows}


def count_without(session: Session, township_id: int, *, grid: str | None = None) -> int:
    """How many `without_register` lists, were there no end."""
    return int(session.scalar(_COUNT_WITHOUT, {"t": township_id, "grid": grid}) or 0)


def _counts(row: RowMapping) -> FilledCounts:
    return FilledCounts(
        row["houses"], row["registered"], row["households"], row["residents"],
        {f"resident.{name}": row[name] for name in RESIDENT}
        | {f"household.{name}": row["household_verified_on"] for name in HOUSEHOLD},
    )  # fmt: skip


_SUMS = """
count(*) AS houses, count(l.house_id) AS registered,
       coalesce(sum(l.households), 0)::bigint AS households, coalesce(sum(l.residents), 0)::bigint AS residents,
       coalesce(sum(l.household_verified_on), 0)::bigint AS household_verified_on,
       coalesce(sum(l.name), 0)::bigint AS name, coalesce(sum(l.sex), 0)::bigint AS sex,
       coalesce(sum(l.birth_date), 0)::bigint AS birth_date, coalesce(sum(l.citizen_id), 0)::bigint AS citizen_id,
       coalesce(sum(l.phone), 0)::bigint AS phone, coalesce(sum(l.verified_on), 0)::bigint AS verified_on
"""
_BY_GRID = text(f"""WITH {MINE}, {PEOPLE}
SELECT g.code, g.name AS grid, c.name AS community, c.name_en AS community_en, {_SUMS}
FROM mine m LEFT JOIN lives l ON l.house_id = m.id LEFT JOIN grid g ON g.id = m.grid_id
LEFT JOIN area c ON c.id = g.community_id
GROUP BY g.id, g.code, g.name, c.name, c.name_en ORDER BY g.code COLLATE "C" NULLS LAST
""")  # noqa: S608 - parts that stand here
_BY_HOUSE = text(f"""WITH {MINE}, here AS MATERIALIZED (
    SELECT m.id, m.code, m.address FROM mine m JOIN grid g ON g.id = m.grid_id WHERE g.code = :grid
), homes AS MATERIALIZED (
    SELECT f.id, f.house_id, f.room, f.verified_on FROM masked_household f WHERE f.house_id IN (SELECT id FROM here)
), there AS (
    SELECT 'household.verified_on' AS name, f.id AS household_id, f.verified_on IS NOT NULL AS there FROM homes f
    UNION ALL
    SELECT v.name, r.household_id, v.there FROM resident_filled r
    CROSS JOIN LATERAL (VALUES ('resident.name', r.name), ('resident.sex', r.sex),
        ('resident.birth_date', r.birth_date), ('resident.citizen_id', r.citizen_id), ('resident.phone', r.phone),
        ('resident.verified_on', r.verified_on)) AS v (name, there)
    WHERE r.household_id IN (SELECT id FROM homes)
), counted AS (
    SELECT household_id, count(*) AS required, count(*) FILTER (WHERE there) AS filled FROM there
    WHERE name = ANY (CAST(:fields AS text[])) GROUP BY household_id
), listed AS (
    SELECT h.id, h.code, h.address, (count(f.id) = 0)::int + coalesce(sum(c.required - c.filled), 0) AS lacking
    FROM here h LEFT JOIN homes f ON f.house_id = h.id LEFT JOIN counted c ON c.household_id = f.id
    GROUP BY h.id, h.code, h.address ORDER BY lacking DESC, h.address COLLATE "C", h.id LIMIT :most OFFSET :skip
)
SELECT h.id, h.code, h.address, f.id AS household_id, f.room, coalesce(c.filled, 0) AS filled,
       coalesce(c.required, 0) AS required
FROM listed h LEFT JOIN homes f ON f.house_id = h.id LEFT JOIN counted c ON c.household_id = f.id
ORDER BY h.lacking DESC, h.address COLLATE "C", h.id, f.room COLLATE "C" NULLS FIRST, f.id
""")  # noqa: S608 - parts that stand here
# As the owner, to whom the views show nobody.
_OF_TOWN = text("""
SELECT h.houses, f.registered, f.households, f.household_verified_on, r.* FROM
    (SELECT count(*) AS houses FROM house WHERE township_id = :t) h,
    (SELECT count(DISTINCT house_id) AS registered, count(*) AS households, count(verified_on) AS household_verified_on
     FROM household WHERE township_id = :t) f,
    (SELECT count(*) AS residents, count(*) FILTER (WHERE name <> '') AS name, count(sex) AS sex,
            count(birth_date) AS birth_date, count(citizen_id) AS citizen_id, count(phone) AS phone,
            count(verified_on) AS verified_on
     FROM resident WHERE township_id = :t) r
""")
_KEEP_DAY = text("""
INSERT INTO completeness_day (township_id, day, purpose, filled, required)
VALUES (:t, :day, :purpose, :filled, :required)
ON CONFLICT (township_id, day, purpose) DO UPDATE SET filled = excluded.filled, required = excluded.required
WHERE (completeness_day.filled, completeness_day.required) <> (excluded.filled, excluded.required)
RETURNING purpose
""")
_KEPT_DAYS = text("""
SELECT day, filled, required FROM (
    SELECT day, filled, required FROM completeness_day WHERE township_id = :t AND purpose = :purpose
    ORDER BY day DESC LIMIT :days) AS last ORDER BY day
""")
_LACKING = f"""WITH {MINE}, lacking AS (
    SELECT m.id, m.code, m.address, g.code AS grid_code, g.name AS grid, c.name AS community, c.name_en AS community_en
    FROM mine m LEFT JOIN grid g ON g.id = m.grid_id LEFT JOIN area c ON c.id = g.community_id
    WHERE NOT EXISTS (SELECT FROM household f WHERE f.house_id = m.id)
      AND (CAST(:grid AS text) IS NULL OR g.code = :grid)
)"""  # noqa: S608 - parts that stand here
_WITHOUT = text(f"""{_LACKING}
SELECT * FROM lacking ORDER BY grid_code COLLATE "C" NULLS LAST, address COLLATE "C", id
LIMIT CAST(:limit AS bigint) OFFSET :skip
""")  # noqa: S608 - parts that stand here
_COUNT_WITHOUT = text(f"{_LACKING} SELECT count(*) FROM lacking")  # noqa: S608 - parts that stand here
_WORKERS = text("""
SELECT m.grid_code, array_agg(s.name ORDER BY m.role <> 'leader', s.name COLLATE "C") AS names
FROM team_member m JOIN masked_staff s ON s.id = m.staff_id
WHERE m.township_id = :t AND m.role IN ('leader', 'worker') AND m.during @> CAST(:day AS date)
GROUP BY m.grid_code
""")
