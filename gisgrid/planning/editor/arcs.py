"""A plan's borders as arcs between nodes: what is drawn is a border, so no gap can be drawn.

An arc is a line with one grid (or nothing) on each side. Moving it moves both grids. The topology
is made from the stored polygons, corner by corner, and gives them back to the last bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gisgrid.core.arrays import Bools, Floats, Geometries, Ints
from gisgrid.core.errors import Invalid

NOTHING = -1
# Degrees. What a cut computes lies on the border but for rounding; units of ground went by way of
# the metric CRS and its lattice, which may move a corner by millimetres.
ON_BORDER, NEAR_BORDER = 1e-12, 3e-8
# Of two areas that are sums of the same products; what is lost to rounding is far below.
_SAME_AREA = 1e-9


@dataclass(frozen=True, eq=False)
class Topology:
    """Arcs of a plan.

    Parameters
    ----------
    lines
        Corners of each arc, shape (k, 2), k >= 2. A border without a node begins and ends at its
        lowest corner.
    left, right
        Row of the grid on either hand of one who walks along the arc; ``NOTHING`` for no grid.
    count
        Number of grids.
    """

    lines: tuple[Floats, ...]
    left: Ints
    right: Ints
    count: int

    @cached_property
    def shapes(self) -> Geometries:
        """The arcs as lines."""
        sizes = [len(line) for line in self.lines]
        if not sizes:
            return np.zeros(0, dtype=object)
        found: Geometries = shapely.linestrings(
            np.concatenate(self.lines), indices=np.repeat(np.arange(len(sizes)), sizes)
        )
        return found

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Of the arcs."""
        return shapely.STRtree(self.shapes)

    def arcs_of(self, rows: Sequence[int]) -> Ints:
        """Arcs with one of the grids on either side."""
        return np.flatnonzero(np.isin(self.left, rows) | np.isin(self.right, rows))

    def neighbours(self, rows: Sequence[int]) -> list[int]:
        """Other grids along the arcs of some, ascending."""
        arcs = self.arcs_of(rows)
        beside = np.unique(np.concatenate([self.left[arcs], self.right[arcs]]))
        return [r for r in beside.tolist() if r != NOTHING and r not in rows]


def topology_of(polygons: Geometries) -> Topology:
    """The arcs of polygons that share their corners exactly.

    A border that only one polygon has, for the other lies elsewhere, has nothing on its other side.

    Parameters
    ----------
    polygons
        Valid polygons or multipolygons in any one coordinate system; an empty one has no arc.

    Raises
    ------
    Invalid
        Two polygons lie on the same side of a border: they overlap. ``facts["grids"]`` are their
        rows.
    """
    start, end, owner = _segments(polygons)
    names, inverse = np.unique(
        np.concatenate([start, end]) @ np.array([1, 1j]), return_inverse=True
    )
    a, b = np.split(inverse, 2)
    low, high, forward = np.minimum(a, b), np.maximum(a, b), a < b
    key = low * len(names) + high
    order = np.lexsort((~forward, key))
    key, owner, forward = key[order], owner[order], forward[order]
    low, high = low[order], high[order]
    first = np.ones(len(key), dtype=bool)
    first[1:] = key[1:] != key[:-1]
    _refuse_overlaps(first, forward, owner)
    head = np.flatnonzero(first)
    # Interiors lie on the left of a ring's segments, so the two users run against each other.
    left = np.where(forward[head], owner[head], NOTHING)
    tail = np.append(head, len(key))[1:] - 1
    right = np.where(forward[tail], NOTHING, owner[tail])
    # The higher row goes left, so that all segments of a pair of grids run one way round it.
    turned = left < right
    from_, to = np.where(turned, high[head], low[head]), np.where(turned, low[head], high[head])
    left, right = np.maximum(left, right), np.minimum(left, right)
    xy = np.column_stack([names.real, names.imag])
    return _chained(xy, from_, to, left, right, count=len(polygons))


