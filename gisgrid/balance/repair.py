"""Grids as they come in, turned into a coverage: no overlap, no hairline gap, shared vertices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gisgrid.balance.faces import contacts, cut_into_faces, dissolve, flood, hand_crumbs_over
from gisgrid.balance.lattice import mean_width_m, shared_segments, to_lattice
from gisgrid.core.arrays import Bools, Geometries, Ints
from gisgrid.core.errors import Invalid


@dataclass(frozen=True)
class Repair:
    """What had to be done to the grids before they tiled the ground."""

    repaired: bool
    invalid: int = 0
    gaps_filled: int = 0
    overlaps_settled: int = 0
    overlap_m2: float = 0.0
    crumbs: int = 0


def repair_grids(
    grids: Geometries, *, gap_m: float = 0.10, overlap_m: float = 5.0
) -> tuple[Geometries, Repair]:
    """The grids as a valid coverage on the lattice, and what was mended.

    A clean coverage is only rounded. Otherwise all borders are snap-rounded together, the plane is
    cut into faces; overlaps go to the first of the grids that claim them, whose ground they are by the
    rule of one owner, and gaps thinner than ``gap_m`` to the neighbour with the longest border. (``shapely.coverage_clean`` is no road here: with some snapping distances it
    loses whole grids without a word.)

    Parameters
    ----------
    grids
        Polygons or multipolygons in a metric CRS, in order of grid code.
    gap_m, overlap_m
        Mean width up to which a gap is closed and an overlap is settled. Wider gaps stay.

    Raises
    ------
    Invalid
        A grid is empty or no polygon, or an overlap is wider than ``overlap_m``.
    """
    grids = np.asarray(grids, dtype=object)
    _check_polygons(grids)
    invalid = ~shapely.is_valid(grids)
    if invalid.any():
        grids = grids.copy()
        grids[invalid] = shapely.make_valid(grids[invalid], method="structure")
        _check_polygons(grids)
    rounded = to_lattice(grids)
    if not invalid.any() and _is_clean(grids, gap_m) and _is_clean(rounded, gap_m):
        return np.asarray(shapely.orient_polygons(rounded)), Repair(repaired=False)

    faces = cut_into_faces(shapely.boundary(rounded))
    face, grid = shapely.STRtree(rounded).query(
        shapely.point_on_surface(faces), predicate="intersects"
    )
    covers = np.bincount(face, minlength=len(faces))
    width_m = mean_width_m(faces)
    _refuse_wide_overlaps(face, grid, (covers > 1) & (width_m > overlap_m), overlap_m)
    label = np.full(len(faces), len(grids))
    np.minimum.at(label, face, grid)
    label[covers == 0] = -1
    gap, overlap = (covers == 0) & (width_m <= gap_m), covers > 1
    segments = shared_segments(faces)
    label = flood(label, gap, contacts(segments))
    movable = (covers != 1) | (width_m <= gap_m)
    label, crumbs = hand_crumbs_over(label, shapely.area(faces), segments, movable)
    held = label >= 0
    whole = dissolve(faces[held], label[held], len(grids))
    if (lost := shapely.is_empty(whole)).any():
        raise Invalid(
            "Some grids lie wholly under other grids.", grids=np.flatnonzero(lost).tolist()
        )
    return whole, Repair(
        repaired=True,
        invalid=int(invalid.sum()),
        gaps_filled=int(gap.sum()),
        overlaps_settled=int(overlap.sum()),
        overlap_m2=float(shapely.area(faces[overlap]).sum()),
        crumbs=crumbs,
    )


def _check_polygons(grids: Geometries) -> None:
    polygonal = np.isin(shapely.get_type_id(grids), (3, 6)) & ~shapely.is_empty(grids)
    polygonal &= shapely.area(grids) > 0
    if not polygonal.all():
        raise Invalid(
            "A grid needs to be a polygon with ground in it.",
            grids=np.flatnonzero(~polygonal).tolist(),
        )


def _is_clean(grids: Geometries, gap_m: float) -> bool:
    """A valid coverage without thin enclosed gaps (``gap_width`` finds false ones on real ground)."""
    if not (shapely.is_valid(grids).all() and shapely.coverage_is_valid(grids)):
        return False
    outline = shapely.get_parts(shapely.coverage_union_all(grids))
    rings, part = shapely.get_rings(outline, return_index=True)
    inner = rings[np.append(False, part[1:] == part[:-1])]
    return not (mean_width_m(shapely.polygons(inner)) <= gap_m).any()


def _refuse_wide_overlaps(face: Ints, grid: Ints, wide: Bools, limit_m: float) -> None:
    if not wide.any():
        return
    pairs = sorted({tuple(sorted(grid[face == f].tolist())) for f in np.flatnonzero(wide)})
    raise Invalid(
        "{count} groups of grids overlap by more than {limit_m:g} m: decide first whose ground it is.",
        count=len(pairs),
        limit_m=limit_m,
        grids=[list(p) for p in pairs],
    )
