"""Where is that, and which grid is it in? A point in any datum or an address, to the whole answer."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.orm import Session

from gisgrid.core.coordinates import angle, order_of_numbers, pair
from gisgrid.core.crs import parse, to_lonlat
from gisgrid.core.errors import AmbiguousAddress, Invalid, NotFound, OutsideCoverage
from gisgrid.core.messages import Message, message
from gisgrid.core.places import check_place
from gisgrid.locate.addresses.search import AddressCandidate, Nearest, search
from gisgrid.locate.point_lookup import PointLookup

# What two coordinates have and a house number with a room has not.
_POINT_MARK = re.compile(r"\d\.\d|[°º度′]|[NSEW]\b|[经纬經緯]|lat|lon|lng", re.IGNORECASE)
DATUMS = ("wgs84", "cgcs2000", "gcj02", "bd09")
ACCEPT = 0.9
"""Confidence from which an address is taken for a house; below it, somebody has to choose."""

Find = Callable[[float, float], PointLookup]
"""Longitude and latitude of EPSG:4326 to the grid; raises ``OutsideCoverage``."""


@dataclass(frozen=True)
class HouseFound:
    """The house that was meant; a spot of the alias book has neither number nor code."""

    id: int | None
    code: str | None
    address: str


@dataclass(frozen=True)
class LookupResult:
    """The whole answer, with how it came about."""

    where: PointLookup
    how: Literal["point", "address", "alias"]
    confidence: float
    """0 to 1: that this is the place that was asked for; of a point 1."""
    reason: Message
    house: HouseFound | None = None
    nearest: Nearest | None = None
    """The nearest address to a point: never taken for the place itself."""


def number(text: str | float, name: str) -> float:
    """A coordinate out of what somebody typed, also in degrees and minutes; Invalid if it is no number.

    >>> number(" 120.88 ", "lon"), number("40°30'N", "lat")
    (120.88, 40.5)
    """
    try:
        return float(text)
    except ValueError:
        found = angle(str(text))
        if not math.isnan(found):
            return found
        shown = str(text)[:40]
        raise Invalid(
            "{parameter} is {shown!r}, which is no number in degrees.", shown=shown, parameter=name
        ) from None


def in_wgs84(lon: float, lat: float, datum: str = "wgs84") -> tuple[float, float]:
    """A point in one of ``DATUMS`` as longitude and latitude of EPSG:4326.

    Raises
    ------
    Invalid
        Unknown datum, or no longitude and latitude.
    """
    declared = None
    if datum.strip():
        try:
            declared = parse(datum)
        except Invalid:
            declared = None
    if declared is None or declared.kind not in DATUMS:
        raise Invalid(
            "The datum {datum!r} is not known; it is one of {known}.",
            datum=datum[:40],
            known=list(DATUMS),
        )
    check_place(lon, lat)
    if declared.kind in ("wgs84", "cgcs2000"):
        return lon, lat
    x, y = to_lonlat([lon], [lat], declared)
    return float(x[0]), float(y[0])


def by_point(find: Find, lon: float, lat: float) -> LookupResult:
    """The grid of a point of EPSG:4326.

    Raises
    ------
    OutsideCoverage
        No grid covers it.
    Invalid
        It is no place, or only the other way round lies in the grids.
    """
    try:
        where = find(lon, lat)
    except OutsideCoverage as outside:
        _refuse_swapped(find, lon, lat)
        raise outside
    return LookupResult(where, "point", 1.0, message("coordinates"))


def typed_points(words: str) -> list[tuple[float, float]]:
    """The points, longitude first, that a text may mean which somebody pasted instead of an address.

    Empty for an address; two where nothing in the text says which number is the latitude. Two whole
    numbers may be a house number and a room, and are none.

    >>> typed_points("40.7032, 120.8894"), typed_points("47.4, 8.5"), typed_points("康成街9号")
    ([(120.8894, 40.7032)], [(47.4, 8.5), (8.5, 47.4)], [])
    """
    found = pair(words)
    if found is None or not _POINT_MARK.search(words):
        return []
    order = found.order or order_of_numbers(found.first, found.second)
    both = {"lonlat": (found.first, found.second), "latlon": (found.second, found.first)}
    return [both[order]] if order else list(both.values())


def by_typed_point(find: Find, words: str, datum: str = "wgs84") -> LookupResult | None:
    """The grid of a point that was pasted where an address is asked for; None: it is no point.

    Raises
    ------
    OutsideCoverage, Invalid
        As ``by_point``, of the one point or of the first of two.
    """
    refusals: list[OutsideCoverage | Invalid] = []
    for lon, lat in typed_points(words):
        try:
            where = find(*in_wgs84(lon, lat, datum))
        except (OutsideCoverage, Invalid) as refused:
            refusals.append(refused)
            continue
        reason = message(
            "read as the point: longitude {lon:.6f}, latitude {lat:.6f} ({datum})",
            lon=lon, lat=lat, datum=datum,
        )  # fmt: skip
        return LookupResult(where, "point", 1.0, reason)
    if refusals:
        raise refusals[0]
    return None


def by_address(
    session: Session, township_id: int, find: Find, words: str, *, datum: str = "wgs84"
) -> LookupResult:
    """The grid of an address or alias, or of a point that was pasted in its place.

    Parameters
    ----------
    datum
        Of a pasted point.

    Raises
    ------
    Invalid
        Nothing to look for, or too long.
    AmbiguousAddress
        No house is sure enough; ``facts["candidates"]`` are what may be meant, each with its grid.
    NotFound
        Nothing like it is known, or the house has no point.
    OutsideCoverage
        No grid covers the house.
    """
    typed = by_typed_point(find, words, datum)
    if typed is not None:
        return typed
    # A character that no address has and no database takes.
    answer = search(session, township_id, words.replace("\0", " "), accept=ACCEPT)
    if answer.match is None and not answer.candidates:
        raise NotFound("Nothing in the register is like this address.", candidates=[])
    if answer.match is None:
        raise AmbiguousAddress(
            "It is not sure which address is meant; choose one of the candidates.",
            candidates=[_option(find, c) for c in answer.candidates],
        )
    match = answer.match
    house = HouseFound(match.house_id, match.code, match.address)
    if match.lon is None or match.lat is None:
        raise NotFound(
            "{address} is in the register, but without a point: its grid cannot be told.",
            address=match.address,
            house=match.code,
        )
    try:
        where = find(match.lon, match.lat)
    except OutsideCoverage as outside:
        outside.facts.update(lon=match.lon, lat=match.lat)
        raise
    return LookupResult(
        where=where,
        how="address" if match.house_id is not None else "alias",
        confidence=match.confidence,
        reason=match.reason,
        house=house,
        nearest=answer.nearest,
    )


def first_that_covers(finds: Sequence[Find]) -> Find:
    """One look-up over several townships: the first that covers, else the nearest one's refusal."""

    def find(lon: float, lat: float) -> PointLookup:
        refusals = []
        for each in finds:
            try:
                return each(lon, lat)
            except OutsideCoverage as outside:
                refusals.append(outside)
        raise min(refusals, key=lambda r: _metres(r.facts.get("distance_m")))

    return find


def _option(find: Find, candidate: AddressCandidate) -> dict[str, object]:
    try:
        lon, lat = candidate.lon, candidate.lat
        card = find(lon, lat).grid if lon is not None and lat is not None else None
    except OutsideCoverage:
        card = None
    return {
        "address": candidate.address,
        "code": candidate.code,
        "confidence": round(candidate.confidence, 3),
        "reason": candidate.reason,
        "lon": candidate.lon,
        "lat": candidate.lat,
        "grid": card and card.code,
        "grid_name": card and card.name,
    }


def _refuse_swapped(find: Find, lon: float, lat: float) -> None:
    """Both orders may be in range (Boston, Bengaluru): then only the grids can tell."""
    if abs(lon) > 90:
        return
    try:
        find(lat, lon)
    except OutsideCoverage:
        return
    raise Invalid(
        "lon={lon}, lat={lat} lies far from all grids, but the other way round inside one: longitude and "
        "latitude are swapped.",
        lon=lon,
        lat=lat,
    )


def _metres(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.inf
