"""Rebalancing in the background: ordered, told how far it is, cancelled, taken over in part.

An order is a row and a job of Procrastinate in one transaction; ``worker`` does it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
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
from gisgrid.jobs.names import COMPLETE, QUEUE, REBALANCE, SCHEDULED, TASK
from gisgrid.planning.balancing.from_scratch import taken_over
from gisgrid.planning.balancing.inputs import refuse_locks
from gisgrid.planning.balancing.levelling import known_levels, refuse_empty
from gisgrid.planning.balancing.options import BalanceOptions
from gisgrid.planning.editor.editor import Editor
from gisgrid.planning.editor.edits import give
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
    who: str
    ordered_at: datetime
    ended_at: datetime | None
    attempts: int
    """How often a worker has begun it."""


def order_rebalance(session: Session, plan: PlanInfo, options: BalanceOptions, *, who: str) -> int:
    """Have a plan rebalanced, or drawn from scratch, in the background; the number of the job.

    Raises
    ------
    Conflict
        A rebalancing of this plan waits or runs already; or it is to be drawn from scratch and has locks.
    Invalid
        Nothing is known of what is to be levelled; the error names what is.
    """
    place = plans.township_by_id(session, plan.township_id)
    weights = plan_weighing(session, plan).weights
    refuse_empty(options, known_levels(session, place, weights))
    refuse_locks(session, plan, options)
    busy = session.scalar(
        text(
            "SELECT id FROM job WHERE plan_id = :p AND kind = :kind "
            "AND state IN ('waiting', 'running')"
        ),
        {"p": plan.id, "kind": REBALANCE},
    )
    if busy:
        raise Conflict("Plan {plan!r} is being rebalanced already.", plan=plan.name, job=busy)
    job_id = insert(session, plan, REBALANCE, asdict(options), who=who)
    queue(session, TASK, QUEUE, lock=QUEUE, job_id=job_id)
    return job_id


def insert(
    session: Session, plan: PlanInfo, kind: str, options: Mapping[str, Any], *, who: str
) -> int:
    """The number of a new job of a plan, which the queue must be told of."""
    job_id = session.scalar(
        text(
            "INSERT INTO job (plan_id, kind, options, who) "
            "VALUES (:p, :kind, CAST(:w AS jsonb), :who) RETURNING id"
        ),
        {"p": plan.id, "kind": kind, "w": json.dumps(options), "who": who},
    )
    assert isinstance(job_id, int)  # noqa: S101 - narrows the type
    return job_id


def order_completion(session: Session, plan: PlanInfo) -> None:
    """Have everything attached to a plan in the background, a part at a time."""
    queue(session, COMPLETE, SCHEDULED, lock=f"{COMPLETE}-{plan.id}", plan_id=plan.id)


def job(session: Session, job_id: int) -> JobInfo:
    """A job by its number; NotFound if there is none."""
    row = session.execute(text(_JOB + " WHERE id = :id"), {"id": job_id}).one_or_none()
    if row is None:
        raise NotFound("There is no job {job_id}.", job_id=job_id)
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
    editor: Editor,
    found: JobInfo,
    moves: Collection[int] | None = None,
    *,
    version: int = 0,
    back: bool = False,
    ground: Mapping[str, str] | None = None,
) -> Grids:
    """The grids after a proposal, or some moves of it, were taken over.

    A proposal is for the ground it was made on: what was edited and taken back leaves it as good as new.

    Parameters
    ----------
    version
        Of the scenario, by which a proposal that does not say its ground is known to be for it.
    moves
        Numbers of moves in ``found.result["moves"]``; None for all.
    back
        The houses go back to the grids that they were to come from.
    ground
        With ``back``: the polygons, by code, that the moves were taken over from (`gisgrid.jobs.taking`).
        They are put back as they were; without them the border is drawn anew about the houses.

    Raises
    ------
    Conflict
        The job has no proposal, or the scenario is not what the proposal was made for.
    Invalid
        There is no such move; or what was drawn from scratch is to go back.
    """
    if found.state != "done" or found.result is None:
        raise Conflict("This job has no proposal.", state=found.state)
    made_for = found.result.get("made_for")
    same = (
        version == found.result["version"]
        if made_for is None
        else made_for == editor.state.grids.ground_key
    )
    if found.result.get("drawn"):
        if back:
            raise Invalid("A plan drawn from scratch is undone, not taken back.")
        if not same:
            raise _edited_since()
        if moves is not None:
            raise Invalid("A plan drawn from scratch is taken over whole.")
        return taken_over(editor, found.result["drawn"])
    every = found.result["moves"]
    chosen = range(len(every)) if moves is None else sorted(set(moves))
    drawn = found.result.get("ground")
    if drawn and same and not back and len(chosen) == len(every):
        # The very polygons that were drawn and counted.
        return _with_polygons(editor, drawn)
    if any(not 0 <= k < len(every) for k in chosen):
        raise Invalid("There is no such move in the proposal.")
    grid_of = _grid_of(editor)
    to: dict[int, str] = {}
    for k in chosen:
        for code in every[k]["houses"]:
            row, here = grid_of(code)
            if row is None or here not in (every[k]["from_grid"], every[k]["to_grid"]):
                raise _edited_since(house=code)
            to[row] = every[k]["from_grid" if back else "to_grid"]
    if back and ground:
        return _with_polygons(editor, ground)
    return give(editor, to)


def _grid_of(editor: Editor) -> Callable[[str], tuple[int | None, str]]:
    """The row of a house by its code, None if there is none, and the code of its grid, empty for none."""
    houses, codes = editor.state.houses, editor.state.grids.code
    row_of = {code: k for k, code in enumerate(houses.code.tolist())}

    def grid(code: str) -> tuple[int | None, str]:
        row = row_of.get(code)
        at = NO_ROW if row is None else houses.grid[row]
        return row, "" if at < 0 else codes[at]

    return grid


def queue(session: Session, task: str, queue: str, *, lock: str, **values: int) -> None:
    """Put a task into the queue, with the transaction."""
    before = session.scalar(text("SHOW search_path"))
    session.execute(text("SET LOCAL search_path = procrastinate, public"))
    App(connector=SyncPsycopgConnector()).configure_task(
        task, queue=queue, lock=lock, connection=raw(session)
    ).defer(**values)
    session.execute(text("SELECT set_config('search_path', :path, true)"), {"path": before})


def _with_polygons(editor: Editor, ground: Mapping[str, str]) -> Grids:
    grids = editor.state.grids
    rows = np.array([editor.row_of[code] for code in ground], dtype=np.int64)
    lonlat, metric = grids.lonlat.copy(), grids.metric.copy()
    lonlat[rows] = shapely.from_wkb(np.array(list(ground.values()), dtype=object))
    metric[rows] = to_metric(lonlat[rows], editor.state.srid)
    return replace(grids, lonlat=lonlat, metric=metric)


def _edited_since(**facts: Any) -> Conflict:
    return Conflict("The scenario was edited since; have it rebalanced again.", **facts)


_JOB = """
SELECT id, plan_id, kind, state, done, total, doing, result, failed, who, ordered_at,
       ended_at, attempts FROM job
"""
