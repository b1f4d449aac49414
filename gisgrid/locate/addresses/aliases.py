"""The alias book: what people call a place, added by workers or loaded from a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz import fuzz
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid, NotFound
from gisgrid.core.messages import Message
from gisgrid.files.read import open_table
from gisgrid.files.words import clean
from gisgrid.locate.addresses.gazetteer import grams
from gisgrid.locate.addresses.normal import fold_name

MAX_WORDS = 100
_COLUMNS = {
    "alias": "alias", "俗称": "alias", "别名": "alias",
    "house": "house", "code": "house", "房屋编码": "house", "房屋代码": "house",
    "lon": "lon", "经度": "lon", "lat": "lat", "纬度": "lat",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class AliasMatch:
    """An alias like what was asked for, with its place."""

    words: str
    likeness: float
    """1: the same words; else below 1."""
    house_id: int | None
    code: str | None
    address: str | None
    lon: float | None
    lat: float | None


@dataclass(frozen=True, slots=True)
class AliasEntry:
    """A line of the book: words, and the house (its code) or point (lon, lat) they mean."""

    words: str
    house: str | None = None
    point: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a file of aliases did."""

    added: int
    changed: int
    unchanged: int
    refused: tuple[tuple[int, Message], ...]
    """Line of the file (the header is 1), and why."""


def add(session: Session, township_id: int, entry: AliasEntry, *, who: str) -> bool:
    """Note an alias with who said so; True: it was new.

    Points are of EPSG:4326. Words that meant another place before mean the new one from now on.

    Raises
    ------
    Invalid
        No words, too many, not exactly one place, or no such point on earth.
    NotFound
        No house has the code.
    """
    return _put(session, township_id, entry, who) == "added"


def load(session: Session, township_id: int, path: Path, *, who: str) -> Loaded:
    """Put a table (CSV or XLSX; alias, and house or lon and lat) into the book, row by row.

    Raises
    ------
    Invalid
        The file cannot be read as such a table.
    """
    counts = {"added": 0, "changed": 0, "unchanged": 0}
    refused: list[tuple[int, Message]] = []
    for line, row in _rows(path):
        try:
            point = _point(row.get("lon", ""), row.get("lat", ""))
            entry = AliasEntry(row.get("alias", ""), row.get("house") or None, point)
            done = _put(session, township_id, entry, who)
            counts[done] += 1
        except (Invalid, NotFound) as exc:
            refused.append((line, exc.said))
    return Loaded(**counts, refused=tuple(refused))


def find(session: Session, township_id: int, asked: str) -> list[AliasMatch]:
    """Aliases of these words, or else up to three like them, best first."""
    key = fold_name(asked)
    rows = session.execute(_FIND, {"t": township_id, "key": key, "grams": grams(key)})
    found = [
        AliasMatch(
            words=row.words,
            likeness=1.0 if row.key == key else min(0.95, fuzz.ratio(row.key, key) / 100),
            house_id=row.house_id,
            code=row.code,
            address=row.address,
            lon=row.lon,
            lat=row.lat,
        )
        for row in rows
    ]
    best = sorted(found, key=lambda f: (-f.likeness, f.words))[:3]
    return best[:1] if best and best[0].likeness == 1 else [f for f in best if f.likeness >= 0.5]


def keyed(words: str) -> tuple[str, str, str]:
    """Words of an alias as they are kept: as given, in one form of writing, and as trigrams see that.

    Raises
    ------
    Invalid
        No words, or too many.
    """
    kept = " ".join(words.replace("\0", "").split())
    key = fold_name(kept)
    if not any(c.isalnum() for c in key) or len(kept) > MAX_WORDS:
        raise Invalid(
            "An alias has between 1 and {max_words} characters, letters among them.",
            max_words=MAX_WORDS,
        )
    return kept, key, grams(key)


def of_house(session: Session, house_id: int) -> list[str]:
    """What a house is called besides, as far as whoever acts may read it."""
    return list(
        session.scalars(
            text("SELECT words FROM alias WHERE house_id = :house ORDER BY words"),
            {"house": house_id},
        )
    )


def _put(session: Session, township_id: int, entry: AliasEntry, who: str) -> str:
    words, key, trigrams = keyed(entry.words)
    house, point = entry.house, entry.point
    if (house is None) == (point is None):
        raise Invalid("An alias means either a house (its code) or a point (lon and lat).")
    if point and not (-180 <= point[0] <= 180 and -90 <= point[1] <= 90):
        raise Invalid(
            "{lon}, {lat} is no longitude and latitude.",
            lon=point[0],
            lat=point[1],
        )
    house_id = None
    if house is not None:
        house_id = session.scalar(
            text("SELECT id FROM house WHERE township_id = :t AND code = :code"),
            {"t": township_id, "code": house},
        )
        if house_id is None:
            raise NotFound("No house has the code {house!r}.", house=house)
    lon, lat = point or (None, None)
    done = session.execute(
        text(_PUT),
        {"t": township_id, "words": words, "key": key, "grams": trigrams, "who": who,
         "house": house_id, "lon": lon, "lat": lat},
    ).scalar_one_or_none()  # fmt: skip
    return "unchanged" if done is None else "added" if done else "changed"


def _point(lon: str, lat: str) -> tuple[float, float] | None:
    if not lon and not lat:
        return None
    try:
        return float(lon), float(lat)
    except ValueError:
        raise Invalid("{lon!r}, {lat!r} is no longitude and latitude.", lon=lon, lat=lat) from None


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    table = open_table(path)
    heads = {head: _COLUMNS.get(head.strip().casefold(), "") for head in table.columns}
    if "alias" not in heads.values():
        raise Invalid("{path} has no column alias (俗称).", path=path.name)
    for chunk in table.chunks():
        for number, row in zip(chunk.index.tolist(), chunk.to_dict("records"), strict=True):
            yield int(number), {heads[h]: clean(row[h] or "") for h in table.columns if heads[h]}


_FIND = text("""
SELECT a.words, a.key, a.house_id, h.code, h.address,
       ST_X(coalesce(a.geom, h.geom)) AS lon, ST_Y(coalesce(a.geom, h.geom)) AS lat
FROM alias a LEFT JOIN house h ON h.id = a.house_id
WHERE a.township_id = :t AND (a.key = :key OR a.grams % :grams)
ORDER BY a.key = :key DESC, similarity(a.grams, :grams) DESC, a.key LIMIT 5
""")

# xmax is 0 in a row that this statement has inserted.
_PUT = """
INSERT INTO alias AS a (township_id, words, key, grams, house_id, geom, added_by)
VALUES (:t, :words, :key, :grams, :house,
        ST_SetSRID(ST_MakePoint(CAST(:lon AS float8), CAST(:lat AS float8)), 4326), :who)
ON CONFLICT (township_id, key) DO UPDATE
SET words = excluded.words, house_id = excluded.house_id, geom = excluded.geom,
    added_by = excluded.added_by, added_at = now()
WHERE (a.house_id, a.geom) IS DISTINCT FROM (excluded.house_id, excluded.geom)
RETURNING xmax = 0
"""
