"""From connections to answers: bodies are read outside the places in which answers are made.

Reading a body and sending an answer wait for somebody's network, and are done in the event loop, where
waiting costs nothing. Only what is here in full goes to one of the few threads that make answers.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from functools import lru_cache
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from flask import Flask

from web.dispatch.streams import BEAT_S, FEED, Feed
from web.http.bodies import Body, RefusedBody, collected
from web.http.limits import NOT_BEFORE
from web.http.peers import address_key
from web.server.door import Door
from web.server.lanes import Lanes, WaitingRequest

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

AT_ONCE = 64
"""Requests of one address that a process has in hand; an office may share an address."""
LONGEST_HELD_S = 30.0
IN_ONE = 262_144
"""Bytes of an answer that are kept in memory; a longer one goes through a file."""
PIECE = 65_536

_LOG = logging.getLogger("gisgrid.web")
_BUSY = "The server is busy; try again in a moment. 服务器繁忙，请稍后再试。"
_MANY = "Too many requests at once from this address. 同一地址同时请求过多，请稍后再试。"


class BridgedAnswer:
    """What the application says to one request, while it is being made."""

    __slots__ = (
        "_loop", "_more", "begun", "body", "complete", "failed", "feed", "file", "headers",
        "not_before", "status", "written",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._more: asyncio.Event | None = None
        self.begun: asyncio.Future[None] = loop.create_future()
        self.status = 500
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.file: IO[bytes] | None = None
        self.written = 0
        """Bytes in the file so far."""
        self.complete = False
        self.failed = False
        self.feed: Feed | None = None
        self.not_before = 0.0

    def tell(self) -> None:
        """Have the loop look at what there is, from another thread."""
        self._loop.call_soon_threadsafe(self._told)

    def more(self) -> asyncio.Event:
        """Set whenever there is something new."""
        if self._more is None:
            self._more = asyncio.Event()
        return self._more

    def _told(self) -> None:
        if not self.begun.done():
            self.begun.set_result(None)
        if self._more is not None:
            self._more.set()


class Bridge:
    """The ASGI application that stands before the Flask one.

    Parameters
    ----------
    proxies
        How many in front are believed as to the address that a request comes from.
    """

    def __init__(self, app: Flask, *, proxies: int = 0) -> None:
        self._app = app
        self._proxies = proxies
        self._lanes = Lanes(self._make)
        self._at_work: Counter[str] = Counter()
        self._sent_in: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = self._address(scope)
        if self._at_work[address] >= AT_ONCE:
            await _refuse(send, RefusedBody(429, _MANY))
            return
        self._at_work[address] += 1
        body: Body | None = None
        try:
            body = await collected(self._app, scope, receive, address, self._sent_in)
            if body is not None:
                await self._answered(scope, receive, send, body)
        except RefusedBody as refused:
            await _refuse(send, refused)
        finally:
            self._at_work[address] -= 1
            if not self._at_work[address]:
                del self._at_work[address]
            if body is not None:
                body.close()

    def in_hand(self) -> Counter[str]:
        """How many requests are at work, by address."""
        return self._at_work

    async def _answered(self, scope: Scope, receive: Receive, send: Send, body: Body) -> None:
        door: Door = scope["state"]["door"]
        answer = BridgedAnswer(asyncio.get_running_loop())
        job = WaitingRequest(_environ(scope, body), answer, door.transport.is_closing)
        if not self._lanes.take(job, scope["method"], scope["path"]):
            raise RefusedBody(503, _BUSY)
        try:
            await answer.begun
            wait_s = answer.not_before - time.monotonic()
            if wait_s > 0:
                await asyncio.sleep(min(wait_s, LONGEST_HELD_S))
            if answer.feed is not None:
                await _streamed(answer, answer.feed, receive, send)
            elif answer.file is not None:
                await _from_file(answer, send)
            else:
                await _start(answer, send)
                await send({"type": "http.response.body", "body": answer.body})
        finally:
            job.given_up = True

    def _make(self, job: WaitingRequest) -> None:
        """Make an answer, in one of the threads."""
        answer: BridgedAnswer = job.answer

        def start_response(status: str, headers: Any, _: object = None) -> Callable[[bytes], None]:
            answer.status = int(status[:3])
            answer.headers = [
                (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers
            ]
            return _not_offered

        rows: Iterable[bytes] = ()
        try:
            if job.given_up or job.gone():
                return
            rows = self._app(job.environ, start_response)
            answer.not_before = job.environ.get(NOT_BEFORE, 0.0)
            answer.feed = job.environ.get(FEED)
            if answer.feed is None:
                _gather(rows, answer, job)
        except Exception as exc:
            # What went wrong may quote rows, and rows hold people.
            _LOG.error("%s while an answer was made", type(exc).__name__)
            answer.failed = True
        finally:
            close = getattr(rows, "close", None)
            if close is not None:
                close()
            answer.complete = True
            answer.tell()

    def _address(self, scope: Scope) -> str:
        """Of whoever asks, as the proxies in front tell it."""
        address: str = scope["state"]["door"].address
        if self._proxies:
            told = [v.decode("latin-1") for k, v in scope["headers"] if k == b"x-forwarded-for"]
            hosts = [host.strip() for host in ",".join(told).split(",")]
            if len(hosts) >= self._proxies:
                return address_key(hosts[-self._proxies])
        return address


def _gather(rows: Iterable[bytes], answer: BridgedAnswer, job: WaitingRequest) -> None:
    """The body of an answer: in memory, or in a file that grows while it is sent."""
    pieces: list[bytes] = []
    size = 0
    for piece in rows:
        if job.given_up:
            return
        size += len(piece)
        if answer.file is None:
            pieces.append(piece)
            if size <= IN_ONE:
                continue
            answer.file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - the sender closes it
            piece = b"".join(pieces)  # noqa: PLW2901
        answer.file.write(piece)
        answer.written = size
        answer.tell()
    if answer.file is None:
        answer.body = b"".join(pieces)


async def _start(answer: BridgedAnswer, send: Send) -> None:
    headers = answer.headers
    if answer.complete and answer.feed is None and answer.status not in (204, 304):
        for name, _ in headers:
            if name == b"content-length":
                break
        else:
            size = answer.written if answer.file is not None else len(answer.body)
            headers = [*headers, (b"content-length", b"%d" % size)]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})


async def _from_file(answer: BridgedAnswer, send: Send) -> None:
    file = answer.file
    assert file is not None  # noqa: S101 - narrows the type
    with file:
        await _start(answer, send)
        sent = 0
        while True:
            # Looked at before the size: what is complete grows no more.
            complete = answer.complete
            if sent < answer.written:
                piece = os.pread(file.fileno(), min(PIECE, answer.written - sent), sent)
                sent += len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            elif complete:
                break
            else:
                more = answer.more()
                more.clear()
                if not answer.complete and sent >= answer.written:
                    await more.wait()
        if not answer.failed:
            # What broke off is not ended as if it were whole: the connection is closed.
            await send({"type": "http.response.body", "body": b""})


async def _streamed(answer: BridgedAnswer, feed: Feed, receive: Receive, send: Send) -> None:
    """An answer that lasts: news as it comes, until its time is over or nobody listens."""
    gone = asyncio.ensure_future(_until_gone(receive))
    more = answer.more()
    try:
        feed.attach(answer.tell)
        await _start(answer, send)
        while not gone.done():
            more.clear()
            for piece in feed.take():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            if feed.over():
                break
            woken = asyncio.ensure_future(more.wait())
            done, _ = await asyncio.wait(
                (woken, gone), timeout=min(BEAT_S, feed.left_s()), return_when="FIRST_COMPLETED"
            )
            woken.cancel()
            if not done and not feed.over():
                feed.beat()
        await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()
        feed.close()


def _not_offered(_: bytes) -> None:
    """The old way of PEP 3333 to write, which nothing here uses."""
    raise NotImplementedError


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _refuse(send: Send, refused: RefusedBody) -> None:
    body = refused.said.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"retry-after", b"5"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _environ(scope: Scope, body: Body) -> dict[str, Any]:
    """The request as PEP 3333 has it."""
    client, server, raw_path = scope["client"], scope["server"], scope["raw_path"]
    path = unquote_to_bytes(raw_path) if b"%" in raw_path else raw_path
    environ: dict[str, Any] = {
        **_ALWAYS,
        "REQUEST_METHOD": scope["method"],
        "PATH_INFO": path.decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server[0] if server else "",
        "SERVER_PORT": str(server[1]) if server else "",
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0] if client else "",
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body.file,
    }
    for raw_name, raw_value in scope["headers"]:
        name = _name(raw_name)
        if name is not None:
            value = raw_value.decode("latin-1")
            if name in environ:
                value = f"{environ[name]}{'; ' if name == 'HTTP_COOKIE' else ','}{value}"
            environ[name] = value
    if body.size:
        environ["CONTENT_LENGTH"] = str(body.size)
    return environ


@lru_cache(maxsize=512)
def _name(header: bytes) -> str | None:
    """What a header is called in the environment; None for one that does not go there."""
    # "x_real" would pass for "x-real", which a proxy may have set.
    if b"_" in header or header == b"transfer-encoding":
        return None
    name = header.decode("latin-1").replace("-", "_").upper()
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"


_ALWAYS = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    NOT_BEFORE: 0.0,
}
