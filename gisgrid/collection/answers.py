"""What was answered at which house? Asked by the door, kept with who and when, opened for a purpose alone.

Values of the register are no answers: they are changed by entries of the register (`gisgrid.register.entries`), so
that there is one place for each. A task only says which of them are missing at a house.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.collection.questions import stored_answer
from gisgrid.collection.tasks import TaskInfo
from gisgrid.core.errors import Conflict, Invalid, NotAllowed, NotFound

MOST_HOUSES = 2000
"""Of one list; a grid has some hundreds."""


@dataclass(frozen=True)
class AskedHouse:
    """A house that a task asks about."""

    id: int
    code: str
    address: str
    grid_code: str | None
    grid: str | None
    filled: int
    """Required values that are there: of the register and answers."""
    required: int
    registered: bool
    """It has a household."""
    last_on: datetime | None
    """When somebody answered there last; None: nobody did."""

    @property
    def done(self) -> bool:
        """Whether nothing required is missing."""
        return self.filled >= self.required


@dataclass(frozen=True)
class GivenAnswer:
    """That a question was answered at a house; what was said is opened for a purpose."""

    id: int
    question_id: int
    house_id: int
    house_code: str
    address: str
    grid: str | None
    who: str
    at: datetime
    value: str | None = None
    """None: masked, or photos."""
    photos: tuple[int, ...] = ()
    replaced_at: datetime | None = None
    """When a later one took its place; None: it is the present one."""


@dataclass(frozen=True)
class TakenAnswers:
    """What became of a form."""

    answers: Mapping[int, int]
    """AskedQuestion to the answer that was kept."""
    over_another: bool
    """Somebody else answered one of these since the page was read: theirs is kept as a former one."""
    late_one: bool = False
    """A present answer was written down after one of these, which is kept as a former one."""


def answer(
    session: Session,
    task: TaskInfo,
    house_id: int,
    said: Mapping[int, str],
    *,
    photos: Sequence[int] = (),
    seen: int = 0,
    client_id: str,
    entered_at: datetime | None = None,
) -> TakenAnswers:
    """Keep what was said at a house; what was left empty stays as it was.

    Parameters
    ----------
    said
        Number of a question to what was written.
    photos
        Questions that are answered by photos, which the caller adds to the answers; of another task they are refused.
    seen
        `newest` of the page that it was entered on.
    client_id
        The page's own key: sent twice, taken once.
    entered_at
        When it was written down on a phone that had no line; None: now.

    Raises
    ------
    Invalid
        What was written is no answer, or one to a question of another task; nothing at all was written; a required
        question has no answer yet.
    Conflict
        The task is over, and was so when this was written down; or the key came before with other answers.
    NotAllowed
        The house is none of the task's, or lies where the account may not keep the register.
    """
    if not client_id or len(client_id) > 64:
        raise Invalid("The page is too old: open it anew.")
    asked = {each.id for each in task.questions}
    pictured = {each.id for each in task.questions if each.kind == "photo"}
    strange = [number for number, value in said.items() if value.strip() and number not in asked]
    if strange or not pictured.issuperset(photos):
        raise Invalid(
            "This was written on a page that asks something else than the task does: open the task anew."
        )
    told: dict[str, str | None] = {}
    for question in task.questions:
        if question.kind == "photo":
            if question.id in photos:
                told[str(question.id)] = None
        elif (value := stored_answer(question, said.get(question.id, ""))) is not None:
            told[str(question.id)] = value
    if not told:
        raise Invalid("Nothing is written yet: answer at least one question.")
    held = {each.question_id for each in given(session, task.id, house_id)}
    lacking = [
        each.label
        for each in task.questions
        if each.required and str(each.id) not in told and each.id not in held
    ]
    if lacking:
        raise Invalid("This has to be answered, too: {listed}.", listed=lacking)
    values = {
        "task": task.id, "house": house_id, "said": json.dumps(told, ensure_ascii=False), "seen": seen,
        "client": client_id, "entered": entered_at,
    }  # fmt: skip
    try:
        rows = session.execute(_ANSWER, values).all()
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state == "23505":
            raise Conflict(
                "This page was sent before with other answers: look at what stands here, and send it once more."
            ) from error
        if state == "P0002":
            raise Conflict(
                "This task is over: nothing more is taken. What you found out tell your office."
            ) from error
        if state == "42501":
            raise NotAllowed(
                "This house is none of this task, or lies outside the area of your rights."
            ) from error
        raise
    return TakenAnswers(
        {row.question: row.answer for row in rows if row.answer is not None},
        any(row.over_another for row in rows),
        any(row.late_one for row in rows),
    )


def keep_photo(
    session: Session,
    answer_id: int,
    *,
    sha256: str,
    width: int,
    height: int,
    jpeg: bytes,
    thumbnail: bytes,
) -> None:
    """Keep a picture with an answer that the transaction's account gave; the same file twice is kept once."""
    session.execute(
        _KEEP_PHOTO,
        {
            "answer": answer_id, "sha": sha256, "width": width, "height": height, "jpeg": jpeg,
            "thumbnail": thumbnail,
        },
    )  # fmt: skip


