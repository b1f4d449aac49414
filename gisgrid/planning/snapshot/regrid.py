"""A plan's state with other grids: edited, drawn, new ones without ground yet, or without some."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gisgrid.core.arrays import Bools, Floats, Geometries, Ints
from gisgrid.planning.snapshot.snapshot import (
    NO_ROW,
    GridLayer,
    Grids,
    PlanSnapshot,
    layered_owners,
    rows_of,
)

FEW = 100
"""For more boxes than these all points are asked anew: that is less than to find those in one of them."""


@dataclass(frozen=True)
class NewGrid:
    """A basic grid that is to be drawn."""

    code: str
    name: str
    community: int
    """Row of its community."""


def new_grid(state: PlanSnapshot, community: int, taken: Collection[str]) -> NewGrid:
    """A grid of a community with the first code that no plan ever used.

    Parameters
    ----------
    taken
        All codes ever used in the township, and those given out already. A code is never reused.

    Notes
    -----
    Where the codes of the community's grids are the community's and three digits, the new one
    follows the highest of them; else it is the community's code with ``-n1``, ``-n2`` …
    """
    home = state.communities.code[community]
    mine = state.grids.code[state.basic[state.grids.community[state.basic] == community]]
    form = re.compile(re.escape(home) + r"(\d{3})")
    if len(mine) and all(form.fullmatch(code) for code in mine):
        used = [int(m[1]) for code in taken if (m := form.fullmatch(code))]
        if max(used) < 999:
            number = max(used) + 1
            return NewGrid(
                f"{home}{number:03d}",
                f"{state.communities.name[community]}{number}号网格",
                community,
            )
    n = next(n for n in range(1, len(taken) + 2) if f"{home}-n{n}" not in taken)
    return NewGrid(f"{home}-n{n}", f"{state.communities.name[community]}新{n}号网格", community)


@dataclass(frozen=True, eq=False)
class Spots:
    """Points that are asked again and again whose ground they are on."""

    lonlat: Floats
    """(n, 2) in EPSG:4326; NaN: without a point."""

    @cached_property
    def placed(self) -> Ints:
        """Rows of those that have a point."""
        return np.flatnonzero(np.isfinite(self.lonlat).all(axis=1))

    def in_boxes(self, boxes: Geometries) -> Ints:
        """Rows of the points in one of some boxes, border included, ascending."""
        there = np.zeros(len(self.placed), dtype=bool)
        xy = self.lonlat[self.placed]
        for west, south, east, north in shapely.bounds(boxes).tolist():
            there |= (
                (xy[:, 0] >= west) & (xy[:, 0] <= east) & (xy[:, 1] >= south) & (xy[:, 1] <= north)
            )
        return self.placed[there]

    def covered_by(self, polygon: BaseGeometry) -> Ints:
        """Rows of the points that a polygon covers, ascending."""
        if polygon.is_empty:
            return np.zeros(0, dtype=np.int64)
        rows = self.in_boxes(np.array([shapely.box(*polygon.bounds)], dtype=object))
        shapely.prepare(polygon)
        found: Ints = rows[np.asarray(shapely.covers(polygon, shapely.points(self.lonlat[rows])))]
        return found


def on_grids(
    state: PlanSnapshot, grids: Grids, *, houses: Spots | None = None, events: Spots | None = None
) -> PlanSnapshot:
    """The state with other grids, as the store would tell it: whose each house and event is, asked anew.

    Asked are only those about ground that came, went or changed; teams and stations follow from the
    codes.

    Parameters
    ----------
    grids
        In the order of code; a polygon may be empty.
    houses, events
        The points of the state's houses and events, where they are at hand.
    """
    old, overlay = state.grids, state.overlay
    now = np.append(rows_of(old.code, grids.code), NO_ROW)
    boxes = _changed(old, grids, now[:-1])
    layers = grids.layers(overlay=overlay)
    house = _asked_again(
        now[state.houses.grid], houses or Spots(state.houses.lonlat), grids, layers[-1:], boxes
    )
    event = _asked_again(
        now[state.events.grid], events or Spots(state.events.lonlat), grids, layers, boxes
    )
    return replace(
        state,
        grids=grids,
        houses=replace(state.houses, grid=house),
        events=replace(state.events, grid=event),
    )


def with_new_grids(state: PlanSnapshot, new: Sequence[NewGrid]) -> PlanSnapshot:
    """The state with further grids, in the order of code, that have no ground and no houses yet."""
    if not new:
        return state
    grids = state.grids
    empty = np.array([shapely.MultiPolygon()] * len(new), dtype=object)
    code = np.concatenate([grids.code, np.array([g.code for g in new], dtype=object)])
    order = np.argsort(code.astype(str), kind="stable")
    more = Grids(
        code=code[order],
        name=np.concatenate([grids.name, np.array([g.name for g in new], dtype=object)])[order],
        exclusive=np.append(grids.exclusive, np.zeros(len(new), dtype=bool))[order],
        host=np.concatenate([grids.host, np.array([""] * len(new), dtype=object)])[order],
        community=np.append(grids.community, [g.community for g in new])[order],
        lonlat=np.concatenate([grids.lonlat, empty])[order],
        metric=np.concatenate([grids.metric, empty])[order],
    )
    return on_grids(state, more)


def with_rows(state: PlanSnapshot, keep: Bools) -> PlanSnapshot:
    """The state with the grids of a mask only."""
    return state if keep.all() else on_grids(state, rows_kept(state.grids, keep))


def rows_kept(g: Grids, keep: Bools) -> Grids:
    """The grids of a mask."""
    return Grids(
        g.code[keep], g.name[keep], g.exclusive[keep], g.host[keep], g.community[keep],
        g.lonlat[keep], g.metric[keep],
    )  # fmt: skip


def _changed(old: Grids, new: Grids, now: Ints) -> Geometries:
    """Boxes about the ground of grids that came, went, changed their polygon or their layer."""
    there = now >= 0
    before = np.full(len(new.code), None, dtype=object)
    before[now[there]] = old.lonlat[there]
    was_exclusive = np.zeros(len(new.code), dtype=bool)
    was_exclusive[now[there]] = old.exclusive[there]
    other = ~shapely.equals_identical(before, new.lonlat) | (was_exclusive != new.exclusive)
    about = np.concatenate([old.lonlat[~there], before[other], new.lonlat[other]])
    about = about[~shapely.is_missing(about) & ~shapely.is_empty(about)]
    return np.asarray(shapely.box(*shapely.bounds(about).T)) if len(about) else about


def _asked_again(
    owner: Ints, spots: Spots, grids: Grids, layers: list[Ints], boxes: Geometries
) -> Ints:
    """The owners, with those of the points in the boxes found anew."""
    if not len(boxes):
        return owner
    if len(boxes) > FEW:
        return layered_owners(spots.lonlat, [GridLayer(grids.lonlat, layer) for layer in layers])
    rows = spots.in_boxes(boxes)
    # Whatever covers a point in a box meets the box.
    near = np.zeros(len(grids.code), dtype=bool)
    near[np.unique(shapely.STRtree(grids.lonlat).query(boxes)[1])] = True
    owner = owner.copy()
    owner[rows] = layered_owners(
        spots.lonlat[rows], [GridLayer(grids.lonlat, layer[near[layer]]) for layer in layers]
    )
    return owner
