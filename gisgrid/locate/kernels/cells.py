"""Questions about one coarse or small cell, asked while the grid is built.

``shapes`` holds the arrays of all polygons, in this order: xy, boxes, begins, start, rank, and the
boxes, begins and polygons of the tree over them.
"""

# ruff: noqa: PLR0917 - a kernel takes arrays in order and does its loop in one place
# mypy: disable-error-code="no-any-return,return-value,assignment,arg-type,call-arg"
# numba gives numbers types of its own; mypy would have each one cast.

from __future__ import annotations

import math

import numpy as np
from numba import njit

from gisgrid.locate.kernels.boxes import Floats, Ints, boxes_at
from gisgrid.locate.kernels.edges import Ids
from gisgrid.locate.kernels.exact import covers
from gisgrid.locate.kernels.raster import REACH, reach_in_strip, side
from gisgrid.locate.kernels.records import MANY, Singles, Words, owner, sum_at

MOST_DIVISIONS_BITS = 10
MOST_EDGES = 64  # in a small cell with more, the exact test is as fast as the sum
MOST_TABLE = (1 << 27) - (1 << 21)


@njit(cache=True)
def divisions_bits(edge: Floats, listed: Ids, per_edge: float) -> int:
    """How often to halve a coarse cell: about ``per_edge`` small cells or more for every edge.

    Fewer if long edges would then be listed in very many.
    """
    n, length = len(listed), 0.0
    if n == 0:
        return 0
    for e in listed:
        length += min(1.0, edge[e, 2] - edge[e, 0]) + min(1.0, abs(edge[e, 3] - edge[e, 1]))
    bits = 0
    while bits < MOST_DIVISIONS_BITS and 1 << (2 * bits) < per_edge * n:
        if n + (2 << bits) * length > 8 * n + 1024:
            break
        bits += 1
    return bits


@njit(cache=True)
def fine_lists(
    edge: Floats,
    listed: Ids,
    column: int,
    row: int,
    bits: int,
    begin: Ints,
    cursor: Ints,
    lists: Ids,
) -> Ids:
    """Edges near each small cell of a coarse one; ``begin`` and ``cursor`` are overwritten, ``lists`` may be replaced."""
    n = 1 << bits
    begin[: n * n + 1] = 0
    for filling in range(2):
        if filling:
            for k in range(n * n):
                begin[k + 1] += begin[k]
            if begin[n * n] > len(lists):
                lists = np.empty(2 * begin[n * n], np.int32)
            cursor[: n * n] = begin[: n * n]
        for e in listed:
            x1, y1 = (edge[e, 0] - column) * n, (edge[e, 1] - row) * n
            x2, y2 = (edge[e, 2] - column) * n, (edge[e, 3] - row) * n
            lowest = max(0, math.floor(min(y1, y2) - REACH))
            highest = min(n - 1, math.floor(max(y1, y2) + REACH))
            for r in range(lowest, highest + 1):
                xa, xb = reach_in_strip(x1, y1, x2, y2, r - REACH, r + 1 + REACH)
                a = max(0, math.floor(xa - REACH))
                b = min(n - 1, math.floor(xb + REACH))
                for k in range(r * n + a, r * n + b + 1):
                    if filling:
                        lists[cursor[k]] = e
                        cursor[k] += 1
                    else:
                        begin[k + 1] += 1
    return lists


@njit(cache=True)
def parties(
    left: Ids, right: Ids, listed: Ids, rank: Ids, limit: int, stamp: Ints, mark: int, out: Ids
) -> int:
    """Polygons of the listed edges with a rank below ``limit``, lowest rank first; their number.

    They are also marked: ``stamp[g] == mark``.
    """
    n = 0
    for e in listed:
        for g in (left[e], right[e]):
            if g < 0 or stamp[g] == mark or rank[g] >= limit:
                continue
            stamp[g] = mark
            out[n] = g
            n += 1
    if n > 32:
        order = np.argsort(rank[out[:n]])
        out[:n] = out[:n][order]
        return n
    for i in range(1, n):
        g, j = out[i], i
        while j > 0 and rank[out[j - 1]] > rank[g]:
            out[j] = out[j - 1]
            j -= 1
        out[j] = g
    return n


@njit(cache=True)
def lowest_cover(shapes, candidates: Ids, stamp: Ints, mark: int, x: float, y: float) -> int:  # type: ignore[no-untyped-def]
    """First of ``candidates`` that covers (x, y) and is not marked; -1 if none does."""
    xy, boxes, begins, start = shapes[0], shapes[1], shapes[2], shapes[3]
    for g in candidates:
        if stamp[g] != mark and covers(xy, boxes, begins, start[g], start[g + 1], x, y):
            return g
    return -1


