"""The production server: Granian, started from Python with the program's own settings."""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import MPServer

from gisgrid.access.keys import secret_key
from gisgrid.db.store import open_web_engine, web_url
from gisgrid.errors import Invalid
from gisgrid.settings import Settings
from web import snapshots
from web.app import create_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

TOGETHER = 3
"""Answers that a process makes at a time; measured with scripts/bench http."""
WORKER = (sys.executable, "-m", "gisgrid", "worker")
WATCH_S, WORKER_PAUSE_S = 0.5, 5.0
"""How often the worker is looked after, and how long nobody starts it anew when it has ended."""
STREAMS = 128
"""Open streams of live events that a process can hold, each in a thread that waits."""


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; requests at work are finished first.

    Raises
    ------
    StoreUnavailable
        The store cannot be started or reached; told before any process is forked.
    Invalid
        Another program has the port.
    """
    _check_port(settings)
    url = web_url(settings)
    open_web_engine(url).dispose()
    # The workers get the address, so that none of them starts the private cluster a second time;
    # and the key, which belongs to the cluster.
    key = secret_key(settings)
    with _worker(settings):
        settings = replace(settings, web_database_url=url, secret_key=key)
        load = partial(_application, settings)
        _server(settings).serve(target_loader=load, wrap_loader=False)


@contextlib.contextmanager
def _worker(settings: Settings) -> Iterator[None]:
    """Beside the private cluster a worker runs as long as the server; another store has its own."""
    if settings.database_url or settings.web_database_url:
        yield
        return
    server, done = os.getpid(), threading.Event()
    keeper = threading.Thread(target=_keep_worker, args=(done,), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        # The server's processes leave through here, too; the thread is the parent's.
        if os.getpid() == server:
            done.set()
            keeper.join()


def _keep_worker(done: threading.Event) -> None:
    """Start the worker, and anew after a pause when it ends by itself, until ``done``."""
    while True:
        worker = subprocess.Popen(WORKER, stdin=subprocess.DEVNULL)
        while worker.poll() is None and not done.wait(WATCH_S):
            pass
        if done.is_set():
            worker.terminate()
            worker.wait()
            return
        if done.wait(WORKER_PAUSE_S):
            return


def _server(settings: Settings) -> MPServer:
    return MPServer(
        "web.app",  # a name for its messages; what is served comes from the loader
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.web_workers,
        # Most of them only hold a stream open and wait for news.
        blocking_threads=TOGETHER + STREAMS,
        backpressure=4 * (TOGETHER + STREAMS),
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=30_000),
        websockets=False,
        log_level=LogLevels.error,
        # A process that died is replaced; one that does not stop in time is killed.
        respawn_failed_workers=True,
        workers_kill_timeout=10,
    )


def _application(settings: Settings) -> WSGIApplication:
    """Made in each process, after the fork."""
    # A look-up is done in a millisecond: a thread that holds the interpreter for the usual five
    # would be the longest part of its neighbours' wait.
    sys.setswitchinterval(0.0005)
    app = create_app(settings)
    snapshots.start(app)
    # What stands now stays: a full collection that walks over all of it stops every request.
    gc.collect()
    gc.freeze()
    return few_at_once(app)


def few_at_once(app: WSGIApplication) -> WSGIApplication:
    """The application, which makes at most ``TOGETHER`` answers at a time; sending them is free.

    A look-up computes and waits for nothing, and more threads only stand in each other's way.
    """
    places = threading.Semaphore(TOGETHER)

    def waited(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with places:
            return app(environ, start_response)

    return waited


def _check_port(settings: Settings) -> None:
    """Two servers that share a port by ``reuse_port`` would each get half of the questions."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise Invalid(
                f"Port {settings.port} of {settings.host} cannot be taken: {error.strerror}.",
                zh=f"无法使用 {settings.host} 的端口 {settings.port}：{error.strerror}。",
                port=settings.port,
            ) from error
