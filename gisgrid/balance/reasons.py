"""Why does no plan reach the tolerance? In words, with the places, hardest reason first."""

from __future__ import annotations

import numpy as np

from gisgrid.balance.community import Community
from gisgrid.balance.result import CommunityResult, Reason
from gisgrid.core.arrays import Ints


def reasons(
    community: Community, units: Ints, plan: Ints, tolerance: float, report: CommunityResult
) -> list[Reason]:
    """The reasons why ``plan`` misses the tolerance; empty if it does not.

    ``units`` are the units of the community by their numbers in the whole plan.
    """
    if report.reached:
        return []
    found = [
        *_too_few_units(community),
        *_heavy_units(community, units, tolerance),
        *_cut_off(community, units, tolerance),
        *_in_pieces(community, units),
        *_locked(community, tolerance, report),
    ]
    if not found:
        found = [_out_of_reach(community, tolerance, report)]
    return found


def _too_few_units(community: Community) -> list[Reason]:
    working = int((community.workload > 0).sum())
    if working >= community.grid_count:
        return []
    k = community.grid_count
    return [
        Reason(
            "too few units",
            f"Community {community.number} has {k} grids, but only {working} places with something "
            "to share out.",
            f"社区{community.number}有{k}个网格,但只有{working}处有可分配的内容。",
            community.number,
            grids=tuple(community.names.tolist()),
        )
    ]


def _heavy_units(community: Community, units: Ints, tolerance: float) -> list[Reason]:
    limit = community.target * (1 + community.allowed(tolerance))
    heavy = np.flatnonzero(community.workload > limit)
    en, zh = community.yardstick.en, community.yardstick.zh
    return [
        Reason(
            "heavy unit",
            f"One building in community {community.number} has {community.workload[u]:.0f} {en}, "
            f"more than the {limit:.0f} a whole grid may have; a building is never split.",
            f"社区{community.number}有一栋房屋为{community.workload[u]:.0f}{zh},"
            f"超过一个网格的上限{limit:.0f}{zh};同一栋房屋不能拆分。",
            community.number,
            grids=(int(community.names[community.home[u]]),),
            units=(int(units[u]),),
        )
        for u in heavy
    ]


def _cut_off(community: Community, units: Ints, tolerance: float) -> list[Reason]:
    """Parts of the community that nothing joins, if their grids cannot share out evenly inside."""
    piece = community.graph.pieces(np.zeros(len(community.home), dtype=np.int64))
    if piece.max(initial=0) == 0:
        return []
    found = []
    en, zh = community.yardstick.en, community.yardstick.zh
    for p in np.unique(piece):
        inside = piece == p
        grids = np.unique(community.home[inside])
        mean = community.workload[inside].sum() / len(grids)
        off = mean / community.target - 1 if community.target else 0.0
        if abs(off) <= community.allowed(tolerance):
            continue
        found.append(
            Reason(
                "cut off",
                f"A part of community {community.number} with {int(inside.sum())} units and "
                f"{len(grids)} grids touches no other part; its grids have {mean:.0f} {en} on "
                f"average where {community.target:.0f} are asked ({off:+.1%}).",
                f"社区{community.number}有一部分({int(inside.sum())}个单元、{len(grids)}个网格)"
                f"与其他部分不相连,其平均为{mean:.0f}{zh},目标为{community.target:.0f}{zh}。",
                community.number,
                grids=tuple(community.names[grids].tolist()),
                units=tuple(units[inside][:100].tolist()),
            )
        )
    return found


def _in_pieces(community: Community, units: Ints) -> list[Reason]:
    piece = community.graph.pieces(community.home)
    _, first = np.unique(piece, return_index=True)
    count = np.bincount(community.home[first], minlength=community.grid_count)
    return [
        Reason(
            "grid in pieces",
            f"Grid {community.names[g]} lies in {count[g]} pieces today; join them first.",
            f"网格{community.names[g]}目前分为{count[g]}块,请先合并。",
            community.number,
            grids=(int(community.names[g]),),
            units=tuple(units[first[community.home[first] == g]].tolist()),
        )
        for g in np.flatnonzero(count > 1)
    ]


def _locked(community: Community, tolerance: float, report: CommunityResult) -> list[Reason]:
    locked = not community.free.all() or bool((community.may != community.touching).any())
    if (
        not locked
        or report.floor <= community.allowed(tolerance)
        or community.floor(locked=False) >= report.floor
    ):
        return []
    held = np.unique(community.home[~community.free])
    return [
        Reason(
            "lock",
            f"The locks in community {community.number} allow {report.floor:.1%} at best; without "
            f"them {max(community.floor(locked=False), 0.0):.1%} may be possible.",
            f"社区{community.number}的锁定条件最多只能达到{report.floor:.1%}的偏差。",
            community.number,
            grids=tuple(community.names[held].tolist()),
        )
    ]


def _out_of_reach(community: Community, tolerance: float, report: CommunityResult) -> Reason:
    grids = tuple(community.names.tolist())
    if report.floor > community.allowed(tolerance):
        near = not community.touching.all()
        return Reason(
            "out of reach",
            f"Community {community.number} cannot come below {report.floor:.1%}"
            f"{' while houses go only to a grid that touches their own' if near else ''}; "
            f"{tolerance:.1%} was asked.",
            f"{'房屋只能划入相邻网格时,' if near else ''}社区{community.number}的偏差不可能低于"
            f"{report.floor:.1%},要求为{tolerance:.1%}。",
            community.number,
            grids=grids,
        )
    lightest = float(community.workload[community.workload > 0].min(initial=np.inf))
    return Reason(
        "not found",
        f"The nearest plan found for community {community.number} is {report.max_deviation:.2%} "
        f"off; {tolerance:.2%} was asked. Its lightest house alone is "
        f"{lightest / community.target:.2%} of a grid. A longer search or a wider tolerance may "
        "help.",
        f"社区{community.number}找到的最佳方案偏差为{report.max_deviation:.2%},"
        f"要求为{tolerance:.2%}。",
        community.number,
        grids=grids,
    )
