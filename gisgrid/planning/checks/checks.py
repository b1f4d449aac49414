"""What is not as it should be in a plan, where, and who is affected? All named checks.

Each has three answers: it passes, it fails (with the places, houses and residents, and the fix
offered), or it is incomplete: what is known does not allow a pass. Pure: from a `PlanSnapshot`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gisgrid.core.arrays import Geometries
from gisgrid.core.crs import from_metric
from gisgrid.core.errors import Invalid
from gisgrid.core.limits import Limits
from gisgrid.core.messages import Message, message
from gisgrid.planning.checks import houses, station_siting, teams
from gisgrid.planning.checks.findings import CheckResult, Raw, counted
from gisgrid.planning.checks.shapes import SHAPE_CHECKS, Ground
from gisgrid.planning.snapshot.snapshot import PlanSnapshot

Tell = Callable[[int, int | None, str], None]

SITES_CHECK = "new_stations"
"""Name under which sites for new stations stand beside the checks."""


@dataclass(frozen=True)
class Check:
    """A named check with its titles; ``run`` answers it."""

    name: str
    title: Message
    run: Callable[[Ground], Raw]


CHECKS: tuple[Check, ...] = (
    *(Check(*row) for row in SHAPE_CHECKS),
    Check(
        "no_host", message("exclusive grids without host"),
        teams.exclusive_without_host,
    ),
    Check("no_grid", message("houses in no grid"), houses.houses_without_grid),
    Check("on_border", message("houses on a border"), houses.houses_on_border),
    Check("empty_grid", message("empty grids"), teams.empty_grids),
    Check("no_team", message("grids without a team"), teams.grids_without_team),
    Check("no_leader", message("grids without a leader"), teams.grids_without_leader),
    Check("leader_only", message("leader only"), teams.grids_with_leader_only),
    Check(
        "no_trained", message("grids without a trained member"),
        teams.grids_without_trained_member,
    ),
    Check("size", message("sizes outside the setting"), teams.sizes_outside_setting),
    Check(
        "not_visited", message("houses not visited"),
        lambda g: houses.houses_not_visited(g.state, g.limits),
    ),
    Check(
        "too_far", message("houses too far from help"),
        station_siting.houses_too_far,
    ),
    Check(
        "sleeping", message("sleeping grids"),
        lambda g: teams.sleeping_grids(g, g.limits),
    ),
    Check(
        "cluster", message("events without a worker"),
        lambda g: teams.clusters_without_worker(g, g.limits),
    ),
)  # fmt: skip
"""In the order in which they are told."""


def run_checks(
    state: PlanSnapshot,
    limits: Limits,
    *,
    only: Sequence[str] | None = None,
    progress: Tell | None = None,
    ground: Ground | None = None,
) -> list[CheckResult]:
    """The answers of the checks, in the order of `CHECKS`, with places in EPSG:4326.

    Parameters
    ----------
    only
        Names of the checks to run; None for all.
    progress
        Is told (done, total, title).
    ground
        Of the same state and limits, to share what is computed once.

    Raises
    ------
    Invalid
        ``only`` names a check that does not exist, or the township's sizes are none.
    """
    unknown = sorted(set(only or ()) - {check.name for check in CHECKS})
    if unknown:
        known = ", ".join(check.name for check in CHECKS)
        raise Invalid(
            "There is no check {unknown!r}; known: {known}.", unknown=unknown[0], known=known
        )
    chosen = [check for check in CHECKS if only is None or check.name in only]
    ground = ground or Ground(state, limits)
    results = []
    for done, check in enumerate(chosen):
        if progress:
            progress(done, len(chosen), check.title.en)
        results.append(counted(check.name, check.title, check.run(ground), state.houses))
    return in_degrees(results, state.srid)


def station_sites(ground: Ground) -> CheckResult:
    """Where new stations would cover most: findings by people reached, places in EPSG:4326."""
    raw, state = station_siting.new_stations(ground), ground.state
    result = counted(SITES_CHECK, message("sites for new stations"), raw, state.houses)
    return in_degrees([result], state.srid)[0]


def in_degrees(results: Sequence[CheckResult], srid: int) -> list[CheckResult]:
    """The results with their places moved from the metric CRS to EPSG:4326."""
    places = [f.place for result in results for f in result.findings]
    shapes: Geometries = np.empty(len(places), dtype=object)
    shapes[:] = places
    moved = iter(from_metric(shapes, srid))
    return [
        replace(r, findings=tuple(replace(f, place=next(moved)) for f in r.findings))
        for r in results
    ]
