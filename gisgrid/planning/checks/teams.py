"""Checks of a plan's grids as posts of work: host, team, size, and whether anything happens there."""

from __future__ import annotations

import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from gisgrid.core.arrays import Bools, Geometries, Ints
from gisgrid.core.limits import Limits, Size, sizes
from gisgrid.core.messages import Message, message, say
from gisgrid.planning.checks.findings import Finding, Fix, Raw
from gisgrid.planning.checks.shapes import Ground
from gisgrid.planning.checks.topology import REACH_M
from gisgrid.planning.snapshot.snapshot import PlanSnapshot

MEASURES = {
    "residents": message("residents"),
    "households": message("households"),
    "houses": message("houses"),
}


def exclusive_without_host(ground: Ground) -> Raw:
    """Exclusive grids that name no host body."""
    grids = ground.state.grids
    bare = grids.exclusive & (grids.host == "")
    return Raw(
        [
            _about(
                ground,
                row,
                message("exclusive grid {grids} names no host", grids=grids.code[row]),
                Fix(message("name the body it belongs to")),
            )
            for row in np.flatnonzero(bare).tolist()
        ]
    )


def empty_grids(ground: Ground) -> Raw:
    """Basic grids in which no house stands; an exclusive one (a park) may have none."""
    state = ground.state
    if not state.houses.placed.any():
        return Raw(missing=message("no house has a point"))
    held = state.per_grid(np.ones(len(state.houses.code), dtype=np.int64))
    residents = state.per_grid(state.houses.residents)
    findings = []
    for row in state.basic[held[state.basic] == 0].tolist():
        code = state.grids.code[row]
        mates = _neighbours(ground, row)
        fix = None
        if len(mates):
            to = mates[np.lexsort((mates, residents[mates]))[0]]
            fix = Fix(
                message(
                    "merge it with grid {grids}, its smallest neighbour ({residents} residents)",
                    grids=state.grids.code[to],
                    residents=residents[to],
                ),
                state.grids.code[to],
            )
        findings.append(
            _about(ground, row, message("no house stands in grid {code}", code=code), fix)
        )
    return Raw(findings)


def grids_without_team(ground: Ground) -> Raw:
    """Grids with nobody at all on the day."""
    leaders, others = _team(ground.state)
    return _teams(
        ground,
        (leaders == 0) & (others == 0),
        say("grid {code} has no team"),
        message("name a team"),
    )


def grids_without_leader(ground: Ground) -> Raw:
    """Grids that have members on the day but no leader."""
    leaders, others = _team(ground.state)
    return _teams(
        ground,
        (leaders == 0) & (others > 0),
        say("grid {code} has no leader"),
        message("name a leader"),
    )


def grids_with_leader_only(ground: Ground) -> Raw:
    """Grids whose leader has no member beside them: N = 0 in 1+N."""
    leaders, others = _team(ground.state)
    return _teams(
        ground,
        (leaders > 0) & (others == 0),
        say("grid {code} has a leader and nobody else"),
        message("send a member"),
    )


def grids_without_trained_member(ground: Ground) -> Raw:
    """Grids with a team in which nobody has training that counts on the day."""
    state = ground.state
    if not state.training_known:
        return Raw(missing=message("no training is recorded"))
    leaders, others = _team(state)
    trained = np.bincount(state.teams.grid[state.teams.trained], minlength=len(state.grids.code))
    return _teams(
        ground,
        (leaders + others > 0) & (trained == 0),
        say("nobody in the team of grid {code} has training that counts"),
        message("train a member"),
    )