@njit(cache=True)
def by_box(shapes, limit: int, x: float, y: float, hits: Ints) -> Ids:  # type: ignore[no-untyped-def]
    """Polygons with (x, y) in their box and a rank below ``limit``, lowest rank first."""
    rank = shapes[4]
    n = boxes_at(shapes[5], shapes[6], x, y, hits)
    found = np.empty(n, np.int32)
    m = 0
    for i in range(n):
        g = shapes[7][hits[i]]
        if rank[g] < limit:
            found[m] = g
            m += 1
    return found[:m][np.argsort(rank[found[:m]])]


@njit(cache=True)
def overlap_in_cell(
    edge: Floats,
    listed: Ids,
    words: Words,
    reals: Singles,
    place: int,
    corner: tuple[float, float, float],
    polygons: int,
) -> bool:
    """Whether the sums of a cell tell of an overlap: on both sides of the middle of every edge."""
    x, y, scale = corner
    for e in listed:
        x1, y1 = (edge[e, 0] - x) * scale, (edge[e, 1] - y) * scale
        dx, dy = (edge[e, 2] - edge[e, 0]) * scale, (edge[e, 3] - edge[e, 1]) * scale
        t0, t1 = 0.0, 1.0
        for p, d in ((x1, dx), (y1, dy)):
            if d != 0.0:
                a, b = (0.0 - p) / d, (1.0 - p) / d
                t0, t1 = max(t0, min(a, b)), min(t1, max(a, b))
        length = math.sqrt(dx * dx + dy * dy)
        if t0 >= t1 or length == 0.0:
            continue
        middle = 0.5 * (t0 + t1)
        for step in (-1e-4, 1e-4):
            u = np.float32(x1 + middle * dx - step * dy / length)
            v = np.float32(y1 + middle * dy + step * dx / length)
            total, near = sum_at(words, reals, place, u, v)
            if not near and owner(total, polygons, -1) == MANY:
                return True
    return False


@njit(inline="always")
def _within(px: float, py: float, x: float, y: float, width: float) -> bool:
    return x <= px <= x + width and y <= py <= y + width


@njit(cache=True)
def border_sums(
    edge: Floats, jump: Ints, listed: Ids, x: float, y: float, width: float, here: int
) -> tuple[int, int, bool, bool]:
    """Sums at the lower right and upper left corners of a cell, from that at the lower left.

    Also whether fewer half planes come out when counting from the top, and whether any side is in
    doubt.
    """
    after, above, doubtful = here, here, False
    bottoms, tops = 0, 0
    for e in listed:
        x1, y1, x2, y2 = edge[e, 0], edge[e, 1], edge[e, 2], edge[e, 3]
        low, high = min(y1, y2), max(y1, y2)
        ends_in = _within(x1, y1, x, y, width) or _within(x2, y2, x, y, width)
        if low <= y < high:
            a, b = side(x1, y1, x2, y2, x, y), side(x1, y1, x2, y2, x + width, y)
            doubtful |= a == 2 or b == 2
            after += jump[e] * (b - a)
            bottoms += ends_in and a != b
        if x1 <= x < x2:
            a, b = side(x1, y1, x2, y2, x, y), side(x1, y1, x2, y2, x, y + width)
            doubtful |= a == 2 or b == 2
            above += jump[e] * (b - a)
        if ends_in and low <= y + width < high:
            a = side(x1, y1, x2, y2, x, y + width)
            b = side(x1, y1, x2, y2, x + width, y + width)
            doubtful |= a == 2 or b == 2
            tops += a != b
    return after, above, tops < bottoms, doubtful


@njit(cache=True)
def row_start(
    edge: Floats, jump: Ints, listed: Ids, x: float, y: float, up: float, here: int
) -> tuple[int, bool]:
    """Sum at (x, up), above the corner (x, y) of a coarse cell where it is ``here``."""
    doubtful = False
    for e in listed:
        x1, y1, x2, y2 = edge[e, 0], edge[e, 1], edge[e, 2], edge[e, 3]
        if x1 <= x < x2:
            a, b = side(x1, y1, x2, y2, x, y), side(x1, y1, x2, y2, x, up)
            doubtful |= a == 2 or b == 2
            here += jump[e] * (b - a)
    return here, doubtful
