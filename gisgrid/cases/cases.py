"""Where does a case stand, and what may be done next? Cases are opened and moved on step by step.

An event exists; its case is how it is handled. Each verb writes one line of the log; the database makes
the case follow it, and refuses what the case's flow does not allow.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.cases.emergencies import call_upwards
from gisgrid.cases.flow import Flow, Step, current_flow, flow_by_id
from gisgrid.cases.refusals import CaseMoved, IllegalStep, in_words
from gisgrid.cases.tickets import meant, new_ticket
from gisgrid.cases.timing import follow_step
from gisgrid.core.errors import Conflict, NotAllowed, NotFound
from gisgrid.core.messages import Both
from gisgrid.db.tables.cases import LEVELS


@dataclass(frozen=True)
class CaseActor:
    """Who takes a step: a log-in name and the roles held where the case lies."""

    actor: str
    roles: tuple[str, ...]


SYSTEM = CaseActor("system", ("system",))
RESIDENT = CaseActor("resident", ("resident",))
"""Whoever has no account; no log-in name is as short of meaning as this one."""


@dataclass(frozen=True)
class Owner:
    """Who has a case: a grid's team, an office or a person of the staff, and at which level."""

    grid_code: str | None = None
    office: str | None = None
    staff_id: int | None = None
    level: str | None = None

    @property
    def nobody(self) -> bool:
        return self.grid_code is None and self.office is None and self.staff_id is None


NOBODY = Owner()


@dataclass(frozen=True)
class CaseNow:
    """A case as it stands."""

    id: int
    event_id: int
    township_id: int
    ticket: str
    flow_id: int
    state: str
    open: bool
    seq: int
    back_state: str | None
    opened_at: datetime
    changed_at: datetime
    closed_at: datetime | None
    level: str | None
    grid_code: str | None
    office: str | None
    staff_id: int | None
    merged_into_id: int | None
    rating: int | None

    @property
    def owner(self) -> Owner:
        return Owner(self.grid_code, self.office, self.staff_id, self.level)


@dataclass(frozen=True)
class LogEntry:
    """One line of a log."""

    seq: int
    step: str
    means: str
    from_state: str
    to_state: str
    at: datetime
    actor: str
    role: str
    reason: str | None
    note: str | None
    owner: Owner
    into_id: int | None
    rating: int | None
    flow_id: int | None
    data: dict[str, Any]


@dataclass(frozen=True)
class Details:
    """What a step brings along; which of it is required, its flow says."""

    reason: str | None = None
    note: str | None = None
    to: Owner = NOBODY
    into_id: int | None = None
    rating: int | None = None
    flow_id: int | None = None
    client_id: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


NOTHING = Details()


def open_case(
    session: Session,
    event_id: int,
    by: CaseActor,
    *,
    kind: str = "normal",
    at: datetime | None = None,
    details: Details = NOTHING,
) -> CaseNow:
    """Begin the handling of an event with the first step of the newest flow of a kind.

    An event that has a case already keeps it: that is answered.

    Raises
    ------
    NotFound
        No such event.
    NotAllowed
        None of the roles may begin a case.
    """
    row = session.execute(
        text("SELECT township_id, reported_at FROM event WHERE id = :id"), {"id": event_id}
    ).one_or_none()
    if row is None:
        raise NotFound("There is no event {event_id}.", event_id=event_id)
    flow = current_flow(session, row.township_id, kind)
    made = session.scalar(
        text(
            "INSERT INTO event_case (event_id, township_id, ticket, flow_id) "
            "VALUES (:event, :t, :ticket, :flow) ON CONFLICT (event_id) DO NOTHING RETURNING id"
        ),
        {"event": event_id, "t": row.township_id, "ticket": new_ticket(), "flow": flow.id},
    )
    if made is None:
        return case_of_event(session, event_id)
    when = at or row.reported_at
    return _take(session, int(made), flow, flow.beginning, by, details=details, at=when, seq=0)


