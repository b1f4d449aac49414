"""What the office orders and the owner of the store has to do: answers to people, and retention.

A page writes an order under its asker's rights. The worker does one at a time, as the owner, after asking whether
the asker has the right there and now, and again before anything stays; what it did and what its page is told are
written in one transaction.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, GisgridError, NotAllowed
from gisgrid.core.failures import failure_of
from gisgrid.core.heavy import Heavy
from gisgrid.core.messages import message, packed, say
from gisgrid.core.plans import TownshipInfo
from gisgrid.core.scope import refuse_strangers
from gisgrid.db import locks
from gisgrid.db.store import Actor, transaction
from gisgrid.people.privacy import backups

if TYPE_CHECKING:
    from gisgrid.jobs import office_tasks
    from gisgrid.people.privacy import subject_requests
else:
    # Loaded by the first order: they bring the search of addresses, and workbooks.
    office_tasks = Heavy("gisgrid.jobs.office_tasks")
    subject_requests = Heavy("gisgrid.people.privacy.subject_requests")

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""How often the worker looks for what was asked."""
ATTEMPTS = 3
"""What ended its worker so often is given up."""
SUBJECT = "subject"
TRIAL, RETENTION, BACKUP = "retention_try", "retention", "backup"
RIGHT = {
    SUBJECT: "answer_subjects",
    TRIAL: "administer",
    RETENTION: "administer",
    BACKUP: "administer",
}
"""The right that each kind takes, over the whole township; a backup takes it everywhere."""
ORIGIN = "worker"
"""Where an act of the worker comes from, in the audit."""


@dataclass(frozen=True)
class OfficeWork:
    """An order that was begun."""

    id: int
    township_id: int
    kind: str
    request_id: int | None
    account_id: int
    who: str
    attempts: int

    @property
    def actor(self) -> Actor:
        return Actor(self.account_id, "subject" if self.kind == SUBJECT else None, ORIGIN)


@dataclass(frozen=True)
class RetentionTrial:
    """What a dry run of retention found; ``result`` as `gisgrid.people.privacy.retention.numbers` has it."""

    id: int
    who: str
    ended_at: datetime
    result: dict[str, Any]

    @property
    def as_of(self) -> str:
        return str(self.result["as_of"])


@dataclass(frozen=True)
class RetentionOrder:
    """An order of a trial or a run, as it stands."""

    id: int
    kind: str
    state: str
    who: str
    failed: str | None

    @property
    def busy(self) -> bool:
        return self.state in ("waiting", "running")


@dataclass(frozen=True)
class BackupOrder:
    """An order of a backup, as it stands."""

    id: int
    state: str
    who: str
    asked_at: datetime
    ended_at: datetime | None
    failed: str | None

    @property
    def busy(self) -> bool:
        return self.state in ("waiting", "running")


def order_answer(
    session: Session, place: TownshipInfo, number: int, *, account_id: int, who: str
) -> int:
    """Agree to a request and have its answer put together; the number of the job. Refused as `agree` is."""
    subject_requests.agree(session, place, number, who=who)
    return order(session, place, SUBJECT, account_id=account_id, who=who, request_id=number)


def order(
    session: Session,
    place: TownshipInfo,
    kind: str,
    *,
    account_id: int,
    who: str,
    request_id: int | None = None,
) -> int:
    """Put an order down; its number. Conflict where the like of it waits or runs already."""
    refuse(session, place, kind)
    try:
        with session.begin_nested():
            number = session.scalar(
                text(_ORDER),
                {"t": place.id, "kind": kind, "request": request_id, "a": account_id, "who": who},
            )
    except IntegrityError as error:
        raise Conflict("This is being done already; wait for its end.") from error
    return int(number or 0)


def refuse(session: Session, place: TownshipInfo, kind: str) -> None:
    """Raise NotAllowed where whoever acts may not have this done: a backup is of all townships."""
    refuse_strangers(session, place, RIGHT[kind])
    if kind == BACKUP and not (
        session.scalar(text("SELECT owns_the_store()")) or backups.whole_store(session)
    ):
        raise NotAllowed("A backup holds all townships: who administers the whole store makes one.")


def backup_orders(session: Session, *, most: int = 5) -> list[BackupOrder]:
    """The last orders of a backup, newest first; none for who does not administer the whole store."""
    rows = session.execute(text(_BACKUPS), {"most": most}).mappings()
    return [BackupOrder(**row) for row in rows]


def order_retention(
    session: Session, place: TownshipInfo, *, account_id: int, who: str, trial: int
) -> int:
    """Have what is past its time deleted, after somebody read what a trial of today found; the number of the job.

    Parameters
    ----------
    trial
        The trial that was read.

    Raises
    ------
    NotAllowed
        Whoever acts does not administer the whole township.
    Conflict
        The trial is no finished one, not the newest, or of another day; or one is at work.
    """
    refuse_strangers(session, place, RIGHT[RETENTION])
    newest = newest_trial(session, place.id)
    today = session.scalar(text("SELECT today_in(:t)"), {"t": place.id})
    if newest is None or newest.id != trial or newest.as_of != str(today):
        raise Conflict("First try what would go today, and read it.")
    return order(session, place, RETENTION, account_id=account_id, who=who)


