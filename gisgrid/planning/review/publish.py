"""A plan gets its days: published to be in force from one on, or taken back while it waits."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict
from gisgrid.core.plans import PlanInfo, newest_plan, plan_by_id, refuse_outdated, tell_of_plans
from gisgrid.planning.attach.attach import attach


def publish(session: Session, plan_id: int, first_day: date) -> dict[str, Any]:
    """Put a plan in force from a day on and attach everything to it; the newest before ends there.

    The day may be to come: the plan then waits, and what was in force stays so until the day before.

    Returns the attach counts of houses and events.

    Raises
    ------
    StalePlan
        The plan was drawn from one that is no longer the newest.
    Conflict
        The plan is neither a draft nor on its way through review, has no grids, or the day is not
        later than the first day of the newest plan.
    """
    plan = _held(session, plan_id)
    if plan.state not in ("draft", "in_review", "notified"):
        raise Conflict(
            "Plan {plan!r} is {state}; only a draft or a plan that the departments were notified of can be "
            "published.",
            plan=plan.name,
            state=plan.state,
        )
    if not plan.grids:
        raise Conflict("Plan {plan!r} has no grids.", plan=plan.name)
    before = newest_plan(session, plan.township_id)
    if before is not None:
        refuse_outdated(plan, before)
        _refuse_too_early(before, first_day)
        # Before the new one begins: two are never in force on one day.
        _end(session, before.id, first_day)
    session.execute(
        text(
            "UPDATE plan SET state = 'published', validity = daterange(:day, NULL) WHERE id = :id"
        ),
        {"day": first_day, "id": plan_id},
    )
    counts = {
        "houses": attach(session, plan_id, "house"),
        "events": attach(session, plan_id, "event"),
    }
    tell_of_plans(session, plan.township_id)
    return counts


def withdraw(session: Session, plan_id: int, state: str) -> PlanInfo:
    """Take back a plan that waits for its day; the plan before it has no end again.

    Parameters
    ----------
    state
        What the plan is from now on: a state in which it can be published.

    Raises
    ------
    Conflict
        The plan does not wait: it is no dated plan, or was or is in force; or another is to follow it.
    """
    plan = _held(session, plan_id)
    if plan.in_force != "later":
        raise Conflict(
            "Plan {plan!r} does not wait for its day; only a plan that is not in force yet can be withdrawn.",
            plan=plan.name,
            in_force=plan.in_force,
        )
    newest = newest_plan(session, plan.township_id)
    if newest is not None and newest.id != plan.id:
        raise Conflict(
            "Plan {newest!r} is to follow {plan!r}; withdraw it first.",
            newest=newest.name,
            plan=plan.name,
            plan_id=newest.id,
        )
    session.execute(
        text("UPDATE plan SET state = :state, validity = NULL WHERE id = :id"),
        {"state": state, "id": plan_id},
    )
    session.execute(text("DELETE FROM grid_successor WHERE plan_id = :id"), {"id": plan_id})
    before = newest_plan(session, plan.township_id)
    if before is not None and before.valid_to == plan.valid_from:
        _end(session, before.id, None)
    tell_of_plans(session, plan.township_id)
    return plan_by_id(session, plan_id)


def _refuse_too_early(newest: PlanInfo, first_day: date) -> None:
    since = newest.valid_from
    assert since is not None  # noqa: S101 - it is dated
    if first_day > since:
        return
    if newest.in_force == "later":
        raise Conflict(
            "Plan {newest!r} waits and is in force from {published_since}; to begin on {first_day}, withdraw it first: "
            "gisgrid plan withdraw {newest}.",
            newest=newest.name,
            first_day=str(first_day),
            published_since=str(since),
            plan_id=newest.id,
        )
    raise Conflict(
        "The published plan is in force since {published_since}; the next one can begin on {from_day} or later.",
        from_day=str(since + timedelta(days=1)),
        published_since=str(since),
    )


def _held(session: Session, plan_id: int) -> PlanInfo:
    """A plan as it is once nobody else can change the plans of its township."""
    # Two publishers wait for each other here; the second then sees what the first did.
    session.execute(
        text("SELECT hold_township(township_id) FROM plan WHERE id = :id"), {"id": plan_id}
    )
    session.execute(text("SELECT FROM plan WHERE id = :id FOR UPDATE"), {"id": plan_id})
    return plan_by_id(session, plan_id)


def _end(session: Session, plan_id: int, day: date | None) -> None:
    """Let a dated plan be in force until the day before one; None: until further notice."""
    session.execute(
        text(
            "UPDATE plan SET validity = daterange(lower(validity), CAST(:day AS date)) "
            "WHERE id = :id"
        ),
        {"day": day, "id": plan_id},
    )
