"""Keeps a proposed plan as a draft that remembers how it was made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict
from gisgrid.core.messages import kept
from gisgrid.core.plans import PlanInfo, plan_named
from gisgrid.planning.attach.attach import attach
from gisgrid.planning.balancing.rebalance import Proposal
from gisgrid.planning.workload.workload import event_days


def save_draft(session: Session, base: PlanInfo, proposal: Proposal, *, name: str) -> PlanInfo:
    """The proposal as a draft drawn from ``base``, with everything attached to it.

    Drawn from another draft it is based on what that one is based on, as a branch is.
    Codes, names, kinds, communities and hosts are those of the base; exclusive grids are copied.
    New grids have a code of their own, grids that were merged into others are left out.

    Raises
    ------
    Conflict
        The name is taken, or the proposal breaks ground that was whole.
    """
    refuse_faults(proposal)
    if session.scalar(
        text("SELECT EXISTS (SELECT FROM plan WHERE township_id = :t AND name = :n)"),
        {"t": base.township_id, "n": name},
    ):
        raise Conflict("There is a plan {name!r} already; choose another with --name.", name=name)
    plan_id = session.scalar(
        text(
            "INSERT INTO plan (township_id, name, based_on_id, branched_from_id, recipe) "
            "VALUES (:t, :n, :base, :source, CAST(:recipe AS jsonb)) RETURNING id"
        ),
        {
            "t": base.township_id,
            "n": name,
            "base": base.id if base.valid_from else base.based_on_id,
            "source": None if base.valid_from else base.id,
            "recipe": json.dumps(recipe(proposal), ensure_ascii=False),
        },
    )
    state = proposal.task.state
    grids = state.grids
    session.execute(
        text(
            "INSERT INTO grid (plan_id, code, name, kind, community_id, host, geom) "
            "SELECT :plan, :code, :name, coalesce(g.kind, 'basic'), a.id, g.host, "
            "ST_Multi(ST_SetSRID(ST_GeomFromWKB(:wkb), 4326)) "
            "FROM area a LEFT JOIN grid g ON g.plan_id = :base AND g.code = :code "
            "WHERE a.parent_id = :township AND a.code = :community"
        ),
        [
            {
                "plan": plan_id,
                "base": base.id,
                "township": base.township_id,
                "code": grids.code[k],
                "name": grids.name[k],
                "community": state.communities.code[grids.community[k]],
                "wkb": shapely.to_wkb(proposal.lonlat[k]),
            }
            for k in np.flatnonzero(~shapely.is_empty(proposal.lonlat)).tolist()
        ],
    )
    assert isinstance(plan_id, int)  # noqa: S101 - narrows the type
    attach(session, plan_id, "house")
    attach(session, plan_id, "event")
    return plan_named(session, base.township_id, name)


def refuse_faults(proposal: Proposal) -> None:
    """Conflict if a proposal breaks ground that was whole."""
    if proposal.faults:
        worst = proposal.faults[0]
        raise Conflict(
            "The new polygons fail the check “{title}”: {first}.",
            title=worst.title,
            first=worst.findings[0].said,
            check=worst.name,
        )


def free_name(session: Session, base: PlanInfo) -> str:
    """The base's name with the first free number: ``2022-b1``."""
    taken = set(
        session.scalars(
            text("SELECT name FROM plan WHERE township_id = :t"), {"t": base.township_id}
        )
    )
    return next(n for k in range(1, len(taken) + 2) if (n := f"{base.name}-b{k}") not in taken)


def codes_ever(session: Session, township_id: int) -> set[str]:
    """All codes that a grid of the township has or had in any plan."""
    return set(
        session.scalars(
            text(
                "SELECT DISTINCT g.code FROM grid g JOIN plan p ON p.id = g.plan_id "
                "WHERE p.township_id = :t"
            ),
            {"t": township_id},
        )
    )


def recipe(proposal: Proposal) -> Mapping[str, Any]:
    """How the plan was made and what it reached: all that is needed to make it again."""
    task, result = proposal.task, proposal.result
    days = event_days(task.state, task.weights)
    return {
        "made_by": "gisgrid balance",
        "as_of": str(task.state.day),
        "events_first": str(days.first),
        "events_last": str(days.last),
        "events": days.events,
        **asdict(task.options),
        "level": task.options.levelled,
        "weights_version": task.weights.version,
        "weights": task.weights.stored(),
        "moved_cost": result.moved_cost,
        "bound": result.bound,
        "max_deviation": result.max_deviation,
        "rounds": proposal.settled.rounds,
        "residents_moved": proposal.residents_moved,
        "reasons": [kept(said) for said in proposal.reasons],
    }
