"""A few houses moved on purpose to a border or close to one, where the owner is in question."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scripts.town.division import Division
from scripts.town.ground import Ground
from scripts.town.houses import Houses
from scripts.town.spec import Floats, Ints

NEAR_M = (1.0, 1.7, 2.5, 3.0, 3.5, 4.0, 2.0, 1.5)


@dataclass(frozen=True)
class Moved:
    """``houses`` after the move, and which they are."""

    houses: Houses
    on_border: Ints
    near_border: Ints


def move_to_borders(
    ground: Ground, division: Division, houses: Houses, codes: list[str], rng: np.random.Generator
) -> Moved:
    """Five houses exactly on vertices that grids share, eight 1 m to 4 m from one.

    Two of the five stand between grids of one community, two between two communities, one where
    three grids meet. A house on a border gets the block, of those that touch it, whose grid
    has the lowest code.
    """
    moved = _Moves(houses, set())
    cells = np.arange(ground.nu * ground.nv).reshape(ground.nu, ground.nv)
    west, east = cells[:-1].ravel(), cells[1:].ravel()
    node = np.stack(
        np.meshgrid(np.arange(2, 2 * ground.nu, 2), np.arange(1, 2 * ground.nv, 2), indexing="ij"),
        -1,
    )
    node = node.reshape(-1, 2)
    between = division.grid[west] != division.grid[east]
    across = division.community[west] != division.community[east]

    on: list[int] = []
    for wanted, n in ((between & ~across, 2), (across, 2)):
        for edge in _some(np.flatnonzero(wanted), houses, west, n, rng):
            at_m = ground.nodes_m[tuple(node[edge])]
            on.append(
                moved.move(west[edge], at_m, _owner([west[edge], east[edge]], division, codes))
            )
    on.append(_to_corner(ground, division, cells=cells, codes=codes, moved=moved, rng=rng))

    near: list[int] = []
    edges = _some(np.flatnonzero(between), houses, west, len(NEAR_M), rng)
    for edge, distance_m in zip(edges, NEAR_M, strict=True):
        at_m = ground.nodes_m[tuple(node[edge])]
        inward = ground.centres_m[west[edge]] - at_m
        near.append(
            moved.move(west[edge], at_m + inward / np.hypot(*inward) * distance_m, west[edge])
        )
    return Moved(moved.houses, np.array(on), np.array(near))


@dataclass
class _Moves:
    houses: Houses
    taken: set[int]

    def move(self, from_block: int, to_m: Floats, to_block: int) -> int:
        """Move one single house of a block; its number."""
        able = np.flatnonzero((self.houses.block == from_block) & ~self.houses.apartment)
        house = int(next(h for h in able.tolist() if h not in self.taken))
        self.taken.add(house)
        xy_m, block = self.houses.xy_m.copy(), self.houses.block.copy()
        xy_m[house], block[house] = to_m, to_block
        self.houses = replace(self.houses, xy_m=xy_m, block=block)
        return house


def _some(edges: Ints, houses: Houses, west: Ints, n: int, rng: np.random.Generator) -> list[int]:
    """Up to n edges, of different western blocks with single houses to spare."""
    single = np.bincount(houses.block[~houses.apartment], minlength=west.max() + 2)
    fit = edges[single[west[edges]] >= 4]
    _, first = np.unique(west[fit], return_index=True)
    return list(rng.choice(fit[first], n, replace=False))


def _owner(blocks: list[int], division: Division, codes: list[str]) -> int:
    return min(blocks, key=lambda b: codes[division.grid[b]])


def _to_corner(
    ground: Ground,
    division: Division,
    *,
    cells: Ints,
    codes: list[str],
    moved: _Moves,
    rng: np.random.Generator,
) -> int:
    around = np.stack([cells[:-1, :-1], cells[1:, :-1], cells[:-1, 1:], cells[1:, 1:]], -1)
    grids = np.sort(division.grid[around], axis=-1)
    many = (np.diff(grids, axis=-1) > 0).sum(-1) >= 2
    single = np.bincount(moved.houses.block[~moved.houses.apartment], minlength=cells.size)
    i, j = np.nonzero(many & (single[around[..., 0]] >= 3))
    k = int(rng.integers(len(i)))
    blocks = around[i[k], j[k]].tolist()
    at_m = ground.nodes_m[2 * (i[k] + 1), 2 * (j[k] + 1)]
    return moved.move(blocks[0], at_m, _owner(blocks, division, codes))
