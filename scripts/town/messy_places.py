"""Boundary files with planted defects: grids that gap, overlap, cross, or are no polygons at all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely
import shapely.ops
from shapely.geometry.base import BaseGeometry

from scripts.town.planting import Sheet
from scripts.town.spec import DECIMALS, LAT0, LON0, TOWNSHIP, metres_per_degree
from scripts.town.town import Town

GAP_M, OVERLAP_M, SLIVER_M = 5.0, 5.0, 0.05


def areas(town: Town) -> Sheet:
    """areas.geojson with communities that cannot be used behind the good ones."""
    sheet = Sheet.of("boundaries/areas.geojson", town.areas)
    sheet.append(2, "unknown_parent", "parent", code="999902001201", parent="999902001")
    sheet.append(2, "geometry_invalid", "geometry", code=f"{TOWNSHIP}291", geometry=_bow_tie())
    sheet.append(2, "not_a_choice", "level", code=f"{TOWNSHIP}292", level="城市群")
    sheet.append(2, "code_short", "code", code="99990100129")
    return sheet


def streets(town: Town) -> Sheet:
    """streets.geojson with streets that are no lines or have no name."""
    sheet = Sheet.of("boundaries/streets.geojson", town.streets)
    sheet.append(0, "missing", "name", code="L9001", name="")
    sheet.append(0, "geometry_type", "geometry", code="L9002", geometry=shapely.Point(LON0, LAT0))
    sheet.append(0, "code_twice", "code")
    return sheet


def grids(town: Town, rng: np.random.Generator) -> tuple[Sheet, list[str]]:
    """grids.geojson with every defect, and the codes of houses that lose their grid by it."""
    sheet = Sheet.of("boundaries/grids.geojson", town.grids)
    pairs = _Pairs(sheet, rng)

    a, _, edge = pairs.take(same_community=True)
    sheet.plant(a, "gap", "geometry", geometry=_cut(sheet, a, _strip(edge, GAP_M)))
    a, _, edge = pairs.take(same_community=True)
    sheet.plant(a, "overlap", "geometry", geometry=_join(sheet, a, _strip(edge, OVERLAP_M)))
    a, _, edge = pairs.take(same_community=True)
    sheet.plant(a, "sliver", "geometry", geometry=_cut(sheet, a, _strip(edge, SLIVER_M)))
    a, b, edge = pairs.take(same_community=False)
    piece = shapely.intersection(_strip(edge, 40.0), _metres(_polygon(sheet, b)))
    sheet.plant(a, "crosses_communities", "geometry", geometry=_join(sheet, a, piece))
    sheet.rows[b]["geometry"] = _cut(sheet, b, piece)
    a, b, _ = pairs.take(same_community=True)
    island = _disc(_polygon(sheet, b), 30.0)
    sheet.plant(a, "multipart", "geometry", geometry=_join(sheet, a, island))
    sheet.rows[b]["geometry"] = _cut(sheet, b, island)

    a, _, edge = pairs.take(same_community=True)
    sheet.plant(a, "geometry_repaired", "geometry", geometry=_spiked(_polygon(sheet, a)))
    houses = _hole_around_a_house(sheet, town, pairs)
    _empty_grid(sheet, town, pairs)
    exclusive = [k for k, row in enumerate(sheet.rows) if row["kind"] == "exclusive"]
    sheet.plant(exclusive[0], "no_host", "host", host="")
    _append_bad_rows(sheet)
    return sheet, houses


class _Pairs:
    """Neighbouring basic grids, each grid handed out once so that defects do not mix."""

    def __init__(self, sheet: Sheet, rng: np.random.Generator) -> None:
        self.sheet = sheet
        self.used: set[int] = set()
        basic = [k for k, row in enumerate(sheet.rows) if row["kind"] == "basic"]
        self.order = [basic[k] for k in rng.permutation(len(basic))]

    def take(self, *, same_community: bool) -> tuple[int, int, BaseGeometry]:
        """Rows of two unused neighbours and the longest straight piece of their border, in metres."""
        for a in self.order:
            for b in self.order:
                same = self.sheet.rows[a]["community"] == self.sheet.rows[b]["community"]
                if a == b or {a, b} & self.used or same != same_community:
                    continue
                border = shapely.intersection(
                    _metres(_polygon(self.sheet, a)), _metres(_polygon(self.sheet, b))
                )
                edges = [g for g in shapely.get_parts(border) if g.length > 25]
                if edges:
                    self.used |= {a, b}
                    return a, b, max(edges, key=lambda g: float(g.length))
        raise RuntimeError("no two unused neighbours are left")

    def single(self, fits: Callable[[int], bool]) -> int:
        found: int = next(k for k in self.order if k not in self.used and fits(k))
        self.used.add(found)
        return found


def _hole_around_a_house(sheet: Sheet, town: Town, pairs: _Pairs) -> list[str]:
    """A hole of 6 m radius around one house: people that nobody looks after."""
    points = shapely.points(town.houses[["lon", "lat"]].to_numpy())

    def inside(k: int) -> np.ndarray:
        return np.flatnonzero(shapely.contains(_polygon(sheet, k), points))

    grid = pairs.single(lambda k: len(inside(k)) > 0)
    house = int(inside(grid)[0])
    hole = shapely.buffer(_metres(points[house]), 6.0)
    sheet.plant(grid, "gap_with_house", "geometry", geometry=_cut(sheet, grid, hole))
    return [str(town.houses["code"][house])]


def _empty_grid(sheet: Sheet, town: Town, pairs: _Pairs) -> None:
    """A new grid, cut out of another, in which no house stands."""
    points = shapely.points(town.houses[["lon", "lat"]].to_numpy())

    def free(k: int) -> bool:
        ground = _degrees(_disc(_polygon(sheet, k), 20.0))
        return not shapely.intersects(ground, points).any()

    grid = pairs.single(free)
    ground = _disc(_polygon(sheet, grid), 20.0)
    community = str(sheet.rows[grid]["community"])
    sheet.rows[grid]["geometry"] = _cut(sheet, grid, ground)
    sheet.append(
        grid,
        "empty_grid",
        code=f"{community}901",
        name="空网格",
        geometry=_degrees(ground),
    )


def _append_bad_rows(sheet: Sheet) -> None:
    """Rows that cannot be kept; each has a code of its own unless the code is what is wrong."""
    row = next(k for k, r in enumerate(sheet.rows) if r["kind"] == "basic")
    home = str(sheet.rows[row]["community"])
    plot = shapely.box(LON0, LAT0, LON0 + 0.0005, LAT0 + 0.0005)
    bad: list[tuple[str, str, object]] = [
        ("geometry_invalid", "geometry", _bow_tie()),
        ("geometry_none", "geometry", None),
        ("geometry_empty", "geometry", shapely.Polygon()),
        ("geometry_type", "geometry", shapely.LineString([(LON0, LAT0), (LON0 + 0.001, LAT0)])),
        ("swapped", "geometry", shapely.transform(plot, lambda c: c[:, ::-1])),
        ("far", "geometry", shapely.transform(plot, lambda c: c + np.array([2.0, 1.0]))),
    ]
    for number, (defect, column, shape) in enumerate(bad, start=911):
        sheet.append(row, defect, column, code=f"{home}{number}", geometry=shape)
    sheet.append(row, "code_twice", "code", geometry=plot)
    sheet.append(row + 1, "row_twice")
    sheet.append(row, "code_exponent", "code", code="9.99901001201E+14", geometry=plot)
    sheet.append(row, "code_short", "code", code=f"{home}92", geometry=plot)
    exclusive = next(k for k, r in enumerate(sheet.rows) if r["kind"] == "exclusive" and r["host"])
    body = str(sheet.rows[exclusive]["code"])
    sheet.append(exclusive, "code_zeros", "code", code=f"{body[:15]}00000", geometry=plot)
    sheet.append(row, "missing", "code", code="", geometry=plot)
    sheet.append(row, "not_a_choice", "kind", code=f"{home}921", kind="临时", geometry=plot)
    sheet.append(
        row, "unknown_community", "community", code=f"{home}922", community=f"{TOWNSHIP}299",
        geometry=plot,
    )  # fmt: skip


def _polygon(sheet: Sheet, row: int) -> BaseGeometry:
    shape = sheet.rows[row]["geometry"]
    assert isinstance(shape, BaseGeometry)  # noqa: S101 - good rows have one
    return shape


def _metres(shape: BaseGeometry) -> BaseGeometry:
    scale = np.array(metres_per_degree())
    return shapely.transform(shape, lambda c: (c - [LON0, LAT0]) * scale)


def _degrees(shape: BaseGeometry) -> BaseGeometry:
    scale = np.array(metres_per_degree())
    return shapely.transform(shape, lambda c: np.round(c / scale + [LON0, LAT0], DECIMALS))


def _strip(edge_m: BaseGeometry, half_m: float) -> BaseGeometry:
    """The middle of an edge, as wide as ``half_m`` to both sides, with blunt ends."""
    middle = shapely.ops.substring(edge_m, 0.3, 0.7, normalized=True)
    return shapely.buffer(middle, half_m, cap_style="flat")


def _disc(polygon: BaseGeometry, radius_m: float) -> BaseGeometry:
    return shapely.buffer(_metres(shapely.point_on_surface(polygon)), radius_m, quad_segs=4)


def _cut(sheet: Sheet, row: int, piece_m: BaseGeometry) -> BaseGeometry:
    return shapely.difference(_polygon(sheet, row), _degrees(piece_m))


def _join(sheet: Sheet, row: int, piece_m: BaseGeometry) -> BaseGeometry:
    return shapely.union(_polygon(sheet, row), _degrees(piece_m))


def _spiked(polygon: BaseGeometry) -> BaseGeometry:
    """The same ground with a needle of no width on its outline: invalid, and safely repaired."""
    ring = np.asarray(polygon.exterior.coords)
    tip = ring[1] + (ring[1] - ring[2]) * 0.5
    return shapely.Polygon(np.vstack([ring[:2], tip, ring[1:]]), polygon.interiors)


def _bow_tie() -> BaseGeometry:
    return shapely.Polygon(
        [(LON0, LAT0), (LON0 + 0.001, LAT0 + 0.001), (LON0 + 0.001, LAT0), (LON0, LAT0 + 0.001)]
    )
