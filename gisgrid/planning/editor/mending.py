"""Faults of a plan's ground mended as edits: a grid across communities, slivers between grids.

All is cut on the lattice of `gisgrid.balance.lattice`, where a common corner is one corner, and goes
back to degrees with the corners that were there to the last digit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gisgrid.balance.faces import contacts, cut_into_faces, dissolve, flood, hand_crumbs_over
from gisgrid.balance.lattice import mean_width_m, shared_segments, to_lattice
from gisgrid.core.arrays import Bools, Geometries, Ints
from gisgrid.core.errors import Invalid, NotFound
from gisgrid.core.limits import Limits
from gisgrid.core.messages import say
from gisgrid.planning.checks.shapes import Ground
from gisgrid.planning.checks.topology import REACH_M, inside, longest_neighbour, mended
from gisgrid.planning.editor.corners import GridDetails, with_new
from gisgrid.planning.editor.drawn import lay_down
from gisgrid.planning.editor.editor import Editor
from gisgrid.planning.editor.refusals import ROUNDING_M
from gisgrid.planning.snapshot.regrid import on_grids, rows_kept
from gisgrid.planning.snapshot.snapshot import NO_ROW, Grids, PlanSnapshot, rows_of

Make = Callable[[str], GridDetails]
"""Gives code and name of a new grid of a community, by the community's code; no code twice."""


WAYS_ON: dict[str, str] = {
    "sliver": say(
        "Gaps and overlaps thinner than the township's limits.sliver_m ({sliver_m:g} m) or smaller than "
        "limits.sliver_m2 ({sliver_m2:g} m²) are mended with gisgrid scenario mend-slivers {name}, or with "
        "the button beside the check in the editor."
    ),
    "outside": say(
        "A grid across communities is cut at the border, or given to the community of most of its houses, "
        "with gisgrid scenario mend-across {name} GRID, or with the buttons beside the finding in the "
        "editor."
    ),
}
"""How what a check finds is mended, by the check's name."""


@dataclass(frozen=True, eq=False)
class Mended:
    """Grids with their slivers mended."""

    grids: Grids
    gaps: int
    overlaps: int
    left: int
    """Slivers that no grid of their community lies beside; they stay."""
    houses: tuple[str, ...]
    """Codes of the houses that change their grid: they stand in what was closed, or on its edge."""


# ---- a grid across communities -----------------------------------------------------------------


def home_of_most(state: PlanSnapshot, code: str) -> str | None:
    """Code of the community that most of a grid's houses stand in; None without houses in any."""
    (row,) = rows_of(np.array([code], dtype=object), state.grids.code)
    areas = mended(state.communities.metric)
    points = shapely.points(state.houses.xy_m[state.houses.grid == row])
    home = shapely.STRtree(areas).query(points, predicate="intersects")[1]
    if not len(home) or row < 0:
        return None
    most: str = state.communities.code[np.bincount(home).argmax()]
    return most


