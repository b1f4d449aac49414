"""Answers for points: the grid first, the exact test where the grid can't be sure.

``head`` is west, south, cells per unit of x and y, columns, rows, first word of the records,
number of polygons. ``hot`` is one array of int32: coarse table, fine table, records. A coarse entry
``c < 0`` is the answer ``-2 - c``; another is ``first << 4 | bits``: the cell is divided into
``2 ** bits`` by ``2 ** bits`` small cells, whose entries begin at word ``first``.
"""

# ruff: noqa: PLR0911, PLR0915, PLR0917 - a kernel takes arrays in order and does its loop in one place
# mypy: disable-error-code="no-any-return,return-value,assignment,arg-type,call-arg"
# numba gives numbers types of its own; mypy would have each one cast.

from __future__ import annotations

import numpy as np
from numba import njit

from gisgrid.locate.kernels.boxes import FANOUT, FANOUT_BITS, Floats, Ints
from gisgrid.locate.kernels.edges import Ids
from gisgrid.locate.kernels.exact import covers
from gisgrid.locate.kernels.prefetch import prefetch
from gisgrid.locate.kernels.raster import ONE
from gisgrid.locate.kernels.records import EAST, HEAD, NEAR, PLANE, SEVERAL, WEDGE, Words

BLOCK = 512
MOST_CANDIDATES = 32  # with more in one cell, the tree over all polygons is faster
UNSURE = -2


@njit(cache=True, nogil=True)
def locate_one(x: float, y: float, head: Floats, hot: Words) -> int:
    """The polygon of (x, y), -1 for none, ``UNSURE`` if only the exact test can tell."""
    tx, ty = (x - head[0]) * head[2], (y - head[1]) * head[3]
    columns = np.int64(head[4])
    if not (tx >= 0.0 and tx < head[4] and ty >= 0.0 and ty < head[5]):
        return -1
    column, row = np.int64(tx), np.int64(ty)
    coarse = hot[row * columns + column]
    if coarse < 0:
        return -2 - coarse
    n = 1 << (coarse & 15)
    fx, fy = (tx - column) * n, (ty - row) * n
    qx, qy = np.int64(fx), np.int64(fy)
    entry = hot[(coarse >> 4) + qy * n + qx]
    if entry >= 0:
        return entry - 1
    reals = hot.view(np.float32)
    u, v = np.float32(fx - qx), np.float32(fy - qy)
    kind = ~entry & 3
    p = np.int64(head[6]) + (np.int64(~entry) >> 2 << 2)
    if kind == WEDGE:
        first = reals[p + 2] * u + reals[p + 3] * v + reals[p + 4]
        second = reals[p + 5] * u + reals[p + 6] * v + reals[p + 7]
        if min(abs(first), abs(second)) < np.float32(NEAR):
            return UNSURE
        return hot[p + 1] if first > 0 and second > 0 else hot[p]
    if kind != SEVERAL:
        main, other = (u, v) if kind == EAST else (v, u)
        d = main + reals[p + 2] * other + reals[p + 3]
        if abs(d) < np.float32(NEAR):
            return UNSURE
        return hot[p + 1] if d > 0 else hot[p]
    total = np.int64(hot[p])
    q = p + HEAD
    for _ in range(hot[p + 2]):
        d = reals[q + 2] * u + reals[q + 3] * v + reals[q + 4]
        if abs(d) < np.float32(NEAR):
            return UNSURE
        if u >= reals[q] and u < reals[q + 1] and d > np.float32(0.0):
            total += hot[q + 5]
        q += PLANE
    if total == 0:
        return hot[p + 1]
    g = total - ONE
    return g if g >= 0 and g < head[7] else UNSURE


