"""What was ordered of the worker, by any page; stopped, and done again; and whether the worker is awake.

Each kind of work has a table of its own, a road; here they stand in one list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, Invalid, NotAllowed, NotFound
from gisgrid.core.plans import TownshipInfo, plan_by_id
from gisgrid.db.listing import AS_IT_STANDS, Listing, portion
from gisgrid.jobs import balancing, drills, office_jobs, quick, studies
from gisgrid.jobs.names import REBALANCE
from gisgrid.loading import file_imports
from gisgrid.people.privacy import audit
from gisgrid.planning.balancing.options import BalanceOptions

Road = Literal["plan", "attach", "study", "file", "drill", "office"]
ROADS: tuple[Road, ...] = ("plan", "attach", "study", "file", "drill", "office")
STATES = ("waiting", "running", "done", "failed", "cancelled")
BUSY = ("waiting", "running")
AWAKE = timedelta(seconds=90)
"""Who was not heard of for so long is not awake: a beat comes each five seconds, upkeep each minute."""
EVERY = timedelta(minutes=1)
"""How often the worker does what it does by the clock."""


@dataclass(frozen=True)
class OrderedJob:
    """One piece of work as the list tells it."""

    road: Road
    key: str
    """Its number on its road; of a study, plan, kind and day."""
    kind: str
    about: str | None
    """Name of the plan or file, number of the backup or request; None: not for who asks."""
    about_id: int | None
    who: str | None
    """None: nobody asked, the service does it by itself."""
    asked_at: datetime | None
    ended_at: datetime | None
    state: str
    done: int
    total: int | None
    doing: str
    failed: str | None
    may: bool
    """Whoever acts may stop it."""
    again: bool
    """Whoever acts may have it done again."""

    @property
    def busy(self) -> bool:
        return self.state in BUSY

    @property
    def stoppable(self) -> bool:
        """Whether there is something to stop, and whoever acts may."""
        cut = self.road != "attach" and (self.road, self.state) != ("study", "running")
        return self.busy and self.may and cut

    @property
    def repeatable(self) -> bool:
        """Whether it came to nothing, and whoever acts may have it done again."""
        return self.state in ("failed", "cancelled") and self.again

    def took(self, now: datetime) -> timedelta | None:
        """From the order to its end, or until now; None: not known."""
        return None if self.asked_at is None else (self.ended_at or now) - self.asked_at


@dataclass(frozen=True)
class ClockRun:
    """What the worker does by the clock, in its last run."""

    name: str
    ran_at: datetime
    took_s: float
    done: int
    worked_at: datetime | None
    """The last run in which there was something to do."""

    @property
    def next_at(self) -> datetime:
        return self.ran_at + EVERY


COLUMNS = tuple(field.name for field in fields(OrderedJob))
TEXTS = ("about", "who")


def jobs(
    session: Session,
    township_id: int,
    *,
    state: str | None = None,
    most: int = 500,
    skip: int = 0,
    listing: Listing = AS_IT_STANDS,
) -> list[OrderedJob]:
    """The jobs of a township that whoever acts may see; those that wait or run first, then the newest.

    Parameters
    ----------
    state
        ``busy`` for those that wait or run, or one of ``STATES``; None: all.
    listing
        Another order, and words that a job has.
    """
    values = {"t": township_id, "states": _states(state)}
    rows = portion(
        session, _LIST, values, listing, columns=COLUMNS, texts=TEXTS, limit=most, skip=skip
    )
    return [OrderedJob(**{name: row[name] for name in COLUMNS}) for row in rows]


def one(session: Session, township_id: int, road: str, key: str) -> OrderedJob:
    """A job by its road and key; NotFound if there is none that whoever acts may see."""
    row = session.execute(
        text(_ONE), {"t": township_id, "road": road, "key": key}
    ).mappings().one_or_none()  # fmt: skip
    if row is None:
        raise NotFound("There is no such job.")
    return OrderedJob(**row)


def stop(session: Session, township_id: int, road: str, key: str) -> None:
    """Stop a job that waits or runs; the audit notes who did.

    Raises
    ------
    NotFound
        There is none that whoever acts may see.
    NotAllowed
        They see it, and may not stop it.
    Conflict
        It has ended, or cannot be cut off.
    """
    found = one(session, township_id, road, key)
    if not found.may and found.road != "attach":
        raise NotAllowed("This job is for others to stop: you see it, and do not keep it.")
    said = session.scalar(
        text("SELECT stop_job(:t, :road, :key)"), {"t": township_id, "road": road, "key": key}
    )
    if said == "not":
        raise Conflict("This cannot be cut off once it is begun; it ends by itself.")
    if said:
        raise Conflict("It has ended meanwhile: there is nothing to stop.")


def again(
    session: Session,
    place: TownshipInfo,
    road: str,
    key: str,
    *,
    who: str,
    account_id: int | None = None,
) -> None:
    """Order a job anew that failed or was cancelled, as it was meant; the audit notes who did.

    Parameters
    ----------
    account_id
        Who asks at a page; None: at the server, where a file or an answer goes on as its sender's.

    Raises
    ------
    NotFound
        There is none that whoever acts may see.
    NotAllowed
        They see it, and may not order it.
    Conflict
        It did not come to nothing, or what it was about has gone on since.
    """
    found = one(session, place.id, road, key)
    if found.state not in ("failed", "cancelled"):
        raise Conflict("Only what failed or was cancelled is done again.")
    if not found.again:
        raise NotAllowed(
            "This job is ordered on the page it belongs to, by those whose work it is."
        )
    number = found.about_id or 0
    if found.road == "plan":
        number = _again_on_plan(session, found, who=who)
    elif found.road == "study":
        day = date.fromisoformat(key.split("|")[2])
        studies.ask(session, number, found.kind, day)
    elif found.road == "file":
        number = int(key)
        file_imports.once_more(session, number, account_id=account_id)
    elif found.road == "drill":
        drills.ask(session, number, who=who)
    else:
        number = office_jobs.once_more(session, place, int(key), account_id=account_id, who=who)
    audit.note(session, "again", f"job: {found.kind}", number)


def worker_seen(session: Session) -> datetime | None:
    """When the worker last said that it lives; None: never."""
    seen: datetime | None = session.scalar(text("SELECT worker_seen()"))
    return seen


def by_the_clock(session: Session) -> list[ClockRun]:
    """What the worker did by the clock, by name; empty before it ever ran."""
    rows = session.execute(
        text("SELECT name, ran_at, took_s, done, worked_at FROM clock_task ORDER BY name")
    ).mappings()
    return [ClockRun(**row) for row in rows]


def _again_on_plan(session: Session, found: OrderedJob, *, who: str) -> int:
    plan = plan_by_id(session, found.about_id or 0)
    if plan.state not in ("draft", "returned"):
        raise Conflict("Plan {plan!r} is no draft any more.", plan=plan.name)
    if found.kind != REBALANCE:
        return quick.order(session, plan, found.kind, {}, who=who)
    options = session.scalar(text("SELECT options FROM job WHERE id = :id"), {"id": int(found.key)})
    return balancing.order_rebalance(session, plan, BalanceOptions.of(options or {}), who=who)


def _states(state: str | None) -> Sequence[str] | None:
    if state is None:
        return None
    if state == "busy":
        return list(BUSY)
    if state not in STATES:
        raise Invalid(
            "There is no state {state!r}; known: {known}.", state=state, known=list(STATES)
        )
    return [state]


_LIST = """
SELECT * FROM list_jobs(:t, NULL)
WHERE CAST(:states AS text[]) IS NULL OR state = ANY (:states) LIMIT :limit OFFSET :skip
"""

_ONE = "SELECT * FROM list_jobs(:t, NULL) WHERE road = :road AND key = :key"
