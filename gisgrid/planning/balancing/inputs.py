"""A plan of the store rebalanced: what is read for it, the same for the terminal and the worker.

All is read first; what follows takes minutes and needs no transaction.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.orm import Session

from gisgrid.balance.weights import Weights
from gisgrid.core.arrays import Geometries
from gisgrid.core.errors import Conflict
from gisgrid.core.plans import PlanInfo, TownshipInfo
from gisgrid.planning.balancing.drafts import codes_ever
from gisgrid.planning.balancing.from_scratch import never_planned
from gisgrid.planning.balancing.options import BalanceOptions
from gisgrid.planning.balancing.problem import BalanceProblem, prepare
from gisgrid.planning.balancing.rebalance import Proposal, propose
from gisgrid.planning.checks.checks import Tell
from gisgrid.planning.editor.moves import locks_of
from gisgrid.planning.editor.refusals import ScenarioLocks
from gisgrid.planning.snapshot.fetch import plan_state, today
from gisgrid.planning.snapshot.snapshot import PlanSnapshot
from gisgrid.planning.workload.weighing import plan_weighing


@dataclass(frozen=True, eq=False)
class BalanceInputs:
    """All that is read of a plan that is to be rebalanced."""

    state: PlanSnapshot
    weights: Weights
    options: BalanceOptions
    """With the locks of the scenario, and walks as the plan counts them."""
    barriers: Geometries | None
    taken: Collection[str]
    """Codes that no new grid may get."""
    first: bool
    """It is drawn from scratch and no plan of the township was ever published."""


def balance_inputs(
    session: Session,
    place: TownshipInfo,
    plan: PlanInfo,
    options: BalanceOptions,
    *,
    day: date | None = None,
    version: str | None = None,
    barriers: Geometries | None = None,
) -> BalanceInputs:
    """What `rebalance_plan` needs of a plan.

    Parameters
    ----------
    options
        With ``by_street`` false walks are straight; else they are as the plan was made.
    day
        The day whose houses, people and events count; None: today.
    version
        Of the weights; None: those that the plan was made with, else the newest.
    barriers
        Lines in the metric CRS that nobody walks across.

    Raises
    ------
    NotFound
        No such version of the weights.
    Conflict
        As `refuse_locks`.
    """
    refuse_locks(session, plan, options)
    weighing = plan_weighing(session, plan, version)
    state = plan_state(session, place, plan, day or today(place))
    asked = replace(options, by_street=options.by_street and weighing.by_street)
    return BalanceInputs(
        state=state,
        weights=weighing.weights,
        options=_with_locks(asked, _standing_locks(session, plan), state),
        barriers=barriers,
        taken=codes_ever(session, place.id),
        first=options.drawn_from_scratch and never_planned(session, place),
    )


def refuse_locks(session: Session, plan: PlanInfo, options: BalanceOptions) -> None:
    """Conflict if a scenario that has locks is to be drawn from scratch."""
    if options.drawn_from_scratch and _standing_locks(session, plan) != ScenarioLocks():
        raise Conflict(
            "Drawn from scratch, a scenario keeps none of its locks; take them away first."
        )


def problem_of(inputs: BalanceInputs, *, progress: Tell | None = None) -> BalanceProblem:
    """What was read, made ready to be balanced; raises as `prepare`."""
    return prepare(
        inputs.state,
        inputs.weights,
        inputs.options,
        barriers=inputs.barriers,
        taken=inputs.taken,
        progress=progress,
    )


def rebalance_plan(inputs: BalanceInputs, *, progress: Tell | None = None) -> Proposal:
    """The plan with the least change that reaches what is wished; raises as `prepare` and `propose`."""
    return propose(problem_of(inputs, progress=progress), progress=progress)


def _standing_locks(session: Session, plan: PlanInfo) -> ScenarioLocks:
    """A scenario's locks; those of a plan that was published since bind no later one."""
    return ScenarioLocks() if plan.valid_from else locks_of(session, plan.id)


def _with_locks(
    options: BalanceOptions, locks: ScenarioLocks, state: PlanSnapshot
) -> BalanceOptions:
    basic = set(state.grids.code[state.basic].tolist())
    borders = {(a, b) for a, b in map(sorted, locks.borders) if {a, b} <= basic}
    return replace(
        options,
        locks=tuple(sorted({*options.locks, *(locks.grids & basic)})),
        lock_houses=tuple(sorted({*options.lock_houses, *locks.houses})),
        lock_borders=tuple(sorted({*options.lock_borders, *borders})),
    )
