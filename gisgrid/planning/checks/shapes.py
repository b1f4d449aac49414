"""Checks of a plan's polygons: do they tile the communities, each grid in one piece?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gisgrid.balance.walking import StreetNetwork, Walk
from gisgrid.core.arrays import Bools, Floats, Geometries, Ints
from gisgrid.core.limits import Limits
from gisgrid.core.messages import Message, message
from gisgrid.planning.checks.findings import Finding, Fix, Raw
from gisgrid.planning.checks.topology import (
    Pieces,
    gaps,
    inside,
    longest_neighbour,
    mean_width_m,
    mended,
    overlaps,
    strays,
)
from gisgrid.planning.snapshot.snapshot import PlanSnapshot
from gisgrid.planning.workload.walks import walks_m


@dataclass(frozen=True, eq=False)
class Ground:
    """The faults of a plan's ground, each kind computed once for the checks that ask."""

    state: PlanSnapshot
    limits: Limits
    streets: StreetNetwork | None = None
    """Of the town, where they are at hand."""

    @cached_property
    def grids(self) -> Geometries:
        """All grids in the metric CRS, invalid ones mended."""
        return mended(self.state.grids.metric)

    @cached_property
    def communities(self) -> Geometries:
        return mended(self.state.communities.metric)

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Of the grids that tile the ground."""
        return shapely.STRtree(self.grids[self.state.tiling])

    @cached_property
    def points(self) -> shapely.STRtree:
        """Of all houses; one without a point stands as an empty geometry, which nothing covers."""
        xy = self.state.houses.xy_m
        out = shapely.points(np.where(np.isfinite(xy), xy, 0.0))
        out[~np.isfinite(xy).all(axis=1)] = shapely.Point()
        return shapely.STRtree(out)

    @cached_property
    def gaps(self) -> Pieces:
        return gaps(
            self.communities, self.grids[self.state.tiling], rounding_m=self.limits.rounding_m
        )

    @cached_property
    def overlaps(self) -> Pieces:
        rows = self.state.tiling
        found = overlaps(self.grids[rows], rounding_m=self.limits.rounding_m)
        return Pieces(found.shape, rows[found.of], rows[found.other])

    @cached_property
    def strays(self) -> Pieces:
        return strays(
            self.grids,
            self.state.grids.community,
            self.communities,
            rounding_m=self.limits.rounding_m,
        )

    @cached_property
    def walk(self) -> Walk:
        """Along the town's streets."""
        return Walk(self.streets or StreetNetwork.of(self.state.streets), self.limits.detour)

    @cached_property
    def walk_m(self) -> Floats:
        """Metres on foot from each house to help, see `walks_m`."""
        return walks_m(self.state, self.walk)

    def thin(self, pieces: Pieces) -> Bools:
        """Which pieces are slivers: nothing to hand over, only to mend."""
        return np.asarray(
            (mean_width_m(pieces.shape) < self.limits.sliver_m)
            | (shapely.area(pieces.shape) < self.limits.sliver_m2)
        )

    def neighbour(self, piece: BaseGeometry, *, but: tuple[int, ...] = ()) -> int | None:
        """Row of the grid with the longest border along a piece."""
        rows = self.state.tiling
        left_out = tuple(np.flatnonzero(np.isin(rows, but)).tolist())
        found = longest_neighbour(piece, self.grids[rows], self.tree, but=left_out)
        return None if found is None else int(rows[found[0]])

    def joined_to(
        self, piece: BaseGeometry, rows: Ints, *, but: tuple[int, ...] = ()
    ) -> Fix | None:
        """The offer to give a piece with the houses ``rows`` to its longest neighbour."""
        grid = self.neighbour(piece, but=but)
        if grid is None:
            return None
        code = self.state.grids.code[grid]
        people = int(self.state.houses.residents[rows].sum())
        return Fix(
            message(
                "join it to grid {code} (longest common border), {people} residents with it",
                code=code,
                people=people,
            ),
            code,
            people,
        )


def ground_without_grid(ground: Ground) -> Raw:
    """Parts of a community that no grid covers, slivers left to their own check."""
    found = ground.gaps.where(~ground.thin(ground.gaps))
    missing = shapely.is_missing(ground.communities)
    findings = []
    for shape, home in zip(found.shape, found.of.tolist(), strict=True):
        rows = inside(shape, ground.points)
        community = ground.state.communities.code[home]
        area_m2 = float(shapely.area(shape))
        findings.append(
            (
                Finding(
                    shape,
                    message(
                        "{area_m2:.0f} m² of community {community} lie in no grid",
                        area_m2=area_m2,
                        community=community,
                    ),
                    community=community,
                    measure=area_m2,
                    unit="m2",
                    fix=ground.joined_to(shape, rows),
                ),
                rows,
            )
        )
    if missing.any() or not len(missing):
        names = ground.state.communities.code[missing].tolist() or message("all")
        return Raw(
            findings,
            message("no polygon is known of these communities: {names}", names=names),
        )
    return Raw(findings)


def overlapping_grids(ground: Ground) -> Raw:
    """Ground that two grids claim; where exclusive grids lie over basic ones, that is no overlap."""
    found = ground.overlaps.where(~ground.thin(ground.overlaps))
    findings = []
    for shape, a, b in zip(found.shape, found.of.tolist(), found.other.tolist(), strict=True):
        rows = inside(shape, ground.points)
        first, second = ground.state.grids.code[a], ground.state.grids.code[b]
        area_m2 = float(shapely.area(shape))
        people = int(ground.state.houses.residents[rows].sum())
        findings.append(
            (
                Finding(
                    shape,
                    message(
                        "grids {first} and {second} both claim {area_m2:.0f} m²",
                        first=first,
                        second=second,
                        area_m2=area_m2,
                    ),
                    grids=(first, second),
                    community=_community(ground, a),
                    measure=area_m2,
                    unit="m2",
                    fix=Fix(
                        message(
                            "cut it off grid {second}: {first} has the lower code and owns it today",
                            second=second,
                            first=first,
                        ),
                        first,
                        people,
                    ),
                ),
                rows,
            )
        )
    return Raw(findings)


