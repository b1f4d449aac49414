"""What a hand does to a scenario: drag a border, give houses, split, merge, draw a grid.

Each takes an editor and gives the new grids; what they may not do is asked apart
(`gisgrid.planning.editor.refusals`), so that every edit is held to the same rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gisgrid.balance.fabric import build_fabric
from gisgrid.core.arrays import Floats, Geometries, Ints
from gisgrid.core.crs import M_PER_DEGREE
from gisgrid.core.errors import Invalid, NotFound
from gisgrid.planning.editor.arcs import polygon_of, reshaped, snapped
from gisgrid.planning.editor.corners import GridDetails, plain, with_ground, without
from gisgrid.planning.editor.drawn import Drawn, draw_units
from gisgrid.planning.editor.editor import Editor
from gisgrid.planning.snapshot.snapshot import Grids

SMOOTH_M2 = 30.0
# Faces thinner than this are where a drawn line follows a border by eye; they stay with their grid.
SLIVER_M = 0.5


def drag(
    editor: Editor,
    lines: Mapping[int, Floats],
    *,
    snap_to: Geometries | None = None,
    snap_m: float = 0.0,
) -> Grids:
    """The grids after arcs of ``editor.topology`` got other corners, in EPSG:4326.

    Parameters
    ----------
    snap_to
        Lines in EPSG:4326 (streets, parcels); new corners within ``snap_m`` go to them, ends of arcs
        do not.

    Raises
    ------
    Invalid
        What `gisgrid.planning.editor.arcs.reshaped` refuses.
    """
    topology = editor.topology
    given = {k: np.asarray(line, dtype=np.float64).reshape(-1, 2) for k, line in lines.items()}
    if snap_to is not None and snap_m > 0:
        for k, line in given.items():
            known = (
                set(map(tuple, topology.lines[k].tolist())) if k < len(topology.lines) else set()
            )
            fixed = np.array([tuple(corner) in known for corner in line.tolist()])
            fixed[[0, -1]] = True
            given[k] = snapped(line, snap_to, within=snap_m / M_PER_DEGREE, fixed=fixed)
    moved, rows = reshaped(topology, given)
    # Arcs have the corners of both sides already.
    return with_ground(editor, {row: polygon_of(moved, row) for row in rows}, within=None)


def merge(editor: Editor, into: str, gone: str) -> Grids:
    """The grids after all ground of ``gone`` went to ``into``.

    Raises
    ------
    NotFound
        There is no such grid.
    Invalid
        They are the same, of different communities or kinds, or do not touch.
    """
    a, b = _row(editor, into), _row(editor, gone)
    grids = editor.state.grids
    if a == b:
        raise Invalid("A grid cannot be merged with itself.")
    if grids.community[a] != grids.community[b] or grids.exclusive[a] != grids.exclusive[b]:
        raise Invalid(
            "Grids {into} and {gone} are of different communities or kinds.", into=into, gone=gone
        )
    topology = editor.topology
    if b not in topology.neighbours([a]):
        raise Invalid("Grids {into} and {gone} have no common border.", into=into, gone=gone)
    left, right = (np.where(side == b, a, side) for side in (topology.left, topology.right))
    inner = left == right
    joined = replace(
        topology,
        lines=tuple(line for line, drop in zip(topology.lines, inner, strict=True) if not drop),
        left=left[~inner],
        right=right[~inner],
    )
    return without(with_ground(editor, {a: polygon_of(joined, a)}, within=None), b)


def split(editor: Editor, code: str, line: Floats, new: GridDetails) -> Grids:
    """The grids after a line cut ``code`` in two; the smaller part is the new grid.

    Raises
    ------
    NotFound
        There is no such grid.
    Invalid
        The line does not cut it in exactly two, or the new code is taken.
    """
    row = _row(editor, code)
    ground = editor.state.grids.lonlat[row]
    cut = shapely.LineString(np.asarray(line, dtype=np.float64).reshape(-1, 2))
    if not cut.is_simple:
        raise Invalid("The line crosses itself.")
    faces = _faces([shapely.boundary(ground), cut])
    faces = faces[shapely.covers(ground, shapely.point_on_surface(faces))]
    if len(faces) != 2:
        raise Invalid(
            "The line cuts grid {code} in {parts} parts; it must go across it once, from border to border.",
            code=code,
            parts=len(faces),
        )
    small, large = faces[np.argsort(shapely.area(faces), kind="stable")]
    community = int(editor.state.grids.community[row])
    return with_ground(editor, {row: large}, (new, small, community))


def draw(editor: Editor, drawn: BaseGeometry, new: GridDetails) -> Grids:
    """The grids with a new one, cut out of its neighbours, or lying over them.

    An exclusive grid lies over the others where the township's rule is overlay; else, and for
    a basic grid, its ground is taken from the basic grids below. The community is the one with
    most of the drawn ground.

    Raises
    ------
    Invalid
        The polygon crosses itself, no grid lies below it, or the code is taken.
    """
    check_drawn(drawn)
    state, grids = editor.state, editor.state.grids
    community, givers = _ground_under(editor, drawn)
    if new.kind == "exclusive" and state.overlay:
        return with_ground(editor, {}, (new, drawn, community))
    # The hair between a border and a line drawn along it by eye goes.
    _refuse_beyond(editor, drawn, givers)
    reach = SLIVER_M / M_PER_DEGREE
    rims = shapely.boundary(grids.lonlat[givers])
    snug = shapely.snap(drawn, shapely.union_all(rims), reach)
    drawn = snug if snug.is_valid and snug.area > 0 else drawn
    faces = _faces([*rims, shapely.boundary(drawn)])
    middle = shapely.point_on_surface(faces)
    taken = shapely.covers(drawn, middle)
    thin = 2 * shapely.area(faces) / np.maximum(shapely.length(faces), 1e-300) < reach
    ground: dict[int, BaseGeometry] = {}
    cut = np.zeros(len(faces), dtype=bool)
    for row in givers.tolist():
        mine = shapely.covers(grids.lonlat[row], middle)
        cut |= mine & taken & ~thin
        ground[row] = shapely.coverage_union_all(faces[mine & ~(taken & ~thin)])
    if not cut.any():
        raise Invalid("The drawn grid is too thin.")
    kept = {r: p for r, p in ground.items() if not shapely.equals(p, grids.lonlat[r])}
    return with_ground(
        editor, kept, (new, plain(shapely.coverage_union_all(faces[cut])), community)
    )


def give(editor: Editor, to_of_house: Mapping[int, str]) -> Grids:
    """The grids after houses went to other grids, with the ground about them.

    The ground follows in units (`gisgrid.balance.fabric`); houses of one building go together.

    Parameters
    ----------
    to_of_house
        Code of the new grid by row of the house. Houses that are in it already are passed over.

    Raises
    ------
    NotFound
        There is no such grid.
    Invalid
        A house is in no grid, or of another community than the grid it should go to, or an
        exclusive grid would give or get houses; or it stands on a border that cannot be led around it.
    """
    state, grids = editor.state, editor.state.grids
    wanted = {h: _row(editor, code) for h, code in to_of_house.items()}
    going = {h: to for h, to in wanted.items() if state.houses.grid[h] != to}
    if not going:
        return grids
    houses = np.array(sorted(going), dtype=np.int64)
    was, to = state.houses.grid[houses], np.array([going[h] for h in houses.tolist()])
    _refuse_strangers(editor, was, to)
    rows = np.unique(np.concatenate([was, to]))
    inside = np.flatnonzero(np.isin(state.houses.grid, rows))
    fabric = build_fabric(
        grids.metric[rows],
        state.houses.xy_m[inside],
        grid_of_house=np.searchsorted(rows, state.houses.grid[inside]),
    )
    new = fabric.grid_of.copy()
    new[fabric.unit_of_house[np.searchsorted(inside, houses)]] = np.searchsorted(rows, to)
    meant = state.houses.grid.copy()
    meant[inside] = rows[new[fabric.unit_of_house]]
    drawn = draw_units(
        state,
        fabric,
        rows,
        new,
        meant=meant,
        smooth_m2=SMOOTH_M2,
        houses=editor.houses_at,
        events=editor.events_at,
    )
    _refuse_astray(editor, drawn)
    return drawn.state.grids


def _refuse_astray(editor: Editor, drawn: Drawn) -> None:
    if len(drawn.astray):
        row = int(drawn.astray[0])
        code = editor.state.houses.code[row]
        raise Invalid(
            "House {code} stands on the border of a community or of an exclusive grid, which no border of "
            "this grid can be led around; it stays where it is.",
            code=code,
            place=np.round(editor.state.houses.lonlat[row], 7).tolist(),
            houses=editor.state.houses.code[drawn.astray].tolist(),
        )


def remove_overlay(editor: Editor, code: str) -> Grids:
    """The grids without an exclusive grid that lies over others.

    Raises
    ------
    Invalid
        The grid tiles the ground: without it there would be a gap; merge it instead.
    """
    row = _row(editor, code)
    if row in editor.state.tiling:
        raise Invalid(
            "Without grid {code} there would be a gap; merge it with a neighbour.", code=code
        )
    return without(editor.state.grids, row)


def community_under(editor: Editor, drawn: BaseGeometry) -> str:
    """Code of the community with most of a polygon's ground; Invalid if it is no good polygon."""
    check_drawn(drawn)
    code: str = editor.state.communities.code[_ground_under(editor, drawn)[0]]
    return code