def polygon_of(topology: Topology, row: int) -> BaseGeometry:
    """The ground of one grid, a polygon or multipolygon; empty if it has no arc.

    Raises
    ------
    Invalid
        The arcs enclose other ground than their sides say; ``facts["place"]`` is near.
    """
    mine = np.flatnonzero((topology.left == row) | (topology.right == row))
    if not len(mine):
        return shapely.Polygon()
    lines = [
        topology.lines[k] if topology.left[k] == row else topology.lines[k][::-1] for k in mine
    ]
    faces = shapely.get_parts(shapely.polygonize([shapely.LineString(line) for line in lines]))
    faces = shapely.orient_polygons(faces)
    # Of the faces that the lines enclose, those are its own whose shells run as its lines do.
    along = {
        (*a, *b)
        for line in lines
        for a, b in zip(line[:-1].tolist(), line[1:].tolist(), strict=True)
    }
    own = [
        face
        for face in faces
        if tuple(shapely.get_coordinates(face.exterior)[:2].ravel().tolist()) in along
    ]
    ground = own[0] if len(own) == 1 else shapely.MultiPolygon(own)
    origin = topology.lines[mine[0]][0]
    signed = sum(_twice_area(line - origin) for line in lines)
    area = shapely.area(ground)
    if not shapely.is_valid(ground) or abs(signed / 2 - area) > _SAME_AREA * max(area, 1e-12):
        place = topology.lines[mine[0]][0]
        raise Invalid("The border would pass over another border.", place=place.tolist())
    return ground


def reshaped(topology: Topology, lines: Mapping[int, Floats]) -> tuple[Topology, list[int]]:
    """The topology with other corners on some arcs, and the grids whose ground changed, ascending.

    An end that moves is a node that moves: all arcs that meet there follow.

    Parameters
    ----------
    lines
        All corners of each arc named, in its direction, first and last included.

    Raises
    ------
    Invalid
        No such arc, an end torn in two, a line that crosses itself or another border; where it can
        be shown, ``facts["place"]`` is [lon, lat] of the place.
    """
    new = _with_moved_nodes(topology, lines)
    changed = [k for k, line in new.items() if not np.array_equal(line, topology.lines[k])]
    every = list(topology.lines)
    for k, line in new.items():
        every[k] = line
    moved = replace(topology, lines=tuple(every))
    _refuse_crossings(topology, moved, changed)
    rows = np.unique(np.concatenate([topology.left[changed], topology.right[changed]]))
    grids = [int(r) for r in rows if r != NOTHING]
    for row in grids:
        if not shapely.area(polygon_of(moved, row)) > 0:
            raise Invalid("A grid would be left without ground.", grids=[row])
    return moved, grids


def snapped(
    corners: Floats, lines: Geometries, *, within: float, fixed: Bools | None = None
) -> Floats:
    """The corners, each moved to the nearest corner of the lines, or place on them, within reach.

    Parameters
    ----------
    corners, lines, within
        All in one plane: metres, or degrees where a degree is as long both ways.
    fixed
        Corners that stay.
    """
    out = np.array(corners, dtype=np.float64)
    if not len(lines) or not len(out):
        return out
    points = shapely.points(out)
    ends = shapely.points(shapely.get_coordinates(lines))
    for targets in (ends, np.asarray(lines, dtype=object)):
        free = np.ones(len(out), dtype=bool) if fixed is None else ~fixed
        rows = np.flatnonzero(free & (out == corners).all(axis=1))
        near = shapely.STRtree(targets).query_nearest(
            points[rows], max_distance=within, all_matches=False
        )
        for k, target in zip(rows[near[0]], targets[near[1]], strict=True):
            spot = shapely.get_coordinates(shapely.shortest_line(target, points[k]))[0]
            out[k] = spot
    return out


def with_corners(polygon: BaseGeometry, corners: Floats, *, within: float) -> BaseGeometry:
    """A polygon with further corners on its border; one further away than ``within`` is left out."""
    if not len(corners):
        return polygon
    parts = []
    for part in shapely.get_parts(polygon):
        rings = [
            _with_corners(shapely.get_coordinates(r), corners, within)
            for r in shapely.get_rings(part)
        ]
        parts.append(shapely.Polygon(rings[0], rings[1:]))
    return parts[0] if polygon.geom_type == "Polygon" else shapely.MultiPolygon(parts)


