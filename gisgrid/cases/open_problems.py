"""Problems that cannot be solved now: listed with a supervisor and days to look again."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.core.roles import ROLES


@dataclass(frozen=True)
class OpenProblemCard:
    """A problem of the list."""

    id: int
    code: str
    title: str
    community_id: int | None
    community: str | None
    community_en: str | None
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
) -> OpenProblemCard:
    """Enter a problem.

    Raises
    ------
    Invalid
        No title or supervisor, or a review before its beginning.
    Conflict
        The code is taken.
    """
    if not title.strip() or not supervisor.strip() or review_on < opened_on:
        raise Invalid("An old problem needs a title, a supervisor and a day to look again.")
    new = session.scalar(
        text(
            "INSERT INTO open_problem (township_id, code, title, community_id, case_id, supervisor, "
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
        raise Conflict("There is already a long-term problem {code!r}.", code=code)
    return _problem(session, int(new))


def review(
    session: Session, problem_id: int, *, on: date, by: str, finding: str, next_on: date | None
) -> OpenProblemCard:
    """Note a look at a problem, and the day of the next; without one it is solved.

    Raises
    ------
    NotFound, Conflict
        No such problem; it is solved already.
    Invalid
        Nothing found is noted, or the next look is not later.
    """
    # Two who look at the same time: the second is told if the first has solved it.
    session.execute(text("SELECT FROM open_problem WHERE id = :id FOR UPDATE"), {"id": problem_id})
    before = _problem(session, problem_id)
    if before.solved_on is not None:
        raise Conflict("The problem is solved already.")
    if not finding.strip() or (next_on is not None and next_on <= on) or on < before.opened_on:
        raise Invalid("A review says what was found, and the next is later.")
    values = {"id": problem_id, "on": on, "by": by, "finding": finding.strip(), "next": next_on}
    session.execute(
        text(
            "INSERT INTO problem_review (problem_id, reviewed_on, by, finding, next_on) "
            "VALUES (:id, :on, :by, :finding, :next)"
        ),
        values,
    )
    session.execute(
        text(
            "UPDATE open_problem SET review_on = CAST(:next AS date), "
            "solved_on = CASE WHEN CAST(:next AS date) IS NULL THEN CAST(:on AS date) END "
            "WHERE id = :id"
        ),
        values,
    )
    return _problem(session, problem_id)


def remind(session: Session, township_id: int, now: datetime) -> list[OpenProblemCard]:
    """Remind the supervisors and the township of every review that is due by now, each day of review once.

    A supervisor who comes to the post later is reminded at the next run. The problems told of now come
    back, the longest due first.
    """
    due = session.execute(text(_DUE), {"t": township_id, "now": now}).all()
    told = []
    for row in due:
        values = {
            "t": township_id,
            "id": row.id,
            "key": f"review:{row.id}:{row.review_on}",
            "now": now,
        }
        whom = supervisors(session, row.id, row.supervisor)
        new = session.execute(text(_REMIND), {**values, "accounts": whom}).all()
        if new:
            told.append(row.id)
    return [_problem(session, number) for number in told]


def supervisors(session: Session, problem_id: int, words: str) -> list[int]:
    """Row numbers of the accounts that a problem's supervisor, named in ``words``, stands for today.

    A log-in name, the name or staff code of a person, several of them, or a post of the problem's
    ground: its role in any language. Empty where nobody is called so.
    """
    said = {_plain(part) for part in re.split("[、,，;；/]", words)}
    roles = [name for name, r in ROLES.items() if said & {_plain(x) for x in (name, *r.words())}]
    rows = session.scalars(
        text("SELECT supervisors(:id, :roles) ORDER BY 1"), {"id": problem_id, "roles": roles}
    )
    return list(rows)


def problems(session: Session, township_id: int, *, solved: bool = False) -> list[OpenProblemCard]:
    """The problems that are open (or all), those to be looked at first."""
    rows = session.execute(
        text(
            f"{_PROBLEM} WHERE p.township_id = :t AND (:solved OR p.solved_on IS NULL) "
            "ORDER BY p.review_on NULLS LAST, p.id"
        ),
        {"t": township_id, "solved": solved},
    ).mappings()
    return [OpenProblemCard(**row) for row in rows]


def reviews_of(session: Session, problem_id: int) -> list[Review]:
    """The looks at a problem, the newest first."""
    rows = session.execute(
        text(
            "SELECT reviewed_on, by, finding, next_on FROM problem_review WHERE problem_id = :id "
            "ORDER BY reviewed_on DESC, id DESC"
        ),
        {"id": problem_id},
    )
    return [Review(*row) for row in rows]


def may_look(session: Session, problem: OpenProblemCard, township_id: int) -> bool:
    """Whether the transaction's account may note a look at it.

    It may if it keeps that part of the list, or was reminded as its supervisor. A solved one nobody may.
    """
    if problem.solved_on is not None:
        return False
    mine = {number for number, *_ in keeps(session, township_id)}
    return bool(mine & {None, problem.community_id}) or bool(
        session.scalar(
            text(
                "SELECT EXISTS (SELECT FROM notice n WHERE n.problem_id = :id "
                "AND n.account_id = my_account())"
            ),
            {"id": problem.id},
        )
    )


def keeps(session: Session, township_id: int) -> list[tuple[int | None, str, str | None]]:
    """The communities (number, name, English name) for which the transaction's account keeps the list, by code.

    First ``(None, "", None)`` where it keeps that of the whole township.
    """
    rows = session.execute(text(_KEEPS), {"t": township_id})
    return [(row.id, row.name, row.name_en) for row in rows]


def problem_of(session: Session, township_id: int, code: str) -> OpenProblemCard:
    """The problem of a code; NotFound if there is none."""
    number = session.scalar(
        text("SELECT id FROM open_problem WHERE township_id = :t AND code = :code"),
        {"t": township_id, "code": code},
    )
    if number is None:
        raise NotFound("There is no long-term problem {shown!r}.", shown=code[:40])
    return _problem(session, int(number))


def _plain(words: str) -> str:
    """As the store compares them."""
    return unicodedata.normalize("NFKC", words.strip()).lower()


def _problem(session: Session, problem_id: int) -> OpenProblemCard:
    row = (
        session.execute(text(f"{_PROBLEM} WHERE p.id = :id"), {"id": problem_id})
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise NotFound("There is no problem {problem_id}.", problem_id=problem_id)
    return OpenProblemCard(**row)


_DUE = """
SELECT p.id, p.review_on, p.supervisor FROM open_problem p JOIN township t ON t.area_id = p.township_id
WHERE p.township_id = :t
  AND p.review_on <= (CAST(:now AS timestamptz) AT TIME ZONE t.time_zone)::date
