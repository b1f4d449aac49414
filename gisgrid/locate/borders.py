"""How many metres is each of many points from the nearest border, if it is near one at all?"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gisgrid.core.crs import points_to_metric, to_metric
from gisgrid.locate.kernels.borders import mark_near_borders
from gisgrid.locate.locator import POINTS_PER_TASK, Locator

SEGMENT_DEGREES = 0.01
"""A straight line in degrees is kept within 2 cm of its image by pieces of about 1 km."""


def near_borders(
    locators: Sequence[Locator],
    polygons: Sequence[BaseGeometry],
    lon: npt.NDArray[np.float64],
    lat: npt.NDArray[np.float64],
    *,
    within_m: float,
    metric_srid: int,
    threads: int = 1,
) -> npt.NDArray[np.float64]:
    """Metres from each point to the nearest border of any polygon; NaN beyond ``within_m``.

    Parameters
    ----------
    locators
        That hold all the polygons between them.
    polygons
        EPSG:4326; none at all gives NaN everywhere.
    lon, lat
        EPSG:4326, (n,); NaN gives NaN.
    metric_srid
        Distances are those in this CRS, borders cut into pieces of ``SEGMENT_DEGREES`` first, as
        the SQL of ``plans.attach`` does.
    """
    out = np.full(len(lon), np.nan)
    if not len(polygons):
        return out
    near = np.zeros(len(lon), np.bool_)
    for locator in locators:
        near |= _maybe_near(locator, lon, lat, within_m, threads)
    if not near.any():
        return out
    lines = shapely.segmentize(shapely.boundary(np.array(polygons, object)), SEGMENT_DEGREES)
    tree = shapely.STRtree(_segments(to_metric(lines, metric_srid)))
    points = shapely.points(*points_to_metric(lon[near], lat[near], metric_srid))
    (which, _), distance_m = tree.query_nearest(
        points, max_distance=within_m, return_distance=True, all_matches=False
    )
    out[np.flatnonzero(near)[which]] = distance_m
    return out


def _maybe_near(
    locator: Locator,
    lon: npt.NDArray[np.float64],
    lat: npt.NDArray[np.float64],
    within_m: float,
    threads: int,
) -> npt.NDArray[np.bool_]:
    marks = np.empty(len(lon), np.bool_)
    index = locator.index
    polygons = (index.xy, index.boxes, index.begins, index.start)
    tree = (index.tree_boxes, index.tree_begins, index.tree_polygon)

    def run(first: int) -> None:
        part = slice(first, first + POINTS_PER_TASK)
        mark_near_borders(lon[part], lat[part], within_m, marks[part], *polygons, *tree)

    with ThreadPoolExecutor(max(threads, 1)) as pool:
        list(pool.map(run, range(0, len(lon), POINTS_PER_TASK)))
    return marks


def _segments(lines: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Every stretch between two vertices as a line of its own: small boxes for the tree."""
    parts = shapely.get_parts(lines)
    xy, part_of = shapely.get_coordinates(parts, return_index=True)
    same = part_of[1:] == part_of[:-1]
    pairs = np.stack((xy[:-1][same], xy[1:][same]), axis=1)
    return np.asarray(shapely.linestrings(pairs), object)
