"""Who does what pages order: the queue's worker, which keeps cases up beside.

A job is computed in a process of its own, so that cancelling ends it at once; what it found is written
in one transaction at the end. One whose worker was killed is put back (``stalled``) and begun again,
``ATTEMPTS`` times at most.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from multiprocessing.context import ForkServerContext, SpawnContext
from typing import TYPE_CHECKING

import psycopg
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException, JobAborted
from procrastinate.jobs import Job
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from gisgrid.core.errors import GisgridError
from gisgrid.core.failures import failure_of
from gisgrid.core.heavy import Heavy
from gisgrid.core.messages import message, packed
from gisgrid.core.processes import beat, end_with_starter
from gisgrid.core.terminal import note
from gisgrid.db.store import open_engine, transaction
from gisgrid.jobs import drills, imports, office_jobs, outbox, stalled
from gisgrid.jobs.children import watched
from gisgrid.jobs.names import BROKE_OFF_WITH, COMPLETE, QUEUE, QUICK, SCHEDULED, TASK, THRICE
from gisgrid.jobs.scheduled import (
    by_kind,
    complete_plan,
    complete_plans,
    keep_up,
    note_runs,
    plans_turned,
    timed,
)
from gisgrid.jobs.stalled import Pulse, look, look_once
from gisgrid.jobs.studies import watch

if TYPE_CHECKING:
    from gisgrid.jobs import computing, quick
    from gisgrid.planning.editor import editors
else:
    computing = Heavy("gisgrid.jobs.computing")
    quick = Heavy("gisgrid.jobs.quick")
    editors = Heavy("gisgrid.planning.editor.editors")

KEEP_UP = "events.keep_up"
EVERY = "* * * * *"
"""When clocks are judged and emergencies ended, as a line of cron: each minute."""
_OPTIONS = "-c search_path=procrastinate,public"
PROCESSES: SpawnContext | ForkServerContext = multiprocessing.get_context("spawn")
"""A computation inherits nothing of the worker, neither threads nor connections."""
AGAIN = (TASK, COMPLETE)
"""What is begun again after its worker was killed."""
ATTEMPTS = 3
"""A job that was begun so often and never ended is given up: it may be what ends its workers."""
STOP_S = 2.0
"""A worker that is asked to stop waits so long for what it does; then that is put back."""
A_DAY_S = 86_400.0
"""A worker that does only what waits is not hurried; no job takes so long."""


def work(
    engine: Engine,
    *,
    once: bool = False,
    pulse: Pulse = Pulse(),  # noqa: B008 - frozen
    alive: Callable[[], None] | None = None,
) -> None:
    """Take orders from the queue and do them, until stopped; with ``once`` only those that wait.

    Beside them cases are kept up and news is told of plans whose day has come, at once and every minute,
    and jobs are put back whose worker is gone.
    ``alive`` is called every second while all is well.
    """
    url = engine.url.render_as_string(hide_password=False)
    conninfo = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    app = App(connector=PsycopgConnector(conninfo=conninfo, kwargs={"options": _OPTIONS}))

    @app.task(name=TASK, queue=QUEUE, lock=QUEUE, pass_context=True, retry=_Again())
    def run(context: JobContext, job_id: int) -> None:
        run_job(url, job_id, stopped=context.should_abort)

    @cache
    def at_hand() -> editors.Editors:
        return editors.Editors()

    @app.task(name=QUICK, queue=QUEUE)
    def run_quick(job_id: int) -> None:
        quick.run(engine, at_hand(), job_id)

    @app.task(name=COMPLETE, queue=SCHEDULED)
    def complete_it(plan_id: int) -> None:
        complete_plan(engine, plan_id)

    in_force: dict[int, int] = {}

    @app.periodic(cron=EVERY)
    @app.task(name=KEEP_UP, queue=SCHEDULED, queueing_lock=KEEP_UP)
    def scheduled(timestamp: int) -> None:
        nonlocal in_force
        in_force = do_scheduled(engine, in_force)

    async def until_stopped() -> None:
        async with app.open_async():
            await look_once(app, AGAIN, pulse)
            stalled.fail_lost(engine)
            for job_id in _lost(engine):
                await run.defer_async(job_id=job_id)
            for plan_id in _bare(engine):
                await complete_it.defer_async(plan_id=plan_id)
            beside = [asyncio.create_task(look(app, AGAIN, pulse))]
            if alive is not None:
                beside.append(asyncio.create_task(beat(alive)))
            try:
                await app.run_worker_async(
                    queues=[QUEUE, SCHEDULED],
                    wait=not once,
                    concurrency=4,  # of which the lock lets only one be a computation
                    delete_jobs="always",
                    update_heartbeat_interval=pulse.beat_s,
                    stalled_worker_timeout=pulse.stalled_s,
                    shutdown_graceful_timeout=A_DAY_S if once else STOP_S,
                )
            finally:
                for task in beside:
                    task.cancel()

    in_force = do_scheduled(engine, {})
    # Beside the orders, which need not wait for it; it may take a minute, or wait for a load.
    completing = threading.Thread(target=complete_plans, args=(engine,), daemon=True)
    completing.start()
    if once:
        completing.join()
    asyncio.run(until_stopped())


def do_scheduled(engine: Engine, in_force: Mapping[int, int]) -> dict[int, int]:
    """Do what is due by the clock, and keep that it was done; the plans in force, as `plans_turned` has them."""
    now, took_s = datetime.now(UTC), dict[str, float]()
    done = by_kind(keep_up(engine, now, took_s))
    with timed(took_s, "lost_jobs"):
        done["lost_jobs"] = stalled.fail_lost(engine)
    with timed(took_s, "plans"):
        turned = plans_turned(engine, in_force)
        done["plans"] = sum(in_force.get(town) != plan for town, plan in turned.items())
    note_runs(engine, now, done, took_s)
    return turned


def work_on(engine: Engine, *, alive: Callable[[], None] | None = None) -> None:
    """Do all that pages order, jobs, studies and imports, and send what is told, until stopped."""
    stop = threading.Event()
    beside = [
        threading.Thread(target=target, args=args, daemon=True)
        for target, args in (
            (watch, (engine, stop)),
            (imports.watch, (engine, stop, PROCESSES)),
            (outbox.watch, (engine, stop)),
            (drills.watch, (engine, stop)),
            (office_jobs.watch, (engine, stop)),
        )
    ]
    for thread in beside:
        thread.start()
    try:
        work(engine, alive=alive)
    finally:
        stop.set()
        # A study that takes longer is begun again by the next worker.
        for thread in beside:
            thread.join(STOP_S)


class _Again(BaseRetryStrategy):
    """Which ends of a job are none: its worker was asked to stop, or lost the store."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        return RetryDecision() if isinstance(exception, JobAborted | DBAPIError) else None


