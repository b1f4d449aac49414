"""Which training is held when and where, who took part; and what is known of people to plan it by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.db.tables.learning import AGE_BANDS, SCHOOLING
from gisgrid.people.learning.training import Course, check, refuse_attendance

MOST_QUALIFICATIONS = 20
LONGEST_QUALIFICATION = 80


@dataclass(frozen=True)
class TrainingSession:
    """A training, study tour or meeting, with how many took part."""

    code: str
    course: str
    kind: str
    held_on: date
    hours: float
    expires_on: date | None
    place: str | None
    attended: int

    def to_come(self, day: date) -> bool:
        """Whether it is not held yet, so that nobody can have taken part."""
        return self.held_on > day


@dataclass(frozen=True)
class Attendee:
    """A member of a team on the day of a session, or somebody who took part without being one."""

    staff: str
    name: str | None
    """None: whoever asks may not know it."""
    grids: tuple[str, ...]
    roles: tuple[str, ...]
    attended: bool


@dataclass(frozen=True)
class Profile:
    """What is known of a member of a team to plan their training by."""

    staff: str
    name: str | None
    """None: whoever asks may not know it."""
    grids: tuple[str, ...]
    roles: tuple[str, ...]
    age_band: str | None
    """One of ``AGE_BANDS``; None: not noted."""
    schooling: str | None
    """One of ``SCHOOLING``; None: not noted."""
    qualifications: tuple[str, ...]
    hours: float
    """Of all that they took part in until the day."""
    trained: bool
    """Some training counts on that day."""
    expires_on: date | None
    """Last day on which one does; None: none does, or one without an end."""


def sessions(session: Session, township_id: int) -> list[TrainingSession]:
    """All of a township, the latest first."""
    rows = session.execute(text(_SESSIONS), {"t": township_id, "code": None}).mappings()
    return [TrainingSession(**row) for row in rows]


def one(session: Session, township_id: int, code: str) -> TrainingSession:
    """One of them; NotFound if there is none."""
    row = (
        session.execute(text(_SESSIONS), {"t": township_id, "code": code}).mappings().one_or_none()
    )
    if row is None:
        raise NotFound("There is no training {code!r}.", code=code)
    return TrainingSession(**row)


def plan(session: Session, township_id: int, course: Course) -> None:
    """Put a session on the list, past or to come; nobody has taken part yet.

    Raises
    ------
    Invalid
        Its code, hours, kind or days cannot be.
    Conflict
        The code is taken.
    """
    check(course)
    if "/" in course.code or len(course.code) > LONGEST_QUALIFICATION:
        raise Invalid(
            "A training has a code of at most {most} letters, without /.",
            most=LONGEST_QUALIFICATION,
        )
    values = {"t": township_id, **asdict(course)}
    if session.scalar(text(_ADD), values) is None:
        raise Conflict("There is a training {code!r} already.", code=course.code)


def attendance(session: Session, township_id: int, code: str) -> list[Attendee]:
    """Who was in a team on the day of a session, and whether they took part, by code of staff.

    Who took part and was in no team stands there, too.
    """
    found = one(session, township_id, code)
    rows = session.execute(
        text(_ATTENDANCE), {"t": township_id, "code": code, "day": found.held_on}
    ).mappings()
    return [
        Attendee(**{**row, "grids": tuple(row["grids"]), "roles": tuple(row["roles"])})
        for row in rows
    ]


def attend(
    session: Session, township_id: int, code: str, staff: Sequence[str], *, day: date
) -> tuple[int, int]:
    """Note exactly these people (codes) as those who took part; how many came to the list, and left it.

    Raises
    ------
    NotFound
        No such session, or no such person of staff.
    Invalid
        It is not held yet on ``day``, or somebody is ticked twice.
    """
    found = one(session, township_id, code)
    refuse_attendance(session, township_id, found.held_on, staff, day=day)
    values = {"t": township_id, "code": code, "staff": list(staff)}
    gone = len(session.execute(text(_AWAY), values).all())
    come = len(session.execute(text(_COME), values).all())
    return come, gone


def profiles(session: Session, township_id: int, day: date) -> list[Profile]:
    """Everybody in a team on a day; first those whose training does not count, then by hours."""
    rows = session.execute(text(_PROFILES), {"t": township_id, "day": day}).mappings()
    lists = ("grids", "roles", "qualifications")
    return [Profile(**{**row, **{name: tuple(row[name]) for name in lists}}) for row in rows]


def profile(session: Session, township_id: int, staff: str, day: date) -> Profile:
    """The profile of one member of a team; NotFound if nobody of that code is in one on that day."""
    found = next(
        (each for each in profiles(session, township_id, day) if each.staff == staff), None
    )
    if found is None:
        raise NotFound("Nobody of the code {staff} is in a team.", staff=staff)
    return found


def note_profile(
    session: Session,
    township_id: int,
    staff: str,
    *,
    age_band: str | None,
    schooling: str | None,
    qualifications: Sequence[str],
    who: str,
) -> None:
    """Keep what is known of a person; what was known before is forgotten.

    Raises
    ------
    NotFound
        No such person of staff.
    Invalid
        No such band or schooling; too many qualifications, or one that is too long.
    """
    if age_band is not None and age_band not in AGE_BANDS:
        raise Invalid("There is no age band {band!r}.", band=age_band)
    if schooling is not None and schooling not in SCHOOLING:
        raise Invalid("There is no schooling {schooling!r}.", schooling=schooling)
    kept = list(dict.fromkeys(each.strip() for each in qualifications if each.strip()))
    if len(kept) > MOST_QUALIFICATIONS or any(len(each) > LONGEST_QUALIFICATION for each in kept):
        raise Invalid(
            "At most {most} qualifications of {letters} letters each are kept.",
            most=MOST_QUALIFICATIONS, letters=LONGEST_QUALIFICATION,
        )  # fmt: skip
    number = session.scalar(
        text("SELECT id FROM staff WHERE township_id = :t AND code = :code"),
        {"t": township_id, "code": staff},
    )
    if number is None:
        raise NotFound("No person of staff has the code {staff}.", staff=staff)
    session.execute(
        text(_NOTE),
        {"id": number, "age": age_band, "schooling": schooling, "kept": kept, "who": who},
    )


_SESSIONS = """
SELECT t.code, t.course, t.kind, t.held_on, t.hours, t.expires_on, t.place,
       (SELECT count(*) FROM training_attendee a WHERE a.training_id = t.id) AS attended
