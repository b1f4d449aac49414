"""The editor's way to the store: scenarios at hand in memory, and who acts on them.

Its transactions enter a database role of their own, which reads places and numbers of the townships
where the right is held, and no column that names somebody.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from flask import Flask, current_app, g
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from gisgrid.core.errors import GisgridError
from gisgrid.core.plans import PlanInfo, TownshipInfo, plan_by_id
from gisgrid.core.scope import refuse_strangers
from gisgrid.db.roles import PLANNER
from gisgrid.db.store import Actor
from gisgrid.jobs.taking import Proposals
from gisgrid.planning.editor.editor import Editor
from gisgrid.planning.editor.editors import KEPT, Editors
from gisgrid.planning.editor.scenarios import (
    CHANNEL,
    WANTED,
    more_houses_than,
    scenario,
    tell_wanted,
)
from web.http.db import Store, entering
from web.http.permissions import Asker, asker
from web.http.towns import town_of

A_LARGE_TOWN = 20_000
"""From so many houses on, an editor takes seconds to read: it is begun when a page leads to it."""

LASTING_S = 900.0
"""So long the page shows a town without what was entered since; checks and publication count anew."""

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    followed = app.extensions["gisgrid_editor_followed"] = EditorFollower(app)
    app.extensions["gisgrid_editor"] = Editors(lasting_s=LASTING_S, renew=followed.renew)
    app.extensions["gisgrid_proposals"] = Proposals()
    store: Store = app.extensions["gisgrid"]
    store.listener.hear(CHANNEL, followed.heard)
    store.listener.hear(WANTED, followed.wanted)


class EditorFollower:
    """Scenarios that a process has at hand, and whoever had each last.

    What another process keeps is read as that person, before the page's next request comes here; each
    would wait for it otherwise.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._by: OrderedDict[int, dict[str, Any]] = OrderedDict()
        self._behind: dict[int, bool] = {}
        self._reading: set[int] = set()

    def by(self, plan_id: int, whoever: dict[str, Any]) -> None:
        """Remember who has a scenario at hand; the least used is forgotten."""
        with self._lock:
            self._by[plan_id] = whoever
            self._by.move_to_end(plan_id)
            while len(self._by) > KEPT:
                self._by.popitem(last=False)

    def wanted(self, payload: str) -> None:
        """Have a scenario at hand for somebody who is about to ask for it, here or in another process."""
        told = json.loads(payload)
        actor = Actor(told["account"], None, None)
        self.by(told["plan"], {"actor": actor, "asker": Asker(told["account"])})
        self._read_beside(told["plan"], exact=False)

    def heard(self, payload: str) -> None:
        """Read a scenario that has changed, in a thread of its own; nothing if it is not at hand."""
        self._read_beside(int(payload), exact=False)

    def renew(self, plan_id: int) -> None:
        """Read a scenario that lacks what was entered since, in the same way."""
        self._read_beside(plan_id, exact=True)

    def _read_beside(self, plan_id: int, *, exact: bool) -> None:
        with self._lock:
            if plan_id not in self._by:
                return
            self._behind[plan_id] = exact or self._behind.get(plan_id, False)
            if plan_id in self._reading:
                return
            self._reading.add(plan_id)
        threading.Thread(target=self._follow, args=(plan_id,), name="editor", daemon=True).start()

    def _follow(self, plan_id: int) -> None:
        while True:
            with self._lock:
                exact, asker = self._behind.pop(plan_id, None), self._by.get(plan_id)
                if exact is None or asker is None:
                    self._reading.discard(plan_id)
                    return
            _read(self._app, asker, plan_id, exact=exact)


def editors() -> Editors:
    found: Editors = current_app.extensions["gisgrid_editor"]
    return found


@contextlib.contextmanager
def planning(*, read_only: bool = False) -> Iterator[Session]:
    """The transaction of one request of the editor, as whoever asks."""
    with entering(PLANNER, read_only=read_only) as session:
        yield session


def at_hand(
    session: Session, plan_id: int, *rights: str, exact: bool = False
) -> tuple[TownshipInfo, PlanInfo, int, Editor]:
    """A scenario with its township, version and editor, as `placed` and `Editors.at`."""
    place, plan = placed(session, plan_id, *rights)
    version = scenario(session, plan_id).version
    found = editors().at(session, place, plan, version, exact=exact)
    followed: EditorFollower = current_app.extensions["gisgrid_editor_followed"]
    followed.by(plan_id, _whoever_asks())
    return place, plan, version, found


def begin(session: Session, place: TownshipInfo, plan: PlanInfo) -> None:
    """Have every process read the editor of a plan of a large township, as whoever asks for the page that leads to it.

    Whoever then asks for it waits for what is left of the reading.
    """
    if more_houses_than(session, place, A_LARGE_TOWN):
        tell_wanted(session, plan, asker().account_id)


def _whoever_asks() -> dict[str, Any]:
    return {name: g.get(name) for name in ("actor", "asker") if name in g}


def _read(app: Flask, asker: dict[str, Any], plan_id: int, *, exact: bool = False) -> None:
    """Have a scenario at hand, as somebody who asked before and with what they may see now."""
    try:
        with app.app_context():
            for name, value in asker.items():
                setattr(g, name, value)
            with planning(read_only=True) as session:
                _, _, _, editor = at_hand(session, plan_id, "plan", "review", exact=exact)
            editor.prepare()
    except (GisgridError, SQLAlchemyError) as error:
        # Whoever opens the plan is told; nobody waits for this.
        log.info("an editor was not read: %s", type(error).__name__)
    except Exception as error:
        # The next reading must begin all the same.
        log.error("an editor was not read: %s", type(error).__name__)


def placed(session: Session, plan_id: int, *rights: str) -> tuple[TownshipInfo, PlanInfo]:
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


def who() -> str:
    """Under whose name an edit or step is kept: what the account is called, and its log-in."""
    known = asker()
    return f"{known.display_name} ({known.name})"
