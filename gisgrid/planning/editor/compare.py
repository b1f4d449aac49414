"""Two plans side by side: every grid before and after, who moves, and which grid follows which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gisgrid.core.arrays import Floats, Ints
from gisgrid.planning.editor.editor import Editor, GridNumbers, HouseFlow, flows, numbers


@dataclass(frozen=True)
class GridPair:
    """A grid in two plans; None where a plan does not have it."""

    code: str
    name: str
    community: str
    kind: str
    before: GridNumbers | None
    after: GridNumbers | None
    moved: bool
    """Whether a house comes or goes, or the grid is new or gone."""


@dataclass(frozen=True)
class Comparison:
    """Two plans over the same houses."""

    grids: tuple[GridPair, ...]
    flows: tuple[HouseFlow, ...]

    @property
    def residents_moved(self) -> int:
        return sum(flow.residents for flow in self.flows)

    @property
    def houses_moved(self) -> int:
        return sum(len(flow.houses) for flow in self.flows)


@dataclass(frozen=True)
class Successor:
    """How much of an old grid a new one takes over; no new code: in no grid any more.

    ``share`` is that of the old grid's residents; where it had none, of its houses, else of its
    ground. The shares of one old grid sum to 1.
    """

    old_code: str
    new_code: str | None
    houses: int
    households: int
    residents: int
    share: float


def compared(before: Editor, after: Editor) -> Comparison:
    """Every grid of two plans before and after, by code, and the houses that move."""
    old = {n.code: n for n in numbers(before)}
    new = {n.code: n for n in numbers(after)}
    moves = tuple(flows(before, after))
    busy = {code for flow in moves for code in (flow.from_grid, flow.to_grid)}
    pairs = []
    for code in sorted(old.keys() | new.keys()):
        a, b = old.get(code), new.get(code)
        facts = b or a
        assert facts is not None  # noqa: S101 - one of the plans has it
        moved = code in busy or a is None or b is None
        pairs.append(GridPair(code, facts.name, facts.community, facts.kind, a, b, moved))
    return Comparison(tuple(pairs), moves)


def crosswalk(before: Editor, after: Editor) -> list[Successor]:
    """Which new grids take over each old one, by old and new code."""
    old, new, houses = before.state.grids, after.state.grids, before.state.houses
    was, now = houses.grid, after.state.houses.grid
    width = len(new.code) + 1
    held = np.flatnonzero(was >= 0)
    pair = was[held] * width + np.where(now[held] >= 0, now[held], len(new.code))
    pairs, inverse = np.unique(pair, return_inverse=True)
    counts = np.zeros((len(pairs), 3), dtype=np.int64)
    for k, values in enumerate((np.ones(len(held), np.int64), houses.households[held],
                                houses.residents[held])):  # fmt: skip
        np.add.at(counts[:, k], inverse, values)
    out = []
    for row, code in enumerate(old.code.tolist()):
        mine = np.flatnonzero(pairs // width == row)
        heirs = pairs[mine] % width
        people = counts[mine, 2].sum() > 0
        weight = counts[mine, 2 if people else 0].astype(np.float64)
        held_by = counts[mine]
        if not weight.sum():
            heirs, weight = _by_ground(before, after, row)
            held_by = np.zeros((len(heirs), 3), dtype=np.int64)
        total = weight.sum()
        for heir, part, (n, households, residents) in zip(
            heirs.tolist(), weight.tolist(), held_by.tolist(), strict=True
        ):
            to = new.code[heir] if heir < len(new.code) else None
            out.append(Successor(code, to, n, households, residents, float(part / total)))
    return out


def _by_ground(before: Editor, after: Editor, row: int) -> tuple[Ints, Floats]:
    """Heirs of an empty grid: those on its ground, of its own layer, by square metres."""
    old, new = before.state.grids, after.state.grids
    over = before.state.overlay and bool(old.exclusive[row])
    layer = np.flatnonzero(new.exclusive) if over else after.state.tiling
    common = shapely.area(shapely.intersection(new.metric[layer], old.metric[row]))
    real = common > 1e-4 * max(shapely.area(old.metric[row]), 1e-9)
    if not real.any():
        return np.array([len(new.code)]), np.array([1.0])
    return layer[real], common[real]
