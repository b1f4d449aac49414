"""Checks of a plan's grids as posts of work: host, team, size, and whether anything happens there."""

from __future__ import annotations

import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from gisgrid.core.arrays import Bools, Geometries, Ints
from gisgrid.core.limits import Limits, Size, sizes
from gisgrid.planning.checks.findings import Finding, Fix, Raw
from gisgrid.planning.checks.shapes import Ground
from gisgrid.planning.checks.topology import REACH_M
from gisgrid.planning.snapshot.snapshot import PlanState

MEASURE_ZH = {"residents": "居民", "households": "户", "houses": "房屋"}


def exclusive_without_host(ground: Ground) -> Raw:
    """Exclusive grids that name no host body."""
    grids = ground.state.grids
    bare = grids.exclusive & (grids.host == "")
    return Raw(
        [
            _about(
                ground,
                row,
                f"exclusive grid {grids.code[row]} names no host",
                f"专属网格{grids.code[row]}没有依托单位",
                Fix("name the body it belongs to", "请填写依托单位"),
            )
            for row in np.flatnonzero(bare).tolist()
        ]
    )


def empty_grids(ground: Ground) -> Raw:
    """Basic grids in which no house stands; an exclusive one (a park) may have none."""
    state = ground.state
    if not state.houses.placed.any():
        return Raw(missing_en="no house has a point", missing_zh="没有带坐标的房屋")
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
                f"merge it with grid {state.grids.code[to]}, its smallest neighbour "
                f"({residents[to]} residents)",
                f"并入人数最少的相邻网格{state.grids.code[to]}（居民{residents[to]}人）",
                state.grids.code[to],
            )
        findings.append(
            _about(ground, row, f"no house stands in grid {code}", f"网格{code}内没有房屋", fix)
        )
    return Raw(findings)


def grids_without_team(ground: Ground) -> Raw:
    """Grids with nobody at all on the day."""
    leaders, others = _team(ground.state)
    return _teams(
        ground,
        (leaders == 0) & (others == 0),
        "grid {} has no team",
        "网格{}没有团队",
        "name a team",
    )


def grids_without_leader(ground: Ground) -> Raw:
    """Grids that have members on the day but no leader."""
    leaders, others = _team(ground.state)
    return _teams(
        ground,
        (leaders == 0) & (others > 0),
        "grid {} has no leader",
        "网格{}没有网格长",
        "name a leader",
    )


def grids_with_leader_only(ground: Ground) -> Raw:
    """Grids whose leader has no member beside them: N = 0 in 1+N."""
    leaders, others = _team(ground.state)
    return _teams(
        ground,
        (leaders > 0) & (others == 0),
        "grid {} has a leader and nobody else",
        "网格{}只有网格长一人",
        "send a member",
    )


def grids_without_trained_member(ground: Ground) -> Raw:
    """Grids with a team in which nobody has training that counts on the day."""
    state = ground.state
    if not state.training_known:
        return Raw(missing_en="no training is recorded", missing_zh="没有培训记录")
    leaders, others = _team(state)
    trained = np.bincount(state.teams.grid[state.teams.trained], minlength=len(state.grids.code))
    return _teams(
        ground,
        (leaders + others > 0) & (trained == 0),
        "nobody in the team of grid {} has training that counts",
        "网格{}团队无人持有有效培训",
        "train a member",
    )


