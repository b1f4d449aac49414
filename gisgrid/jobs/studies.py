"""Coverage, workload and proposals as the map's planner sees them: computed once, kept, told with age.

A study may take many seconds, and reads what no web process may. So a page asks for it, the worker
(``gisgrid worker``) makes it, one at a time for each plan, kind and day, and its row says how far it is.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.core import plans
from gisgrid.core.errors import GisgridError, NotFound
from gisgrid.core.heavy import Heavy
from gisgrid.core.messages import message, packed
from gisgrid.db import locks
from gisgrid.db.store import transaction
from gisgrid.jobs.names import BROKE_OFF, THRICE

if TYPE_CHECKING:
    from gisgrid.jobs import study_bodies
else:
    study_bodies = Heavy("gisgrid.jobs.study_bodies")

log = logging.getLogger(__name__)

Body = Mapping[str, Any]
Make = Callable[..., Body]


def _late(name: str) -> Make:
    """A function of ``study_bodies``, which is imported when the first study is made."""

    def make(*asked: Any, **told: Any) -> Body:
        made: Body = getattr(study_bodies, name)(*asked, **told)
        return made

    return make


STUDIES: dict[str, Make] = {
    "coverage": _late("coverage_body"),
    "workload": _late("workload_body"),
    "proposal": _late("proposal_body"),
}
"""What each kind computes, from (session, place, plan, day, progress=...)."""
LOOK_S = 0.5
"""How often the worker looks for what pages ask."""
ATTEMPTS = 3
"""A study that was begun so often for whoever asks, and ended its worker each time, is given up."""
KEPT_DAYS = 30
"""Studies of other days of a plan are dropped when they are older than this."""


@dataclass(frozen=True)
class StudyState:
    """Where a study stands."""

    fingerprint: str
    """Of the present data."""
    made_at: datetime | None
    made_from: str | None
    """Fingerprint of the data that the answer kept was made from; None: there is none."""
    working: bool
    asked: bool
    """Whether a page waits for it."""
    step: int | None
    steps: int | None
    doing: str | None
    failed: str | None
    """Why it cannot be made from the present data."""

    @property
    def current(self) -> bool:
        return self.made_from == self.fingerprint


def fingerprint(session: Session, plan_id: int) -> str:
    """Of everything that a study of a plan is made from; the same data, the same fingerprint."""
    return str(session.scalar(text("SELECT study_version(:plan)"), {"plan": plan_id}))


def standing(session: Session, plan_id: int, kind: str, day: date) -> StudyState:
    """Where a study stands; NotFound if there is no such kind."""
    _known(kind)
    key = {"plan": plan_id, "kind": kind, "day": day}
    now = fingerprint(session, plan_id)
    row = session.execute(text(_STANDING), key).one_or_none()
    free = locks.is_free(session, _lock(key))
    if row is None:
        return StudyState(now, None, None, not free, False, None, None, None, None)
    failed = row.failed is not None and row.failed_fingerprint == now
    return StudyState(
        fingerprint=now,
        made_at=row.made_at,
        made_from=row.fingerprint,
        working=not free,
        asked=row.asked_at is not None,
        step=row.step,
        steps=row.steps,
        doing=row.doing,
        failed=row.failed if failed else None,
    )


def body(session: Session, plan_id: int, kind: str, day: date) -> tuple[str, str] | None:
    """The answer kept as JSON, with the fingerprint of its data; None if there is none."""
    row = session.execute(
        text(
            "SELECT body, fingerprint FROM study "
            "WHERE plan_id = :plan AND kind = :kind AND day = :day AND body IS NOT NULL"
        ),
        {"plan": plan_id, "kind": kind, "day": day},
    ).one_or_none()
    return None if row is None else (row.body, row.fingerprint)


def ask(session: Session, plan_id: int, kind: str, day: date) -> None:
    """Have the worker make a study; once asked for, asking again changes nothing.

    Raises
    ------
    NotFound
        There is no such kind.
    """
    _known(kind)
    session.execute(
        text("SELECT ask_study(:plan, :kind, :day)"), {"plan": plan_id, "kind": kind, "day": day}
    )


def make_asked(engine: Engine) -> int:
    """Make the studies that pages wait for, oldest first; how many there were."""
    with transaction(engine, read_only=True) as session:
        asked = session.execute(text(_ASKED)).all()
    for row in asked:
        key = {"plan": row.plan_id, "kind": row.kind, "day": row.day}
        try:
            with transaction(engine) as session:
                # Kept before it begins: a worker that is killed cannot say so afterwards.
                attempts = session.scalar(text(_BEGUN), key) or 0
            if attempts > ATTEMPTS:
                _broke_off(engine, key, THRICE)
            else:
                make(engine, row.plan_id, row.kind, row.day)
        except GisgridError:
            log.info("study %s of plan %s refused", row.kind, row.plan_id)
        except Exception:
            # One that breaks off must not be tried again and again, nor stop the others.
            log.exception("study %s of plan %s broke off", row.kind, row.plan_id)
            _broke_off(engine, key, BROKE_OFF)
        with transaction(engine) as session:
            session.execute(text(_ANSWERED), dict(row._mapping))
    return len(asked)


def _broke_off(engine: Engine, key: Mapping[str, Any], why: str) -> None:
    with transaction(engine) as session:
        now = fingerprint(session, key["plan"])
        session.execute(text(_FAILED), {**key, "why": packed(message(why)), "fingerprint": now})


def watch(engine: Engine, stop: threading.Event) -> None:
    """Make what pages ask for, until stopped."""
    while not stop.is_set():
        try:
            make_asked(engine)
        except DBAPIError:
            log.exception("the store does not answer")
        stop.wait(LOOK_S)


def make(engine: Engine, plan_id: int, kind: str, day: date, *, again: bool = False) -> bool:
    """Compute a study and keep it; False if it is at work elsewhere or stands already.

    What is read is one snapshot; the answer is written in one transaction, so a killed process
    leaves the answer before. Why it failed is kept, too.

    Raises
    ------
    NotFound
        There is no such kind.
    GisgridError
        What the computation refuses; kept first.
    """
    _known(kind)
    key = {"plan": plan_id, "kind": kind, "day": day}
    with locks.held(engine, _lock(key)) as alone:
        return alone and _make(engine, key, again=again)


def _make(engine: Engine, key: dict[str, Any], *, again: bool) -> bool:
    def tell(step: int | None, steps: int | None, doing: str) -> None:
        with transaction(engine) as session:
            session.execute(text(_TELL), {**key, "step": step, "steps": steps, "doing": doing})

    began = time.monotonic()
    with Session(engine) as reader:
        reader.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        now = fingerprint(reader, key["plan"])
        stood = reader.scalar(
            text(
                "SELECT fingerprint FROM study "
                "WHERE plan_id = :plan AND kind = :kind AND day = :day"
            ),
            key,
        )
        if stood == now and not again:
            return False
        plan = plans.plan_by_id(reader, key["plan"])
        place = plans.township_by_id(reader, plan.township_id)
        tell(0, None, "reading")
        try:
            found = STUDIES[key["kind"]](reader, place, plan, key["day"], progress=tell)
        except GisgridError as exc:
            with transaction(engine) as session:
                session.execute(text(_FAILED), {**key, "why": packed(exc.said), "fingerprint": now})
            raise
    with transaction(engine) as session:
        session.execute(
            text(_KEEP),
            {
                **key,
                "body": json.dumps(found, ensure_ascii=False, separators=(",", ":")),
                "fingerprint": now,
                "took": time.monotonic() - began,
            },
        )
        session.execute(text(_DROP), {**key, "days": KEPT_DAYS})
    return True


def _known(kind: str) -> None:
    if kind not in STUDIES:
        raise NotFound(
            "There is no study {kind!r}; known: {known}.", kind=kind, known=list(STUDIES)
        )


def _lock(key: dict[str, Any]) -> str:
    """The lock of whoever computes a study."""
    return f"study|{key['plan']}|{key['kind']}|{key['day']}"


_STANDING = """
SELECT fingerprint, made_at, asked_at, step, steps, doing, failed, failed_fingerprint
FROM study WHERE plan_id = :plan AND kind = :kind AND day = :day
"""

_ASKED = """
SELECT plan_id, kind, day, asked_at FROM study WHERE asked_at IS NOT NULL ORDER BY asked_at
"""

_BEGUN = """
UPDATE study SET attempts = attempts + 1
WHERE plan_id = :plan AND kind = :kind AND day = :day RETURNING attempts
"""

_ANSWERED = """
UPDATE study SET asked_at = NULL, attempts = 0
WHERE plan_id = :plan_id AND kind = :kind AND day = :day AND asked_at = :asked_at
"""

_TELL = """
INSERT INTO study (plan_id, kind, day, step, steps, doing)
VALUES (:plan, :kind, :day, :step, :steps, :doing)
ON CONFLICT (plan_id, kind, day)
DO UPDATE SET step = :step, steps = :steps, doing = :doing, told_at = now()
"""

_FAILED = """
INSERT INTO study (plan_id, kind, day, failed, failed_fingerprint)
VALUES (:plan, :kind, :day, :why, :fingerprint)
ON CONFLICT (plan_id, kind, day)
DO UPDATE SET failed = :why, failed_fingerprint = :fingerprint
"""

_KEEP = """
INSERT INTO study (plan_id, kind, day, body, fingerprint, made_at, took_s)
VALUES (:plan, :kind, :day, :body, :fingerprint, now(), :took)
ON CONFLICT (plan_id, kind, day)
DO UPDATE SET body = :body, fingerprint = :fingerprint, made_at = now(), took_s = :took,
              failed = NULL, failed_fingerprint = NULL,
              step = NULL, steps = NULL, doing = NULL
"""

_DROP = """
DELETE FROM study WHERE plan_id = :plan AND day <> :day AND told_at < now() - make_interval(days => :days)
"""
