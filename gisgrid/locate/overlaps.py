"""Which polygons overlap?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gisgrid.errors import Invalid

MOST_NAMED = 10_000
THIN = 1e-9  # of the polygons' own size; what is thinner is rounding


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
        msg = f"The border of grid {code} crosses itself: {reason}."
        raise Invalid(msg, zh=f"网格 {code} 的边界自相交：{reason}。", code=code, reason=reason)
    tree = shapely.STRtree(shapes)
    pairs: list[tuple[str, str]] = []
    for i, shape in enumerate(shapes):
        shapely.prepare(shape)
        near = tree.query(shape, predicate="intersects")
        near = near[near > i]
        near = near[shapely.relate_pattern(shape, shapes[near], "T********")]
        for j in near[_is_thick(shape, shapes[near])]:
            low, high = sorted((codes[chosen[i]], codes[chosen[j]]))
            pairs.append((low, high))
        if len(pairs) >= MOST_NAMED:
            break
    return tuple(sorted(pairs)[:MOST_NAMED])


def _is_thick(shape: BaseGeometry, others: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    """Whether what ``shape`` shares with each of ``others`` is more than rounding."""
    if len(others) == 0:
        return np.zeros(0, np.bool_)
    shared = shapely.intersection(shape, others)
    size = np.sqrt(np.minimum(shapely.area(shape), shapely.area(others)))
    thickness = 2 * shapely.area(shared) / np.maximum(shapely.length(shared), 1e-300)
    wide: npt.NDArray[np.bool_] = thickness > THIN * size
    return wide
