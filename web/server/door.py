"""Which connections does a server process hold, and which does it end?

A connection costs nothing but its place, so it may be idle for a while; what nobody else may lose by it
is bounded here: how many one address has, how long a request's head may take, and how slowly an answer
may be read. Bodies of requests are the bridge's (``web/server/bridge.py``).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from web.http.peers import address_key

OF_ONE_ADDRESS = 256
"""Connections of one address to one process; a whole office may share an address."""
HEAD_S = 20.0
"""From the first byte of a request, or from the beginning of a connection, to the end of its head."""
MOST_HEAD = 65_536
"""Bytes of a request's line and headers."""
REST_S = 10.0
"""A body that still comes when its request is answered is read for so long, so that the answer is."""
READ_S, READ_BYTES = 30.0, 32_768
"""An answer is given up of which less is taken in so many seconds."""
LOOK_S = 1.0

HEAD, BUSY, REST, IDLE = "head", "busy", "rest", "idle"

_FULL = "Too many connections; try again in a moment. 连接过多，请稍后再试。"
_SLOW = "The request came too slowly. 请求传输过慢。"
_LARGE = "The headers of the request are too large. 请求头过大。"


class Doorkeeper:
    """The connections of a process.

    Parameters
    ----------
    most
        How many there may be.
    counts_addresses
        False behind a proxy, through which all of them come: it is the one to count then.
    """

    def __init__(self, *, most: int, counts_addresses: bool) -> None:
        self._most = most
        self._counts = counts_addresses
        self._doors: set[Door] = set()
        self._of: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._doors)

    def enter(self, door: Door) -> bool:
        """Take note of a connection; False if it may not be."""
        if len(self._doors) >= self._most:
            return False
        if self._counts and self._of[door.address] >= OF_ONE_ADDRESS:
            return False
        self._doors.add(door)
        self._of[door.address] += 1
        return True

    def leave(self, door: Door) -> None:
        if door in self._doors:
            self._doors.discard(door)
            self._of[door.address] -= 1
            if not self._of[door.address]:
                del self._of[door.address]

    async def watch(self) -> None:
        """End what takes too long, for as long as the process serves."""
        while True:
            await asyncio.sleep(LOOK_S)
            now = asyncio.get_running_loop().time()
            for door in list(self._doors):
                door.look(now)


class Gathering:
    """A transport whose writes of one turn of the loop go out together.

    uvicorn writes the head and the body of an answer apart, and each would be a packet of its own.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._pieces: list[bytes] = []
        self.is_closing = transport.is_closing
        self.pause_reading, self.resume_reading = transport.pause_reading, transport.resume_reading

    def write(self, data: bytes) -> None:
        if not self._pieces:
            self._loop.call_soon(self.flush)
        self._pieces.append(data)

    def flush(self) -> None:
        pieces, self._pieces = self._pieces, []
        if pieces:
            self._transport.write(pieces[0] if len(pieces) == 1 else b"".join(pieces))

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size() + sum(map(len, self._pieces))

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)


class Door(HttpToolsProtocol):
    """A connection that has to be worth its place."""

    def __init__(self, keeper: Doorkeeper, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._keeper = keeper
        self.address = ""
        self._state, self._since = HEAD, self.loop.time()
        self._head = 0
        self._whole = False
        self._unsent, self._unsent_since = 0, 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast("asyncio.Transport", Gathering(transport, self.loop)))
        self.address = address_key(self.client[0] if self.client else "")
        if not self._keeper.enter(self):
            self._refuse(503, _FULL)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._keeper.leave(self)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._state == IDLE:
            self._is(HEAD)
        if self._state == HEAD:
            self._head += len(data)
        super().data_received(data)
        if self._state == HEAD and self._head > MOST_HEAD:
            self._refuse(431, _LARGE)

    def on_headers_complete(self) -> None:
        self._head, self._whole = 0, False
        self._is(BUSY)
        self.scope["state"]["door"] = self
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._whole = True
        if self._state == REST:
            self._is(IDLE)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete:
            self._is(IDLE if self._whole else REST)

    def look(self, now: float) -> None:
        """End the connection if it takes too long over what it does."""
        waited = now - self._since
        if self._reads_too_slowly(now) or (self._state == REST and waited > REST_S):
            self.transport.abort()
        elif self._state == HEAD and waited > HEAD_S and not self.transport.is_closing():
            self._refuse(408, _SLOW)

    def _reads_too_slowly(self, now: float) -> bool:
        unsent = self.transport.get_write_buffer_size()
        # More of it: something new was written.
        if unsent == 0 or unsent > self._unsent or self._unsent - unsent >= READ_BYTES:
            self._unsent, self._unsent_since = unsent, now
            return False
        return now - self._unsent_since > READ_S

    def _is(self, state: str) -> None:
        self._state, self._since = state, self.loop.time()

    def _refuse(self, status: int, said: str) -> None:
        body = said.encode()
        self.transport.write(
            b"HTTP/1.1 %d \r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n"
            b"retry-after: 10\r\nconnection: close\r\n\r\n%s" % (status, len(body), body)
        )
        self.transport.close()
