"""Somebody asks what is held on them: the request noted, decided, answered in time, and the answer taken away.

What is held is put together by the worker (`gisgrid.jobs.office_jobs`), since it takes the owner of the store.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.core.plans import TownshipInfo
from gisgrid.core.scope import refuse_strangers
from gisgrid.db.listing import AS_IT_STANDS, Listing, portion
from gisgrid.people.privacy import audit
from gisgrid.people.privacy.subject_access import house_meant, plain_name, the_one

ANSWER_DAYS = 30
"""Until an answer is due, as GB/T 35273-2020 8.7 has it."""
MOST_WORDS = 400
"""Characters of a reason."""
OPEN_STATES = ("asked", "making", "ready", "lapsed", "failed")
ENDED_STATES = ("answered", "refused")
DECIDABLE = ("asked", "lapsed", "failed")
"""Of which the office says whether it is put together; a lapsed one once more."""


@dataclass(frozen=True)
class AccessRequest:
    """One request as it stands."""

    id: int
    name: str | None
    """Masked; None: the record is gone."""
    house_id: int | None
    address: str | None
    asked_at: datetime
    noted_by: str
    due_on: date
    state: str
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    sha256: str | None
    made_at: datetime | None
    gone_on: date | None
    answered_by: str | None
    answered_at: datetime | None
    failed: str | None

    @property
    def decidable(self) -> bool:
        return self.state in DECIDABLE

    def late(self, day: date) -> bool:
        """Whether its answer is overdue."""
        return self.state in OPEN_STATES and self.due_on < day


COLUMNS = tuple(field.name for field in fields(AccessRequest))
TEXTS = ("name", "address", "noted_by", "decided_by", "reason", "answered_by")


def ask(
    session: Session,
    place: TownshipInfo,
    address: str,
    name: str,
    *,
    who: str,
    day: date,
    born: date | None = None,
) -> int:
    """Note that the resident of a name at an address asks; the number of the request.

    The transaction must declare a purpose; whom it found stands on the audit.

    Raises
    ------
    NotAllowed
        Whoever acts does not answer people in the whole township.
    AmbiguousAddress, Invalid, NotFound
        As in `subject_access.subject`; Invalid also without a name.
    Conflict
        A request of this person is open already.
    """
    refuse_strangers(session, place, "answer_subjects")
    if not plain_name(name):
        raise Invalid("Write the name of whoever asks.")
    found = session.scalars(
        text("SELECT residents_named(:house, :name, :born)"),
        {"house": house_meant(session, place, address), "name": plain_name(name), "born": born},
    ).all()
    number = session.scalar(
        text(
            "INSERT INTO subject_request (township_id, resident_id, noted_by, due_on) "
            "VALUES (:t, :r, :who, :due) ON CONFLICT (resident_id) "
            "WHERE state NOT IN ('answered', 'refused') DO NOTHING RETURNING id"
        ),
        {"t": place.id, "r": the_one(found), "who": who, "due": day + timedelta(days=ANSWER_DAYS)},
    )
    if number is None:
        raise Conflict("A request of this person is open already.")
    audit.note(session, "ask", "subject_request", number)
    return int(number)


def agree(session: Session, place: TownshipInfo, number: int, *, who: str) -> None:
    """Have the answer put together; called by who orders it of the worker.

    Raises
    ------
    NotAllowed
        Whoever acts does not answer people in the whole township.
    NotFound
        There is no such request.
    Conflict
        It is past that.
    """
    _decide(session, place, number, state="making", who=who, reason=None)
    audit.note(session, "agree", "subject_request", number)


def refuse(session: Session, place: TownshipInfo, number: int, reason: str, *, who: str) -> None:
    """Refuse a request with a reason; otherwise as `agree`. Invalid without a reason."""
    words = reason.strip()[:MOST_WORDS]
    if not words:
        raise Invalid("A refusal needs a reason.")
    _decide(session, place, number, state="refused", who=who, reason=words)
    audit.note(session, "refuse", "subject_request", number)


def take(session: Session, place: TownshipInfo, number: int) -> bytes:
    """The workbook of an answer; the audit says who took it. The transaction must declare a purpose.

    Raises
    ------
    NotAllowed
        Whoever acts does not answer people in the whole township, or may not take files away there.
    NotFound
        There is no answer, or not any more.
    """
    refuse_strangers(session, place, "answer_subjects")
    refuse_strangers(session, place, "export")
    answer = session.scalar(text("SELECT take_answer(:id, :t)"), {"id": number, "t": place.id})
    if answer is None:
        raise NotFound(
            "There is no answer to request {number} here, or not any more.", number=number
        )
    return bytes(answer)


def answered(session: Session, place: TownshipInfo, number: int, *, who: str) -> None:
    """Note that the answer was handed over; what was put together is deleted.

    Raises
    ------
    NotAllowed
        Whoever acts does not answer people in the whole township.
    NotFound
        There is no such request.
    Conflict
        No answer is ready.
    """
    refuse_strangers(session, place, "answer_subjects")
    done = session.scalar(
        text(
            "UPDATE subject_request SET state = 'answered', answer = NULL, answered_by = :who, "
            "answered_at = now() WHERE id = :id AND township_id = :t AND state = 'ready' RETURNING id"
        ),
        {"id": number, "t": place.id, "who": who},
    )
    if done is None:
        _past(session, place, number)
    audit.note(session, "answer", "subject_request", number)


def requests(
    session: Session,
    township_id: int,
    *,
    ended: bool = False,
    most: int = 500,
    skip: int = 0,
    listing: Listing = AS_IT_STANDS,
) -> list[AccessRequest]:
    """The open requests of a township, due first; or those that ended, newest first."""
    states = list(ENDED_STATES if ended else OPEN_STATES)
    rows = portion(
        session, _REQUESTS, {"t": township_id, "ended": ended, "states": states}, listing,
        columns=COLUMNS, texts=TEXTS, limit=most, skip=skip,
    )  # fmt: skip
    return [AccessRequest(**{name: row[name] for name in COLUMNS}) for row in rows]


def _decide(
    session: Session, place: TownshipInfo, number: int, *, state: str, who: str, reason: str | None
) -> None:
    refuse_strangers(session, place, "answer_subjects")
    done = session.scalar(
        text(
            "UPDATE subject_request SET state = :state, decided_by = :who, decided_at = now(), "
            "reason = :reason WHERE id = :id AND township_id = :t AND state = ANY (:from_states) "
            "RETURNING id"
        ),
        {
            "state": state, "who": who, "reason": reason, "id": number, "t": place.id,
            "from_states": list(DECIDABLE),
        },
    )  # fmt: skip
    if done is None:
        _past(session, place, number)


def _past(session: Session, place: TownshipInfo, number: int) -> None:
    """Why nothing was done to a request."""
    state = session.scalar(
        text("SELECT state FROM subject_request WHERE id = :id AND township_id = :t"),
        {"id": number, "t": place.id},
    )
    if state is None:
        raise NotFound("There is no request {number}.", number=number)
    raise Conflict("Request {number} stands elsewhere meanwhile; look at it again.", number=number)


# Why the last work on it came to nothing.
_REQUESTS = """
SELECT s.id, r.name, h.id AS house_id, h.address, s.asked_at, s.noted_by, s.due_on, s.state, s.decided_by,
       s.decided_at, s.reason, s.sha256, s.made_at, s.gone_on, s.answered_by, s.answered_at, j.failed
FROM subject_request s
LEFT JOIN masked_resident r ON r.id = s.resident_id
LEFT JOIN household f ON f.id = r.household_id
LEFT JOIN house h ON h.id = f.house_id
LEFT JOIN LATERAL (
    SELECT o.failed FROM office_job o WHERE o.request_id = s.id ORDER BY o.id DESC LIMIT 1
) j ON s.state = 'failed'
WHERE s.township_id = :t AND s.state = ANY (:states)
ORDER BY CASE WHEN :ended THEN s.answered_at END DESC NULLS LAST, CASE WHEN :ended THEN s.id END DESC,
         s.due_on, s.id
LIMIT :limit OFFSET :skip
"""