def take_step(
    session: Session,
    case_id: int,
    step: str,
    by: CaseActor,
    *,
    seq: int | None = None,
    at: datetime | None = None,
    details: Details = NOTHING,
) -> CaseNow:
    """Take one step on a case; the case as it stands then.

    Parameters
    ----------
    step
        A step of the case's own version of its flow.
    seq
        The step the case stood at when the person looked (`CaseNow.seq`); None: as it is now.
    at
        Aware; None: now.
    details
        With a ``client_id`` that the log knows already, nothing happens and the case is answered.

    Raises
    ------
    NotFound
        No such case.
    CaseMoved
        Somebody has taken a step since.
    IllegalStep
        The flow has no such step from where the case stands; ``facts["steps"]`` names those it has.
    NotAllowed
        The roles may not take it, or whoever handled the case would close it.
    Incomplete
        What the flow requires is missing; ``facts["needs"]`` names it.
    NotOnTheList
        A grid would get a matter that is not on the list of the day.
    """
    now = locked(session, case_id, details.into_id)
    if taken_before(session, case_id, details.client_id):
        return now
    if seq is not None and seq != now.seq:
        raise _moved(session, now)
    flow = flow_by_id(session, now.flow_id)
    rule = flow.steps.get(step)
    if rule is None or now.state not in rule.sources:
        legal = [s.name for s in flow.steps.values() if now.state in s.sources]
        state = flow.states[now.state]
        raise IllegalStep(
            "From “{at}” there is no step “{step}”; there are {steps}.",
            at=Both(state.en, state.zh),
            step=Both(step, rule.zh) if rule else step,
            state=now.state,
            steps=legal,
        )
    moment = at or max(datetime.now(UTC), now.changed_at)
    return _take(session, case_id, flow, rule, by, details=details, at=moment, seq=now.seq)


def locked(session: Session, case_id: int, *others: int | None) -> CaseNow:
    """The case, which nobody else can move until the transaction ends, nor the others; they are locked in one order."""
    ids = [each for each in (case_id, *others) if each is not None]
    lock(session, ids)
    return case_now(session, case_id)


def lock(session: Session, case_ids: Sequence[int]) -> None:
    """Let nobody else move cases until the transaction ends; in one order, so that two who do so do not deadlock."""
    session.execute(
        text("SELECT FROM event_case WHERE id = ANY(:ids) ORDER BY id FOR UPDATE"),
        {"ids": list(case_ids)},
    )


def taken_before(session: Session, case_id: int, client_id: str | None) -> bool:
    """Whether the log of a case knows a client's key of a step; Conflict if it is that of another case."""
    if not client_id:
        return False
    owner = session.scalar(
        text("SELECT case_id FROM case_step WHERE client_id = :key"), {"key": client_id}
    )
    if owner is not None and owner != case_id:
        raise Conflict("This key of a step belongs to another case.")
    return owner is not None


def case_now(session: Session, case_id: int) -> CaseNow:
    """A case as it stands; NotFound if there is none."""
    return _one(session, _CASE_BY_ID, case_id)


def case_of_event(session: Session, event_id: int) -> CaseNow:
    """The case of an event; NotFound if it has none."""
    return _one(session, _CASE_OF_EVENT, event_id)


def case_by_ticket(session: Session, ticket: str) -> CaseNow:
    """The case that whoever reported follows by its code; NotFound if there is none.

    For the rest of the transaction this one case is open to whoever knows its ticket.
    """
    code = ticket
    for code in meant(ticket):
        event_id = session.scalar(text("SELECT event_of_ticket(:code)"), {"code": code})
        if event_id is not None:
            break
    if event_id is not None:
        session.execute(
            text("SELECT set_config('gisgrid.report', :id, true)"), {"id": str(event_id)}
        )
    return _one(session, _CASE_BY_TICKET, code)


def case_log(session: Session, case_id: int) -> list[LogEntry]:
    """The lines of a case's log, first to last."""
    rows = session.execute(text(_LOG), {"id": case_id}).mappings()
    return [
        LogEntry(
            **{k: v for k, v in row.items() if k not in ("level", "grid_code", "office", "staff_id")},
            owner=Owner(row["grid_code"], row["office"], row["staff_id"], row["level"]),
        )
        for row in rows
    ]  # fmt: skip


def next_steps(session: Session, now: CaseNow, by: CaseActor) -> list[Step]:
    """The steps that this person may take on the case as it stands, in the flow's order."""
    flow = flow_by_id(session, now.flow_id)
    handled = by.actor in handlers(case_log(session, now.id))
    return [
        step
        for step in flow.steps.values()
        if now.state in step.sources
        and set(step.who) & set(by.roles)
        and not (step.not_handler and handled)
    ]


