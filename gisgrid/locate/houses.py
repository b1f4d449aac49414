"""Which address is nearest? The houses of a township in memory, for the answers of the web.

``gisgrid.locate.addresses.search.nearest_address`` asks PostGIS the same; a test holds the two equal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree
from sqlalchemy.orm import Session

from gisgrid.core.crs import point_to_metric, points_to_metric
from gisgrid.core.plans import TownshipInfo
from gisgrid.db.store import raw
from gisgrid.locate.addresses.search import Nearest

HOUSES_CHANNEL = "houses_changed"
"""Channel on which a change of the houses is told, by a trigger of the store."""

_TIES = 8
"""So many houses on one spot are compared by code; a spot of more answers with one of them."""


@dataclass(frozen=True)
class HouseIndex:
    """Located houses, sorted by code; about 80 bytes and the address for each."""

    srid: int
    ids: npt.NDArray[np.int64]
    words: bytes
    """Code and address of all, UTF-8, tab between and after."""
    begins: npt.NDArray[np.int64]
    """Where each house's words begin, (n + 1,)."""
    tree: cKDTree
    """Points in the metric CRS ``srid``."""

    def nearest(self, lon: float, lat: float) -> Nearest | None:
        """The house nearest to a point of EPSG:4326, of equally near ones the lowest code.

        None if there are no houses, or the point lies outside the metric CRS.
        """
        spot = point_to_metric(lon, lat, self.srid)
        if not len(self.ids) or spot is None:
            return None
        distance_m, found = (a.tolist() for a in self.tree.query(spot, k=_TIES))
        house = min(f for f, d in zip(found, distance_m, strict=True) if d == distance_m[0])
        words = self.words[self.begins[house] : self.begins[house + 1]].decode()
        code, address, _ = words.split("\t")
        return Nearest(int(self.ids[house]), code, address, distance_m[0])


def take_houses(session: Session, place: TownshipInfo) -> HouseIndex:
    """The located houses of a township."""
    ids, lon, lat, words = [], [], [], []
    with raw(session).cursor("houses") as cursor:
        cursor.execute(_HOUSES, {"township": place.id})
        while rows := cursor.fetchmany(20_000):
            ids += [row[0] for row in rows]
            lon += [row[1] for row in rows]
            lat += [row[2] for row in rows]
            words += [f"{row[3]}\t{row[4]}\t".encode() for row in rows]
    x, y = points_to_metric(lon, lat, place.metric_srid)
    here = ~np.isnan(x)
    return HouseIndex(
        srid=place.metric_srid,
        ids=np.array(ids, np.int64)[here],
        words=b"".join(w for w, h in zip(words, here.tolist(), strict=True) if h),
        begins=np.concatenate(
            ([0], np.cumsum(np.array([len(w) for w in words], np.int64)[here]))
        ).astype(np.int64),
        tree=cKDTree(np.column_stack((x[here], y[here]))),
    )


# A tab in an address would be taken for the end of it.
_HOUSES = """
SELECT id, ST_X(geom), ST_Y(geom), translate(code, E'\\t', ' '), translate(address, E'\\t', ' ')
FROM house WHERE township_id = %(township)s AND location_status = 'ok' ORDER BY code COLLATE "C"
"""
