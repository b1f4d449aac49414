"""What a command is told of a training: its code, and options for all else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

import click

from gisgrid.db.tables.learning import TRAINING_KINDS
from gisgrid.people.learning.training import Course

_day = click.DateTime(["%Y-%m-%d"])
_WRITTEN = (
    click.argument("code"),
    click.option("--course", required=True, help="what it is about"),
    click.option("--held", type=_day, required=True, help="day on which it is held"),
    click.option("--hours", type=float, required=True, help="length in hours"),
    click.option(
        "--kind", type=click.Choice(TRAINING_KINDS), default="training", help="kind of session"
    ),
    click.option("--expires", type=_day, help="last day on which it counts; default: for ever"),
    click.option("--place", "where", help="where it is held"),
)


def course_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command gets what they say as one ``course``."""

    @wraps(command)
    def with_course(
        *args: Any,
        code: str,
        course: str,
        held: datetime,
        hours: float,
        kind: str,
        expires: datetime | None,
        where: str | None,
        **more: Any,
    ) -> None:
        until = expires.date() if expires else None
        said = Course(code, course, held.date(), hours, kind, until, where)
        command(*args, course=said, **more)

    for option in reversed(_WRITTEN):
        with_course = option(with_course)
    return with_course