def sizes_outside_setting(ground: Ground) -> Raw:
    """Grids smaller or larger than the township's ``sizes`` allow for their kind."""
    state = ground.state
    wanted = sizes(state.sizes)
    if not wanted:
        return Raw(
            missing=message("the township sets no sizes for its grids"),
        )
    findings = []
    for size in wanted:
        held = state.per_grid(_measured(state, size.measure))
        of_kind = state.grids.exclusive == (size.kind == "exclusive")
        off = of_kind & ((held < size.least) | (held > size.most))
        for row in np.flatnonzero(off).tolist():
            code = state.grids.code[row]
            findings.append(
                _about(
                    ground,
                    row,
                    message(
                        "grid {code} has {count} {measure}; {kind} grids have {least:g} to {most:g}",
                        code=code,
                        count=held[row],
                        measure=MEASURES[size.measure],
                        kind=size.kind,
                        least=size.least,
                        most=size.most,
                    ),
                    _moved(ground, row, held, size),
                    measure=float(held[row]),
                    unit=size.measure,
                )
            )
    return Raw(findings)


def sleeping_grids(ground: Ground, limits: Limits) -> Raw:
    """Grids with houses where neither visit nor event happened within ``sleep_days``."""
    state = ground.state
    if not state.visits_known and not len(state.events.day):
        return Raw(missing=message("neither visits nor events are recorded"))
    since = np.datetime64(state.day) - np.timedelta64(int(limits.sleep_days), "D")
    awake = np.zeros(len(state.grids.code), dtype=bool)
    with np.errstate(invalid="ignore"):
        seen = (state.houses.last_visit >= since) & (state.houses.grid >= 0)
    awake[state.houses.grid[seen]] = True
    happened = (state.events.day >= since) & (state.events.grid >= 0)
    awake[state.events.grid[happened]] = True
    held = state.per_grid(np.ones(len(state.houses.code), dtype=np.int64))
    return Raw(
        [
            _about(
                ground,
                row,
                message(
                    "grid {grids} saw no visit and no event for {sleep_days:.0f} days",
                    grids=state.grids.code[row],
                    sleep_days=limits.sleep_days,
                ),
                Fix(message("ask its leader, or merge it")),
            )
            for row in np.flatnonzero(~awake & (held > 0)).tolist()
        ]
    )


def clusters_without_worker(ground: Ground, limits: Limits) -> Raw:
    """Places with many events of late in grids that have no worker of their own.

    A cluster is a chain of events at most ``cluster_m`` apart within one grid.
    """
    state = ground.state
    if not state.staff_known:
        return Raw(missing=message("no staff is recorded"))
    resident = np.zeros(len(state.grids.code), dtype=bool)
    working = np.isin(state.teams.role, ["worker", "leader"])
    resident[state.teams.grid[working]] = True
    since = np.datetime64(state.day) - np.timedelta64(int(limits.sleep_days), "D")
    events = state.events
    rows = np.flatnonzero((events.day >= since) & (events.grid >= 0))
    rows = rows[~resident[events.grid[rows]]]
    findings = []
    for cluster in _chains(events.xy_m[rows], events.grid[rows], limits.cluster_m):
        if len(cluster) < limits.cluster_events:
            continue
        grid = int(events.grid[rows[cluster[0]]])
        code = state.grids.code[grid]
        place = shapely.multipoints(shapely.points(events.xy_m[rows[cluster]]))
        houses = ground.points.query(place, predicate="dwithin", distance=limits.cluster_m)
        findings.append(
            (
                Finding(
                    place,
                    message(
                        "{count} events in {sleep_days:.0f} days at one place of grid {code}, which has neither leader nor worker",
                        count=len(cluster),
                        sleep_days=limits.sleep_days,
                        code=code,
                    ),
                    grids=(code,),
                    community=_community(state, grid),
                    measure=float(len(cluster)),
                    unit="events",
                    fix=_lender(ground, grid, message("send a worker")),
                ),
                np.sort(houses),
            )
        )
    return Raw(findings)


def _chains(xy_m: Geometries, grid: Ints, reach_m: float) -> list[Ints]:
    """Rows of points joined by steps of at most ``reach_m`` within a grid, largest chain first."""
    if not len(xy_m):
        return []
    near = cKDTree(xy_m).query_pairs(reach_m, output_type="ndarray")
    near = near[grid[near[:, 0]] == grid[near[:, 1]]]
    joined = csr_array((np.ones(len(near), np.int8), near.T), shape=(len(xy_m),) * 2)
    label = connected_components(joined, directed=False)[1]
    chains = np.split(np.argsort(label, kind="stable"), np.cumsum(np.bincount(label))[:-1])
    return sorted(chains, key=len, reverse=True)