def sizes_outside_setting(ground: Ground) -> Raw:
    """Grids smaller or larger than the township's ``sizes`` allow for their kind."""
    state = ground.state
    wanted = sizes(state.sizes)
    if not wanted:
        return Raw(
            missing_en="the township sets no sizes for its grids",
            missing_zh="未设置网格规模",
        )
    findings = []
    for size in wanted:
        held = state.per_grid(_measured(state, size.measure))
        of_kind = state.grids.exclusive == (size.kind == "exclusive")
        off = of_kind & ((held < size.least) | (held > size.most))
        for row in np.flatnonzero(off).tolist():
            code, zh = state.grids.code[row], MEASURE_ZH[size.measure]
            findings.append(
                _about(
                    ground,
                    row,
                    f"grid {code} has {held[row]} {size.measure}; {size.kind} grids have "
                    f"{size.least:g} to {size.most:g}",
                    f"网格{code}的{zh}为{held[row]}，设定范围为{size.least:g}–{size.most:g}",
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
        return Raw(
            missing_en="neither visits nor events are recorded", missing_zh="没有走访和事件记录"
        )
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
                f"grid {state.grids.code[row]} saw no visit and no event for "
                f"{limits.sleep_days:.0f} days",
                f"网格{state.grids.code[row]}已{limits.sleep_days:.0f}天没有走访和事件",
                Fix("ask its leader, or merge it", "请联系网格长，或考虑合并"),
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
        return Raw(missing_en="no staff is recorded", missing_zh="没有人员记录")
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
                    f"{len(cluster)} events in {limits.sleep_days:.0f} days at one place of grid "
                    f"{code}, which has neither leader nor worker",
                    f"网格{code}一处{limits.sleep_days:.0f}天内发生{len(cluster)}起事件，"
                    "但没有网格长或网格员",
                    grids=(code,),
                    community=_community(state, grid),
                    measure=float(len(cluster)),
                    unit="events",
                    fix=_lender(ground, grid, "send a worker"),
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


def _team(state: PlanState) -> tuple[Ints, Ints]:
    """Leaders and other members of each grid."""
    lead = state.teams.role == "leader"
    count = len(state.grids.code)
    leaders = np.bincount(state.teams.grid[lead], minlength=count)
    return leaders, np.bincount(state.teams.grid[~lead], minlength=count)


def _teams(ground: Ground, wanting: Bools, en: str, zh: str, remedy: str) -> Raw:
    if not ground.state.staff_known:
        return Raw(missing_en="no staff is recorded", missing_zh="没有人员记录")
    code = ground.state.grids.code
    return Raw(
        [
            _about(ground, r, en.format(code[r]), zh.format(code[r]), _lender(ground, r, remedy))
            for r in np.flatnonzero(wanting).tolist()
        ]
    )


def _lender(ground: Ground, row: int, remedy: str) -> Fix:
    """Who could help until then: the neighbour of the same community with the largest team."""
    state = ground.state
    leaders, others = _team(state)
    mates = _neighbours(ground, row)
    mates = mates[(leaders + others)[mates] > 1] if len(mates) else mates
    if not len(mates):
        return Fix(remedy, "请补充人员")
    members = (leaders + others)[mates]
    to = int(mates[np.lexsort((mates, -members))[0]])
    code, count = state.grids.code[to], int((leaders + others)[to])
    return Fix(
        f"{remedy}; the team of grid {code} next to it has {count} people",
        f"请补充人员；相邻网格{code}有{count}人，可临时支援",
        code,
    )


def _measured(state: PlanState, measure: str) -> Ints:
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
        return Fix(
            "no neighbour has room: rebalance the community", "相邻网格均无余量，请整体调整社区"
        )
    people = n if size.measure == "residents" else 0
    zh = MEASURE_ZH[size.measure]
    if short:
        return Fix(
            f"take {n} {size.measure} from grid {code}", f"从网格{code}划入{zh}{n}", code, people
        )
    return Fix(f"give {n} {size.measure} to grid {code}", f"向网格{code}划出{zh}{n}", code, people)


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
    en: str,
    zh: str,
    fix: Fix | None,
    *,
    measure: float | None = None,
    unit: str = "",
) -> tuple[Finding, Ints]:
    """A finding about a whole grid, with all its houses."""
    state = ground.state
    finding = Finding(
        ground.grids[row],
        en,
        zh,
        grids=(state.grids.code[row],),
        community=_community(state, row),
        measure=measure,
        unit=unit,
        fix=fix,
    )
    return finding, np.flatnonzero(state.houses.grid == row)


def _community(state: PlanState, grid: int) -> str:
    return str(state.communities.code[state.grids.community[grid]])
