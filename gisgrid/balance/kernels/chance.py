"""Random numbers for kernels, from a state handed in (xorshift64*, Vigna 2016)."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

State = npt.NDArray[np.uint64]


@numba.njit(cache=True, nogil=True, inline="always")
def below(state: State, n: int) -> int:
    """A whole number from 0 to n - 1, n below 2**31. ``state[0]`` must not be 0; it moves on."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    high = (x * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(32)
    return int((high * np.uint64(n)) >> np.uint64(32))
