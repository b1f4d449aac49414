"""Both coordinates in one cell: "120.88,40.70", "lat, lon", "40.7 120.9 12.5 4.0"."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from gisgrid.core.coordinates import Order, order_of_numbers, pair
from gisgrid.files.frames import Cells
from gisgrid.files.words import plain

_LAT_FIRST = ("lat", "纬", "緯", "northing")
_LON_FIRST = ("lon", "lng", "经度纬", "經度緯", "easting")


def order_of(header: str, chunks: Iterable[Cells]) -> Order | None:
    """The order of a column of pairs; None where it holds none.

    What a cell says counts most, then what its numbers show (no latitude is beyond 90), then the header;
    longitude comes first where nothing tells.
    """
    said: set[Order] = set()
    shown: set[Order] = set()
    any_pair = False
    for cells in chunks:
        for cell in {c for c in cells.tolist() if c}:
            found = pair(cell)
            if found is None or (found.first == found.second == 0):
                continue
            any_pair = True
            if found.order is not None:
                said.add(found.order)
            if (by_numbers := order_of_numbers(found.first, found.second)) is not None:
                shown.add(by_numbers)
    if not any_pair:
        return None
    for evidence in (said, shown):
        if len(evidence) == 1:
            return evidence.pop()
    name = plain(header)
    if name.startswith(_LAT_FIRST):
        return "latlon"
    return "lonlat"


def split_pairs(cells: Cells, order: Order) -> tuple[Cells, Cells]:
    """The cells as longitude and latitude, each a text; what is no pair stays whole, to be refused.

    A cell that says its own order is taken at its word.
    """
    lon = np.full(len(cells), None, dtype=object)
    lat = np.full(len(cells), None, dtype=object)
    for i, cell in enumerate(cells.tolist()):
        if not cell or not cell.strip():
            continue
        found = pair(cell)
        if found is None:
            lon[i] = lat[i] = cell
            continue
        first, second = repr(found.first), repr(found.second)
        lon[i], lat[i] = (first, second) if (found.order or order) == "lonlat" else (second, first)
    return lon, lat
