"""When does a temporary item of the list end before its day, by whom, and why?"""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases import matters
from gisgrid.cases.matter_drafts import hold_lists
from gisgrid.cases.matter_log import ListChange, add_to_log
from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.core.plans import township_by_id
from gisgrid.people.privacy.audit import note
from gisgrid.planning.snapshot.fetch import today

LONGEST = 300
"""Characters of the reason."""


def end_temporary(
    session: Session, township_id: int, code: str, *, last: date | None, why: str
) -> bool:
    """End a temporary item of the list in force; whether it had begun.

    In the draft and in versions to come it ends, too. What was reported under it stays under it. One that
    has not begun is taken off the list, whatever ``last`` says.

    Parameters
    ----------
    last
        Its last day, from yesterday on: yesterday means that it is over today. None: today.

    Raises
    ------
    Invalid
        No reason, or one that is too long; a day further back, or before its first.
    NotFound
        The list in force has no temporary item of the code.
    Conflict
        It is over by that day as it is.
    """
    why = why.strip()
    if not why or len(why) > LONGEST:
        raise Invalid("Say in at most {most} characters why it ends.", most=LONGEST)
    hold_lists(session, township_id)
    now = today(township_by_id(session, township_id))
    version = matters.version_on(session, township_id, now)
    book = matters.rule_book(session, township_id, version) if version else []
    item = next((e for e in book if e.code == code and e.consent), None)
    if item is None or item.since is None or item.until is None:
        raise NotFound("The list in force has no temporary item {code!r}.", code=code)
    begun = item.since <= now
    day = (last or now) if begun else now
    if day < now - timedelta(days=1) or (begun and day < item.since):
        raise Invalid(
            "{day} is too early: {code} ends on {earliest} at the earliest.",
            day=day, code=code, earliest=max(item.since, now - timedelta(days=1)),
        )  # fmt: skip
    values = {"t": township_id, "code": code, "last": day}
    lists: list[int] = session.scalar(
        text("SELECT end_temporary(:t, :code, CAST(:last AS date))"), values
    ) or []  # fmt: skip
    if not lists:
        raise Conflict("{code} ends on {day} already.", code=code, day=item.until)
    became = day.isoformat() if begun else None
    for number in lists:
        add_to_log(session, number, code, "until", was=item.until.isoformat(), became=became)
        add_to_log(session, number, code, "why_ended", became=why)
        note(session, "end", "matter_list", number)
    return begun


def ends_of(session: Session, township_id: int) -> dict[str, tuple[ListChange, str]]:
    """By code, the last end that was noted in the list in force, with its reason; for who keeps the list."""
    rows = session.execute(text(_ENDS), {"t": township_id})
    return {
        row.code: (ListChange(row.code, "until", row.was, row.became, row.who, row.at), row.why)
        for row in rows
    }


_ENDS = """
SELECT DISTINCT ON (c.code) c.code, c.was, c.became, c.who, c.at, w.became AS why
FROM matter_list l JOIN matter_change c ON c.list_id = l.id AND c.what = 'until'
JOIN matter_change w ON w.list_id = l.id AND w.what = 'why_ended' AND w.code = c.code AND w.at = c.at
WHERE l.township_id = :t AND l.validity @> today_in(:t)
ORDER BY c.code, c.id DESC
"""
