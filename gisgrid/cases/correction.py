"""It is another matter than was reported: one step makes clocks and ways right, and keeps what it was before.

See docs/decisions/2026-11-30-another-matter.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases import assignment
from gisgrid.cases.case_view import owner_of, sheet
from gisgrid.cases.cases import (
    NOBODY,
    NOTHING,
    CaseActor,
    CaseNow,
    Details,
    Owner,
    locked,
    take_step,
    taken_before,
)
from gisgrid.cases.flow import flow_by_id
from gisgrid.cases.matters import matter_on
from gisgrid.core.errors import Invalid

AGAIN = "again"
"""To whom: whoever is found when the case is sent under its new matter."""


def correct_matter(
    session: Session,
    now: CaseNow,
    matter: str,
    step: str,
    by: CaseActor,
    *,
    seq: int | None = None,
    to: str = "",
    details: Details = NOTHING,
) -> CaseNow:
    """Handle a case as another matter from now on; the case as it stands then.

    Its clocks are those that the matter would have had from the start, and none ends earlier than was promised. The
    log keeps both matters. Whoever has the case then is told, and whoever reported sees it with the reason.

    Parameters
    ----------
    matter
        Code of a minor item on the list of the day of the report.
    to
        Empty: whoever has it keeps it; ``AGAIN``: it is sent anew, where somebody has it and the work is not done,
        and nobody has it where nobody is found; or a choice of `gisgrid.cases.case_view`.

    Raises
    ------
    NotOnTheList
        That list has no such item.
    Invalid
        No matter is named, or it is this one already; nobody is called so.
    CaseMoved, IllegalStep, NotAllowed, Incomplete
        As `take_step`.
    """
    now = locked(session, now.id)
    if taken_before(session, now.id, details.client_id) or seq not in (None, now.seq):
        # Which answers what was done already, and says that somebody else has been here.
        return take_step(session, now.id, step, by, seq=seq, details=details)
    if not matter:
        raise Invalid("Say which matter it is.")
    about = sheet(session, now.id)
    matter_id = matter_on(session, now.township_id, matter, about.reported_at)
    if matter_id == about.matter_id:
        raise Invalid("The case is of the matter {matter!r} already.", matter=matter)
    new = session.execute(text(_MATTER), {"id": matter_id}).one()
    data: dict[str, Any] = {
        "matter_id": matter_id,
        "from": {"code": about.matter_code, "name": about.matter, "name_en": about.matter_en},
        "to": {"code": new.code, "name": new.name, "name_en": new.name_en},
    }
    owner = owner_of(session, now, to) if to not in ("", AGAIN) else NOBODY
    if to == AGAIN and not now.owner.nobody and not checked(session, now):
        owner = _sent_anew(session, now, matter_id, new.office)
        if owner.nobody:
            data["owner"] = "nobody"
    whole = replace(details, to=owner, data=data)
    return take_step(session, now.id, step, by, seq=seq, details=whole)


def checked(session: Session, now: CaseNow) -> bool:
    """Whether the work is said to be done already: then nobody else is sent."""
    return flow_by_id(session, now.flow_id).states[now.state].phase == "check"


def corrects(session: Session, now: CaseNow, step: str) -> bool:
    """Whether a step of this name corrects the matter of the case."""
    rule = flow_by_id(session, now.flow_id).steps.get(step)
    return rule is not None and rule.means == "recategorise"


def _sent_anew(session: Session, now: CaseNow, matter_id: int, office: str | None) -> Owner:
    """An office hands on to the office of the matter, a team to whoever suits it best; ``NOBODY``: there is none."""
    if now.office is not None:
        return Owner(office=office, level="township") if office else NOBODY
    day = session.scalar(text("SELECT today_in(:t)"), {"t": now.township_id})
    best = assignment.suggest(session, now.id, day, most=1, matter_id=matter_id)
    return Owner(best[0].grid_code, None, best[0].staff_id, "grid") if best else NOBODY


_MATTER = "SELECT code, name, name_en, office FROM matter WHERE id = :id"