def kept_within(editor: Editor, code: str, make: Make, *, to: str | None = None) -> Grids:
    """The grids after one lies in its community only; what it has elsewhere goes to grids there.

    A piece goes to the grid of its community with the longest border along it; where no grid of that
    community lies beside it, it becomes a grid of its own. Ground outside every community goes to
    nobody.

    Parameters
    ----------
    to
        The community that the grid is to belong to from now on; it then gets a code of that community.

    Raises
    ------
    NotFound
        There is no such grid or community.
    Invalid
        The grid is exclusive, its community has no polygon, or houses stand in its ground outside
        every community.
    """
    row = _row(editor, code)
    if editor.state.grids.exclusive[row]:
        raise Invalid(
            "Grid {code} is exclusive: it belongs to its host, in whatever community it lies.",
            code=code,
        )
    state, row = _moved_home(editor.state, row, make, to)
    home = int(state.grids.community[row])
    areas = to_lattice(mended(state.communities.metric))
    if shapely.is_missing(areas).any():
        raise Invalid("A community has no polygon to cut at.")
    metric = to_lattice(mended(state.grids.metric))
    rows = _around(state, metric, [metric[row]])
    near = shapely.intersection(shapely.boundary(areas), shapely.buffer(metric[row], 1.0))
    faces, label = _cut(metric, rows, near)
    before, mine = label.copy(), np.flatnonzero(label == np.searchsorted(rows, row))
    community = _first_cover(faces[mine], areas)
    community[mean_width_m(faces[mine]) < ROUNDING_M] = home
    points = shapely.STRtree(shapely.points(np.nan_to_num(state.houses.xy_m)))
    new: list[tuple[GridDetails, int]] = []
    for place in np.unique(community[community != home]).tolist():
        for piece, part in _pieces(faces, mine[community == place]):
            if place == NO_ROW:
                _refuse_houses(state, inside(piece, points), code)
                label[part] = NO_ROW
                continue
            label[part] = _taker(state, metric, rows, piece, place, but=row)
            if label[part[0]] == NO_ROW:
                label[part] = len(rows) + len(new)
                new.append((make(state.communities.code[place]), place))
    held = _pieces(faces, mine[community == home])
    held.sort(key=lambda each: (-len(inside(each[0], points)), -shapely.area(each[0])))
    for piece, part in held[1:]:
        taker = _taker(state, metric, rows, piece, home, but=row)
        if taker == NO_ROW and mean_width_m(np.array([piece]))[0] < ROUNDING_M:
            # A crumb of rounding goes to whom it lies beside.
            taker = _taker(state, metric, rows, piece, None, but=row)
        label[part] = taker if taker >= 0 else label[part]
    return _drawn(state, metric, rows, new, faces=faces, before=before, label=label)


def _moved_home(
    state: PlanSnapshot, row: int, make: Make, to: str | None
) -> tuple[PlanSnapshot, int]:
    """The state with a grid in another community, under a code of that community, and its row."""
    grids = state.grids
    if to is None or to == state.communities.code[grids.community[row]]:
        return state, row
    if to not in state.communities.code:
        raise NotFound("There is no community {to!r}.", to=to)
    new, home = make(to), int(np.flatnonzero(state.communities.code == to)[0])
    rest = rows_kept(grids, np.arange(len(grids.code)) != row)
    moved = with_new(rest, new, grids.lonlat[row], home, srid=state.srid)
    return on_grids(state, moved), int(np.flatnonzero(moved.code == new.code)[0])


def _refuse_houses(state: PlanSnapshot, rows: Ints, code: str) -> None:
    rows = rows[state.houses.placed[rows]]
    if len(rows):
        raise Invalid(
            "{count} houses of grid {code} stand outside every community (first {first}): cut there "
            "they would be in no grid. Load the communities' borders so that they lie inside first.",
            count=len(rows),
            code=code,
            first=state.houses.code[rows[0]],
            houses=state.houses.code[rows].tolist(),
        )


def _taker(
    state: PlanSnapshot,
    metric: Geometries,
    rows: Ints,
    piece: BaseGeometry,
    home: int | None,
    *,
    but: int,
) -> int:
    """Place in ``rows`` of the basic grid of a community with the longest border along a piece, -1 none.

    ``home``: of any community if None.
    """
    fits = ~state.grids.exclusive[rows] & (rows != but)
    if home is not None:
        fits &= state.grids.community[rows] == home
    shapes = metric[rows[fits]]
    found = longest_neighbour(piece, shapes, shapely.STRtree(shapes)) if len(shapes) else None
    if found is None or found[1] <= 0:
        return NO_ROW
    return int(np.flatnonzero(fits)[found[0]])


def stray_grids(state: PlanSnapshot, codes: Sequence[str]) -> list[dict[str, str | None]]:
    """What may be done with grids across communities: ``code``, and ``to``, the community of most houses.

    ``to`` is None where that is the grid's own, and exclusive grids are left out.
    """
    found: list[dict[str, str | None]] = []
    for code in codes:
        (row,) = rows_of(np.array([code], dtype=object), state.grids.code)
        if row < 0 or state.grids.exclusive[row]:
            continue
        own = state.communities.code[state.grids.community[row]]
        most = home_of_most(state, code)
        found.append({"code": code, "to": None if most == own else most})
    return found


