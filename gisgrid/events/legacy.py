"""Problems that cannot be solved now: a ledger with a supervisor and days to look again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.errors import Conflict, Invalid, NotFound


@dataclass(frozen=True)
class Problem:
    """A problem of the ledger."""

    id: int
    code: str
    title: str
    community_id: int | None
    community: str | None
    """Its name."""
    case_id: int | None
    supervisor: str
    opened_on: date
    review_on: date | None
    """None: solved."""
    solved_on: date | None
    reviews: int


@dataclass(frozen=True)
class Review:
    """A look at a problem."""

    reviewed_on: date
    by: str
    finding: str
    next_on: date | None
    """None: it was solved."""


def add_problem(
    session: Session,
    township_id: int,
    *,
    code: str,
    title: str,
    supervisor: str,
    opened_on: date,
    review_on: date,
    case_id: int | None = None,
    community_id: int | None = None,
) -> Problem:
    """Enter a problem.

    Raises
    ------
    Invalid
        No title or supervisor, or a review before its beginning.
    Conflict
        The code is taken.
    """
    if not title.strip() or not supervisor.strip() or review_on < opened_on:
        raise Invalid(
            "An old problem needs a title, a supervisor and a day to look again.",
            zh="遗留问题须有标题、督办人和复查日期。",
        )
    new = session.scalar(
        text(
            "INSERT INTO legacy_problem (township_id, code, title, community_id, case_id, supervisor, "
            "opened_on, review_on) VALUES (:t, :code, :title, :community, :case, :supervisor, "
            ":opened, :review) ON CONFLICT (township_id, code) DO NOTHING RETURNING id"
        ),
        {
            "t": township_id, "code": code, "title": title.strip(), "community": community_id,
            "case": case_id, "supervisor": supervisor.strip(), "opened": opened_on,
            "review": review_on,
        },
    )  # fmt: skip
    if new is None:
        raise Conflict(f"The ledger has a problem {code!r}.", zh=f"台账中已有“{code}”。")
    return _problem(session, int(new))


def review(
    session: Session, problem_id: int, *, on: date, by: str, finding: str, next_on: date | None
) -> Problem:
    """Note a look at a problem, and the day of the next; without one it is solved.

    Raises
    ------
    NotFound, Conflict
        No such problem; it is solved already.
    Invalid
        Nothing found is noted, or the next look is not later.
    """
    # Two who look at the same time: the second is told if the first has solved it.
    session.execute(
        text("SELECT FROM legacy_problem WHERE id = :id FOR UPDATE"), {"id": problem_id}
    )
    before = _problem(session, problem_id)
    if before.solved_on is not None:
        raise Conflict("The problem is solved already.", zh="该问题已销号。")
    if not finding.strip() or (next_on is not None and next_on <= on) or on < before.opened_on:
        raise Invalid(
            "A review says what was found, and the next is later.",
            zh="复查须填写情况，且下次复查日期须更晚。",
        )
    values = {"id": problem_id, "on": on, "by": by, "finding": finding.strip(), "next": next_on}
    session.execute(
        text(
            "INSERT INTO legacy_review (problem_id, reviewed_on, by, finding, next_on) "
            "VALUES (:id, :on, :by, :finding, :next)"
        ),
        values,
    )
    session.execute(
        text(
            "UPDATE legacy_problem SET review_on = CAST(:next AS date), "
            "solved_on = CASE WHEN CAST(:next AS date) IS NULL THEN CAST(:on AS date) END "
            "WHERE id = :id"
        ),
        values,
    )
    return _problem(session, problem_id)


def remind(session: Session, township_id: int, now: datetime) -> list[Problem]:
    """Tell the township of every review that is due by now, each day of review once.

    The problems told of now come back, the longest due first.
    """
    rows = session.scalars(
        text(
            """
            WITH due AS (
                SELECT p.id, p.review_on FROM legacy_problem p
                JOIN township t ON t.area_id = p.township_id
                WHERE p.township_id = :t
                  AND p.review_on <= (CAST(:now AS timestamptz) AT TIME ZONE t.time_zone)::date
            )
            INSERT INTO notice (township_id, kind, level, area_id, problem_id, key, at)
            SELECT :t, 'review', 'township', :t, id, 'review:' || id || ':' || review_on, :now
            FROM due ORDER BY review_on, id
            ON CONFLICT (key) DO NOTHING RETURNING problem_id
            """
        ),
        {"t": township_id, "now": now},
    ).all()
    return [_problem(session, i) for i in rows]


def ledger(session: Session, township_id: int, *, solved: bool = False) -> list[Problem]:
    """The problems that are open (or all), those to be looked at first."""
    rows = session.execute(
        text(
            f"{_PROBLEM} WHERE p.township_id = :t AND (:solved OR p.solved_on IS NULL) "
            "ORDER BY p.review_on NULLS LAST, p.id"
        ),
        {"t": township_id, "solved": solved},
    ).mappings()
    return [Problem(**row) for row in rows]


def reviews_of(session: Session, problem_id: int) -> list[Review]:
    """The looks at a problem, the newest first."""
    rows = session.execute(
        text(
            "SELECT reviewed_on, by, finding, next_on FROM legacy_review WHERE problem_id = :id "
            "ORDER BY reviewed_on DESC, id DESC"
        ),
        {"id": problem_id},
    )
    return [Review(*row) for row in rows]


def keeps(session: Session, township_id: int) -> list[tuple[int | None, str]]:
    """The communities (number, name) for which the transaction's account keeps the ledger, by code.

    First ``(None, "")`` where it keeps that of the whole township.
    """
    rows = session.execute(text(_KEEPS), {"t": township_id})
    return [(row.id, row.name) for row in rows]


def problem_of(session: Session, township_id: int, code: str) -> Problem:
    """The problem of a code; NotFound if there is none."""
    number = session.scalar(
        text("SELECT id FROM legacy_problem WHERE township_id = :t AND code = :code"),
        {"t": township_id, "code": code},
    )
    if number is None:
        raise NotFound(f"The ledger has no problem {code[:40]!r}.", zh="台账中没有该问题。")
    return _problem(session, int(number))


def _problem(session: Session, problem_id: int) -> Problem:
    row = (
        session.execute(text(f"{_PROBLEM} WHERE p.id = :id"), {"id": problem_id})
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise NotFound(f"There is no problem {problem_id}.", zh="台账中没有该问题。")
    return Problem(**row)


_KEEPS = """
SELECT NULL::bigint AS id, '' AS name
WHERE CAST(:t AS bigint) = ANY ((SELECT my_townships('handle_events'))::bigint[])
UNION ALL (
    SELECT a.id, a.name FROM area a
    WHERE a.parent_id = :t AND a.id = ANY ((SELECT my_communities('handle_events'))::bigint[])
    ORDER BY a.code COLLATE "C")
"""
_PROBLEM = """
SELECT p.id, p.code, p.title, p.community_id, a.name AS community, p.case_id, p.supervisor,
       p.opened_on, p.review_on, p.solved_on,
       (SELECT count(*) FROM legacy_review r WHERE r.problem_id = p.id) AS reviews
FROM legacy_problem p LEFT JOIN area a ON a.id = p.community_id
"""
