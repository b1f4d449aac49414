"""Rebalancing in the background: ordered, told how far it is, cancelled, taken over in part.

An order is a row and a job of Procrastinate in one transaction. The worker computes in a process of
its own, so that cancelling ends it at once; what it found is written in one transaction at the end.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import shapely
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from gisgrid.crs import to_metric
from gisgrid.db.store import raw, transaction
from gisgrid.errors import Conflict, GisgridError, Invalid, NotFound
from gisgrid.events.upkeep import keep_up
from gisgrid.plans import plans
from gisgrid.plans.afresh import drawn, never_planned, taken_over
from gisgrid.plans.bench import Bench
from gisgrid.plans.drafts import codes_ever
from gisgrid.plans.drawn import drawn_notes
from gisgrid.plans.edits import give
from gisgrid.plans.fetch import plan_state, today
from gisgrid.plans.levelling import known_levels, refuse_empty
from gisgrid.plans.loads import event_days
from gisgrid.plans.mending import stray_grids
from gisgrid.plans.moves import locks_of
from gisgrid.plans.plans import PlanInfo, plan_by_id
from gisgrid.plans.rebalance import Proposal, propose
from gisgrid.plans.refusals import ScenarioLocks
from gisgrid.plans.scenarios import scenario
from gisgrid.plans.state import NO_ROW, Grids
from gisgrid.plans.task import prepare
from gisgrid.plans.weighing import plan_weighing
from gisgrid.plans.wishes import Wishes

QUEUE, TASK = "bench", "bench.job"
UPKEEP, KEEP_UP = "upkeep", "events.keep_up"
EVERY = "* * * * *"
"""When clocks are judged and emergencies ended, as a line of cron: each minute."""
_OPTIONS = "-c search_path=procrastinate,public"
LOOK_S = 0.3
"""How often the worker looks whether its job was cancelled."""


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
        text("SELECT id FROM job WHERE plan_id = :p AND state IN ('waiting', 'running')"),
        {"p": plan.id},
    )
    if busy:
        raise Conflict(
            f"Plan {plan.name!r} is being rebalanced already.",
            zh=f"方案“{plan.name}”正在均衡计算中。",
            job=busy,
        )
    job_id = session.scalar(
        text(
            "INSERT INTO job (plan_id, kind, wishes, who) "
            "VALUES (:p, 'rebalance', CAST(:w AS jsonb), :who) RETURNING id"
        ),
        {"p": plan.id, "w": json.dumps(asdict(wishes)), "who": who},
    )
    assert isinstance(job_id, int)  # noqa: S101 - narrows the type
    before = session.scalar(text("SHOW search_path"))
    session.execute(text("SET LOCAL search_path = procrastinate, public"))
    App(connector=SyncPsycopgConnector()).configure_task(
        TASK, queue=QUEUE, lock=QUEUE, connection=raw(session)
    ).defer(job_id=job_id)
    session.execute(text("SELECT set_config('search_path', :path, true)"), {"path": before})
    return job_id


def job(session: Session, job_id: int) -> JobInfo:
    """A job by its number; NotFound if there is none."""
    row = session.execute(text(_JOB + " WHERE id = :id"), {"id": job_id}).one_or_none()
    if row is None:
        raise NotFound(f"There is no job {job_id}.", zh=f"没有编号为 {job_id} 的任务。")
    return JobInfo(**row._mapping)


def last_job(session: Session, plan_id: int) -> JobInfo | None:
    """The newest job of a plan."""
    row = session.execute(
        text(_JOB + " WHERE plan_id = :p ORDER BY id DESC LIMIT 1"), {"p": plan_id}
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


def work(engine: Engine, *, once: bool = False) -> None:
    """Take orders from the queue and do them, until stopped; with ``once`` only those that wait.

    Beside them cases are kept up, at once and every minute.
    """
    url = engine.url.render_as_string(hide_password=False)
    conninfo = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    app = App(connector=PsycopgConnector(conninfo=conninfo, kwargs={"options": _OPTIONS}))

    @app.task(name=TASK, queue=QUEUE)
    def run(job_id: int) -> None:
        run_job(url, job_id)

    @app.periodic(cron=EVERY)
    @app.task(name=KEEP_UP, queue=UPKEEP, queueing_lock=KEEP_UP)
    def upkeep(timestamp: int) -> None:
        keep_up(engine, datetime.now(UTC))

    keep_up(engine, datetime.now(UTC))
    with transaction(engine) as session:
        # What a worker that was killed left behind will never end by itself.
        session.execute(
            text(
                "UPDATE job SET state = 'failed', ended_at = now(), "
                "failed = 'The worker was stopped.', failed_zh = '后台程序已停止。' "
                "WHERE state = 'running'"
            )
        )
    # Two at a time, of which the lock lets only one be a computation.
    app.run_worker(queues=[QUEUE, UPKEEP], wait=not once, concurrency=2, delete_jobs="always")


def run_job(url: str, job_id: int) -> None:
    """Compute a job in a process of its own; end that when the job is cancelled."""
    engine = create_engine(url)
    try:
        with transaction(engine) as session:
            started = session.scalar(
                text(
                    "UPDATE job SET state = 'running' WHERE id = :id AND state = 'waiting' "
                    "RETURNING id"
                ),
                {"id": job_id},
            )
        if started is None:
            return
        child = multiprocessing.get_context("spawn").Process(target=compute, args=(url, job_id))
        child.start()
        while child.is_alive():
            child.join(LOOK_S)
            with transaction(engine, read_only=True) as session:
                state = job(session, job_id).state
            if state == "cancelled":
                child.kill()
        with transaction(engine) as session:
            session.execute(
                text(
                    "UPDATE job SET state = 'failed', ended_at = now(), "
                    "failed = 'The computation broke off (' || :code || ').', "
                    "failed_zh = '计算意外中断（' || :code || '）。' "
                    "WHERE id = :id AND state = 'running'"
                ),
                {"id": job_id, "code": str(child.exitcode)},
            )
    finally:
        engine.dispose()


def compute(url: str, job_id: int) -> None:
    """Do a job and write what came of it, unless it was cancelled meanwhile."""
    engine = create_engine(url)

    def tell(done: int, total: int | None, doing: str) -> None:
        with transaction(engine) as session:
            session.execute(
                text("UPDATE job SET done = :done, total = :total, doing = :doing WHERE id = :id"),
                {"done": done, "total": total, "doing": doing, "id": job_id},
            )

    try:
        tell(0, 4, "reading")
        with transaction(engine, read_only=True) as session:
            row = session.execute(
                text("SELECT plan_id, wishes FROM job WHERE id = :id"), {"id": job_id}
            ).one()
            plan = plan_by_id(session, row.plan_id)
            place = plans.township_by_id(session, plan.township_id)
            state = plan_state(session, place, plan, today(place))
            weighing = plan_weighing(session, plan)
            taken, first = codes_ever(session, place.id), never_planned(session, place)
            version = scenario(session, plan.id).version
        wishes = replace(Wishes.of(row.wishes), by_street=weighing.by_street)
        task = prepare(state, weighing.weights, wishes, taken=taken, progress=tell)
        found = propose(task, progress=tell)
        grids = drawn(place, found, first=first) if wishes.afresh else []
        ground = {} if wishes.afresh else new_ground(found)
        kept = {"drawn": grids, "ground": ground, "version": version}
        _end(engine, job_id, "done", result=told(found) | kept)
    except GisgridError as exc:
        _end(engine, job_id, "failed", failed=exc.message, failed_zh=exc.zh)
    finally:
        engine.dispose()


def new_ground(found: Proposal) -> dict[str, str]:
    """The polygons that a proposal draws anew, by code, as WKB in hexadecimal."""
    before = found.task.state.grids
    other = np.flatnonzero(~shapely.equals_identical(before.lonlat, found.lonlat))
    wkb = shapely.to_wkb(found.lonlat[other], hex=True)
    return dict(zip(before.code[other].tolist(), wkb.tolist(), strict=True))


def told(found: Proposal) -> dict[str, Any]:
    """A proposal as it is kept: who moves, the grids before and after, what was reached.

    All figures are counted under the drawn plan.
    """
    result = found.result
    days = event_days(found.task.state, found.task.weights)
    return {
        "moves": [
            {
                "from_grid": m.from_grid,
                "to_grid": m.to_grid,
                "community": m.community,
                "houses": list(m.houses),
                "households": m.households,
                "residents": m.residents,
                "minutes": m.minutes,
            }
            for m in found.moves
        ],
        "grids": [asdict(g) for g in found.grids],
        "level": found.task.wishes.levelled,
        "tolerance": found.task.wishes.tolerance,
        "max_deviation": result.max_deviation,
        "rounds": found.settled.rounds,
        "moved_cost": result.moved_cost,
        "bound": result.bound,
        "houses_moved": found.houses_moved,
        "residents_moved": found.residents_moved,
        "compactness": result.compactness,
        "reasons": [list(reason) for reason in found.reasons],
        "notes": [
            *([[days.en, days.zh]] if found.task.wishes.levelled == "work" else []),
            *(list(note) for note in drawn_notes(found.settled.drawn)),
        ],
        "left_out": [
            {
                "community": left.community,
                "en": left.en,
                "zh": left.zh,
                "grids": stray_grids(found.task.state, left.grids)
                if left.cause == "across"
                else [],
            }
            for left in found.task.left_out
        ],
        "faults": [r.name for r in found.faults],
    }


def _end(engine: Engine, job_id: int, state: str, **values: Any) -> None:
    result = values.get("result")
    with transaction(engine) as session:
        session.execute(
            text(
                "UPDATE job SET state = :state, ended_at = now(), result = CAST(:result AS jsonb), "
                "failed = :failed, failed_zh = :failed_zh WHERE id = :id AND state = 'running'"
            ),
            {
                "id": job_id,
                "state": state,
                "result": None if result is None else json.dumps(result, ensure_ascii=False),
                "failed": values.get("failed"),
                "failed_zh": values.get("failed_zh"),
            },
        )


_JOB = """
SELECT id, plan_id, kind, state, done, total, doing, result, failed, failed_zh, who, ordered_at,
       ended_at FROM job
"""
