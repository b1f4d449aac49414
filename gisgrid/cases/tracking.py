"""What has become of my report? A case as whoever knows its ticket may follow it, and answer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.cases import (
    RESIDENT,
    CaseNow,
    Details,
    LogEntry,
    case_by_ticket,
    case_log,
    case_of_event,
    handlers,
    next_steps,
    take_step,
)
from gisgrid.cases.clocks import clocks_of
from gisgrid.cases.flow import flow_by_id
from gisgrid.core.errors import Conflict
from gisgrid.core.messages import Both

TOLD = (
    "report", "file", "refuse", "assign", "transfer", "begin", "handle", "return", "escalate",
    "suspend", "resume", "close", "merge", "withdraw", "reopen", "rate", "change_flow",
    "recategorise", "separate",
)  # fmt: skip
"""Kinds of step that are told; notes and moved pins are the staff's own."""
REASONED = ("refuse", "suspend", "withdraw", "reopen", "recategorise")
"""Of these the reason is told as well: whoever reported has a right to it."""
ANSWERS = ("rate", "reopen", "withdraw", "note")
"""What whoever reported may do."""
MOST_MERGES = 20
"""So many times a case is followed to the next that it was merged into."""
# Whoever writes a reason may forget who will read it.
_NUMBERS = re.compile(r"\d[\d\s-]{5,}[\dXx]")


@dataclass(frozen=True)
class ToldStep:
    """One step in a log as whoever reported is told it: no name and no number of anybody."""

    means: str
    at: datetime
    reason: str | None
    office: str | None
    """The office it went to; None: a team, a person, or nobody in particular."""
    rating: int | None
    matter: Both | None = None
    """What it is handled as from then on."""


@dataclass(frozen=True)
class Followed:
    """A case as its ticket shows it."""

    case: CaseNow
    """The one that handles it: its own, or the one that it was merged into."""
    ticket: str
    joined_id: int | None
    """Of its own case, where another one handles it."""
    code: str
    """Of the event."""
    matter_code: str
    matter: str
    matter_en: str | None
    reported_at: datetime
    state: Both
    due_at: datetime | None
    """When it has to be done; None for closed cases and where no limit runs."""
    steps: tuple[ToldStep, ...]
    may: frozenset[str]
    """Of `ANSWERS`, what is possible now."""
    time_zone: str


def follow(session: Session, ticket: str) -> Followed:
    """The case of a ticket; NotFound if there is none."""
    own = now = case_by_ticket(session, ticket)
    row = session.execute(text(_EVENT), {"id": now.event_id}).one()
    log = case_log(session, own.id)
    reporter, steps = log[0].actor, _told_of(log, None)
    # From one case to the next that it was merged into, each for as long as it was the one.
    for _ in range(MOST_MERGES):
        event_id = session.scalar(text("SELECT next_of_report()"))
        if event_id is None:
            break
        since = next(line.at for line in reversed(log) if line.means == "merge")
        session.execute(
            text("SELECT set_config('gisgrid.report', :id, true)"), {"id": str(event_id)}
        )
        now = case_of_event(session, event_id)
        log = case_log(session, now.id)
        steps += _told_of([line for line in log if line.at >= since], own.id)
    flow = flow_by_id(session, now.flow_id)
    may = {s.means for s in next_steps(session, now, RESIDENT) if s.means in ANSWERS}
    if reporter in handlers(log):
        may -= {"rate"}  # nobody praises their own work
    if now.id != own.id or session.scalar(text("SELECT others_with_report()")):
        may -= {"withdraw"}  # it is somebody else's, too
    due = [k.clock.due_at for k in clocks_of(session, now.id) if k.deadline]
    return Followed(
        now, own.ticket, own.id if now.id != own.id else None, row.code, row.matter_code, row.matter,
        row.matter_en, row.reported_at, Both(flow.states[now.state].en, flow.states[now.state].zh),
        due[-1] if due and now.open else None, tuple(steps), frozenset(may), row.time_zone,
    )  # fmt: skip


def _told_of(log: Iterable[LogEntry], own_id: int | None) -> list[ToldStep]:
    """What is told of lines of a log; of what another one wrote who follows the same case, not the words."""
    return [
        replace(_told(line), reason=None) if _of_another(line, own_id) else _told(line)
        for line in log
        if line.means in TOLD
    ]


def _told(line: LogEntry) -> ToldStep:
    to = line.data.get("to") if line.means == "recategorise" else None
    return ToldStep(
        line.means, line.at, without_numbers(line.reason) if line.means in REASONED else None,
        line.owner.office if line.means in ("assign", "transfer") else None, line.rating,
        Both(to["name_en"] or to["name"], to["name"]) if to else None,
    )  # fmt: skip


def _of_another(line: LogEntry, own_id: int | None) -> bool:
    """Whether another one of those who follow a case wrote this: their words are not told."""
    return line.role == "resident" and line.data.get("joined") != own_id


def answer(session: Session, ticket: str, means: str, details: Details) -> CaseNow:
    """Rate, reopen, withdraw or add a note, as whoever knows the ticket.

    Raises
    ------
    NotFound
        No such ticket.
    Conflict
        Not possible as the case stands.
    Incomplete
        The rating, reason or note is missing.
    """
    found = follow(session, ticket)
    steps = next_steps(session, found.case, RESIDENT)
    step = next((s for s in steps if s.means == means), None)
    if step is None or means not in found.may:
        raise Conflict("This is not possible as the report stands now; look again.", means=means)
    if found.joined_id is not None:
        details = replace(details, data={"joined": found.joined_id})
    return take_step(session, found.case.id, step.name, RESIDENT, details=details)


def without_numbers(words: str | None) -> str | None:
    """A reason without what may be a telephone or the number of a person.

    >>> without_numbers("请拨打 139-0000-0000，第3日")
    '请拨打 ***，第3日'
    """
    return None if words is None else _NUMBERS.sub("***", words)


_EVENT = """
SELECT e.code, e.reported_at, m.code AS matter_code, m.name AS matter, m.name_en AS matter_en,
       t.time_zone
FROM event e JOIN matter m ON m.id = e.matter_id JOIN township t ON t.area_id = e.township_id
WHERE e.id = :id
"""
