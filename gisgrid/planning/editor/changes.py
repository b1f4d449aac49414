"""What a person does to a scenario, ready to be done to its editor: by the page, and by the terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
from shapely import Polygon
from sqlalchemy.orm import Session

from gisgrid.core.crs import from_metric
from gisgrid.core.errors import Invalid, NotFound
from gisgrid.core.plans import TownshipInfo
from gisgrid.planning.editor import edits, mending, scenarios
from gisgrid.planning.editor.corners import GridDetails
from gisgrid.planning.editor.editor import Editor
from gisgrid.planning.editor.numbering import new_grids, next_code
from gisgrid.planning.snapshot.fetch import limits_of, parcel_borders
from gisgrid.planning.snapshot.snapshot import NO_ROW, Grids

Change = Callable[[Editor], Grids]
"""The grids of a plan laid open as they are after an edit; raises what the edit raises."""

Corners = np.ndarray[Any, np.dtype[np.float64]]
"""Longitude and latitude of EPSG:4326, one corner a row."""

MOST_SNAP_M = 50.0
"""So far at most a border that is dragged is drawn to a street or parcel."""


def dragged(
    session: Session, place: TownshipInfo, lines: Mapping[str, Corners], *, snap_m: float = 0.0
) -> Change:
    """Borders, by their names, get other lines; their corners are drawn to streets and parcels near by."""
    within = min(max(snap_m, 0.0), MOST_SNAP_M)
    parcels = parcel_borders(session, place, list(lines.values())) if within else None

    def change(editor: Editor) -> Grids:
        by_arc = {editor.arc_of.get(name, NO_ROW): line for name, line in lines.items()}
        if parcels is None:
            return edits.drag(editor, by_arc)
        streets = from_metric(editor.state.streets, place.metric_srid)
        return edits.drag(editor, by_arc, snap_to=np.append(streets, parcels), snap_m=within)

    return change


def split(
    session: Session,
    place: TownshipInfo,
    grid: str,
    line: Corners,
    name: str,
    *,
    code: str | None = None,
) -> Change:
    """A grid is cut along a line; the new part gets ``code``, or the next of its community.

    NotFound, when it is done, if the scenario has no such grid.
    """

    def change(editor: Editor) -> Grids:
        row = editor.row_of.get(grid)
        if row is None:
            raise NotFound("The scenario has no grid {grid!r}.", grid=grid)
        home = editor.state.communities.code[editor.state.grids.community[row]]
        number = code or next_code(session, place, home)
        return edits.split(editor, grid, line, GridDetails(number, name))

    return change


def drawn(
    session: Session,
    place: TownshipInfo,
    polygon: Polygon,
    name: str,
    *,
    exclusive: bool = False,
    host: str = "",
    community: str | None = None,
    code: str | None = None,
) -> Change:
    """A grid is drawn; it gets ``code``, or the next of ``community``, or of the one under it."""
    kind: Literal["basic", "exclusive"] = "exclusive" if exclusive else "basic"

    def change(editor: Editor) -> Grids:
        home = community or edits.community_under(editor, polygon)
        number = code or next_code(session, place, home, kind=kind)
        return edits.draw(editor, polygon, GridDetails(number, name, kind, host))

    return change


def house_given(session: Session, place: TownshipInfo, house_id: int, to: str) -> Change:
    """A house goes to a grid."""
    code = scenarios.house_code(session, place, house_id)
    return lambda editor: edits.give(
        editor, {int(k): to for k in np.flatnonzero(editor.state.houses.code == code)}
    )


def inside_given(lasso: Polygon, to: str) -> Change:
    """The houses inside a line go to a grid; Invalid if it is no polygon, or there is no house in it."""
    edits.check_drawn(lasso)

    def change(editor: Editor) -> Grids:
        rows = editor.houses_at.covered_by(lasso)
        if not len(rows):
            raise Invalid("There is no house inside the line.")
        return edits.give(editor, {int(k): to for k in rows})

    return change


def kept_in_one_community(
    session: Session, place: TownshipInfo, grid: str, how: Literal["cut", "give"]
) -> Change:
    """A grid across communities is cut at the border of its own, or of that of most of its houses."""
    mend = mending.kept_within if how == "cut" else mending.given_to_most
    make = new_grids(session, place)
    return lambda editor: mend(editor, grid, make)


def without_slivers(session: Session, place: TownshipInfo) -> Change:
    """What is too thin to be a grid's ground goes to the neighbours."""
    limits = limits_of(session, place.id)
    return lambda editor: mending.without_slivers(editor, limits).grids