def _team(state: PlanSnapshot) -> tuple[Ints, Ints]:
    """Leaders and other members of each grid."""
    lead = state.teams.role == "leader"
    count = len(state.grids.code)
    leaders = np.bincount(state.teams.grid[lead], minlength=count)
    return leaders, np.bincount(state.teams.grid[~lead], minlength=count)


def _teams(ground: Ground, wanting: Bools, template: str, remedy: Message) -> Raw:
    if not ground.state.staff_known:
        return Raw(missing=message("no staff is recorded"))
    code = ground.state.grids.code
    return Raw(
        [
            _about(ground, r, Message(template, {"code": code[r]}), _lender(ground, r, remedy))
            for r in np.flatnonzero(wanting).tolist()
        ]
    )


def _lender(ground: Ground, row: int, remedy: Message) -> Fix:
    """Who could help until then: the neighbour of the same community with the largest team."""
    state = ground.state
    leaders, others = _team(state)
    mates = _neighbours(ground, row)
    mates = mates[(leaders + others)[mates] > 1] if len(mates) else mates
    if not len(mates):
        return Fix(remedy)
    members = (leaders + others)[mates]
    to = int(mates[np.lexsort((mates, -members))[0]])
    code, count = state.grids.code[to], int((leaders + others)[to])
    return Fix(
        message(
            "{remedy}; the team of grid {code} next to it has {count} people",
            remedy=remedy,
            code=code,
            count=count,
        ),
        code,
    )


def _measured(state: PlanSnapshot, measure: str) -> Ints:
    """What each house counts in a measure of size."""
    if measure == "residents":
        return state.houses.residents
    if measure == "households":
        return state.houses.households
    return np.ones(len(state.houses.code), dtype=np.int64)


def _moved(ground: Ground, row: int, held: Ints, size: Size) -> Fix | None:
    """How many to give to or take from the neighbour with most room."""
    mates = _neighbours(ground, row)
    if not len(mates):
        return None
    short = held[row] < size.least
    gap = size.least - held[row] if short else held[row] - size.most
    room = held[mates] - size.least if short else size.most - held[mates]
    best = int(np.lexsort((mates, -room))[0])
    n, code = int(np.ceil(min(gap, max(room[best], 0)))), ground.state.grids.code[mates[best]]
    if n <= 0:
        return Fix(message("no neighbour has room: rebalance the community"))
    people = n if size.measure == "residents" else 0
    measure = MEASURES[size.measure]
    if short:
        said = message("take {n} {measure} from grid {code}", n=n, measure=measure, code=code)
    else:
        said = message("give {n} {measure} to grid {code}", n=n, measure=measure, code=code)
    return Fix(said, code, people)


def _neighbours(ground: Ground, row: int) -> Ints:
    """Basic grids of the same community that touch a grid, by row."""
    state = ground.state
    near = state.tiling[ground.tree.query(ground.grids[row], predicate="dwithin", distance=REACH_M)]
    same = state.grids.community[near] == state.grids.community[row]
    found: Ints = np.sort(near[same & (near != row) & ~state.grids.exclusive[near]])
    return found


def _about(
    ground: Ground,
    row: int,
    said: Message,
    fix: Fix | None,
    *,
    measure: float | None = None,
    unit: str = "",
) -> tuple[Finding, Ints]:
    """A finding about a whole grid, with all its houses."""
    state = ground.state
    finding = Finding(
        ground.grids[row],
        said,
        grids=(state.grids.code[row],),
        community=_community(state, row),
        measure=measure,
        unit=unit,
        fix=fix,
    )
    return finding, np.flatnonzero(state.houses.grid == row)


def _community(state: PlanSnapshot, grid: int) -> str:
    return str(state.communities.code[state.grids.community[grid]])
