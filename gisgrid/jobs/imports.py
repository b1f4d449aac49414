"""Who does what the import desk asks: one file after the other, each in a process of its own.

What was asked waits in the store. Whoever does it holds a lock that ends with its connection, so what a
killed worker left is begun again by the next one, ``ATTEMPTS`` times at most. A process that is ended
has written nothing: an import is one transaction.
"""

from __future__ import annotations

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
from gisgrid.core.failures import failure_of
from gisgrid.core.heavy import Heavy
from gisgrid.core.messages import Both
from gisgrid.core.processes import end_with_starter
from gisgrid.core.settings import Settings
from gisgrid.db.store import transaction
from gisgrid.jobs.names import IMPORT_FOLDERS

if TYPE_CHECKING:
    from gisgrid.jobs import import_tasks
    from gisgrid.loading import desk
else:
    import_tasks = Heavy("gisgrid.jobs.import_tasks")
    desk = Heavy("gisgrid.loading.desk")

log = logging.getLogger(__name__)

LOOK_S = 0.4
"""How often the worker looks for what was asked, and whether what it does was cancelled."""
ATTEMPTS = 3
"""What ended its worker so often is given up."""
Begin = Callable[[Engine, int, int, Callable[[], bool]], None]


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


def sweep() -> None:
    """Delete folders whose process was killed: they hold what was sent."""
    for folder in Path(tempfile.gettempdir()).glob(f"{IMPORT_FOLDERS}*-*"):
        number = folder.name.removeprefix(IMPORT_FOLDERS).partition("-")[0]
        if number.isdigit() and not Path(f"/proc/{number}").exists():
            shutil.rmtree(folder, ignore_errors=True)


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
        done += _one(engine, number, begin or here, stopped)
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
                import_tasks.fail(
                    engine, number, attempt, GisgridError("{why}", why=Both(*_THRICE))
                )
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
            import_tasks.fail(engine, number, attempt, GisgridError("{why}", why=Both(*_BROKE_OFF)))
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
        here(engine, number, attempt)
    finally:
        engine.dispose()


def here(
    engine: Engine, number: int, attempt: int, stopped: Callable[[], bool] = lambda: False
) -> None:
    """Do a task, in this process; why it came to nothing is written, if it did."""
    mine = {"id": number, "attempt": attempt}

    def tell(done: int, total: int | None, doing: str) -> None:
        with transaction(engine) as session:
            told = {**mine, "done": done, "total": total, "doing": doing}
            if session.scalar(text(_TELL), told) is None:
                raise import_tasks.ImportLeft

    try:
        with transaction(engine, read_only=True) as session:
            found = desk.file_import(session, number)
            row = session.execute(text(_BY), {"id": number}).one()
        most = Settings.from_env().unpacked_max_mb << 20
        import_tasks.do(
            import_tasks.ImportWork(engine, found, row.id, row.name, attempt, most, tell)
        )
    except import_tasks.ImportLeft:
        return
    except GisgridError as exc:
        import_tasks.fail(engine, number, attempt, exc)
    except Exception as exc:
        known = failure_of(exc)
        if known is None:
            # Its words may quote a row, and rows hold people.
            log.error("import %s broke off: %s at %s", number, type(exc).__name__, _place(exc))
        en, zh = (known.message, known.zh) if known else _BROKE_OFF
        import_tasks.fail(engine, number, attempt, GisgridError("{why}", why=Both(en, zh)))


def _place(exc: BaseException) -> str:
    trace = exc.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"


_BROKE_OFF = ("It broke off; nothing was written.", "处理意外中断，未写入任何内容。")
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

_TELL = """
UPDATE file_import SET done = :done, total = :total, doing = :doing
WHERE id = :id AND state = 'running' AND attempts = :attempt RETURNING id
"""

_BY = """
SELECT k.id, k.name FROM file_import i JOIN account k ON k.id = i.asked_by WHERE i.id = :id
"""
