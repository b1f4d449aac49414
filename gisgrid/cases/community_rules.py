"""What does a community add to an item of the township's list? Its own rules: written, agreed to, shown, ended.

A community may say more of what is on the list, and puts nothing on it: grid workers are given no task that is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, Invalid, NotAllowed, NotFound
from gisgrid.core.plans import township_by_id
from gisgrid.people.privacy.audit import note
from gisgrid.planning.snapshot.fetch import today

LONGEST = 1000
"""Characters of a rule, and of the reason of a refusal."""


@dataclass(frozen=True)
class CommunityRule:
    """A community's rule to an item."""

    id: int
    community_id: int
    community: str
    community_en: str | None
    code: str
    matter: str | None
    """Name of the item on the list in force; None: it is on it no more."""
    matter_en: str | None
    text: str
    since: date | None
    """None with ``until``: it was ended before it began."""
    until: date | None
    """Last day; None with ``since``: without end."""
    state: str
    written_by: str
    written_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    holds: bool
    """It is agreed to, and today is one of its days."""


def add_rule(
    session: Session,
    township_id: int,
    *,
    community: str,
    code: str,
    words: str,
    since: date,
    until: date | None = None,
) -> int:
    """Write a community's rule to an item, which waits until the township agrees; its row number.

    Parameters
    ----------
    community
        Its code.
    until
        Its last day; None: until it is ended.

    Raises
    ------
    Invalid
        No words, too many, or days of which there is none.
    NotFound
        No such community in the township; or no such minor item on the list of ``since``.
    Conflict
        The community has the same words for the item already.
    """
    words = words.strip()
    if not words or len(words) > LONGEST:
        raise Invalid("Write the rule in at most {most} characters.", most=LONGEST)
    if until is not None and until < since:
        raise Invalid("From {since} to {until} there is no day.", since=since, until=until)
    if until is not None and until < today(township_by_id(session, township_id)):
        raise Invalid("The last day of the rule, {until}, is over.", until=until)
    home = session.scalar(
        text("SELECT id FROM area WHERE parent_id = :t AND code = :c AND level = 'community'"),
        {"t": township_id, "c": community},
    )
    if home is None:
        raise NotFound("There is no community {community!r} here.", community=community)
    listed = session.scalar(text(_LISTED), {"t": township_id, "code": code, "day": since})
    if not listed:
        raise NotFound(
            "The list of {since} has no minor item {code!r}: a community adds to what is on the list, and puts "
            "nothing on it.",
            since=since,
            code=code,
        )
    values = {
        "t": township_id, "home": home, "code": code, "words": words, "since": since, "until": until,
    }  # fmt: skip
    if session.scalar(text(_SAME), values):
        raise Conflict("The community has this rule for {code} already.", code=code)
    made = int(session.execute(text(_ADD), values).scalar_one())
    note(session, "write", "matter_supplement", made)
    return made


def decide_rule(
    session: Session, township_id: int, number: int, *, agree: bool, reason: str = ""
) -> None:
    """Agree to a community's rule, or refuse it with a reason.

    Raises
    ------
    NotFound
        There is no such rule here.
    Conflict
        It has been decided, or ended.
    Invalid
        It is refused without a reason.
    NotAllowed
        The asker wrote it.
    """
    reason = reason.strip()
    if not agree and not reason:
        raise Invalid("Say why the rule is refused: its community reads it.")
    if len(reason) > LONGEST:
        raise Invalid("Write the reason in at most {most} characters.", most=LONGEST)
    state = _held(session, township_id, number)
    if state != "waiting":
        raise Conflict("This rule has been decided or ended meanwhile.")
    if session.scalar(text(_OWN), {"id": number}):
        raise NotAllowed(
            "Who wrote a rule does not decide on it: let somebody else of the township do so."
        )
    session.execute(
        text(
            "UPDATE matter_supplement SET state = :state, decided_by = my_name(), decided_at = now(), "
            "reason = nullif(:reason, '') WHERE id = :id"
        ),
        {"state": "agreed" if agree else "refused", "reason": reason, "id": number},
    )
    note(session, "agree" if agree else "refuse", "matter_supplement", number)


def end_rule(session: Session, township_id: int, number: int) -> None:
    """Take a rule back that waits, or end one that is agreed to: today is no day of it any more.

    Raises
    ------
    NotFound
        There is no such rule here.
    Conflict
        It was refused, or has ended.
    """
    state = _held(session, township_id, number)
    if state not in ("waiting", "agreed"):
        raise Conflict("This rule has been decided or ended meanwhile.")
    session.execute(
        text(
            "UPDATE matter_supplement SET state = 'ended', during = daterange(lower(during), "
            "greatest(lower(during), least(coalesce(upper(during), 'infinity'), CAST(:today AS date)))) WHERE id = :id"
        ),
        {"id": number, "today": today(township_by_id(session, township_id))},
    )
    note(session, "end", "matter_supplement", number)


def rules_of(session: Session, township_id: int) -> list[CommunityRule]:
    """The rules of a township's communities that the asker may see: those that wait first, then by item."""
    return _rows(session, _EVERY, t=township_id)


