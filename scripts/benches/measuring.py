"""What the benchmarks of the locator measure, and how."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass

from partitions import Floats, Polygons


@dataclass(frozen=True)
class Case:
    """Polygons, whose codes sort as they stand, and points."""

    name: str
    polygons: Polygons
    lon: Floats
    lat: Floats


def best(work: Callable[[], object], runs: int) -> float:
    """Least seconds of several runs."""
    gc.disable()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    gc.enable()
    return min(times)
