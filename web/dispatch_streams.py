"""Live news of cases: one connection to the store, many streams of server-sent events (HTML standard).

A stream is a thread of the server that waits at a queue of its own; the listener puts into each what its
reader may see. Nothing is asked of the store for a stream once it runs.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, current_app

from gisgrid.access.scope import Scope
from gisgrid.db.listen import Listener
from gisgrid.plans.plans import PUBLISHED_CHANNEL

CHANNEL = "cases_changed"
BEAT_S = 15.0
"""So often a silent stream is written to, so that a dead one is found."""
LIFE_S = 300.0
"""Then a stream ends; the browser comes again, and its rights are read anew."""
MOST_WAITING = 1000
"""Pieces of news that a stream may lag behind; then it ends, and the browser says how far it got."""


class Stream:
    """One browser that listens."""

    def __init__(self, ground: Scope) -> None:
        self.ground = ground
        self._news: queue.Queue[bytes | None] = queue.Queue(MOST_WAITING)
        self._cut = False

    def put(self, data: bytes | None) -> None:
        """Add news; None ends the stream."""
        try:
            self._news.put_nowait(data)
        except queue.Full:
            self._cut = True

    def read(self, life_s: float) -> Iterator[bytes]:
        end = time.monotonic() + life_s
        while not self._cut and (left := end - time.monotonic()) > 0:
            try:
                data = self._news.get(timeout=min(BEAT_S, left))
            except queue.Empty:
                data = b":\n\n"
            if data is None:
                return
            yield data


class Streams:
    """The streams of one process."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        listener.hear(CHANNEL, self._heard, began=lambda: self._tell_all(news("reload")))
        # Under another plan other grids are one's own: browsers come again, and rights are read anew.
        listener.hear(PUBLISHED_CHANNEL, lambda _: self.close())
        self._streams: set[Stream] = set()
        self._changing = threading.Lock()

    def open(self, ground: Scope) -> Stream:
        """A stream that hears from now on."""
        stream = Stream(ground)
        with self._changing:
            self._streams.add(stream)
        self._listener.start()
        return stream

    def response(self, stream: Stream, first: bytes) -> Response:
        """The answer that is a stream: ``first``, and then what comes."""
        life_s = float(current_app.config.get("STREAM_LIFE_S", LIFE_S))

        def body() -> Iterator[bytes]:
            try:
                yield first
                yield from stream.read(life_s)
            finally:
                with self._changing:
                    self._streams.discard(stream)

        return Response(
            body(),
            content_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    def close(self) -> None:
        """End all streams."""
        self._tell_all(None)

    def __len__(self) -> int:
        return len(self._streams)

    def _heard(self, payload: str) -> None:
        told: dict[str, Any] = json.loads(payload)
        place, cases = f"{told['step']}-{told['xmin']}", told["cases"]
        if cases is None:
            self._tell_all(news("reload", place=place))
            return
        written: dict[tuple[int, ...], bytes] = {}
        for stream in self._all():
            seen = tuple(i for i, case in enumerate(cases) if _lies_in(stream.ground, *case[2:]))
            if seen:
                if seen not in written:
                    written[seen] = news("cases", [cases[i][:2] for i in seen], place=place)
                stream.put(written[seen])

    def _tell_all(self, data: bytes | None) -> None:
        for stream in self._all():
            stream.put(data)

    def _all(self) -> list[Stream]:
        with self._changing:
            return list(self._streams)


def init_app(app: Flask) -> None:
    app.extensions["gisgrid.streams"] = Streams(app.extensions["gisgrid"].listener)


def streams() -> Streams:
    found: Streams = current_app.extensions["gisgrid.streams"]
    return found


def news(kind: str, data: Any = None, *, place: str | None = None) -> bytes:
    """One event of a stream."""
    at = f"id: {place}\n" if place else ""
    return f"{at}event: {kind}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


def _lies_in(
    ground: Scope, township: int, community: int | None, grid: int | None, over: int | None
) -> bool:
    """As the policy of events has it."""
    if township in ground.townships or grid in ground.grids or over in ground.grids:
        return True
    return grid is None and community in ground.communities
