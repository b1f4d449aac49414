"""How far is it on foot? Along the streets, or straight with a detour where streets do not tell."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace

import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from gisgrid.core.arrays import Floats, Geometries, Ints

NODE_M = 0.01
"""Street ends closer than this are one crossing."""
PART = 10_000
"""So many points are put on the streets at a time, the parts beside each other."""


@dataclass(frozen=True, eq=False)
class StreetNetwork:
    """A noded street network: edges between crossings, in metres."""

    node_xy: Floats
    start: Ints
    end: Ints
    length_m: Floats
    lines: Geometries
    tree: shapely.STRtree

    @classmethod
    def of(cls, lines: Geometries) -> StreetNetwork | None:
        """The network of centre lines in a metric CRS; None if there is no line.

        Lines are cut where they cross or touch: a bridge counts as a crossing.
        """
        lines = np.asarray(lines, dtype=object)
        lines = lines[~shapely.is_missing(lines) & ~shapely.is_empty(lines)]
        if not len(lines):
            return None
        parts = shapely.get_parts(shapely.union_all(lines, grid_size=NODE_M))
        parts = parts[shapely.length(parts) > 0]
        corners, line = shapely.get_coordinates(parts, return_index=True)
        begin = np.flatnonzero(np.append(True, line[1:] != line[:-1]))
        ends = corners[np.concatenate([begin, np.append(begin[1:], len(corners)) - 1])]
        # One number a place: rows of two take ten times as long to sort.
        x, y = np.rint((ends - ends.min(axis=0)) / NODE_M).astype(np.int64).T
        _, first, node = np.unique(x * (y.max() + 1) + y, return_index=True, return_inverse=True)
        return cls(
            node_xy=ends[first],
            start=node[: len(parts)],
            end=node[len(parts) :],
            length_m=shapely.length(parts),
            lines=parts,
            tree=shapely.STRtree(parts),
        )


@dataclass(frozen=True, eq=False)
class Snapped:
    """Points put on the nearest street: which, how far along it, and the way to it (with detour)."""

    edge: Ints
    along_m: Floats
    off_m: Floats


@dataclass(frozen=True, eq=False)
class Walk:
    """A way to measure walks.

    Parameters
    ----------
    streets
        None: every walk is the straight line times ``detour``.
    detour
        Also for walks that the streets do not join, and for the way from a door to the street.
    places
        Points that were put on the streets before, by row; see `knowing`.
    """

    streets: StreetNetwork | None
    detour: float
    places: Snapped | None = None

    def knowing(self, xy: Floats) -> Walk:
        """The walk with points put on the streets once; NaN are passed over, and nobody may ask for them."""
        there = np.flatnonzero(np.isfinite(xy).all(axis=1))
        if self.streets is None or not len(there):
            return self
        found = self._snap(xy[there])
        places = Snapped(np.zeros(len(xy), dtype=np.int64), np.zeros(len(xy)), np.zeros(len(xy)))
        for field in fields(Snapped):
            getattr(places, field.name)[there] = getattr(found, field.name)
        return replace(self, places=places)

    def nearest_m(self, xy: Floats, targets: Floats) -> Floats:
        """Metres on foot from each point to the nearest of ``targets``; infinite without targets."""
        if not len(targets):
            return np.full(len(xy), np.inf)
        straight: Floats = cKDTree(targets).query(xy)[0] * self.detour
        if self.streets is None or not len(xy):
            return straight
        places, spots = self._snap(xy), self._snap(targets)
        graph = self._joined(spots)
        own = self._own_nodes(spots)
        to_node = dijkstra(graph, indices=own, min_only=True)
        known = self._walks(to_node, spots, places)
        return np.where(np.isfinite(known), known, straight)

    def to_own_m(
        self, xy: Floats, group: Ints, base_xy: Floats, *, rows: Ints | None = None
    ) -> Floats:
        """Metres on foot from each point to the base of its group.

        Parameters
        ----------
        group
            Row of ``base_xy`` for each point.
        rows
            Of the points among those that were put on the streets before, if they were.
        """
        straight: Floats = np.hypot(*(xy - base_xy[group]).T) * self.detour
        if self.streets is None or not len(xy):
            return straight
        if self.places is not None and rows is not None:
            places = _some(self.places, rows)
        else:
            places = self._snap(xy)
        bases = self._snap(base_xy)
        graph, own = self._joined(bases), self._own_nodes(bases)
        out = straight.copy()
        order = np.argsort(group, kind="stable")
        first = np.searchsorted(group[order], np.arange(len(base_xy) + 1))
        for g in np.unique(group).tolist():
            rows = order[first[g] : first[g + 1]]
            # Nobody walks many times the straight line: the search may stop there.
            reach_m = float(straight[rows].max()) * 4 + 200.0
            to_node = dijkstra(graph, indices=own[g], limit=reach_m)
            known = self._walks(to_node, _some(bases, [g]), _some(places, rows))
            out[rows] = np.where(np.isfinite(known), known, straight[rows])
        return out

    def pairs_within(self, sites: Floats, xy: Floats, limit_m: float) -> tuple[Ints, Ints]:
        """Pairs (site, point) at most ``limit_m`` apart on foot, sorted."""
        none = np.zeros(0, dtype=np.int64)
        if not len(sites) or not len(xy):
            return none, none
        # No walk along streets is shorter than the straight line (times a detour below 1), so only
        # what lies within that is asked.
        least = self.detour if self.streets is None else min(self.detour, 1.0)
        radius_m = limit_m / least if least > 0 else np.inf
        near = cKDTree(xy).query_ball_point(sites, radius_m, return_sorted=True)
        found = [np.asarray(rows, dtype=np.int64) for rows in near]
        if self.streets is not None:
            places, spots = self._snap(xy), self._snap(sites)
            graph, own = self._joined(spots), self._own_nodes(spots)
            for s, rows in enumerate(found):
                to_node = dijkstra(graph, indices=own[s], limit=limit_m)
                known = self._walks(to_node, _some(spots, [s]), _some(places, rows))
                found[s] = rows[known <= limit_m]
        return np.repeat(np.arange(len(sites)), [len(f) for f in found]), np.concatenate(found)

    def _snap(self, xy: Floats) -> Snapped:
        if len(xy) < 2 * PART:
            return self._snap_part(xy)
        # GEOS lets the interpreter go meanwhile.
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            parts = list(pool.map(self._snap_part, np.array_split(xy, len(xy) // PART)))
        return Snapped(
            *(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Snapped))
        )

    def _snap_part(self, xy: Floats) -> Snapped:
        assert self.streets is not None  # noqa: S101 - narrows the type
        points = shapely.points(xy)
        place, edge = self.streets.tree.query_nearest(points, all_matches=False)
        of = np.zeros(len(xy), dtype=np.int64)
        of[place] = edge
        lines = self.streets.lines[of]
        off_m = shapely.distance(lines, points) * self.detour
        return Snapped(of, shapely.line_locate_point(lines, points), off_m)

    def _own_nodes(self, sources: Snapped) -> Ints:
        assert self.streets is not None  # noqa: S101 - narrows the type
        return np.arange(len(sources.edge)) + len(self.streets.node_xy)

    def _joined(self, sources: Snapped) -> csr_array:
        """The network with a node for each source, joined to both ends of its street.

        A walk begins at the source's door: its way to the street is part of these edges.
        """
        net = self.streets
        assert net is not None  # noqa: S101 - narrows the type
        own = self._own_nodes(sources)
        a = np.concatenate([net.start, own, own])
        b = np.concatenate([net.end, net.start[sources.edge], net.end[sources.edge]])
        rest_m = net.length_m[sources.edge] - sources.along_m
        doors_m = np.concatenate([sources.along_m, rest_m]) + np.tile(sources.off_m, 2)
        return _graph(a, b, np.concatenate([net.length_m, doors_m]), len(net.node_xy) + len(own))

    def _walks(self, to_node: Floats, sources: Snapped, places: Snapped) -> Floats:
        """Walks to each place, given those to the nodes; infinite where the streets do not join."""
        net = self.streets
        assert net is not None  # noqa: S101 - narrows the type
        edge, along_m = places.edge, places.along_m
        by_ends = np.minimum(
            to_node[net.start[edge]] + along_m,
            to_node[net.end[edge]] + net.length_m[edge] - along_m,
        )
        walk: Floats = np.minimum(by_ends, _same_street(sources, places)) + places.off_m
        return walk


def _same_street(sources: Snapped, places: Snapped) -> Floats:
    """Walks along the street on which both the source and the place lie; infinite elsewhere."""
    walk = np.full(len(places.edge), np.inf)
    order = np.argsort(places.edge, kind="stable")
    low = np.searchsorted(places.edge[order], sources.edge, side="left")
    high = np.searchsorted(places.edge[order], sources.edge, side="right")
    for s, (i, j) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        rows = order[i:j]
        direct = np.abs(places.along_m[rows] - sources.along_m[s]) + sources.off_m[s]
        walk[rows] = np.minimum(walk[rows], direct)
    return walk


def _graph(a: Ints, b: Ints, length: Floats, count: int) -> csr_array:
    """The graph of edges, each in both directions; of parallel ones the shortest counts.

    SciPy would put the directions together anew for each search.
    """
    low, high = np.minimum(a, b), np.maximum(a, b)
    order = np.lexsort((length, high, low))
    low, high, length = low[order], high[order], length[order]
    first = np.append(True, (low[1:] != low[:-1]) | (high[1:] != high[:-1])) & (low != high)
    # SciPy takes a stored zero for no edge.
    weight = np.tile(np.maximum(length[first], 1e-6), 2)
    ends = np.concatenate([low[first], high[first]]), np.concatenate([high[first], low[first]])
    return csr_array((weight, ends), shape=(count, count))


def _some(points: Snapped, rows: Ints | list[int]) -> Snapped:
    return Snapped(points.edge[rows], points.along_m[rows], points.off_m[rows])
