"""Names for the arrays that the rooms of ``balance`` hand to each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
# Kernels keep their arrays small: what fits the cache of a core is read several times faster.
ShortInts = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Geometries = npt.NDArray[Any]


def sums(index: Ints, value: Floats, count: int) -> Floats:
    """The total of ``value`` for each index 0..count-1 (NumPy types ``bincount`` as integers)."""
    totals: Floats = np.bincount(index, value, minlength=count).astype(np.float64, copy=False)
    return totals