def _lost(engine: Engine) -> list[int]:
    """Jobs that wait or run though the queue has none for them: it was finished beside its order."""
    with transaction(engine, read_only=True) as session:
        return list(session.scalars(text(_LOST)))


def _bare(engine: Engine) -> list[int]:
    """Plans without a date to which nothing is attached: the order to complete them was lost."""
    with transaction(engine, read_only=True) as session:
        return list(session.scalars(text(_BARE)))


def run_job(url: str, job_id: int, *, stopped: Callable[[], bool] = lambda: False) -> None:
    """Compute a job in a process of its own; end that when the job is cancelled.

    Whoever is handed a job by the queue has it alone, so one that is marked as running is one whose
    worker is gone: it is begun again, or given up after ``ATTEMPTS``.

    Parameters
    ----------
    stopped
        Says whether the worker is to stop; the job then waits as if it had not been begun.

    Raises
    ------
    JobAborted
        The worker is to stop.
    """
    engine = create_engine(url)
    try:
        with transaction(engine) as session:
            begun = session.execute(
                text(_BEGIN), {"id": job_id, "most": ATTEMPTS, "why": packed(message(THRICE))}
            ).one_or_none()
        if begun is None or begun.state != "running":
            return
        mine = {"id": job_id, "attempt": begun.attempts}
        child = PROCESSES.Process(target=_compute, args=(url, job_id, begun.attempts))
        ended = watched(child, engine, mine, ours=_OURS, put_back=_PUT_BACK, stopped=stopped)
        if ended == "put back":
            raise JobAborted
        if ended == "by itself":
            with transaction(engine) as session:
                session.execute(
                    text(_BROKEN_OFF),
                    {**mine, "why": packed(message(BROKE_OFF_WITH, code=child.exitcode))},
                )
    finally:
        engine.dispose()


def _compute(url: str, job_id: int, attempt: int) -> None:
    """The life of the process that computes a job; it alone imports what that takes."""
    if end_with_starter():
        computing.compute(url, job_id, attempt)


def serve(url: str, alive: Callable[[], None]) -> None:
    """Be the worker of the service until asked to stop; ``url``: the store's, for its owner.

    Raises
    ------
    SystemExit
        The store cannot be had, which is told at the terminal; or the worker was asked to stop.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        work_on(open_engine(url), alive=alive)
    except GisgridError as exc:
        note(exc.said)
        sys.exit(2)
    except (DBAPIError, psycopg.Error, ConnectorException) as exc:
        found = failure_of(exc.__cause__ if isinstance(exc, ConnectorException) else exc)  # type: ignore[arg-type]
        note(found.said if found else message("The queue failed."))
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(0)


_BEGIN = """
UPDATE job SET attempts = attempts + 1, done = 0, total = NULL, doing = '',
    state = CASE WHEN attempts < :most THEN 'running' ELSE 'failed' END,
    ended_at = CASE WHEN attempts < :most THEN NULL ELSE now() END,
    failed = CASE WHEN attempts < :most THEN NULL ELSE CAST(:why AS text) END
WHERE id = :id AND state IN ('waiting', 'running') RETURNING state, attempts
"""

_OURS = """
SELECT state = 'running' AND attempts = :attempt FROM job WHERE id = :id
"""

_PUT_BACK = """
UPDATE job SET state = 'waiting', attempts = attempts - 1, done = 0, total = NULL, doing = ''
WHERE id = :id AND state = 'running' AND attempts = :attempt RETURNING true
"""

_BROKEN_OFF = """
UPDATE job SET state = 'failed', ended_at = now(),
    failed = :why
WHERE id = :id AND state = 'running' AND attempts = :attempt
"""

_BARE = """
SELECT id FROM plan p WHERE validity IS NULL AND EXISTS (SELECT FROM grid g WHERE g.plan_id = p.id)
  AND NOT EXISTS (SELECT FROM house_grid a WHERE a.plan_id = p.id) ORDER BY id
"""

_LOST = """
SELECT id FROM job WHERE kind = 'rebalance' AND state IN ('waiting', 'running') AND NOT EXISTS (
    SELECT FROM procrastinate.procrastinate_jobs q
    WHERE q.task_name = 'editor.job' AND q.status IN ('todo', 'doing')
      AND q.args ->> 'job_id' = job.id::text)
ORDER BY id
"""
