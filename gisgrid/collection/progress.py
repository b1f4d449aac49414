"""How far is a task? Filled ÷ required per house and grid, and day by day.

A task requires the values of the register that it names, counted as `gisgrid.collection.completeness` counts them, and
its required questions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.collection.answers import MOST_HOUSES, AskedHouse
from gisgrid.collection.completeness import DayShare, share_percent
from gisgrid.collection.sets import FILLED, LIVES, MINE
from gisgrid.collection.tasks import TaskInfo


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
        """As `gisgrid.collection.completeness.FilledShare.percent`."""
        return share_percent(self.filled, self.required)


def task_by_grid(session: Session, task: TaskInfo) -> list[TaskGrid]:
    """How far a task is in each grid of the asker's ground, by code; last, what lies in none."""
    return [TaskGrid(**row) for row in session.execute(_TASK_BY_GRID, _asked(task)).mappings()]


def left(grids: Iterable[TaskGrid]) -> tuple[int, int]:
    """Houses where something is missing, and all of them."""
    lines = list(grids)
    return sum(each.houses - each.done for each in lines), sum(each.houses for each in lines)


def left_of(
    session: Session, township_id: int, some: Iterable[TaskInfo]
) -> dict[int, tuple[int, int]]:
    """What `left` says of each of some tasks, by its number, asked in one statement.

    Looked at are those alone of the asker's houses that the tasks ask about.
    """
    out = {each.id: (0, 0) for each in some}
    if out:
        rows = session.execute(_LEFT, {"t": township_id, "ids": list(out)})
        out |= {row.task_id: (row.left, row.houses) for row in rows}
    return out


def task_houses(
    session: Session, task: TaskInfo, *, most: int = MOST_HOUSES, skip: int = 0
) -> list[AskedHouse]:
    """The houses of a task on the asker's ground: those where something is missing first, then by address."""
    asked = {**_asked(task), "most": most, "skip": skip}
    return [AskedHouse(**row) for row in session.execute(_TASK_HOUSES, asked).mappings()]


def task_days(session: Session, task: TaskInfo) -> list[DayShare]:
    """Required answers that stood at the end of each day on which some came in, oldest first.

    Of the questions alone: the register does not say what stood in it on which day. Required are those of today.
    """
    rows = session.execute(_TASK_DAYS, _asked(task)).mappings()
    return [DayShare(**row) for row in rows]


def _asked(task: TaskInfo) -> dict[str, object]:
    return {"t": task.township_id, "ids": [task.id]}


