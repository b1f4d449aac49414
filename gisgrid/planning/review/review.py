"""The way of a plan: draft → in review → returned or approved → notified → published.

The township draws and submits; the county reviews; the departments are notified; then the plan is
published for a day in one step, and until that day it can be withdrawn. Each step is kept with who and why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, Invalid
from gisgrid.core.messages import message, together
from gisgrid.core.plans import PlanInfo, TownshipInfo, newest_plan, plan_by_id, township_by_id
from gisgrid.planning.balancing.from_scratch import begun
from gisgrid.planning.balancing.rebalance import GROUND_CHECKS
from gisgrid.planning.checks.checks import run_checks
from gisgrid.planning.checks.findings import CheckResult
from gisgrid.planning.editor.compare import Successor, crosswalk
from gisgrid.planning.editor.editor import Editor
from gisgrid.planning.editor.mending import WAYS_ON
from gisgrid.planning.editor.scenarios import base_editor, refuse_stale, scenario_editor
from gisgrid.planning.review import publish as publishing
from gisgrid.planning.snapshot.fetch import limits_of, plan_grids, plan_state, today
from gisgrid.planning.snapshot.regrid import on_grids
from gisgrid.planning.snapshot.snapshot import PlanSnapshot

BLOCKING = (*GROUND_CHECKS, "no_grid", "no_host", "empty_grid")
"""Checks in which a plan may not fail in more places than the plan it replaces."""

UNREVIEWED = "unreviewed"
"""The reason that is kept where a plan was published without review."""

STEPS: dict[str, tuple[tuple[str, ...], str]] = {
    "submit": (("draft", "returned"), "in_review"),
    "return": (("in_review", "approved", "notified"), "returned"),
    "approve": (("in_review",), "approved"),
    "notify": (("approved",), "notified"),
}
"""Verb → states it starts from, and the state it leads to."""


@dataclass(frozen=True)
class ReviewStep:
    from_state: str
    to_state: str
    who: str
    reason: str
    at: datetime


@dataclass(frozen=True)
class PublishedPlan:
    """What a publication did."""

    plan: PlanInfo
    """As it is now: in force, or waiting for its day."""
    counts: dict[str, Any]
    """Attach counts of houses and events."""
    successors: tuple[Successor, ...]


def take_step(
    session: Session, place: TownshipInfo, plan: PlanInfo, step: str, *, who: str, reason: str = ""
) -> PlanInfo:
    """The plan after a step of `STEPS`.

    Raises
    ------
    Conflict
        The plan is in another state, fails a blocking check, or who approves is who submitted.
    StalePlan
        The plan it was drawn from is no longer the newest one.
    Invalid
        A plan is returned without a reason, or there is no such step.
    """
    if step not in STEPS:
        raise Invalid("There is no step {step!r}; known: {known}.", step=step, known=list(STEPS))
    _hold(session, place)
    plan = plan_by_id(session, plan.id)
    states, to = STEPS[step]
    if plan.state not in states:
        raise Conflict(
            "Plan {plan!r} is {state}; to {step} it, it must be one of {states}.",
            plan=plan.name,
            step=step,
            states=list(states),
            state=plan.state,
        )
    if step == "return" and not reason.strip():
        raise Invalid("A plan is returned with a reason.")
    if step != "return":
        refuse_stale(session, plan)
    if step == "submit":
        refuse_failing(session, place, plan)
    if step == "approve":
        submitted = [s.who for s in steps(session, plan.id) if s.to_state == "in_review"]
        if submitted and submitted[-1] == who:
            raise Conflict("{who} submitted this plan; somebody else must approve it.", who=who)
    session.execute(text("UPDATE plan SET state = :to WHERE id = :p"), {"to": to, "p": plan.id})
    _keep(session, plan.id, plan.state, to, who=who, reason=reason)
    return plan_by_id(session, plan.id)


def publish(
    session: Session,
    place: TownshipInfo,
    plan: PlanInfo,
    first_day: date,
    *,
    who: str,
    unreviewed: bool = False,
) -> PublishedPlan:
    """Publish a plan for a day: checks, successors, `gisgrid.planning.review.publish.publish`, in one transaction.

    Parameters
    ----------
    unreviewed
        Publish a draft without review; the record says so.

    Raises
    ------
    StalePlan, Conflict
        As `gisgrid.planning.review.publish.publish`; the plan was not reviewed; it fails a blocking check; or
        somebody published it already.
    """
    # Two who publish at once wait here for each other; the second sees what the first did.
    _hold(session, place)
    plan = plan_by_id(session, plan.id)
    before = newest_plan(session, place.id)
    if plan.state == "published":
        last = steps(session, plan.id)
        raise Conflict(
            "Plan {plan!r} was published already by {who}.",
            plan=plan.name,
            who=last[-1].who if last else message("somebody"),
            state=plan.state,
        )
    refuse_stale(session, plan)
    if plan.state != "notified" and not unreviewed:
        raise Conflict(
            "Plan {plan!r} is {state}; a plan is published after review and notification.",
            plan=plan.name,
            state=plan.state,
        )
    successors: tuple[Successor, ...] = ()
    if before is not None:
        refuse_failing(session, place, plan)
        old, new = editors(session, place, plan, before)
        successors = tuple(crosswalk(old, new))
    counts = publishing.publish(session, plan.id, first_day)
    _keep(
        session, plan.id, plan.state, "published", who=who,
        reason=UNREVIEWED if plan.state != "notified" else "",
    )  # fmt: skip
    if successors:
        session.execute(
            text(
                "INSERT INTO grid_successor "
                "(plan_id, old_code, new_code, houses, households, residents, share) VALUES "
                "(:plan, :old_code, :new_code, :houses, :households, :residents, :share)"
            ),
            [{"plan": plan.id, **vars(s)} for s in successors],
        )
    return PublishedPlan(plan_by_id(session, plan.id), counts, successors)


def withdraw(
    session: Session, place: TownshipInfo, plan: PlanInfo, *, who: str, reason: str
) -> PlanInfo:
    """The plan as it stood before it was published for a day that has not come yet.

    From there it is published for another day, or returned and drawn on.

    Raises
    ------
    Conflict
        As `gisgrid.planning.review.publish.withdraw`.
    Invalid
        There is no reason.
    """
    if not reason.strip():
        raise Invalid("A plan is withdrawn with a reason.")
    _hold(session, place)
    before = [s.from_state for s in steps(session, plan.id) if s.to_state == "published"]
    plan = publishing.withdraw(session, plan.id, before[-1] if before else "draft")
    _keep(session, plan.id, "published", plan.state, who=who, reason=reason)
    return plan


def first_day(session: Session, plan: PlanInfo) -> date:
    """The first day that is offered for a plan: the township's tomorrow, or after the newest's first."""
    tomorrow = today(township_by_id(session, plan.township_id)) + timedelta(days=1)
    newest = newest_plan(session, plan.township_id)
    if newest is None or newest.id == plan.id or newest.valid_from is None:
        return tomorrow
    return max(tomorrow, newest.valid_from + timedelta(days=1))


def steps(session: Session, plan_id: int) -> list[ReviewStep]:
    """The steps of a plan so far, oldest first."""
    rows = session.execute(
        text(
            "SELECT from_state, to_state, who, reason, at FROM plan_step WHERE plan_id = :p "
            "ORDER BY id"
        ),
        {"p": plan_id},
    )
    return [ReviewStep(**row._mapping) for row in rows]


def editors(
    session: Session, place: TownshipInfo, plan: PlanInfo, before: PlanInfo
) -> tuple[Editor, Editor]:
    """Two plans over the same houses, the one before first; the work counted as ``plan`` has it."""
    old = base_editor(session, place, plan, before)
    return old, scenario_editor(session, place, plan, old)


def failing(session: Session, place: TownshipInfo, plan: PlanInfo) -> list[CheckResult]:
    """Blocking checks in which a plan fails in more places than the one it is to replace.

    The first plan is held to its communities as they are: what no drawing can mend does not count.
    """
    limits = limits_of(session, place.id)
    state = plan_state(session, place, plan, today(place))
    return worse(session, place, plan, state, run_checks(state, limits, only=BLOCKING))


def worse(
    session: Session,
    place: TownshipInfo,
    plan: PlanInfo,
    state: PlanSnapshot,
    results: Sequence[CheckResult],
) -> list[CheckResult]:
    """Of the answers of a plan's checks those that keep it from being published, as `failing`.

    Parameters
    ----------
    state, results
        The plan, and what its checks say; of `BLOCKING` at least.
    """
    newest = newest_plan(session, place.id)
    known: dict[str, int] = {}
    if newest is None or newest.id != plan.id:
        # The houses are the same; only the grids are others.
        before = begun(state) if newest is None else on_grids(
            state, plan_grids(session, place, newest)
        )  # fmt: skip
        found = run_checks(before, limits_of(session, place.id), only=BLOCKING)
        known = {r.name: len(r.findings) for r in found}
    return [
        r for r in results
        if r.name in BLOCKING and r.status == "fail" and len(r.findings) > known.get(r.name, 0)
    ]  # fmt: skip


def refuse_failing(session: Session, place: TownshipInfo, plan: PlanInfo) -> None:
    """Conflict, with the first finding, if a blocking check fails more than in the plan before."""
    worse = failing(session, place, plan)
    if worse:
        first = worse[0].findings[0]
        limits = limits_of(session, place.id)
        ways = [
            message(WAYS_ON[r.name], name=plan.name, **asdict(limits))
            for r in worse
            if r.name in WAYS_ON
        ]
        raise Conflict(
            "Plan {plan!r} fails the check “{title}”: {first}.{ways}",
            plan=plan.name,
            title=worse[0].title,
            first=first.said,
            ways=message(" {ways}", ways=together(ways)) if ways else "",
            checks=[r.name for r in worse],
            grids=list(first.grids),
        )


def _hold(session: Session, place: TownshipInfo) -> None:
    session.execute(text("SELECT hold_township(:t)"), {"t": place.id})


def _keep(
    session: Session, plan_id: int, before: str, after: str, *, who: str, reason: str
) -> None:
    session.execute(
        text(
            "INSERT INTO plan_step (plan_id, from_state, to_state, who, reason) "
            "VALUES (:p, :before, :after, :who, :reason)"
        ),
        {"p": plan_id, "before": before, "after": after, "who": who, "reason": reason.strip()},
    )
