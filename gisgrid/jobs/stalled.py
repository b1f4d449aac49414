"""Which jobs had a worker that is gone? They go back into the queue.

A worker says each few seconds that it lives (Procrastinate's heartbeat). A killed one cannot say that
it ended: its job stays marked as being done, and under the queue's lock no other begins. Every worker
looks for such jobs; how often a job may lose its worker is the job's own to count (``jobs.run_job``).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass

from procrastinate import App
from procrastinate import exceptions as procrastinate
from procrastinate.jobs import Job, Status
from sqlalchemy import Engine, text

from gisgrid.core.messages import message, packed
from gisgrid.db.store import transaction
from gisgrid.jobs.names import BROKE_OFF, QUICK, REBALANCE

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pulse:
    """How often a worker says that it lives, when one that does not is given up, and who looks."""

    beat_s: float = 5.0
    stalled_s: float = 20.0
    look_s: float = 5.0


async def look(app: App, tasks: Collection[str], pulse: Pulse) -> None:
    """Put back what has stalled, for as long as this worker works; run beside it."""
    before: set[int] = set()
    while True:
        await asyncio.sleep(pulse.look_s)
        try:
            found = await _stalled(app, pulse)
            # Twice, a beat apart: after a machine was asleep a worker looks as dead to itself
            # until its next beat.
            for job in found:
                if job.id in before:
                    await _put_back(app, job, tasks)
            before = {job.id for job in found if job.id is not None}
        except procrastinate.ConnectorException:
            log.warning("the queue does not answer")


async def look_once(app: App, tasks: Collection[str], pulse: Pulse) -> None:
    """Put back what has stalled; before this worker begins."""
    for job in await _stalled(app, pulse):
        await _put_back(app, job, tasks)


def fail_lost(engine: Engine) -> int:
    """Say of a page's quick jobs that wait or run though the queue has none for them that they broke off; how many."""
    with transaction(engine) as session:
        lost = session.scalars(
            text(_LOST),
            {"task": QUICK, "begun_again": REBALANCE, "why": packed(message(BROKE_OFF))},
        )
        return len(lost.all())


async def _stalled(app: App, pulse: Pulse) -> list[Job]:
    return list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=pulse.stalled_s))


async def _put_back(app: App, job: Job, tasks: Collection[str]) -> None:
    """A job of ``tasks`` waits again; others go: they are made anew each minute, or their page is told."""
    try:
        if job.task_name in tasks:
            await app.job_manager.retry_job(job)
        else:
            await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)
    except procrastinate.ConnectorException as exc:
        # Another worker was quicker.
        log.info("job %s: %s", job.id, type(exc).__name__)


_LOST = """
UPDATE job SET state = 'failed', ended_at = now(), failed = :why
WHERE kind <> :begun_again AND state IN ('waiting', 'running') AND NOT EXISTS (
    SELECT FROM procrastinate.procrastinate_jobs q
    WHERE q.task_name = :task AND q.status IN ('todo', 'doing')
      AND q.args ->> 'job_id' = job.id::text)
RETURNING id
"""
