"""What of the open tasks a worker carries on the phone: what they ask, and where among their houses it is missing.

That a question was answered, by whom and when goes along; what was said stays at the office, as on the page of a house.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from gisgrid.collection import answers, progress, tasks
from gisgrid.collection.tasks import TaskInfo

MOST_TASKS = 10
"""Tasks that go along, the soonest due first."""


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
    """The open tasks about some houses, and how many more there are than a phone carries; houses of other ground stay out."""
    own, found = set(houses), tasks.tasks(session, township_id, states=("open",))
    kept = [_carried(session, task, own) for task in found[:MOST_TASKS]] if own else []
    return [each for each in kept if each.houses], max(len(found) - MOST_TASKS, 0)


def _carried(session: Session, task: TaskInfo, own: set[int]) -> CarriedTask:
    listed = [each for each in progress.task_houses(session, task) if each.id in own]
    held: dict[int, list[answers.GivenAnswer]] = {}
    for each in answers.given(session, task.id):
        held.setdefault(each.house_id, []).append(each)
    lacking = answers.missing_in_register(session, task.fields, [each.id for each in listed])
    return CarriedTask(
        task,
        {
            house.id: CarriedHouse(
                max(house.required - house.filled, 0),
                answers.newest(held.get(house.id, ())),
                {
                    each.question_id: (each.at, each.who, each.photos)
                    for each in held.get(house.id, ())
                },
                tuple(
                    (table, row, columns)
                    for (table, row), columns in lacking.get(house.id, {}).items()
                ),
            )
            for house in listed
        },
    )
