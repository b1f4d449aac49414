"""Waiting for what another thread, process or page will do; the only place where tests look at a clock."""

from __future__ import annotations

import time
from collections.abc import Callable

LOOK_S = 0.02


def eventually(check: Callable[[], object], *, seconds: float = 60) -> bool:
    """Whether ``check`` comes true; False only after many looks, on a machine however busy."""
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() > end:
            return False
        time.sleep(LOOK_S)
    return True