def photo_bytes(session: Session, photo_id: int, *, thumbnail: bool = False) -> bytes:
    """The JPEG of a photo; NotFound where there is none that may be seen."""
    found = session.scalar(_PHOTO, {"small": thumbnail, "id": photo_id})
    if found is None:
        raise NotFound("There is no photo {photo_id}.", photo_id=photo_id)
    return bytes(found)


def given(
    session: Session,
    task_id: int,
    house_id: int | None = None,
    *,
    most: int | None = None,
    skip: int = 0,
) -> list[GivenAnswer]:
    """The present answers of a task that may be seen, masked: by house and question; of one house, if named.

    ``most`` houses are listed after those that are skipped.
    """
    asked = {"task": task_id, "house": house_id, "most": most, "skip": skip}
    rows = session.execute(_GIVEN, asked).mappings()
    return [GivenAnswer(**{**row, "photos": tuple(row["photos"])}) for row in rows]


def former(session: Session, task_id: int, houses: Sequence[int]) -> list[GivenAnswer]:
    """The answers at these houses that others took the place of, masked: what was written down last stands first."""
    rows = session.execute(_FORMER, {"task": task_id, "houses": list(houses)}).mappings()
    return [GivenAnswer(**{**row, "photos": tuple(row["photos"])}) for row in rows]


def count_answered(session: Session, task_id: int) -> int:
    """At how many houses a task was answered, of those that may be seen."""
    return int(session.scalar(_COUNT_ANSWERED, {"task": task_id}) or 0)


def newest(answers: Sequence[GivenAnswer]) -> int:
    """What a page keeps, so that the store knows what was answered since; 0: nothing was."""
    return max((each.id for each in answers), default=0)


def opened(session: Session, answers: Sequence[GivenAnswer]) -> list[GivenAnswer]:
    """The answers with what was said; the transaction must have declared a purpose, and the audit says so.

    Those that lie where the account may open nothing stay masked.
    """
    rows = session.execute(_OPEN, {"ids": [each.id for each in answers]})
    said = {row.id: row.value for row in rows}
    return [GivenAnswer(**{**vars(each), "value": said.get(each.id)}) for each in answers]


def missing_in_register(
    session: Session, fields: Sequence[str], houses: Sequence[int]
) -> dict[int, dict[tuple[str, int], list[str]]]:
    """Which values of the register a task wants and houses lack: of each house column names by table and row number."""
    found: dict[int, dict[tuple[str, int], list[str]]] = {}
    for row in session.execute(_MISSING, {"houses": list(houses), "fields": list(fields)}):
        of_house = found.setdefault(row.house_id, {})
        of_house.setdefault((row.table_name, row.row_id), []).append(row.column_name)
    return found


