"""What no edit of a scenario may do, whoever made it: the ground stays tiled, locks hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gisgrid.core.arrays import Geometries
from gisgrid.core.crs import from_metric
from gisgrid.core.errors import Conflict, GisgridError, Invalid
from gisgrid.planning.checks.topology import mean_width_m, mended
from gisgrid.planning.editor.editor import Editor

ROUNDING_M = 0.03
"""Ground thinner than this on average is rounding of coordinates."""


@dataclass(frozen=True)
class ScenarioLocks:
    """What stays: grids and houses by code, and common borders of pairs of grids."""

    grids: frozenset[str] = frozenset()
    houses: frozenset[str] = frozenset()
    borders: frozenset[frozenset[str]] = frozenset()


def refuse(before: Editor, after: Editor, locks: ScenarioLocks) -> None:
    """Nothing, if the edit is allowed.

    Raises
    ------
    Invalid
        A grid would lie in more pieces, leave its community or the township, overlap another, be
        left without a house, or ground would be left without a grid; ``facts["place"]`` is [lon, lat] there.
    Conflict
        A lock says no.
    """
    touched = _touched(before, after)
    _pieces(before, after, touched)
    _inside_communities(before, after, touched)
    _tiled(before, after, touched)
    _drawable(before, after)
    _peopled(before, after)
    _locks(before, after, touched, locks)


def _touched(before: Editor, after: Editor) -> list[str]:
    """Codes of grids whose ground changed, came or went."""
    old, new = before.row_of, after.row_of
    out = []
    for code in sorted(old.keys() | new.keys()):
        a, b = old.get(code), new.get(code)
        if a is None or b is None:
            out.append(code)
            continue
        one, two = before.state.grids.metric[a], after.state.grids.metric[b]
        if one is two:
            continue
        # New corners on a straight border are no other ground; what was loaded may cross itself.
        one, two = mended(np.array([one, two], dtype=object))
        if _thick(shapely.symmetric_difference(one, two)):
            out.append(code)
    return out


def _pieces(before: Editor, after: Editor, touched: list[str]) -> None:
    for code in touched:
        if code not in after.row_of:
            continue
        ground = after.state.grids.lonlat[after.row_of[code]]
        if not ground.area > 0:
            raise Invalid("Grid {code} would be left without ground.", code=code)
        row = before.row_of.get(code)
        known = 1 if row is None else shapely.get_num_geometries(before.state.grids.lonlat[row])
        parts = shapely.get_parts(ground)
        if len(parts) > known:
            smallest = parts[np.argmin(shapely.area(parts))]
            raise _at(
                Invalid(
                    "Grid {code} would lie in {count} pieces; a grid is one piece.",
                    code=code,
                    count=len(parts),
                ),
                smallest,
            )


def _inside_communities(before: Editor, after: Editor, touched: list[str]) -> None:
    state = after.state
    areas = mended(state.communities.metric)
    for code in touched:
        row = after.row_of.get(code)
        if row is None or areas[state.grids.community[row]] is None:
            continue
        home = areas[state.grids.community[row]]
        old = before.row_of.get(code)
        (ground,) = mended(state.grids.metric[[row]])
        beyond = shapely.difference(ground, home)
        if old is not None:  # what it had outside before is not this edit's doing
            beyond = shapely.difference(beyond, mended(before.state.grids.metric[[old]])[0])
        bad = _thick(beyond)
        if bad:
            raise _at(
                Invalid("Grid {code} would leave its community.", code=code),
                _back(bad[0], state.srid),
            )


def _tiled(before: Editor, after: Editor, touched: list[str]) -> None:
    """What the touched grids held is held by them after, and by nobody twice."""
    was = _shapes(before, touched)
    now = _shapes(after, touched)
    others = after.state.tiling[~np.isin(after.state.grids.code[after.state.tiling], touched)]
    shapes = mended(after.state.grids.metric[others])
    tree = shapely.STRtree(shapes)
    lost = _missed(after, shapely.difference(shapely.union_all(was), shapely.union_all(now)))
    # Where two grids overlapped one of them still has it.
    lost = [p for part in lost for p in _thick(_less(part, shapes[tree.query(part)]))]
    if lost:
        raise _at(
            Invalid("The drawing would leave ground without a grid."),
            _back(lost[0], after.state.srid),
        )
    gained = shapely.difference(shapely.union_all(now), shapely.union_all(was))
    near = shapes[tree.query(gained)] if _thick(gained) else shapes[:0]
    twice = _thick(shapely.intersection(shapely.union_all(near), gained)) if len(near) else []
    pairs = shapely.STRtree(now).query(now, predicate="intersects").T
    pairs = np.unique(pairs[pairs[:, 0] < pairs[:, 1]], axis=0)
    both = shapely.intersection(now[pairs[:, 0]], now[pairs[:, 1]])
    twice += [part for shape in both[shapely.area(both) > 0] for part in _thick(shape)]
    if twice:
        raise _at(Invalid("Two grids would overlap."), _back(twice[0], after.state.srid))
    _overlays(after, touched)


def _missed(editor: Editor, gone: BaseGeometry) -> list[BaseGeometry]:
    """The thick parts of ground that lie in a community; outside all of them it is nobody's."""
    areas = mended(editor.state.communities.metric)
    if shapely.is_missing(areas).any() or gone.is_empty:
        return _thick(gone)
    near = areas[shapely.intersects(areas, gone)]
    return _thick(shapely.union_all(shapely.intersection(near, gone)))


