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

from gisgrid.collection.answers import MOST_HOUSES, AskedHouse
from gisgrid.collection.fields import HOUSEHOLD, RESIDENT, purpose_list, purposes
from gisgrid.collection.tasks import TaskInfo


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
    counts: FilledCounts


@dataclass(frozen=True)
class FilledShare:
    """Filled and required of one line of a table."""

    community: str | None
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
class TaskGrid:
    """How far a task is in one grid."""

    code: str | None
    name: str | None
    community: str | None
    houses: int
    done: int
    """Houses where nothing required is missing."""
    filled: int
    required: int

    @property
    def percent(self) -> float | None:
        """As `FilledShare.percent`."""
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
        found.append(GridFilled(row["code"], row["grid"], row["community"], _counts(row)))
    return found


def shares(grids: Iterable[GridFilled], fields: Sequence[str]) -> list[FilledShare]:
    """Filled and required of each grid for some fields."""
    return [
        FilledShare(
            each.community, each.code, each.name, each.counts.houses,
            each.counts.houses - each.counts.registered, each.counts.filled(fields), each.counts.required(fields),
        )
        for each in grids
    ]  # fmt: skip


def by_community(rows: Iterable[FilledShare]) -> list[FilledShare]:
    """The same added up by community, by name; last, what lies in no grid."""
    added: dict[str | None, FilledShare] = {}
    for row in rows:
        was = added.get(row.community, FilledShare(row.community, None, None, 0, 0, 0, 0))
        added[row.community] = FilledShare(
            row.community, None, None, was.houses + row.houses, was.without + row.without,
            was.filled + row.filled, was.required + row.required,
        )  # fmt: skip
    return sorted(added.values(), key=lambda row: (row.community is None, row.community or ""))


def total(rows: Iterable[FilledShare]) -> FilledShare:
    """All together."""
    lines = list(rows)
    return FilledShare(
        None, None, None, sum(r.houses for r in lines), sum(r.without for r in lines),
        sum(r.filled for r in lines), sum(r.required for r in lines),
    )  # fmt: skip


def by_house(
    session: Session, township_id: int, grid: str, fields: Sequence[str], *, most: int = MOST_HOUSES
) -> list[FilledHouse]:
    """The houses of a grid on the asker's ground with their households: those that lack most first, then by address."""
    homes: dict[int, list[FilledHousehold]] = {}
    asked = {"t": township_id, "grid": grid, "most": most, "fields": list(fields)}
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
    return sorted(found.values(), key=lambda house: house.filled - house.required)


def task_by_grid(session: Session, task: TaskInfo) -> list[TaskGrid]:
    """How far a task is in each grid of the asker's ground, by code; last, what lies in none."""
    return [TaskGrid(**row) for row in session.execute(_TASK_BY_GRID, _asked(task)).mappings()]


def left(grids: Iterable[TaskGrid]) -> tuple[int, int]:
    """Houses where something is missing, and all of them."""
    lines = list(grids)
    return sum(each.houses - each.done for each in lines), sum(each.houses for each in lines)


def task_houses(
    session: Session, task: TaskInfo, *, grid: str | None = None, most: int = MOST_HOUSES
) -> list[AskedHouse]:
    """The houses of a task on the asker's ground: those where something is missing first, then by address."""
    asked = {**_asked(task), "grid": grid, "most": most}
    return [AskedHouse(**row) for row in session.execute(_TASK_HOUSES, asked).mappings()]


def task_days(session: Session, task: TaskInfo) -> list[DayShare]:
    """Required answers that stood at the end of each day on which some came in, oldest first.

    Of the questions alone: the register does not say what stood in it on which day. Required are those of today.
    """
    rows = session.execute(_TASK_DAYS, _asked(task)).mappings()
    return [DayShare(**row) for row in rows]