# Of each house of each of some tasks: what the task requires and what is there. Whose houses these are is asked first, and
# no other register is looked at.
_EACH = f"""{MINE}, asked AS MATERIALIZED (
    SELECT t.id, t.fields, cardinality(t.fields) > 0 AS wants,
           (SELECT count(*) FROM unnest(t.fields) f WHERE f LIKE 'resident.%')::int AS people_fields,
           (SELECT count(*) FROM collection_question q WHERE q.task_id = t.id AND q.required)::int AS questions
    FROM collection_task t WHERE t.id = ANY (CAST(:ids AS bigint[]))
), ground AS MATERIALIZED (
    -- As `task_ground` has it, which would list the houses of everybody first.
    SELECT t.id AS task_id, m.id AS house_id FROM collection_task t JOIN plan_in_force p ON p.township_id = t.township_id
    JOIN grid g ON g.plan_id = p.id AND g.code = ANY (t.grids) JOIN mine m ON m.grid_id = g.id
    WHERE t.id = ANY (CAST(:ids AS bigint[])) AND t.state <> 'ended'
    UNION
    SELECT h.task_id, h.house_id FROM collection_house h JOIN mine m ON m.id = h.house_id
    WHERE h.task_id = ANY (CAST(:ids AS bigint[]))
), here AS MATERIALIZED (
    SELECT array_agg(DISTINCT house_id) AS ids FROM ground JOIN asked ON asked.id = ground.task_id WHERE asked.wants
), homes AS MATERIALIZED (
    SELECT f.id, f.house_id, f.verified_on FROM household f WHERE f.house_id = ANY ((SELECT ids FROM here)::bigint[])
), people AS MATERIALIZED (
    SELECT {FILLED} FROM resident_filled r WHERE r.household_id = ANY (ARRAY(SELECT id FROM homes)) GROUP BY r.household_id
), lives AS MATERIALIZED (
    SELECT {LIVES} FROM homes f LEFT JOIN people p ON p.household_id = f.id GROUP BY f.house_id
), said AS MATERIALIZED (
    SELECT a.task_id, a.house_id, (count(*) FILTER (WHERE q.required))::int AS n, max(coalesce(a.entered_at, a.at)) AS last_on
    FROM collection_answer a JOIN collection_question q ON q.id = a.question_id
    WHERE a.task_id = ANY (CAST(:ids AS bigint[])) AND a.replaced_at IS NULL GROUP BY 1, 2
), each AS (
    SELECT g.task_id, m.id, m.code, m.address, m.grid_id, s.last_on,
           coalesce(s.n, 0) + CASE WHEN a.wants THEN (l.house_id IS NOT NULL)::int
               + CASE WHEN 'resident.name' = ANY (a.fields) THEN coalesce(l.name, 0) ELSE 0 END
               + CASE WHEN 'resident.sex' = ANY (a.fields) THEN coalesce(l.sex, 0) ELSE 0 END
               + CASE WHEN 'resident.birth_date' = ANY (a.fields) THEN coalesce(l.birth_date, 0) ELSE 0 END
               + CASE WHEN 'resident.citizen_id' = ANY (a.fields) THEN coalesce(l.citizen_id, 0) ELSE 0 END
               + CASE WHEN 'resident.phone' = ANY (a.fields) THEN coalesce(l.phone, 0) ELSE 0 END
               + CASE WHEN 'resident.verified_on' = ANY (a.fields) THEN coalesce(l.verified_on, 0) ELSE 0 END
               + CASE WHEN 'household.verified_on' = ANY (a.fields) THEN coalesce(l.household_verified_on, 0) ELSE 0 END
               ELSE 0 END AS filled,
           a.questions + CASE WHEN a.wants THEN 1 + a.people_fields * coalesce(l.residents, 0)
               + (cardinality(a.fields) - a.people_fields) * coalesce(l.households, 0) ELSE 0 END AS required
    FROM ground g JOIN asked a ON a.id = g.task_id JOIN mine m ON m.id = g.house_id
    LEFT JOIN lives l ON l.house_id = g.house_id LEFT JOIN said s ON s.task_id = g.task_id AND s.house_id = g.house_id
)"""  # noqa: S608 - parts that stand here
_TASK_BY_GRID = text(f"""WITH {_EACH}
SELECT g.code, g.name, c.name AS community, count(*) AS houses, count(*) FILTER (WHERE e.filled >= e.required) AS done,
       sum(e.filled)::bigint AS filled, sum(e.required)::bigint AS required
FROM each e LEFT JOIN grid g ON g.id = e.grid_id LEFT JOIN area c ON c.id = g.community_id
GROUP BY g.id, g.code, g.name, c.name ORDER BY g.code COLLATE "C" NULLS LAST
""")  # noqa: S608 - parts that stand here
_TASK_HOUSES = text(f"""WITH {_EACH}
SELECT e.id, e.code, e.address, g.code AS grid_code, g.name AS grid, e.filled::bigint AS filled,
       e.required::bigint AS required,
       EXISTS (SELECT FROM household f WHERE f.house_id = e.id) AS registered, e.last_on
FROM each e LEFT JOIN grid g ON g.id = e.grid_id
ORDER BY e.filled >= e.required, e.address COLLATE "C", e.id LIMIT :most OFFSET :skip
""")  # noqa: S608 - parts that stand here
_LEFT = text(f"""WITH {_EACH}
SELECT task_id, count(*) AS houses, count(*) FILTER (WHERE filled < required) AS left FROM each GROUP BY task_id
""")  # noqa: S608 - parts that stand here
_TASK_DAYS = text(f"""WITH {MINE}, asked AS (
    SELECT count(*) * (
        SELECT count(*) FROM collection_question q WHERE q.task_id = ANY (CAST(:ids AS bigint[])) AND q.required) AS required
    FROM task_ground t JOIN mine m ON m.id = t.house_id WHERE t.task_id = ANY (CAST(:ids AS bigint[]))
), first AS (
    SELECT min(day_at.day) AS day
    FROM collection_answer a JOIN collection_question q ON q.id = a.question_id AND q.required
    JOIN task_ground c ON c.task_id = a.task_id AND c.house_id = a.house_id
    JOIN mine m ON m.id = a.house_id JOIN township t ON t.area_id = a.township_id
    CROSS JOIN LATERAL (SELECT (coalesce(a.entered_at, a.at) AT TIME ZONE t.time_zone)::date AS day) day_at
    WHERE a.task_id = ANY (CAST(:ids AS bigint[])) GROUP BY a.question_id, a.house_id
)
SELECT f.day, sum(count(*)) OVER (ORDER BY f.day)::bigint AS filled, (SELECT required FROM asked)::bigint AS required
FROM first f GROUP BY f.day ORDER BY f.day
""")  # noqa: S608 - parts that stand here
