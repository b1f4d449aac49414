"""Rebalancing in the background: ordered, told how far it is, cancelled, taken over in part.

An order is a row and a job of Procrastinate in one transaction; ``worker`` does it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from procrastinate import App, SyncPsycopgConnector
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core import plans
from gisgrid.core.crs import to_metric
from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.core.plans import PlanInfo
from gisgrid.db.store import raw
from gisgrid.jobs.names import COMPLETE, QUEUE, REBALANCE, TASK, UPKEEP
from gisgrid.planning.balancing.from_scratch import taken_over
from gisgrid.planning.balancing.levelling import known_levels, refuse_empty
from gisgrid.planning.balancing.options import Wishes
from gisgrid.planning.editor.bench import Bench
from gisgrid.planning.editor.edits import give
from gisgrid.planning.editor.moves import locks_of
from gisgrid.planning.editor.refusals import ScenarioLocks
from gisgrid.planning.snapshot.snapshot import NO_ROW, Grids
from gisgrid.planning.workload.weighing import plan_weighing


@dataclass(frozen=True)
class JobInfo:
    """A job as it stands."""

    id: int
    plan_id: int
    kind: str
    state: str
    done: int
    total: int | None
    doing: str
    result: dict[str, Any] | None
    failed: str | None
    failed_zh: str | None
    who: str
    ordered_at: datetime
    ended_at: datetime | None
    attempts: int
    """How often a worker has begun it."""


def order_rebalance(session: Session, plan: PlanInfo, wishes: Wishes, *, who: str) -> int:
    """Have a plan rebalanced, or drawn afresh, in the background; the number of the job.

    Raises
    ------
    Conflict
        A rebalancing of this plan waits or runs already; or it is to be drawn afresh and has locks.
    Invalid
        Nothing is known of what is to be levelled; the error names what is.
    """
    place = plans.township_by_id(session, plan.township_id)
    weights = plan_weighing(session, plan).weights
    refuse_empty(wishes, known_levels(session, place, weights))
    if wishes.afresh and locks_of(session, plan.id) != ScenarioLocks():
        raise Conflict(
            "Drawn afresh, a scenario keeps none of its locks; take them away first.",
            zh="重新划分不保留锁定；请先解除该方案中的锁定。",
        )
    busy = session.scalar(
        text(
            "SELECT id FROM job WHERE plan_id = :p AND kind = :kind "
            "AND state IN ('waiting', 'running')"
        ),
        {"p": plan.id, "kind": REBALANCE},
    )
    if busy:
        raise Conflict(
            f"Plan {plan.name!r} is being rebalanced already.",
            zh=f"方案“{plan.name}”正在均衡计算中。",
            job=busy,
        )
    job_id = insert(session, plan, REBALANCE, asdict(wishes), who=who)
    queue(session, TASK, QUEUE, lock=QUEUE, job_id=job_id)
    return job_id


def insert(
    session: Session, plan: PlanInfo, kind: str, wishes: Mapping[str, Any], *, who: str
) -> int:
    """The number of a new job of a plan, which the queue must be told of."""
    job_id = session.scalar(
        text(
            "INSERT INTO job (plan_id, kind, wishes, who) "
            "VALUES (:p, :kind, CAST(:w AS jsonb), :who) RETURNING id"
        ),
        {"p": plan.id, "kind": kind, "w": json.dumps(wishes), "who": who},
    )
    assert isinstance(job_id, int)  # noqa: S101 - narrows the type
    return job_id


def order_completion(session: Session, plan: PlanInfo) -> None:
    """Have everything attached to a plan in the background, a part at a time."""
    queue(session, COMPLETE, UPKEEP, lock=f"{COMPLETE}-{plan.id}", plan_id=plan.id)


def job(session: Session, job_id: int) -> JobInfo:
    """A job by its number; NotFound if there is none."""
    row = session.execute(text(_JOB + " WHERE id = :id"), {"id": job_id}).one_or_none()
    if row is None:
        raise NotFound(f"There is no job {job_id}.", zh=f"没有编号为 {job_id} 的任务。")
    return JobInfo(**row._mapping)


def last_job(session: Session, plan_id: int) -> JobInfo | None:
    """The newest rebalancing of a plan."""
    row = session.execute(
        text(_JOB + " WHERE plan_id = :p AND kind = :kind ORDER BY id DESC LIMIT 1"),
        {"p": plan_id, "kind": REBALANCE},
    ).one_or_none()
    return None if row is None else JobInfo(**row._mapping)


def cancel(session: Session, job_id: int) -> None:
    """Stop a job that waits or runs; one that ended stays as it is."""
    session.execute(
        text(
            "UPDATE job SET state = 'cancelled', ended_at = now() "
            "WHERE id = :id AND state IN ('waiting', 'running')"
        ),
        {"id": job_id},
    )


def accepted(
    bench: Bench, found: JobInfo, moves: Collection[int] | None = None, *, version: int = 0
) -> Grids:
    """The grids after a proposal, or some moves of it, were taken over.

    Parameters
    ----------
    version
        Of the scenario; a proposal that was drawn afresh is for one version, and is taken over whole.
    moves
        Numbers of moves in ``found.result["moves"]``; None for all.

    Raises
    ------
    Conflict
        The job has no proposal, or the scenario is not what the proposal was made for.
    Invalid
        There is no such move.
    """
    if found.state != "done" or found.result is None:
        raise Conflict(
            "This job has no proposal.", zh="该任务没有可采纳的建议。", state=found.state
        )
    if found.result.get("drawn"):
        if version != found.result["version"]:
            raise _edited_since()
        if moves is not None:
            raise Invalid(
                "A plan drawn afresh is taken over whole.", zh="重新划分的方案只能整体采纳。"
            )
        return taken_over(bench, found.result["drawn"])
    every = found.result["moves"]
    chosen = range(len(every)) if moves is None else sorted(set(moves))
    ground = found.result.get("ground")
    if ground and version == found.result["version"] and len(chosen) == len(every):
        # The very polygons that were drawn and counted.
        return _with_polygons(bench, ground)
    if any(not 0 <= k < len(every) for k in chosen):
        raise Invalid("There is no such move in the proposal.", zh="建议中没有该项调整。")
    row_of = {code: k for k, code in enumerate(bench.state.houses.code.tolist())}
    to: dict[int, str] = {}
    for k in chosen:
        for code in every[k]["houses"]:
            row = row_of.get(code)
            at = NO_ROW if row is None else bench.state.houses.grid[row]
            here = "" if at < 0 else bench.state.grids.code[at]
            if row is None or here not in (every[k]["from_grid"], every[k]["to_grid"]):
                raise _edited_since(house=code)
            to[row] = every[k]["to_grid"]
    return give(bench, to)


def queue(session: Session, task: str, queue: str, *, lock: str, **values: int) -> None:
    """Put a task into the queue, with the transaction."""
    before = session.scalar(text("SHOW search_path"))
    session.execute(text("SET LOCAL search_path = procrastinate, public"))
    App(connector=SyncPsycopgConnector()).configure_task(
        task, queue=queue, lock=lock, connection=raw(session)
    ).defer(**values)
    session.execute(text("SELECT set_config('search_path', :path, true)"), {"path": before})


def _with_polygons(bench: Bench, ground: Mapping[str, str]) -> Grids:
    grids = bench.state.grids
    rows = np.array([bench.row_of[code] for code in ground], dtype=np.int64)
    lonlat, metric = grids.lonlat.copy(), grids.metric.copy()
    lonlat[rows] = shapely.from_wkb(np.array(list(ground.values()), dtype=object))
    metric[rows] = to_metric(lonlat[rows], bench.state.srid)
    return replace(grids, lonlat=lonlat, metric=metric)


def _edited_since(**facts: Any) -> Conflict:
    return Conflict(
        "The scenario was edited since; have it rebalanced again.",
        zh="方案此后已被修改，请重新均衡。",
        **facts,
    )


_JOB = """
SELECT id, plan_id, kind, state, done, total, doing, result, failed, failed_zh, who, ordered_at,
       ended_at, attempts FROM job
"""
