"""An edit as the page sends it, made into one of the domain's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import shapely
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid
from gisgrid.core.plans import PlanInfo, TownshipInfo, plan_by_id
from gisgrid.jobs import balancing, taking
from gisgrid.planning.editor import changes, edits, scenarios
from gisgrid.planning.editor.changes import Change
from gisgrid.planning.editor.editor import Editor
from gisgrid.planning.snapshot.snapshot import Grids

MOST_CORNERS = 5_000


def change_of(
    session: Session, place: TownshipInfo, plan: PlanInfo, asked: object
) -> tuple[str, Change]:
    """The name of an edit and what it does to an editor.

    Raises
    ------
    Invalid
        The page sent something that is no edit.
    """
    if not isinstance(asked, Mapping):
        raise no_edit()
    kind = asked.get("kind")
    make = _KINDS.get(kind) if isinstance(kind, str) else None
    if make is None:
        raise no_edit()
    try:
        change = make(session, place, plan, asked)
        return action_of(asked), change
    except (KeyError, TypeError, ValueError) as exc:
        raise no_edit() from exc


def action_of(edit: Mapping[str, Any]) -> str:
    """What the log calls an edit."""
    back = edit.get("kind") == "rebalance" and edit.get("back") is True
    return "take_back" if back else str(edit.get("kind"))


def _drag(
    session: Session, place: TownshipInfo, plan: PlanInfo, asked: Mapping[str, Any]
) -> Change:
    lines = {str(name): _corners(line, least=2) for name, line in asked["arcs"].items()}
    return changes.dragged(session, place, lines, snap_m=float(asked.get("snap_m") or 0))


def _split(
    session: Session, place: TownshipInfo, plan: PlanInfo, asked: Mapping[str, Any]
) -> Change:
    line = _corners(asked["line"], least=2)
    return changes.split(session, place, str(asked["grid"]), line, _text(asked["name"]))


def _merge(
    session: Session, place: TownshipInfo, plan: PlanInfo, asked: Mapping[str, Any]
) -> Change:
    into, gone = str(asked["into"]), str(asked["gone"])
    return lambda editor: edits.merge(editor, into, gone)


def _draw(
    session: Session, place: TownshipInfo, plan: PlanInfo, asked: Mapping[str, Any]
) -> Change:
    return changes.drawn(
        session, place, shapely.Polygon(_corners(asked["polygon"], least=3)), _text(asked["name"]),
        exclusive=bool(asked.get("exclusive")), host=_text(asked.get("host") or ""),
    )  # fmt: skip


def _give(
    session: Session, place: TownshipInfo, plan: PlanInfo, asked: Mapping[str, Any]
) -> Change:
    """Houses inside a lasso, or one by its row number, go to a grid."""
    to = str(asked["to"])
    if "house" in asked:
        return changes.house_given(session, place, int(asked["house"]), to)
    return changes.inside_given(shapely.Polygon(_corners(asked["polygon"], least=3)), to)


def _remove(
    session: Session, place: TownshipInfo, plan: PlanInfo, asked: Mapping[str, Any]
) -> Change:
    grid = str(asked["grid"])
    return lambda editor: edits.remove_overlay(editor, grid)


def _across(
    session: Session, place: TownshipInfo, plan: PlanInfo, asked: Mapping[str, Any]
) -> Change:
    if asked["how"] not in ("cut", "give"):
        raise no_edit()
    return changes.kept_in_one_community(session, place, str(asked["grid"]), asked["how"])


def _slivers(
    session: Session, place: TownshipInfo, plan: PlanInfo, asked: Mapping[str, Any]
) -> Change:
    return changes.without_slivers(session, place)


def _accept(
    session: Session, place: TownshipInfo, plan: PlanInfo, asked: Mapping[str, Any]
) -> Change:
    found = balancing.job(session, int(asked["job"]))
    if found.plan_id != plan.id:
        raise no_edit()
    moves = None if asked.get("moves") is None else [int(k) for k in asked["moves"]]
    version = scenarios.scenario(session, plan.id).version
    back = asked.get("back") is True

    def change(editor: Editor) -> Grids:
        ground = taking.ground_before(session, plan, editor, found, moves) if back else None
        return balancing.accepted(editor, found, moves, version=version, back=back, ground=ground)

    return change


def _combine(
    session: Session, place: TownshipInfo, plan: PlanInfo, asked: Mapping[str, Any]
) -> Change:
    return scenarios.combined(session, place, plan, plan_by_id(session, int(asked["other"])))


_KINDS: dict[str, Callable[[Session, TownshipInfo, PlanInfo, Mapping[str, Any]], Change]] = {
    "drag": _drag,
    "split": _split,
    "merge": _merge,
    "draw": _draw,
    "give": _give,
    "remove": _remove,
    "rebalance": _accept,
    "combine": _combine,
    "across": _across,
    "slivers": _slivers,
}


def _corners(value: Any, *, least: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    corners = np.array(value, dtype=np.float64)
    if (
        corners.ndim != 2
        or corners.shape[1] != 2
        or not least <= len(corners) <= MOST_CORNERS
        or not np.isfinite(corners).all()
    ):
        raise no_edit()
    return corners


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 80 or "\0" in value:
        raise no_edit()
    return value.strip()


def no_edit() -> Invalid:
    """What to raise for a request that makes no sense."""
    return Invalid("The page sent no edit that is known here.")
