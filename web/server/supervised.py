"""The pieces of the service and the one that keeps them: ``gisgrid serve``.

Server processes, the worker and the embedded store are processes of their own below one supervisor.
What it starts gets everything by its environment, so that a piece that is started anew needs nobody.
"""

from __future__ import annotations

import os
import sys

from gisgrid.core.errors import Invalid
from gisgrid.core.settings import Settings
from gisgrid.core.terminal import note
from gisgrid.db.cluster import Cluster
from gisgrid.db.keeper import KeptCluster
from gisgrid.db.store import open_web_engine, web_url
from gisgrid.jobs.supervisor import Piece, Process, Supervisor
from gisgrid.people.keys import secret_key
from web.server import ports

WORKER = "from gisgrid.jobs.worker import main; main()"
"""Imported, not run by its name: the queue warns of what is defined in a main module."""
WORKER_SILENT_S = 300.0
"""A worker may compute so long in one go and say nothing."""


def serve(settings: Settings, *, worker: bool | None = None) -> None:
    """Become the supervisor of the service; this program is not returned to.

    Parameters
    ----------
    worker
        Whether a worker runs beside; None: with the private cluster, another store has its own.

    Raises
    ------
    StoreUnavailable
        The store cannot be started or reached; told before anything is begun.
    Invalid
        Another program has the port, or no key was given.
    """
    ports.check(settings.host, settings.port)
    embedded = not (settings.database_url or settings.web_database_url)
    owned = embedded and not Cluster.at(settings.home).status().running
    url = web_url(settings)
    open_web_engine(url).dispose()
    with_worker = embedded if worker is None else worker
    if with_worker and not embedded and not settings.database_url:
        raise Invalid(
            "A worker enters the store as its owner: set DATABASE_URL.",
            zh="后台程序以数据库所有者身份连接，请设置 DATABASE_URL。",
        )
    environment = {
        **os.environ,
        "GISGRID_WEB_DATABASE_URL": url,
        "GISGRID_SECRET_KEY": secret_key(settings),
        "GISGRID_HOST": settings.host,
        "GISGRID_PORT": str(settings.port),
    }
    words = [
        *(
            ["store", str(settings.home.absolute()), "owned" if owned else "found"]
            if embedded
            else []
        ),
        *(["worker"] if with_worker else []),
    ]
    # Anew and in the same process: the one that has to live longest holds nothing it does not need.
    os.execve(sys.executable, [sys.executable, "-m", "web.server.supervised", *words], environment)  # noqa: S606


def pieces(settings: Settings, words: list[str]) -> list[tuple[Piece, Piece | None]]:
    """What is kept alive, in the order in which it begins, each with what it needs."""
    found: list[tuple[Piece, Piece | None]] = []
    store: KeptCluster | None = None
    if words[:1] == ["store"]:
        cluster = Cluster.at(settings.home)
        store = KeptCluster(cluster, owned=words[2] == "owned")
        found.append((store, None))
    if words[-1:] == ["worker"]:
        owner = {"DATABASE_URL": store.cluster.url()} if store is not None else {}
        worker = Process(
            "worker",
            "后台程序",
            [sys.executable, "-c", WORKER, "{alive}", "{parent}"],
            env=owner,
            silent_s=WORKER_SILENT_S,
        )
        found.append((worker, store))
    for n in range(1, settings.web_workers + 1):
        server = Process(
            f"server {n}",
            f"网页服务 {n}",
            [sys.executable, "-m", "web.server.serve", "{alive}", "{parent}"],
        )
        found.append((server, store))
    return found


def main() -> None:
    """Keep the service alive until SIGTERM or SIGINT."""
    settings = Settings.from_env()
    where = f"http://{settings.host}:{settings.port}"
    Supervisor(pieces(settings, sys.argv[1:])).run(
        ready=lambda: note(f"the service is ready at {where}", f"服务已就绪：{where}")
    )


if __name__ == "__main__":
    main()