def _ground_under(editor: Editor, drawn: BaseGeometry) -> tuple[int, Ints]:
    """The community with most of a polygon's ground, and its basic grids below it."""
    grids, basic = editor.state.grids, editor.state.basic
    rows = basic[np.unique(shapely.STRtree(grids.lonlat[basic]).query(drawn))]
    below = shapely.area(shapely.intersection(grids.lonlat[rows], drawn))
    rows, below = rows[below > 0], below[below > 0]
    if not len(rows):
        raise Invalid("The drawn grid lies outside all basic grids.")
    community = int(np.argmax(np.bincount(grids.community[rows], below)))
    return community, rows[grids.community[rows] == community]


def check_drawn(polygon: BaseGeometry) -> None:
    """Invalid, with the place, if a drawn polygon crosses itself or is none."""
    if polygon.is_empty or polygon.geom_type != "Polygon":
        raise Invalid("A grid is drawn as one polygon.")
    if not polygon.is_valid:
        why = shapely.is_valid_reason(polygon)
        spot = why[why.find("[") + 1 : why.find("]")].split() if "[" in why else []
        if not spot:
            raise Invalid("The drawn polygon crosses itself.", place=[])
        raise Invalid(
            "The drawn polygon crosses itself near {place}.", place=[float(v) for v in spot]
        )


