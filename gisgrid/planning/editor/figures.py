"""How does a whole scenario stand: how even its work is, and who has another grid, or none?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gisgrid.balance.workload import MMIN, spread
from gisgrid.planning.editor.editor import Editor, moved_houses


@dataclass(frozen=True)
class ScenarioFigures:
    """Of the basic grids together, and of the people in no grid."""

    largest_deviation: float | None
    """Of a grid's minutes from the mean of its community, as a share without its sign."""
    gini: float | None
    """Of the minutes a worker, over grids with somebody present."""
    unserved_grids: int
    """With nobody present: the Gini coefficient says nothing of them."""
    unserved_minutes: float
    """Work of those."""
    deviations: tuple[float, ...]
    """Of the grids that have a mean to be held against, in order of their code."""
    uncovered_houses: int
    """In no grid, those without a point among them."""
    uncovered_households: int
    uncovered_residents: int
    uncovered_minutes: float
    """Work that is in no grid."""


def figures(editor: Editor) -> ScenarioFigures:
    """The figures of a scenario, or of the plan it was drawn from."""
    basic = [n for n in editor.numbers if n.kind == "basic"]
    off = tuple(n.deviation for n in basic if n.deviation is not None)
    shared = np.array([np.nan if n.per_post is None else n.per_post for n in basic])
    unserved = [n.minutes for n in basic if n.per_post is None]
    houses = editor.state.houses
    bare = houses.grid < 0
    return ScenarioFigures(
        largest_deviation=max(map(abs, off), default=None),
        gini=spread(shared).gini,
        unserved_grids=len(unserved),
        unserved_minutes=sum(unserved),
        deviations=off,
        uncovered_houses=int(bare.sum()),
        uncovered_households=int(houses.households[bare].sum()),
        uncovered_residents=int(houses.residents[bare].sum()),
        uncovered_minutes=float(
            (editor.work.house_mmin[bare].sum() + editor.work.loose_mmin[-1].sum()) / MMIN
        ),
    )


def residents_moved(base: Editor, now: Editor) -> int:
    """Residents whose house has another grid than in the plan that a scenario was drawn from."""
    return int(now.state.houses.residents[moved_houses(base, now)].sum())


def uncovered_alike(before: Editor, after: Editor) -> bool:
    """Whether the same houses are in no grid. Both hold the same houses."""
    return bool(np.array_equal(before.state.houses.grid < 0, after.state.houses.grid < 0))


def uncovered_places(editor: Editor, most: int) -> list[list[float]]:
    """Longitude and latitude of houses with a point and no grid, at most so many."""
    houses = editor.state.houses
    rows = np.flatnonzero((houses.grid < 0) & houses.placed)[:most]
    found: list[list[float]] = houses.lonlat[rows].tolist()
    return found
