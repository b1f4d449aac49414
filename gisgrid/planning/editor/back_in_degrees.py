"""New polygons go back from metres to the degrees that the old ones are stored in."""

from __future__ import annotations

import numpy as np
import shapely

from gisgrid.balance.lattice import to_lattice, vertex_names
from gisgrid.core.arrays import Geometries
from gisgrid.core.crs import from_metric


def back_in_degrees(
    grids: Geometries, old_metric: Geometries, old_lonlat: Geometries, srid: int
) -> Geometries:
    """The grids in EPSG:4326; vertices that the old plan had come back to the last bit.

    A grid with exactly the vertices it had keeps the polygon that is stored.

    Parameters
    ----------
    grids
        Polygons on the lattice of `gisgrid.balance.lattice`, in the order of the old ones.
    old_metric, old_lonlat
        The same plan before, vertex by vertex, in both systems.
    """
    today = to_lattice(old_metric)
    known, first = np.unique(vertex_names(shapely.get_coordinates(today)), return_index=True)
    degrees = shapely.get_coordinates(old_lonlat)[first]
    out: Geometries = from_metric(grids, srid)
    names = vertex_names(shapely.get_coordinates(grids))
    at = np.minimum(np.searchsorted(known, names), len(known) - 1)
    lonlat = shapely.get_coordinates(out)
    same = known[at] == names
    lonlat[same] = degrees[at[same]]
    shapely.set_coordinates(out, lonlat)
    for k, grid in enumerate(grids):
        before = vertex_names(shapely.get_coordinates(today[k]))
        after = vertex_names(shapely.get_coordinates(grid))
        if len(before) == len(after) and np.array_equal(np.unique(before), np.unique(after)):
            out[k] = old_lonlat[k]
    return out
