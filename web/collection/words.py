"""What tasks, values of the register and answers are called on pages and sheets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from flask_babel import gettext

from gisgrid.collection.answers import AskedHouse, GivenAnswer
from gisgrid.collection.completeness import (
    FilledHouse,
    FilledShare,
    HouseWithout,
    share_percent,
)
from gisgrid.collection.fields import FIELD_WORDS
from gisgrid.collection.progress import TaskGrid
from gisgrid.collection.questions import spelled
from gisgrid.collection.tasks import TaskInfo
from gisgrid.files.exports import Cell, Sheet
from web.http.dates import on_the_clock
from web.http.language import own_name
from web.http.lists import sheet


def field_word(name: str) -> str:
    """What a value of the register is called; one that is not known by its name."""
    return str(gettext(FIELD_WORDS[name])) if name in FIELD_WORDS else name


def per_cent(percent: float | None) -> str:
    """A share as people read it; a dash where nothing is required."""
    return "—" if percent is None else f"{percent:.1f} %"


def limits_of(question: object) -> str:
    """The limits of a number, such as ``0 … 30``; empty: none."""
    least, most = getattr(question, "least", None), getattr(question, "most", None)
    if least is None and most is None:
        return ""
    low = spelled(least) if least is not None else ""
    high = spelled(most) if most is not None else ""
    return f"{low} … {high}".strip()


def tasks_sheet(found: Sequence[TaskInfo], states: dict[str, str]) -> Sheet:
    """The tasks of a township."""
    return sheet(
        gettext("Collection tasks"),
        [
            (gettext("No."), [each.id for each in found]),
            (gettext("Task"), [each.title for each in found]),
            (gettext("State"), [gettext(states[each.state]) for each in found]),
            (gettext("To be done by"), [each.due_on for each in found]),
            (gettext("Houses"), [each.houses for each in found]),
            (gettext("Questions"), [len(each.questions) for each in found]),
            (gettext("Made by"), [each.made_by for each in found]),
        ],
    )


def progress_sheet(
    task: TaskInfo, found: Sequence[TaskGrid], workers: Mapping[str, Sequence[str]]
) -> Sheet:
    """How far a task is, by grid, and who is to go there: their names by code of the grid."""
    return sheet(
        task.title,
        [
            (gettext("Community"), [each.community for each in found]),
            (gettext("Grid"), [each.name or gettext("in no grid") for each in found]),
            (gettext("Code"), [each.code for each in found]),
            (gettext("Houses"), [each.houses for each in found]),
            (gettext("Done"), [each.done for each in found]),
            (gettext("Filled"), [each.filled for each in found]),
            (gettext("Required"), [each.required for each in found]),
            (gettext("Per cent"), [each.percent for each in found]),
            (
                gettext("Who is to go"),
                ["、".join(workers.get(each.code or "", ())) or None for each in found],
            ),
        ],
    )


def answers_sheet(
    task: TaskInfo, found: Iterable[GivenAnswer], time_zone: str, *, opened: bool
) -> Sheet:
    """A row a house, a column a question; where it is not opened, cells say only that it was answered."""
    asked = task.questions
    rows: list[list[Cell]] = []
    for _, group in groupby(found, key=lambda each: each.house_id):
        said = list(group)
        by_question = {each.question_id: each for each in said}
        last = max(said, key=lambda each: each.at)
        rows.append([
            last.house_code, last.address, last.grid,
            *(answer_cell(by_question.get(each.id), opened=opened) for each in asked),
            last.who, on_the_clock(last.at, time_zone),
        ])  # fmt: skip
    heads = (
        gettext("House code"), gettext("Address"), gettext("Grid"), *(each.label for each in asked),
        gettext("Last answered by"), gettext("Last answered"),
    )  # fmt: skip
    return Sheet(task.title, heads, rows)


def answer_cell(answer: GivenAnswer | None, *, opened: bool) -> str | None:
    """What is shown of an answer; None: there is none."""
    if answer is None:
        return None
    if answer.photos:
        return str(gettext("photos: %(n)s", n=len(answer.photos)))
    if opened and answer.value is not None:
        return answer.value
    return str(gettext("filled in"))


def houses_sheet(task: TaskInfo, found: Sequence[AskedHouse]) -> Sheet:
    """The houses of a task, those where something is missing first."""
    return sheet(
        task.title,
        [
            (gettext("House code"), [each.code for each in found]),
            (gettext("Address"), [each.address for each in found]),
            (gettext("Grid"), [each.grid for each in found]),
            (gettext("Filled"), [each.filled for each in found]),
            (gettext("Required"), [each.required for each in found]),
        ],
    )


def shares_sheet(found: Sequence[FilledShare]) -> Sheet:
    """How far the registers are filled, by grid."""
    return sheet(
        gettext("Completeness"),
        [
            (
                gettext("Community"),
                [own_name(each.community, each.community_en) or None for each in found],
            ),
            (gettext("Grid"), [each.grid or gettext("in no grid") for each in found]),
            (gettext("Code"), [each.grid_code for each in found]),
            (gettext("Houses"), [each.houses for each in found]),
            (gettext("Without a register"), [each.without for each in found]),
            (gettext("Filled"), [each.filled for each in found]),
            (gettext("Required"), [each.required for each in found]),
            (gettext("Per cent"), [each.percent for each in found]),
        ],
    )


def filled_houses_sheet(found: Sequence[FilledHouse]) -> Sheet:
    """A row a household, and one for each house without any, with what is filled."""
    rows: list[tuple[Cell, ...]] = []
    for house in found:
        own = [
            (home.room, home.filled, home.required, share_percent(home.filled, home.required))
            for home in house.households
        ]
        rows += [
            (house.code, house.address, *each, house.filled, house.required)
            for each in own or [(None, 0, 0, None)]
        ]
    heads = (
        gettext("House code"), gettext("Address"), gettext("Room"), gettext("Filled"), gettext("Required"),
        gettext("Per cent"), gettext("Filled in the house"), gettext("Required in the house"),
    )  # fmt: skip
    return Sheet(gettext("Completeness"), heads, rows)


def without_sheet(found: Sequence[HouseWithout]) -> Sheet:
    """Houses without a register, with who is to go."""
    return sheet(
        gettext("Without a register"),
        [
            (gettext("House code"), [each.code for each in found]),
            (gettext("Address"), [each.address for each in found]),
            (
                gettext("Community"),
                [own_name(each.community, each.community_en) or None for each in found],
            ),
            (gettext("Grid"), [each.grid or gettext("in no grid") for each in found]),
            (gettext("Grid code"), [each.grid_code for each in found]),
            (gettext("Who is to go"), ["、".join(each.workers) or None for each in found]),
        ],
    )
