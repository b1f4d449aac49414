"""Boxes of boxes: which part of a long sequence can matter for a point?

Sixteen neighbours share a box, sixteen boxes share a box, and so on. A walk along the sequence
asks the largest box that begins where it stands and jumps over it when it cannot matter. There are
no pointers, and no tree per polygon: one pyramid serves every range of the sequence.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

FANOUT_BITS = 4
FANOUT = 1 << FANOUT_BITS

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@njit(cache=True)
def segment_boxes(xy: Floats) -> Floats:
    """Box (west, south, east, north) of every run of 16 segments; segment i joins rows i and i+1.

    Rows of NaN, which stand between rings, are not part of any box.
    """
    rows = len(xy)
    runs = (rows + FANOUT - 1) // FANOUT
    boxes = np.empty((runs, 4))
    for run in range(runs):
        west, south, east, north = np.inf, np.inf, -np.inf, -np.inf
        for i in range(run * FANOUT, min(rows, run * FANOUT + FANOUT + 1)):
            x, y = xy[i, 0], xy[i, 1]
            west = min(west, x)
            east = max(east, x)
            south = min(south, y)
            north = max(north, y)
        boxes[run, 0], boxes[run, 1], boxes[run, 2], boxes[run, 3] = west, south, east, north
    return boxes


@njit(cache=True)
def pyramid(lowest: Floats) -> tuple[Floats, Ints]:
    """All levels of boxes in one array, lowest first, and the row where each level begins.

    The second array has one entry more than there are levels. The highest level is one box.
    """
    begins = np.zeros(18, np.int64)
    size, levels, total = len(lowest), 1, len(lowest)
    while size > 1:
        size = (size + FANOUT - 1) // FANOUT
        begins[levels] = total
        total += size
        levels += 1
    begins[levels] = total
    boxes = np.empty((total, 4))
    boxes[: len(lowest)] = lowest
    for level in range(1, levels):
        below, here = begins[level - 1], begins[level]
        for k in range(here, begins[level + 1]):
            first = below + (k - here) * FANOUT
            boxes[k] = boxes[first]
            for child in range(first + 1, min(here, first + FANOUT)):
                boxes[k, 0] = min(boxes[k, 0], boxes[child, 0])
                boxes[k, 1] = min(boxes[k, 1], boxes[child, 1])
                boxes[k, 2] = max(boxes[k, 2], boxes[child, 2])
                boxes[k, 3] = max(boxes[k, 3], boxes[child, 3])
    return boxes, begins[: levels + 1].copy()


@njit(cache=True)
def morton_key(x: float, y: float) -> int:
    """Place of (x, y), both in [0, 1], along a Z-shaped curve: near in the plane, near in order."""
    a, b, key = int(x * 65535.0), int(y * 65535.0), 0
    for bit in range(16):
        key |= ((a >> bit) & 1) << (2 * bit) | ((b >> bit) & 1) << (2 * bit + 1)
    return key


@njit(cache=True)
def morton_keys(boxes: Floats, west: float, south: float, width: float, height: float) -> Ints:
    """Keys of the centres of ``boxes`` inside the frame."""
    keys = np.empty(len(boxes), np.int64)
    for i in range(len(boxes)):
        keys[i] = morton_key(
            min(max(((boxes[i, 0] + boxes[i, 2]) * 0.5 - west) / width, 0.0), 1.0),
            min(max(((boxes[i, 1] + boxes[i, 3]) * 0.5 - south) / height, 0.0), 1.0),
        )
    return keys


@njit(cache=True)
def polygon_boxes(xy: Floats, start: Ints) -> Floats:
    """Box of every polygon, whose rows of ``xy`` are ``start[g]`` to ``start[g + 1]``."""
    out = np.empty((len(start) - 1, 4))
    for g in range(len(out)):
        west, south, east, north = np.inf, np.inf, -np.inf, -np.inf
        for i in range(start[g], start[g + 1]):
            x, y = xy[i, 0], xy[i, 1]
            west = min(west, x)
            east = max(east, x)
            south = min(south, y)
            north = max(north, y)
        out[g, 0], out[g, 1], out[g, 2], out[g, 3] = west, south, east, north
    return out


@njit(cache=True)
def boxes_at(boxes: Floats, begins: Ints, x: float, y: float, found: Ints) -> int:
    """Write the leaves whose box holds (x, y) to ``found``, which is long enough; their number."""
    levels, leaves, n, i = len(begins) - 1, begins[1], 0, 0
    while i < leaves:
        level, size = 0, 1
        while level + 1 < levels and i & (size * FANOUT - 1) == 0:
            level += 1
            size <<= FANOUT_BITS
        while True:
            k = begins[level] + i // size
            if x < boxes[k, 0] or x > boxes[k, 2] or y < boxes[k, 1] or y > boxes[k, 3]:
                i += size
                break
            if level == 0:
                found[n] = i
                n += 1
                i += 1
                break
            level -= 1
            size >>= FANOUT_BITS
    return n
