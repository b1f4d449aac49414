"""Who does what somebody in the browser asks: one file after the other, each in a process of its own.

What was asked waits in the store. Whoever does it holds a lock that ends with its connection, so what a
killed worker left is begun again by the next one, ``ATTEMPTS`` times at most. A process that is ended
has written nothing: an import is one transaction.
"""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
import threading
from collections.abc import Callable
from multiprocessing.context import ForkServerContext, SpawnContext
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from gisgrid.core.errors import GisgridError
from gisgrid.core.heavy import Heavy
from gisgrid.core.messages import ENGLISH, packed, plain, say
from gisgrid.core.processes import end_with_starter
from gisgrid.db import locks
from gisgrid.db.store import transaction
from gisgrid.jobs.children import watched

if TYPE_CHECKING:
    from gisgrid.jobs import import_tasks
else:
    # Loaded by who does a task; the worker itself only looks whether there is one.
    import_tasks = Heavy("gisgrid.jobs.import_tasks")

log = logging.getLogger(__name__)

LOOK_S = 0.4
"""How often the worker looks for what was asked."""
ATTEMPTS = 3
"""What ended its worker so often is given up."""
FOLDERS = "gisgrid-import-"
"""How folders begin in which files are read; the number of the process follows."""
Begin = Callable[[Engine, int, int, Callable[[], bool]], None]


class ImportLeft(Exception):
    """The task was cancelled, or begun by another worker."""


def watch(
    engine: Engine, stop: threading.Event, processes: SpawnContext | ForkServerContext
) -> None:
    """Do what is asked, until stopped."""
    sweep()

    def begin(engine: Engine, number: int, attempt: int, stopped: Callable[[], bool]) -> None:
        apart(engine, number, attempt, stopped, processes)

    while not stop.is_set():
        try:
            do_asked(engine, begin, stop.is_set)
        except DBAPIError as exc:
            log.warning("the store does not answer (%s)", type(exc.orig).__name__)
        stop.wait(LOOK_S)


def do_asked(
    engine: Engine, begin: Begin | None = None, stopped: Callable[[], bool] = lambda: False
) -> int:
    """Do all that waits, the earliest first; how much there was.

    ``begin`` does one task; without it, this process does.
    """
    with transaction(engine, read_only=True) as session:
        asked = session.scalars(text(_ASKED)).all()
    done = 0
    for number in asked:
        if stopped():
            break
        done += _one(engine, number, begin or import_tasks.here, stopped)
    return done


def _one(engine: Engine, number: int, begin: Begin, stopped: Callable[[], bool]) -> int:
    """Do what is asked of one file; 0 if another worker does it."""
    with locks.held(engine, f"file_import|{number}") as alone:
        if not alone:
            return 0
        with transaction(engine) as session:
            attempt = session.scalar(text(_BEGUN), {"id": number})
        if attempt is None:
            return 0
        if attempt > ATTEMPTS:
            fail(engine, number, attempt, GisgridError(_THRICE))
        else:
            begin(engine, number, attempt, stopped)
        return 1


def apart(
    engine: Engine,
    number: int,
    attempt: int,
    stopped: Callable[[], bool],
    processes: SpawnContext | ForkServerContext,
) -> None:
    """Do a task in a process of its own, which ends when it is cancelled or the worker is to stop."""
    url = engine.url.render_as_string(hide_password=False)
    child = processes.Process(target=compute, args=(url, number, attempt))
    ended = watched(
        child, engine, {"id": number, "attempt": attempt}, ours=_OURS, put_back=_PUT_BACK, stopped=stopped
    )  # fmt: skip
    if ended == "by itself":
        # It says itself how it ended, unless something ended it.
        fail(engine, number, attempt, GisgridError(BROKE_OFF))


def compute(url: str, number: int, attempt: int) -> None:
    """Do a task, in a process of its own."""
    if not end_with_starter():
        return
    engine = create_engine(url)
    try:
        import_tasks.here(engine, number, attempt)
    finally:
        engine.dispose()


def sweep() -> None:
    """Delete folders whose process was killed: they hold what was sent."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDERS}*-*"):
        number = folder.name.removeprefix(FOLDERS).partition("-")[0]
        if number.isdigit() and not Path(f"/proc/{number}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def fail(engine: Engine, number: int, attempt: int, error: GisgridError) -> None:
    """Say why a task came to nothing."""
    facts = json.dumps(plain({**error.facts, "error": type(error).__name__}, ENGLISH))
    with transaction(engine) as session:
        session.execute(
            text(_FAILED),
            {"id": number, "attempt": attempt, "why": packed(error.said), "facts": facts},
        )


BROKE_OFF = say("It broke off; nothing was written.")
_THRICE = say(
    "It was broken off three times, each time with the worker that did it; nothing was written."
)

_ASKED = """
SELECT id FROM file_import WHERE state IN ('waiting', 'running') ORDER BY asked_at, id
"""

_BEGUN = """
UPDATE file_import SET state = 'running', attempts = attempts + 1, done = 0, total = NULL, doing = ''
WHERE id = :id AND state IN ('waiting', 'running') RETURNING attempts
"""

_OURS = """
SELECT state = 'running' AND attempts = :attempt FROM file_import WHERE id = :id
"""

_PUT_BACK = """
UPDATE file_import SET state = 'waiting', attempts = attempts - 1, done = 0, total = NULL, doing = ''
WHERE id = :id AND state = 'running' AND attempts = :attempt RETURNING true
"""

_FAILED = """
UPDATE file_import SET state = 'failed', ended_at = now(), failed = :why,
    facts = CAST(:facts AS jsonb)
WHERE id = :id AND state = 'running' AND attempts = :attempt
"""
