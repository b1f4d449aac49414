"""In which post does whoever asks report or act, and what for?"""

from __future__ import annotations

from flask import g, request
from sqlalchemy.orm import Session

from gisgrid.cases.cases import RESIDENT, CaseActor
from gisgrid.core.errors import NoPurpose
from gisgrid.db.tables.cases import STEP_ROLES
from gisgrid.people.home import places
from web.http.db import NOBODY, nothing_first
from web.http.permissions import asker


def acting_by(session: Session, township_id: int) -> CaseActor:
    """Whoever asks, with the roles they hold in a township; a resident if they hold none there."""
    held = [
        p.role
        for p in (places(session, asker().account_id or 0) if asker() else ())
        if p.role in STEP_ROLES and p.township_id in (None, township_id)
    ]
    return CaseActor(asker().name, tuple(dict.fromkeys(held))) if held else RESIDENT


def purpose_sent() -> str:
    """What the form opens the register for; NoPurpose where nothing was chosen."""
    purpose = request.form.get("purpose", "")
    if not purpose:
        raise NoPurpose(
            "Choose what the register is opened for. Go back, choose one of the purposes beside the button and "
            "press it again; nothing was opened."
        )
    return purpose


def as_public() -> None:
    """From here on the request's transactions act for nobody: a ticket opens a case by itself.

    What the first of them should have written besides was the asker's own, and nobody has any.
    """
    g.actor = NOBODY
    nothing_first()


def acts_as_public() -> bool:
    """Whether they do."""
    return bool(g.get("actor", NOBODY) == NOBODY)
