"""The published plan of each township, in the memory of a web process, never an old one.

The process listens to the store (`gisgrid.db.listen`): where a plan is published or a team changes, what is held is
put aside and taken anew. While it listens, an answer needs no SQL; while it cannot, each request
asks which plan is published. The houses, of which only the nearest address is told, may lag behind
by ``HOUSES_EVERY_S``.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from flask import Flask, current_app
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.db.listen import Listener
from gisgrid.db.store import transaction
from gisgrid.errors import GisgridError, NotFound
from gisgrid.locate.houses import HOUSES_CHANNEL, Houses, take_houses
from gisgrid.locate.locator import warm
from gisgrid.locate.whereabouts import Snapshot, take
from gisgrid.plans import plans
from gisgrid.plans.plans import PUBLISHED_CHANNEL
from web.store import Store

CARDS_CHANNEL = "cards_changed"
"""Channel on which changes of teams, names and settings are told, by triggers of the store."""
HOUSES_EVERY_S = 30.0
"""The index of houses is made anew at most so often."""
UNHEARD_S = 10.0
"""While nobody listens, names are at most this old; the plan never is."""
_START_S = 20.0
"""A process waits at most so long for the houses before its first request."""


@dataclass(frozen=True)
class Held:
    """A township's published plan as it was taken."""

    snapshot: Snapshot
    day: date
    """Whose leaders the cards name."""
    zone: ZoneInfo
    taken_at: float
    """By ``time.monotonic``."""


class Snapshots:
    """What one process holds; safe for its threads.

    Parameters
    ----------
    store
        Asked at the first use, so that processes forked before then share nothing.
    listener
        Tells what changes; it is started here.
    """

    def __init__(self, store: Store, listener: Listener) -> None:
        self._store = store
        self._listener = listener
        for channel in (PUBLISHED_CHANNEL, CARDS_CHANNEL):
            listener.hear(channel, self._changed)
        listener.hear(HOUSES_CHANNEL, lambda _: self._houses_asked.set(), began=self._began)
        self._held: tuple[int, tuple[Held, ...]] = (-1, ())
        self._houses: dict[int, Houses] = {}
        self._news = 0
        self._keeping: threading.Thread | None = None
        self._taking = threading.Lock()
        self._stop = threading.Event()
        self._houses_asked = threading.Event()
        self._houses_known = threading.Event()

    def start(self) -> None:
        """Compile, listen and take; a store without a plan is none to wait for."""
        warm()
        self._listen()
        try:
            self.published()
        except (GisgridError, DBAPIError):
            return
        # The houses' own thread is at it; a first request should find them.
        self._houses_known.wait(_START_S)

    def published(self) -> tuple[Held, ...]:
        """The published plans by the code of their township.

        Raises
        ------
        NotFound
            No township has one.
        """
        self._listen()
        known, held = self._held
        if known != self._news or not self._fresh(held):
            held = self._take()
        if not held:
            raise NotFound("No plan has been published yet.", zh="还没有发布过网格方案。")
        return held

    def houses(self, township_id: int) -> Houses | None:
        """The township's houses; None until they are known."""
        return self._houses.get(township_id)

    def close(self) -> None:
        """Stop listening."""
        self._stop.set()
        self._houses_asked.set()
        self._listener.close()

    def _fresh(self, held: tuple[Held, ...]) -> bool:
        if any(datetime.now(each.zone).date() != each.day for each in held):
            return False
        if self._listener.listening:
            return True
        if not held or time.monotonic() - held[0].taken_at > UNHEARD_S:
            return False
        with self._reading() as session:
            now = plans.published_ids(session)
        return now == sorted(each.snapshot.plan.id for each in held)

    def _take(self) -> tuple[Held, ...]:
        with self._taking:
            # Read before the store is: news that comes meanwhile makes this one old.
            news = self._news
            known, held = self._held
            if known == news and self._fresh(held):
                return held
            with self._reading() as session:
                found = tuple(
                    each for place in plans.townships(session) if (each := _take(session, place))
                )
            self._held = (news, found)
            return found

    def _take_houses(self) -> None:
        _, held = self._held
        houses = {}
        for each in held:
            with self._reading(timeout_s=None) as session:
                houses[each.snapshot.place.id] = take_houses(session, each.snapshot.place)
        self._houses = houses
        self._houses_known.set()

    def _reading(self, timeout_s: int | None = 30) -> Any:
        return transaction(self._store.engine(), read_only=True, timeout_s=timeout_s)

    def _listen(self) -> None:
        self._listener.start()
        if self._keeping is None:
            with self._taking:
                if self._keeping is None:
                    self._keeping = threading.Thread(
                        target=self._keep_houses, name="houses", daemon=True
                    )
                    self._keeping.start()

    def _began(self) -> None:
        # What was told before this moment was not heard: all that is held may be old.
        self._news += 1
        self._houses_asked.set()

    def _changed(self, _: str) -> None:
        self._news += 1
        self._retake()

    def _retake(self) -> None:
        # Ahead of the next request; where it fails, that request tells why.
        try:
            self.published()
        except (GisgridError, DBAPIError):
            return

    def _keep_houses(self) -> None:
        while not self._stop.is_set():
            self._houses_asked.wait()
            self._houses_asked.clear()
            if self._stop.is_set():
                return
            try:
                self.published()
                self._take_houses()
            except (GisgridError, DBAPIError, psycopg.Error):
                self._stop.wait(1.0)
            self._stop.wait(HOUSES_EVERY_S)


def init_app(app: Flask) -> None:
    store: Store = app.extensions["gisgrid"]
    app.extensions["gisgrid.snapshots"] = Snapshots(store, store.listener)


def start(app: Flask) -> None:
    """Make a server process ready before its first request."""
    app.extensions["gisgrid.snapshots"].start()


def snapshots() -> Snapshots:
    """Those of the application at hand."""
    found: Snapshots = current_app.extensions["gisgrid.snapshots"]
    return found


def _take(session: Session, place: plans.Place) -> Held | None:
    try:
        plan = plans.plan_in_force(session, place.id)
    except NotFound:
        return None
    zone = ZoneInfo(place.time_zone)
    day = datetime.now(zone).date()
    return Held(take(session, place, plan, day=day), day, zone, time.monotonic())
