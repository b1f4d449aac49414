"""What one small cell holds: half planes whose sum is the answer.

A table entry ``v >= 0`` is the answer itself, ``v - 1`` (0: nobody). A negative one points to a
record: ``~v`` is ``place << 2 | kind``, the record begins at word ``4 * place``, and half its
words are float32, half int32:

* kind ``EAST`` or ``NORTH``, one border through the whole cell: answer below, answer above, slope,
  offset. Above is where ``u + slope * v + offset > 0`` (EAST) or ``v + slope * u + offset > 0``.
* kind ``WEDGE``, one corner of a border in the cell: answer outside, answer inside, and twice normal
  u, normal v, offset. Inside is where both lines are positive.
* kind ``SEVERAL``, anything else: base, the answer where the sum is 0, number of half planes, number of
  candidates; the half planes (from u, to u, normal u, normal v, offset, jump); the candidates,
  lowest code first. The sum is the base plus the jump of every half plane that holds the point.
  A sum that stands for two polygons at once, or for none there can be, sends the point to the
  candidates and the exact test.

u and v run from 0 to 1 inside the cell. A point nearer than ``NEAR`` to a listed line is decided
exactly: float32 loses at most 6e-7 here.
"""

# ruff: noqa: PLR0912, PLR0915, PLR0917 - a kernel takes arrays in order and does its loop in one place
# mypy: disable-error-code="no-any-return,return-value,assignment,arg-type,call-arg"
# numba gives numbers types of its own; mypy would have each one cast.

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from gisgrid.locate.kernels.boxes import Floats, Ints
from gisgrid.locate.kernels.edges import Ids
from gisgrid.locate.kernels.raster import ONE, REACH, side

SEVERAL, EAST, NORTH, WEDGE = 0, 1, 2, 3
HEAD = 4  # words before the half planes of a record
PLANE = 6  # words of a half plane
NEAR = 1e-6
EXACT_ONLY = -1  # a base no sum of polygons can have
MANY = -2

Words = npt.NDArray[np.int32]
Singles = npt.NDArray[np.float32]


@njit(inline="always")
def owner(total: int, polygons: int, empty: int) -> int:
    """The polygon a sum stands for; ``empty`` for 0, ``MANY`` if it is not one polygon."""
    if total == 0:
        return empty
    g = total - ONE
    return g if 0 <= g < polygons else MANY


@njit(inline="always")
def _plane(
    words: Words,
    reals: Singles,
    p: int,
    low: float,
    high: float,
    line: tuple[float, float, float],
    jump: int,
) -> int:
    reals[p], reals[p + 1] = low, high
    reals[p + 2], reals[p + 3], reals[p + 4] = line[0], line[1], line[2]
    words[p + 5] = jump
    return p + PLANE


