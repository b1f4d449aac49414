"""The ground: a warped lattice of blocks, the streets between them, and how dense each block is.

Every border of the town runs along edges of blocks, and neighbours share the vertices of an edge,
so grids, communities and township tile each other exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from scripts.town.spec import Bools, Floats, Ints, Spec, lonlat

BLOCK_EAST_M, BLOCK_NORTH_M = 104.0, 94.0
HOUSES_PER_BLOCK = 2.6


@dataclass(frozen=True)
class Warp:
    """From lattice coordinates (u, v) in [-1, 1] to metres: a rounded, bent and turned square."""

    half_m: Floats
    bump: Floats
    """(k, 3): lobes, height, phase of the outline."""
    waves: Floats
    """(k, 4): direction, wavelength in metres, phase, amplitude in metres of the bends."""
    turn: float

    def __call__(self, u: Floats, v: Floats) -> Floats:
        """Metres (..., 2) of lattice coordinates of any shape."""
        round_u, round_v = u * np.sqrt(1 - v**2 / 2), v * np.sqrt(1 - u**2 / 2)
        xy = np.stack([0.25 * u + 0.75 * round_u, 0.25 * v + 0.75 * round_v], axis=-1)
        angle, reach = np.arctan2(xy[..., 1], xy[..., 0]), np.hypot(xy[..., 0], xy[..., 1])
        swell = sum(h * np.sin(k * angle + p) for k, h, p in self.bump)
        # The centre keeps its shape: an angle has no direction there.
        xy = xy * (1 + swell * np.minimum(reach, 1.0) ** 2)[..., None] * self.half_m
        bent = xy.copy()
        for direction, length_m, phase, amplitude_m in self.waves:
            along = np.array([np.cos(direction), np.sin(direction)])
            wave = amplitude_m * np.sin(2 * np.pi * (xy @ along) / length_m + phase)
            bent += wave[..., None] * np.array([-along[1], along[0]])
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        return np.asarray(bent @ np.array([[cos, sin], [-sin, cos]]))


@dataclass(frozen=True)
class Street:
    """A run of edges on one lattice line."""

    along_u: bool
    """True: runs west to east on a line of constant v."""
    line: int
    first: int
    """First edge of the run."""
    stop: int
    main: bool


@dataclass(frozen=True)
class Ground:
    """Blocks are numbered ``i * nv + j``: column i from the west, row j from the south."""

    nu: int
    nv: int
    warp: Warp
    u: Floats
    """Lattice coordinate of line i, (nu + 1,)."""
    v: Floats
    streets: list[Street]
    street_u: Ints
    """Street on the edge (line j of constant v, column i), -1: no street; (nv + 1, nu)."""
    street_v: Ints
    """Street on the edge (line i of constant u, row j); (nu + 1, nv)."""
    density: Floats
    """Of every block, (nu * nv,), at most about 1."""
    nodes_m: Floats
    """Vertices with one between any two crossings, (2 nu + 1, 2 nv + 1, 2)."""

    @property
    def centres_m(self) -> Floats:
        return self.nodes_m[1::2, 1::2].reshape(-1, 2)

    def rings(self, nodes: Floats) -> Floats:
        """Closed rings (blocks, 9, 2) of all blocks out of vertices such as ``nodes_m``."""
        a, b = 2 * self.nu - 1, 2 * self.nv - 1
        corner = ((0, 0), (1, 0), (2, 0), (2, 1), (2, 2), (1, 2), (0, 2), (0, 1), (0, 0))
        return np.stack(
            [nodes[i : i + a : 2, j : j + b : 2].reshape(-1, 2) for i, j in corner], axis=1
        )

    def lines(self) -> list[shapely.LineString]:
        """Centre line of every street in degrees."""
        nodes = lonlat(self.nodes_m)
        return [
            shapely.LineString(
                nodes[2 * s.first : 2 * s.stop + 1, 2 * s.line]
                if s.along_u
                else nodes[2 * s.line, 2 * s.first : 2 * s.stop + 1]
            )
            for s in self.streets
        ]


def lay_out(spec: Spec, rng: np.random.Generator) -> Ground:
    """Blocks and streets for the wanted number of houses: fine in the centre, coarse outside."""
    blocks = max(24.0, spec.houses / HOUSES_PER_BLOCK)
    nu, nv = round(np.sqrt(blocks * 1.15)), round(np.sqrt(blocks / 1.15))
    half_m = np.array([nu * BLOCK_EAST_M, nv * BLOCK_NORTH_M]) / 2
    warp = Warp(
        half_m=half_m,
        bump=np.array([[3, 0.05, 1.0], [5, 0.025, 2.2], [8, 0.012, 0.4]]),
        waves=np.array(
            [
                [rng.uniform(0, np.pi), rng.uniform(1400, 2600), rng.uniform(0, 6.28), 75.0],
                [rng.uniform(0, np.pi), rng.uniform(1000, 1800), rng.uniform(0, 6.28), 45.0],
                [rng.uniform(0, np.pi), rng.uniform(600, 900), rng.uniform(0, 6.28), 16.0],
            ]
        ),
        turn=rng.uniform(-0.25, 0.25),
    )
    u, v = _lines(nu, rng), _lines(nv, rng)
    nodes_m = warp(*np.meshgrid(_with_middles(u), _with_middles(v), indexing="ij"))
    density = _density(nodes_m[1::2, 1::2].reshape(-1, 2), half_m, spec, rng)
    streets, street_u, street_v = _streets(density.reshape(nu, nv), rng)
    return Ground(nu, nv, warp, u, v, streets, street_u, street_v, density, nodes_m)


def _lines(n: int, rng: np.random.Generator) -> Floats:
    place = np.abs(np.linspace(-1, 1, n))
    step = (0.8 + 0.85 * place**1.6) * rng.uniform(0.84, 1.16, n)
    return np.asarray(np.r_[0, np.cumsum(step)] / step.sum() * 2 - 1)


def _with_middles(line: Floats) -> Floats:
    out = np.empty(2 * len(line) - 1)
    out[::2], out[1::2] = line, (line[1:] + line[:-1]) / 2
    return out


def _density(at_m: Floats, half_m: Floats, spec: Spec, rng: np.random.Generator) -> Floats:
    reach2 = ((at_m / half_m) ** 2).sum(1)
    density = 0.95 * np.exp(-3.2 * reach2)
    for _ in range(2 * spec.communities):
        centre = rng.uniform(-0.8, 0.8, 2) * half_m
        width_m = rng.uniform(160, 330)
        near = np.exp(-((at_m - centre) ** 2).sum(1) / (2 * width_m**2))
        # Two in three are hamlets and housing estates, the others fields.
        density = density + 0.4 * near if rng.random() < 0.67 else density * (1 - 0.8 * near)
    return np.asarray(np.clip(density * rng.uniform(0.7, 1.1, len(density)), 0.015, 1.0))


def _streets(density: Floats, rng: np.random.Generator) -> tuple[list[Street], Ints, Ints]:
    streets: list[Street] = []
    out = []
    for along_u in (True, False):
        grid = density.T if along_u else density
        n_lines, n_edges = grid.shape[0] + 1, grid.shape[1]
        street_of = np.full((n_lines, n_edges), -1)
        main_lines = _main_lines(n_lines, rng)
        # The outermost lines are the township's border, not streets.
        for line in range(1, n_lines - 1):
            main = line in main_lines
            beside = (grid[line - 1] + grid[line]) / 2
            built = np.full(n_edges, True) if main else _smooth(beside) > rng.uniform(0.13, 0.27)
            for first, stop in _runs(built):
                if stop - first >= 2:
                    street_of[line, first:stop] = len(streets)
                    streets.append(Street(along_u, line, first, stop, main))
        out.append(street_of)
    return streets, out[0], out[1]


def _main_lines(n_lines: int, rng: np.random.Generator) -> set[int]:
    lines, at = set(), int(rng.integers(3, 5))
    while at < n_lines - 2:
        lines.add(at)
        at += int(rng.integers(4, 7))
    return lines


def _smooth(values: Floats) -> Floats:
    padded = np.r_[values[0], values, values[-1]]
    return np.asarray((padded[:-2] + padded[1:-1] + padded[2:]) / 3)


def _runs(flag: Bools) -> list[tuple[int, int]]:
    edge = np.diff(np.r_[0, flag.astype(int), 0])
    return list(
        zip(np.flatnonzero(edge == 1).tolist(), np.flatnonzero(edge == -1).tolist(), strict=True)
    )
