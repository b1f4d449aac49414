"""The bench's way to the store: scenarios at hand in memory, and who acts on them.

Its transactions enter a database role of their own, which reads places and numbers of the townships
where the right is held, and no column that names somebody.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Iterator

from flask import Flask, current_app
from sqlalchemy.orm import Session

from gisgrid.core.errors import NotAllowed
from gisgrid.core.plans import Place, PlanInfo, plan_by_id
from gisgrid.core.scope import scope
from gisgrid.db.roles import PLANNER
from gisgrid.planning.editor.bench import Bench
from gisgrid.planning.editor.scenarios import base_bench, newest_rows, scenario, scenario_bench
from gisgrid.planning.snapshot.fetch import today
from gisgrid.planning.workload.weighing import plan_weighing
from web.http.db import entering
from web.http.permissions import asker
from web.http.towns import town_of

KEPT = 4
"""Scenarios, and base plans, that a process keeps at hand."""


class Benches:
    """The benches of one server process, the least used dropped first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[object, ...], Bench] = OrderedDict()

    def at(self, session: Session, place: Place, plan: PlanInfo, version: int) -> Bench:
        """The bench of a scenario at its version; read again when houses or people changed."""
        key = ("scenario", plan.id, version, *_data(session, place, plan))
        found = self._get(key)
        if found is None:
            found = scenario_bench(session, place, plan, self.base(session, place, plan, version))
            self._keep(key, found)
        return found

    def base(self, session: Session, place: Place, plan: PlanInfo, version: int) -> Bench:
        """The bench of what a scenario was drawn from, `gisgrid.planning.editor.scenarios.base_bench`."""
        base_id = plan.based_on_id or plan.id
        base_version = version if base_id == plan.id else 0
        key = ("base", base_id, base_version, *_data(session, place, plan))
        found = self._get(key)
        if found is None:
            found = base_bench(session, place, plan)
            self._keep(key, found)
        return found

    def keep(
        self, place: Place, plan: PlanInfo, version: int, session: Session, bench: Bench
    ) -> None:
        """Remember a bench that an edit just made, so that it is not read again."""
        self._keep(("scenario", plan.id, version, *_data(session, place, plan)), bench)

    def _get(self, key: tuple[object, ...]) -> Bench | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _keep(self, key: tuple[object, ...], bench: Bench) -> None:
        with self._lock:
            self._kept[key] = bench
            while len(self._kept) > 2 * KEPT:
                self._kept.popitem(last=False)


def _data(session: Session, place: Place, plan: PlanInfo) -> tuple[object, ...]:
    """What a bench is made from beside the grids: another day, or another of these, another bench."""
    weighing = plan_weighing(session, plan)
    return (
        today(place),
        weighing.weights.version,
        weighing.by_street,
        *newest_rows(session),
    )


def init_app(app: Flask) -> None:
    app.extensions["gisgrid_bench"] = Benches()


def benches() -> Benches:
    found: Benches = current_app.extensions["gisgrid_bench"]
    return found


@contextlib.contextmanager
def planning(*, read_only: bool = False) -> Iterator[Session]:
    """The transaction of one request of the bench, as whoever asks."""
    with entering(PLANNER, read_only=read_only) as session:
        yield session


def at_hand(session: Session, plan_id: int, *rights: str) -> tuple[Place, PlanInfo, int, Bench]:
    """A scenario with its township, version and bench, as `placed`."""
    place, plan = placed(session, plan_id, *rights)
    version = scenario(session, plan_id).version
    return place, plan, version, benches().at(session, place, plan, version)


def placed(session: Session, plan_id: int, *rights: str) -> tuple[Place, PlanInfo]:
    """A plan and its township, over all of which the asker has one of the rights.

    Raises
    ------
    NotFound
        There is no such plan.
    NotAllowed
        The asker has none of the rights there.
    """
    plan = plan_by_id(session, plan_id)
    place = town_of(session, plan.township_id)
    refuse_strangers(session, place, *rights)
    return place, plan


def refuse_strangers(session: Session, place: Place, *rights: str) -> None:
    """NotAllowed if the asker has none of the rights over the whole township."""
    if not any(place.id in scope(session, right).townships for right in rights):
        raise NotAllowed(
            f"This is for who may {' or '.join(rights)} in all of {place.name}.",
            zh=f"您在{place.name}没有相应的权限。",
        )


def who() -> str:
    """Under whose name an edit or step is kept: what the account is called, and its log-in."""
    known = asker()
    return f"{known.display_name} ({known.name})"
