"""The fine grid: every coarse cell divided as its edges need, every small cell answered.

A coarse cell whose corner lies in one polygon or none is answered by sums. A crowded one, whose
corner lies in several, is answered by its lowest polygon: whatever lies under a polygon that
covers the whole cell is left out, and where borders remain the exact test decides.
"""

# ruff: noqa: PLR0912, PLR0915, PLR0917 - a kernel takes arrays in order and does its loop in one place
# mypy: disable-error-code="no-any-return,return-value,assignment,arg-type,call-arg"
# numba gives numbers types of its own; mypy would have each one cast.

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from gisgrid.locate.kernels.boxes import Floats, Ints
from gisgrid.locate.kernels.cells import (
    MOST_DIVISIONS_BITS,
    MOST_EDGES,
    border_sums,
    by_box,
    divisions_bits,
    fine_lists,
    lowest_cover,
    overlap_in_cell,
    parties,
    row_start,
)
from gisgrid.locate.kernels.edges import Ids
from gisgrid.locate.kernels.raster import ONE
from gisgrid.locate.kernels.records import (
    EXACT_ONLY,
    HEAD,
    MANY,
    PLANE,
    SEVERAL,
    WEDGE,
    Words,
    as_one_border,
    edges_cross,
    owner,
    write_candidates,
    write_planes,
    write_wedge,
)

Flags = npt.NDArray[np.bool_]

NO_LIMIT = 1 << 30


@njit(cache=True)
def _room(words: Words, used: int, need: int) -> Words:
    """``words`` itself, or a longer copy if fewer than ``need`` words are free.

    Zeros, since not every word is written and what is left goes into the saved file.
    """
    if used + need <= len(words):
        return words
    longer = np.zeros(max(2 * len(words), used + need), np.int32)
    longer[:used] = words[:used]
    return longer


@njit(cache=True)
def _pointer(place: int, kind: int) -> int:
    return ~((place >> 2) << 2 | kind)


@njit(cache=True)
def exact_cell(words: Words, used: int, cover: int, ids: Ids) -> tuple[int, int]:
    """Table entry and next free word of a cell that the exact test decides among ``ids``."""
    if len(ids) == 0:
        return cover + 1, used
    end = write_candidates(words, used, used + HEAD, EXACT_ONLY, cover, ids)
    return _pointer(used, SEVERAL), end


@njit(cache=True)
def summed_cell(
    edge: Floats,
    jump: Ints,
    listed: Ids,
    corner: tuple[float, float, float],
    from_top: bool,
    total: int,
    cover: int,
    ids: Ids,
    polygons: int,
    words: Words,
    used: int,
) -> tuple[int, int, bool]:
    """Table entry, next free word, doubt, of a cell with ``total`` at its chosen corner."""
    reals = words.view(np.float32)
    x, y, scale = corner
    end, change, doubtful = write_planes(
        edge, jump, listed, x, y, scale, from_top, words, reals, used + HEAD
    )
    base = total + change
    if cover >= 0:
        base -= ONE + cover
    if end == used + HEAD:
        g = owner(base, polygons, cover)
        if g != MANY:
            return g + 1, used, doubtful
    if end == used + HEAD + PLANE:
        kind = as_one_border(words, reals, used, base, polygons, cover)
        if kind != SEVERAL:
            return _pointer(used, kind), used + 4, doubtful
    end = write_candidates(words, used, end, base, cover, ids)
    return _pointer(used, SEVERAL), end, doubtful


