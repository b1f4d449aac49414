"""Does this polygon cover this point? The exact answer, the one Shapely gives.

The ray-crossing count and the orientation test follow GEOS (``RayCrossingCounter``,
``CGAlgorithmsDD``) step by step, rounding included, so that both say the same on every double.
"""

# ruff: noqa: PLR0912, PLR0917 - a kernel takes arrays in order and does its loop in one place

from __future__ import annotations

import numpy as np
from numba import njit

from gisgrid.locate.kernels.boxes import FANOUT, FANOUT_BITS, Floats, Ints

SPLIT = 134217729.0  # 2^27 + 1 cuts a double into two halves of 26 bits
LOST = 1e-290  # products this small may have lost digits, or all of them, to underflow
FILTER = 1e-15  # a determinant this much larger than its rounding has the right sign


@njit(cache=True)
def _plus(ah: float, al: float, bh: float, bl: float) -> tuple[float, float]:
    """Sum of two double-doubles."""
    s, t = ah + bh, al + bl
    e, f = s - ah, t - al
    u, v = s - e, t - f
    u = (bh - e) + (ah - u)
    v = (bl - f) + (al - v)
    e = u + t
    high = s + e
    low = e + (s - high)
    e = v + low
    top = high + e
    return top, e + (high - top)


@njit(cache=True)
def _times(ah: float, al: float, bh: float, bl: float) -> tuple[float, float]:
    """Product of two double-doubles (Dekker)."""
    c = SPLIT * ah
    ahh = c - (c - ah)
    ahl = ah - ahh
    c = SPLIT * bh
    bhh = c - (c - bh)
    bhl = bh - bhh
    product = ah * bh
    c = ((((ahh * bhh - product) + ahh * bhl) + ahl * bhh) + ahl * bhl) + (ah * bl + al * bh)
    top = product + c
    return top, c + (product - top)


@njit(cache=True)
def _orientation_dd(px: float, py: float, qx: float, qy: float, x: float, y: float) -> int:
    ax, ae = _plus(qx, 0.0, -px, 0.0)
    ay, af = _plus(qy, 0.0, -py, 0.0)
    bx, be = _plus(x, 0.0, -qx, 0.0)
    by, bf = _plus(y, 0.0, -qy, 0.0)
    lh, ll = _times(ax, ae, by, bf)
    rh, rl = _times(ay, af, bx, be)
    high, low = _plus(lh, ll, -rh, -rl)
    if high > 0.0 or (high == 0.0 and low > 0.0):
        return 1
    if high < 0.0 or (high == 0.0 and low < 0.0):
        return -1
    return 0


@njit(cache=True)
def orientation(px: float, py: float, qx: float, qy: float, x: float, y: float) -> int:
    """1 if (x, y) lies left of the line from p to q, -1 if right, 0 if on it."""
    left = (px - x) * (qy - y)
    right = (py - y) * (qx - x)
    det = left - right
    if abs(det) >= FILTER * abs(left + right):
        return 1 if det > 0.0 else (-1 if det < 0.0 else 0)
    return _orientation_dd(px, py, qx, qy, x, y)


@njit(cache=True)
def _beside_ring(xy: Floats, first: int, stop: int, row: int, x: float, y: float) -> int:
    """1 if (x, y) lies west of the box of the ring that has ``row``, -1 if east of it, else 0.

    GEOS asks the box of a ring before it counts, and a box cannot underflow.
    """
    begin, end = row, row
    while begin > first and not np.isnan(xy[begin - 1, 0]):
        begin -= 1
    while end < stop and not np.isnan(xy[end, 0]):
        end += 1
    west, east = xy[begin:end, 0].min(), xy[begin:end, 0].max()
    return 1 if x < west else (-1 if x > east else 0)


@njit(cache=True)
def covers(
    xy: Floats, boxes: Floats, begins: Ints, first: int, stop: int, x: float, y: float
) -> bool:
    """Whether the polygon in rows ``first`` to ``stop`` of ``xy`` holds (x, y), border included.

    A ray goes east from the point; an odd number of crossings with all rings together is inside.
    Rows of NaN between rings fail every comparison, so nothing joins one ring to the next.
    """
    inside = False
    last = stop - 1
    levels = len(begins) - 1
    i = first
    while i < last:
        if i & (FANOUT - 1) == 0 and i + FANOUT <= last:
            level, size = 0, FANOUT
            while level + 1 < levels and i & (size * FANOUT - 1) == 0 and i + size * FANOUT <= last:
                level += 1
                size <<= FANOUT_BITS
            missed = False
            while level >= 0:
                k = begins[level] + i // size
                if y < boxes[k, 1] or y > boxes[k, 3] or x > boxes[k, 2]:
                    missed = True
                    break
                level -= 1
                size >>= FANOUT_BITS
            if missed:
                i += size
                continue
        end = min(last, (i | (FANOUT - 1)) + 1)
        x1, y1 = xy[i, 0], xy[i, 1]
        for j in range(i + 1, end + 1):
            x2, y2 = xy[j, 0], xy[j, 1]
            if not (x1 < x and x2 < x):
                if x == x2 and y == y2:
                    return True
                if y1 == y and y2 == y:
                    if min(x1, x2) <= x <= max(x1, x2):
                        return True
                elif (y1 > y and y2 <= y) or (y2 > y and y1 <= y):
                    if (x1 == x and x2 == x) or (x1 == x and y1 == y):
                        return True
                    turn = orientation(x1, y1, x2, y2, x, y)
                    if abs((x1 - x) * (y2 - y)) + abs((x2 - x) * (y1 - y)) < LOST:
                        beside = _beside_ring(xy, first, stop, j, x, y)
                        if beside != 0:
                            turn = beside if y2 > y1 else -beside
                    if turn == 0:
                        return True
                    if (turn > 0) == (y2 > y1):
                        inside = not inside
            x1, y1 = x2, y2
        i = end
    return inside


@njit(cache=True)
def ring_turns(xy: Floats, ring_first: Ints, ring_stop: Ints) -> Ints:
    """1 for every ring that runs counter-clockwise, -1 clockwise.

    Decided exactly at the lowest of the westernmost vertices; 0 if the ring encloses nothing there.
    """
    turns = np.zeros(len(ring_first), np.int64)
    for r in range(len(ring_first)):
        a, n = ring_first[r], ring_stop[r] - ring_first[r] - 1  # the last row repeats the first
        m = 0
        for i in range(1, n):
            if xy[a + i, 0] < xy[a + m, 0] or (
                xy[a + i, 0] == xy[a + m, 0] and xy[a + i, 1] < xy[a + m, 1]
            ):
                m = i
        x, y = xy[a + m, 0], xy[a + m, 1]
        before, after = m, m
        for step in range(1, n):
            before = (m - step) % n
            if xy[a + before, 0] != x or xy[a + before, 1] != y:
                break
        for step in range(1, n):
            after = (m + step) % n
            if xy[a + after, 0] != x or xy[a + after, 1] != y:
                break
        turns[r] = orientation(
            xy[a + before, 0], xy[a + before, 1], x, y, xy[a + after, 0], xy[a + after, 1]
        )
    return turns