def _refuse_strangers(editor: Editor, was: Ints, to: Ints) -> None:
    grids = editor.state.grids
    if (was < 0).any():
        raise Invalid(
            "{count} of the houses are in no grid; draw ground for them first.",
            count=int((was < 0).sum()),
        )
    if (grids.community[was] != grids.community[to]).any():
        raise Invalid("Houses cannot go to a grid of another community.")
    if (grids.exclusive[was] | grids.exclusive[to]).any():
        raise Invalid(
            "Houses go from basic grid to basic grid; an exclusive grid belongs to its host."
        )


def _refuse_beyond(editor: Editor, drawn: BaseGeometry, givers: Ints) -> None:
    rest = shapely.difference(drawn, shapely.union_all(editor.state.grids.lonlat[givers]))
    for part in shapely.get_parts(rest):
        if 2 * part.area > SLIVER_M / M_PER_DEGREE * part.length:
            spot = part.representative_point()
            raise Invalid(
                "The drawn grid reaches beyond the basic grids of one community.",
                place=[round(spot.x, 7), round(spot.y, 7)],
            )


def _row(editor: Editor, code: str) -> int:
    row = editor.row_of.get(code)
    if row is None:
        raise NotFound("The scenario has no grid {code!r}.", code=code)
    return row


def _faces(lines: Iterable[BaseGeometry]) -> Geometries:
    noded = shapely.union_all(np.array(list(lines), dtype=object))
    return np.asarray(shapely.get_parts(shapely.polygonize([noded])))
