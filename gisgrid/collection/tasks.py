"""Which collection tasks are there? Made as a draft, opened, ended by hand or by their day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.collection.fields import purpose_list
from gisgrid.collection.questions import MOST_QUESTIONS, AskedQuestion, NewQuestion, check
from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.core.messages import say
from gisgrid.db.tables.collection import TASK_STATES
from gisgrid.people.privacy.audit import note

MOST_TITLE = 100
MOST_NAMED = 2000
"""Houses that are named by their codes in one task; more are grids."""
REMIND_DAYS = 3
"""So many days before its day those who are to go hear of it again."""
STATE_WORDS = {"draft": say("not published"), "open": say("collecting"), "ended": say("task ended")}


@dataclass(frozen=True)
class TaskDraft:
    """What is written down of a task before its questions."""

    title: str
    purpose: str
    """A row of ``purpose``."""
    due_on: date
    fields: tuple[str, ...] = ()
    """Values of the register, of those that the purpose declares."""
    grids: tuple[str, ...] = ()
    """Codes of grids of the plan in force."""
    houses: tuple[str, ...] = ()
    """Codes of houses."""


@dataclass(frozen=True)
class TaskInfo:
    """A task and what it asks."""

    id: int
    township_id: int
    title: str
    purpose: str
    fields: tuple[str, ...]
    grids: tuple[str, ...]
    due_on: date
    state: str
    state_number: int
    made_by: str
    made_at: datetime
    opened_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None
    houses: int | None
    """How many it asks about today, or asked about at its end; None: not counted."""
    questions: tuple[AskedQuestion, ...]


@dataclass(frozen=True)
class ChoosableGrid:
    """A grid that a task may ask about."""

    code: str
    name: str
    community: str
    community_en: str | None


def tasks(
    session: Session,
    township_id: int,
    *,
    states: Sequence[str] = TASK_STATES,
    counted: bool = False,
) -> list[TaskInfo]:
    """All in these states that the asker may know of, open ones first, then by their day; their houses, if asked."""
    asked = {"t": township_id, "id": None, "states": list(states), "counted": counted}
    return _tasks(session, asked)


def one(session: Session, task_id: int, *, counted: bool = False) -> TaskInfo:
    """One of them, with how many houses it asks about, if asked; NotFound if there is none that the asker may know of."""
    asked = {"t": None, "id": task_id, "states": list(TASK_STATES), "counted": counted}
    found = _tasks(session, asked)
    if not found:
        raise NotFound("There is no collection task {number} here.", number=task_id)
    return found[0]


def grids_to_choose(session: Session, township_id: int) -> list[ChoosableGrid]:
    """The grids of the plan in force, by community and code; none where no plan is in force."""
    return [ChoosableGrid(*row) for row in session.execute(_TO_CHOOSE, {"t": township_id})]


def draft(session: Session, township_id: int, told: TaskDraft, day: date) -> int:
    """Write a task down without publishing it; its number.

    Raises
    ------
    Invalid
        No title, a purpose there is not, values that it does not declare, a day that is over, nowhere to go, or codes
        of grids or houses there are not; the message names them.
    """
    if not told.title or len(told.title) > MOST_TITLE:
        raise Invalid(
            "Write what the task is called, in at most {most} characters.", most=MOST_TITLE
        )
    declared = purpose_list(told.purpose)
    if not session.scalar(_PURPOSE, {"purpose": told.purpose}):
        raise Invalid("Choose what the task is for.")
    for strange in (name for name in told.fields if name not in declared):
        raise Invalid(
            "{field} is not declared for this purpose: choose another purpose, or leave it out.",
            field=strange,
        )
    if told.due_on < day:
        raise Invalid("The day by which it is to be done is over: {day}.", day=told.due_on)
    if not told.grids and not told.houses:
        raise Invalid("Choose grids, or write codes of houses, one in each line.")
    if len(told.houses) > MOST_NAMED:
        raise Invalid("At most {most} houses are named: choose grids instead.", most=MOST_NAMED)
    known = set(session.scalars(_GRIDS, {"t": township_id, "codes": list(told.grids)}))
    if lacking := [code for code in told.grids if code not in known]:
        raise Invalid(
            "There is no grid of this code in the plan in force: {listed}.", listed=lacking[:5]
        )
    values = {
        **asdict(told),
        "fields": list(dict.fromkeys(told.fields)),
        "grids": list(dict.fromkeys(told.grids)),
        "t": township_id,
    }
    made = int(session.execute(_DRAFT, values).scalar_one())
    if told.houses:
        codes = list(dict.fromkeys(told.houses))
        named = {
            row.code: row.id for row in session.execute(_HOUSES, {"t": township_id, "codes": codes})
        }
        if lacking := [code for code in codes if code not in named]:
            raise Invalid(
                "No house has this code: {listed} ({count} in all). Mend or delete these lines.",
                listed=lacking[:5], count=len(lacking),
            )  # fmt: skip
        session.execute(_NAME_HOUSES, {"task": made, "ids": list(named.values())})
    note(session, "write", "collection_task", made)
    return made


def ask(session: Session, task_id: int, question: NewQuestion) -> int:
    """Add a question at the end of a draft; its number.

    Raises
    ------
    Invalid
        It is no question, or there are ten already.
    Conflict
        The task is published: it asks what it asks.
    """
    check(question)
    task = _of_draft(session, task_id)
    if len(task.questions) >= MOST_QUESTIONS:
        raise Invalid(
            "A task has at most {most} further questions: a worker stands at the door with them.",
            most=MOST_QUESTIONS,
        )
    number = len(task.questions) + 1
    names = {each.name for each in task.questions}
    name = question.name or next(f"q{n}" for n in range(number, 99) if f"q{n}" not in names)
    if name in names:
        raise Invalid("Two questions are called {name}.", name=name)
    values = {
        **asdict(question),
        "choices": list(question.choices),
        "task": task_id,
        "number": number,
    }
    session.execute(_ASK, {**values, "name": name})
    return number


def drop(session: Session, task_id: int, question_id: int) -> None:
    """Take a question out of a draft; those behind it move up. Conflict if it is published."""
    _of_draft(session, task_id)
    session.execute(_DROP, {"task": task_id, "id": question_id})
    for each in session.execute(_ORDER, {"task": task_id}).all():
        session.execute(_RENUMBER, {"id": each.id, "number": each.n})


def replace_questions(session: Session, task_id: int, questions: Sequence[NewQuestion]) -> None:
    """Put these questions in the place of those of a draft.

    Raises
    ------
    Invalid, Conflict
        As `ask`.
    """
    _of_draft(session, task_id)
    session.execute(_DROP_ALL, {"task": task_id})
    for each in questions:
        ask(session, task_id, each)


def publish(session: Session, task_id: int, day: date, *, seen: int) -> TaskInfo:
    """Open a draft: whoever is to go hears of it, and its questions stand.

    Raises
    ------
    Invalid
        It asks nothing, or nothing that must be answered, or about no house; or its day is over on ``day``.
    Conflict
        It is published already, or was changed since it was ``seen``.
    """
    task = _of_draft(session, task_id)
    if task.due_on < day:
        raise Invalid("The day by which it is to be done is over: {day}.", day=task.due_on)
    if not task.fields and not task.questions:
        raise Invalid(
            "The task asks nothing yet: choose values of the register, or add a question."
        )
    if not task.fields and not any(each.required for each in task.questions):
        raise Invalid(
            "One question at least must be answered: else nobody could tell what is done."
        )
    if not session.scalar(_ASKS_ANYWHERE, {"id": task_id}):
        raise Invalid("In these grids lies no house today.")
    _changed(session, _PUBLISH, {"id": task_id, "seen": seen})
    note(session, "publish", "collection_task", task_id)
    return one(session, task_id, counted=True)


def end(session: Session, task_id: int, *, seen: int) -> None:
    """End an open task by hand; what was answered stays, and nothing more comes in.

    Raises
    ------
    Conflict
        It is not open, or was changed since it was ``seen``.
    """
    session.execute(_FREEZE, {"id": task_id})
    _changed(session, _END, {"id": task_id, "seen": seen})
    note(session, "end", "collection_task", task_id)


def discard(session: Session, task_id: int) -> None:
    """Throw a draft away; Conflict if it is published."""
    _of_draft(session, task_id)
    session.execute(_DISCARD, {"id": task_id})
    note(session, "delete", "collection_task", task_id)


def keep_days(session: Session, township_id: int, day: date) -> tuple[int, int]:
    """End the tasks whose day is over, and remind of those whose day is near; how many of each.

    Done again on the same day, it does nothing.
    """
    over = session.scalars(_OVER, {"t": township_id, "day": day}).all()
    for task_id in over:
        session.execute(_FREEZE, {"id": task_id})
        session.execute(_END_BY_DAY, {"id": task_id})
    near = {"t": township_id, "until": day + timedelta(days=REMIND_DAYS)}
    return len(over), len(session.scalars(_REMIND, near).all())


def _of_draft(session: Session, task_id: int) -> TaskInfo:
    task = one(session, task_id)
    if task.state != "draft":
        raise Conflict("The task is published: end it, and make another that asks differently.")
    return task


def _changed(session: Session, statement: Any, values: dict[str, int]) -> None:
    if session.scalar(statement, values) is None:
        raise Conflict("Somebody else has changed this meanwhile: look at it again.")


def _tasks(session: Session, asked: Mapping[str, object]) -> list[TaskInfo]:
    rows = [dict(row) for row in session.execute(_TASKS, asked).mappings()]
    asks: dict[int, list[AskedQuestion]] = {}
    for row in session.execute(_QUESTIONS, {"ids": [row["id"] for row in rows]}).mappings():
        values = {**row, "choices": tuple(row["choices"])}
        asks.setdefault(values.pop("task_id"), []).append(AskedQuestion(**values))
    return [
        TaskInfo(**{
            **row, "fields": tuple(row["fields"]), "grids": tuple(row["grids"]),
            "questions": tuple(asks.get(row["id"], ())),
        })
        for row in rows
    ]  # fmt: skip


_PURPOSE = text("SELECT EXISTS (SELECT FROM purpose WHERE name = :purpose)")
_GRIDS = text(
    "SELECT g.code FROM plan_in_force p JOIN grid g ON g.plan_id = p.id "
    "WHERE p.township_id = :t AND g.code = ANY (CAST(:codes AS text[]))"
)
_TO_CHOOSE = text("""
SELECT g.code, g.name, c.name, c.name_en FROM plan_in_force p JOIN grid g ON g.plan_id = p.id
JOIN area c ON c.id = g.community_id
WHERE p.township_id = :t ORDER BY c.code COLLATE "C", g.code COLLATE "C"
""")
_HOUSES = text(
    "SELECT code, id FROM house WHERE township_id = :t AND code = ANY (CAST(:codes AS text[]))"
)
_NAME_HOUSES = text(
    "INSERT INTO collection_house (task_id, house_id) SELECT :task, unnest(CAST(:ids AS bigint[]))"
)
_DRAFT = text("""
INSERT INTO collection_task (township_id, title, purpose, fields, grids, due_on, made_by)
VALUES (:t, :title, :purpose, CAST(:fields AS text[]), CAST(:grids AS text[]), :due_on, my_name()) RETURNING id
""")
_ASK = text("""
INSERT INTO collection_question (task_id, number, name, kind, label, hint, required, choices, least, most)
VALUES (:task, :number, :name, :kind, :label, :hint, :required, CAST(:choices AS text[]), CAST(:least AS numeric),
        CAST(:most AS numeric))
