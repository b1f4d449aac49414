"""The plan in force of each township, in the memory of a web process, never an old one.

The process listens to the store (`gisgrid.db.listen`): where a plan is published or a team changes, what is held is
put aside and taken anew. While it listens, an answer needs no SQL; while it cannot, each request
asks which plan is in force. What is held is of a day: the first request after midnight in one of the zones takes
it anew. The houses, of which only the nearest address is told, may lag behind by ``HOUSES_EVERY_S``.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import psycopg
from flask import Flask, current_app
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.core import plans
from gisgrid.core.errors import GisgridError, NotFound
from gisgrid.core.plans import PUBLISHED_CHANNEL
from gisgrid.db.listen import Listener
from gisgrid.db.store import transaction
from gisgrid.locate.houses import HOUSES_CHANNEL, HouseIndex, take_houses
from gisgrid.locate.locator import warm
from gisgrid.locate.point_lookup import Snapshot, take
from gisgrid.planning.snapshot.fetch import day_in, today
from web.http.db import Store

CARDS_CHANNEL = "cards_changed"
"""Channel on which changes of teams, names and settings are told, by triggers of the store."""
HOUSES_EVERY_S = 30.0
"""The index of houses is made anew at most so often."""
UNHEARD_S = 10.0
"""While nobody listens, names are at most this old; the plan never is."""
_START_S = 20.0
"""A process waits at most so long for the houses before its first request."""
_STOP_S = 10.0
"""And at its end for whoever reads the houses."""


@dataclass(frozen=True)
class HeldSnapshot:
    """A township's plan in force as it was taken."""

    snapshot: Snapshot
    later: plans.PlanInfo | None
    """The plan that waits to follow it."""


@dataclass(frozen=True)
class Taken:
    """All that is held, as it was taken at once."""

    news: int
    """How much had been heard then."""
    places: tuple[plans.TownshipInfo, ...]
    """All townships, by code, those without a plan too."""
    days: dict[str, date]
    """The day it was, by their time zones."""
    held: tuple[HeldSnapshot, ...]
    at: float
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
        self._taken = Taken(-1, (), {}, (), 0.0)
        self._later: dict[int, tuple[Taken, Snapshot]] = {}
        self._houses: dict[int, HouseIndex] = {}
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
            self.in_force()
        except (GisgridError, DBAPIError):
            return
        # The houses' own thread is at it; a first request should find them.
        self._houses_known.wait(_START_S)

    def in_force(self) -> tuple[HeldSnapshot, ...]:
        """The plans in force by the code of their township.

        Raises
        ------
        NotFound
            No township has one.
        """
        self._listen()
        taken = self._taken
        if not self._fresh(taken):
            taken = self._take()
        if not taken.held:
            self._tell_none()
        return taken.held

    def places(self) -> tuple[plans.TownshipInfo, ...]:
        """All townships, by code; raises as `in_force`."""
        self.in_force()
        return self._taken.places

    def later(self, township_id: int) -> Snapshot | None:
        """The plan that waits to follow the one in force, with the leaders of its first day; or None."""
        found = next((h for h in self.in_force() if h.snapshot.place.id == township_id), None)
        if found is None or found.later is None:
            return None
        taken, snapshot = self._later.get(township_id, (None, None))
        if taken is not self._taken or snapshot is None:
            taken = self._taken
            with self._reading() as session:
                snapshot = take(
                    session, found.snapshot.place, found.later, day=found.later.valid_from
                )
            self._later[township_id] = (taken, snapshot)
        return snapshot

    def houses(self, township_id: int) -> HouseIndex | None:
        """The township's houses; None until they are known."""
        return self._houses.get(township_id)

    def close(self) -> None:
        """Stop listening, and wait for what is just being read: the store may go away after this."""
        self._stop.set()
        self._houses_asked.set()
        self._listener.close()
        if self._keeping is not None:
            self._keeping.join(_STOP_S)

    def _fresh(self, taken: Taken) -> bool:
        if taken.news != self._news:
            return False
        if any(day_in(zone) != day for zone, day in taken.days.items()):
            return False
        if self._listener.listening:
            return True
        if not taken.held or time.monotonic() - taken.at > UNHEARD_S:
            return False
        with self._reading() as session:
            now = plans.ids_in_force(session)
        return now == sorted(each.snapshot.plan.id for each in taken.held)

    def _take(self) -> Taken:
        with self._taking:
            # Read before the store is: news that comes meanwhile makes this one old.
            news = self._news
            if self._fresh(self._taken):
                return self._taken
            with self._reading() as session:
                places = plans.townships(session)
                days = {place.time_zone: today(place) for place in places}
                found = (
                    self._held(session, place, days[place.time_zone], news) for place in places
                )
                held = tuple(each for each in found if each is not None)
            self._taken = Taken(news, tuple(places), days, held, time.monotonic())
            return self._taken

    def _held(
        self, session: Session, place: plans.TownshipInfo, day: date, news: int
    ) -> HeldSnapshot | None:
        every = plans.plans(session, place.id)
        later = next((p for p in every if p.valid_from and p.valid_from > day), None)
        try:
            plan = plans.plan_in_force(session, place.id, day)
        except NotFound:
            return None
        taken, ready = self._later.get(place.id, (None, None))
        if (
            ready
            and taken
            and (taken.news, ready.plan.id) == (news, plan.id)
            and plan.valid_from == day
        ):
            return HeldSnapshot(replace(ready, plan=plan), later)  # at midnight nobody waits for it
        return HeldSnapshot(take(session, place, plan, day=day), later)

    def _make_later_ready(self) -> None:
        for each in self._taken.held:
            self.later(each.snapshot.place.id)

    def _tell_none(self) -> None:
        with self._reading() as session:
            for place in plans.townships(session):
                plans.plan_in_force(session, place.id)  # says from which day on there is one
        raise NotFound("No plan has been published yet.")

    def _take_houses(self) -> None:
        houses = {}
        for each in self._taken.held:
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
            self.in_force()
            self._make_later_ready()
        except (GisgridError, DBAPIError):
            return

    def _keep_houses(self) -> None:
        while not self._stop.is_set():
            self._houses_asked.wait()
            self._houses_asked.clear()
            if self._stop.is_set():
                return
            try:
                self.in_force()
                self._take_houses()
                self._make_later_ready()
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
