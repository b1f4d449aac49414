"""Boundary moves at falling temperature, from a plan towards balance with little change.

Energy of a plan, in the unit of ``cost``::

    cost of units away from home
    + shape x sum over grids of raggedness  perimeter^2 / (4 pi area)       (1 for a disc)
    + penalty x workload outside the band
    - (price[home grid] - price[grid now]) x workload               (duals of the bound, fading out)

Every plan on the way is connected grid by grid; the band may be left on the way, at a rising price.
"""

# Compiled functions take arrays one by one; numba copies a bundle on every call.
# ruff: noqa: PLR0912, PLR0915, PLR0917

from __future__ import annotations

import math
from typing import NamedTuple

import numba
import numpy as np

from gisgrid.balance.kernels.chance import State, below
from gisgrid.balance.kernels.contiguity import stays_whole
from gisgrid.core.arrays import Bools, Floats, ShortInts


class AnnealProblem(NamedTuple):
    """One community: units 0..n-1, grids 0..k-1.

    ``rim`` is the whole perimeter of a unit, ``may[g, h]`` whether a unit at home in ``g`` may go
    to ``h``, ``free`` whether a unit may move at all, ``low`` and ``high`` the band of each grid's
    workload, ``price`` a worth of workload per grid that guides the start, ``shape`` the price of
    raggedness, and ``worst`` the raggedness from which it counts thirtyfold.
    """

    indptr: ShortInts
    indices: ShortInts
    border: Floats
    rim: Floats
    area: Floats
    workload: Floats
    cost: Floats
    home: ShortInts
    may: Bools
    free: Bools
    low: Floats
    high: Floats
    price: Floats
    shape: float
    worst: float


class Schedule(NamedTuple):
    """Temperature and penalty at start and end; both change by a constant factor a step."""

    steps: int
    hot: float
    cold: float
    penalty: float
    last_penalty: float


@numba.njit(cache=True, nogil=True, inline="always")
def outside(load: float, low: float, high: float) -> float:
    """How far a load lies outside its band."""
    if load < low:
        return low - load
    if load > high:
        return load - high
    return 0.0


@numba.njit(cache=True, nogil=True, inline="always")
def raggedness(perimeter: float, area: float, worst: float) -> float:
    """One over the Polsby-Popper score: 1 for a disc. Beyond ``worst`` it counts thirtyfold."""
    ragged = perimeter * perimeter / (4.0 * math.pi * max(area, 1e-9))
    if ragged > worst:
        ragged += 29.0 * (ragged - worst)
    return ragged


@numba.njit(cache=True, nogil=True)
def border_list(
    grid_of: ShortInts,
    indptr: ShortInts,
    indices: ShortInts,
    foreign: ShortInts,
    at: ShortInts,
    listed: ShortInts,
) -> int:
    """Units with a neighbour in another grid: foreign contacts, place in the list, the list."""
    count = 0
    for u in range(len(grid_of)):
        foreign[u] = 0
        at[u] = -1
        for e in range(indptr[u], indptr[u + 1]):
            if grid_of[indices[e]] != grid_of[u]:
                foreign[u] += 1
        if foreign[u] > 0:
            at[u] = count
            listed[count] = u
            count += 1
    return count


@numba.njit(cache=True, nogil=True)
def flip(
    u: int,
    h: int,
    grid_of: ShortInts,
    indptr: ShortInts,
    indices: ShortInts,
    foreign: ShortInts,
    at: ShortInts,
    listed: ShortInts,
    count: int,
) -> int:
    """Move unit ``u`` to grid ``h`` and keep the border list; its new length comes back."""
    g = grid_of[u]
    grid_of[u] = h
    abroad = 0
    for e in range(indptr[u], indptr[u + 1]):
        x = indices[e]
        if grid_of[x] == g:
            abroad += 1
            foreign[x] += 1
            if at[x] < 0:
                at[x] = count
                listed[count] = x
                count += 1
        elif grid_of[x] == h:
            foreign[x] -= 1
            if foreign[x] == 0:
                count -= 1
                last = listed[count]
                listed[at[x]] = last
                at[last] = at[x]
                at[x] = -1
        else:
            abroad += 1
    foreign[u] = abroad
    if abroad == 0:
        count -= 1
        last = listed[count]
        listed[at[u]] = last
        at[last] = at[u]
        at[u] = -1
    return count


