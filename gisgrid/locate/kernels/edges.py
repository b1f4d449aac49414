"""The edges of all polygons, each once: who lies left of it, who right?"""

# ruff: noqa: PLR0912 - a kernel takes arrays in order and does its loop in one place

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from gisgrid.locate.kernels.boxes import Floats, Ints

Ids = npt.NDArray[np.int32]

NOBODY = -1


@njit(cache=True)
def shared_edges(
    xy: Floats, ring_first: Ints, ring_stop: Ints, ring_polygon: Ints, ring_side: Ints
) -> tuple[Floats, Ids, Ids]:
    """Distinct edges (x1, y1, x2, y2) running east, or north if upright; their left, their right.

    ``ring_side`` is 1 where the polygon lies left of its ring as the ring runs, -1 where right.
    Neighbours that repeat an edge bit for bit share it. An edge whose side is already taken (input
    that overlaps) stays an edge of its own, and one with the same polygon on both sides is no
    border and is left out.
    """
    slots = 1024
    while slots < 2 * len(xy):
        slots *= 2
    table = np.full(slots, -1, np.int32)
    mask = np.uint64(slots - 1)
    bits = xy.view(np.uint64)
    ends = np.empty((len(xy), 4))
    left = np.full(len(xy), NOBODY, np.int32)
    right = np.full(len(xy), NOBODY, np.int32)
    k1, k2, shift = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(29)
    n = 0
    for r in range(len(ring_first)):
        polygon = ring_polygon[r]
        for j in range(ring_first[r], ring_stop[r] - 1):
            p, q, on_left = j, j + 1, ring_side[r] > 0
            if xy[p, 0] > xy[q, 0] or (xy[p, 0] == xy[q, 0] and xy[p, 1] > xy[q, 1]):
                p, q, on_left = j + 1, j, not on_left
            x1, y1, x2, y2 = xy[p, 0], xy[p, 1], xy[q, 0], xy[q, 1]
            if x1 == x2 and y1 == y2:
                continue
            key = (bits[p, 0] * k1) ^ (bits[q, 1] * k2)
            key = ((key ^ (key >> shift)) + bits[p, 1]) * k2
            key = ((key ^ (key >> shift)) + bits[q, 0]) * k1
            slot = (key ^ (key >> shift)) & mask
            while True:
                e = table[slot]
                if e < 0:
                    table[slot] = n
                    break
                if ends[e, 0] == x1 and ends[e, 1] == y1 and ends[e, 2] == x2 and ends[e, 3] == y2:
                    break
                slot = (slot + np.uint64(1)) & mask
            if e < 0 or (left[e] if on_left else right[e]) != NOBODY:
                e = n
                ends[e, 0], ends[e, 1], ends[e, 2], ends[e, 3] = x1, y1, x2, y2
                n += 1
            if on_left:
                left[e] = polygon
            else:
                right[e] = polygon
    kept = 0
    for e in range(n):
        if left[e] != right[e]:
            ends[kept] = ends[e]
            left[kept], right[kept] = left[e], right[e]
            kept += 1
    return ends[:kept].copy(), left[:kept].copy(), right[:kept].copy()


@njit(cache=True)
def total_extents(ends: Floats) -> tuple[float, float]:
    """Sum over the edges of how far each goes east and how far it goes up or down."""
    across, along = 0.0, 0.0
    for e in range(len(ends)):
        across += ends[e, 2] - ends[e, 0]
        along += abs(ends[e, 3] - ends[e, 1])
    return across, along
