"""How far is the border, and who is near? Distances in metres on a local flat scale.

``kx`` and ``ky`` are metres per unit of x and y at the point asked about.
"""

# ruff: noqa: PLR0917 - a kernel takes arrays in order and does its loop in one place
# mypy: disable-error-code="no-any-return,return-value,assignment,arg-type,call-arg"
# numba gives numbers types of its own; mypy would have each one cast.

from __future__ import annotations

import numpy as np
from numba import njit

from gisgrid.locate.kernels.boxes import FANOUT, FANOUT_BITS, Floats, Ints
from gisgrid.locate.kernels.edges import Ids
from gisgrid.locate.kernels.exact import covers


@njit(inline="always")
def _box_distance2(boxes: Floats, k: int, x: float, y: float, kx: float, ky: float) -> float:
    dx = max(boxes[k, 0] - x, x - boxes[k, 2], 0.0) * kx
    dy = max(boxes[k, 1] - y, y - boxes[k, 3], 0.0) * ky
    return dx * dx + dy * dy


@njit(inline="always")
def _box_reach2(boxes: Floats, k: int, x: float, y: float, kx: float, ky: float) -> float:
    """Square of the distance to the farthest corner: something in the box is at most this far."""
    dx = max(abs(boxes[k, 0] - x), abs(boxes[k, 2] - x)) * kx
    dy = max(abs(boxes[k, 1] - y), abs(boxes[k, 3] - y)) * ky
    return dx * dx + dy * dy


@njit(inline="always")
def _segment_distance2(x1: float, y1: float, x2: float, y2: float) -> float:
    """Square of the distance from the origin."""
    dx, dy = x2 - x1, y2 - y1
    square = dx * dx + dy * dy
    t = -(x1 * dx + y1 * dy) / square if square > 0.0 else 0.0
    t = min(max(t, 0.0), 1.0)
    px, py = x1 + t * dx, y1 + t * dy
    return px * px + py * py


@njit(cache=True, nogil=True)
def border_distance2(
    xy: Floats,
    boxes: Floats,
    begins: Ints,
    first: int,
    stop: int,
    x: float,
    y: float,
    kx: float,
    ky: float,
    best: float,
) -> float:
    """Square of the distance from (x, y) to the border of a polygon, or ``best`` if that is less.

    The first walk looks at boxes only and learns how near the border must at least come; the
    second then measures few segments.
    """
    last = stop - 1
    levels = len(begins) - 1
    for measuring in range(2):
        if not measuring and last - first < 8 * FANOUT:
            continue
        i = first
        while i < last:
            if i & (FANOUT - 1) == 0 and i + FANOUT <= last:
                level, size = 0, FANOUT
                while (
                    level + 1 < levels
                    and i & (size * FANOUT - 1) == 0
                    and i + size * FANOUT <= last
                ):
                    level += 1
                    size <<= FANOUT_BITS
                passed = False
                while level >= 0:
                    k = begins[level] + i // size
                    if _box_distance2(boxes, k, x, y, kx, ky) > best:
                        passed = True
                        break
                    if not measuring:
                        best = min(best, _box_reach2(boxes, k, x, y, kx, ky))
                    level -= 1
                    size >>= FANOUT_BITS
                if passed:
                    i += size
                    continue
            end = min(last, (i | (FANOUT - 1)) + 1)
            if measuring:
                x1, y1 = (xy[i, 0] - x) * kx, (xy[i, 1] - y) * ky
                for j in range(i + 1, end + 1):
                    x2, y2 = (xy[j, 0] - x) * kx, (xy[j, 1] - y) * ky
                    d = _segment_distance2(x1, y1, x2, y2)
                    if d < best:  # noqa: PLR1730 - false for a row of NaN; min() need not be
                        best = d
                    x1, y1 = x2, y2
            i = end
    return best


