"""Faces of a plane cut by lines: give each to a label, and melt equal labels into polygons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from gisgrid.balance.lattice import CELL_M, Segments
from gisgrid.core.arrays import Bools, Floats, Geometries, Ints


@dataclass(frozen=True, eq=False)
class Contacts:
    """Directed contacts of faces: face ``of`` touches face ``to`` along ``length_m``."""

    of: Ints
    to: Ints
    length_m: Floats

    def where(self, keep: Bools) -> Contacts:
        return Contacts(self.of[keep], self.to[keep], self.length_m[keep])


def contacts(segments: Segments, keep: Bools | None = None) -> Contacts:
    """Both directions of each segment with a face on either side (and ``keep`` set)."""
    inner = segments.right >= 0
    if keep is not None:
        inner &= keep
    left, right, length = segments.left[inner], segments.right[inner], segments.length_m[inner]
    return Contacts(
        np.concatenate([left, right]),
        np.concatenate([right, left]),
        np.concatenate([length, length]),
    )


def cut_into_faces(lines: Geometries, clean: Geometries | None = None) -> Geometries:
    """The faces that lines cut the plane into, after one snap rounding of all lines together.

    ``clean`` are further lines on the lattice that meet the others, and each other, at ends only.
    """
    noded = shapely.union_all(shapely.geometrycollections(lines), grid_size=CELL_M)
    every = [noded] if clean is None else [noded, *clean]
    return np.asarray(shapely.get_parts(shapely.polygonize(every)))


def flood(label: Ints, todo: Bools, touching: Contacts) -> Ints:
    """Label the unlabelled (-1) faces in ``todo``, round by round, from a neighbour.

    Of several neighbours the label with the longest shared border wins, of equals the highest.
    What no labelled face can reach stays -1.
    """
    label = label.copy()
    while True:
        asks = todo[touching.of] & (label[touching.of] < 0) & (label[touching.to] >= 0)
        if not asks.any():
            return label
        base = label.max() + 1
        wish, inverse = np.unique(
            touching.of[asks] * base + label[touching.to[asks]], return_inverse=True
        )
        length_m = np.bincount(inverse, touching.length_m[asks])
        order = np.lexsort((length_m, wish // base))
        face, winner = wish[order] // base, wish[order] % base
        last = np.append(face[1:] != face[:-1], True)
        label[face[last]] = winner[last]


def hand_crumbs_over(
    label: Ints, area_m2: Floats, segments: Segments, movable: Bools
) -> tuple[Ints, int]:
    """Pieces of a label apart from its largest piece go to another label they touch.

    Only ``movable`` faces change. Also comes back: how many did.
    """
    everywhere = contacts(segments)
    moved = 0
    for _ in range(3):  # a crumb's neighbour may itself have been a crumb
        home = everywhere.where(
            (label[everywhere.of] == label[everywhere.to]) & (label[everywhere.of] >= 0)
        )
        piece = _pieces(len(label), home)
        piece_area = np.bincount(piece, area_m2)
        held = label >= 0
        largest = np.zeros(label.max(initial=0) + 1)
        np.maximum.at(largest, label[held], piece_area[piece[held]])
        crumb = held & movable
        crumb[held] &= piece_area[piece[held]] < largest[label[held]]
        if not crumb.any():
            break
        before = np.where(crumb, label, -1)
        elsewhere = (before[everywhere.of] < 0) | (before[everywhere.of] != label[everywhere.to])
        label = flood(np.where(crumb, -1, label), crumb, everywhere.where(elsewhere))
        stuck = crumb & (label < 0)
        label[stuck] = before[stuck]
        moved += int((crumb & ~stuck).sum())
        if stuck.sum() == crumb.sum():
            break
    return label, moved


def dissolve(polygons: Geometries, label: Ints, count: int) -> Geometries:
    """The union of the polygons of each label, no vertex lost; an unused label is an empty polygon.

    The polygons must be a valid coverage. Shells come out anticlockwise.
    """
    order = np.argsort(label, kind="stable")
    start = np.searchsorted(label[order], np.arange(count + 1))
    size = np.diff(start)
    out = np.empty(count, dtype=object)
    alone = size == 1
    out[alone] = polygons[order[start[:-1][alone]]]
    for i in np.flatnonzero(size > 1):
        union = shapely.coverage_union_all(polygons[order[start[i] : start[i + 1]]])
        out[i] = shapely.get_geometry(union, 0) if len(shapely.get_parts(union)) == 1 else union
    out[size == 0] = shapely.Polygon()
    return np.asarray(shapely.orient_polygons(out))


def _pieces(count: int, joined: Contacts) -> Ints:
    ones = np.ones(len(joined.of), dtype=np.int8)
    matrix = csr_array((ones, (joined.of, joined.to)), shape=(count, count))
    return np.asarray(connected_components(matrix, directed=False)[1], dtype=np.int64)