@njit(cache=True)
def write_planes(
    edge: Floats,
    jump: Ints,
    listed: Ids,
    x: float,
    y: float,
    scale: float,
    from_top: bool,
    words: Words,
    reals: Singles,
    p: int,
) -> tuple[int, int, bool]:
    """Half planes of the cell with corner (x, y) and width 1 / scale, from word ``p``.

    Returns the next free word, what to add to the sum at the corner (the lower left one, or the
    upper left one if ``from_top``), and whether rounding left a doubt.

    An edge that ends in the cell counts only between its ends: the way from the corner to a point
    goes along the bottom (top) of the cell and then straight up (down), and crosses the edge if
    the point is above (below) it. An edge through the whole cell counts as a half plane.
    """
    base, doubtful = 0, False
    level = 1.0 if from_top else 0.0
    bottom = y + level / scale
    sign = -1 if from_top else 1
    for e in listed:
        gx1, gy1, gx2, gy2 = edge[e, 0], edge[e, 1], edge[e, 2], edge[e, 3]
        x1, y1, x2, y2 = (gx1 - x) * scale, (gy1 - y) * scale, (gx2 - x) * scale, (gy2 - y) * scale
        dx, dy = x2 - x1, y2 - y1
        length = math.sqrt(dx * dx + dy * dy)
        if length == 0.0:
            continue
        nx, ny = -dy / length, dx / length
        offset = -(nx * x1 + ny * y1)
        low, high = min(gy1, gy2), max(gy1, gy2)
        straddles = low <= bottom < high
        first_in = -REACH <= x1 <= 1 + REACH and -REACH <= y1 <= 1 + REACH
        last_in = -REACH <= x2 <= 1 + REACH and -REACH <= y2 <= 1 + REACH
        if not (first_in or last_in):
            least = offset + min(nx, 0.0) + min(ny, 0.0)
            most = offset + max(nx, 0.0) + max(ny, 0.0)
            if least > 2 * NEAR or most < -2 * NEAR:
                continue
            if straddles:
                corner_left = side(gx1, gy1, gx2, gy2, x, bottom)
                doubtful |= corner_left == 2
            else:
                corner_left = 1 if high <= bottom else 0
            if corner_left == 1:
                base -= jump[e]
            p = _plane(words, reals, p, -np.inf, np.inf, (nx, ny, offset), jump[e])
            continue
        begin, end = x1, x2
        if straddles:
            a = side(gx1, gy1, gx2, gy2, x, bottom)
            b = side(gx1, gy1, gx2, gy2, x + 1.0 / scale, bottom)
            doubtful |= a == 2 or b == 2
            crossing = x1 + (level - y1) * dx / dy
            if a != b:
                crossing = min(max(crossing, 0.0), 1.0)
                p = _plane(words, reals, p, crossing, np.inf, (0.0, 0.0, 1.0), jump[e] * (b - a))
            elif (a == 1) == (dy > 0):
                crossing = max(crossing, 1.0)
            else:
                crossing = min(crossing, 0.0)
            if (dy > 0) != from_top:
                begin = max(begin, crossing)
            else:
                end = min(end, crossing)
        elif (from_top and low > bottom) or (not from_top and high <= bottom):
            begin, end = 9.0, -9.0
        line = (sign * nx, sign * ny, sign * offset)
        p = _plane(words, reals, p, begin, end, line, sign * jump[e])
    return p, base, doubtful


@njit(cache=True)
def sum_at(words: Words, reals: Singles, place: int, u: float, v: float) -> tuple[int, bool]:
    """The sum of the record of kind SEVERAL at word ``place``, and whether a line is too near."""
    total = np.int64(words[place])
    near = False
    p = place + HEAD
    for _ in range(words[place + 2]):
        d = reals[p + 2] * u + reals[p + 3] * v + reals[p + 4]
        near |= abs(d) < np.float32(NEAR)
        if u >= reals[p] and u < reals[p + 1] and d > np.float32(0.0):
            total += words[p + 5]
        p += PLANE
    return total, near


@njit(cache=True)
def write_candidates(
    words: Words, place: int, planes_end: int, base: int, empty: int, ids: Ids
) -> int:
    """Close a record of kind SEVERAL; returns the first word after it, a multiple of four."""
    words[place] = base
    words[place + 1] = empty
    words[place + 2] = (planes_end - place - HEAD) // PLANE
    words[place + 3] = len(ids)
    for i in range(len(ids)):
        words[planes_end + i] = ids[i]
    return (planes_end + len(ids) + 3) & ~3


@njit(cache=True)
def as_one_border(
    words: Words, reals: Singles, place: int, base: int, polygons: int, empty: int
) -> int:
    """Turn the one half plane after ``place`` into a record of kind EAST or NORTH; its kind.

    ``SEVERAL`` if it cannot be: the line ends in the cell, or an answer is not one polygon.
    """
    p = place + HEAD
    if reals[p] != -np.inf or reals[p + 1] != np.inf:
        return SEVERAL
    below = owner(base, polygons, empty)
    above = owner(base + words[p + 5], polygons, empty)
    if MANY in (below, above):
        return SEVERAL
    nx, ny, offset = float(reals[p + 2]), float(reals[p + 3]), float(reals[p + 4])
    kind, main, other = (EAST, nx, ny) if abs(nx) >= abs(ny) else (NORTH, ny, nx)
    if main < 0:
        below, above = above, below
    words[place], words[place + 1] = below, above
    reals[place + 2], reals[place + 3] = other / main, offset / main
    return kind


