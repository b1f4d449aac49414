"""The one that keeps the service alive: the embedded store, and the program with its forks.

It holds nothing that it does not need, and so little can go wrong in it. What it starts gets everything by its
environment, so that a piece that is started anew needs nobody.
"""

from __future__ import annotations

import sys

from gisgrid.core.messages import message
from gisgrid.core.settings import Settings
from gisgrid.db.cluster import Cluster
from gisgrid.db.keeper import KeptCluster
from gisgrid.jobs.supervisor import Piece, Process, Supervisor

PROGRAM = "from web.server.program import main; main()"


def pieces(settings: Settings, words: list[str]) -> list[tuple[Piece, Piece | None]]:
    """What is kept alive, in the order in which it begins, each with what it needs."""
    found: list[tuple[Piece, Piece | None]] = []
    store: KeptCluster | None = None
    if words[:1] == ["store"]:
        store = KeptCluster(Cluster.at(settings.home), owned=words[2] == "owned")
        found.append((store, None))
    program = Process(
        message("program"),
        # By name: what this process is started with would be imported again by each job's process.
        [sys.executable, "-c", PROGRAM, "{alive}", "{parent}", *words[-1:]],
        # Its forks have their own few threads; those of linear algebra would only take memory.
        env={"OPENBLAS_NUM_THREADS": "1"},
        stop_s=15.0,  # longer than one of its forks may take
    )
    found.append((program, store))
    return found


def main() -> None:
    """Keep the service alive until SIGTERM or SIGINT."""
    Supervisor(pieces(Settings.from_env(), sys.argv[1:])).run()


if __name__ == "__main__":
    main()