def newest_trial(session: Session, township_id: int) -> RetentionTrial | None:
    """The last trial that ended well, as far as whoever acts administers the township; None: there is none."""
    row = session.execute(text(_TRIAL), {"t": township_id}).one_or_none()
    return None if row is None else RetentionTrial(**row._mapping)


def newest_retention(session: Session, township_id: int) -> RetentionOrder | None:
    """The last order of a trial or a run, however it stands; None: there is none that whoever acts may see."""
    row = session.execute(text(_NEWEST), {"t": township_id}).one_or_none()
    return None if row is None else RetentionOrder(**row._mapping)


def once_more(
    session: Session, place: TownshipInfo, number: int, *, account_id: int | None, who: str
) -> int:
    """Order anew what failed or was cancelled; at the server, without an account, as who ordered it. Its number."""
    before = session.execute(
        text("SELECT kind, request_id, account_id, who FROM office_job WHERE id = :id"),
        {"id": number},
    ).one()
    by, named = (before.account_id, before.who) if account_id is None else (account_id, who)
    if before.kind == SUBJECT:
        return order_answer(session, place, before.request_id, account_id=by, who=named)
    return order(session, place, before.kind, account_id=by, who=named)


def watch(engine: Engine, stop: threading.Event) -> None:
    """Do what is ordered, and let answers go whose days are over, until stopped."""
    while not stop.wait(LOOK_S):
        try:
            do_asked(engine)
        except DBAPIError as exc:
            log.warning("the store does not answer (%s)", type(exc.orig).__name__)


def do_asked(engine: Engine) -> int:
    """Do the orders that wait; how many there were. Answers whose days are over go first."""
    with transaction(engine) as session:
        lapse(session)
        asked = session.scalars(text(_ASKED)).all()
    if not asked:
        return 0
    with locks.held(engine, "office_job") as alone:
        if alone:
            for number in asked:
                _one(engine, number)
    return len(asked) if alone else 0


def lapse(session: Session) -> int:
    """Delete answers that nobody handed over within their days; how many there were."""
    return len(session.scalars(text(_LAPSE)).all())


def _one(engine: Engine, number: int) -> None:
    with transaction(engine) as session:
        row = session.execute(text(_BEGUN), {"id": number}).one_or_none()
    if row is None:
        return
    work = OfficeWork(**row._mapping)
    try:
        if work.attempts > ATTEMPTS:
            raise GisgridError(_THRICE)
        office_tasks.DO[work.kind](engine, work)
    except GisgridError as exc:
        _fail(engine, work, exc)
    except Exception as exc:
        known = failure_of(exc)
        if known is None:
            # By its kind alone: its words may quote a row, and rows hold people.
            log.error("job %s of the office broke off: %s", number, type(exc).__name__)
        why = known.said if known else message(BROKE_OFF)
        _fail(engine, work, GisgridError("{why}", why=why))


def _fail(engine: Engine, work: OfficeWork, error: GisgridError) -> None:
    with transaction(engine) as session:
        values = {"id": work.id, "attempts": work.attempts, "why": packed(error.said)}
        # One that was stopped meanwhile has given its request back, which another may have taken up.
        if session.scalar(text(_FAILED), values) is not None:
            session.execute(text(_REQUEST_FAILED), {"id": work.request_id})


BROKE_OFF = say("It broke off; nothing was written.")
_THRICE = say(
    "It was broken off three times, each time with the worker that did it; nothing was written."
)

_ORDER = """
INSERT INTO office_job (township_id, kind, request_id, account_id, who)
VALUES (:t, :kind, :request, :a, :who) RETURNING id
"""

_TRIAL = """
SELECT id, who, ended_at, result FROM office_job
WHERE township_id = :t AND kind = 'retention_try' AND state = 'done' ORDER BY id DESC LIMIT 1
"""

_NEWEST = """
SELECT id, kind, state, who, failed FROM office_job
WHERE township_id = :t AND kind IN ('retention_try', 'retention') ORDER BY id DESC LIMIT 1
"""

_BACKUPS = """
SELECT id, state, who, asked_at, ended_at, failed FROM office_job
WHERE kind = 'backup' ORDER BY id DESC LIMIT :most
"""

_ASKED = "SELECT id FROM office_job WHERE state IN ('waiting', 'running') ORDER BY id"

_BEGUN = """
UPDATE office_job SET state = 'running', attempts = attempts + 1
WHERE id = :id AND state IN ('waiting', 'running')
RETURNING id, township_id, kind, request_id, account_id, who, attempts
"""

_FAILED = """
UPDATE office_job SET state = 'failed', ended_at = now(), failed = :why
WHERE id = :id AND state = 'running' AND attempts = :attempts RETURNING id
"""

_REQUEST_FAILED = "UPDATE subject_request SET state = 'failed' WHERE id = :id AND state = 'making'"

_LAPSE = """
UPDATE subject_request s SET state = 'lapsed', answer = NULL
WHERE s.state = 'ready' AND s.gone_on <= today_in(s.township_id) RETURNING s.id
"""
