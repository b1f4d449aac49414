"""What the database says when it refuses a step, in words; see ``take_case_step`` in ``gisgrid/db/sql``."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.cases.flow import Step
from gisgrid.core.errors import Conflict, GisgridError, Invalid, NotAllowed
from gisgrid.core.messages import Both, message, say


class CaseMoved(Conflict):
    """Somebody else has taken a step on the case meanwhile."""


class IllegalStep(Conflict):
    """The flow knows no such step from where the case stands."""


class Incomplete(Invalid):
    """The step lacks what its flow requires."""


class NotOnTheList(Invalid):
    """The matter may not be asked of a grid on that day.

    ``facts``: ``matter`` (its code), ``township`` (row number), ``community`` (its code, or None).
    """


_SAID: dict[str, tuple[type[GisgridError], str]] = {
    "GG001": (CaseMoved, say("The case has moved on meanwhile; look at it again.")),
    "GG002": (IllegalStep, say("The flow allows no such step from here.")),
    "GG003": (NotAllowed, say("The role may not take this step.")),
    "GG004": (NotAllowed, say("Who handled a case does not check or close it.")),
    "GG005": (Incomplete, say("The step lacks what it requires.")),
    "GG006": (
        NotOnTheList,
        say("The matter is not on the list of that day and cannot be sent to a grid."),
    ),
    "GG007": (Conflict, say("A case changes by its log only, and the log stays.")),
}


def refusal(error: DBAPIError) -> GisgridError | None:
    """The error behind one of the database's own classes; None for any other."""
    said = _SAID.get(str(getattr(error.orig, "sqlstate", "")))
    if said is None:
        return None
    kind, template = said
    return kind(template)


def in_words(
    session: Session, error: DBAPIError, rule: Step, case_id: int, grid_code: str | None
) -> Exception:
    """As `refusal`, with what the step of a case lacks, or what was wanted from the grid; else the error."""
    found = refusal(error)
    if isinstance(found, Incomplete):
        return Incomplete(
            "The step “{named}” needs {lacking}.",
            named=Both(rule.name, rule.zh),
            lacking=[message(NEEDS[need]) for need in rule.needs],
            step=rule.name,
            needs=list(rule.needs),
        )
    if isinstance(found, NotOnTheList):
        values = {"case": case_id, "grid": grid_code}
        row = session.execute(text(_DEMANDED), values).one()
        found.facts |= row._asdict()
    return found or error


NEEDS = {
    "reason": say("a reason"), "note": say("a note"), "owner": say("a person or an office"),
    "level": say("a higher level"), "into": say("the open case that it joins"),
    "rating": say("a rating"), "flow": say("another flow"), "photo": say("a photo"),
    "matter": say("another matter of the list"),
    "photo_if_asked": say("a photo after the work (if the matter asks for one)"),
}  # fmt: skip
"""What a step may need, in words."""
_DEMANDED = """
SELECT m.code AS matter, c.township_id AS township, (
    SELECT a.code FROM plan_in_force p JOIN grid g ON g.plan_id = p.id
    JOIN area a ON a.id = g.community_id
    WHERE p.township_id = c.township_id AND g.code = :grid) AS community
FROM event_case c JOIN event e ON e.id = c.event_id JOIN matter m ON m.id = e.matter_id
WHERE c.id = :case
"""
