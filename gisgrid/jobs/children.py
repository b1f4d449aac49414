"""A task in a process of its own: looked after until it has ended, was cancelled, or the worker is to stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from multiprocessing.process import BaseProcess
from typing import Any, Literal

from sqlalchemy import Engine, text

from gisgrid.db.store import transaction

LOOK_S = 0.3
"""How often the worker looks whether its task was cancelled."""
Ended = Literal["by itself", "not ours", "put back"]


def watched(
    child: BaseProcess,
    engine: Engine,
    mine: Mapping[str, Any],
    *,
    ours: str,
    put_back: str,
    stopped: Callable[[], bool],
) -> Ended:
    """Start a process and wait for its end; it is killed when its task is no longer ours, or is put back.

    Parameters
    ----------
    mine
        Values of both statements: which task, and which attempt at it.
    ours
        Statement that says whether the task is still this worker's.
    put_back
        Statement that has the task wait again, if it is.
    stopped
        Whether the worker is to stop.
    """
    child.start()
    try:
        while child.is_alive():
            child.join(LOOK_S)
            again = stopped() and child.is_alive()
            if again:
                # First, or it writes its answer while it waits again.
                child.kill()
                child.join()
            with transaction(engine) as session:
                still = session.scalar(text(put_back if again else ours), mine)
            if not still:
                return "not ours"
            if again:
                return "put back"
        return "by itself"
    finally:
        if child.is_alive():
            child.kill()
        child.join()
