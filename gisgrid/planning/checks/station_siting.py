"""Who lives too far from a team post or station, and where would a new one reach most of them?

The sites are a maximal covering location problem: with p new stations, cover the most people
(Church and ReVelle 1974, "The maximal covering location problem", Papers of the Regional Science
Association 32). It is solved as a mixed integer program with SciPy's HiGHS.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from scipy.sparse import coo_array, csr_array, hstack, identity

from gisgrid.core.arrays import Floats, Ints
from gisgrid.core.heavy import optimize
from gisgrid.planning.checks.findings import Finding, Fix, Raw, spots
from gisgrid.planning.checks.houses import by_grid
from gisgrid.planning.checks.shapes import Ground

MOST_CANDIDATES = 300
SOLVE_S = 10.0


@dataclass(frozen=True, eq=False)
class Sites:
    """Chosen sites, the one that covers most first.

    ``candidate`` are rows of what was offered, ``newly`` the weight each adds to those before it,
    and ``bound`` a proven upper limit of what that many sites can cover.
    """

    candidate: Ints
    newly: Floats
    covered: float
    bound: float


def houses_too_far(ground: Ground) -> Raw:
    """Lived-in houses further than ``walk_m`` from a station or the post of their own grid's team.

    One finding a grid. Where a new station would cover most is found by `new_sites`.
    """
    state, limits = ground.state, ground.limits
    houses, stations = state.houses, state.open_stations
    asked = houses.placed & (houses.households > 0)
    if not len(stations.code):
        return Raw(
            missing_en="no team post or service station is recorded",
            missing_zh="没有团队驻点或服务站记录",
        )
    walk_m = ground.walk_m
    far = asked & (walk_m > limits.walk_m)
    findings = []
    for grid, rows in by_grid(state, far):
        code = state.grids.code[grid] if grid >= 0 else None
        worst = float(walk_m[rows].max())
        findings.append(
            (
                Finding(
                    spots(houses, rows),
                    f"{len(rows)} houses {f'of grid {code}' if code else 'in no grid'} are more "
                    f"than {limits.walk_m:.0f} m from a post or station, {worst:.0f} m at most",
                    f"{f'网格{code}' if code else '无网格'}有{len(rows)}处房屋距驻点或服务站超过"
                    f"{limits.walk_m:.0f}米，最远{worst:.0f}米",
                    grids=(code,) if code else (),
                    community=state.communities.code[state.grids.community[grid]]
                    if grid >= 0
                    else None,
                    measure=worst,
                    unit="m",
                ),
                rows,
            )
        )
    unplaced = int((~houses.placed & (houses.households > 0)).sum())
    if unplaced:
        return Raw(
            findings,
            f"{unplaced} lived-in houses have no point",
            f"{unplaced}处有人居住的房屋没有坐标",
        )
    return Raw(findings)


def new_stations(ground: Ground) -> Raw:
    """Where new stations would cover most residents who have none within ``walk_m``."""
    state, limits = ground.state, ground.limits
    houses = state.houses
    asked = houses.placed & (houses.households > 0)
    walk_m = ground.walk_m
    rows = np.flatnonzero(asked & ~(walk_m <= limits.walk_m))
    count = int(limits.new_stations)
    if not len(rows) or not count:
        return Raw()
    candidates = rows[_spread(houses.xy_m[rows], houses.residents[rows], limits.walk_m / 2)]
    site, place = ground.walk.pairs_within(
        houses.xy_m[candidates], houses.xy_m[rows], limits.walk_m
    )
    chosen = best_sites(
        site, place, houses.residents[rows].astype(np.float64), len(candidates), count
    )
    findings = []
    done = np.zeros(len(rows), dtype=bool)
    for c in chosen.candidate.tolist():
        mine = place[site == c]
        mine = mine[~done[mine]]
        done[mine] = True
        people = int(houses.residents[rows[mine]].sum())
        grid = int(houses.grid[candidates[c]])
        code = state.grids.code[grid] if grid >= 0 else None
        findings.append(
            (
                Finding(
                    shapely.Point(houses.xy_m[candidates[c]]),
                    f"a station at house {houses.code[candidates[c]]} would reach {people} more "
                    f"residents within {limits.walk_m:.0f} m",
                    f"在房屋{houses.code[candidates[c]]}处设站，可使{people}名居民在"
                    f"{limits.walk_m:.0f}米内得到服务",
                    grids=(code,) if code else (),
                    community=state.communities.code[state.grids.community[grid]]
                    if grid >= 0
                    else None,
                    measure=float(people),
                    unit="residents",
                    fix=Fix("open a station here", "在此设站", code, people),
                ),
                rows[mine],
            )
        )
    return Raw(findings)


def best_sites(site: Ints, place: Ints, weight: Floats, candidates: int, count: int) -> Sites:
    """The ``count`` candidates that together cover the most weight.

    Parameters
    ----------
    site, place
        Pairs: candidate ``site`` covers place ``place``.
    weight
        Of each place, people say.

    Examples
    --------
    Two of three sites; the middle one covers most alone, but the two ends cover all:

    >>> site, place = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 1, 2, 2, 3])
    >>> best_sites(site, place, np.array([4.0, 5.0, 5.0, 4.0]), 3, 2).candidate.tolist()
    [0, 2]
    """
    count = min(count, candidates)
    covers = csr_array((np.ones(len(site)), (place, site)), shape=(len(weight), candidates))
    # Places that the same sites cover are one place with their weights together.
    groups: dict[bytes, int] = {}
    group = np.array(
        [
            groups.setdefault(covers.indices[i:j].tobytes(), len(groups))
            for i, j in zip(covers.indptr[:-1].tolist(), covers.indptr[1:].tolist(), strict=True)
        ],
        dtype=np.int64,
    )
    _, first = np.unique(group, return_index=True)
    heavy = np.bincount(group, weight)[group[first]]
    small = covers[first]
    several = len(first)
    solved = optimize.milp(
        c=np.concatenate([np.zeros(candidates), -heavy]),
        # A place counts as covered only if one of its sites is open; no more than ``count`` are.
        constraints=[
            optimize.LinearConstraint(hstack([small, -identity(several)]), lb=0),
            optimize.LinearConstraint(
                coo_array(
                    (np.ones(candidates), (np.zeros(candidates, int), np.arange(candidates))),
                    shape=(1, candidates + several),
                ),
                ub=count,
            ),
        ],
        integrality=np.concatenate([np.ones(candidates), np.zeros(several)]),
        bounds=optimize.Bounds(0, 1),
        options={"time_limit": SOLVE_S},
    )
    greedy, _ = _greedy(covers, weight, np.arange(candidates), count)
    pool = np.flatnonzero(solved.x[:candidates] > 0.5) if solved.x is not None else greedy
    best = max((pool, greedy), key=lambda rows: _covered(covers, weight, rows))
    order, newly = _greedy(covers, weight, best, len(best))
    bound = -float(solved.mip_dual_bound) if solved.mip_dual_bound is not None else np.inf
    return Sites(order, newly, float(newly.sum()), max(bound, float(newly.sum())))


def _greedy(covers: csr_array, weight: Floats, rows: Ints, count: int) -> tuple[Ints, Floats]:
    """Of the candidates ``rows``, one after the other the one that adds most; useless ones left out."""
    by_site = covers[:, rows].tocsc()
    left = weight.copy()
    order, newly = [], []
    for _ in range(count):
        gain = by_site.T @ left
        best = int(np.argmax(gain)) if len(gain) else -1
        if best < 0 or gain[best] <= 0:
            break
        order.append(int(rows[best]))
        newly.append(float(gain[best]))
        left[by_site.indices[by_site.indptr[best] : by_site.indptr[best + 1]]] = 0.0
    return np.array(order, dtype=np.int64), np.array(newly)


def _covered(covers: csr_array, weight: Floats, rows: Ints) -> float:
    reached = covers[:, rows].sum(axis=1) > 0
    return float(weight[reached].sum())


def _spread(xy_m: Floats, people: Ints, cell_m: float) -> Ints:
    """At most ``MOST_CANDIDATES`` points spread over the ground: one a cell, in its middle.

    Cells with most people first where there are too many.
    """
    cell = np.floor(xy_m / max(cell_m, 1.0)).astype(np.int64)
    _, label = np.unique(cell, axis=0, return_inverse=True)
    label = label.ravel()
    held = np.bincount(label)
    middle = np.column_stack([np.bincount(label, xy_m[:, k]) / held for k in (0, 1)])
    off_m = np.hypot(*(xy_m - middle[label]).T)
    order = np.lexsort((off_m, label))
    first = order[np.append(True, label[order][1:] != label[order][:-1])]
    heavy = np.bincount(label, people)
    best = first[np.argsort(-heavy[label[first]], kind="stable")[:MOST_CANDIDATES]]
    return np.sort(best)