@numba.njit(cache=True, nogil=True)
def anneal(
    problem: AnnealProblem, schedule: Schedule, grid_of: ShortInts, state: State
) -> tuple[ShortInts, float, float]:
    """The best plan met, its workload outside the band, and its cost plus shape.

    Best is the smallest workload outside the band, then the smallest cost plus shape.
    ``grid_of`` is the plan to start from, connected grid by grid, and is overwritten.
    """
    indptr, indices, border = problem.indptr, problem.indices, problem.border
    rim, area, workload, cost = problem.rim, problem.area, problem.workload, problem.cost
    home, may, free = problem.home, problem.may, problem.free
    low, high, price, shape = problem.low, problem.high, problem.price, problem.shape
    n, k = len(home), len(low)
    mark, queue = np.zeros(n + 1, np.int32), np.zeros(n, np.int32)
    foreign, at, listed = np.zeros(n, np.int32), np.zeros(n, np.int32), np.zeros(n, np.int32)
    count = border_list(grid_of, indptr, indices, foreign, at, listed)
    load, ground, edge = np.zeros(k), np.zeros(k), np.zeros(k)
    away = 0.0
    for u in range(n):
        g = grid_of[u]
        load[g] += workload[u]
        ground[g] += area[u]
        edge[g] += rim[u]
        if g != home[u]:
            away += cost[u]
        for e in range(indptr[u], indptr[u + 1]):
            if grid_of[indices[e]] == g:
                edge[g] -= border[e]
    excess = 0.0
    form = 0.0
    worst = problem.worst
    ragged, slope = np.zeros(k), np.zeros(k)
    for g in range(k):
        excess += outside(load[g], low[g], high[g])
        ragged[g] = raggedness(edge[g], ground[g], worst)
        form += ragged[g]
        slope[g] = 2.0 * shape * ragged[g] / max(edge[g], 1e-9)
    best = grid_of.copy()
    best_excess, best_energy = excess, away + shape * form
    # -log of evenly spread probabilities: a table, as the logarithm would cost as much as a move
    luck = np.empty(1024)
    for i in range(1024):
        luck[i] = -np.log((i + 0.5) / 1024)
    heat, penalty = schedule.hot, schedule.penalty
    cooling = (schedule.cold / schedule.hot) ** (64.0 / schedule.steps)
    rising = (schedule.last_penalty / schedule.penalty) ** (64.0 / schedule.steps)
    fade = 1.0
    for step in range(schedule.steps):
        if step & 63 == 0:
            if count == 0:
                break
            heat *= cooling
            penalty *= rising
            fade = max(0.0, 1.0 - 1.5 * step / schedule.steps)
        u = listed[below(state, count)]
        g = grid_of[u]
        span = indptr[u + 1] - indptr[u]
        v = indices[indptr[u] + below(state, span)]
        h = grid_of[v]
        if h == g or not free[u] or not may[home[u], h]:
            continue
        allowed = heat * luck[below(state, 1024)]
        w = workload[u]
        was = outside(load[g], low[g], high[g]) + outside(load[h], low[h], high[h])
        over = outside(load[g] - w, low[g], high[g]) + outside(load[h] + w, low[h], high[h]) - was
        moved = 0.0
        if g == home[u]:
            moved = cost[u]
        elif h == home[u]:
            moved = -cost[u]
        worth = fade * (price[g] - price[h])
        # The most that the unit's own rim can do for the shapes; ends most proposals early.
        most = rim[u] * (slope[g] + slope[h])
        if moved + penalty * over - worth * w - most > allowed:
            # Alone it upsets the balance; against a unit that comes back it may not.
            if over <= 0.0:
                continue
            v = indices[indptr[v] + below(state, indptr[v + 1] - indptr[v])]
            if grid_of[v] != h or foreign[v] == 0 or not free[v] or not may[home[v], g]:
                continue
            net = w - workload[v]
            over = (
                outside(load[g] - net, low[g], high[g])
                + outside(load[h] + net, low[h], high[h])
                - was
            )
            if h == home[v]:
                moved += cost[v]
            elif g == home[v]:
                moved -= cost[v]
            most += rim[v] * (slope[g] + slope[h])
            if moved + penalty * over - worth * net - most > allowed:
                continue
        else:
            v = -1
            net = w
        with_g = 0.0
        with_h = 0.0
        for e in range(indptr[u], indptr[u + 1]):
            other = grid_of[indices[e]]
            if other == g:
                with_g += border[e]
            elif other == h:
                with_h += border[e]
        edge_g = edge[g] + 2.0 * with_g - rim[u]
        edge_h = edge[h] + rim[u] - 2.0 * with_h
        gragged_g, gragged_h = ground[g] - area[u], ground[h] + area[u]
        if v >= 0:
            with_g = 0.0
            with_h = 0.0
            for e in range(indptr[v], indptr[v + 1]):
                x = indices[e]
                if x == u:  # by then in h
                    with_h += border[e]
                elif grid_of[x] == g:
                    with_g += border[e]
                elif grid_of[x] == h:
                    with_h += border[e]
            if with_g == 0.0:
                continue
            edge_h += 2.0 * with_h - rim[v]
            edge_g += rim[v] - 2.0 * with_g
            gragged_g, gragged_h = gragged_g + area[v], gragged_h - area[v]
        ragged_g, ragged_h = (
            raggedness(edge_g, gragged_g, worst),
            raggedness(edge_h, gragged_h, worst),
        )
        change = ragged_g + ragged_h - ragged[g] - ragged[h]
        if moved + penalty * over - worth * net + shape * change > allowed:
            continue
        if not stays_whole(u, grid_of, indptr, indices, mark, queue):
            continue
        count = flip(u, h, grid_of, indptr, indices, foreign, at, listed, count)
        if v >= 0:
            if not stays_whole(v, grid_of, indptr, indices, mark, queue):
                count = flip(u, g, grid_of, indptr, indices, foreign, at, listed, count)
                continue
            count = flip(v, g, grid_of, indptr, indices, foreign, at, listed, count)
        load[g] -= net
        load[h] += net
        edge[g], edge[h], ground[g], ground[h] = edge_g, edge_h, gragged_g, gragged_h
        ragged[g], ragged[h] = ragged_g, ragged_h
        slope[g] = 2.0 * shape * ragged_g / max(edge_g, 1e-9)
        slope[h] = 2.0 * shape * ragged_h / max(edge_h, 1e-9)
        excess += over
        away += moved
        form += change
        if (fade < 0.5 or best_excess > 1e-9) and excess < best_excess + 1e-9:
            energy = away + shape * form
            if excess < best_excess - 1e-9 or energy < best_energy - 1e-9:
                best[:] = grid_of
                best_excess, best_energy = excess, energy
    return best, best_excess, best_energy
