"""Which of many points may be near a border? A wide net; what it holds is measured afterwards."""

# ruff: noqa: PLR0917 - a kernel takes arrays in order and does its loop in one place
# mypy: disable-error-code="no-any-return,return-value,assignment,arg-type,call-arg"
# numba gives numbers types of its own; mypy would have each one cast.

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from gisgrid.core.crs import LEAST_M_PER_DEGREE
from gisgrid.locate.kernels.boxes import FANOUT, FANOUT_BITS, Floats, Ints
from gisgrid.locate.kernels.edges import Ids
from gisgrid.locate.kernels.near import _box_distance2, border_distance2


@njit(cache=True, nogil=True)
def mark_near_borders(
    x: Floats,
    y: Floats,
    limit_m: float,
    out: npt.NDArray[np.bool_],
    xy: Floats,
    boxes: Floats,
    begins: Ints,
    start: Ints,
    tree_boxes: Floats,
    tree_begins: Ints,
    tree_polygon: Ids,
) -> None:
    """Mark the points that may come within ``limit_m`` of the border of any polygon.

    Degrees are made metres with scales that are 1 % too small, so no point is missed; some that are
    up to 2 % too far are marked as well.
    """
    levels, leaves = len(tree_begins) - 1, tree_begins[1]
    limit2 = limit_m * limit_m
    above = np.nextafter(limit2, np.inf)
    for p in range(len(x)):
        out[p] = False
        if not (np.isfinite(x[p]) and np.isfinite(y[p])):
            continue
        ky = LEAST_M_PER_DEGREE
        kx = ky * max(math.cos(math.radians(min(abs(y[p]), 90.0))), 0.0)
        i = 0
        while i < leaves and not out[p]:
            level, size = 0, 1
            while level + 1 < levels and i & (size * FANOUT - 1) == 0:
                level += 1
                size <<= FANOUT_BITS
            while True:
                k = tree_begins[level] + i // size
                if _box_distance2(tree_boxes, k, x[p], y[p], kx, ky) > limit2:
                    i += size
                    break
                if level > 0:
                    level -= 1
                    size >>= FANOUT_BITS
                    continue
                g = tree_polygon[i]
                i += 1
                d = border_distance2(
                    xy, boxes, begins, start[g], start[g + 1], x[p], y[p], kx, ky, above
                )
                out[p] = d <= limit2
                break
