"""How little change can balance a community? A linear program gives a proven lower bound.

The class
---------
Plans in which a unit either stays in its grid of today or goes to a grid that *touches* that grid
today (shares a contact of the unit graph), unless a lock forbids it. Contiguity, and that a unit
cannot be torn apart, are left out; so every plan of the class costs at least the bound, and a plan
outside the class (a house that jumps over a neighbour) may cost less. Where units may go far the
class is wider, any grid of the community, and the bound is lower: what a grid that moves as a whole
costs is not in it.

The program
-----------
``x[g, h]`` is the workload of grid ``g`` that goes to the touching grid ``h``. Units of equal cost
per minute in a grid are one pool ``z``; cheap pools empty first by themselves::

    minimise   sum of cost per minute x z
    such that  sum over pools of g of z = sum over h of x[g, h]
               low[h] <= load[h] - sum x[h, .] + sum x[., h] <= high[h]
               0 <= z <= workload of the pool,  0 <= x <= free workload of g

Solved by HiGHS (Huangfu and Hall 2018) through SciPy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, vstack

from gisgrid.core.arrays import Bools, Floats, Ints, sums
from gisgrid.core.heavy import optimize


@dataclass(frozen=True, eq=False)
class Bound:
    """The least cost, or None if no plan of the class is in the band.

    ``price`` is what a minute more in each grid is worth to the balance (the duals), zeros without
    a solution.
    """

    cost: float | None
    price: Floats


@dataclass(frozen=True, eq=False)
class Pools:
    """Free workload by grid and cost per minute: the cheap houses of a grid, the dear ones."""

    grid: Ints
    workload: Floats
    rate: Floats


def transfer_bound(load: Floats, low: Floats, high: Floats, may: Bools, free: Pools) -> Bound:
    """The least cost that brings every grid into its band.

    Parameters
    ----------
    load, low, high
        Workload of each grid today and its band.
    may
        ``may[g, h]``: units of ``g`` may go to ``h``; the diagonal is ignored.
    free
        What may leave each grid, see `pools`.
    """
    k = len(load)
    if ((load >= low) & (load <= high)).all():
        return Bound(0.0, np.zeros(k))
    program = _Program(load, may, free)
    if program.arcs == 0:
        return Bound(None, np.zeros(k))
    answer = optimize.linprog(
        program.cost,
        A_ub=vstack([program.inflow, -program.inflow], format="csr"),
        b_ub=np.concatenate([high - load, load - low]),
        A_eq=program.outflow,
        b_eq=np.zeros(k),
        bounds=program.limits,
        method="highs",
    )
    if answer.status != 0:
        return Bound(None, np.zeros(k))
    dual = answer.ineqlin.marginals
    return Bound(float(answer.fun), dual[k:] - dual[:k])


def deviation_floor(load: Floats, target: float, may: Bools, free: Pools) -> float:
    """The least largest deviation from ``target``, as a share of it, over the class."""
    k = len(load)
    if target <= 0:
        return 0.0
    program = _Program(load, may, free)
    if program.arcs == 0:
        return float(np.abs(load / target - 1).max())
    width = len(program.cost)
    slack = coo_array(
        (np.full(2 * k, -target), (np.arange(2 * k), np.zeros(2 * k, dtype=int))), shape=(2 * k, 1)
    )
    flow = vstack([program.inflow, -program.inflow]).tocoo()
    both = coo_array(
        (
            np.concatenate([flow.data, slack.data]),
            (
                np.concatenate([flow.row, slack.row]),
                np.concatenate([flow.col, slack.col + width]),
            ),
        ),
        shape=(2 * k, width + 1),
    )
    balance = program.outflow.tocoo()
    answer = optimize.linprog(
        np.append(np.zeros(width), 1.0),
        A_ub=both.tocsr(),
        b_ub=np.concatenate([target - load, load - target]),
        A_eq=coo_array((balance.data, (balance.row, balance.col)), shape=(k, width + 1)).tocsr(),
        b_eq=np.zeros(k),
        bounds=np.vstack([program.limits, [0.0, np.inf]]),
        method="highs",
    )
    return float(answer.fun) if answer.status == 0 else 0.0


def pools(home: Ints, workload: Floats, cost: Floats, free: Bools) -> Pools:
    """The workload of the ``free`` units, summed by grid and cost per minute."""
    moves = free & (workload > 0)
    rate = np.round(cost[moves] / workload[moves], 9)
    rates, rank = np.unique(rate, return_inverse=True)
    count = max(1, len(rates))
    pool, inverse = np.unique(home[moves] * count + rank, return_inverse=True)
    return Pools(pool // count, sums(inverse, workload[moves], len(pool)), rates[pool % count])


class _Program:
    """Columns of both programs: flows x along the arcs, then the pools z."""

    def __init__(self, load: Floats, may: Bools, pools: Pools) -> None:
        k = len(load)
        source, sink = np.nonzero(may & ~np.eye(k, dtype=bool))
        self.arcs = len(source)
        width = self.arcs + len(pools.grid)
        arc, ones = np.arange(self.arcs), np.ones(self.arcs)
        self.cost = np.concatenate([np.zeros(self.arcs), pools.rate])
        self.inflow = coo_array(
            (
                np.concatenate([ones, -ones]),
                (np.concatenate([sink, source]), np.concatenate([arc, arc])),
            ),
            shape=(k, width),
        ).tocsr()
        pool = self.arcs + np.arange(len(pools.grid))
        self.outflow = coo_array(
            (
                np.concatenate([ones, -np.ones(len(pool))]),
                (np.concatenate([source, pools.grid]), np.concatenate([arc, pool])),
            ),
            shape=(k, width),
        ).tocsr()
        free = sums(pools.grid, pools.workload, k)
        self.limits = np.column_stack(
            [np.zeros(width), np.concatenate([free[source], pools.workload])]
        )