def kept_days(
    session: Session, township_id: int, purpose: str, *, days: int = 60
) -> list[DayShare]:
    """How far a purpose list was filled on the last days that were counted, oldest first."""
    rows = session.execute(_KEPT_DAYS, {"t": township_id, "purpose": purpose, "days": days})
    return [DayShare(**row) for row in rows.mappings()]


def count_day(session: Session, township_id: int, day: date) -> int:
    """Keep how far the lists are filled on a day, once a day; how many lists were counted."""
    if session.scalar(_COUNTED, {"t": township_id, "day": day}):
        return 0
    row = session.execute(_OF_TOWN, {"t": township_id}).mappings().one()
    counts = _counts(row)
    for purpose in purposes():
        fields = purpose_list(purpose)
        session.execute(
            _KEEP_DAY,
            {
                "t": township_id, "day": day, "purpose": purpose, "filled": counts.filled(fields),
                "required": counts.required(fields),
            },
        )  # fmt: skip
    return len(purposes())


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
    workers = {
        row.grid_code: tuple(row.names)
        for row in session.execute(_WORKERS, {"t": township_id, "day": day})
    }
    return [HouseWithout(**row, workers=workers.get(row["grid_code"], ())) for row in rows]


def count_without(session: Session, township_id: int, *, grid: str | None = None) -> int:
    """How many `without_register` lists, were there no end."""
    return int(session.scalar(_COUNT_WITHOUT, {"t": township_id, "grid": grid}) or 0)


def _counts(row: RowMapping) -> FilledCounts:
    return FilledCounts(
        row["houses"], row["registered"], row["households"], row["residents"],
        {f"resident.{name}": row[name] for name in RESIDENT}
        | {f"household.{name}": row["household_verified_on"] for name in HOUSEHOLD},
    )  # fmt: skip


def _asked(task: TaskInfo) -> dict[str, object]:
    return {
        "task": task.id,
        "t": task.township_id,
        "fields": list(task.fields),
        "people_fields": sum(name.startswith("resident.") for name in task.fields),
        "questions": sum(each.required for each in task.questions),
    }