@njit(cache=True, nogil=True)
def fill_grid(  # type: ignore[no-untyped-def]
    edge: Floats,
    jump: Ints,
    left: Ids,
    right: Ids,
    begin: Ints,
    listed: Ids,
    sums: Ints,
    first: int,
    last: int,
    most: int,
    columns: int,
    frame: tuple[float, float, float, float],
    per_edge: float,
    shapes,
    suspect: Flags,
) -> tuple[Words, Words, Words, int]:
    """Coarse table, fine table, records of the coarse cells ``first`` to ``last``, and where the sums fail.

    They fail: 0 nowhere, 1 by rounding. What stands in the tables is as if no cells came before; the fine
    table grows to at most ``most`` entries.

    ``suspect`` is set for every polygon that may overlap another or itself. ``frame`` is west,
    south and the cells per unit of x and of y.
    """
    rank = shapes[4]
    polygons = len(rank)
    west, south, per_x, per_y = frame
    coarse = np.empty(last - first, np.int32)
    table, filled = np.empty(1 << 16, np.int32), 0
    words, used = np.zeros(1 << 18, np.int32), 0
    fine_begin = np.empty((1 << (2 * MOST_DIVISIONS_BITS)) + 1, np.int64)
    cursor = np.empty(1 << (2 * MOST_DIVISIONS_BITS), np.int64)
    lists = np.empty(1 << 16, np.int32)
    stamp, mark = np.zeros(polygons, np.int64), 0
    near, ids = np.empty(polygons, np.int32), np.empty(polygons, np.int32)
    hits = np.empty(polygons, np.int64)
    doubtful = False
    for k in range(first, last):
        r, c = k // columns, k % columns
        mine = listed[begin[k] : begin[k + 1]]
        single = owner(sums[k], polygons, -1)
        crowded = single == MANY
        cover, limit, nears = -1, NO_LIMIT, -1
        if crowded:
            mark += 1
            nears = parties(left, right, mine, rank, NO_LIMIT, stamp, mark, near)
            x, y = west + (c + 0.5) / per_x, south + (r + 0.5) / per_y
            candidates = by_box(shapes, NO_LIMIT, x, y, hits)
            suspect[candidates] = True
            suspect[near[:nears]] = True
            cover = lowest_cover(shapes, candidates, stamp, mark, x, y)
            if cover >= 0:
                limit = rank[cover]
                kept = np.empty(len(mine), np.int32)
                n = 0
                for e in mine:
                    if (left[e] >= 0 and rank[left[e]] < limit) or (
                        right[e] >= 0 and rank[right[e]] < limit
                    ):
                        kept[n] = e
                        n += 1
                mine = kept[:n]
                while nears > 0 and rank[near[nears - 1]] >= limit:
                    nears -= 1
        if len(mine) == 0:
            coarse[k - first] = -2 - (cover if crowded else single)
            continue
        bits = divisions_bits(edge, mine, per_edge)
        if len(sums) + filled + (1 << (2 * bits)) > most:
            bits = 0
        n = 1 << bits
        table = _room(table, filled, n * n)
        coarse[k - first] = (len(sums) + filled) << 4 | bits
        lists = fine_lists(edge, mine, c, r, bits, fine_begin, cursor, lists)
        width = 1.0 / n
        for row in range(n):
            y = r + row * width
            here, plain, plain_cover = sums[k], False, -1
            if row > 0 and not crowded:
                here, doubt = row_start(edge, jump, mine, float(c), float(r), y, here)
                doubtful |= doubt
            for column in range(n):
                cell = row * n + column
                x = c + column * width
                some = lists[fine_begin[cell] : fine_begin[cell + 1]]
                single = MANY if crowded else owner(here, polygons, -1)
                if len(some) == 0 and single != MANY:
                    table[filled + cell] = single + 1
                    continue
                mark += 1
                m = parties(left, right, some, rank, limit, stamp, mark, ids)
                words = _room(words, used, 2 * HEAD + m + 2 * PLANE * min(len(some), MOST_EDGES))
                if single == MANY:
                    if not crowded and nears < 0:
                        nears = parties(left, right, mine, rank, NO_LIMIT, stamp, -k - 1, near)
                        suspect[near[:nears]] = True
                        cover = owner(sums[k], polygons, -1)
                        mark += 1
                        m = parties(left, right, some, rank, limit, stamp, mark, ids)
                        if cover >= 0:
                            suspect[cover] = True
                            for g in near[:nears]:
                                if g == cover:
                                    cover = -1
                    if not (plain and len(some) == 0):
                        px, py = west + (x + 0.5 * width) / per_x, south + (y + 0.5 * width) / per_y
                        lowest = lowest_cover(
                            shapes,
                            near[:nears] if nears <= 256 else by_box(shapes, limit, px, py, hits),
                            stamp,
                            mark,
                            px,
                            py,
                        )
                        if lowest < 0 or (cover >= 0 and rank[cover] < rank[lowest]):
                            lowest = cover
                        plain_cover = lowest
                    plain = len(some) == 0
                    if plain_cover >= 0:
                        while m > 0 and rank[ids[m - 1]] > rank[plain_cover]:
                            m -= 1
                    entry, used = exact_cell(words, used, plain_cover, ids[:m])
                    table[filled + cell] = entry
                    if not crowded:
                        here, _, _, doubt = border_sums(edge, jump, some, x, y, width, here)
                        doubtful |= doubt
                    continue
                plain = False
                after, above, from_top, doubt = border_sums(edge, jump, some, x, y, width, here)
                doubtful |= doubt
                over = -1
                if single >= 0 and stamp[single] != mark:
                    over = single
                    suspect[over] = True
                    suspect[ids[:m]] = True
                below = m
                if over >= 0:
                    while below > 0 and rank[ids[below - 1]] > rank[over]:
                        below -= 1
                if len(some) > MOST_EDGES or below < m or below == 0:
                    if m > 1 and len(some) > MOST_EDGES:
                        suspect[ids[:m]] = True
                    entry, used = exact_cell(words, used, over, ids[:below])
                elif (
                    len(some) == 2
                    and over < 0
                    and write_wedge(
                        edge,
                        left,
                        right,
                        some,
                        (x, y, float(n)),
                        single,
                        words,
                        words.view(np.float32),
                        used,
                    )
                ):
                    entry = _pointer(used, WEDGE)
                    used += 8
                else:
                    place = used
                    entry, used, doubt = summed_cell(
                        edge,
                        jump,
                        some,
                        (x, y, float(n)),
                        from_top,
                        above if from_top else here,
                        over,
                        ids[:m],
                        polygons,
                        words,
                        used,
                    )
                    doubtful |= doubt
                    at = (x, y, float(n))
                    if (
                        entry < 0
                        and ~entry & 3 == SEVERAL
                        and over < 0
                        and (
                            edges_cross(edge, some, float(n))
                            or overlap_in_cell(
                                edge, some, words, words.view(np.float32), place, at, polygons
                            )
                        )
                    ):
                        suspect[ids[:m]] = True
                table[filled + cell] = entry
                here = after
        filled += n * n
    return coarse, table[:filled], words[:used], int(doubtful)
