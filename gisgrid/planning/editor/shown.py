"""What is shown of a plan laid open: which borders can move, and what an edit made other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gisgrid.core.errors import GisgridError
from gisgrid.planning.editor.editor import Editor, GridNumbers
from gisgrid.planning.editor.refusals import ScenarioLocks
from gisgrid.planning.snapshot.snapshot import NO_ROW


@dataclass(frozen=True)
class BorderState:
    """What may be done to a border."""

    movable: bool
    """As those inside a community can."""
    locked: bool


@dataclass(frozen=True)
class ShownChange:
    """What is other after an edit: rows of grids, codes of those gone, borders by name."""

    rows: list[int]
    """Of the editor after the edit."""
    gone: list[str]
    arcs: list[str]
    arcs_gone: list[str]


def borders(editor: Editor, locks: ScenarioLocks) -> dict[str, BorderState]:
    """Borders by name; empty where grids overlap, which have none to drag.

    A name says the corners and the grids beside it, so that with its state an arc is what it was.
    """
    try:
        topology = editor.topology
    except GisgridError:
        return {}  # the checks tell where
    community = np.append(editor.state.grids.community, NO_ROW)
    left, right = topology.left, topology.right
    movable = (left != NO_ROW) & (right != NO_ROW) & (community[left] == community[right])
    locked = np.zeros(len(left), dtype=bool)
    if locks.grids or locks.borders:
        codes = [frozenset(beside(editor, k)) for k in range(len(left))]
        locked = np.array([pair in locks.borders or bool(locks.grids & pair) for pair in codes])
    states = map(BorderState, movable.tolist(), locked.tolist())
    return dict(zip(editor.arc_names, states, strict=True))


def beside(editor: Editor, arc: int) -> list[str]:
    """Codes of the grids on the sides of an arc: two, or one at the rim."""
    codes, topology = editor.state.grids.code, editor.topology
    rows = (int(topology.left[arc]), int(topology.right[arc]))
    return [codes[row] for row in rows if row != NO_ROW]


def changed(
    before: Editor, after: Editor, held: ScenarioLocks, locks: ScenarioLocks
) -> ShownChange:
    """What an edit made other, with the locks before it (``held``) and after it."""
    was, now = borders(before, held), borders(after, locks)
    return ShownChange(
        rows=[k for k, n in enumerate(after.numbers) if _other(before, after, n, held, locks)],
        gone=sorted(before.row_of.keys() - after.row_of.keys()),
        arcs=[name for name in now if was.get(name) != now[name]],
        arcs_gone=[name for name in was if name not in now],
    )


def locked_houses(editor: Editor, locks: ScenarioLocks) -> list[list[float]]:
    """Longitude and latitude of the locked houses that have a place."""
    houses = editor.state.houses
    held = np.isin(houses.code, sorted(locks.houses)) & houses.placed
    return [[lon, lat] for lon, lat in houses.lonlat[held].tolist()]


def _other(
    before: Editor, after: Editor, now: GridNumbers, held: ScenarioLocks, locks: ScenarioLocks
) -> bool:
    row = before.row_of.get(now.code)
    return (
        row is None
        or before.numbers[row] != now
        or (now.code in held.grids) != (now.code in locks.grids)
        or _other_polygon(before, after, now.code)
    )


def _other_polygon(before: Editor, after: Editor, code: str) -> bool:
    one = before.state.grids.lonlat[before.row_of[code]]
    two = after.state.grids.lonlat[after.row_of[code]]
    return one is not two and not shapely.equals_identical(one, two)
