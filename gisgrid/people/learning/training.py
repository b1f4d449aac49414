"""Who has learned what, for how many hours, and until when does it count?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.db.tables.learning import TRAINING_KINDS
from gisgrid.files.exports import Sheet
from gisgrid.people.learning.names import named


@dataclass(frozen=True)
class Course:
    """A training, study tour or meeting; ``expires_on`` is the last day on which it counts."""

    code: str
    course: str
    held_on: date
    hours: float
    kind: str = "training"
    expires_on: date | None = None
    place: str | None = None
    """Where, in words; None: not said."""


@dataclass(frozen=True)
class WorkerHours:
    """The hours of one member of a team within a span of days."""

    staff: str
    name: str
    grids: tuple[str, ...]
    roles: tuple[str, ...]
    training: float
    study_tour: float
    meeting: float
    hours: float
    trained: bool
    """Some training counts on the last day of the span."""
    expires_on: date | None
    """Last day on which one does; None: none does, or one without an end."""


def record(
    session: Session, township_id: int, course: Course, attendees: Sequence[str], *, day: date
) -> int:
    """Note a training and who took part (codes of staff); how many were not noted before.

    The same course again adds the attendees who are new.

    Raises
    ------
    Invalid
        Hours, kind or days that cannot be; nobody took part, somebody is named twice; it is not held yet
        on ``day``.
    Conflict
        The code stands for a course with other particulars.
    NotFound
        No such person of staff.
    """
    check(course)
    if not attendees:
        raise Invalid("Nobody took part: name at least one.")
    values = {"t": township_id, **asdict(course)}
    session.execute(text(_ADD + " ON CONFLICT (township_id, code) DO NOTHING"), values)
    known = session.execute(text(_PARTICULARS), values).mappings().one()
    if Course(**known) != course:
        raise Conflict(
            "Training {course!r} is recorded with other particulars.", course=course.code
        )
    refuse_attendance(session, township_id, course.held_on, attendees, day=day)
    return len(session.execute(text(_ATTEND), {**values, "codes": list(attendees)}).all())


def refuse_attendance(
    session: Session, township_id: int, held_on: date, attendees: Sequence[str], *, day: date
) -> None:
    """Raise Invalid for attendance before the day, or of one person twice; NotFound for no person of staff."""
    if attendees and held_on > day:
        raise Invalid(
            "It is held on {held_on}: who took part is noted then, and not before.", held_on=held_on
        )
    if twice := sorted({code for code in attendees if attendees.count(code) > 1}):
        raise Invalid("{staff} is ticked twice; nothing was kept.", staff=twice)
    known_staff = session.scalars(
        text("SELECT code FROM staff WHERE township_id = :t AND code = ANY(:codes)"),
        {"t": township_id, "codes": list(attendees)},
    ).all()
    if absent := sorted(set(attendees) - set(known_staff)):
        raise NotFound("No person of staff has the code {staff}.", staff=absent)


def hours_by_worker(
    session: Session,
    township_id: int,
    day: date,
    *,
    since: date | None = None,
    masked: bool = False,
) -> list[WorkerHours]:
    """Hours of everybody in a team on a day, from ``since`` (both days count), fewest first.

    Who has none is on the list with 0. ``masked``: read through the view for the web, whose role sees
    no other; the names are masked either way.
    """
    rows = session.execute(
        text(named(_HOURS, masked)), {"t": township_id, "day": day, "since": since}
    )
    return [
        WorkerHours(**{**row, "grids": tuple(row["grids"]), "roles": tuple(row["roles"])})
        for row in rows.mappings()
    ]


def hours_sheet(rows: Sequence[WorkerHours]) -> Sheet:
    """The hours as a sheet of a workbook."""
    return Sheet(
        "学时 hours",
        ("编码 staff", "姓名 name", "网格 grids", "身份 roles", "培训 training",
         "考察 study tours", "会议 meetings", "合计 hours", "有效 counts", "有效期至 until"),
        [
            (r.staff, r.name, ", ".join(r.grids), ", ".join(r.roles), r.training, r.study_tour,
             r.meeting, r.hours, "是 yes" if r.trained else "否 no", r.expires_on)
            for r in rows
        ],
    )  # fmt: skip


def check(course: Course) -> None:
    """Raise Invalid for hours, kind or days that cannot be."""
    if not (course.code.strip() and course.course.strip()):
        raise Invalid("A training has a code and a course.")
    if course.kind not in TRAINING_KINDS:
        raise Invalid(
            "{kind!r} is no kind of training; known: {known}.",
            kind=course.kind,
            known=list(TRAINING_KINDS),
        )
    if not 0 < course.hours <= 1000:
        raise Invalid(
            "{hours:g} hours cannot be; more than 0 and at most 1000.", hours=course.hours
        )
    if course.expires_on and course.expires_on < course.held_on:
        raise Invalid(
            "It would expire on {expires_on}, before it is held on {held_on}.",
            expires_on=course.expires_on,
            held_on=course.held_on,
        )


_ADD = """
INSERT INTO training (township_id, code, course, kind, held_on, hours, expires_on, place)
VALUES (:t, :code, :course, :kind, :held_on, :hours, :expires_on, :place)
"""

_PARTICULARS = """
SELECT code, course, held_on, hours, kind, expires_on, place FROM training
WHERE township_id = :t AND code = :code
"""

_ATTEND = """
INSERT INTO training_attendee (training_id, staff_id)
SELECT t.id, s.id FROM training t JOIN staff s ON s.township_id = :t AND s.code = ANY(:codes)
WHERE t.township_id = :t AND t.code = :code
ON CONFLICT DO NOTHING RETURNING 1
"""

_HOURS = """
WITH member AS (
    SELECT m.staff_id, array_agg(DISTINCT m.grid_code) AS grids,
           array_agg(DISTINCT m.role) AS roles
    FROM team_member m WHERE m.township_id = :t AND m.during @> CAST(:day AS date)
    GROUP BY m.staff_id
), learned AS (
    SELECT a.staff_id, t.*, t.kind = 'training'
               AND (t.expires_on IS NULL OR t.expires_on >= :day) AS counts,
           CAST(:since AS date) IS NULL OR t.held_on >= :since AS within
    FROM training_attendee a JOIN training t ON t.id = a.training_id
    WHERE t.township_id = :t AND t.held_on <= :day
)
SELECT s.code AS staff, s.name, member.grids, member.roles,
       coalesce(sum(l.hours) FILTER (WHERE l.within AND l.kind = 'training'), 0) AS training,
       coalesce(sum(l.hours) FILTER (WHERE l.within AND l.kind = 'study_tour'), 0) AS study_tour,
       coalesce(sum(l.hours) FILTER (WHERE l.within AND l.kind = 'meeting'), 0) AS meeting,
       coalesce(sum(l.hours) FILTER (WHERE l.within), 0) AS hours,
       coalesce(bool_or(l.counts), false) AS trained,
       CASE WHEN bool_or(l.counts AND l.expires_on IS NULL) THEN NULL
            ELSE max(l.expires_on) FILTER (WHERE l.counts) END AS expires_on
FROM member JOIN staff_named s ON s.id = member.staff_id
LEFT JOIN learned l ON l.staff_id = s.id
GROUP BY s.id, s.code, s.name, member.grids, member.roles
ORDER BY hours, s.code COLLATE "C"
"""