def _less(shape: BaseGeometry, others: Geometries) -> BaseGeometry:
    return shapely.difference(shape, shapely.union_all(others)) if len(others) else shape


def _drawable(before: Editor, after: Editor) -> None:
    """Neighbours share their corners exactly, as far as they did before."""
    rows = after.state.tiling
    shapes = after.state.grids.lonlat[rows]
    old = {code: before.state.grids.lonlat[k] for code, k in before.row_of.items()}
    known = np.array([old.get(c) for c in after.state.grids.code[rows]], dtype=object)
    other = ~shapely.equals_identical(known, shapes)
    near = np.unique(shapely.STRtree(shapes).query(shapes[other])[1])
    faults = shapely.get_parts(shapely.coverage_invalid_edges(shapes[near]))
    faults = faults[~shapely.is_empty(faults)]
    was = known[near][~shapely.is_missing(known[near])]
    if len(faults) and shapely.coverage_is_valid(was):
        raise _at(
            Invalid("The drawing comes too near to a border or corner to be told from it."),
            faults[0],
        )


def _peopled(before: Editor, after: Editor) -> None:
    """No basic grid is left, or made, without a house; one that had none before may stay so."""
    if not before.state.houses.placed.any():
        return
    held = after.state.per_grid(np.ones(len(after.state.houses.code), dtype=np.int64))
    had = before.state.per_grid(np.ones(len(before.state.houses.code), dtype=np.int64))
    for row in after.state.basic[held[after.state.basic] == 0].tolist():
        code = after.state.grids.code[row]
        old = before.row_of.get(code)
        if old is None or had[old]:
            raise _at(
                Invalid("No house would stand in grid {code}.", code=code),
                after.state.grids.lonlat[row],
            )


def _overlays(after: Editor, touched: list[str]) -> None:
    """Exclusive grids that lie over others do not lie over each other."""
    state = after.state
    over = np.setdiff1d(np.arange(len(state.grids.code)), state.tiling)
    for row in over[np.isin(state.grids.code[over], touched)].tolist():
        for other in over.tolist():
            both = shapely.intersection(state.grids.metric[row], state.grids.metric[other])
            if other != row and _thick(both):
                raise _at(Invalid("Two exclusive grids would overlap."), _back(both, state.srid))


def _shapes(editor: Editor, codes: list[str]) -> Geometries:
    rows = [editor.row_of[c] for c in codes if c in editor.row_of]
    tiling = [r for r in rows if r in editor.state.tiling]
    return mended(editor.state.grids.metric[np.array(tiling, dtype=np.int64)])


def _locks(before: Editor, after: Editor, touched: list[str], locks: ScenarioLocks) -> None:
    moved = sorted(locks.grids & set(touched))
    if moved:
        raise Conflict("Grid {moved} is locked.", moved=moved[0], grids=moved)
    houses = before.state.houses
    was = np.append(before.state.grids.code, "")[houses.grid]
    now = np.append(after.state.grids.code, "")[after.state.houses.grid]
    held = [c for c in houses.code[was != now].tolist() if c in locks.houses]
    if held:
        raise Conflict("House {held} is locked.", held=held[0], houses=held)
    for border in locks.borders:
        a, b = sorted(border)
        for one, two in ((a, b), (b, a)):
            if one not in before.row_of or two not in after.row_of:
                continue
            gone = shapely.intersection(
                before.state.grids.metric[before.row_of[one]],
                after.state.grids.metric[after.row_of[two]],
            )
            if _thick(gone):
                raise Conflict(
                    "The border between {a} and {b} is locked.", a=a, b=b, borders=[[a, b]]
                )


def _thick(shape: BaseGeometry) -> list[BaseGeometry]:
    """The parts of a shape that are more than rounding."""
    parts = np.array(
        [p for p in shapely.get_parts(shapely.get_parts(shape)) if p.geom_type == "Polygon"],
        dtype=object,
    )
    return [] if not len(parts) else list(parts[mean_width_m(parts) >= ROUNDING_M])


def _back(shape: BaseGeometry, srid: int) -> BaseGeometry:
    return from_metric(np.array([shape], dtype=object), srid)[0]


def _at(error: GisgridError, lonlat: BaseGeometry) -> GisgridError:
    spot = lonlat.representative_point()
    error.facts["place"] = [round(spot.x, 7), round(spot.y, 7)]
    return error
