"""What a rebalancing says: the plan, what it cost, how little was possible, and what stood in the way."""

from __future__ import annotations

from dataclasses import dataclass, field

from gisgrid.core.arrays import Bools, Floats, Ints
from gisgrid.core.messages import Message, message, say


@dataclass(frozen=True)
class Yardstick:
    """What is made even, in words for a number of it, and how it is counted.

    ``grain`` is the step in which it comes, 0 for none: of 25 houses in three grids one has 9, and no plan
    comes nearer to the mean.
    """

    counts: str
    """How so much of it is said, in English, with the number as ``n``."""
    grain: float = 0.0

    def said(self, n: float) -> Message:
        """So much of it."""
        return message(self.counts, n=n)


MINUTES = Yardstick(say("{n:.0f} min a month"))


@dataclass(frozen=True)
class Reason:
    """Why the tolerance was not reached, in words, with the places.

    ``kind`` is one of ``heavy unit``, ``cut off``, ``grid in pieces``, ``lock``, ``too few units``,
    ``out of reach`` (proven), ``not found`` (the search ended; no proof either way) and ``not settled``
    (found, but counted again under the plan found it is more).
    """

    kind: str
    said: Message
    community: int
    grids: tuple[int, ...] = ()
    units: tuple[int, ...] = ()


@dataclass(frozen=True)
class Locks:
    """What must stay as it is today.

    Parameters
    ----------
    units
        Mask of units that stay in their grid; None for no such unit.
    grids
        Grids that no unit leaves or enters.
    borders
        Pairs of grids that exchange no unit, and whose common border stays where it is.
    """

    units: Bools | None = None
    grids: tuple[int, ...] = ()
    borders: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class CommunityResult:
    """One community of a plan.

    ``target`` is the mean workload of its grids; ``floor`` a proven lower limit of the largest
    deviation from it that any plan in the class of the bound has (0.02 is 2 %).
    """

    community: int
    grids: tuple[int, ...]
    target: float
    floor: float
    bound: float
    moved_cost: float
    max_deviation: float
    reached: bool


@dataclass(frozen=True)
class Certificate:
    """A plan checked again from the bare arrays, by code that shares nothing with the search.

    ``pieces`` and ``pieces_before`` count connected pieces over all grids; equal to the number of
    grids if each is whole.
    """

    pieces: int
    pieces_before: int
    grids: int
    communities_kept: bool
    locks_kept: bool
    neighbours_only: bool
    workload_kept: bool
    max_deviation: float
    moved_cost: float

    @property
    def holds(self) -> bool:
        """Whether no hard rule is broken (the tolerance is told apart, by ``Result.infeasible``)."""
        return (
            self.pieces <= max(self.pieces_before, self.grids)
            and self.communities_kept
            and self.locks_kept
            and self.neighbours_only
            and self.workload_kept
        )


@dataclass(frozen=True, eq=False)
class Result:
    """A rebalanced plan.

    Parameters
    ----------
    grid_of
        The grid of each unit, named as in the plan that came in.
    moved_cost
        Cost of the units that changed their grid.
    bound
        No plan of the class stated in `gisgrid.balance.bound` that is as balanced costs less. For a
        community that missed the tolerance: as balanced as the plan found.
    gap
        ``moved_cost / bound - 1``; 0 if nothing moved, infinite if something moved for nothing.
    max_deviation
        Largest distance of a grid's workload from the mean of its community, as a share of that
        mean.
    compactness
        Mean Polsby-Popper score of the grids, None if the graph has no areas; one a grid, in order
        of grid, in ``compactness_of``.
    infeasible
        Reasons, empty if every community reached the tolerance.
    """

    grid_of: Ints
    moved_cost: float
    bound: float
    gap: float
    max_deviation: float
    compactness: float | None
    infeasible: tuple[Reason, ...]
    communities: tuple[CommunityResult, ...]
    certificate: Certificate
    compactness_of: Floats | None = field(default=None, repr=False)
