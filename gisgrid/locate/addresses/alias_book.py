"""The alias book as its keepers see it: what stands there, a line corrected, added or taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, Invalid, NotAllowed, NotFound
from gisgrid.db.listing import AS_IT_STANDS, Listing, count, portion
from gisgrid.locate.addresses.aliases import keyed
from gisgrid.locate.addresses.search import search


@dataclass(frozen=True)
class BookLine:
    """A line of the book, as far as whoever asks may read it."""

    id: int
    words: str
    house_id: int | None
    code: str | None
    address: str | None
    lon: float | None
    """Of a spot that is no house, in EPSG:4326; None: it means a house."""
    lat: float | None
    grid: str | None
    added_by: str
    added_at: datetime


COLUMNS = tuple(field.name for field in fields(BookLine))
TEXTS = ("words", "address", "code", "grid", "added_by")


def listed(
    session: Session, township_id: int, *, limit: int, skip: int = 0, listing: Listing = AS_IT_STANDS
) -> list[BookLine]:  # fmt: skip
    """The lines of a township that may be read, by their words."""
    rows = portion(
        session, _BOOK, {"t": township_id}, listing, columns=COLUMNS, texts=TEXTS, limit=limit, skip=skip
    )  # fmt: skip
    return [BookLine(**{name: row[name] for name in COLUMNS}) for row in rows]


def count_listed(session: Session, township_id: int, listing: Listing = AS_IT_STANDS) -> int:
    """How many lines `listed` would give, were there no end."""
    return count(session, _BOOK, {"t": township_id}, listing, columns=COLUMNS, texts=TEXTS)


def house_meant(session: Session, township_id: int, said: str) -> int:
    """The house of a code, else of an address beyond doubt; NotFound if there is none."""
    house: int | None = session.scalar(
        text("SELECT id FROM house WHERE township_id = :t AND code = :code"),
        {"t": township_id, "code": said},
    )
    if house is None:
        match = search(session, township_id, said[:200]).match
        house = match.house_id if match else None
    if house is None:
        raise NotFound("No house has the code or the address {said!r}.", said=said[:80])
    return house


def keep(
    session: Session,
    township_id: int,
    words: str,
    *,
    number: int | None = None,
    house_id: int | None = None,
    point: tuple[float, float] | None = None,
) -> int:
    """Write a line, or correct the one of a number; its number.

    ``point`` is longitude and latitude in EPSG:4326.

    Raises
    ------
    Invalid
        No words, too many, not exactly one place, or no such point on earth.
    Conflict
        The words mean another place already, or the line is no longer there.
    NotAllowed
        The place lies where the account does not check the register.
    """
    kept, key, grams = keyed(words)
    if (house_id is None) == (point is None):
        raise Invalid("An alias means either a house (its code) or a point (lon and lat).")
    if point and not (-180 <= point[0] <= 180 and -90 <= point[1] <= 90):
        raise Invalid("{lon}, {lat} is no longitude and latitude.", lon=point[0], lat=point[1])
    lon, lat = point or (None, None)
    values = {
        "t": township_id, "n": number, "words": kept, "key": key, "grams": grams, "house": house_id, "lon": lon, "lat": lat,
    }  # fmt: skip
    made = _by_right(session, _KEEP, values)
    if made is None:
        raise Conflict(
            "“{words}” stands in the book already, or its line is gone: look it up there.",
            words=kept,
        )
    return int(made)


def end(session: Session, township_id: int, number: int) -> None:
    """Take a line out of the book; its history keeps it unless its words speak of somebody.

    Raises
    ------
    NotFound
        There is no such line.
    NotAllowed
        It points where the account does not check the register.
    """
    if not _by_right(session, _END, {"t": township_id, "n": number}):
        raise NotFound("There is no alias {number} in this book.", number=number)


def _by_right(session: Session, statement: str, values: Mapping[str, object]) -> int | None:
    try:
        found: int | None = session.scalar(text(statement), values)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == "42501":
            raise NotAllowed("This place lies outside the area of your rights.") from error
        raise
    return found


_KEEP = """
SELECT keep_alias(:t, CAST(:n AS bigint), :words, :key, :grams, CAST(:house AS bigint),
    ST_SetSRID(ST_MakePoint(CAST(:lon AS float8), CAST(:lat AS float8)), 4326))
"""
_END = "SELECT CAST(end_alias(:t, :n) AS int)"
_BOOK = """
SELECT a.id, a.words, a.house_id, h.code, h.address, ST_X(a.geom) AS lon, ST_Y(a.geom) AS lat, coalesce(g.name, s.name) AS grid,
       a.added_by, a.added_at
FROM alias a LEFT JOIN house h ON h.id = a.house_id
LEFT JOIN plan_in_force p ON p.township_id = a.township_id
LEFT JOIN house_grid i ON i.plan_id = p.id AND i.house_id = h.id LEFT JOIN grid g ON g.id = i.grid_id
LEFT JOIN LATERAL (
    SELECT o.name FROM grid o WHERE o.plan_id = p.id AND ST_Covers(o.geom, a.geom) ORDER BY o.code COLLATE "C" LIMIT 1
) s ON true
WHERE a.township_id = :t ORDER BY a.words COLLATE zh_natural, a.id LIMIT CAST(:limit AS bigint) OFFSET :skip
"""