FROM training t WHERE t.township_id = :t AND (CAST(:code AS text) IS NULL OR t.code = :code)
ORDER BY t.held_on DESC, t.code COLLATE "C"
"""

_ADD = """
INSERT INTO training (township_id, code, course, kind, held_on, hours, expires_on, place)
VALUES (:t, :code, :course, :kind, :held_on, :hours, :expires_on, :place)
ON CONFLICT (township_id, code) DO NOTHING RETURNING id
"""

_MEMBERS = """
member AS (
    SELECT m.staff_id, array_agg(DISTINCT m.grid_code) AS grids, array_agg(DISTINCT m.role) AS roles
    FROM team_member m WHERE m.township_id = :t AND m.during @> CAST(:day AS date)
    GROUP BY m.staff_id
)
"""

_ATTENDANCE = f"""
WITH {_MEMBERS}, taken AS (
    SELECT a.staff_id FROM training_attendee a JOIN training t ON t.id = a.training_id
    WHERE t.township_id = :t AND t.code = :code
)
SELECT s.code AS staff, n.name, coalesce(m.grids, '{{}}') AS grids, coalesce(m.roles, '{{}}') AS roles,
       k.staff_id IS NOT NULL AS attended
FROM staff s LEFT JOIN member m ON m.staff_id = s.id LEFT JOIN taken k ON k.staff_id = s.id
LEFT JOIN masked_staff n ON n.id = s.id
WHERE s.township_id = :t AND (m.staff_id IS NOT NULL OR k.staff_id IS NOT NULL)
ORDER BY s.code COLLATE "C"
"""  # noqa: S608 - parts that stand here

_AWAY = """
DELETE FROM training_attendee a USING training t, staff s
WHERE t.township_id = :t AND t.code = :code AND a.training_id = t.id AND s.id = a.staff_id
  AND NOT s.code = ANY (CAST(:staff AS text[]))
RETURNING 1
"""

_COME = """
INSERT INTO training_attendee (training_id, staff_id)
SELECT t.id, s.id FROM training t JOIN staff s ON s.township_id = :t AND s.code = ANY (CAST(:staff AS text[]))
WHERE t.township_id = :t AND t.code = :code
ON CONFLICT DO NOTHING RETURNING 1
"""

_PROFILES = f"""
WITH {_MEMBERS}, learned AS (
    SELECT a.staff_id, sum(t.hours) AS hours,
           bool_or(t.kind = 'training' AND (t.expires_on IS NULL OR t.expires_on >= :day)) AS trained,
           CASE WHEN NOT bool_or(t.kind = 'training' AND t.expires_on IS NULL)
                THEN max(t.expires_on) FILTER (WHERE t.kind = 'training' AND t.expires_on >= :day) END AS expires_on
    FROM training_attendee a JOIN training t ON t.id = a.training_id
    WHERE t.township_id = :t AND t.held_on <= :day GROUP BY a.staff_id
)
SELECT s.code AS staff, n.name, m.grids, m.roles, p.age_band, p.schooling,
       coalesce(p.qualifications, '{{}}') AS qualifications, coalesce(l.hours, 0) AS hours,
       coalesce(l.trained, false) AS trained, l.expires_on
FROM member m JOIN staff s ON s.id = m.staff_id LEFT JOIN masked_staff n ON n.id = s.id
LEFT JOIN staff_profile p ON p.staff_id = s.id LEFT JOIN learned l ON l.staff_id = s.id
ORDER BY coalesce(l.trained, false), coalesce(l.hours, 0), s.code COLLATE "C"
"""  # noqa: S608 - parts that stand here

_NOTE = """
INSERT INTO staff_profile (staff_id, age_band, schooling, qualifications, noted_by)
VALUES (:id, :age, :schooling, :kept, :who)
ON CONFLICT (staff_id) DO UPDATE SET age_band = excluded.age_band, schooling = excluded.schooling,
    qualifications = excluded.qualifications, noted_by = excluded.noted_by, noted_at = now()
"""