""")
_DROP = text("DELETE FROM collection_question WHERE task_id = :task AND id = :id")
_DROP_ALL = text("DELETE FROM collection_question WHERE task_id = :task")
_ORDER = text(
    "SELECT id, row_number() OVER (ORDER BY number) AS n FROM collection_question WHERE task_id = :task ORDER BY 2"
)
_RENUMBER = text("UPDATE collection_question SET number = :number WHERE id = :id")
_ASKS_ANYWHERE = text("SELECT EXISTS (SELECT FROM task_ground WHERE task_id = :id)")
_PUBLISH = text("""
UPDATE collection_task SET state = 'open', opened_at = now(), state_number = state_number + 1
WHERE id = :id AND state = 'draft' AND state_number = :seen RETURNING id
""")
# What lies in its grids today is what it asked about, whatever is drawn later.
_FREEZE = text("""
INSERT INTO collection_house (task_id, house_id)
SELECT c.task_id, c.house_id FROM task_ground c WHERE c.task_id = :id ON CONFLICT DO NOTHING
""")
_END = text("""
UPDATE collection_task SET state = 'ended', ended_at = now(), ended_by = my_name(), state_number = state_number + 1
WHERE id = :id AND state = 'open' AND state_number = :seen RETURNING id
""")
_END_BY_DAY = text("""
UPDATE collection_task SET state = 'ended', ended_at = now(), state_number = state_number + 1
WHERE id = :id AND state = 'open'
""")
_DISCARD = text("DELETE FROM collection_task WHERE id = :id AND state = 'draft'")
_OVER = text("""
SELECT id FROM collection_task WHERE township_id = :t AND state = 'open' AND due_on < CAST(:day AS date) ORDER BY id
""")
_REMIND = text("""
UPDATE collection_task SET reminded_at = now()
WHERE township_id = :t AND state = 'open' AND reminded_at IS NULL AND due_on <= CAST(:until AS date) RETURNING id
""")
_TASKS = text("""
WITH found AS MATERIALIZED (
    SELECT * FROM collection_task
    WHERE (CAST(:t AS bigint) IS NULL OR township_id = :t) AND (CAST(:id AS bigint) IS NULL OR id = :id)
      AND state = ANY (CAST(:states AS text[]))
)
SELECT t.id, t.township_id, t.title, t.purpose, t.fields, t.grids, t.due_on, t.state, t.state_number, t.made_by,
       t.made_at, t.opened_at, t.ended_at, t.ended_by,
       CASE WHEN CAST(:counted AS boolean) THEN (SELECT count(*) FROM task_ground c WHERE c.task_id = t.id) END AS houses
FROM found t ORDER BY array_position(ARRAY['open', 'draft', 'ended'], t.state), t.due_on, t.id
""")
_QUESTIONS = text("""
SELECT task_id, id, number, name, kind, label, hint, required, choices, least, most FROM collection_question
WHERE task_id = ANY (CAST(:ids AS bigint[])) ORDER BY task_id, number
""")
