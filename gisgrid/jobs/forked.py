"""A piece of the service that is forked, and so shares the memory of what its parent has loaded.

The parent loads libraries and compiled kernels, opens nothing and starts no thread that goes on; each fork then
begins its own connections and threads.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from gisgrid.core.processes import called, end_with, writing_to
from gisgrid.jobs.supervisor import Child, Process

Body = Callable[[Callable[[], None]], None]
"""What a fork does, with what it calls whenever it is well; SystemExit gives its exit status."""


class Fork:
    """A forked process, with what the supervisor asks of one."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._status: int | None = None

    def poll(self) -> int | None:
        """Its exit status, negative for a signal; None while it lives."""
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status

    def send_signal(self, sig: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, sig)


@dataclass(kw_only=True)
class Forked(Process):
    """A piece that is a fork of this process, and ends with it."""

    body: Body

    def _begin(self, alive: int) -> Child:
        parent = os.getpid()
        pid = os.fork()
        if pid:
            return Fork(pid)
        status = 1
        try:
            # The parent's way to hear of signals is not this process's.
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            end_with(parent)
            called(f"gisgrid {self.name.en.replace(' ', '')}")
            self.body(writing_to(alive))
            status = 0
        except SystemExit as exc:
            status = exc.code if isinstance(exc.code, int) else 1
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            # Nothing of the parent's is tidied up here.
            os._exit(status)
