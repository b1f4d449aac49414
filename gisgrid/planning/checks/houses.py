"""Checks of a plan's houses: has each one grid, is it visited, and how far is help?"""

from __future__ import annotations

import numpy as np
import shapely

from gisgrid.core.arrays import Bools, Floats, Ints
from gisgrid.core.limits import Limits
from gisgrid.core.messages import message
from gisgrid.planning.checks.findings import Finding, Fix, Raw, spots
from gisgrid.planning.checks.shapes import Ground
from gisgrid.planning.snapshot.snapshot import Houses, PlanSnapshot


def houses_without_grid(ground: Ground) -> Raw:
    """Houses with a point in no grid; houses without a point make the answer incomplete."""
    state, houses = ground.state, ground.state.houses
    lost = np.flatnonzero(houses.placed & (houses.grid < 0))
    tiling = state.tiling
    nearest, away_m = _nearest_grid(ground, houses.xy_m[lost])
    findings = []
    for k, row in enumerate(lost.tolist()):
        code = houses.code[row]
        near = int(tiling[nearest[k]]) if len(tiling) else None
        people = int(houses.residents[row])
        fix = None
        if near is not None:
            to = state.grids.code[near]
            fix = Fix(
                message(
                    "grid {to} is nearest, {away_m:.0f} m away: let it take {people} residents",
                    to=to,
                    away_m=away_m[k],
                    people=people,
                ),
                to,
                people,
            )
        home = state.grids.community[near] if near is not None else houses.community[row]
        findings.append(
            (
                Finding(
                    spots(houses, np.array([row])),
                    message("house {code} lies in no grid", code=code),
                    community=state.communities.code[home] if home >= 0 else None,
                    measure=float(away_m[k]) if near is not None else None,
                    unit="m",
                    fix=fix,
                ),
                np.array([row]),
            )
        )
    unplaced = int((~houses.placed).sum())
    if unplaced:
        people = int(houses.residents[~houses.placed].sum())
        return Raw(
            findings,
            message(
                "{unplaced} houses with {people} residents have no point: their grid is not known",
                unplaced=unplaced,
                people=people,
            ),
        )
    return _known(Raw(findings), houses)


def houses_on_border(ground: Ground) -> Raw:
    """Houses within the township's ``near_border_m`` of another grid, with both candidates."""
    state, houses = ground.state, ground.state.houses
    rows = state.tiling
    owned = np.flatnonzero(houses.placed & np.isin(houses.grid, rows))
    points = shapely.points(houses.xy_m[owned])
    near, grid = shapely.STRtree(ground.grids[rows]).query(
        points, predicate="dwithin", distance=state.near_border_m
    )
    other = rows[grid] != houses.grid[owned[near]]
    near, grid = near[other], grid[other]
    away_m = shapely.distance(points[near], ground.grids[rows[grid]])
    # The closest candidate of each house, of equals the lowest code.
    order = np.lexsort((grid, away_m, near))
    order = order[np.append(True, near[order][1:] != near[order][:-1])] if len(order) else order
    findings = []
    for k in order.tolist():
        row, there, here = int(owned[near[k]]), int(rows[grid[k]]), int(houses.grid[owned[near[k]]])
        mine, yours = state.grids.code[here], state.grids.code[there]
        people = int(houses.residents[row])
        findings.append(
            (
                Finding(
                    spots(houses, np.array([row])),
                    message(
                        "house {houses} of grid {mine} is {away_m:.1f} m from grid {yours}",
                        houses=houses.code[row],
                        mine=mine,
                        away_m=away_m[k],
                        yours=yours,
                    ),
                    grids=(mine, yours),
                    community=state.communities.code[state.grids.community[here]],
                    measure=float(away_m[k]),
                    unit="m",
                    fix=_round_the_house(state, here, there, people),
                ),
                np.array([row]),
            )
        )
    return _known(Raw(findings), houses)


def houses_not_visited(state: PlanSnapshot, limits: Limits) -> Raw:
    """Lived-in houses without a visit within ``visit_days``, one finding a grid."""
    houses = state.houses
    today = np.datetime64(state.day)
    with np.errstate(invalid="ignore"):
        late = ~(today - houses.last_visit <= np.timedelta64(int(limits.visit_days), "D"))
    late &= houses.households > 0
    if not state.visits_known:
        return Raw(missing=message("no visit is recorded"))
    never = np.isnat(houses.last_visit)
    findings = []
    for grid, rows in by_grid(state, late):
        code = state.grids.code[grid] if grid >= 0 else None
        where = message("of grid {code}", code=code) if code else message("outside every grid")
        unseen = int(never[rows].sum())
        findings.append(
            (
                Finding(
                    spots(houses, rows),
                    message(
                        "{count} houses {where} were not visited for {days:.0f} days, {unseen} of them never",
                        count=len(rows),
                        where=where,
                        days=limits.visit_days,
                        unseen=unseen,
                    ),
                    grids=(code,) if code else (),
                    community=_community(state, grid),
                    measure=float(len(rows)),
                    unit="houses",
                    fix=Fix(message("visit {count} houses", count=len(rows))),
                ),
                rows,
            )
        )
    return _known(Raw(findings), houses)


def by_grid(state: PlanSnapshot, chosen: Bools) -> list[tuple[int, Ints]]:
    """Rows of the chosen houses of each grid, by grid; houses in none last."""
    rows = np.flatnonzero(chosen)
    grid = state.houses.grid[rows]
    order = np.lexsort((rows, np.where(grid < 0, len(state.grids.code), grid)))
    rows, grid = rows[order], grid[order]
    cuts = np.flatnonzero(grid[1:] != grid[:-1]) + 1
    return [(int(state.houses.grid[part[0]]), part) for part in np.split(rows, cuts) if len(part)]


def _community(state: PlanSnapshot, grid: int) -> str | None:
    return str(state.communities.code[state.grids.community[grid]]) if grid >= 0 else None


def _round_the_house(state: PlanSnapshot, here: int, there: int, people: int) -> Fix:
    yours = state.grids.code[there]
    if state.grids.community[here] != state.grids.community[there]:
        return Fix(message("draw the communities' border around it"))
    return Fix(
        message(
            "draw the border around it, or give its {people} residents to {yours}",
            people=people,
            yours=yours,
        ),
        yours,
        people,
    )


def _known(raw: Raw, houses: Houses) -> Raw:
    """Nothing can pass about no houses."""
    if not len(houses.code) and raw.missing is None:
        return Raw(raw.findings, message("no house is recorded"))
    return raw


def _nearest_grid(ground: Ground, xy: Floats) -> tuple[Ints, Floats]:
    shapes = ground.grids[ground.state.tiling]
    if not len(shapes) or not len(xy):
        return np.zeros(len(xy), dtype=np.int64), np.full(len(xy), np.inf)
    pair, away_m = ground.tree.query_nearest(
        shapely.points(xy), return_distance=True, all_matches=False
    )
    grid = np.zeros(len(xy), dtype=np.int64)
    distance = np.zeros(len(xy))
    grid[pair[0]], distance[pair[0]] = pair[1], away_m
    return grid, distance
