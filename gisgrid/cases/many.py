"""Many cases take the same step: each in a savepoint and with an answer of its own, and those told hear of it once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.cases import assignment
from gisgrid.cases.case_view import open_number, open_steps, owner_of, sheet
from gisgrid.cases.cases import (
    NOBODY,
    NOTHING,
    CaseActor,
    CaseNow,
    Details,
    Owner,
    case_now,
    lock,
    take_step,
)
from gisgrid.cases.correction import correct_matter, corrects
from gisgrid.core.errors import GisgridError, NotFound

MOST_AT_ONCE = 200
"""Cases that one act moves on."""
SUGGESTED, OWN = "suggested", "own"
"""To whom they go: each to the best suggested, or to the grid that it lies in."""


@dataclass(frozen=True)
class Seen:
    """A case as whoever acts saw it."""

    case_id: int
    seq: int | None
    """Its last step then; None: as it is now."""


@dataclass(frozen=True)
class Answer:
    """What became of one of many."""

    case_id: int
    now: CaseNow | None
    """The case after the step; None: it was refused."""
    refused: GisgridError | DBAPIError | None


def take_many(
    session: Session,
    cases: Sequence[Seen],
    step: str,
    actor: str,
    *,
    to: str = "",
    into: str = "",
    matter: str = "",
    details: Details = NOTHING,
) -> list[Answer]:
    """Take one step on each of the cases, as far as it goes; an answer for each, in their order.

    What one of them does not allow undoes nothing of the others. Whoever is told hears of all of theirs in one message.

    Parameters
    ----------
    actor
        Log-in name of whoever acts; the roles are those held where each case lies.
    into
        Number or code of an open case that they are merged into; empty: none.
    matter
        Code of the matter that they are handled as from now on, for a step that corrects it.
    to
        ``SUGGESTED``, ``OWN`` or a choice of `gisgrid.cases.case_view`; empty: nobody. Of a step that corrects the matter
        as `correct_matter` has it.
    """
    session.execute(text("SELECT set_config('gisgrid.many', 'on', true)"))
    joined = _joined(session, cases, into) if into else {}
    # All at once and in one order, so that two who act at the same time do not wait for each other.
    lock(session, [seen.case_id for seen in cases] + [i for i in joined.values() if type(i) is int])
    found: dict[int, Answer] = {}
    for seen in cases:
        try:
            with session.begin_nested():
                now = case_now(session, seen.case_id)
                other = joined.get(now.township_id)
                if isinstance(other, GisgridError):
                    raise other
                now = _step(
                    session, now, step, actor, seq=seen.seq, to=to, into_id=other, matter=matter,
                    details=details,
                )  # fmt: skip
        except GisgridError as exc:
            found[seen.case_id] = Answer(seen.case_id, None, exc)
        except DBAPIError as exc:
            # What the store does not do for one of them, it may do for the others; without a connection for none.
            if exc.connection_invalidated:
                raise
            found[seen.case_id] = Answer(seen.case_id, None, exc)
        else:
            found[seen.case_id] = Answer(seen.case_id, now, None)
    moved = [answer.case_id for answer in found.values() if answer.now]
    session.execute(text("SELECT tell_of_many(CAST(:cases AS bigint[]))"), {"cases": moved})
    session.execute(text("SELECT set_config('gisgrid.many', '', true)"))
    return [found[seen.case_id] for seen in cases]


def _step(
    session: Session,
    now: CaseNow,
    step: str,
    actor: str,
    *,
    seq: int | None,
    to: str,
    into_id: int | None,
    matter: str,
    details: Details,
) -> CaseNow:
    by = next(
        (b for s, b in open_steps(session, now, actor) if s.name == step), CaseActor(actor, ())
    )
    details = replace(details, client_id=str(uuid4()))
    if corrects(session, now, step):
        return correct_matter(session, now, matter, step, by, seq=seq, to=to, details=details)
    whole = replace(details, to=_owner(session, now, to), into_id=into_id)
    return take_step(session, now.id, step, by, seq=seq, details=whole)


def _joined(session: Session, cases: Sequence[Seen], into: str) -> dict[int, int | GisgridError]:
    """What ``into`` names in each township of the cases: its number, or why it is none to join."""
    towns = session.scalars(
        text("SELECT DISTINCT township_id FROM event_case WHERE id = ANY(:ids)"),
        {"ids": [seen.case_id for seen in cases]},
    ).all()
    named: dict[int, int | GisgridError] = {}
    for town in towns:
        try:
            named[town] = open_number(session, town, into)
        except GisgridError as exc:
            named[town] = exc
    return named


def _owner(session: Session, now: CaseNow, key: str) -> Owner:
    if not key:
        return NOBODY
    if key == SUGGESTED:
        day = session.scalar(text("SELECT today_in(:t)"), {"t": now.township_id})
        best = assignment.suggest(session, now.id, day, most=1)
        if best:
            assignment.keep_suggestion(session, now.id, best[0])
            return Owner(best[0].grid_code, None, best[0].staff_id, "grid")
    if key in (SUGGESTED, OWN):
        # Nobody is on duty: the grid's team, as a whole, has it.
        grid = sheet(session, now.id).grid_code
        if grid is None:
            raise NotFound("The case lies in no grid.")
        return Owner(grid_code=grid, level="grid")
    return owner_of(session, now, key)
