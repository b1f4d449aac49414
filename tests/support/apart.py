"""An address with one thing changed that tells places apart, so that it is none of the register any more."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from sqlalchemy.orm import Session

from gisgrid.locate.addresses.search import search
from tests.support.addresses import Door

# Kinds of word, each word with the other characters that stand for it.
_CHINESE = {
    "direction": ("东東", "西", "南", "北", "中"),
    "age": ("新", "老"),
    "numeral": tuple("一二三四五六七八九"),
}
_ENGLISH = {
    "direction": ("N", "S", "E", "W"),
    "quarter": ("NW", "NE", "SW", "SE"),
    "ordinal": ("First", "Second", "Third", "Fourth", "Fifth"),
}
_KINDS = (("大道", "路", "街", "巷", "弄"), ("St", "Ave", "Rd", "Pl", "Ter", "Ct"))
_STREET = (
    re.compile(rf"(?P<before>)(?P<name>\D+?)(?P<kind>{'|'.join(_KINDS[0])})(?P<after>.*)"),
    re.compile(
        rf"(?P<before>\d\S* )(?P<name>.+) (?P<kind>{'|'.join(_KINDS[1])})(?P<after>\b.*)", re.I
    ),
)


class Variants:
    """Addresses that a register does not have, each beside one that it has."""

    def __init__(self, doors: Sequence[Door], rng: np.random.Generator) -> None:
        self._doors, self._rng = doors, rng
        self._places: dict[str, set[str]] = defaultdict(set)
        self._kinds: dict[str, set[str]] = defaultdict(set)
        for door in doors:
            self._places[_plain(door.tail)].add(_district(door))
            if street := _STREET[door.english].fullmatch(_one_width(door.tail)):
                self._kinds[_plain(street["name"])].add(_plain(street["kind"]))

    def of(self, door: Door) -> Iterator[tuple[str, Door]]:
        """Kinds of change, and what comes of them."""
        for kind, tail in self._changed(_one_width(door.tail), english=door.english):
            # A room of a house that there is, is that house.
            if not {_plain(tail), _plain(tail.partition("#")[0])} & self._places.keys():
                yield kind, replace(door, tail=tail)
        there = self._doors[int(self._rng.integers(len(self._doors)))]
        if _district(there) not in self._places[_plain(door.tail)]:
            # What stands below the district, or behind it, is that of the other place as well.
            yield "district", replace(door, upper=there.upper)

    def _changed(self, tail: str, *, english: bool) -> Iterator[tuple[str, str]]:
        street = _STREET[english].fullmatch(tail)
        if street is None:
            return
        before, name, kind, after = street.group("before", "name", "kind", "after")
        gap = " " if english else ""
        for what, words in (_ENGLISH if english else _CHINESE).items():
            forms = "|".join(w if english else f"[{w}]" for w in words)
            found = list(re.finditer(rf"\b(?:{forms})\b" if english else forms, name, re.I))
            if found:
                at = found[int(self._rng.integers(len(found)))]
                others = [w for w in words if _plain(at[0]) not in _plain(w)]
                word = str(self._rng.choice(others))
                word = word if english else word[0]
                yield (
                    what,
                    f"{before}{name[: at.start()]}{word}{name[at.end() :]}{gap}{kind}{after}",
                )
        # Where there is one street of the name, its kind tells nothing apart.
        if len(self._kinds[_plain(name)]) > 1:
            other = str(self._rng.choice([k for k in _KINDS[english] if _plain(k) != _plain(kind)]))
            yield "kind", f"{before}{name}{gap}{other}{after}"
        if lane := re.search(r"(\d+)(巷|弄)", after):
            yield "lane", tail.replace(lane[0], f"{int(lane[1]) + 1}{lane[2]}")


def taken_for_another(
    session: Session, township_id: int, doors: Sequence[Door], *, sample: int
) -> tuple[list[tuple[str, str, str, float]], Counter[str]]:
    """Variants that the search is sure of: kind, what was asked, which address was given, how sure;
    and how many of each kind were asked for."""
    rng = np.random.default_rng(11)
    variants, wrong, asked = Variants(doors, rng), [], Counter[str]()
    for at in rng.integers(len(doors), size=sample).tolist():
        for kind, variant in variants.of(doors[at]):
            asked[kind] += 1
            match = search(session, township_id, variant.written).match
            if match is not None:
                wrong.append((kind, variant.written, match.address, match.confidence))
    return wrong, asked


def _district(door: Door) -> str:
    return door.upper[0 if door.english else 1]


def _one_width(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _plain(text: str) -> str:
    return re.sub(r"\s", "", _one_width(text)).casefold().replace("東", "东")