def slivers(ground: Ground) -> Raw:
    """Gaps and overlaps too thin or small to be meant."""
    findings = []
    for pieces, what in (
        (ground.gaps, message("a gap")),
        (ground.overlaps, message("an overlap")),
    ):
        thin = pieces.where(ground.thin(pieces))
        width_m = mean_width_m(thin.shape)
        for k, shape in enumerate(thin.shape):
            rows = inside(shape, ground.points)
            other = int(thin.other[k])
            grids = [ground.neighbour(shape)] if other < 0 else [int(thin.of[k]), other]
            codes = tuple(ground.state.grids.code[g] for g in grids if g is not None)
            home = int(thin.of[k]) if other < 0 else int(ground.state.grids.community[thin.of[k]])
            findings.append(
                (
                    Finding(
                        shape,
                        message(
                            "{what} {width_m:.2f} m wide beside grid {codes}",
                            what=what,
                            width_m=width_m[k],
                            codes=codes,
                        ),
                        grids=codes,
                        community=ground.state.communities.code[home],
                        measure=float(width_m[k]),
                        unit="m",
                        fix=ground.joined_to(shape, rows) if other < 0 else None,
                    ),
                    rows,
                )
            )
    return Raw(findings)


def invalid_grids(ground: Ground) -> Raw:
    """Grids whose polygon crosses itself or is empty."""
    shapes = ground.state.grids.metric
    broken = np.flatnonzero(~shapely.is_valid(shapes) | shapely.is_empty(shapes))
    findings = []
    for row in broken.tolist():
        code = ground.state.grids.code[row]
        why = shapely.is_valid_reason(shapes[row]).split("[")[0].strip()
        findings.append(
            (
                Finding(
                    ground.grids[row],
                    message("the polygon of grid {code} is invalid: {why}", code=code, why=why),
                    grids=(code,),
                    community=_community(ground, row),
                    fix=Fix(message("draw or load it again")),
                ),
                np.flatnonzero(ground.state.houses.grid == row),
            )
        )
    return Raw(findings)


def multipart_grids(ground: Ground) -> Raw:
    """Pieces of grids cut off from the main piece, which is the one with most residents."""
    findings = []
    people = ground.state.houses.residents
    for row in np.flatnonzero(shapely.get_num_geometries(ground.grids) > 1).tolist():
        parts = shapely.get_parts(ground.grids[row])
        parts = parts[mean_width_m(parts) >= ground.limits.rounding_m]
        rows_of = [inside(part, ground.points) for part in parts]
        weight = [
            (int(people[r].sum()), float(shapely.area(p)))
            for r, p in zip(rows_of, parts, strict=True)
        ]
        main = max(range(len(parts)), key=weight.__getitem__, default=0)
        code = ground.state.grids.code[row]
        for k, part in enumerate(parts):
            if k == main:
                continue
            findings.append(
                (
                    Finding(
                        part,
                        message(
                            "a piece of {weight:.0f} m² is cut off from the rest of grid {code}",
                            weight=weight[k][1],
                            code=code,
                        ),
                        grids=(code,),
                        community=_community(ground, row),
                        measure=weight[k][1],
                        unit="m2",
                        fix=ground.joined_to(part, rows_of[k], but=(row,)),
                    ),
                    rows_of[k],
                )
            )
    return Raw(findings)


def outside_community(ground: Ground) -> Raw:
    """Ground of grids outside the community they belong to; slivers are passed over."""
    found = ground.strays.where(~ground.thin(ground.strays))
    findings = []
    for shape, row, area in zip(found.shape, found.of.tolist(), found.other.tolist(), strict=True):
        rows = inside(shape, ground.points)
        code, area_m2 = ground.state.grids.code[row], float(shapely.area(shape))
        there = ground.state.communities.code[area] if area >= 0 else None
        where = (
            message("in community {code}", code=there)
            if there
            else message("outside every community")
        )
        findings.append(
            (
                Finding(
                    shape,
                    message(
                        "{area_m2:.0f} m² of grid {code} lie {where}",
                        area_m2=area_m2,
                        code=code,
                        where=where,
                    ),
                    grids=(code,),
                    community=_community(ground, row),
                    measure=area_m2,
                    unit="m2",
                    fix=_given_back(ground, shape, rows, row, area),
                ),
                rows,
            )
        )
    return Raw(findings)


def _given_back(ground: Ground, shape: BaseGeometry, rows: Ints, row: int, area: int) -> Fix | None:
    """Offer the piece to the longest neighbour among the grids of the community it lies in."""
    if area < 0:
        return Fix(message("cut the grid at the border of its community"))
    others = np.flatnonzero(ground.state.grids.community != area)
    return ground.joined_to(shape, rows, but=(row, *others.tolist()))


def _community(ground: Ground, row: int) -> str:
    return str(ground.state.communities.code[ground.state.grids.community[row]])


SHAPE_CHECKS: tuple[tuple[str, Message, Callable[[Ground], Raw]], ...] = (
    ("gap", message("ground without a grid"), ground_without_grid),
    ("overlap", message("grids overlap"), overlapping_grids),
    ("sliver", message("slivers between grids"), slivers),
    ("invalid", message("invalid polygons"), invalid_grids),
    ("multipart", message("grids in several pieces"), multipart_grids),
    ("outside", message("grids outside or across communities"), outside_community),
)
