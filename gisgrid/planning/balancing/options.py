"""What is asked of a new plan: how even, what stays, and with how many grids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.core.limits import Measure
from gisgrid.planning.snapshot.snapshot import PlanSnapshot

Cost = Literal["workload", "residents"]
"""By their names, for what comes from outside."""
Level = Literal["work", "residents", "households", "houses"]
LEVELS: dict[str, Level] = {level: level for level in get_args(Level)}
"""What grids may be made even in, by name."""


@dataclass(frozen=True)
class BalanceOptions:
    """Kept in the plan's recipe.

    Parameters
    ----------
    locks, lock_houses, lock_borders
        Codes of grids that keep their houses, of houses that keep their grid, and pairs of grids
        between which nothing moves.
    far
        A house may go to any grid of its community, not only to one that touches its own today.
    only, communities
        Only these grids exchange houses, towards their own mean; only these communities take part.
    split, merge, add
        Grids to halve; pairs of grids of which the second joins the first; communities that get one
        grid more.
    from_scratch, grids
        Draw the communities that take part from scratch, with as many grids as today or with ``grids`` in
        all.
    size, size_in
        Draw from scratch with as many grids a community as make one hold about ``size`` residents,
        households or houses.
    level
        What the grids of a community are to have the same of; None: what a ``size`` is counted in,
        and without a size the work.
    cost
        What moving a house costs: "workload" stands for what is levelled.
    smooth_m2
        Corners of new borders that enclose less are cut.
    barriers
        What the lines were that nobody walks across, for the reader of the recipe.
    """

    tolerance: float = 0.01
    seed: int = 7
    locks: tuple[str, ...] = ()
    lock_houses: tuple[str, ...] = ()
    lock_borders: tuple[tuple[str, str], ...] = ()
    far: bool = False
    only: tuple[str, ...] = ()
    communities: tuple[str, ...] = ()
    split: tuple[str, ...] = ()
    merge: tuple[tuple[str, str], ...] = ()
    add: tuple[str, ...] = ()
    from_scratch: bool = False
    grids: int | None = None
    size: int | None = None
    size_in: Measure = "residents"
    level: Level | None = None
    cost: Cost = "workload"
    shape: float = 0.3
    smooth_m2: float = 30.0
    by_street: bool = True
    barriers: tuple[str, ...] = ()

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> BalanceOptions:
        """Options as JSON keeps them, where tuples have become lists."""
        return cls(**{name: _tuples(value) for name, value in stored.items()})

    @property
    def drawn_from_scratch(self) -> bool:
        return self.from_scratch or self.grids is not None or self.size is not None

    @property
    def levelled(self) -> Level:
        """What is made even."""
        return self.level or ("work" if self.size is None else self.size_in)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value


def check_options(options: BalanceOptions, state: PlanSnapshot) -> None:
    """Refuse what names nothing, or cannot be done together.

    Raises
    ------
    NotFound
        No basic grid, house or community of that code.
    Conflict
        Two options that exclude each other.
    Invalid
        A pair of one and the same grid.
    """
    basic = set(state.grids.code[state.basic])
    grids = {
        *options.locks, *options.only, *options.split,
        *(g for pair in (*options.lock_borders, *options.merge) for g in pair),
    }  # fmt: skip
    if unknown := sorted(grids - basic):
        raise NotFound("The plan has no basic grid {unknown!r}.", unknown=unknown[0], grids=unknown)
    if options.communities:
        home = dict(zip(state.grids.code, state.grids.community, strict=True))
        elsewhere = sorted(
            g for g in grids if state.communities.code[home[g]] not in options.communities
        )
        elsewhere += sorted(set(options.add) - set(options.communities))
        if elsewhere and not set(options.communities) - set(state.communities.code):
            raise Conflict(
                "{elsewhere!r} is not in the communities that take part.",
                elsewhere=elsewhere[0],
                codes=elsewhere,
            )
    if unknown := sorted({*options.communities, *options.add} - set(state.communities.code)):
        raise NotFound(
            "The township has no community {unknown!r}.", unknown=unknown[0], communities=unknown
        )
    if unknown := sorted(set(options.lock_houses) - set(state.houses.code)):
        raise NotFound("There is no house {unknown!r}.", unknown=unknown[0], houses=unknown)
    for a, b in (*options.lock_borders, *options.merge):
        if a == b:
            raise Invalid("{a!r} is named twice as a pair.", a=a)
    named = [code for pair in options.merge for code in pair] + list(options.split)
    if len(named) != len(set(named)):
        raise Conflict("A grid is to be split or merged twice; make one change after the other.")
    held = {*options.locks, *(g for pair in options.lock_borders for g in pair)}
    if both := sorted(held & set(named)):
        raise Conflict(
            "Grid {both!r} is locked and to be split or merged.", both=both[0], grids=both
        )
    kept = bool(held or options.lock_houses or options.only or options.far)
    if options.drawn_from_scratch and (kept or options.split or options.merge or options.add):
        raise Conflict(
            "Drawn from scratch, a plan keeps nothing of today's: locks, --only, --far, --split, --merge and --add do not go with --from-scratch, --grids or --size."
        )
    if options.grids is not None and options.size is not None:
        raise Conflict("Give the number of grids or their size, not both.")
    if options.only and (options.split or options.merge or options.add):
        raise Conflict("With --only the number of grids stays as it is.")
