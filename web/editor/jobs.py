"""What the editor has the worker do: proposals, and the work of seconds that nobody waits for at the door."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid, NotFound
from gisgrid.jobs import balancing, quick
from gisgrid.planning.balancing.options import LEVELS, BalanceOptions, Level
from web.editor import json as views
from web.editor.orders import ordered
from web.editor.store import at_hand, placed, planning, who
from web.editor.views import as_json, blueprint, body, number, of_size


@blueprint.post("/<int:plan_id>/rebalance")
def rebalance(plan_id: int) -> Response:
    """Order a proposal from the background worker; locked grids stay. With ``size``: drawn anew.

    ``far``: houses may go to any grid of their community; ``level``: what grids are made even in.
    """
    asked = body()
    tolerance = asked.get("tolerance", 0.01)
    if not isinstance(tolerance, int | float) or not 0 <= tolerance <= 1:
        raise Invalid("The tolerance is a share from 0 to 1.")
    if "size" in asked:
        options = of_size(str(asked["size"]), str(asked.get("size_in")), float(tolerance))
        with planning() as session:
            _, plan = placed(session, plan_id, "plan")
            job_id = balancing.order_rebalance(session, plan, options, who=who())
            return as_json({"job": views.job(balancing.job(session, job_id))})
    with planning() as session:
        _, plan = placed(session, plan_id, "plan")
        options = BalanceOptions(
            tolerance=float(tolerance), level=level_of(asked), far=asked.get("far") is True
        )
        job_id = balancing.order_rebalance(session, plan, options, who=who())
        return as_json({"job": views.job(balancing.job(session, job_id))})


@blueprint.post("/<int:plan_id>/look")
def look(plan_id: int) -> Response:
    """Order what a proposal, or a part of it, would change, without keeping it."""
    asked = body()
    with planning() as session:
        _, plan = placed(session, plan_id, "plan")
        return as_json(ordered(session, plan, "show", asked))


@blueprint.get("/<int:plan_id>/job.json")
def job(plan_id: int) -> Response:
    """A job of a scenario: the newest rebalancing, or the one of an ``id``.

    With ``taken``: only the newest proposal's number, and which of its moves the scenario has.
    """
    asked = request.args.get("id")
    with planning(read_only=True) as session:
        placed(session, plan_id, "plan", "review")
        if "taken" in request.args:
            _, _, version, editor = at_hand(session, plan_id, "plan", "review")
            return as_json({"version": version, "taken": views.taken(session, plan_id, editor)})
        found = (
            balancing.last_job(session, plan_id)
            if asked is None
            else of_plan(session, plan_id, asked)
        )
        return as_json({"job": views.job(found)})


def of_plan(session: Session, plan_id: int, job_id: str) -> balancing.JobInfo:
    """A job by its number; NotFound unless it is the scenario's."""
    found = balancing.job(session, number(job_id))
    if found.plan_id != plan_id:
        raise NotFound("There is no job {job_id}.", job_id=job_id)
    return found


@blueprint.post("/<int:plan_id>/job/cancel")
def cancel(plan_id: int) -> Response:
    """Stop a job of a scenario: the newest rebalancing, or the one of an ``id``."""
    asked = request.args.get("id")
    with planning() as session:
        placed(session, plan_id, "plan")
        found = (
            balancing.last_job(session, plan_id)
            if asked is None
            else of_plan(session, plan_id, asked)
        )
        if found is not None:
            balancing.cancel(session, found.id)
            found = balancing.job(session, found.id)
        return as_json({"job": views.job(found)})


@blueprint.post("/<int:plan_id>/check")
def check(plan_id: int) -> Response:
    """Order all checks of a scenario; the job tells what they say."""
    with planning() as session:
        _, plan = placed(session, plan_id, "plan", "review")
        job_id = quick.order(session, plan, "check", {}, who=who())
        return as_json({"job": views.job(balancing.job(session, job_id))})


def level_of(asked: dict[str, Any]) -> Level:
    """What grids are to be made even in, the work if nothing is said; Invalid if there is no such thing."""
    level = LEVELS.get(str(asked.get("level", "work")))
    if level is None:
        raise Invalid("Grids are made even in {known}.", known=list(LEVELS))
    return level