def handlers(log: Iterable[LogEntry]) -> set[str]:
    """Who worked on the case: they may not check or close it."""
    return {line.actor for line in log if line.means in ("begin", "handle")}


def higher(level: str | None, steps: int = 1) -> str | None:
    """The level so many above; None at the top."""
    n = LEVELS.index(level or "grid") + steps
    return LEVELS[n] if n < len(LEVELS) else None


def _take(
    session: Session,
    case_id: int,
    flow: Flow,
    rule: Step,
    by: CaseActor,
    *,
    details: Details,
    at: datetime,
    seq: int,
) -> CaseNow:
    role = next((r for r in by.roles if r in rule.who), None)
    if role is None:
        raise NotAllowed(
            "The step “{named}” is for {who}.",
            named=Both(rule.name, rule.zh),
            step=rule.name,
            who=list(rule.who),
        )
    to = details.to
    try:
        with session.begin_nested():
            session.execute(
                text(_INSERT),
                {
                    "case": case_id, "seq": seq + 1, "step": rule.name, "at": at,
                    "actor": by.actor, "role": role, "reason": details.reason,
                    "note": details.note, "level": to.level, "grid": to.grid_code,
                    "office": to.office, "staff": to.staff_id, "into": details.into_id,
                    "rating": details.rating, "flow": details.flow_id,
                    "client": details.client_id, "data": json.dumps(dict(details.data)),
                },
            )  # fmt: skip
    except DBAPIError as exc:
        raise in_words(session, exc, rule, case_id, to.grid_code) from exc
    now = case_now(session, case_id)
    follow_step(
        session, case_id, event_id=now.event_id, township_id=now.township_id,
        flow=flow_by_id(session, now.flow_id), state=now.state, means=rule.means, at=at,
    )  # fmt: skip
    if rule.means == "assign":
        session.execute(text(_DECIDED), {"case": case_id, "staff": to.staff_id})
    # A pin that was moved may lie in another community, which has heard nothing yet.
    moved = rule.means in ("change_flow", "move")
    if moved and now.open and flow_by_id(session, now.flow_id).kind == "emergency":
        call_upwards(session, case_id, at)
    return now


def _moved(session: Session, now: CaseNow) -> CaseMoved:
    last = case_log(session, now.id)[-1]
    return CaseMoved(
        "The case has moved on: {step!r} at {when} UTC; look again.",
        when=f"{last.at:%Y-%m-%d %H:%M}",
        seq=now.seq,
        step=last.step,
        at=last.at.isoformat(),
    )


def _one(session: Session, statement: str, key: int | str) -> CaseNow:
    row = session.execute(text(statement), {"key": key}).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such case.")
    return CaseNow(**row)


_CASE = """
SELECT c.id, c.event_id, c.township_id, c.ticket, c.flow_id, c.state, c.open, c.seq, c.back_state,
       c.opened_at, c.changed_at, c.closed_at, c.level, c.grid_code, c.office, c.staff_id,
       c.merged_into_id, c.rating
FROM event_case c
"""
_CASE_BY_ID = f"{_CASE} WHERE c.id = :key"
_CASE_OF_EVENT = f"{_CASE} WHERE c.event_id = :key"
_CASE_BY_TICKET = f"{_CASE} WHERE c.ticket = :key"
_LOG = """
SELECT seq, step, means, from_state, to_state, at, actor, role, reason, note, level, grid_code,
       office, staff_id, into_id, rating, flow_id, data
FROM case_step WHERE case_id = :id ORDER BY seq
"""
_INSERT = """
INSERT INTO case_step (case_id, seq, step, at, actor, role, reason, note, level, grid_code, office,
                       staff_id, into_id, rating, flow_id, client_id, data)
VALUES (:case, :seq, :step, :at, :actor, :role, :reason, :note, :level, :grid, :office,
        :staff, :into, :rating, :flow, :client, CAST(:data AS jsonb))
"""
_DECIDED = """
UPDATE suggestion SET accepted = (staff_id IS NOT DISTINCT FROM CAST(:staff AS bigint))
WHERE case_id = :case AND accepted IS NULL
"""
