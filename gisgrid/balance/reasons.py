"""Why does no plan reach the tolerance? In words, with the places, hardest reason first."""

from __future__ import annotations

import numpy as np

from gisgrid.balance.community import Community
from gisgrid.balance.result import CommunityResult, Reason
from gisgrid.core.arrays import Ints
from gisgrid.core.messages import message


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
            message(
                "Community {number} has {k} grids, but only {working} places with something to share out.",
                number=community.number,
                k=k,
                working=working,
            ),
            community.number,
            grids=tuple(community.names.tolist()),
        )
    ]


def _heavy_units(community: Community, units: Ints, tolerance: float) -> list[Reason]:
    limit = community.target * (1 + community.allowed(tolerance))
    heavy = np.flatnonzero(community.workload > limit)
    return [
        Reason(
            "heavy unit",
            message(
                "One building in community {community} has {workload}, more than the {limit} a "
                "whole grid may have; a building is never split.",
                community=community.number,
                workload=community.yardstick.said(community.workload[u]),
                limit=community.yardstick.said(limit),
            ),
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
                message(
                    "A part of community {community} with {units} units and {grids} grids touches no other "
                    "part; its grids have {mean} on average where {target} are asked ({off:+.1%}).",
                    community=community.number,
                    units=int(inside.sum()),
                    grids=len(grids),
                    mean=community.yardstick.said(mean),
                    target=community.yardstick.said(community.target),
                    off=off,
                ),
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
            message(
                "Grid {names} lies in {count} pieces today; join them first.",
                names=community.names[g],
                count=count[g],
            ),
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
            message(
                "The locks in community {number} allow {floor:.1%} at best; without them {max:.1%} may be possible.",
                number=community.number,
                floor=report.floor,
                max=max(community.floor(locked=False), 0.0),
            ),
            community.number,
            grids=tuple(community.names[held].tolist()),
        )
    ]


def _out_of_reach(community: Community, tolerance: float, report: CommunityResult) -> Reason:
    grids = tuple(community.names.tolist())
    if report.floor > community.allowed(tolerance):
        near = not community.touching.all()
        facts = {"community": community.number, "floor": report.floor, "tolerance": tolerance}
        return Reason(
            "out of reach",
            message(
                "Community {community} cannot come below {floor:.1%} while houses go only to a grid that touches "
                "their own; {tolerance:.1%} was asked.",
                **facts,
            )
            if near
            else message(
                "Community {community} cannot come below {floor:.1%}; {tolerance:.1%} was asked.",
                **facts,
            ),
            community.number,
            grids=grids,
        )
    lightest = float(community.workload[community.workload > 0].min(initial=np.inf))
    return Reason(
        "not found",
        message(
            "The nearest plan found for community {number} is {max_deviation:.2%} off; {tolerance:.2%} was asked. Its lightest house alone is {lightest:.2%} of a grid. A longer search or a wider tolerance may help.",
            number=community.number,
            max_deviation=report.max_deviation,
            tolerance=tolerance,
            lightest=lightest / community.target,
        ),
        community.number,
        grids=grids,
    )