@njit(cache=True, nogil=True)
def lowest_in_tree(
    x: float,
    y: float,
    xy: Floats,
    boxes: Floats,
    begins: Ints,
    start: Ints,
    rank: Ids,
    tree_boxes: Floats,
    tree_begins: Ints,
    tree_polygon: Ids,
) -> int:
    """The polygon with the lowest code that covers (x, y), found by boxes alone; -1 for none."""
    levels, leaves, i, lowest = len(tree_begins) - 1, tree_begins[1], 0, -1
    while i < leaves:
        level, size = 0, 1
        while level + 1 < levels and i & (size * FANOUT - 1) == 0:
            level += 1
            size <<= FANOUT_BITS
        while True:
            k = tree_begins[level] + i // size
            if (
                x < tree_boxes[k, 0]
                or x > tree_boxes[k, 2]
                or y < tree_boxes[k, 1]
                or y > tree_boxes[k, 3]
            ):
                i += size
                break
            if level > 0:
                level -= 1
                size >>= FANOUT_BITS
                continue
            g = tree_polygon[i]
            i += 1
            if (lowest < 0 or rank[g] < rank[lowest]) and covers(
                xy, boxes, begins, start[g], start[g + 1], x, y
            ):
                lowest = g
            break
    return lowest


@njit(cache=True, nogil=True)
def locate_exact(
    x: float,
    y: float,
    head: Floats,
    hot: Words,
    xy: Floats,
    boxes: Floats,
    begins: Ints,
    start: Ints,
    rank: Ids,
    tree_boxes: Floats,
    tree_begins: Ints,
    tree_polygon: Ids,
) -> int:
    """The polygon of a point that the grid left unsure: its cell's candidates, lowest code first."""
    tx, ty = (x - head[0]) * head[2], (y - head[1]) * head[3]
    column, row = np.int64(tx), np.int64(ty)
    coarse = hot[row * np.int64(head[4]) + column]
    n = 1 << (coarse & 15)
    entry = hot[(coarse >> 4) + np.int64((ty - row) * n) * n + np.int64((tx - column) * n)]
    kind = ~entry & 3
    p = np.int64(head[6]) + (np.int64(~entry) >> 2 << 2)
    if kind != SEVERAL:
        a, b = hot[p], hot[p + 1]
        if a < 0 or (b >= 0 and rank[b] < rank[a]):
            a, b = b, a
        if covers(xy, boxes, begins, start[a], start[a + 1], x, y):
            return a
        if b >= 0 and covers(xy, boxes, begins, start[b], start[b + 1], x, y):
            return b
        return -1
    if hot[p + 3] > MOST_CANDIDATES:
        return lowest_in_tree(
            x, y, xy, boxes, begins, start, rank, tree_boxes, tree_begins, tree_polygon
        )
    first = p + HEAD + PLANE * hot[p + 2]
    for g in hot[first : first + hot[p + 3]]:
        if covers(xy, boxes, begins, start[g], start[g + 1], x, y):
            return g
    return hot[p + 1]


