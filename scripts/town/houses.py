"""Houses on the streets: where each stands, its door on a street, how many households it holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from scipy.spatial import cKDTree

from scripts.town.ground import Ground
from scripts.town.spec import Bools, Floats, Ints, Spec

CORNER_M = 17.0
LOT_M = 13.0
CLEAR_M = 7.5
"""A house stands at least so far from every edge of its block, so no border comes near it."""
APARTMENT_SHARE = 0.055
VACANT_SHARE = 0.02


@dataclass(frozen=True)
class Houses:
    """Arrays over houses."""

    xy_m: Floats
    block: Ints
    street: Ints
    number: Ints
    """House number on its street: odd on one side, even on the other."""
    building: Ints
    """Number of the building behind one door (幢), 0: the only one."""
    apartment: Bools
    households: Ints


@dataclass(frozen=True)
class _Doors:
    xy_m: Floats
    block: Ints
    street: Ints
    side: Ints
    along: Floats


def build(ground: Ground, spec: Spec, rng: np.random.Generator) -> Houses:
    """Exactly ``spec.houses`` houses with ``spec.households`` households."""
    estates, yards = _estates(ground, spec, rng)
    lots = _lots(ground, rng)
    lots = _take(lots, np.flatnonzero(~np.isin(lots.block, estates.block)))
    n_single = spec.houses - len(yards[0])
    lots = _take(lots, _chosen(lots, ground, n_single, rng))

    gate, building, yard_xy_m = yards
    doors = _Doors(
        *(np.concatenate([getattr(lots, f), getattr(estates, f)]) for f in _Doors.__annotations__)
    )
    number = _numbers(doors, rng)
    door = np.r_[np.arange(n_single), n_single + gate]
    apartment = np.arange(spec.houses) >= n_single
    return Houses(
        xy_m=np.vstack([lots.xy_m, yard_xy_m]),
        block=doors.block[door],
        street=doors.street[door],
        number=number[door],
        building=np.r_[np.zeros(n_single, int), building],
        apartment=apartment,
        households=_households(apartment, spec, rng),
    )


def _take(doors: _Doors, rows: Ints) -> _Doors:
    return _Doors(*(getattr(doors, f)[rows] for f in _Doors.__annotations__))


def _frontages(ground: Ground) -> list[tuple[Ints, Ints, Ints]]:
    """Per side of a block (south, north, west, east): block, its street, side of the street."""
    i, j = np.divmod(np.arange(ground.nu * ground.nv), ground.nv)
    return [
        (i * ground.nv + j, street, np.full(len(i), side))
        for street, side in (
            (ground.street_u[j, i], 1),
            (ground.street_u[j + 1, i], 0),
            (ground.street_v[i, j], 1),
            (ground.street_v[i + 1, j], 0),
        )
    ]


def _sizes_m(ground: Ground) -> tuple[Floats, Floats]:
    """East-west and north-south size of every block through its middle."""
    n = ground.nodes_m
    east_m = np.hypot(*np.moveaxis(n[2::2, 1::2] - n[:-2:2, 1::2], -1, 0)).ravel()
    north_m = np.hypot(*np.moveaxis(n[1::2, 2::2] - n[1::2, :-2:2], -1, 0)).ravel()
    return east_m, north_m


def _place(ground: Ground, block: Ints, s: Floats, t: Floats) -> Floats:
    """Metres of the spot (s, t) in [0, 1] of each block."""
    i, j = np.divmod(block, ground.nv)
    u = ground.u[i] + s * (ground.u[i + 1] - ground.u[i])
    v = ground.v[j] + t * (ground.v[j + 1] - ground.v[j])
    return ground.warp(u, v)


def _lots(ground: Ground, rng: np.random.Generator) -> _Doors:
    """Every lot along every street that is clear of borders and of its neighbours."""
    east_m, north_m = _sizes_m(ground)
    parts: list[_Doors] = []
    for face, (block, street, side) in enumerate(_frontages(ground)):
        along_u = face < 2
        length_m, depth_m = (east_m, north_m) if along_u else (north_m, east_m)
        n_lots = np.where(street >= 0, (length_m - 2 * CORNER_M) // LOT_M, 0).astype(int).clip(0)
        row = np.repeat(np.arange(len(block)), n_lots)
        k = np.arange(len(row)) - np.repeat(np.cumsum(n_lots) - n_lots, n_lots)
        along_m = CORNER_M + (k + 0.5) * LOT_M + rng.uniform(-2, 2, len(row))
        main = np.array([s.main for s in ground.streets])[street[row]]
        back_m = np.where(main, 14.0, 10.5) + rng.uniform(0, 4, len(row))
        along, back = along_m / length_m[row], back_m / depth_m[row]
        back = 1 - back if face in (1, 3) else back
        s, t = (along, back) if along_u else (back, along)
        i, j = np.divmod(block[row], ground.nv)
        parts.append(
            _Doors(
                _place(ground, block[row], s, t),
                block[row],
                street[row],
                side[row],
                (i if along_u else j) + along,
            )
        )
    lots = _Doors(*(np.concatenate([getattr(p, f) for p in parts]) for f in _Doors.__annotations__))
    return _take(lots, np.flatnonzero(_clear(ground, lots.xy_m, lots.block)))


def _clear(ground: Ground, xy_m: Floats, block: Ints) -> Bools:
    polygons = shapely.polygons(ground.rings(ground.nodes_m))
    points = shapely.points(xy_m)
    inside = shapely.contains(polygons[block], points)
    return np.asarray(
        inside & (shapely.distance(shapely.boundary(polygons)[block], points) > CLEAR_M)
    )


def _chosen(lots: _Doors, ground: Ground, n: int, rng: np.random.Generator) -> Ints:
    """Rows of n lots, drawn by the density of their blocks, no two closer than 9 m."""
    weight = ground.density[lots.block] ** 1.35
    order = np.argsort(-(np.log(weight) + rng.gumbel(size=len(weight))), kind="stable")
    rank = np.empty(len(order), int)
    rank[order] = np.arange(len(order))
    free = np.full(len(order), True)
    pairs = cKDTree(lots.xy_m).query_pairs(9.0, output_type="ndarray")
    free[np.where(rank[pairs[:, 0]] > rank[pairs[:, 1]], pairs[:, 0], pairs[:, 1])] = False
    chosen = order[free[order]][:n]
    if len(chosen) < n:
        raise RuntimeError(f"only {len(chosen)} lots for {n} houses")
    return np.sort(chosen)


def _estates(
    ground: Ground, spec: Spec, rng: np.random.Generator
) -> tuple[_Doors, tuple[Ints, Ints, Floats]]:
    """Estates of four apartment buildings: their gates, then gate, building number, metres."""
    east_m, north_m = _sizes_m(ground)
    n = round(spec.houses * APARTMENT_SHARE / 4)
    sides = _frontages(ground)
    has_street = np.max([street for _, street, _ in sides], axis=0) >= 0
    fit = np.flatnonzero(has_street & (east_m > 66) & (north_m > 62) & (ground.density > 0.2))
    block = np.sort(rng.choice(fit, n, replace=False))
    face = np.argmax([street[block] >= 0 for _, street, _ in sides], axis=0)
    i, j = np.divmod(block, ground.nv)
    gates = _Doors(
        xy_m=ground.centres_m[block],
        block=block,
        street=np.choose(face, [street[block] for _, street, _ in sides]),
        side=np.choose(face, [side[block] for _, _, side in sides]),
        along=np.where(face < 2, i, j) + 0.5,
    )
    spot = np.tile([[0.31, 0.7], [0.69, 0.7], [0.31, 0.3], [0.69, 0.3]], (n, 1))
    gate = np.repeat(np.arange(n), 4)
    spot += rng.uniform(-0.02, 0.02, (n, 2))[gate]
    return gates, (gate, np.tile(np.arange(1, 5), n), _place(ground, block[gate], *spot.T))


def _numbers(doors: _Doors, rng: np.random.Generator) -> Ints:
    """House numbers: along the street, odd on side 1, even on side 0, here and there one left out."""
    order = np.lexsort((doors.along, doors.side, doors.street))
    step = 1 + (rng.random(len(order)) < 0.15)
    total = np.cumsum(step)
    run = doors.street[order] * 2 + doors.side[order]
    starts = np.flatnonzero(np.diff(run, prepend=-1))
    before = np.repeat(total[starts] - step[starts], np.diff(np.r_[starts, len(run)]))
    number = np.empty(len(order), int)
    number[order] = 2 * (total - before) - doors.side[order]
    return number


def _households(apartment: Bools, spec: Spec, rng: np.random.Generator) -> Ints:
    count = np.where(apartment, rng.integers(5, 10, len(apartment)), 1)
    single = np.flatnonzero(~apartment)
    count[rng.choice(single, round(spec.houses * VACANT_SHARE), replace=False)] = 0
    missing = spec.households - int(count.sum())
    ones = np.flatnonzero(~apartment & (count == 1))
    if missing < 0 or missing > len(ones):
        raise RuntimeError(f"{missing} households too few in the apartments")
    count[rng.choice(ones, missing, replace=False)] = 2
    return count
