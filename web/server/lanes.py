"""The few places in which a server process makes answers, by what they wait for.

A look-up computes and waits for nothing, so more threads only stand in each other's way. A page waits
for the store, at worst as long as a statement may take; a file of a hundred thousand questions computes
for a minute. Each kind has its own places, so that none of the slower takes one of the quicker.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LOOK_UPS, PAGES, LONG = 3, 4, 2
"""Answers that are made at a time; the first measured with scripts/bench http."""
WAITING = 256
"""Requests that may wait for a place of a kind; more are told to come again."""
_QUICK = ("/api/v1/locate", "/api/v1/health", "/lookup", "/static/")


@dataclass(slots=True)
class WaitingRequest:
    """A request that is here in full."""

    environ: dict[str, Any]
    answer: Any
    gone: Callable[[], bool]
    """Whether nobody waits for the answer any more."""
    given_up: bool = False


class Lanes:
    """Threads that make answers."""

    def __init__(self, make: Callable[[WaitingRequest], None]) -> None:
        self._look_ups = _Lane("look-ups", LOOK_UPS, make)
        self._pages = _Lane("pages", PAGES, make)
        self._long = _Lane("long", LONG, make)

    def take(self, job: WaitingRequest, method: str, path: str) -> bool:
        """Have a job done; False if too many wait already."""
        if path.startswith(_QUICK):
            return (self._look_ups if method in ("GET", "HEAD") else self._long).take(job)
        return self._pages.take(job)


class _Lane:
    def __init__(self, name: str, places: int, make: Callable[[WaitingRequest], None]) -> None:
        self._waiting: queue.SimpleQueue[WaitingRequest] = queue.SimpleQueue()
        self._make = make
        for n in range(1, places + 1):
            # They hold nothing that must not be cut off: a transaction that is, did not happen.
            threading.Thread(target=self._work, name=f"{name} {n}", daemon=True).start()

    def take(self, job: WaitingRequest) -> bool:
        if self._waiting.qsize() >= WAITING:
            return False
        self._waiting.put(job)
        return True

    def _work(self) -> None:
        while True:
            self._make(self._waiting.get())
