"""A plan drawn from units of ground: polygons in degrees under which each house has the grid it was given."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely

from gisgrid.balance.clear import CLEAR_M, led_around, room_m
from gisgrid.balance.fabric import Fabric
from gisgrid.balance.lattice import to_lattice
from gisgrid.balance.redraw import redrawn
from gisgrid.core.arrays import Bools, Floats, Geometries, Ints
from gisgrid.core.crs import to_metric
from gisgrid.core.messages import Message, message
from gisgrid.planning.editor.arcs import NEAR_BORDER, not_in, share_corners
from gisgrid.planning.editor.back_in_degrees import back_in_degrees
from gisgrid.planning.snapshot.regrid import Spots, on_grids
from gisgrid.planning.snapshot.snapshot import PlanSnapshot

TRIES = 3
_NOBODY = np.zeros(0, dtype=np.int64)
MOST_NAMED = 10


@dataclass(frozen=True, eq=False)
class Drawn:
    """A state under new polygons.

    Rows of houses are those of the state's. A border was led around the ``rounded`` ones; ``tight``
    ones stand nearer than ``CLEAR_M`` to a new border, since a house of another grid stands as near;
    ``astray`` ones have another grid than they were given: the border of a community or of an
    exclusive grid runs through them.
    """

    state: PlanSnapshot
    changed: Bools
    """Which grids have other ground by the units, or by a border led around a house."""
    rounded: Ints
    tight: Ints
    astray: Ints


def drawn_notes(drawn: Drawn) -> list[Message]:
    """What is to be said of houses beside new borders."""
    codes = drawn.state.houses.code
    notes = []
    if len(drawn.tight):
        notes.append(
            message(
                "{n} houses stand nearer than {cm:.0f} cm to a new border, half-way to a house of another "
                "grid: {houses}",
                n=len(drawn.tight), cm=100 * CLEAR_M, houses=codes[drawn.tight][:MOST_NAMED].tolist(),
            )
        )  # fmt: skip
    if len(drawn.astray):
        notes.append(
            message(
                "{n} houses on the border of a community or an exclusive grid have the grid that the border "
                "gives them, and are counted there: {houses}",
                n=len(drawn.astray), houses=codes[drawn.astray][:MOST_NAMED].tolist(),
            )
        )  # fmt: skip
    return notes


def draw_units(
    state: PlanSnapshot,
    fabric: Fabric,
    rows: Ints,
    row_of_unit: Ints,
    *,
    meant: Ints,
    smooth_m2: float,
    houses: Spots | None = None,
    events: Spots | None = None,
) -> Drawn:
    """The state under the grids that units of ground make up.

    Parameters
    ----------
    fabric, rows
        Units of some grids of the state, and the rows of these grids.
    row_of_unit
        The new grid of each unit, a row of ``fabric.grids``.
    meant
        The grid that each house of the state is to have, -1: whatever comes.
    houses, events
        As for `gisgrid.planning.snapshot.regrid.on_grids`.
    """
    new = redrawn(fabric, row_of_unit, smooth_m2=smooth_m2)
    metric = to_lattice(state.grids.metric)
    metric[rows] = new.grids
    drawn = lay_down(
        state,
        metric,
        rows,
        meant=meant,
        needy=_beside(state.houses.xy_m, new.new_borders),
        houses=houses,
        events=events,
    )
    changed = drawn.changed.copy()
    changed[rows] |= new.changed
    return replace(drawn, changed=changed)


def lay_down(
    state: PlanSnapshot,
    metric: Geometries,
    touched: Ints,
    *,
    meant: Ints,
    needy: Ints = _NOBODY,
    houses: Spots | None = None,
    events: Spots | None = None,
) -> Drawn:
    """The state under polygons drawn in metres, with borders led around houses.

    Parameters
    ----------
    metric
        All grids of the state on the lattice of `gisgrid.balance.lattice`.
    touched
        Rows of those that are drawn; the others keep what is stored, with further corners at most.
    meant
        The grid that each house is to have, -1: whatever comes.
    needy
        Houses that a border passes too near.
    """
    tiling, xy, metric = state.tiling, state.houses.xy_m, metric.copy()
    changed = np.zeros(len(metric), dtype=bool)
    rounded = _NOBODY
    for attempt in range(TRIES + 1):
        after = _under(state, metric, touched, houses, events)
        astray = np.flatnonzero((meant >= 0) & (after.houses.grid != meant))
        needy = np.setdiff1d(np.union1d(needy, astray), rounded)
        needy = needy[meant[needy] >= 0]
        if attempt == TRIES or not len(needy):
            break
        bent, near = led_around(
            metric[tiling],
            _givers(state)[tiling],
            xy[needy],
            np.searchsorted(tiling, meant[needy]),
            room_m(xy, meant, needy),
        )
        other = tiling[near][~shapely.equals(metric[tiling[near]], bent[near])]
        metric[tiling] = bent
        changed[other] = True
        touched, rounded = np.union1d(touched, tiling[near]), np.union1d(rounded, needy)
    tight = rounded[room_m(xy, meant, rounded) < CLEAR_M]
    return Drawn(after, changed, rounded, tight, astray)


def _under(
    state: PlanSnapshot,
    metric: Geometries,
    touched: Ints,
    houses: Spots | None,
    events: Spots | None,
) -> PlanSnapshot:
    """The state with some of the grids as they lie in metres."""
    grids = state.grids
    lonlat = grids.lonlat.copy()
    lonlat[touched] = back_in_degrees(
        metric[touched], grids.metric[touched], grids.lonlat[touched], state.srid
    )
    beside = np.setdiff1d(state.tiling, touched)
    if len(beside):
        # Grids that are not drawn get the corners that their neighbours' new borders need.
        old = shapely.get_coordinates(grids.lonlat[touched])
        fresh = not_in(shapely.get_coordinates(lonlat[touched]), old)
        share_corners(beside, lonlat, fresh, NEAR_BORDER)
    other = np.flatnonzero(~shapely.equals_identical(lonlat, grids.lonlat))
    exact = grids.metric.copy()
    exact[other] = to_metric(lonlat[other], state.srid)
    return on_grids(
        state, replace(grids, lonlat=lonlat, metric=exact), houses=houses, events=events
    )


def _beside(xy: Floats, borders: Geometries) -> Ints:
    """Rows of the points nearer than ``CLEAR_M`` to one of some lines, ascending."""
    if not len(borders):
        return _NOBODY
    # An edit's borders lie close together in a town of many houses; NaN is in no box.
    west, south, east, north = shapely.total_bounds(borders)
    low, high = np.array([west, south]) - CLEAR_M, np.array([east, north]) + CLEAR_M
    there = np.flatnonzero(((xy >= low) & (xy <= high)).all(axis=1))
    points = shapely.points(xy[there])
    near = shapely.STRtree(borders).query(points, predicate="dwithin", distance=CLEAR_M)[0]
    rows: Ints = there[np.unique(near)]
    return rows


def _givers(state: PlanSnapshot) -> Ints:
    """One number for the grids of a community that may give each other ground; exclusive ones give none."""
    alone = -1 - np.arange(len(state.grids.code))
    return np.where(state.grids.exclusive, alone, state.grids.community)
