"""Collection tasks that wait: for who is to go, their houses; for who made them, which are late."""

from __future__ import annotations

from flask_babel import gettext
from sqlalchemy.orm import Session

from gisgrid.collection import progress, tasks
from gisgrid.core.plans import TownshipInfo
from gisgrid.planning.snapshot.fetch import today
from web.http.towns import link_for
from web.today.cards import FIRST, Card, CardLine


def collections(session: Session, place: TownshipInfo, rights: frozenset[str]) -> list[Card]:
    """Open tasks of the asker's ground; no card where none is open."""
    if not rights & {"keep_register", "load"}:
        return []
    open_ = tasks.tasks(session, place.id, states=("open",))
    if not open_:
        return []
    day = today(place)
    if "keep_register" not in rights:
        late = sum(each.due_on < day for each in open_)
        lines = tuple(
            CardLine(
                each.title, link_for("collections.one", number=each.id),
                gettext("to be done by %(day)s", day=each.due_on), "red" if each.due_on < day else "",
            )
            for each in open_[:FIRST]
        )  # fmt: skip
        return [
            Card(
                "collections", gettext("Collection tasks"), len(open_), link_for("collections.index"), lines,
                "red" if late else "", gettext("See how far they are"),
            )
        ]  # fmt: skip
    left = {key: n for key, (n, _) in progress.left_of(session, place.id, open_).items()}
    mine = [each for each in open_ if left[each.id]]
    lines = tuple(
        CardLine(
            each.title, link_for("collecting.task", number=each.id),
            " · ".join((
                gettext("houses: %(n)s", n=left[each.id]), gettext("to be done by %(day)s", day=each.due_on),
            )),
            "red" if each.due_on < day else "",
        )
        for each in mine[:FIRST]
    )  # fmt: skip
    return [
        Card(
            "collections", gettext("Collection tasks"), len(mine), link_for("collecting.mine"), lines,
            "red" if any(each.due_on < day for each in mine) else "", gettext("Go to these houses"),
            gettext("No task waits for you."),
        )
    ]  # fmt: skip
