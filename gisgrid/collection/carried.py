"""What of the open tasks a worker carries on the phone: what they ask, and where among their houses it is missing.

That a question was answered, by whom and when goes along; what was said stays at the office, as on the page of a house.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.collection import answers, tasks
from gisgrid.collection.tasks import TaskInfo

MOST_TASKS = 10
"""Tasks that go along, the soonest due first."""

Lacks = dict[tuple[str, int], list[str]]
"""Table and number of a row of the register to the columns that it lacks."""


@dataclass(frozen=True)
class CarriedHouse:
    """One house of a task."""

    left: int
    """Required values that are missing, of the register and answers; 0: it is done."""
    seen: int = 0
    """`answers.newest` of what was answered here."""
    held: dict[int, tuple[datetime, str, tuple[int, ...]]] = field(default_factory=dict)
    """Question to when it was answered, by whom, and the numbers of its photos."""
    lacks: tuple[tuple[str, int, list[str]], ...] = ()
    """Values that the register lacks: table, number of the row, columns."""


@dataclass(frozen=True)
class CarriedTask:
    """A task with those of its houses that are carried."""

    task: TaskInfo
    houses: dict[int, CarriedHouse]


def carried_tasks(
    session: Session, township_id: int, houses: Collection[int]
) -> tuple[list[CarriedTask], int]:
    """The open tasks about some houses, and how many more there are than a phone carries; houses of other ground stay out.

    The houses are those of a grid of the asker's. A few statements, however many tasks there are.
    """
    found = tasks.tasks(session, township_id, states=("open",)) if houses else []
    ids = {"tasks": [each.id for each in found], "houses": list(houses)}
    about: dict[int, dict[int, bool]] = {}
    for row in session.execute(_ABOUT, ids) if found else ():
        about.setdefault(row.task_id, {})[row.house_id] = row.registered
    asking = [each for each in found if each.id in about]
    kept = asking[:MOST_TASKS]
    held = _held(session, kept, houses)
    fields = {name for task in kept for name in task.fields}
    lacking = answers.missing_in_register(session, sorted(fields), list(houses)) if fields else {}
    carried = [
        CarriedTask(
            task,
            {
                house: _house(
                    task, registered, held.get((task.id, house), ()), lacking.get(house, {})
                )
                for house, registered in about[task.id].items()
            },
        )
        for task in kept
    ]
    return carried, len(asking) - len(kept)


@dataclass(frozen=True)
class _Held:
    """A present answer, without what was said."""

    id: int
    question: int
    at: datetime
    who: str
    photos: tuple[int, ...]


def _held(
    session: Session, kept: Collection[TaskInfo], houses: Collection[int]
) -> dict[tuple[int, int], list[_Held]]:
    """The present answers by task and house."""
    out: dict[tuple[int, int], list[_Held]] = {}
    if kept:
        ids = {"tasks": [each.id for each in kept], "houses": list(houses)}
        for row in session.execute(_HELD, ids):
            one = _Held(row.id, row.question_id, row.at, row.who, tuple(row.photos))
            out.setdefault((row.task_id, row.house_id), []).append(one)
    return out


def _house(
    task: TaskInfo, registered: bool, held: Collection[_Held], lacking: Lacks
) -> CarriedHouse:
    """One house, its missing values counted as `gisgrid.collection.progress` counts them."""
    lacks = []
    for (table, row), columns in lacking.items():
        if own := [column for column in columns if f"{table}.{column}" in task.fields]:
            lacks.append((table, row, own))
    said = {each.question for each in held}
    left = sum(each.required and each.id not in said for each in task.questions)
    if task.fields:
        left += (not registered) + sum(len(columns) for _, _, columns in lacks)
    return CarriedHouse(
        left,
        max((each.id for each in held), default=0),
        {each.question: (each.at, each.who, each.photos) for each in held},
        tuple(lacks),
    )


_ABOUT = text("""
SELECT t.task_id, t.house_id, EXISTS (SELECT FROM household f WHERE f.house_id = t.house_id) AS registered
FROM task_ground t JOIN house h ON h.id = t.house_id
WHERE t.task_id = ANY (CAST(:tasks AS bigint[])) AND t.house_id = ANY (CAST(:houses AS bigint[]))
ORDER BY t.task_id, h.address COLLATE "C", h.id
""")
_HELD = text("""
SELECT a.task_id, a.house_id, a.id, a.question_id, a.who, coalesce(a.entered_at, a.at) AS at,
       ARRAY(SELECT p.id FROM collection_photo p WHERE p.answer_id = a.id ORDER BY p.id) AS photos
FROM collection_answer a
WHERE a.task_id = ANY (CAST(:tasks AS bigint[])) AND a.house_id = ANY (CAST(:houses AS bigint[])) AND a.replaced_at IS NULL
ORDER BY a.task_id, a.house_id, a.question_id
""")