_ANSWER = text("""
SELECT question, answer, over_another, late_one FROM answer_collection(
    :task, :house, CAST(:said AS jsonb), :seen, :client, CAST(:entered AS timestamptz))
""")
_KEEP_PHOTO = text("""
INSERT INTO collection_photo (answer_id, sha256, width, height, jpeg, thumbnail)
VALUES (:answer, :sha, :width, :height, :jpeg, :thumbnail) ON CONFLICT (answer_id, sha256) DO NOTHING
""")
_PHOTO = text(
    "SELECT CASE WHEN :small THEN thumbnail ELSE jpeg END FROM collection_photo WHERE id = :id"
)
_LINE = """
SELECT a.id, a.question_id, a.house_id, h.code AS house_code, h.address, g.name AS grid, a.who,
       coalesce(a.entered_at, a.at) AS at, a.replaced_at,
       ARRAY(SELECT p.id FROM collection_photo p WHERE p.answer_id = a.id ORDER BY p.id) AS photos
FROM collection_answer a JOIN collection_question q ON q.id = a.question_id JOIN house h ON h.id = a.house_id
LEFT JOIN plan_in_force p ON p.township_id = a.township_id
LEFT JOIN grid_of_house i ON i.plan_id = p.id AND i.house_id = a.house_id
LEFT JOIN grid g ON g.id = i.grid_id
"""
_GIVEN = text(f"""
WITH here AS MATERIALIZED (
    SELECT DISTINCT a.house_id, h.address COLLATE "C" AS address
    FROM collection_answer a JOIN house h ON h.id = a.house_id
    WHERE a.task_id = :task AND a.replaced_at IS NULL AND (CAST(:house AS bigint) IS NULL OR a.house_id = :house)
    ORDER BY 2, 1 LIMIT CAST(:most AS bigint) OFFSET :skip
)
{_LINE}
WHERE a.task_id = :task AND a.replaced_at IS NULL AND a.house_id IN (SELECT house_id FROM here)
ORDER BY h.address COLLATE "C", a.house_id, q.number
""")  # noqa: S608 - parts that stand here
_FORMER = text(f"""{_LINE}
WHERE a.task_id = :task AND a.replaced_at IS NOT NULL AND a.house_id = ANY (CAST(:houses AS bigint[]))
ORDER BY a.house_id, q.number, at DESC, a.id DESC
""")
_COUNT_ANSWERED = text(
    "SELECT count(DISTINCT house_id) FROM collection_answer WHERE task_id = :task AND replaced_at IS NULL"
)
_OPEN = text("SELECT id, value FROM unmask_collection(CAST(:ids AS bigint[]))")
_MISSING = text("""
WITH lacking AS (
    SELECT f.house_id, 'resident' AS table_name, r.id AS row_id, f.id AS household_id, v.column_name
    FROM masked_household f JOIN resident_filled r ON r.household_id = f.id
    CROSS JOIN LATERAL (VALUES (1, 'name', r.name), (2, 'sex', r.sex), (3, 'birth_date', r.birth_date),
        (4, 'citizen_id', r.citizen_id), (5, 'phone', r.phone), (6, 'verified_on', r.verified_on)
    ) AS v (place, column_name, there)
    WHERE f.house_id = ANY (CAST(:houses AS bigint[])) AND NOT v.there
    UNION ALL
    SELECT f.house_id, 'household', f.id, f.id, 'verified_on' FROM masked_household f
    WHERE f.house_id = ANY (CAST(:houses AS bigint[])) AND f.verified_on IS NULL
)
SELECT house_id, table_name, row_id, column_name FROM lacking
WHERE table_name || '.' || column_name = ANY (CAST(:fields AS text[]))
ORDER BY house_id, household_id, table_name, row_id, column_name
""")
