"""One server process: the application behind uvicorn, which reads and writes HTTP in C.

Forked from the program (`web.server.program`), as often as there are to be server processes; each has a
listening socket of its own on the same port, and listens once it is ready to answer.
"""

from __future__ import annotations

import asyncio
import gc
import resource
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import uvicorn
import uvloop
from flask import Flask

from gisgrid.core.errors import GisgridError
from gisgrid.core.processes import beat
from gisgrid.core.settings import Settings
from gisgrid.core.terminal import note
from web.dispatch.streams import Streams
from web.lookup import snapshots
from web.server import ports
from web.server.bridge import Bridge
from web.server.door import Door, Doorkeeper

STOP_S = 8
"""Requests at work are finished for so long when the server is to stop."""
FILES = 16_384
"""Open files that a process asks the system for: a connection is one."""


class Server(uvicorn.Server):
    """Which ends its streams before it waits for what is at work."""

    def __init__(self, config: uvicorn.Config, streams: Streams | None) -> None:
        super().__init__(config)
        self._streams = streams

    async def shutdown(self, sockets: list[Any] | None = None) -> None:
        if self._streams is not None:
            self._streams.close()
        await super().shutdown(sockets)


def begin(app: Flask) -> None:
    """Listen to the store and take from it what answers are made from: plans, into memory."""
    # A look-up is done in a millisecond: a thread that holds the interpreter for the usual five
    # would be the longest part of its neighbours' wait.
    sys.setswitchinterval(0.0005)
    snapshots.start(app)
    # What stands now stays: a full collection that walks over all of it stops every request.
    gc.collect()
    gc.freeze()


def server_of(bridge: Bridge, keeper: Doorkeeper, streams: Streams | None) -> Server:
    """uvicorn with its doors kept."""
    config = uvicorn.Config(
        cast("Any", bridge),
        interface="asgi3",
        # A class of its own is what the option is for; this one knows its doorkeeper.
        http=cast("type[asyncio.Protocol]", partial(Door, keeper)),
        ws="none",
        lifespan="off",
        loop="none",  # it is running already
        proxy_headers=False,  # the application believes as many as it was told of
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=STOP_S,
    )
    return Server(config, streams)


async def run(app: Flask, settings: Settings, alive: Callable[[], None]) -> None:
    """Listen, and say every second that all is well, until asked to stop."""
    listening = ports.listening(settings.host, settings.port)
    bridge = Bridge(app, proxies=settings.proxies)
    keeper = Doorkeeper(most=_most_connections(), counts_addresses=not settings.proxies)
    served = server_of(bridge, keeper, app.extensions["gisgrid.streams"])
    beside = [asyncio.create_task(each) for each in (beat(alive), keeper.watch())]
    try:
        await served.serve(sockets=[listening])
    finally:
        for task in beside:
            task.cancel()


def serve_one(app: Flask, settings: Settings, alive: Callable[[], None]) -> None:
    """Be one server process until asked to stop."""
    try:
        begin(app)
    except GisgridError as exc:
        note(exc.said)
        sys.exit(2)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(app, settings, alive))


def _most_connections() -> int:
    """Half of the files that this process may open, after asking for as many as it may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return (FILES if soft == resource.RLIM_INFINITY else soft) // 2
