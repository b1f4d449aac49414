"""Which edits the worker does, and how they are ordered from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from gisgrid.core.plans import PlanInfo
from gisgrid.jobs import balancing, quick
from web.editor import json as views
from web.editor.edits import no_edit
from web.editor.store import who


def large(session: Session, edit: object) -> bool:
    """Whether an edit takes over so much of a proposal that the worker does it."""
    if not isinstance(edit, Mapping) or edit.get("kind") != "rebalance":
        return False
    job_id, chosen = edit.get("job"), edit.get("moves")
    if not isinstance(job_id, int) or not isinstance(chosen, list | None):
        raise no_edit()
    return quick.is_long(balancing.job(session, job_id), chosen)


def ordered(session: Session, plan: PlanInfo, kind: str, asked: dict[str, Any]) -> dict[str, Any]:
    """The job that takes a proposal over, or shows it; NotFound if there is no such proposal."""
    edit = asked.get("edit")
    if not isinstance(edit, Mapping) or not isinstance(edit.get("job"), int):
        raise no_edit()
    chosen = edit.get("moves")
    if not isinstance(chosen, list | None):
        raise no_edit()
    if balancing.job(session, edit["job"]).plan_id != plan.id:
        raise no_edit()
    options = {
        "job": edit["job"],
        "moves": None if chosen is None else [int(k) for k in chosen],
        "back": edit.get("back") is True,
        "version": version_of(asked),
        "why": str(asked.get("why") or "")[:500],
    }
    job_id = quick.order(session, plan, kind, options, who=who())
    return {"job": views.job(balancing.job(session, job_id))}


def version_of(asked: Mapping[str, Any]) -> int:
    """The version that the page shows; Invalid if it says none."""
    version = asked.get("version")
    if not isinstance(version, int):
        raise no_edit()
    return version
