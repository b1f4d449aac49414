"""A checksum at the speed of memory."""

# mypy: disable-error-code="no-any-return,return-value,assignment,arg-type,call-arg"
# numba gives numbers types of its own; mypy would have each one cast.

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit


@njit(cache=True, nogil=True)
def checksum(data: npt.NDArray[np.uint8]) -> int:
    """63-bit sum of 8-byte words, each times an odd number of its own: sees flips and swaps."""
    words = data[: len(data) // 8 * 8].view(np.uint64)
    total, weight = np.uint64(len(data)), np.uint64(0x9E3779B97F4A7C15)
    for i in range(len(words)):
        total += (words[i] ^ (words[i] >> np.uint64(32))) * (weight + np.uint64(2 * i))
    for i in range(len(words) * 8, len(data)):
        total += np.uint64(data[i]) * (weight + np.uint64(2 * i))
    return np.int64(total >> np.uint64(1))