def given_to_most(editor: Editor, code: str, make: Make) -> Grids:
    """`kept_within` the community that most of the grid's houses stand in, its own if none do."""
    return kept_within(editor, code, make, to=home_of_most(editor.state, code))


# ---- slivers -----------------------------------------------------------------------------------


def without_slivers(editor: Editor, limits: Limits) -> Mended:
    """The grids with the gaps and overlaps closed that the check ``sliver`` finds.

    A gap goes to the grid of its community with the longest border along it, an overlap to the lower
    code, which owns it already. Houses in a gap get its grid; every other one keeps its own: where a
    border would move over one by a millimetre, it is led around it. Only on a community's border nothing
    can be led around, and a house on that very line may go to the grid of the lower code.

    Raises
    ------
    Invalid
        There is no sliver that can be mended.
    """
    state = editor.state
    ground = Ground(state, limits)
    gaps = ground.gaps.where(ground.thin(ground.gaps))
    overlaps = ground.overlaps.where(ground.thin(ground.overlaps))
    metric = to_lattice(ground.grids)
    shapes = to_lattice(np.concatenate([gaps.shape, overlaps.shape]))
    rows = _around(state, metric, shapes) if len(shapes) else np.zeros(0, dtype=np.int64)
    takers = np.array(
        [
            _taker(state, metric, rows, piece, home, but=NO_ROW)
            for piece, home in zip(gaps.shape, gaps.of.tolist(), strict=True)
        ],
        dtype=np.int64,
    )
    closed = int((takers >= 0).sum())
    if not closed + len(overlaps.shape):
        raise Invalid(
            "There is no gap or overlap thinner than limits.sliver_m = {sliver_m:g} m (or smaller than "
            "limits.sliver_m2 = {sliver_m2:g} m²) that can be mended.",
            sliver_m=limits.sliver_m,
            sliver_m2=limits.sliver_m2,
        )
    faces = cut_into_faces(shapely.boundary(np.concatenate([metric[rows], shapes])))
    covers = _covers(faces, metric[rows])
    thin = _covers(faces, shapes)
    for k, taker in enumerate(takers.tolist()):
        if taker >= 0:
            covers[thin[:, k], taker] = True
    for k, row in enumerate(overlaps.other.tolist()):
        covers[thin[:, len(takers) + k], np.searchsorted(rows, row)] = False
    covers = _in_one_piece(faces, _without_crumbs(faces, covers, limits.rounding_m), limits)
    drawn = metric.copy()
    for k, row in enumerate(rows.tolist()):
        drawn[row] = dissolve(faces[covers[:, k]], np.zeros(int(covers[:, k].sum()), int), 1)[0]
    meant = state.houses.grid.copy()
    found = lay_down(
        state, drawn, rows, meant=meant, houses=editor.houses_at, events=editor.events_at
    )
    other = np.flatnonzero(meant != found.state.houses.grid)
    return Mended(
        grids=found.state.grids,
        gaps=closed,
        overlaps=len(overlaps.shape),
        left=len(takers) - closed,
        houses=tuple(state.houses.code[other].tolist()),
    )


# ---- cutting -----------------------------------------------------------------------------------


def _around(
    state: PlanSnapshot, metric: Geometries, shapes: Geometries | list[BaseGeometry]
) -> Ints:
    """Rows of the grids that tile the ground beside some shapes, ascending."""
    tree = shapely.STRtree(metric[state.tiling])
    near = tree.query(np.asarray(shapes, dtype=object), predicate="dwithin", distance=REACH_M)[1]
    rows: Ints = state.tiling[np.unique(near)]
    return rows


def _cut(metric: Geometries, rows: Ints, lines: Geometries) -> tuple[Geometries, Ints]:
    """Faces that the borders of some grids and further lines make, and in which of the rows each lies."""
    lines = to_lattice(shapely.get_parts(lines))
    faces = cut_into_faces(np.concatenate([shapely.boundary(metric[rows]), lines]))
    return faces, _first_cover(faces, metric[rows])