# The asker's houses: by their grid in the plan in force or, where they lie in none, by their community. Sets, each asked
# once a statement.
_MINE = """
mine AS MATERIALIZED (
    SELECT h.id, h.code, h.address, a.grid_id
    FROM house h LEFT JOIN house_grid a ON a.house_id = h.id AND a.plan_id = ANY ((SELECT plans_in_force())::bigint[])
    WHERE h.township_id = :t AND (
        h.township_id = ANY ((SELECT my_townships('see_register'))::bigint[])
        OR a.grid_id = ANY ((SELECT my_grids('see_register'))::bigint[])
        OR a.exclusive_grid_id = ANY ((SELECT my_grids('see_register'))::bigint[])
        OR a.grid_id IS NULL AND h.community_id = ANY ((SELECT my_communities('see_register'))::bigint[]))
)"""
_PEOPLE = """
people AS MATERIALIZED (
    SELECT r.household_id, count(*)::int AS residents, (count(*) FILTER (WHERE r.name))::int AS name,
           (count(*) FILTER (WHERE r.sex))::int AS sex, (count(*) FILTER (WHERE r.birth_date))::int AS birth_date,
           (count(*) FILTER (WHERE r.citizen_id))::int AS citizen_id, (count(*) FILTER (WHERE r.phone))::int AS phone,
           (count(*) FILTER (WHERE r.verified_on))::int AS verified_on
    FROM resident_filled r WHERE r.township_id = :t GROUP BY r.household_id
), lives AS MATERIALIZED (
    SELECT f.house_id, count(*)::int AS households, count(f.verified_on)::int AS household_verified_on,
           coalesce(sum(p.residents), 0)::int AS residents, coalesce(sum(p.name), 0)::int AS name,
           coalesce(sum(p.sex), 0)::int AS sex, coalesce(sum(p.birth_date), 0)::int AS birth_date,
           coalesce(sum(p.citizen_id), 0)::int AS citizen_id, coalesce(sum(p.phone), 0)::int AS phone,
           coalesce(sum(p.verified_on), 0)::int AS verified_on
    FROM household f LEFT JOIN people p ON p.household_id = f.id WHERE f.township_id = :t GROUP BY f.house_id
)"""
_SUMS = """
count(*) AS houses, count(l.house_id) AS registered,
       coalesce(sum(l.households), 0)::bigint AS households, coalesce(sum(l.residents), 0)::bigint AS residents,
       coalesce(sum(l.household_verified_on), 0)::bigint AS household_verified_on,
       coalesce(sum(l.name), 0)::bigint AS name, coalesce(sum(l.sex), 0)::bigint AS sex,
       coalesce(sum(l.birth_date), 0)::bigint AS birth_date, coalesce(sum(l.citizen_id), 0)::bigint AS citizen_id,
       coalesce(sum(l.phone), 0)::bigint AS phone, coalesce(sum(l.verified_on), 0)::bigint AS verified_on
"""
_BY_GRID = text(f"""WITH {_MINE}, {_PEOPLE}
SELECT g.code, g.name AS grid, c.name AS community, {_SUMS}
FROM mine m LEFT JOIN lives l ON l.house_id = m.id LEFT JOIN grid g ON g.id = m.grid_id
LEFT JOIN area c ON c.id = g.community_id
GROUP BY g.id, g.code, g.name, c.name ORDER BY g.code COLLATE "C" NULLS LAST
""")  # noqa: S608 - parts that stand here
_BY_HOUSE = text(f"""WITH {_MINE}, here AS MATERIALIZED (
    SELECT m.id, m.code, m.address FROM mine m JOIN grid g ON g.id = m.grid_id WHERE g.code = :grid
    ORDER BY m.address COLLATE "C", m.id LIMIT :most
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
)
SELECT h.id, h.code, h.address, f.id AS household_id, f.room, coalesce(c.filled, 0) AS filled,
       coalesce(c.required, 0) AS required
FROM here h LEFT JOIN homes f ON f.house_id = h.id LEFT JOIN counted c ON c.household_id = f.id
ORDER BY h.address COLLATE "C", h.id, f.room COLLATE "C" NULLS FIRST, f.id
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
# Of each house of the task: what it requires and what is there.
_EACH = f"""{_MINE}, {_PEOPLE}, said AS MATERIALIZED (
    SELECT a.house_id, (count(*) FILTER (WHERE q.required))::int AS n, max(coalesce(a.entered_at, a.at)) AS last_on
    FROM collection_answer a JOIN collection_question q ON q.id = a.question_id
    WHERE a.task_id = :task AND a.replaced_at IS NULL GROUP BY a.house_id
), each AS (
    SELECT m.id, m.code, m.address, m.grid_id, l.house_id IS NOT NULL AS registered, s.last_on,
           coalesce(s.n, 0) + CASE WHEN cardinality(CAST(:fields AS text[])) = 0 THEN 0 ELSE
               (l.house_id IS NOT NULL)::int
               + CASE WHEN 'resident.name' = ANY (CAST(:fields AS text[])) THEN coalesce(l.name, 0) ELSE 0 END
               + CASE WHEN 'resident.sex' = ANY (CAST(:fields AS text[])) THEN coalesce(l.sex, 0) ELSE 0 END
               + CASE WHEN 'resident.birth_date' = ANY (CAST(:fields AS text[])) THEN coalesce(l.birth_date, 0) ELSE 0 END
               + CASE WHEN 'resident.citizen_id' = ANY (CAST(:fields AS text[])) THEN coalesce(l.citizen_id, 0) ELSE 0 END
               + CASE WHEN 'resident.phone' = ANY (CAST(:fields AS text[])) THEN coalesce(l.phone, 0) ELSE 0 END
               + CASE WHEN 'resident.verified_on' = ANY (CAST(:fields AS text[])) THEN coalesce(l.verified_on, 0) ELSE 0 END
               + CASE WHEN 'household.verified_on' = ANY (CAST(:fields AS text[]))
                      THEN coalesce(l.household_verified_on, 0) ELSE 0 END
           END AS filled,
           CAST(:questions AS integer) + CASE WHEN cardinality(CAST(:fields AS text[])) = 0 THEN 0 ELSE
               1 + CAST(:people_fields AS integer) * coalesce(l.residents, 0)
               + (cardinality(CAST(:fields AS text[])) - CAST(:people_fields AS integer)) * coalesce(l.households, 0)
           END AS required
    FROM task_ground t JOIN mine m ON m.id = t.house_id
    LEFT JOIN lives l ON l.house_id = m.id LEFT JOIN said s ON s.house_id = m.id
    WHERE t.task_id = :task
)"""  # noqa: S608 - parts that stand here
_TASK_BY_GRID = text(f"""WITH {_EACH}
SELECT g.code, g.name, c.name AS community, count(*) AS houses, count(*) FILTER (WHERE e.filled >= e.required) AS done,
       sum(e.filled)::bigint AS filled, sum(e.required)::bigint AS required
FROM each e LEFT JOIN grid g ON g.id = e.grid_id LEFT JOIN area c ON c.id = g.community_id
GROUP BY g.id, g.code, g.name, c.name ORDER BY g.code COLLATE "C" NULLS LAST
""")  # noqa: S608 - parts that stand here
_TASK_HOUSES = text(f"""WITH {_EACH}
SELECT e.id, e.code, e.address, g.code AS grid_code, g.name AS grid, e.filled::bigint AS filled,
       e.required::bigint AS required, e.registered, e.last_on
FROM each e LEFT JOIN grid g ON g.id = e.grid_id
WHERE CAST(:grid AS text) IS NULL OR g.code = :grid
ORDER BY e.filled >= e.required, e.address COLLATE "C", e.id LIMIT :most
""")  # noqa: S608 - parts that stand here
_TASK_DAYS = text(f"""WITH {_MINE}, asked AS (
    SELECT count(*) * CAST(:questions AS integer) AS required
    FROM task_ground t JOIN mine m ON m.id = t.house_id WHERE t.task_id = :task
), first AS (
    SELECT min(day_at.day) AS day
    FROM collection_answer a JOIN collection_question q ON q.id = a.question_id AND q.required
    JOIN mine m ON m.id = a.house_id JOIN township t ON t.area_id = a.township_id
    CROSS JOIN LATERAL (SELECT (coalesce(a.entered_at, a.at) AT TIME ZONE t.time_zone)::date AS day) day_at
    WHERE a.task_id = :task GROUP BY a.question_id, a.house_id
)
SELECT f.day, sum(count(*)) OVER (ORDER BY f.day)::bigint AS filled, (SELECT required FROM asked)::bigint AS required
FROM first f GROUP BY f.day ORDER BY f.day
""")  # noqa: S608 - parts that stand here
_COUNTED = text(
    "SELECT EXISTS (SELECT FROM completeness_day WHERE township_id = :t AND day = :day)"
)
_KEEP_DAY = text("""
INSERT INTO completeness_day (township_id, day, purpose, filled, required)
VALUES (:t, :day, :purpose, :filled, :required) ON CONFLICT DO NOTHING
""")
_KEPT_DAYS = text("""
SELECT day, filled, required FROM (
    SELECT day, filled, required FROM completeness_day WHERE township_id = :t AND purpose = :purpose
    ORDER BY day DESC LIMIT :days) AS last ORDER BY day
""")
_LACKING = f"""WITH {_MINE}, lacking AS (
    SELECT m.id, m.code, m.address, g.code AS grid_code, g.name AS grid, c.name AS community
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
