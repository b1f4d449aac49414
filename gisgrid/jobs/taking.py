"""Which moves of a proposal does a scenario have, and from which ground did they come?"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.arrays import Ints
from gisgrid.core.plans import PlanInfo
from gisgrid.jobs import balancing
from gisgrid.jobs.balancing import JobInfo
from gisgrid.jobs.names import REBALANCE
from gisgrid.planning.editor import moves
from gisgrid.planning.editor.editor import Editor
from gisgrid.planning.snapshot.snapshot import NO_ROW

KEPT = 4
"""Proposals of which a process knows the houses by their rows."""


@dataclass(frozen=True)
class MovesTaken:
    """The numbers of the moves of a proposal of which all houses are where they were to go."""

    job: int
    moves: list[int]


@dataclass(frozen=True)
class _Moves:
    """The houses of a proposal's moves, one after another; a row of one that is gone is `NO_ROW`."""

    rows: Ints
    first: Ints
    to: tuple[str, ...]


class Proposals:
    """The proposals that a process has at hand: one that is done changes no more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[int, str], _Moves] = OrderedDict()

    def taken(self, session: Session, plan_id: int, editor: Editor) -> MovesTaken | None:
        """Which moves of a plan's newest proposal a scenario at hand has; None: there is none."""
        newest = session.execute(
            text(
                "SELECT id, state FROM job WHERE plan_id = :p AND kind = :kind ORDER BY id DESC LIMIT 1"
            ),
            {"p": plan_id, "kind": REBALANCE},
        ).one_or_none()
        if newest is None or newest.state != "done":
            return None
        assert editor.reading is not None  # noqa: S101 - it is one at hand
        key = (newest.id, editor.reading.name)
        with self._lock:
            known = self._kept.get(key)
        if known is None:
            known = _moves(editor, balancing.job(session, newest.id))
            with self._lock:
                self._kept[key] = known
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        return MovesTaken(newest.id, _taken(editor, known))


def taken(editor: Editor, found: JobInfo) -> list[int]:
    """Numbers of the moves of a proposal of which all houses are where they were to go."""
    return _taken(editor, _moves(editor, found))


def ground_before(
    session: Session, plan: PlanInfo, editor: Editor, found: JobInfo, chosen: Collection[int] | None
) -> dict[str, str] | None:
    """The polygons, by code, from which some moves of a proposal were taken over, as WKB in hexadecimal.

    None where the ground is no longer what taking just these over made of it.
    """
    every = (found.result or {}).get("moves", ())
    numbers = range(len(every)) if chosen is None else sorted(set(chosen))
    gone: dict[tuple[str, str], set[str]] = {}
    for k in numbers:
        if not 0 <= k < len(every):
            return None
        gone.setdefault((every[k]["from_grid"], every[k]["to_grid"]), set()).update(
            every[k]["houses"]
        )
    return moves.ground_before(session, plan, editor, gone)


def _moves(editor: Editor, found: JobInfo) -> _Moves:
    every = (found.result or {}).get("moves", ())
    wanted = {code for move in every for code in move["houses"]}
    codes = editor.state.houses.code.tolist()
    row_of = {code: k for k, code in enumerate(codes) if code in wanted}
    sizes = [len(move["houses"]) for move in every]
    return _Moves(
        rows=np.array(
            [row_of.get(code, NO_ROW) for move in every for code in move["houses"]], dtype=np.int64
        ),
        first=np.cumsum([0, *sizes[:-1]]) if sizes else np.zeros(0, dtype=np.int64),
        to=tuple(move["to_grid"] for move in every),
    )


def _taken(editor: Editor, known: _Moves) -> list[int]:
    if not len(known.rows):
        return []
    gone = NO_ROW - 1
    to = np.array([editor.row_of.get(code, gone) for code in known.to])
    sizes = np.diff(np.append(known.first, len(known.rows)))
    there = (editor.state.houses.grid[known.rows] == np.repeat(to, sizes)) & (known.rows != NO_ROW)
    return np.flatnonzero(np.logical_and.reduceat(there, known.first)).tolist()
