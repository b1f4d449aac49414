"""How does a version of the list of matters begin and end? A draft of the one in force, put in force from a day.

A draft is a list without days: no question about a day finds it. Publishing gives it days and ends the version
before; what a case began under is the row of its own version, which then never changes.
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases import matters
from gisgrid.cases.matter_drafts import draft_of, hold_lists, the_draft
from gisgrid.cases.matter_log import add_to_log
from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.core.plans import township_by_id
from gisgrid.people.privacy.audit import note
from gisgrid.planning.snapshot.fetch import today


def begin(session: Session, township_id: int, version: str) -> int:
    """Make a draft of the version in force, else of the newest; an empty one where no list is. Its row number.

    Raises
    ------
    Invalid
        The version has no name.
    Conflict
        There is a draft, or a version of the name.
    """
    version = version.strip()
    if not version or len(version) > _LONGEST_NAME:
        raise Invalid("Give the version a name of at most {most} characters.", most=_LONGEST_NAME)
    hold_lists(session, township_id)
    if (there := draft_of(session, township_id)) is not None:
        raise Conflict(
            "There is a draft already, {version}: edit that, or discard it.", version=there.version
        )
    if any(v == version for v, _, _ in matters.versions(session, township_id)):
        raise Conflict("There is a version {version!r}: choose another name.", version=version)
    now = today(township_by_id(session, township_id))
    base = matters.version_on(session, township_id, now)
    session.execute(
        text("INSERT INTO matter_list (township_id, version) VALUES (:t, :v)"),
        {"t": township_id, "v": version},
    )
    made = the_draft(session, township_id).id
    if base is not None:
        values = {"list": made, "base": _list_id(session, township_id, base), "day": now}
        for statement in _COPIES:
            session.execute(text(statement), values)
    add_to_log(session, made, None, "begun", was=base, became=version)
    note(session, "draft", "matter_list", made)
    return made


def first_day(session: Session, township_id: int) -> date:
    """The earliest day from which a draft can be published: tomorrow, or today where no list is in force."""
    now = today(township_by_id(session, township_id))
    return now + timedelta(days=1) if _in_force(session, township_id, now) else now


def publish(session: Session, township_id: int, since: date) -> str:
    """Put the draft in force from a day on, without end; the version before ends there. Its name.

    A temporary item that was added to the version before and runs on that day goes along.

    Raises
    ------
    NotFound
        No draft.
    Invalid
        The day is not to come, or lies more than two years ahead; the draft has no minor item.
    Conflict
        A version begins on that day or later.
    """
    draft = the_draft(session, township_id)
    earliest = first_day(session, township_id)
    if since < earliest:
        raise Invalid(
            "A list is never published backwards: {since} is too early, {earliest} is the first day that can be.",
            since=since,
            earliest=earliest,
        )
    if since > earliest + timedelta(days=_FARTHEST_DAYS):
        raise Invalid(
            "{since} lies more than two years ahead: check the year of the day.", since=since
        )
    if not matters.book_of(session, draft.id):
        raise Invalid("The draft has no minor item: nothing could be reported under it.")
    later = [(v, a) for v, a, _ in matters.versions(session, township_id) if a and a >= since]
    if later:
        raise Conflict(
            "Version {version} begins on {day}, so the two would overlap: choose a later day, or take that version "
            "back first.",
            version=later[0][0],
            day=later[0][1],
        )
    before = _in_force(session, township_id, since)
    if before is not None:
        values = {"list": draft.id, "base": before, "day": since}
        for statement in _CARRIES:
            session.execute(text(statement), values)
        session.execute(
            text("UPDATE matter_list SET validity = daterange(lower(validity), :since) WHERE id = :id"),
            {"since": since, "id": before},
        )  # fmt: skip
    session.execute(
        text("UPDATE matter_list SET validity = daterange(:since, NULL) WHERE id = :id"),
        {"since": since, "id": draft.id},
    )
    add_to_log(session, draft.id, None, "published", became=since.isoformat())
    note(session, "publish", "matter_list", draft.id)
    return draft.version


def take_back(session: Session, township_id: int, version: str) -> None:
    """Make a published version a draft again whose first day has not come; the version before goes on.

    Raises
    ------
    NotFound
        No such version.
    Conflict
        It has begun, or there is a draft.
    """
    hold_lists(session, township_id)
    known = {v: (a, b) for v, a, b in matters.versions(session, township_id)}
    if version not in known:
        raise NotFound(
            "There is no list of matters {version}; known: {known}.",
            version=version,
            known=list(known),
        )
    since, until = known[version]
    if since is None or since <= today(township_by_id(session, township_id)):
        raise Conflict(
            "Version {version} has begun: events stand under it. Publish another.", version=version
        )
    if (there := draft_of(session, township_id)) is not None:
        raise Conflict(
            "There is a draft already, {version}: edit that, or discard it.", version=there.version
        )
    number = _list_id(session, township_id, version)
    session.execute(text("UPDATE matter_list SET validity = NULL WHERE id = :id"), {"id": number})
    session.execute(
        text(
            "UPDATE matter_list SET validity = daterange(lower(validity), :until) "
            "WHERE township_id = :t AND upper(validity) = :since"
        ),
        {"t": township_id, "since": since, "until": until},
    )
    add_to_log(session, number, None, "taken_back", was=since.isoformat())
    note(session, "take_back", "matter_list", number)


def discard(session: Session, township_id: int) -> str:
    """Throw the draft away; the name it had. NotFound: there is none."""
    draft = the_draft(session, township_id)
    note(session, "discard", "matter_list", draft.id)
    session.execute(
        text("UPDATE matter SET parent_id = NULL WHERE list_id = :list"), {"list": draft.id}
    )
    session.execute(text("DELETE FROM matter WHERE list_id = :list"), {"list": draft.id})
    session.execute(text("DELETE FROM matter_list WHERE id = :list"), {"list": draft.id})
    return draft.version


def _in_force(session: Session, township_id: int, day: date) -> int | None:
    found: int | None = session.scalar(
        text(
            "SELECT id FROM matter_list WHERE township_id = :t AND validity @> CAST(:day AS date)"
        ),
        {"t": township_id, "day": day},
    )
    return found


def _list_id(session: Session, township_id: int, version: str) -> int:
    return int(
        session.execute(
            text("SELECT id FROM matter_list WHERE township_id = :t AND version = :v"),
            {"t": township_id, "v": version},
        ).scalar_one()
    )


_LONGEST_NAME = 40
_FARTHEST_DAYS = 731
_FIELDS = (
    "code, name, name_en, office, time_limit, limit_unit, closing_rule, filing_rule, decider, acts, informs, "
    "limits, asks_photo, duplicate_m, duplicate_h, skills, note, consent, during"
)
_OF = ", ".join(f"m.{name.strip()}" for name in _FIELDS.split(","))
_COPY = f"""
INSERT INTO matter (list_id, parent_id, {_FIELDS}) SELECT :list, n.id, {_OF}
FROM matter m LEFT JOIN matter p ON p.id = m.parent_id
LEFT JOIN matter n ON n.list_id = :list AND n.code = p.code
WHERE m.list_id = :base AND (m.during IS NULL OR upper(m.during) > :day)
"""  # noqa: S608 - put together from parts that stand here
# From the top down: a copy needs the number of its new group.
_COPIES = (
    f"{_COPY} AND m.parent_id IS NULL ORDER BY m.id",
    f"{_COPY} AND p.id IS NOT NULL AND p.parent_id IS NULL ORDER BY m.id",
    f"{_COPY} AND p.parent_id IS NOT NULL ORDER BY m.id",
)
_CARRY = f"""
INSERT INTO matter (list_id, parent_id, {_FIELDS}) SELECT :list, n.id, {_OF}
FROM matter m JOIN matter p ON p.id = m.parent_id
JOIN matter n ON n.list_id = :list AND n.code = p.code
WHERE m.list_id = :base AND upper(m.during) > :day AND NOT EXISTS (
    SELECT FROM matter_change w WHERE w.list_id = :list AND w.code = m.code AND w.what = 'withdrawn')
"""  # noqa: S608 - put together from parts that stand here
_CARRIES = (
    f"{_CARRY} AND p.id IS NOT NULL AND p.parent_id IS NULL ORDER BY m.id ON CONFLICT (list_id, code) DO NOTHING",
    f"{_CARRY} AND p.parent_id IS NOT NULL ORDER BY m.id ON CONFLICT (list_id, code) DO NOTHING",
)