def _first_cover(faces: Geometries, polygons: Geometries) -> Ints:
    """The first of the polygons that each face lies in, -1 none."""
    face, polygon = shapely.STRtree(polygons).query(
        shapely.point_on_surface(faces), predicate="intersects"
    )
    first = np.full(len(faces), len(polygons))
    np.minimum.at(first, face, polygon)
    return np.where(first < len(polygons), first, NO_ROW)


def _covers(faces: Geometries, polygons: Geometries) -> Bools:
    """Which faces lie in which polygons, shape (faces, polygons)."""
    out = np.zeros((len(faces), len(polygons)), dtype=bool)
    face, polygon = shapely.STRtree(polygons).query(
        shapely.point_on_surface(faces), predicate="intersects"
    )
    out[face, polygon] = True
    return out


def _without_crumbs(faces: Geometries, covers: Bools, rounding_m: float) -> Bools:
    """Faces that are rounding of coordinates, of one polygon each: the first, else the one beside it."""
    crumb = mean_width_m(faces) < rounding_m
    count = covers.sum(axis=1)
    label = np.where(count > 0, covers.argmax(axis=1), NO_ROW)
    label = flood(label, crumb & (count == 0), contacts(shared_segments(faces)))
    out = covers.copy()
    out[crumb] = False
    out[crumb & (label >= 0), label[crumb & (label >= 0)]] = True
    return out


def _in_one_piece(faces: Geometries, covers: Bools, limits: Limits) -> Bools:
    """Thin and small pieces that closing an overlap cut off go to the polygon they lie beside most."""
    alone = covers.sum(axis=1) == 1
    label = np.where(alone, covers.argmax(axis=1), NO_ROW)
    small = alone & (
        (mean_width_m(faces) < limits.sliver_m) | (shapely.area(faces) < limits.sliver_m2)
    )
    given, _ = hand_crumbs_over(label, shapely.area(faces), shared_segments(faces), small)
    moved = given != label
    out = covers.copy()
    out[moved] = False
    out[moved, given[moved]] = True
    return out


def _pieces(faces: Geometries, rows: Ints) -> list[tuple[BaseGeometry, Ints]]:
    """The connected pieces of some faces, each with its faces."""
    if not len(rows):
        return []
    parts = shapely.get_parts(shapely.coverage_union_all(faces[rows]))
    of = _first_cover(faces[rows], parts)
    return [(part, rows[of == k]) for k, part in enumerate(parts)]


def _drawn(
    state: PlanSnapshot,
    metric: Geometries,
    rows: Ints,
    new: list[tuple[GridDetails, int]],
    *,
    faces: Geometries,
    before: Ints,
    label: Ints,
) -> Grids:
    """The state's grids, and new ones, with the faces of their label as ground.

    Parameters
    ----------
    before, label
        What each face belongs to: a place in ``rows``, beyond them in ``new``, -1 nothing.
    """
    grids = state.grids
    for grid, home in new:
        grids = with_new(grids, grid, shapely.MultiPolygon(), home, srid=state.srid)
    after = on_grids(state, grids)
    shapes = np.full(len(grids.code), shapely.Polygon(), dtype=object)
    shapes[rows_of(state.grids.code, grids.code)] = metric
    codes = np.array([*state.grids.code[rows], *(grid.code for grid, _ in new)], dtype=object)
    touched = rows_of(codes, grids.code)
    held = label >= 0
    shapes[touched] = dissolve(faces[held], label[held], len(codes))
    # Who stands on ground that changes hands goes with it; all others stay where they are.
    moving = shapely.buffer(shapely.union_all(faces[label != before]), ROUNDING_M)
    meant = after.houses.grid.copy()
    there = np.flatnonzero(state.houses.placed)
    gone = shapely.intersects(moving, shapely.points(state.houses.xy_m[there]))
    meant[there[gone]] = NO_ROW
    return lay_down(after, shapes, np.sort(touched), meant=meant).state.grids


def _row(editor: Editor, code: str) -> int:
    row = editor.row_of.get(code)
    if row is None:
        raise NotFound("The scenario has no grid {code!r}.", code=code)
    return row