@njit(cache=True, nogil=True)
def locate_many(
    xs: Floats,
    ys: Floats,
    out: Ids,
    head: Floats,
    hot: Words,
    xy: Floats,
    boxes: Floats,
    begins: Ints,
    start: Ints,
    rank: Ids,
    tree_boxes: Floats,
    tree_begins: Ints,
    tree_polygon: Ids,
) -> int:
    """Write the polygon of every point to ``out``, -1 for none; how many the exact test decided.

    Blocks of points go through in short passes, each fetching ahead what the next one reads, so that
    waiting for memory is shared by the whole block and plain arithmetic runs several points at once.
    """
    west, south, per_x, per_y, columns, rows = head[0], head[1], head[2], head[3], head[4], head[5]
    across = np.int32(columns)
    words = hot[np.int64(head[6]) :]
    reals = words.view(np.float32)
    polygons = np.int64(head[7])
    near = np.float32(NEAR)
    cells = np.empty(BLOCK, np.int32)
    in_x, in_y = np.empty(BLOCK, np.float64), np.empty(BLOCK, np.float64)
    at, us, vs = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    one_at, one = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.int32)
    two_at, two = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.int32)
    more_at, more = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.int32)
    unsure_at = np.empty(BLOCK + 1, np.int32)
    decided = 0
    for s in range(0, len(xs), BLOCK):
        x, y, answer = xs[s : s + BLOCK], ys[s : s + BLOCK], out[s : s + BLOCK]
        for i in range(len(x)):
            tx, ty = (x[i] - west) * per_x, (y[i] - south) * per_y
            inside = (tx >= 0.0) & (tx < columns) & (ty >= 0.0) & (ty < rows)
            tx, ty = (tx if inside else 0.5), (ty if inside else 0.5)  # a cell outside everything
            column, row = np.int32(tx), np.int32(ty)
            cells[i] = row * across + column
            in_x[i], in_y[i] = tx - column, ty - row
        for i in range(len(x)):
            prefetch(hot, np.int64(cells[i]))
        divided = 0
        for i in range(len(x)):
            coarse = hot[np.uint32(cells[i])]
            answer[i] = np.int32(-2) - coarse
            at[divided] = i
            cells[divided] = coarse
            divided += np.int64(coarse >= 0)
        for k in range(divided):
            coarse, i = cells[k], at[k]
            bits = coarse & np.int32(15)
            n = np.int32(1) << bits
            fx, fy = in_x[i] * n, in_y[i] * n
            qx, qy = np.int32(fx), np.int32(fy)
            cells[k] = (coarse >> np.int32(4)) + (qy << bits) + qx
            us[k], vs[k] = fx - qx, fy - qy
        for k in range(divided):
            prefetch(hot, np.int64(cells[k]))
        ones, twos, mores = 0, 0, 0
        for k in range(divided):
            entry = hot[np.uint32(cells[k])]
            answer[at[k]] = entry - 1
            place = ~entry
            prefetch(words, np.int64(max(place, np.int32(0))))
            one_at[ones], one[ones] = k, place
            two_at[twos], two[twos] = k, place
            more_at[mores], more[mores] = k, place
            pointing = np.int64(entry < 0)
            several = np.int64((place & 3) == SEVERAL)
            wedge = np.int64((place & 3) == WEDGE)
            ones += pointing & ((several | wedge) ^ 1)
            twos += pointing & wedge
            mores += pointing & several
        unsure = 0
        for j in range(ones):
            k, place = one_at[j], one[j]
            p = np.int64(place) & -4
            east = (place & 3) == EAST
            main, other = (us[k] if east else vs[k]), (vs[k] if east else us[k])
            d = main + reals[p + 2] * other + reals[p + 3]
            answer[at[k]] = words[p + np.int64(d > np.float32(0.0))]
            unsure_at[unsure] = at[k]
            unsure += np.int64(abs(d) < near)
        for j in range(twos):
            k, p = two_at[j], np.int64(two[j]) & -4
            u, v = us[k], vs[k]
            c = reals[p + 2] * u + reals[p + 3] * v + reals[p + 4]
            d = reals[p + 5] * u + reals[p + 6] * v + reals[p + 7]
            zero = np.float32(0.0)
            answer[at[k]] = words[p + np.int64((c > zero) & (d > zero))]
            unsure_at[unsure] = at[k]
            unsure += np.int64((abs(c) < near) | (abs(d) < near))
        for j in range(mores):
            k, p = more_at[j], np.int64(more[j])
            u, v = us[k], vs[k]
            total, empty, planes = np.int64(words[p]), words[p + 1], words[p + 2]
            doubtful = False
            p += HEAD
            for _ in range(planes):
                d = reals[p + 2] * u + reals[p + 3] * v + reals[p + 4]
                doubtful |= abs(d) < near
                total += words[p + 5] * np.int32(
                    (u >= reals[p]) & (u < reals[p + 1]) & (d > np.float32(0.0))
                )
                p += PLANE
            g = total - ONE
            doubtful |= (total != 0) & ((g < 0) | (g >= polygons))
            answer[at[k]] = empty if total == 0 else g
            unsure_at[unsure] = at[k]
            unsure += np.int64(doubtful)
        for j in range(unsure):
            i = unsure_at[j]
            answer[i] = locate_exact(
                x[i],
                y[i],
                head,
                hot,
                xy,
                boxes,
                begins,
                start,
                rank,
                tree_boxes,
                tree_begins,
                tree_polygon,
            )
        decided += unsure
    return decided
