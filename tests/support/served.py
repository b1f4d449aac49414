"""A server process in a thread: the doors and the bridge of production before any application."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import uvicorn
import uvloop
from flask import Flask

from gisgrid.core.settings import Settings
from web.server.bridge import Bridge
from web.server.door import Doorkeeper
from web.server.ports import listening
from web.server.serve import server_of


@dataclass(frozen=True)
class Served:
    """Where it listens, and what it holds."""

    port: int
    bridge: Bridge
    keeper: Doorkeeper

    def connect(self, address: str = "127.0.0.1") -> socket.socket:
        """A connection from one of this machine's own addresses."""
        made = socket.socket()
        made.settimeout(30)
        made.bind((address, 0))
        made.connect(("127.0.0.1", self.port))
        return made

    def ask(self, request: str | bytes, address: str = "127.0.0.1") -> bytes:
        """All that is answered to a request until the connection ends."""
        with self.connect(address) as made:
            made.sendall(request.encode() if isinstance(request, str) else request)
            return rest(made)

    def get(self, path: str, address: str = "127.0.0.1", **headers: str) -> bytes:
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        return self.ask(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lines}\r\n", address
        )


def rest(made: socket.socket) -> bytes:
    """What still comes on a connection, which is then closed."""
    got = b""
    with made, contextlib.suppress(ConnectionResetError):
        while more := made.recv(65536):
            got += more
    return got


def post(path: str, body: bytes, *, length: int | None = None, headers: str = "") -> bytes:
    """A request with a body; ``length`` says more than there is."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}"
        f"Content-Length: {len(body) if length is None else length}\r\n\r\n"
    ).encode() + body


@contextlib.contextmanager
def behind_doors(app: Flask, *, proxies: int = 0, most: int = 1000) -> Iterator[Served]:
    """The application behind a server process's bridge and doors, at a free port."""
    app.config.setdefault("SETTINGS", Settings(secret_key="x" * 40))
    bridge = Bridge(app, proxies=proxies)
    keeper = Doorkeeper(most=most, counts_addresses=not proxies)
    running: dict[str, Any] = {}
    began = threading.Event()
    taken = listening("127.0.0.1", 0)

    async def run() -> None:
        running["server"] = served = server_of(
            bridge, keeper, app.extensions.get("gisgrid.streams")
        )
        watching = asyncio.create_task(keeper.watch())
        began.set()
        await served.serve(sockets=[taken])
        watching.cancel()

    def main() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run())

    thread = threading.Thread(target=main)
    port = taken.getsockname()[1]
    thread.start()
    began.wait(30)
    try:
        yield Served(port, bridge, keeper)
    finally:
        server: uvicorn.Server = running["server"]
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()
