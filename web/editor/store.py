"""The bench's way to the store: scenarios at hand in memory, and who acts on them.

Its transactions enter a database role of their own, which reads places and numbers of the townships
where the right is held, and no column that names somebody.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator

from flask import Flask, current_app, g
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from gisgrid.core.errors import GisgridError, NotAllowed
from gisgrid.core.plans import PlanInfo, TownshipInfo, plan_by_id
from gisgrid.core.scope import scope
from gisgrid.db.roles import PLANNER
from gisgrid.planning.editor.bench import Bench
from gisgrid.planning.editor.benches import Benches
from gisgrid.planning.editor.scenarios import scenario
from web.http.db import entering
from web.http.permissions import asker
from web.http.towns import town_of

A_LARGE_TOWN = 20_000
"""From so many houses on, a bench takes seconds to read: it is begun when a page leads to it."""

log = logging.getLogger(__name__)


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


def at_hand(
    session: Session, plan_id: int, *rights: str
) -> tuple[TownshipInfo, PlanInfo, int, Bench]:
    """A scenario with its township, version and bench, as `placed`."""
    place, plan = placed(session, plan_id, *rights)
    version = scenario(session, plan_id).version
    return place, plan, version, benches().at(session, place, plan, version)


def begin(session: Session, place: TownshipInfo, plan: PlanInfo) -> None:
    """Read the bench of a plan of a large township beside the page that leads to it, as whoever asks.

    Whoever then asks for it waits for what is left of the reading.
    """
    if not session.scalar(text(_IS_LARGE), {"t": place.id, "n": A_LARGE_TOWN}):
        return
    app, known = current_app._get_current_object(), {  # type: ignore[attr-defined]
        name: g.get(name) for name in ("actor", "asker") if name in g
    }  # fmt: skip

    def read() -> None:
        try:
            with app.app_context():
                for name, value in known.items():
                    setattr(g, name, value)
                with planning(read_only=True) as own:
                    at_hand(own, plan.id, "plan", "review")
        except (GisgridError, SQLAlchemyError) as error:
            # Whoever opens the plan is told; the page that leads to it is not the place.
            log.info("a bench was not begun: %s", type(error).__name__)

    threading.Thread(target=read, name="bench", daemon=True).start()


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


def refuse_strangers(session: Session, place: TownshipInfo, *rights: str) -> None:
    """NotAllowed if the asker has none of the rights over the whole township."""
    if not any(place.id in scope(session, right).townships for right in rights):
        raise NotAllowed(
            "This is for who may {rights} in all of {town}.",
            rights=list(rights),
            town=place.name,
        )


def who() -> str:
    """Under whose name an edit or step is kept: what the account is called, and its log-in."""
    known = asker()
    return f"{known.display_name} ({known.name})"


_IS_LARGE = "SELECT EXISTS (SELECT FROM house WHERE township_id = :t OFFSET :n)"
