"""What a process owes to the one that started it: it says that it lives, and does not outlive it."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1
"""linux/prctl.h"""
_PR_SET_NAME, _LONGEST_NAME = 15, 15
"""linux/prctl.h, and TASK_COMM_LEN without its end."""
_MADV_DONTNEED = 4
"""linux/mman.h"""
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


def called(name: str) -> None:
    """Have this process stand under a name in ``ps`` and ``top``, of which 15 bytes are kept.

    Forks would all be called as the program is.
    """
    ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode()[:_LONGEST_NAME], 0, 0, 0)


def drop_code() -> None:
    """Let go of the libraries' machine code in memory; what is run again comes back from its file.

    For a process that loaded much and will run little of it: of LLVM alone, which kernels are loaded by,
    70 MB stay otherwise.
    """
    libc = ctypes.CDLL(None)
    for line in Path("/proc/self/maps").read_text().splitlines():
        where, rights, _, _, _, *path = line.split(maxsplit=5)
        # Only what was never written to: anything else would be lost.
        if rights == "r-xp" and path and path[0].startswith("/"):
            start, end = (int(word, 16) for word in where.split("-"))
            libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _MADV_DONTNEED)


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
