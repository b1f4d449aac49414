"""Which polygons overlap?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gisgrid.core.errors import Invalid

MOST_NAMED = 10_000
THIN = 1e-9  # of the polygons' own size; what is thinner is rounding
MOST_CROSSINGS = 200_000  # vertices times vertices; above this edges are sampled, not crossed


def overlapping_pairs(
    polygons: Sequence[BaseGeometry], codes: Sequence[str], suspect: npt.NDArray[np.bool_]
) -> tuple[tuple[str, str], ...]:
    """Pairs of codes (lower, higher) whose polygons share ground, sorted; at most 10,000.

    Ground thinner than a billionth of the smaller polygon, as two neighbours' differently rounded
    borders share it, does not count.

    Parameters
    ----------
    suspect
        Only these are looked at, each against each.

    Raises
    ------
    Invalid
        If a suspect crosses itself: what it covers isn't defined then.
    """
    chosen: list[int] = np.flatnonzero(suspect).tolist()
    if not chosen:
        return ()
    shapes = np.array([polygons[i] for i in chosen])
    valid = shapely.is_valid(shapes)
    if not valid.all():
        bad = int(np.flatnonzero(~valid)[0])
        code, reason = codes[chosen[bad]], shapely.is_valid_reason(shapes[bad])
        raise Invalid(
            "The border of grid {code} crosses itself: {reason}.", code=code, reason=reason
        )
    tree = shapely.STRtree(shapes)
    pairs: list[tuple[str, str]] = []
    for i, shape in enumerate(shapes):
        shapely.prepare(shape)
        near = tree.query(shape, predicate="intersects")
        near = near[near > i]
        for j in near[_share_ground(shape, shapes[near])]:
            low, high = sorted((codes[chosen[i]], codes[chosen[j]]))
            pairs.append((low, high))
        if len(pairs) >= MOST_NAMED:
            break
    return tuple(sorted(pairs)[:MOST_NAMED])


def _share_ground(shape: BaseGeometry, others: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    """Whether what ``shape`` shares with each of ``others`` is more than rounding."""
    size = np.sqrt(np.minimum(shapely.area(shape), shapely.area(others)))
    vertices = shapely.get_num_coordinates(others) * shapely.get_num_coordinates(shape)
    large = vertices > MOST_CROSSINGS
    shared = np.zeros(len(others), np.bool_)
    for i in np.flatnonzero(large):
        shared[i] = _lies_inside(shape, others[i], THIN * size[i]) or _lies_inside(
            others[i], shape, THIN * size[i]
        )
    crossing = np.flatnonzero(~large)
    crossing = crossing[shapely.relate_pattern(shape, others[crossing], "T********")]
    common = shapely.intersection(shape, others[crossing])
    thickness = 2 * shapely.area(common) / np.maximum(shapely.length(common), 1e-300)
    shared[crossing] = thickness > THIN * size[crossing]
    return shared


def _lies_inside(inner: BaseGeometry, outer: BaseGeometry, depth: float) -> bool:
    """Whether the middle of any edge of ``inner`` lies in ``outer``, deeper than ``depth``.

    For polygons of so many vertices that GEOS would take minutes to say how they lie.
    """
    xy = shapely.get_coordinates(inner)
    middle = (xy[1:] + xy[:-1]) / 2
    shapely.prepare(outer)
    border = shapely.boundary(outer)
    for some in (middle[:: len(middle) // 64 + 1], middle):
        within = some[shapely.contains_xy(outer, some[:, 0], some[:, 1])][:64]
        if (shapely.distance(shapely.points(within), border) > depth).any():
            return True
    return False