@njit(cache=True, nogil=True)
def polygons_within(
    skip: int,
    x: float,
    y: float,
    kx: float,
    ky: float,
    limit2: float,
    xy: Floats,
    boxes: Floats,
    begins: Ints,
    start: Ints,
    tree_boxes: Floats,
    tree_begins: Ints,
    tree_polygon: Ids,
) -> tuple[Ids, Floats]:
    """Polygons at most ``sqrt(limit2)`` metres away, and the squares of their distances.

    A polygon that covers the point has distance 0; ``skip`` (-1: none) is left out.
    """
    levels, leaves, i, n = len(tree_begins) - 1, tree_begins[1], 0, 0
    found, distance2 = np.empty(16, np.int32), np.empty(16)
    while i < leaves:
        level, size = 0, 1
        while level + 1 < levels and i & (size * FANOUT - 1) == 0:
            level += 1
            size <<= FANOUT_BITS
        while True:
            k = tree_begins[level] + i // size
            if _box_distance2(tree_boxes, k, x, y, kx, ky) > limit2:
                i += size
                break
            if level > 0:
                level -= 1
                size >>= FANOUT_BITS
                continue
            g = tree_polygon[i]
            i += 1
            if g == skip:
                break
            d = border_distance2(
                xy,
                boxes,
                begins,
                start[g],
                start[g + 1],
                x,
                y,
                kx,
                ky,
                np.nextafter(limit2, np.inf),
            )
            if d > limit2 or d > 0.0:
                if covers(xy, boxes, begins, start[g], start[g + 1], x, y):
                    d = 0.0
                elif d > limit2:
                    break
            if n == len(found):
                found = np.concatenate((found, np.empty(n, np.int32)))
                distance2 = np.concatenate((distance2, np.empty(n)))
            found[n], distance2[n] = g, d
            n += 1
            break
    return found[:n], distance2[:n]


@njit(cache=True, nogil=True)
def surroundings(
    own: int,
    x: float,
    y: float,
    kx: float,
    ky: float,
    limit2: float,
    xy: Floats,
    boxes: Floats,
    begins: Ints,
    start: Ints,
    tree_boxes: Floats,
    tree_begins: Ints,
    tree_polygon: Ids,
) -> tuple[float, Ids, Floats]:
    """Square of the distance to the border of polygon ``own``, and ``polygons_within`` but for it."""
    border2 = border_distance2(xy, boxes, begins, start[own], start[own + 1], x, y, kx, ky, np.inf)
    found, distance2 = polygons_within(
        own, x, y, kx, ky, limit2, xy, boxes, begins, start, tree_boxes, tree_begins, tree_polygon
    )
    return border2, found, distance2


@njit(cache=True, nogil=True)
def nearest_polygon(
    x: float,
    y: float,
    kx: float,
    ky: float,
    xy: Floats,
    boxes: Floats,
    begins: Ints,
    start: Ints,
    rank: Ids,
    tree_boxes: Floats,
    tree_begins: Ints,
    tree_polygon: Ids,
) -> tuple[int, float]:
    """The polygon whose border is nearest to a point outside all, and the square of the distance.

    Of equally near ones the lowest code. As for one border, a first walk over boxes sets a bound.
    """
    levels, leaves = len(tree_begins) - 1, tree_begins[1]
    bound, nearest, best = np.inf, -1, np.inf
    for measuring in range(2):
        i = 0
        while i < leaves:
            level, size = 0, 1
            while level + 1 < levels and i & (size * FANOUT - 1) == 0:
                level += 1
                size <<= FANOUT_BITS
            while True:
                k = tree_begins[level] + i // size
                if _box_distance2(tree_boxes, k, x, y, kx, ky) > bound:
                    i += size
                    break
                if not measuring:
                    bound = min(bound, _box_reach2(tree_boxes, k, x, y, kx, ky))
                if level > 0:
                    level -= 1
                    size >>= FANOUT_BITS
                    continue
                g = tree_polygon[i]
                i += 1
                if measuring:
                    d = border_distance2(
                        xy, boxes, begins, start[g], start[g + 1], x, y, kx, ky, np.inf
                    )
                    if d < best or (d == best and rank[g] < rank[nearest]):
                        nearest, best = g, d
                        bound = min(bound, d)
                break
    return nearest, best
