"""The whole town as tables, one per file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scripts.town import border, codes, division, ground, houses, learning, people, service
from scripts.town.calendar import calendar_table
from scripts.town.events import events_table
from scripts.town.matters import matters_table
from scripts.town.names import PLACES_OF_OLD, street_names
from scripts.town.spec import AS_OF, Ints, Spec, lonlat
from scripts.town.staff import staff_table


@dataclass(frozen=True)
class Town:
    """Every file's rows; those with shapes have the column ``geometry``."""

    areas: pd.DataFrame
    grids: pd.DataFrame
    streets: pd.DataFrame
    houses: pd.DataFrame
    households: pd.DataFrame
    residents: pd.DataFrame
    aliases: pd.DataFrame
    staff: pd.DataFrame
    matters: pd.DataFrame
    calendar: pd.DataFrame
    events: pd.DataFrame
    offices: pd.DataFrame
    stations: pd.DataFrame
    visits: pd.DataFrame
    documents: pd.DataFrame
    trainings: pd.DataFrame
    receipts: pd.DataFrame
    on_border: list[str]
    """Codes of the houses that stand exactly on a border."""
    near_border: list[str]
    """Codes of the houses within 5 m of one, but not on it."""


def make(spec: Spec) -> Town:
    """The town of the seed; the same spec gives the same town."""
    rng = np.random.default_rng(spec.seed)
    land = ground.lay_out(spec, rng)
    built = houses.build(land, spec, rng)
    size = people.sizes(spec, rng)
    house_of = np.repeat(np.arange(spec.houses), built.households)
    in_house = np.bincount(house_of, size, spec.houses).astype(np.int64)
    in_block = np.bincount(built.block, in_house, land.nu * land.nv).astype(np.int64)
    split = division.divide(land, in_block, spec, rng)
    places = codes.name_places(land, split, spec)

    moved = border.move_to_borders(land, split, built, places.grids["code"].tolist(), rng)
    built = moved.houses
    street_name = street_names([s.main for s in land.streets], rng)
    home = split.community[built.block]
    house_codes = _house_codes(built, home, places.community_codes)
    house_table = pd.DataFrame(
        {
            "code": house_codes,
            "address": codes.addresses(
                built, street_name, [places.community_names[c] for c in home]
            ),
            "community": [places.community_codes[c] for c in home],
            **dict(zip(("lon", "lat"), lonlat(built.xy_m).T, strict=True)),
        }
    )
    verified = _verified(spec, rng)
    households = pd.DataFrame(
        {
            "code": [f"H{k:07d}" for k in range(1, spec.households + 1)],
            "house": [house_codes[h] for h in house_of.tolist()],
            "room": codes.rooms(built, house_of),
            "verified_on": verified,
        }
    )
    in_grid = np.bincount(split.grid[built.block], in_house, len(places.grids)).astype(np.int64)
    community_name = dict(zip(places.community_codes, places.community_names, strict=True))
    residents = people.residents_table(people.members(size, rng), size, verified, rng)
    staff = staff_table(places.grids, community_name, in_grid, rng)
    events = events_table(spec, house_table, places.grids, rng)
    grid_of = [places.grids["code"][g] for g in split.grid[built.block].tolist()]
    # Its own generator, so that what was made before this came stays as it is.
    later = np.random.default_rng([spec.seed, 4])
    return Town(
        areas=places.areas,
        grids=places.grids.sort_values("code", ignore_index=True),
        streets=_streets(land, street_name),
        houses=house_table.sort_values("code", ignore_index=True),
        households=households,
        residents=residents,
        aliases=aliases_table(house_table, community_name),
        staff=staff,
        matters=matters_table(),
        calendar=calendar_table(),
        events=events,
        offices=service.offices_table(community_name, later),
        stations=service.stations_table(house_table, grid_of, places.grids, community_name),
        visits=service.visits_table(
            households, dict(zip(house_codes, grid_of, strict=True)), staff
        ),
        documents=learning.documents_table(),
        trainings=learning.trainings_table(staff, later),
        receipts=learning.receipts_table(staff, later),
        on_border=sorted(house_codes[h] for h in moved.on_border),
        near_border=sorted(house_codes[h] for h in moved.near_border),
    )


def _house_codes(built: houses.Houses, home: Ints, communities: list[str]) -> list[str]:
    """17 digits: the community's 12 and 5 that count its houses street by street."""
    order = np.lexsort((built.building, built.number, built.street, home))
    first = np.searchsorted(home[order], np.arange(len(communities)))
    rank = np.empty(len(order), int)
    rank[order] = np.arange(len(order)) - first[home[order]]
    return [
        f"{communities[c]}{k + 1:05d}" for c, k in zip(home.tolist(), rank.tolist(), strict=True)
    ]


def aliases_table(houses: pd.DataFrame, communities: dict[str, str]) -> pd.DataFrame:
    """The rows of aliases.csv: what old people call a place; the same words with each community's name."""
    rows = []
    for number, (code, name) in enumerate(communities.items()):
        there = sorted(houses.loc[houses["community"] == code, "code"])
        for k, words in enumerate(PLACES_OF_OLD[number % 2 :: 2]):
            short = name.removesuffix("社区")
            rows.append([f"{short}{words}", there[(k + 1) * len(there) // 5]])
    return pd.DataFrame(rows, columns=["alias", "house"])


def _verified(spec: Spec, rng: np.random.Generator) -> NDArray[np.str_]:
    """Day of the last visit to each household: mostly of the last year, some older, some never."""
    ago = np.where(
        rng.random(spec.households) < 0.9,
        rng.integers(0, 365, spec.households),
        rng.integers(365, 1100, spec.households),
    )
    day = (np.datetime64(AS_OF) - ago.astype("timedelta64[D]")).astype(str)
    return np.where(rng.random(spec.households) < 0.03, "", day)


def _streets(land: ground.Ground, names: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "code": [f"L{k:04d}" for k in range(1, len(names) + 1)],
            "name": names,
            "geometry": land.lines(),
        }
    )