ORDER BY p.review_on, p.id
"""
_REMIND = """
INSERT INTO notice (township_id, kind, level, area_id, problem_id, account_id, key, at)
SELECT CAST(:t AS bigint), 'review', 'township', CAST(:t AS bigint), CAST(:id AS bigint),
       NULL::bigint, CAST(:key AS text), CAST(:now AS timestamptz)
UNION ALL
SELECT :t, 'review', 'supervisor', :t, :id, k, :key || ':' || k, :now
FROM unnest(CAST(:accounts AS bigint[])) AS k
ON CONFLICT (key) DO NOTHING RETURNING id
"""
_KEEPS = """
SELECT NULL::bigint AS id, '' AS name, NULL AS name_en
WHERE CAST(:t AS bigint) = ANY ((SELECT my_townships('handle_events'))::bigint[])
UNION ALL (
    SELECT a.id, a.name, a.name_en FROM area a
    WHERE a.parent_id = :t AND a.id = ANY ((SELECT my_communities('handle_events'))::bigint[])
    ORDER BY a.code COLLATE "C")
"""
_PROBLEM = """
SELECT p.id, p.code, p.title, p.community_id, a.name AS community, a.name_en AS community_en, p.case_id, p.supervisor,
       p.opened_on, p.review_on, p.solved_on,
       (SELECT count(*) FROM problem_review r WHERE r.problem_id = p.id) AS reviews
FROM open_problem p LEFT JOIN area a ON a.id = p.community_id
"""
