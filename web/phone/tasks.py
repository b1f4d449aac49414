"""The collection tasks of a worker as the phone keeps them: questions as forms need them, and what is left at each house."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy.orm import Session

from gisgrid.collection import carried
from gisgrid.collection.questions import AskedQuestion
from web.collection.words import limits_of


def tasks_of(session: Session, township_id: int, houses: Collection[int]) -> dict[str, Any]:
    """The open tasks about houses that are carried, and how many do not go along."""
    found, left_out = carried.carried_tasks(session, township_id, houses)
    return {
        "tasks": [
            {
                "id": each.task.id,
                "title": each.task.title,
                "due_on": each.task.due_on.isoformat(),
                "register": bool(each.task.fields),
                "questions": [_question(asked) for asked in each.task.questions],
                "houses": {str(number): _house(house) for number, house in each.houses.items()},
            }
            for each in found
        ],
        "tasks_left_out": left_out,
    }


def _question(asked: AskedQuestion) -> dict[str, Any]:
    told = {
        "id": asked.id, "label": asked.label, "kind": asked.kind, "required": asked.required,
        "hint": asked.hint, "choices": asked.choices, "limits": limits_of(asked),
        "least": None if asked.least is None else str(asked.least),
        "most": None if asked.most is None else str(asked.most),
    }  # fmt: skip
    return {name: value for name, value in told.items() if value not in (None, "", ())}


def _house(house: carried.CarriedHouse) -> dict[str, Any]:
    told = {
        "left": house.left,
        "seen": house.seen,
        "held": {
            str(question): [at.isoformat(), who, *([list(photos)] if photos else [])]
            for question, (at, who, photos) in house.held.items()
        },
        "lacks": house.lacks,
    }
    return {name: value for name, value in told.items() if value or name == "left"}
