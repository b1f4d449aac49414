"""What a process owes to the one that started it: it says that it lives, and does not outlive it."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
"""linux/prctl.h"""
BEAT_S = 1.0
"""How often a process says that it lives."""


def end_with(parent: int) -> None:
    """Have the kernel kill this process when the one that started it is gone, however it went.

    Parameters
    ----------
    parent
        Process id of the one that started this; if it is gone already, this ends at once.

    Notes
    -----
    The kernel looks at the *thread* that started this process: it must live as long as its process,
    or as long as it waits for this one.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def writing_to(file: int) -> Callable[[], None]:
    """What tells the supervisor by a byte in its file that this process lives."""

    def alive() -> None:
        # Full: it has not looked for an hour, and has been told already.
        with contextlib.suppress(BlockingIOError):
            os.write(file, b".")

    return alive


async def beat(alive: Callable[[], None]) -> None:
    """Call ``alive`` every second, from a loop that turns."""
    while True:
        alive()
        await asyncio.sleep(BEAT_S)
