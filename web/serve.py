"""The production server: gunicorn, started from Python with the program's own settings."""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

from flask import Flask
from gunicorn.app.base import BaseApplication

from gisgrid.access.keys import secret_key
from gisgrid.db.store import open_web_engine, web_url
from gisgrid.errors import Invalid
from gisgrid.settings import Settings
from web import snapshots
from web.app import create_app


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
        Server(replace(settings, web_database_url=url, secret_key=key)).run()


@contextlib.contextmanager
def _worker(settings: Settings) -> Iterator[None]:
    """Beside the private cluster a worker runs as long as the server; another store has its own."""
    if settings.database_url or settings.web_database_url:
        yield
        return
    command = [sys.executable, "-m", "gisgrid", "worker"]
    worker = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    server = os.getpid()
    try:
        yield
    finally:
        # The server's processes leave through here, too.
        if os.getpid() == server:
            worker.terminate()
            worker.wait()


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn without its command line: each worker makes its own application after the fork."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        for name, value in {
            "bind": f"{self.settings.host}:{self.settings.port}",
            "workers": self.settings.web_workers,
            # Each process has a queue of its own. From a common one whoever wakes first takes all
            # of a client's connections, and the other process stands idle.
            "reuse_port": True,
            "worker_class": "gthread",
            # Few: a look-up computes and waits for nothing, and threads then stand in each other's
            # way. Measured with scripts/bench http, 3 against 8 halve the slowest hundredth.
            "threads": 3,
            "timeout": self.settings.statement_timeout_s + 30,
            "graceful_timeout": 10,
            "control_socket_disable": True,
            "proc_name": "gisgrid",
        }.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        # Called in each worker, after the fork. A look-up is done in a millisecond: a thread that
        # holds the interpreter for the usual five would be the longest part of its neighbours' wait.
        sys.setswitchinterval(0.0005)
        app = create_app(self.settings)
        snapshots.start(app)
        # What stands now stays: a full collection that walks over all of it stops every request.
        gc.collect()
        gc.freeze()
        return app


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
