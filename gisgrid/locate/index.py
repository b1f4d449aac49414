"""The arrays a locator answers from, and how they are made of polygons."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gisgrid.core.errors import Invalid
from gisgrid.locate.kernels import boxes as box_kernels
from gisgrid.locate.kernels.cells import MOST_TABLE
from gisgrid.locate.kernels.edges import shared_edges, total_extents
from gisgrid.locate.kernels.exact import ring_turns
from gisgrid.locate.kernels.grid import fill_grid
from gisgrid.locate.kernels.raster import coarse_lists, corner_sums, jumps
from gisgrid.locate.kernels.records import Words

EDGES_PER_COARSE_CELL = 0.5
CELLS_PER_EDGE = 2.0
MOST_COARSE = 8192
THREADS = 2
"""Fill the grid, each a part of its coarse cells; the parts are many, since some are more crowded."""
PARTS = 8
CELLS_PER_PART = 4096
"""Fewer are not worth a thread."""
# Where the grid begins inside its first cell: odd numbers, so that no round coordinate falls on a
# line of the grid. When rounding still leaves a corner in doubt the next pair is taken.
OFFSETS = ((0.7364512, 0.7182331), (0.6618033, 0.7071067), (0.7390851, 0.6931471), (0.6, 0.65))

Array = npt.NDArray[np.float64] | npt.NDArray[np.int32] | npt.NDArray[np.int64]


@dataclass(frozen=True)
class Index:
    """Arrays of ``Locator``; polygons are numbered in input order.

    Parameters
    ----------
    head, hot
        The grid; see ``kernels.lookup``.
    xy, boxes, begins
        Vertices of all rings with a row of NaN after each ring, and the boxes over them.
    start
        Polygon g has the rows ``start[g]`` to ``start[g + 1]`` of ``xy``.
    rank
        Place of each polygon when they are sorted by code.
    tree_boxes, tree_begins, tree_polygon
        Boxes of the polygons, in an order that keeps neighbours together, and boxes over them.
    """

    head: npt.NDArray[np.float64]
    hot: npt.NDArray[np.int32]
    xy: npt.NDArray[np.float64]
    boxes: npt.NDArray[np.float64]
    begins: npt.NDArray[np.int64]
    start: npt.NDArray[np.int64]
    rank: npt.NDArray[np.int32]
    tree_boxes: npt.NDArray[np.float64]
    tree_begins: npt.NDArray[np.int64]
    tree_polygon: npt.NDArray[np.int32]

    @property
    def nbytes(self) -> int:
        """Memory of all arrays in bytes."""
        return sum(getattr(self, field.name).nbytes for field in fields(self))


@dataclass(frozen=True)
class Rings:
    """Closed rings with a row of NaN after each; ring r has rows ``first[r]`` to ``stop[r]``."""

    xy: npt.NDArray[np.float64]
    first: npt.NDArray[np.int64]
    stop: npt.NDArray[np.int64]
    polygon: npt.NDArray[np.int64]
    is_shell: npt.NDArray[np.bool_]


def build_index(
    polygons: Sequence[BaseGeometry], codes: Sequence[str]
) -> tuple[Index, npt.NDArray[np.bool_]]:
    """Arrays for the polygons, and which of them may overlap another or themselves.

    Raises
    ------
    Invalid
        If an entry is not a Polygon or MultiPolygon, is empty, or has an endless coordinate.
    """
    rings = _rings(polygons, codes)
    m = len(polygons)
    order = sorted(range(m), key=codes.__getitem__)
    rank = np.empty(m, np.int32)
    rank[order] = np.arange(m, dtype=np.int32)
    if m == 0:
        return _empty(), np.zeros(0, np.bool_)
    start = np.zeros(m + 1, np.int64)
    np.cumsum(np.bincount(rings.polygon, rings.stop - rings.first + 1, m), out=start[1:])
    side = ring_turns(rings.xy, rings.first, rings.stop) * np.where(rings.is_shell, 1, -1)
    boxes, begins = box_kernels.pyramid(box_kernels.segment_boxes(rings.xy))
    tree = _tree(box_kernels.polygon_boxes(rings.xy, start), boxes[-1])
    ends, left, right = shared_edges(rings.xy, rings.first, rings.stop, rings.polygon, side)
    shapes = (rings.xy, boxes, begins, start, rank, *tree)
    suspect = np.zeros(m, np.bool_)
    for offset in OFFSETS:
        suspect[:] = False
        grid = _grid(ends, left, right, boxes[-1], offset, shapes, suspect)
        if grid is not None:
            break
    else:
        raise Invalid(
            "The polygons' coordinates are too close together for their size: nothing is left to tell them apart."
        )
    head, hot = grid
    return Index(head, hot, rings.xy, boxes, begins, start, rank, *tree), suspect


def _rings(polygons: Sequence[BaseGeometry], codes: Sequence[str]) -> Rings:
    array = np.asarray(polygons, dtype=object)
    kinds = shapely.get_type_id(array) if len(array) else np.empty(0, np.int32)
    bad = np.flatnonzero(~np.isin(kinds, (3, 6)) | shapely.is_empty(array))
    if len(bad):
        raise Invalid(
            "Grid {code} is no polygon with ground in it.", code=codes[bad[0]], count=len(bad)
        )
    if len(array) == 0:
        none = np.empty(0, np.int64)
        return Rings(np.empty((0, 2)), none, none, none, np.empty(0, np.bool_))
    kind, coordinates, offsets = shapely.to_ragged_array(array, include_z=False)
    if kind == shapely.GeometryType.POLYGON:
        of_rings, of_parts = offsets
        of_polygons = np.arange(len(array) + 1)
    else:
        of_rings, of_parts, of_polygons = offsets
    if not np.isfinite(coordinates).all():
        row = int(np.flatnonzero(~np.isfinite(coordinates).all(axis=1))[0])
        ring = int(np.searchsorted(of_rings, row, "right")) - 1
        part = int(np.searchsorted(of_parts, ring, "right")) - 1
        code = codes[int(np.searchsorted(of_polygons, part, "right")) - 1]
        raise Invalid("Grid {code} has a coordinate that is not a finite number.", code=code)
    count = len(of_rings) - 1
    lengths = np.diff(of_rings)
    ring_of = np.repeat(np.arange(count), lengths)
    xy = np.full((len(coordinates) + count, 2), np.nan)
    xy[np.arange(len(coordinates)) + ring_of] = coordinates + 0.0  # -0.0 and 0.0 hash alike
    first = np.asarray(of_rings[:-1], np.int64) + np.arange(count)
    is_shell = np.zeros(count, np.bool_)
    is_shell[of_parts[:-1]] = True
    part_of_ring = np.repeat(np.arange(len(of_parts) - 1), np.diff(of_parts))
    polygon_of_part = np.repeat(np.arange(len(array)), np.diff(of_polygons))
    return Rings(xy, first, first + lengths, polygon_of_part[part_of_ring], is_shell)


def _tree(
    boxes: npt.NDArray[np.float64], frame: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    width, height = _spans(frame)
    keys = box_kernels.morton_keys(boxes, frame[0], frame[1], width, height)
    order = np.argsort(keys, kind="stable")
    tree_boxes, tree_begins = box_kernels.pyramid(boxes[order])
    return tree_boxes, tree_begins, order.astype(np.int32)


def _spans(frame: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Width and height of a box; a point gets the least span its coordinates can resolve."""
    west, south, east, north = (float(value) for value in frame)
    least = 64 * float(np.spacing(np.abs(frame).max()))
    return max(east - west, least), max(north - south, least)


