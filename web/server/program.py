"""The program once in memory, and its forks: the server processes and the worker.

Libraries, kernels and the application take most of a process's memory and are never changed. They are loaded here
once, and every fork shares them; a fork that ended is back in a second.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
from collections.abc import Callable
from functools import partial

from flask import Flask
from sqlalchemy.orm import configure_mappers

import layers.elements  # noqa: F401 - every office opens the map, so its library is shared
from gisgrid.core.errors import GisgridError
from gisgrid.core.failures import log_plainly
from gisgrid.core.messages import message
from gisgrid.core.processes import drop_code, end_with, writing_to
from gisgrid.core.settings import Settings
from gisgrid.core.terminal import note
from gisgrid.db.cluster import Cluster
from gisgrid.jobs import worker
from gisgrid.jobs.forked import Forked
from gisgrid.jobs.supervisor import Supervisor
from gisgrid.locate.locator import warm
from web.app import create_app
from web.server.keeping import PROGRAM
from web.server.serve import serve_one

AGAIN = "again"
"""The word of a program that has compiled the kernels and begun anew."""
WORKER_SILENT_S = 300.0
"""A worker may compute so long in one go and say nothing."""


def application(settings: Settings) -> Flask:
    """The application as every server process has it: nothing opened, nothing that goes on, kernels compiled.

    A process that is forked after this shares it; what each has of its own begins with
    `web.server.serve.begin`.
    """
    app = create_app(settings)
    # Or the first who logs in has it done while look-ups wait.
    configure_mappers()
    warm()
    # A thread that a fork cuts off may hold a lock: one that ends by itself is waited for.
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join()
    gc.collect()
    # Nor is it written to by a collection, so that it stays shared.
    gc.freeze()
    return app


def forks(app: Flask, settings: Settings, *, with_worker: bool) -> list[Forked]:
    """The pieces that this process keeps."""
    found = [
        Forked(message("server {number}", number=n), (), body=partial(serve_one, app, settings))
        for n in range(1, settings.web_workers + 1)
    ]
    if with_worker:
        url = settings.database_url or Cluster.at(settings.home).url()
        body: Callable[[Callable[[], None]], None] = partial(worker.serve, url)
        found.append(Forked(message("worker"), (), body=body, silent_s=WORKER_SILENT_S))
    return found


def main() -> None:
    """Keep servers and worker below the supervisor: its file, its process number, ``worker`` or ``no-worker``."""
    alive, parent = (int(word) for word in sys.argv[1:3])
    end_with(parent)
    log_plainly()
    # It tells of each malformed request, which anybody may send.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    settings = Settings.from_env()
    if warm() and AGAIN not in sys.argv:
        # Compiling leaves twice the program's memory behind: whoever loads what is compiled has less.
        os.execv(sys.executable, [sys.executable, "-c", PROGRAM, *sys.argv[1:], AGAIN])  # noqa: S606
    where = f"http://{settings.host}:{settings.port}"
    try:
        app = application(settings)
    except GisgridError as exc:
        note(exc.said)
        sys.exit(2)
    drop_code()
    kept = forks(app, settings, with_worker=sys.argv[3] == "worker")
    Supervisor([(piece, None) for piece in kept], below=True).run(
        ready=lambda: note(message("the service is ready at {where}", where=where)),
        alive=writing_to(alive),
    )
