"""The coarse grid: which edges come near which cell, and who covers its corner?

Everything here is in cell units, ``(x - west) * per_x``, computed once per vertex and once per
point by the same expression. What that rounds differs from the true polygon by far less than
``REACH``, and points so near a border are decided elsewhere, exactly.
"""

# ruff: noqa: PLR0917 - a kernel takes arrays in order and does its loop in one place

from __future__ import annotations

import math

import numpy as np
from numba import njit

from gisgrid.locate.kernels.boxes import Floats, Ints
from gisgrid.locate.kernels.edges import Ids

REACH = 4e-6  # an edge is listed in every cell it comes this near to, in cell units
ONE = 1 << 24  # a polygon g counts as ONE + g, so that a sum tells how many it is made of
DOUBT = 1e-15


@njit(cache=True)
def jumps(left: Ids, right: Ids) -> Ints:
    """What the sum gains when an edge is crossed from its right to its left."""
    out = np.empty(len(left), np.int64)
    for e in range(len(left)):
        out[e] = (ONE + left[e] if left[e] >= 0 else 0) - (ONE + right[e] if right[e] >= 0 else 0)
    return out


@njit(inline="always")
def reach_in_strip(
    x1: float, y1: float, x2: float, y2: float, low: float, high: float
) -> tuple[float, float]:
    """From where to where, eastward, an edge lies in the strip ``low <= y <= high``."""
    dy = y2 - y1
    if abs(dy) < 1e-12:
        return x1, x2
    a = min(max((low - y1) / dy, 0.0), 1.0)
    b = min(max((high - y1) / dy, 0.0), 1.0)
    return x1 + min(a, b) * (x2 - x1), x1 + max(a, b) * (x2 - x1)


@njit(inline="always")
def side(x1: float, y1: float, x2: float, y2: float, x: float, y: float) -> int:
    """1 if (x, y) is left of the edge, 0 if right, 2 if rounding leaves a doubt."""
    a = (x2 - x1) * (y - y1)
    b = (y2 - y1) * (x - x1)
    if abs(a - b) <= DOUBT * (abs(a) + abs(b)):
        return 2
    return 1 if a > b else 0


@njit(cache=True)
def coarse_lists(edge: Floats, columns: int, rows: int) -> tuple[Ints, Ids]:
    """Edges near each cell: cell k owns ``listed[begin[k]:begin[k + 1]]``. Cells run row by row."""
    begin = np.zeros(columns * rows + 1, np.int64)
    cursor = np.zeros(1, np.int64)
    listed = np.empty(0, np.int32)
    for filling in range(2):
        if filling:
            for k in range(columns * rows):
                begin[k + 1] += begin[k]
            listed = np.empty(begin[-1], np.int32)
            cursor = begin[:-1].copy()
        for e in range(len(edge)):
            x1, y1, x2, y2 = edge[e, 0], edge[e, 1], edge[e, 2], edge[e, 3]
            lowest = math.floor(min(y1, y2) - REACH)
            highest = math.floor(max(y1, y2) + REACH)
            for r in range(lowest, highest + 1):
                xa, xb = reach_in_strip(x1, y1, x2, y2, r - REACH, r + 1 + REACH)
                for c in range(math.floor(xa - REACH), math.floor(xb + REACH) + 1):
                    k = r * columns + c
                    if filling:
                        listed[cursor[k]] = e
                        cursor[k] += 1
                    else:
                        begin[k + 1] += 1
    return begin, listed


@njit(cache=True)
def corner_sums(
    edge: Floats, jump: Ints, begin: Ints, listed: Ids, columns: int, rows: int
) -> tuple[Ints, bool]:
    """Sum over the polygons that cover each cell's lower left corner; whether any is in doubt.

    Along a row of corners the sum changes by the jumps of the edges between two corners. Each row
    starts outside everything with 0 and ends so.
    """
    sums = np.zeros(columns * rows, np.int64)
    doubtful = False
    for r in range(rows):
        here = 0
        for c in range(columns):
            k = r * columns + c
            sums[k] = here
            for t in range(begin[k], begin[k + 1]):
                e = listed[t]
                x1, y1, x2, y2 = edge[e, 0], edge[e, 1], edge[e, 2], edge[e, 3]
                if min(y1, y2) <= r < max(y1, y2):
                    a = side(x1, y1, x2, y2, float(c), float(r))
                    b = side(x1, y1, x2, y2, float(c + 1), float(r))
                    doubtful |= a == 2 or b == 2
                    here += jump[e] * (b - a)
        doubtful |= here != 0
    return sums, doubtful
