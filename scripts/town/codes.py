"""Codes, addresses and the table of every kind of place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from gisgrid.core.codes import number_in_community
from gisgrid.core.crs import default_metric_srid, to_metric
from scripts.town.division import Division
from scripts.town.ground import Ground
from scripts.town.houses import Houses
from scripts.town.names import BODIES, chinese_number, community_names
from scripts.town.spec import COUNTY, LAT0, LON0, TOWNSHIP, Ints, Spec, lonlat

METRIC_SRID = default_metric_srid(LON0, LAT0)


@dataclass(frozen=True)
class Places:
    """The named and numbered units; polygons in degrees, exactly tiling."""

    areas: pd.DataFrame
    grids: pd.DataFrame
    """One row per grid in the order of ``Division``; ``geometry`` in degrees."""
    community_codes: list[str]
    community_names: list[str]


def name_places(ground: Ground, division: Division, spec: Spec) -> Places:
    """Areas and grids with codes, names and polygons.

    A community has 12 digits. A basic grid has its community's 12 and 3 more, numbered by
    the product's own rule. An exclusive grid has 20: its community's 12, 2 for the kind of body, 6 that count
    the exclusive grids of the town (our own split: CJ/T 349 fixes the length).
    """
    blocks = shapely.polygons(ground.rings(lonlat(ground.nodes_m)))
    community = _unions(blocks, division.community, spec.communities)
    grid = _unions(blocks, division.grid, spec.basic + spec.exclusive)
    town = shapely.coverage_union_all(blocks)
    centres_m = np.stack(
        [ground.centres_m[division.community == c].mean(0) for c in range(spec.communities)]
    )
    named = community_names(centres_m, spec)
    codes = [f"{TOWNSHIP}{201 + c:03d}" for c in range(spec.communities)]
    if spec.communities > 799:
        raise ValueError("community codes end at 999: at most 799 communities")
    areas = pd.DataFrame(
        [
            (COUNTY, "county", "虚构县", "Invented County", "", town),
            (TOWNSHIP, "township", "F镇（虚构）", "Town F (synthetic)", COUNTY, town),
            *(
                (code, "community", zh, en, TOWNSHIP, polygon)
                for code, (zh, en), polygon in zip(codes, named, community, strict=True)
            ),
        ],
        columns=["code", "level", "name", "name_en", "parent", "geometry"],
    )
    names = [zh for zh, _ in named]
    return Places(
        areas, _grids(ground, division, grid, codes=codes, names=names, spec=spec), codes, names
    )


def addresses(houses: Houses, streets: list[str], community: list[str]) -> list[str]:
    """Community, street, number and, where a door has several, the building (幢)."""
    return [
        f"{name}{streets[street]}{number}号" + (f"{building}幢" if building else "")
        for name, street, number, building in zip(
            community,
            houses.street.tolist(),
            houses.number.tolist(),
            houses.building.tolist(),
            strict=True,
        )
    ]


def rooms(houses: Houses, house_of: Ints) -> list[str]:
    """Unit, floor and room of each household: two units, two doors to a floor; "" in a house of one."""
    first = np.searchsorted(house_of, house_of)
    rank = (np.arange(len(house_of)) - first).tolist()
    return [
        f"{k % 2 + 1}单元{k // 4 + 1}0{k // 2 % 2 + 1}室"
        if flat
        else (f"{k + 1}室" if many else "")
        for k, flat, many in zip(
            rank,
            houses.apartment[house_of].tolist(),
            (houses.households[house_of] > 1).tolist(),
            strict=True,
        )
    ]


def _unions(blocks: np.ndarray, label: Ints, n: int) -> list[shapely.Polygon]:
    order = np.argsort(label, kind="stable")
    ends = np.searchsorted(label[order], np.arange(n + 1))
    unions = [shapely.coverage_union_all(blocks[order[ends[k] : ends[k + 1]]]) for k in range(n)]
    return list(shapely.orient_polygons(np.array(unions)))


def _grids(
    ground: Ground,
    division: Division,
    polygons: list[shapely.Polygon],
    *,
    codes: list[str],
    names: list[str],
    spec: Spec,
) -> pd.DataFrame:
    rows: list[tuple[object, ...]] = [()] * len(polygons)
    home = division.community_of_grid
    for c in range(spec.communities):
        own = np.flatnonzero(home[: spec.basic] == c)
        metric = to_metric(np.array([polygons[g] for g in own], object), METRIC_SRID)
        centres, boxes = shapely.get_coordinates(shapely.centroid(metric)), shapely.bounds(metric)
        numbers = number_in_community(*centres.T, boxes[:, 3] - boxes[:, 1])
        for k, number in enumerate(numbers.tolist()):
            rows[own[k]] = (
                f"{codes[c]}{number:03d}",
                f"{names[c]}第{chinese_number(number)}网格",
                "basic",
                codes[c],
                "",
                polygons[own[k]],
            )
    for number in range(spec.exclusive):
        g = spec.basic + number
        body, kind = BODIES[number % len(BODIES)]
        which = (
            ""
            if spec.exclusive <= len(BODIES)
            else f"第{chinese_number(number // len(BODIES) + 1)}"
        )
        rows[g] = (
            f"{codes[home[g]]}{kind}{number + 1:06d}",
            f"{which}{body}专属网格",
            "exclusive",
            codes[home[g]],
            f"F镇{which}{body}（虚构）",
            polygons[g],
        )
    return pd.DataFrame(rows, columns=["code", "name", "kind", "community", "host", "geometry"])
