"""Compiles all kernels, so that the processes of a run find them: ``python -m tests.support.kernels``."""

from __future__ import annotations

import numpy as np

from gisgrid.balance.rebalance import rebalance
from gisgrid.locate.locator import warm
from tests.support.towns import units_of_town


def compile_all() -> None:
    """Numba keeps what it compiles beside the source, until the source changes."""
    warm()
    graph, workload, grid_of, community_of = units_of_town(1, houses=120, grids=6, communities=2)
    for far in (False, True):
        rebalance(
            graph,
            workload,
            grid_of,
            community_of=community_of,
            tolerance=0.05,
            far=far,
            rng=np.random.default_rng(1),
        )


if __name__ == "__main__":
    compile_all()
