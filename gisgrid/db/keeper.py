"""The embedded store as a piece that the supervisor keeps alive.

PostgreSQL is no child of the supervisor: other commands start it too, and go on when the supervisor is
gone. So its first process is watched by a file descriptor of the kernel, which tells of its end.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from gisgrid.core.errors import GisgridError
from gisgrid.core.messages import Message, message
from gisgrid.core.processes import end_with
from gisgrid.core.terminal import note
from gisgrid.db.cluster import Cluster

STARTS_S = 600.0
"""A store that was killed first does again what it had not yet written; that takes its time."""


@dataclass
class KeptCluster:
    """The cluster, started when it does not run and stopped at the end by whoever started it.

    Parameters
    ----------
    owned
        Whether it was started for this service; one that ran before runs on.
    """

    cluster: Cluster
    owned: bool
    name: Message = field(default_factory=lambda: message("store"))
    stop_s: float = 20.0
    _starting: subprocess.Popen[bytes] | None = None
    _stopping: subprocess.Popen[bytes] | None = None
    _pid: int | None = None
    _pidfd: int = -1
    _begun_at: float | None = None
    _ended: Message | None = None

    def start(self) -> None:
        self._let_go()
        self._ended, self._begun_at = None, None
        if not self._take_hold():
            self.owned = True
            self._starting = self._in_background("start")

    def listens(self) -> list[int]:
        return [self._pidfd] if self._pidfd >= 0 else []

    def look(self, now: float) -> None:
        if self._begun_at is None:
            self._begun_at = now
        if self._starting is not None and (code := self._starting.poll()) is not None:
            self._starting = None
            if code != 0 or not self._take_hold():
                self._ended = message("did not start")
        elif self._pidfd >= 0 and _readable(self._pidfd):
            self._let_go()
            self._ended = message("its first process ended")

    def ready(self) -> bool:
        return self._pidfd >= 0

    def ended(self) -> Message | None:
        return self._ended

    def hung(self, now: float) -> Message | None:
        late = self._starting is not None and self._begun_at is not None and (
            now - self._begun_at > STARTS_S
        )  # fmt: skip
        return message("not ready after {seconds:.0f} s", seconds=STARTS_S) if late else None

    def stop(self) -> None:
        if not self.owned:
            self._let_go()
            self._ended = message("runs on")
        elif self._stopping is None:
            self._stopping = self._in_background("stop")

    def kill(self) -> None:
        if self._starting is not None:
            self._starting.kill()
        elif self._pid is not None:
            self._stopping = self._in_background("kill")

    def _take_hold(self) -> bool:
        """Watch the cluster's first process; False if there is none."""
        pid = self.cluster.postmaster()
        if pid is None:
            return False
        try:
            self._pidfd = os.pidfd_open(pid)
        except ProcessLookupError:
            return False
        # Between the two the number may have gone to another process.
        if self.cluster.postmaster() != pid:
            self._let_go()
            return False
        self._pid = pid
        return True

    def _let_go(self) -> None:
        if self._pidfd >= 0:
            os.close(self._pidfd)
        self._pid, self._pidfd = None, -1

    def _in_background(self, what: str) -> subprocess.Popen[bytes]:
        words = [sys.executable, "-m", "gisgrid.db.keeper", what, str(self.cluster.home)]
        return subprocess.Popen([*words, str(os.getpid())], stdin=subprocess.DEVNULL)


def _readable(file: int) -> bool:
    poll = select.poll()
    poll.register(file, select.POLLIN)
    return bool(poll.poll(0))


def main() -> None:
    """Start, stop or kill a cluster, for a supervisor that must not wait for it."""
    what, home, parent = sys.argv[1:]
    end_with(int(parent))
    cluster = Cluster.at(Path(home))
    try:
        if what == "start":
            cluster.start()
        elif what == "stop":
            cluster.stop()
        else:
            cluster.end_all()
    except GisgridError as exc:
        note(exc.said)
        sys.exit(2)


if __name__ == "__main__":
    main()
