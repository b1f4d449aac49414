"""In which post does whoever asks report or act, and in which township?"""

from __future__ import annotations

from flask import g, request
from sqlalchemy.orm import Session

from gisgrid.access.desk import places
from gisgrid.events.cases import RESIDENT, By
from gisgrid.plans import plans
from gisgrid.plans.plans import Place
from gisgrid.tables.cases import STEP_ROLES
from web.chosen import chosen_township
from web.gate import asker
from web.store import NOBODY


def township_at_hand(session: Session) -> Place:
    """The township that the request names, else the asker's own, else the first by code."""
    code = request.values.get("township")
    if not code and asker():
        mine = {p.township_id for p in places(session, asker().account_id or 0)}
        own = [t for t in plans.townships(session) if t.id in mine]
        if own:
            return own[0]
    return chosen_township(session, code or None)


def acting_by(session: Session, township_id: int) -> By:
    """Whoever asks, with the roles they hold in a township; a resident if they hold none there."""
    held = [
        p.role
        for p in (places(session, asker().account_id or 0) if asker() else ())
        if p.role in STEP_ROLES and p.township_id in (None, township_id)
    ]
    return By(asker().name, tuple(dict.fromkeys(held))) if held else RESIDENT


def as_public() -> None:
    """From here on the request's transactions act for nobody: a ticket opens a case by itself."""
    g.actor = NOBODY