@njit(inline="always")
def _line(
    edge: Floats, e: int, forward: bool, far: int, corner: tuple[float, float, float]
) -> tuple[float, float, float, bool]:
    """Normal to the left and offset of an edge in a cell; whether its far end is in the cell too."""
    x, y, scale = corner
    fx, fy = (edge[e, far] - x) * scale, (edge[e, far + 1] - y) * scale
    dx, dy = edge[e, 2] - edge[e, 0], edge[e, 3] - edge[e, 1]
    length = math.sqrt(dx * dx + dy * dy)
    inside = -REACH <= fx <= 1 + REACH and -REACH <= fy <= 1 + REACH
    if length == 0.0:
        return 0.0, 0.0, 0.0, True
    nx, ny = -dy / length, dx / length
    if not forward:
        nx, ny = -nx, -ny
    return nx, ny, -(nx * (edge[e, 0] - x) + ny * (edge[e, 1] - y)) * scale, inside


@njit(cache=True)
def write_wedge(
    edge: Floats,
    left: Ids,
    right: Ids,
    listed: Ids,
    corner: tuple[float, float, float],
    answer: int,
    words: Words,
    reals: Singles,
    place: int,
) -> bool:
    """Write a record of kind WEDGE at ``place`` if two edges of one border meet in the cell.

    ``answer`` is that of the cell's corner. If it is on neither side of the border, somebody else
    covers the cell too, and this is no wedge.
    """
    a, b = listed[0], listed[1]
    a_ends = edge[a, 2] == edge[b, 0] and edge[a, 3] == edge[b, 1]
    a_ends_b_ends = edge[a, 2] == edge[b, 2] and edge[a, 3] == edge[b, 3]
    a_starts_b_starts = edge[a, 0] == edge[b, 0] and edge[a, 1] == edge[b, 1]
    if not (a_ends or a_ends_b_ends or a_starts_b_starts):
        if not (edge[a, 0] == edge[b, 2] and edge[a, 1] == edge[b, 3]):
            return False
        a, b = b, a
    # The way along the border goes in on the first edge and out on the second.
    in_forward, out_forward = not a_starts_b_starts, not a_ends_b_ends
    on_left = left[a] if in_forward else right[a]
    on_right = right[a] if in_forward else left[a]
    if on_left != (left[b] if out_forward else right[b]):
        return False
    if on_right != (right[b] if out_forward else left[b]):
        return False
    if answer not in (on_left, on_right):
        return False
    anx, any_, ac, a_in = _line(edge, a, in_forward, 0 if in_forward else 2, corner)
    bnx, bny, bc, b_in = _line(edge, b, out_forward, 2 if out_forward else 0, corner)
    if a_in or b_in:
        return False
    left_turn = anx * bny - any_ * bnx > 0
    sign = 1.0 if left_turn else -1.0
    words[place] = on_right if left_turn else on_left
    words[place + 1] = on_left if left_turn else on_right
    reals[place + 2], reals[place + 3], reals[place + 4] = sign * anx, sign * any_, sign * ac
    reals[place + 5], reals[place + 6], reals[place + 7] = sign * bnx, sign * bny, sign * bc
    return True


@njit(cache=True)
def edges_cross(edge: Floats, listed: Ids, scale: float) -> bool:
    """Whether any two listed edges cut through each other, deeper than rounding.

    Both ends of each lie more than ``NEAR`` of a cell from the line of the other.
    """
    deep = NEAR / scale
    for i in range(len(listed)):
        a = listed[i]
        ax, ay, adx, ady = edge[a, 0], edge[a, 1], edge[a, 2] - edge[a, 0], edge[a, 3] - edge[a, 1]
        along = deep * math.sqrt(adx * adx + ady * ady)
        for j in range(i):
            b = listed[j]
            bx, by = edge[b, 0], edge[b, 1]
            bdx, bdy = edge[b, 2] - bx, edge[b, 3] - by
            d1 = adx * (by - ay) - ady * (bx - ax)
            d2 = adx * (edge[b, 3] - ay) - ady * (edge[b, 2] - ax)
            if abs(d1) <= along or abs(d2) <= along or (d1 > 0) == (d2 > 0):
                continue
            d3 = bdx * (ay - by) - bdy * (ax - bx)
            d4 = bdx * (edge[a, 3] - by) - bdy * (edge[a, 2] - bx)
            across = deep * math.sqrt(bdx * bdx + bdy * bdy)
            if abs(d3) > across and abs(d4) > across and (d3 > 0) != (d4 > 0):
                return True
    return False
