"""Which house is this address? A house, or candidates with how sure each is; never a guess."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import cos, hypot, radians

from rapidfuzz import process
from rapidfuzz.distance import OSA
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.crs import M_PER_DEGREE
from gisgrid.core.errors import Invalid, NotFound
from gisgrid.core.messages import Message, message, say
from gisgrid.locate.addresses import aliases
from gisgrid.locate.addresses.distinguishing import (
    APART,
    Likes,
    Surroundings,
    directions_differ,
    rows_differ,
    surroundings,
)
from gisgrid.locate.addresses.likeness import (
    NOTES,
    SAME,
    Difference,
    confidences,
    number_difference,
    street_difference,
)
from gisgrid.locate.addresses.normal import fold, is_street, names_in, readings
from gisgrid.locate.addresses.readings import Reading, ladder
from gisgrid.locate.addresses.streets import streets_of

MAX_TEXT = 200
"""Longest address that is looked for, in characters."""
_ENOUGH = 2.0
"""A house found by its key at no more than this cost ends the search."""
_SPREAD = 7.0
"""Candidates this much worse than the best are not looked at: they weigh a thousandth."""
_HOPELESS = 0.005
_SAME_SPOT_M = 50.0
_STREETS, _STREETS_WHOLE, _NUMBERS_WANTED = 16, 3, 60
"""How many like streets are looked at, how many of them number by number, and how many numbers."""


@dataclass(frozen=True, slots=True)
class AddressCandidate:
    """A house or spot that may be meant."""

    confidence: float
    """0 to 1: chance that this is the one."""
    reason: Message
    address: str
    """As the register writes it; for a spot of the alias book, the alias."""
    house_id: int | None
    """None: a spot of the alias book."""
    code: str | None
    lon: float | None
    lat: float | None
    """EPSG:4326; None where the register has no point."""
    written: int = 1
    """So many houses of the register are written so and stand on one spot; this is the first."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """The address nearest to a point: no answer to where the point is."""

    house_id: int
    code: str
    address: str
    distance_m: float


@dataclass(frozen=True, slots=True)
class AddressAnswer:
    """What a search found."""

    text: str
    match: AddressCandidate | None
    """The house, if its confidence reaches what was asked for; else somebody has to choose."""
    candidates: tuple[AddressCandidate, ...]
    """The likeliest, best first, the match among them; empty: nothing like it is known."""
    nearest: Nearest | None = None
    """The address nearest to a matched spot that is no house."""


@dataclass(frozen=True, slots=True)
class _House:
    id: int
    code: str
    address: str
    lon: float | None
    lat: float | None
    street: str
    number: str
    upper: str


@dataclass(frozen=True, slots=True)
class _Found:
    house: _House
    difference: Difference
    written: int = 1


def search(
    session: Session, township_id: int, text: str, *, limit: int = 5, accept: float = 0.9
) -> AddressAnswer:
    """The house of an address or alias, or what may be meant.

    Parameters
    ----------
    text
        As somebody wrote or said it, Chinese or English, names above the street optional.
    limit
        At most so many candidates.
    accept
        Confidence from which the best candidate is the match.

    Raises
    ------
    Invalid
        Nothing to look for, or more than 200 characters.
    """
    asked = _checked(text)
    spoken = aliases.find(session, township_id, asked)
    if spoken and spoken[0].likeness == 1:
        return _of_alias(session, township_id, asked, spoken[0])
    reads = readings(asked)
    around = surroundings(session, township_id, reads)
    found = _by_key(session, township_id, reads, around)
    if not found or found[0].difference.cost > _ENOUGH:
        found = _best(found + _by_likeness(session, township_id, reads, around))
    candidates = [c for c in _weighed(found, spoken)[:limit] if c.confidence >= _HOPELESS]
    match = candidates[0] if candidates and candidates[0].confidence >= accept else None
    return AddressAnswer(asked, match, tuple(candidates))


def nearest_address(session: Session, township_id: int, lon: float, lat: float) -> Nearest | None:
    """The house of a township nearest to a point of EPSG:4326, by metres; None: none has a point.

    Of equally near houses the lowest code.

    Raises
    ------
    NotFound
        No such township.
    """
    srid = session.scalar(
        text("SELECT metric_srid FROM township WHERE area_id = :t"), {"t": township_id}
    )
    if srid is None:
        raise NotFound("There is no township {township_id}.", township_id=township_id)
    row = session.execute(
        _NEAREST, {"t": township_id, "lon": lon, "lat": lat, "srid": srid}
    ).one_or_none()
    return None if row is None else Nearest(*row)


def _checked(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise Invalid(
            "An address has at most {max_text} characters; this has {characters}.",
            max_text=MAX_TEXT,
            characters=len(text),
        )
    asked = " ".join(c for c in text.split() if c)
    if not any(c.isalnum() for c in fold(asked)):
        raise Invalid("There is no address to look for; write a street and number, or an alias.")
    return text.strip()


def _of_alias(
    session: Session, township_id: int, asked: str, alias: aliases.AliasMatch
) -> AddressAnswer:
    match = _spoken(alias, 0.99)
    nearest = None
    if match.house_id is None and match.lon is not None and match.lat is not None:
        nearest = nearest_address(session, township_id, match.lon, match.lat)
    return AddressAnswer(asked, match, (match,), nearest)


def _spoken(alias: aliases.AliasMatch, confidence: float) -> AddressCandidate:
    whose = alias.address or alias.words
    return AddressCandidate(
        confidence=confidence,
        reason=message("alias of {whose}", whose=whose)
        if alias.address
        else message("alias of a spot"),
        address=whose,
        house_id=alias.house_id,
        code=alias.code,
        lon=alias.lon,
        lat=alias.lat,
    )


def _by_key(
    session: Session, township_id: int, reads: Sequence[Reading], around: Surroundings
) -> list[_Found]:
    """Houses on a street of exactly that name whose number is that, a part of it, or around it."""
    numbers = {shorter for r in reads for shorter in _shortened(r.number)}
    houses = ladder(reads[0].number).get("号", "")
    rows = session.execute(
        _BY_KEY,
        {
            "t": township_id,
            "streets": sorted({r.street for r in reads}),
            "numbers": sorted(numbers),
            "prefix": reads[0].number + "%",
            "n": int(houses) if houses.isdecimal() and len(houses) < 10 else None,
        },
    )
    return _best(_compared(_House(*row), reads, around) for row in rows)


def _shortened(number: str) -> list[str]:
    """The number, and what is left of it without the unit, the building … down to the house."""
    parts = [value + rung for rung, value in ladder(number).items()]
    keep = sum(rung in ("段", "巷", "弄", "衖", "号") for rung in ladder(number)) or 1
    return [number, *("".join(parts[:n]) for n in range(len(parts) - 1, keep - 1, -1))]


def _by_likeness(
    session: Session, township_id: int, reads: Sequence[Reading], around: Surroundings
) -> list[_Found]:
    """Houses with a like number on a street with a like name.

    On the streets most like the one asked for every number is looked at, on the others only the
    same number: two slips at once that lead to a better street than one slip are not met.
    """
    streets = streets_of(session, township_id)
    like = streets.like([r.street for r in reads[:2]])
    near = sorted(
        (*min((street_difference(r.street, name).cost, i) for i, r in enumerate(reads)), street_id)
        for street_id, name in like
    )[:_STREETS]
    near = [n for n in near if n[0] <= near[0][0] + _SPREAD]
    wanted = [
        (cost + number_difference(reads[i].number, number).cost, street_id, number)
        for cost, i, street_id in near
        for number in _shortened(reads[i].number)
    ]
    best = {street_id: (cost, i) for cost, i, street_id in near if cost <= near[0][0] + 1.0}
    best = dict(list(best.items())[:_STREETS_WHOLE])
    for street_id, numbers in session.execute(_NUMBERS, {"ids": list(best)}):
        cost, i = best[street_id]
        wanted += [
            (cost + number_difference(reads[i].number, number).cost, street_id, number)
            for number in _like_numbers(reads[i].number, numbers.split("\n"))
        ]
    wanted = sorted(set(wanted))[:_NUMBERS_WANTED]
    rows = session.execute(
        _OF_NUMBERS,
        {"ids": [w[1] for w in wanted], "numbers": [w[2] for w in wanted]},
    )
    return [_compared(_House(*row), reads, around, streets.likes) for row in rows]


def _like_numbers(asked: str, known: Sequence[str]) -> list[str]:
    """Numbers of a street that may be meant: alike as texts, or with the same house number."""
    unique = list(dict.fromkeys(known))
    if not asked:
        return unique[:20]
    alike = process.extract(asked, unique, scorer=OSA.distance, score_cutoff=2, limit=40)
    found = {number for number, _, _ in alike}
    house = ladder(asked).get("号")
    if house:
        end = f"{house}号"
        found |= {n for n in unique if end in n and ladder(n).get("号") == house}
    if not found:
        found = {n for n, _, _ in process.extract(asked, unique, scorer=OSA.distance, limit=5)}
    return sorted(found)


def _compared(
    house: _House, reads: Sequence[Reading], around: Surroundings, likes: Likes | None = None
) -> _Found:
    differences = (_difference(r, house, around, likes) for r in reads)
    return _Found(house, min(differences, key=lambda d: d.cost, default=SAME))


def _difference(
    asked: Reading, house: _House, around: Surroundings, likes: Likes | None
) -> Difference:
    """Without ``likes`` only houses on a street that was asked for are compared."""
    street = street_difference(asked.street, house.street)
    rural = not (house.street.isascii() or is_street(house.street))
    rural_asked = not (asked.street.isascii() or is_street(asked.street))
    names = asked.upper
    if asked.street.endswith(house.street) and not asked.street.isascii():
        # What stands before the street is above it, however it was read.
        names = (*names, *names_in(asked.street.removesuffix(house.street)))
    above = around.upper_cost(names, house.upper, rural=rural)
    upper = Difference(above, ("upper_differs",) if above else ())
    found = street + number_difference(asked.number, house.number) + upper
    if around.another_street(house.street) or (around.names_street and rural_asked):
        note = "another_street"
    elif (likes and likes.apart(asked.street, house.street)) or directions_differ(
        asked, house.street, house.upper
    ):
        note = "street_apart"
    else:
        return found
    # What is more unlike besides stays behind what is less.
    return Difference(max(found.cost, APART) + found.cost / 10, (*found.notes, note))


def _best(found: Iterable[_Found]) -> list[_Found]:
    """Best first, each address once; with an exact one, only the exact ones."""
    by_id = {f.house.id: f for f in found}
    ranked = sorted(by_id.values(), key=lambda f: (f.difference.cost, f.house.code))
    groups: list[_Found] = []
    for f in ranked:
        if ranked[0].difference.cost < 0.5 <= f.difference.cost:
            break
        if f.difference.cost > ranked[0].difference.cost + _SPREAD:
            break
        for i, group in enumerate(groups):
            if _same_place(group.house, f.house):
                groups[i] = replace(group, written=group.written + 1)
                break
        else:
            groups.append(f)
    return groups


def _same_place(one: _House, other: _House) -> bool:
    """Whether two rows of the register are one address: written alike, and not standing apart."""
    if (one.street, one.number) != (other.street, other.number):
        return False
    if rows_differ(one.upper, other.upper):
        return False
    if one.lon is None or other.lon is None or one.lat is None or other.lat is None:
        return True
    east_m = M_PER_DEGREE * cos(radians(one.lat)) * (one.lon - other.lon)
    return hypot(east_m, 110_574 * (one.lat - other.lat)) <= _SAME_SPOT_M


def _weighed(
    found: Sequence[_Found], spoken: Sequence[aliases.AliasMatch]
) -> list[AddressCandidate]:
    """Candidates with confidences, aliases that sound like it among them."""
    costs = [f.difference.cost for f in found] + [4.0 + 6.0 * (1 - a.likeness) for a in spoken]
    chances = confidences(costs)
    houses = [_candidate(f, p) for f, p in zip(found, chances, strict=False)]
    heard = [_spoken(a, p) for a, p in zip(spoken, chances[len(found) :], strict=True)]
    return sorted(houses + heard, key=lambda c: (-c.confidence, c.code or ""))


_STREET_AND_NUMBER = say("street and number")


def _candidate(found: _Found, confidence: float) -> AddressCandidate:
    house, notes = found.house, dict.fromkeys(found.difference.notes)
    reason = message("exact")
    if notes:
        said = [message(words) for words in (_STREET_AND_NUMBER, *(NOTES[note] for note in notes))]
        reason = message("{said}", said=said)
    return AddressCandidate(
        confidence=confidence,
        reason=reason,
        address=house.address,
        house_id=house.id,
        code=house.code,
        lon=house.lon,
        lat=house.lat,
        written=found.written,
    )


_HOUSE = """
h.id, h.code, h.address, ST_X(h.geom) AS lon, ST_Y(h.geom) AS lat, s.name, k.number, k.upper
FROM address_street s JOIN address_key k ON k.street_id = s.id JOIN house h ON h.id = k.house_id
"""

_BY_KEY = text(f"""
SELECT {_HOUSE}
WHERE s.township_id = :t AND s.name = ANY(:streets)
  AND (k.number = ANY(:numbers) OR k.number LIKE :prefix
       OR CAST(:n AS int) BETWEEN k.low AND k.high)
