"""Work whose worker was killed: it is put back, done by the next one, and given up when it kills each."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.messages import unpacked
from gisgrid.core.plans import PlanInfo, plan_in_force, township
from gisgrid.db.store import transaction
from gisgrid.jobs import balancing, names, studies
from gisgrid.jobs.stalled import Pulse
from gisgrid.jobs.worker import ATTEMPTS
from gisgrid.planning.balancing.options import BalanceOptions
from gisgrid.planning.editor import scenarios
from tests.support.database import own_database
from tests.support.town_f import load_town
from tests.support.waiting import eventually

soon = partial(eventually, seconds=300)
"""For what starts processes, on a machine however busy."""

# The pulse of the product is told in seconds; a test waits for tenths.
WORKER = """
import sys
from sqlalchemy import create_engine
from gisgrid.jobs.worker import work
from gisgrid.jobs.stalled import Pulse
work(create_engine(sys.argv[1]), pulse=Pulse(beat_s=0.2, stalled_s=1.5, look_s=0.3))
"""


@pytest.fixture
def draft(cluster, template) -> Iterator[tuple[Engine, PlanInfo]]:
    with own_database(cluster, template, "stalled") as engine:
        with transaction(engine) as session:
            load_town(session)
            place = township(session)
            made = scenarios.branch(
                session, plan_in_force(session, place.id), name="草案", who="甲"
            )
        yield engine, made


@contextmanager
def worker(engine: Engine) -> Iterator[subprocess.Popen[bytes]]:
    url = engine.url.render_as_string(hide_password=False)
    process = subprocess.Popen([sys.executable, "-c", WORKER, url])
    try:
        yield process
    finally:
        process.kill()
        process.wait(30)


@contextmanager
def endless(engine: Engine) -> Iterator[None]:
    """Whoever computes waits meanwhile for the households it reads; what a worker does first needs none."""
    with engine.begin() as holder:
        holder.execute(text("LOCK TABLE household IN ACCESS EXCLUSIVE MODE"))
        yield


def ordered(engine: Engine, plan: PlanInfo) -> int:
    with transaction(engine) as session:
        return balancing.order_rebalance(session, plan, BalanceOptions(tolerance=0.02), who="甲")


def found(engine: Engine, job_id: int) -> balancing.JobInfo:
    with transaction(engine, read_only=True) as session:
        return balancing.job(session, job_id)


def children(pid: int) -> list[int]:
    each = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for file in each for child in file.read_text().split()]


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for counts."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def killed_at_work(engine: Engine, job_id: int, attempt: int) -> None:
    """Start a worker, kill it when it computes the job; what it computed in ends with it."""
    with endless(engine), worker(engine) as process:
        assert soon(lambda: found(engine, job_id).attempts == attempt)
        assert soon(lambda: found(engine, job_id).total)
        computing = children(process.pid)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        assert soon(lambda: all(gone(pid) for pid in computing))
    assert found(engine, job_id).state == "running"


def test_a_job_whose_workers_were_killed_twice_is_done_by_the_third(draft):
    engine, plan = draft
    job_id = ordered(engine, plan)
    killed_at_work(engine, job_id, 1)
    killed_at_work(engine, job_id, 2)
    with worker(engine):
        assert soon(lambda: found(engine, job_id).state not in ("waiting", "running"))
        assert soon(lambda: waiting(engine) == 0)
    done = found(engine, job_id)
    assert (done.state, done.attempts, done.failed) == ("done", 3, None)


def test_a_job_that_ends_each_of_its_workers_is_given_up_and_the_next_is_done(draft):
    engine, plan = draft
    job_id = ordered(engine, plan)
    with transaction(engine) as session:
        session.execute(text("UPDATE job SET attempts = :n"), {"n": ATTEMPTS - 1})
    killed_at_work(engine, job_id, ATTEMPTS)
    with worker(engine):
        assert soon(lambda: found(engine, job_id).state not in ("waiting", "running"))
        given_up = found(engine, job_id)
        assert given_up.state == "failed"
        assert given_up.failed is not None
        why = unpacked(given_up.failed)
        assert "three times" in why.in_language("en") and "三次" in why.in_language("zh")
        assert soon(lambda: waiting(engine) == 0)
        again = ordered(engine, plan)
        assert soon(lambda: found(engine, again).state not in ("waiting", "running"))
    assert found(engine, again).state == "done"


def test_a_job_that_was_cancelled_after_its_worker_was_killed_does_not_come_back(draft):
    engine, plan = draft
    job_id = ordered(engine, plan)
    killed_at_work(engine, job_id, 1)
    with transaction(engine) as session:
        balancing.cancel(session, job_id)
        again = balancing.order_rebalance(session, plan, BalanceOptions(tolerance=0.02), who="甲")
    with worker(engine):
        assert soon(lambda: found(engine, again).state not in ("waiting", "running"))
    assert found(engine, job_id).state == "cancelled"
    assert found(engine, again).state == "done"


def test_a_worker_that_is_asked_to_stop_puts_its_job_back_at_once(draft):
    engine, plan = draft
    job_id = ordered(engine, plan)
    with endless(engine), worker(engine) as process:
        assert soon(lambda: found(engine, job_id).total)
        computing = children(process.pid)
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    assert soon(lambda: all(gone(pid) for pid in computing))
    put_back = found(engine, job_id)
    assert (put_back.state, put_back.attempts) == ("waiting", 0)
    with worker(engine):
        assert soon(lambda: found(engine, job_id).state == "done")


def test_a_job_that_the_queue_has_lost_is_ordered_anew(draft):
    engine, plan = draft
    job_id = ordered(engine, plan)
    with transaction(engine) as session:
        session.execute(text("SET LOCAL search_path = procrastinate, public"))
        session.execute(text("DELETE FROM procrastinate_jobs"))
    with worker(engine):
        assert soon(lambda: found(engine, job_id).state not in ("waiting", "running"))
    assert found(engine, job_id).state == "done"


def test_another_worker_at_work_keeps_its_job(draft):
    """A worker that starts takes nothing from one that lives."""
    engine, plan = draft
    job_id = ordered(engine, plan)
    with worker(engine):
        assert soon(lambda: found(engine, job_id).total)
        with worker(engine) as second:
            assert soon(lambda: registered(engine) == 2)
            assert soon(lambda: found(engine, job_id).state not in ("waiting", "running"))
            assert second.poll() is None
    assert (found(engine, job_id).state, found(engine, job_id).attempts) == ("done", 1)


def test_a_study_that_ends_each_of_its_workers_is_given_up(draft, monkeypatch):
    engine, plan = draft
    with transaction(engine) as session:
        today = session.scalars(text("SELECT current_date")).one()
        asked(session, plan.id, today)
        session.execute(text("UPDATE study SET attempts = :n"), {"n": studies.ATTEMPTS})
    made: list[object] = []
    monkeypatch.setattr(studies, "make", lambda *args, **_: made.append(args))
    studies.make_asked(engine)
    assert made == []
    with transaction(engine, read_only=True) as session:
        stands = studies.standing(session, plan.id, "workload", today)
    assert stands.failed is not None and "three times" in unpacked(stands.failed).in_language("en")
    assert not stands.asked
    # Asked for once more, it has its tries anew.
    with transaction(engine) as session:
        asked(session, plan.id, today)
    studies.make_asked(engine)
    assert len(made) == 1


def asked(session: Session, plan_id: int, day: date) -> None:
    """As ``ask_study`` writes it for whoever has the right."""
    session.execute(
        text(
            "INSERT INTO study (plan_id, kind, day, asked_at) VALUES (:p, 'workload', :day, now()) "
            "ON CONFLICT (plan_id, kind, day) DO UPDATE SET asked_at = now()"
        ),
        {"p": plan_id, "day": day},
    )


def registered(engine: Engine) -> int:
    with transaction(engine, read_only=True) as session:
        return int(
            session.scalar(text("SELECT count(*) FROM procrastinate.procrastinate_workers")) or 0
        )


def waiting(engine: Engine) -> int:
    """Rebalancings that the queue holds, waiting or under way."""
    with transaction(engine, read_only=True) as session:
        return int(
            session.scalar(
                text("SELECT count(*) FROM procrastinate.procrastinate_jobs WHERE queue_name = :q"),
                {"q": names.QUEUE},
            )
            or 0
        )


def test_the_pulse_of_the_product_finds_a_dead_worker_within_a_minute():
    pulse = Pulse()
    # Its last beat may have been just now, and it is looked for twice.
    assert pulse.stalled_s + 2 * pulse.look_s < 60
    # And one that lives is not taken for dead because a beat was late.
    assert pulse.stalled_s >= 3 * pulse.beat_s
