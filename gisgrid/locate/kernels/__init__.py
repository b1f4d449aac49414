"""Arithmetic on arrays, compiled with numba: the inside of the locator.

``exact`` holds the last word on one polygon and one point; ``edges``, ``raster``, ``records``,
``cells`` and ``grid`` build the index; ``lookup`` answers from it; ``near`` measures distances.
"""

from __future__ import annotations

import sys
from pathlib import Path

from gisgrid.core.kernel_cache import settle

settle(Path(__file__).parent)


def compiled_now() -> int:
    """How many kernels this process had to compile, because no earlier one had kept them."""
    kernels = {
        id(value): value
        for name, module in list(sys.modules.items())
        if name.startswith(f"{__name__}.")
        for value in vars(module).values()
        if hasattr(value, "stats") and hasattr(value, "signatures")
    }
    return sum(sum(kernel.stats.cache_misses.values()) for kernel in kernels.values())