def not_in(corners: Floats, known: Floats) -> Floats:
    """The corners that are none of the known, each once, ascending."""
    fresh = sorted(set(map(tuple, corners.tolist())) - set(map(tuple, known.tolist())))
    return np.array(fresh, dtype=np.float64).reshape(-1, 2)


def share_corners(tiling: Ints, lonlat: Geometries, corners: Floats, within: float) -> None:
    """Put corners into the borders they lie on, in place."""
    corner, at = shapely.STRtree(shapely.boundary(lonlat[tiling])).query(
        shapely.points(corners), predicate="dwithin", distance=within
    )
    # Each grid looks at its own corners only: a town has tens of thousands.
    order = np.lexsort((corner, at))
    corner, at = corner[order], at[order]
    rows, first = np.unique(at, return_index=True)
    for row, low, high in zip(tiling[rows].tolist(), first, [*first[1:], len(at)], strict=False):
        lonlat[row] = with_corners(lonlat[row], corners[corner[low:high]], within=within)


def _with_corners(ring: Floats, corners: Floats, within: float) -> Floats:
    start, step = ring[:-1], np.diff(ring, axis=0)
    length = np.maximum((step**2).sum(axis=1), 1e-300)
    ahead = corners[None] - start[:, None]
    along = (ahead * step[:, None]).sum(axis=2) / length[:, None]
    off = np.linalg.norm(ahead - np.clip(along, 0, 1)[..., None] * step[:, None], axis=2)
    best = off.argmin(axis=0)
    column = np.arange(len(corners))
    there = (ring[:-1, None] == corners[None]).all(axis=2).any(axis=0)
    fits = (off[best, column] <= within) & ~there
    fits &= (along[best, column] > 0) & (along[best, column] < 1)
    chosen = np.flatnonzero(fits)
    order = chosen[np.lexsort((along[best, column][chosen], best[chosen]))]
    return np.insert(ring, best[order] + 1, corners[order], axis=0)


