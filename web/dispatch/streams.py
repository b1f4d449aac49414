"""Live news of cases and messages: one connection to the store, many streams of server-sent events (HTML standard).

A stream waits at a queue of its own, in the server's event loop; the listener puts into each what its
reader may see. Nothing is asked of the store for a stream once it runs: it ends when its account's rights
change, and the browser comes again with those it has then.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from flask import Flask, Response, current_app, request

from gisgrid.core.errors import TooMany
from gisgrid.core.plans import PUBLISHED_CHANNEL
from gisgrid.core.scope import Scope
from gisgrid.db.listen import Listener
from gisgrid.outbox.inbox import CHANNEL as OUTBOX_CHANNEL
from gisgrid.people.appointments import RIGHTS_CHANNEL

CHANNEL = "cases_changed"
BEAT_S = 15.0
"""So often a silent stream is written to, so that a dead one is found."""
THREAD_BEAT_S = 1.0
"""The same where a thread of a server waits: it learns by writing alone that a page was left."""
LIFE_S = 120.0
"""Then a stream ends; the browser comes again. A right that ends with its day ends so, too."""
OF_ACCOUNT, OF_ADDRESS = 8, 128
"""Streams that one account, and one address of the network, may have open in a process."""
FEED = "gisgrid.feed"
"""Under which name an answer that is a stream stands in the environment of its request."""
MOST_WAITING = 1000
"""Pieces of news that a stream may lag behind; then it ends, and the browser says how far it got."""


class Stream:
    """One browser that listens."""

    def __init__(self, ground: Scope, account_id: int | None, address: str) -> None:
        self.ground = ground
        self.account_id = account_id
        self.address = address
        self._news: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._over = False
        self._wake: Callable[[], None] = lambda: None

    def put(self, data: bytes | None) -> None:
        """Add news; None ends the stream."""
        with self._changed:
            if data is None or len(self._news) >= MOST_WAITING:
                self._over = True
            else:
                self._news.append(data)
            self._changed.notify_all()
        self._wake()

    def begin(self, first: bytes) -> None:
        """Put before all news what is told first: some may have come while the answer was made."""
        with self._changed:
            self._news.appendleft(first)
            self._changed.notify_all()
        self._wake()

    def attach(self, wake: Callable[[], None]) -> None:
        """Have ``wake`` called whenever there is news; in whichever thread brings it."""
        self._wake = wake

    def take(self) -> list[bytes]:
        """The news so far."""
        with self._changed:
            taken = list(self._news)
            self._news.clear()
            return taken

    def over(self) -> bool:
        return self._over

    def wait(self, seconds: float) -> bool:
        """Until there is news, for a thread that has nothing else to do; False if there was none."""
        with self._changed:
            return bool(self._changed.wait_for(lambda: self._news or self._over, seconds))


class Feed:
    """A stream as an answer: what is told first, then news, then its end.

    The server takes it from the environment and waits in its event loop, where waiting takes no place.
    """

    def __init__(
        self, stream: Stream, first: bytes, life_s: float, done: Callable[[], None]
    ) -> None:
        self._stream = stream
        self._end = time.monotonic() + life_s
        self._done = done
        stream.begin(first)

    def attach(self, wake: Callable[[], None]) -> None:
        self._stream.attach(wake)

    def take(self) -> list[bytes]:
        return self._stream.take()

    def left_s(self) -> float:
        """Seconds that it may still last."""
        return max(self._end - time.monotonic(), 0.0)

    def over(self) -> bool:
        return self._stream.over() or self.left_s() == 0

    def beat(self) -> None:
        """Something that is no news, so that a dead connection is found."""
        self._stream.put(b":\n\n")

    def close(self) -> None:
        self._done()

    def __iter__(self) -> Iterator[bytes]:
        """For a server that gives it a thread."""
        try:
            while True:
                yield from self.take()
                if self.over():
                    return
                if not self._stream.wait(min(THREAD_BEAT_S, self.left_s())):
                    self.beat()
        finally:
            self.close()


class Streams:
    """The streams of one process."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        listener.hear(CHANNEL, self._heard, began=self._began)
        listener.hear(RIGHTS_CHANNEL, self._rights_changed)
        listener.hear(OUTBOX_CHANNEL, self._told)
        # Under another plan other grids are one's own: browsers come again, and rights are read anew.
        listener.hear(PUBLISHED_CHANNEL, lambda _: self.close())
        self._heard_before = False
        self._streams: set[Stream] = set()
        self._changing = threading.Lock()

    def open(self, ground: Scope, account_id: int | None, address: str) -> Stream:
        """A stream that hears from now on.

        Raises
        ------
        TooMany
            The account, or the address, has as many as it may.
        """
        stream = Stream(ground, account_id, address)
        with self._changing:
            if sum(s.account_id == account_id for s in self._streams) >= OF_ACCOUNT:
                raise TooMany(
                    "This account watches in {most} windows already; close one of them.",
                    most=OF_ACCOUNT,
                )
            if sum(s.address == address for s in self._streams) >= OF_ADDRESS:
                raise TooMany(
                    "{most} windows of this network address watch already.", most=OF_ADDRESS
                )
            self._streams.add(stream)
        self._listener.start()
        return stream

    def response(self, stream: Stream, first: bytes) -> Response:
        """The answer that is a stream: ``first``, and then what comes."""
        life_s = float(current_app.config.get("STREAM_LIFE_S", LIFE_S))
        feed = Feed(stream, first, life_s, lambda: self.forget(stream))
        request.environ[FEED] = feed
        return Response(
            iter(feed),
            content_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    def forget(self, stream: Stream) -> None:
        """Nobody reads it any more."""
        with self._changing:
            self._streams.discard(stream)

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

    def _told(self, payload: str) -> None:
        accounts: list[int] | None = json.loads(payload)
        data = news("told")
        for stream in self._all():
            if stream.account_id is not None and (
                accounts is None or stream.account_id in accounts
            ):
                stream.put(data)

    def _began(self) -> None:
        # After a time without a connection rights may have changed, too.
        self._tell_all(None if self._heard_before else news("reload"))
        self._heard_before = True

    def _rights_changed(self, payload: str) -> None:
        """End the streams of an account, or without a number those of all."""
        for stream in self._all():
            if not payload or payload == str(stream.account_id):
                stream.put(None)

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
