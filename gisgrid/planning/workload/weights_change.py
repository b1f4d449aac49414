"""What would another version of the weights do to the work of each grid?"""

from __future__ import annotations

from dataclasses import dataclass

from gisgrid.balance.weights import Weights
from gisgrid.balance.workload import MMIN
from gisgrid.planning.snapshot.snapshot import PlanSnapshot
from gisgrid.planning.workload.workload import loads


@dataclass(frozen=True)
class WeighedGrid:
    """The minutes a month of one grid, before and after."""

    code: str
    name: str
    before_min: float
    after_min: float

    @property
    def change(self) -> float | None:
        """Part of the minutes before; None: there were none."""
        return self.after_min / self.before_min - 1 if self.before_min else None


@dataclass(frozen=True)
class WeightsChange:
    """All grids, those first that change most, and the whole town."""

    grids: tuple[WeighedGrid, ...]
    before_min: float
    after_min: float
    before_spread: float | None
    """The heaviest basic grid over the mean; None: there is no work."""
    after_spread: float | None


def weights_change(state: PlanSnapshot, before: Weights, after: Weights) -> WeightsChange:
    """Both counted over the same plan, houses, people and events, with straight walks: the streets do not change."""
    old, new = (loads(state, weights, by_street=False) for weights in (before, after))
    grids = [
        WeighedGrid(a.code or "", a.name, a.total_mmin / MMIN, b.total_mmin / MMIN)
        for a, b in zip(old.grids, new.grids, strict=True)
    ]
    grids.sort(key=lambda each: (-abs(each.change or 0.0), each.code))
    basic = [k for k, grid in enumerate(old.grids) if grid.kind == "basic"]
    return WeightsChange(
        tuple(grids),
        sum(each.before_min for each in grids),
        sum(each.after_min for each in grids),
        _spread([old.grids[k].total_mmin for k in basic]),
        _spread([new.grids[k].total_mmin for k in basic]),
    )


def _spread(minutes: list[int]) -> float | None:
    return max(minutes) * len(minutes) / sum(minutes) if sum(minutes) else None