def waiting(session: Session, township_id: int) -> list[CommunityRule]:
    """The rules that wait until the township agrees, oldest first."""
    return _rows(session, _WAITING, t=township_id)


def of_book(
    session: Session, township_id: int, day: date, community: str | None = None
) -> dict[str, list[CommunityRule]]:
    """By code of an item, what communities add to it on a day; of one community where its code is given."""
    found = _rows(session, _IN_THE_BOOK, t=township_id, day=day, c=community)
    by_code: dict[str, list[CommunityRule]] = {}
    for each in found:
        by_code.setdefault(each.code, []).append(each)
    return by_code


def of_case(session: Session, case_id: int) -> list[CommunityRule]:
    """What the community in which a case lies adds to its item, as of the day it was reported."""
    row = session.execute(text(_OF_CASE), {"case": case_id}).one_or_none()
    if row is None or row.community is None:
        return []
    return of_book(session, row.township_id, row.day, row.community).get(row.code, [])


def _held(session: Session, township_id: int, number: int) -> str:
    state: str | None = session.scalar(
        text(
            "SELECT state FROM matter_supplement WHERE id = :id AND township_id = :t FOR NO KEY UPDATE"
        ),
        {"id": number, "t": township_id},
    )
    if state is None:
        # What is locked is seen by the policies of a change: one that was decided is seen by reading alone.
        state = session.scalar(
            text("SELECT state FROM matter_supplement WHERE id = :id AND township_id = :t"),
            {"id": number, "t": township_id},
        )
    if state is None:
        raise NotFound("There is no such rule here.")
    return state


def _rows(session: Session, statement: str, **values: object) -> list[CommunityRule]:
    rows = session.execute(text(statement), values).mappings()
    return [CommunityRule(**row) for row in rows]


_ROWS = """
SELECT s.id, s.community_id, a.name AS community, a.name_en AS community_en, s.code, m.name AS matter,
       m.name_en AS matter_en, s.text, lower(s.during) AS since, upper(s.during) - 1 AS until, s.state,
       s.written_by, s.written_at, s.decided_by, s.decided_at, s.reason,
       s.state = 'agreed' AND s.during @> today_in(s.township_id) AS holds
FROM matter_supplement s JOIN area a ON a.id = s.community_id
LEFT JOIN LATERAL (
    SELECT m.name, m.name_en FROM matter m JOIN matter_list l ON l.id = m.list_id
    WHERE l.township_id = s.township_id AND l.validity @> today_in(s.township_id) AND m.code = s.code
) m ON true
"""
_EVERY = f"""{_ROWS}
WHERE s.township_id = :t ORDER BY s.state <> 'waiting', s.code COLLATE "C", a.code COLLATE "C", s.id"""
_WAITING = f"{_ROWS} WHERE s.township_id = :t AND s.state = 'waiting' ORDER BY s.id"
_IN_THE_BOOK = f"""{_ROWS}
WHERE s.township_id = :t AND s.decided_at IS NOT NULL AND s.state <> 'refused'
  AND s.during @> CAST(:day AS date) AND (CAST(:c AS text) IS NULL OR a.code = :c)
ORDER BY a.code COLLATE "C", s.id"""
_LISTED = """
SELECT EXISTS (
    SELECT FROM matter m JOIN matter_list l ON l.id = m.list_id
    WHERE l.township_id = :t AND l.validity @> CAST(:day AS date) AND m.code = :code AND m.parent_id IS NOT NULL
      AND (m.during IS NULL OR m.during @> CAST(:day AS date))
      AND NOT EXISTS (SELECT FROM matter c WHERE c.parent_id = m.id))
"""
_OWN = """
SELECT EXISTS (SELECT FROM matter_supplement
               WHERE id = :id AND my_account() IS NOT NULL AND written_by = my_name())
"""
_SAME = """
SELECT EXISTS (
    SELECT FROM matter_supplement s WHERE s.community_id = :home AND s.code = :code AND s.text = :words
      AND s.state IN ('waiting', 'agreed') AND s.during && daterange(:since, :until, '[]'))
"""
_ADD = """
INSERT INTO matter_supplement (township_id, community_id, code, text, during, written_by)
VALUES (:t, :home, :code, :words, daterange(:since, :until, '[]'), my_name()) RETURNING id
"""
_OF_CASE = """
SELECT c.township_id, m.code, o.code AS community, (e.reported_at AT TIME ZONE t.time_zone)::date AS day
FROM event_case c JOIN event e ON e.id = c.event_id JOIN matter m ON m.id = e.matter_id
JOIN township t ON t.area_id = c.township_id
LEFT JOIN plan_in_force p ON p.township_id = c.township_id
LEFT JOIN event_grid w ON w.plan_id = p.id AND w.event_id = e.id
LEFT JOIN grid g ON g.id = w.grid_id
LEFT JOIN area o ON o.id = coalesce(g.community_id, e.community_id)
WHERE c.id = :case
"""