def _grid(  # noqa: PLR0917
    ends: npt.NDArray[np.float64],
    left: npt.NDArray[np.int32],
    right: npt.NDArray[np.int32],
    frame: npt.NDArray[np.float64],
    offset: tuple[float, float],
    shapes: tuple[Array, ...],
    suspect: npt.NDArray[np.bool_],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int32]] | None:
    """``head`` and ``hot``, or None if a corner of the grid lies on a border to rounding."""
    width, height = _spans(frame)
    columns, rows = _divisions(ends, width, height)
    cell_x, cell_y = width / (columns - 1.5), height / (rows - 1.5)
    columns, rows = columns + 1, rows + 1
    west, south = frame[0] - cell_x * offset[0], frame[1] - cell_y * offset[1]
    per_x, per_y = 1 / cell_x, 1 / cell_y
    edge = np.empty_like(ends)
    edge[:, 0::2] = (ends[:, 0::2] - west) * per_x
    edge[:, 1::2] = (ends[:, 1::2] - south) * per_y
    begin, listed = coarse_lists(edge, columns, rows)
    jump = jumps(left, right)
    sums, doubtful = corner_sums(edge, jump, begin, listed, columns, rows)
    if doubtful:
        return None
    box = (float(west), float(south), float(per_x), float(per_y))

    lists = (edge, jump, left, right, begin, listed, sums)
    cuts = np.linspace(0, len(sums), min(PARTS, 1 + len(sums) // CELLS_PER_PART) + 1).astype(int)
    most = MOST_TABLE // (len(cuts) - 1)

    def fill(first: int, last: int) -> tuple[Words, Words, Words, int]:
        return fill_grid(*lists, first, last, most, columns, box, CELLS_PER_EDGE, shapes, suspect)

    with ThreadPoolExecutor(THREADS) as pool:
        parts = list(pool.map(fill, cuts[:-1].tolist(), cuts[1:].tolist()))
    if any(doubts for *_, doubts in parts):
        return None
    coarse, table, words = _joined(parts)
    records = (len(coarse) + len(table) + 3) // 4 * 4
    hot = np.zeros(records + len(words), np.int32)
    hot[: len(coarse)] = coarse
    hot[len(coarse) : len(coarse) + len(table)] = table
    hot[records:] = words
    head = np.array([west, south, per_x, per_y, columns, rows, records, len(suspect)], np.float64)
    return head, hot


def _joined(parts: Sequence[tuple[Words, Words, Words, int]]) -> tuple[Words, Words, Words]:
    """The parts' tables one after the other, each pointing to where its own words now stand."""
    fine = words = 0
    for coarse, table, records, _ in parts:
        coarse[coarse >= 0] += fine << 4
        table[table < 0] -= words
        fine, words = fine + len(table), words + len(records)
    coarse, table, records = (
        np.concatenate(arrays) for arrays in list(zip(*parts, strict=True))[:3]
    )
    return coarse, table, records


def _divisions(ends: npt.NDArray[np.float64], width: float, height: float) -> tuple[int, int]:
    """Columns and rows: two cells to an edge, fewer if long edges cross very many."""
    across, along = total_extents(ends)
    crossings = across / width + along / height
    most = (4 * len(ends) + 4096) / max(crossings, 1.0)
    side = max(4.0, min((len(ends) / EDGES_PER_COARSE_CELL) ** 0.5, most))
    shape = (width / height) ** 0.5
    columns = int(min(max(4.0, side * shape), MOST_COARSE))
    return columns, int(min(max(4.0, side / shape), MOST_COARSE))


def _empty() -> Index:
    """The index of no polygons: one grid of cells in which nobody is."""
    coarse, none = np.full(4, -1, np.int32), np.empty((0, 4))
    head = np.array([0, 0, 1, 1, 2, 2, 8, 0], np.float64)
    hot = np.concatenate([coarse, np.zeros(4, np.int32)])
    offsets = np.zeros(2, np.int64)
    ids = np.empty(0, np.int32)
    xy = np.empty((0, 2))
    return Index(head, hot, xy, none, offsets, offsets[:1], ids, none, offsets, ids)