ORDER BY k.number = ANY(:numbers) DESC, k.number, h.code COLLATE "C" LIMIT 60
""")

_NUMBERS = text("""
SELECT street_id, string_agg(number, E'\\n') FROM address_key
WHERE street_id = ANY(:ids) GROUP BY street_id
""")

_OF_NUMBERS = text(f"""
SELECT {_HOUSE}
JOIN unnest(CAST(:ids AS bigint[]), CAST(:numbers AS text[])) AS w(street_id, number)
  ON k.street_id = w.street_id AND k.number = w.number
ORDER BY h.code COLLATE "C" LIMIT 200
""")

# The nearest in degrees is not the nearest in metres, but no house that is nearer lies outside the
# circle through it, nor outside that circle's box.
_NEAREST = text("""
WITH at AS (
    SELECT p.here, ST_Transform(p.here, :srid) AS here_m
    FROM (SELECT ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) AS here) p
), first AS (
    SELECT ST_Distance(ST_Transform(h.geom, :srid), at.here_m) AS reach_m
    FROM house h, at WHERE h.township_id = :t AND h.geom IS NOT NULL
    ORDER BY h.geom <-> at.here LIMIT 1
)
SELECT h.id, h.code, h.address, ST_Distance(ST_Transform(h.geom, :srid), at.here_m) AS distance_m
FROM house h, at, first
WHERE h.township_id = :t
  AND h.geom && ST_Transform(ST_Expand(at.here_m, first.reach_m * 1.001 + 0.01), 4326)
ORDER BY distance_m, h.code COLLATE "C" LIMIT 1
""")
