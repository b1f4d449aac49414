"""Who does what the import desk asks: one file after the other, each in a process of its own.

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
from gisgrid.core.messages import Both, plain
from gisgrid.core.processes import end_with_starter
from gisgrid.db.store import transaction

if TYPE_CHECKING:
    from gisgrid.jobs import import_tasks
else:
    # Loaded by who does a task; the worker itself only looks whether there is one.
    import_tasks = Heavy("gisgrid.jobs.import_tasks")

log = logging.getLogger(__name__)

LOOK_S = 0.4
"""How often the worker looks for what was asked, and whether what it does was cancelled."""
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
    with engine.connect() as holder:
        if not holder.scalar(text(f"SELECT pg_try_advisory_lock({_LOCK})"), {"id": number}):
            return 0
        # Only the lock matters here, and it outlives the transaction.
        holder.commit()
        try:
            with transaction(engine) as session:
                attempt = session.scalar(text(_BEGUN), {"id": number})
            if attempt is None:
                return 0
            if attempt > ATTEMPTS:
                fail(engine, number, attempt, GisgridError("{why}", why=Both(*_THRICE)))
            else:
                begin(engine, number, attempt, stopped)
            return 1
        finally:
            holder.scalar(text(f"SELECT pg_advisory_unlock({_LOCK})"), {"id": number})


def apart(
    engine: Engine,
    number: int,
    attempt: int,
    stopped: Callable[[], bool],
    processes: SpawnContext | ForkServerContext,
) -> None:
    """Do a task in a process of its own, which ends when it is cancelled or the worker is to stop."""
    mine = {"id": number, "attempt": attempt}
    url = engine.url.render_as_string(hide_password=False)
    child = processes.Process(target=compute, args=(url, number, attempt))
    child.start()
    try:
        while child.is_alive():
            child.join(LOOK_S)
            put_back = stopped() and child.is_alive()
            if put_back:
                child.kill()
                child.join()
            with transaction(engine) as session:
                ours = session.scalar(text(_PUT_BACK if put_back else _OURS), mine)
            if not ours or put_back:
                break
        else:
            # It says itself how it ended, unless something ended it.
            fail(engine, number, attempt, GisgridError("{why}", why=Both(*BROKE_OFF)))
    finally:
        if child.is_alive():
            child.kill()
        child.join()


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
    facts = json.dumps(plain({**error.facts, "error": type(error).__name__}, "zh"))
    with transaction(engine) as session:
        session.execute(
            text(_FAILED),
            {"id": number, "attempt": attempt, "en": error.message, "zh": error.zh, "facts": facts},
        )


BROKE_OFF = ("It broke off; nothing was written.", "处理意外中断，未写入任何内容。")
_THRICE = (
    "It was broken off three times, each time with the worker that did it; nothing was written.",
    "处理中断了三次，每次后台程序都随之停止；未写入任何内容。",
)

_LOCK = "hashtextextended('file_import|' || CAST(:id AS bigint), 0)"

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
UPDATE file_import SET state = 'failed', ended_at = now(), failed = :en, failed_zh = :zh,
    facts = CAST(:facts AS jsonb)
WHERE id = :id AND state = 'running' AND attempts = :attempt
"""
