"""What a process owes to the one that started it: it does not outlive it."""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
"""linux/prctl.h"""


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
