"""The steps of a case that need no line: what the worker says and photographs themselves, and nothing to choose."""

from __future__ import annotations

from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

from gisgrid.cases import case_view
from gisgrid.cases.board import Row
from gisgrid.cases.cases import case_now
from web.http.language import worded
from web.http.permissions import asker

WITHOUT_A_LINE = {"note", "reason", "photo", "photo_if_asked"}
"""What such a step may require: a phone carries no list of grids, offices and open cases."""


def steps_of(session: Session, row: Row) -> dict[str, Any]:
    """Where a case of the asker's stands, the address of its steps, and those that may be taken without a line."""
    now, about = case_now(session, row.case_id), case_view.sheet(session, row.case_id)
    return {
        "seq": now.seq,
        "address": url_for("cases.step", case_id=now.id),
        "steps": [
            {
                "name": step.name,
                "label": worded(step),
                "needs": [need for need in ("reason", "note") if need in step.needs],
                "photos": "after" if step.means == "handle" else "before",
                "shows": step.means in ("handle", "note") or "photo" in step.needs,
                "required": "photo" in step.needs
                or ("photo_if_asked" in step.needs and about.asks_photo),
            }
            for step, _ in case_view.open_steps(session, now, asker().name)
            if step.means != "move" and set(step.needs) <= WITHOUT_A_LINE
        ],
    }
