"""How long is personal data kept? The days of each purpose, per township."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.limits import Numbers
from gisgrid.core.messages import message, say


@dataclass(frozen=True)
class Keeping(Numbers):
    """Days; a township's ``keeping`` holds those that differ from these defaults.

    >>> Keeping.of({"positions": 7}).positions
    7.0
    """

    word = message("keeping")

    register: float = field(
        default=1826.0,
        metadata={"help": say("residents and households after their last verification")},
    )
    visits: float = field(default=1096.0, metadata={"help": say("visits after their day")})
    events: float = field(
        default=1096.0, metadata={"help": say("text and address of events after they are closed")}
    )
    staff: float = field(
        default=731.0,
        metadata={
            "help": say("name, telephone, training and receipts of staff after their last part")
        },
    )
    history: float = field(
        default=731.0, metadata={"help": say("former states of rows on people after the change")}
    )
    entries: float = field(
        default=731.0, metadata={"help": say("what was entered at the door after it was entered")}
    )
    corrections: float = field(
        default=1096.0,
        metadata={"help": say("requests for correction and access after they are decided")},
    )
    answers: float = field(
        default=14.0,
        metadata={
            "help": say("answers to people who ask what is held on them, after they are made")
        },
    )
    positions: float = field(
        default=14.0,
        metadata={"help": say("positions of workers; then totals per grid and day only")},
    )
    imports: float = field(
        default=30.0, metadata={"help": say("files sent in the browser after they were sent")}
    )
    messages: float = field(
        default=180.0, metadata={"help": say("messages of the outbox after they were written")}
    )
    backups: float = field(
        default=90.0, metadata={"help": say("backups, after which they must be destroyed")}
    )


def keeping_of(session: Session, township_id: int) -> Keeping:
    """The days of a township; Invalid if what is stored is none."""
    stored = session.scalar(
        text("SELECT keeping FROM township WHERE area_id = :t"), {"t": township_id}
    )
    return Keeping.of(stored or {})
