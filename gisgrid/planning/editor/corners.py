"""Other polygons put among the grids of an editor, so that neighbours go on sharing their corners."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gisgrid.core.crs import to_metric
from gisgrid.core.errors import Conflict, Invalid
from gisgrid.planning.editor.arcs import ON_BORDER, not_in, share_corners
from gisgrid.planning.editor.editor import Editor
from gisgrid.planning.snapshot.regrid import rows_kept
from gisgrid.planning.snapshot.snapshot import Grids


@dataclass(frozen=True)
class GridDetails:
    """What a grid needs beside its ground."""

    code: str
    name: str
    kind: str = "basic"
    host: str = ""


def with_ground(
    editor: Editor,
    ground: Mapping[int, BaseGeometry],
    new: tuple[GridDetails, BaseGeometry, int] | None = None,
    *,
    within: float | None = ON_BORDER,
) -> Grids:
    """Other polygons for some grids and perhaps a new grid, with its polygon and community.

    New corners on the border of a neighbour, or ``within`` reach of it, become its corners too.
    """
    state, grids = editor.state, editor.state.grids
    lonlat = grids.lonlat.copy()
    for row, polygon in ground.items():
        part = plain(polygon)
        same = shapely.equals_identical(
            shapely.normalize(part), shapely.normalize(plain(lonlat[row]))
        )
        lonlat[row] = lonlat[row] if same else part
    if within is not None:
        fresh = list(lonlat[list(ground)])
        if new is not None and (new[0].kind == "basic" or not state.overlay):
            fresh.append(new[1])
        known = shapely.get_coordinates(grids.lonlat[list(ground)])
        share_corners(state.tiling, lonlat, not_in(shapely.get_coordinates(fresh), known), within)
    metric = grids.metric.copy()
    other = np.flatnonzero(~shapely.equals_identical(grids.lonlat, lonlat))
    metric[other] = to_metric(lonlat[other], state.srid)
    found = replace(grids, lonlat=lonlat, metric=metric)
    return found if new is None else with_new(found, *new, srid=state.srid)


def with_new(
    grids: Grids, new: GridDetails, polygon: BaseGeometry, community: int, *, srid: int
) -> Grids:
    """The grids and one more, with its polygon and the row of its community.

    Raises
    ------
    Conflict
        The code is taken.
    Invalid
        There is no code or no name.
    """
    if new.code in grids.code:
        raise Conflict("There is a grid {new!r} already.", new=new.code)
    if not new.code.strip() or not new.name.strip():
        raise Invalid("A new grid needs a code and a name.")
    at = int(np.searchsorted(grids.code.astype(str), new.code))
    metric = to_metric(np.array([polygon], dtype=object), srid)[0]

    def put(values: Any, value: Any) -> Any:
        cell = np.empty(1, dtype=values.dtype)
        cell[0] = value
        return np.concatenate([values[:at], cell, values[at:]])

    return Grids(
        put(grids.code, new.code),
        put(grids.name, new.name.strip()),
        put(grids.exclusive, new.kind == "exclusive"),
        put(grids.host, new.host.strip()),
        put(grids.community, community),
        put(grids.lonlat, polygon),
        put(grids.metric, metric),
    )


def without(grids: Grids, row: int) -> Grids:
    """The grids but one."""
    return rows_kept(grids, np.arange(len(grids.code)) != row)


def plain(polygon: BaseGeometry) -> BaseGeometry:
    """A multipolygon of one part as that part."""
    parts = shapely.get_parts(polygon)
    return parts[0] if len(parts) == 1 else polygon