def _segments(polygons: Geometries) -> tuple[Floats, Floats, Ints]:
    parts, of = shapely.get_parts(polygons, return_index=True)
    rings, part = shapely.get_rings(shapely.orient_polygons(parts), return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    real = np.flatnonzero((ring[1:] == ring[:-1]) & (xy[1:] != xy[:-1]).any(axis=1))
    return xy[real], xy[real + 1], of[part[ring[real]]]


def _refuse_overlaps(first: Bools, forward: Bools, owner: Ints) -> None:
    twice = np.flatnonzero(~first[1:] & (forward[1:] == forward[:-1])) + 1
    if len(twice):
        grids = np.unique(np.concatenate([owner[twice], owner[twice - 1]])).tolist()
        raise Invalid(
            "{count} grids overlap; their borders cannot be drawn before that is mended.",
            count=len(grids),
            grids=grids,
        )


def _chained(xy: Floats, from_: Ints, to: Ints, left: Ints, right: Ints, *, count: int) -> Topology:
    """Segments put together to arcs, which end where more than two segments or other grids meet."""
    pair = (left + 1) * (count + 1) + right + 1
    into = np.full(len(xy), -1)
    out = np.full(len(xy), -1)
    into[to] = np.arange(len(to))
    out[from_] = np.arange(len(from_))
    degree = np.bincount(np.concatenate([from_, to]), minlength=len(xy))
    through = (degree == 2) & (into >= 0) & (out >= 0)
    through[through] = pair[into[through]] == pair[out[through]]
    lines, heads = [], []
    seen = np.zeros(len(from_), dtype=bool)
    starts = np.flatnonzero(~through[from_])
    # What has no node at all is a ring; it begins at its lowest corner.
    for first in [*starts.tolist(), *np.argsort(from_, kind="stable").tolist()]:
        if seen[first]:
            continue
        chain, k = [int(from_[first])], first
        while k >= 0 and not seen[k]:
            seen[k] = True
            chain.append(int(to[k]))
            k = int(out[to[k]]) if through[to[k]] else -1
        lines.append(xy[chain])
        heads.append(first)
    return Topology(tuple(lines), left[heads], right[heads], count)


def _with_moved_nodes(topology: Topology, lines: Mapping[int, Floats]) -> dict[int, Floats]:
    new: dict[int, Floats] = {}
    moved: dict[tuple[float, ...], tuple[float, ...]] = {}
    for k, given in lines.items():
        line = np.asarray(given, dtype=np.float64).reshape(-1, 2)
        if not 0 <= k < len(topology.lines) or len(line) < 2 or not np.isfinite(line).all():
            raise Invalid("The drawing names no arc of this plan.")
        old = topology.lines[k]
        for was, now in ((old[0], line[0]), (old[-1], line[-1])):
            target = moved.setdefault(tuple(was.tolist()), tuple(now.tolist()))
            if target != tuple(now.tolist()):
                raise Invalid(
                    "The drawing tears a corner where borders meet in two.", place=list(target)
                )
        new[k] = line
    moved = {was: now for was, now in moved.items() if was != now}
    for k, old in enumerate(topology.lines) if moved else ():
        ends = tuple(old[0].tolist()), tuple(old[-1].tolist())
        if k not in new and (ends[0] in moved or ends[1] in moved):
            line = old.copy()
            line[0], line[-1] = moved.get(ends[0], ends[0]), moved.get(ends[1], ends[1])
            new[k] = line
    return new


def _refuse_crossings(before: Topology, after: Topology, changed: Sequence[int]) -> None:
    """Changed arcs may meet others, and themselves, at nodes only."""
    fresh = np.array([shapely.LineString(after.lines[k]) for k in changed], dtype=object)
    for k, shape in zip(changed, fresh, strict=True):
        line = after.lines[k]
        if not shapely.is_simple(shape) or (line[1:] == line[:-1]).all(axis=1).any():
            _refuse_crossing(_self_crossing(line))
    one, two = before.tree.query(fresh, predicate="intersects")
    apart = ~np.isin(two, changed)
    own_a, own_b = shapely.STRtree(fresh).query(fresh, predicate="intersects")
    other = own_a != own_b
    meetings = np.concatenate(
        [
            shapely.intersection(fresh[one[apart]], before.shapes[two[apart]]),
            shapely.intersection(fresh[own_a[other]], fresh[own_b[other]]),
        ]
    )
    ends = {
        tuple(end)
        for k in {*changed, *two[apart].tolist()}
        for end in (after.lines[k][0].tolist(), after.lines[k][-1].tolist())
    }
    for meeting in meetings:
        for part in shapely.get_parts(meeting):
            spot = tuple(shapely.get_coordinates(part)[0].tolist())
            if part.geom_type != "Point" or spot not in ends:
                _refuse_crossing(spot)


def _self_crossing(line: Floats) -> tuple[float, ...]:
    """The first place where a line meets itself, as far as its segments tell."""
    segments = shapely.linestrings(np.stack([line[:-1], line[1:]], axis=1))
    a, b = shapely.STRtree(segments).query(segments, predicate="intersects")
    for i, j in zip(a.tolist(), b.tolist(), strict=True):
        if j > i + 1 and not (i == 0 and j == len(segments) - 1):
            return tuple(
                shapely.get_coordinates(shapely.intersection(segments[i], segments[j]))[0].tolist()
            )
    return tuple(line[len(line) // 2].tolist())


def _refuse_crossing(spot: tuple[float, ...]) -> None:
    raise Invalid(
        "The border crosses itself or another border near {lon:.6f}, {lat:.6f}.",
        lon=spot[0],
        lat=spot[1],
        place=list(spot),
    )


def _twice_area(line: Floats) -> float:
    """Shoelace sum of one line, seen from the origin."""
    x, y = line.T
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum())
