"""What does the store tell (NOTIFY)? One connection of a process hears it for everybody in there."""

from __future__ import annotations

import logging
import os
import selectors
import threading
from collections.abc import Callable
from typing import Any

import psycopg
from sqlalchemy import URL

PULSE_S = 5.0
"""Without news the listener looks so often whether its connection is still one."""
_LONGEST_WAIT_S = 5.0
_LOG = logging.getLogger(__name__)


class Listener:
    """A thread that listens; safe to be started by several.

    Parameters
    ----------
    url
        Asked at each connection, so that processes forked before then share nothing. The pool's
        connections go back and forth, and news would be lost: this one is the listener's own.
    """

    def __init__(self, url: Callable[[], URL]) -> None:
        self._url = url
        self._heard: dict[str, list[Callable[[str], None]]] = {}
        self._began: list[Callable[[], None]] = []
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._bell: tuple[int, int] | None = None
        self.listening = False
        """False: news may be missed now."""

    def hear(
        self, channel: str, heard: Callable[[str], None], *, began: Callable[[], None] | None = None
    ) -> None:
        """Have ``heard`` called with each payload on a channel; before the listener starts.

        ``began`` is called whenever listening begins: what was told before then was not heard.
        Both run in the listener's thread, and hold up all others there.
        """
        self._heard.setdefault(channel, []).append(heard)
        if began is not None:
            self._began.append(began)

    def start(self) -> None:
        """Listen from now on."""
        if self._thread is not None:
            return
        with self._starting:
            if self._thread is None:
                self._bell = os.pipe()
                self._thread = threading.Thread(
                    target=self._for_ever, name="listener", daemon=True
                )  # fmt: skip
                self._thread.start()

    def close(self) -> None:
        """Stop listening, at once; what is being called is waited for."""
        self._stop.set()
        with self._starting:
            if self._thread is None or self._bell is None:
                return
            ear, bell = self._bell
            os.write(bell, b".")
            self._thread.join(timeout=10)
            if not self._thread.is_alive():
                os.close(ear)
                os.close(bell)
                self._bell = None

    def _for_ever(self) -> None:
        wait_s = 0.1
        while not self._stop.is_set():
            try:
                self._listen()
                wait_s = 0.1
            except (psycopg.Error, OSError):
                wait_s = min(wait_s * 2, _LONGEST_WAIT_S)
            self.listening = False
            self._stop.wait(wait_s)

    def _listen(self) -> None:
        assert self._bell is not None  # noqa: S101 - made before the thread is
        with _connected(self._url()) as connection, selectors.DefaultSelector() as woken:
            woken.register(connection.fileno(), selectors.EVENT_READ)
            woken.register(self._bell[0], selectors.EVENT_READ)
            for channel in self._heard:
                connection.execute(f"LISTEN {channel}")
            for began in self._began:
                began()
            self.listening = True
            while not self._stop.is_set():
                # First, since what came with an answer to us makes the connection no more readable.
                for note in connection.notifies(timeout=0):
                    for heard in self._heard.get(note.channel, ()):
                        self._call(heard, note)
                if not woken.select(PULSE_S):
                    connection.execute("SELECT 1")

    @staticmethod
    def _call(heard: Callable[[str], None], note: psycopg.Notify) -> None:
        # Whoever fails must not make all others deaf.
        try:
            heard(note.payload)
        except Exception as exc:
            _LOG.error("%s at news on %s", type(exc).__name__, note.channel)


def _connected(url: URL) -> psycopg.Connection[Any]:
    return psycopg.connect(
        url.set(drivername="postgresql").render_as_string(hide_password=False),
        autocommit=True,
        application_name="gisgrid listener",
        connect_timeout=10,
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
    )
