"""What tells two places of a register apart? Directions, numerals and kinds of street, names above them.

A slip of the pen turns 和平路 into 和乎路. Nobody writes 东 for 西 by a slip, and where a register has
康成街 and 康成路, one of them is not the other written badly. Such a difference is asked about always.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rapidfuzz.distance import OSA
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.locate.addresses.divisions import above, is_division
from gisgrid.locate.addresses.normal import fold_name, is_street
from gisgrid.locate.addresses.readings import Reading
from gisgrid.locate.addresses.variants import (
    COMMUNITIES,
    COMPOUNDS,
    COUNTIES,
    DIRECTION_WORDS,
    DIVISIONS,
    GROUPS,
    MARK_WORDS,
    MARKS,
    STREET_ENDS,
    STREET_TYPES,
    TOWNSHIPS,
    UPPER,
)

APART = 4.0
"""Cost of what tells places apart: alone, it brings no more than 0.88; less than another number costs."""
SLIP, ANOTHER = 1.5, 2.5
"""Cost of a Chinese name above the street that differs by one character; of what is no place's name by more."""
LATIN_SLIP, LATIN_OTHER = 0.7, 1.2

_ENDINGS = sorted((*GROUPS, *UPPER), key=len, reverse=True)
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th)?|[a-z]")
_IN_BRACKETS = re.compile(r"\(.*\)|人民政府|办事处")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A street's name with and without what tells it from its like."""

    shape: str
    """With a sign in each mark's place: 民权·路."""
    bare: str
    """Without marks: 民权路."""
    stem: str
    """Without its kind: 民权东 of 民权东路."""
    kind: str
    """Its kind: 路, ``st``; empty: none."""


def pattern(street: str) -> Pattern:
    """What of a street's name may tell it from others of the name.

    >>> pattern("民权东路"), pattern("n elm st").shape
    (Pattern(shape='民权·路', bare='民权路', stem='民权东', kind='路'), '· elm st')
    """
    if street.isascii():
        words = street.split()
        marked = [w in MARK_WORDS or _ORDINAL.fullmatch(w) is not None for w in words]
        kinds = [w for w in words if w in STREET_TYPES]
        return Pattern(
            " ".join("·" if m else w for w, m in zip(words, marked, strict=True)),
            " ".join(w for w, m in zip(words, marked, strict=True) if not m),
            " ".join(w for w in words if w not in STREET_TYPES),
            " ".join(kinds),
        )
    kind = next((end for end in STREET_ENDS if street.endswith(end)), "")
    return Pattern(
        "".join("·" if c in MARKS else c for c in street),
        "".join(c for c in street if c not in MARKS),
        street.removesuffix(kind),
        kind,
    )


@dataclass(frozen=True, slots=True)
class Likes:
    """How many streets of a register are alike but for a mark, or but for their kind."""

    bare: dict[str, int]
    stem: dict[str, int]

    @classmethod
    def of(cls, names: Iterable[str]) -> Likes:
        bare: dict[str, int] = {}
        stem: dict[str, int] = {}
        for name in names:
            p = pattern(name)
            bare[p.bare] = bare.get(p.bare, 0) + 1
            stem[p.stem] = stem.get(p.stem, 0) + 1
        return cls(bare, stem)

    def apart(self, asked: str, known: str) -> bool:
        """Whether what two names differ in tells streets apart here."""
        if asked == known:
            return False
        a, k = pattern(asked), pattern(known)
        if a.shape == k.shape:
            return True
        if a.bare == k.bare:
            # 新康成街 is no slip for 康成街; 康成街 may be short for it where there is no other.
            return len(a.shape) > len(k.shape) or self.bare.get(k.bare, 0) > 1
        if a.stem == k.stem and a.kind and k.kind:
            return self.stem.get(k.stem, 0) > 1
        return asked.endswith(known) and asked[-len(known) - 1] in MARKS


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands above the streets of a township, as far as an address that is asked for speaks of it."""

    code: str
    own: frozenset[str]
    """Names of the township, its county, and what the code says of city and province."""
    county: str
    names: frozenset[str]
    """Of the names asked for, those that some house of the register has above its street."""
    streets: frozenset[str]
    """Of the streets asked for, those that the register has; not 屯路 beside 三里屯路."""
    names_street: bool
    """The address names something that ends like a street: what stands above it is not the street."""
    _costs: dict[tuple[tuple[str, ...], str, bool], float] = field(default_factory=dict)

    def another_street(self, known: str) -> bool:
        """Whether the address names a street of the register and it is not this one."""
        return bool(self.streets) and known not in self.streets

    def upper_cost(self, asked: tuple[str, ...], known: str, *, rural: bool = False) -> float:
        """How far names above the street contradict those of a house and of the township.

        What is missing agrees. ``known`` has blanks between its names; ``rural``: there is no street, so
        that a group of neighbours tells houses apart.
        """
        key = asked, known, rural
        if key not in self._costs:
            self._costs[key] = min(self._cost(asked, known.split(), rural), 6.0)
        return self._costs[key]

    def _cost(self, asked: Sequence[str], names: Sequence[str], rural: bool) -> float:
        other = [n for n in asked if n not in names and n not in self.own]
        agrees = len(other) < len(asked)
        agreed = {kind_of(n) for n in asked if n in names}
        cost = 0.0
        for name in other:
            rivals = [n for n in names if kind_of(n) == kind_of(name)]
            before = self._before_ours(name, names)
            if before is not None:
                cost += self._glued_cost(before, names)
            elif self._elsewhere(name, asked):
                cost += APART
            elif name.isascii():
                cost += self._latin_cost(name, rivals, agrees)
            elif rivals and kind_of(name) not in agreed:
                cost += min(self._name_cost(name, rival, rural) for rival in rivals)
        # West Roxbury is not Roxbury; South Boston is Boston, if that is the whole city.
        for before, name in pairwise(names):
            if before in DIRECTION_WORDS and name in asked and name not in self.own:
                like = any(OSA.distance(before, n) <= 1 for n in asked if len(n) > 2)
                cost += 0.0 if like or before in asked else APART
        return cost

    def _before_ours(self, name: str, names: Sequence[str]) -> str | None:
        """What stands before one of the house's or the township's own names in one with it: 北京F镇."""
        if name.isascii():
            return None
        ours = [n for n in (*names, *self.own) if len(n) > 1 and name.endswith(n)]
        return name.removesuffix(max(ours, key=len)) if ours else None

    def _glued_cost(self, before: str, names: Sequence[str]) -> float:
        known = {n for name in (*names, *self.own) for n in (name, _stem(name))}
        if before in known:
            return 0.0
        return APART if is_division(before) or before in MARKS else SLIP

    def _elsewhere(self, name: str, asked: Sequence[str]) -> bool:
        """Whether a Chinese name is that of another province, city, county or township."""
        kind = kind_of(name)
        at = asked.index(name)
        follows = any(kind_of(n) in TOWNSHIPS for n in asked[at + 1 :])
        if is_division(name) and (kind in DIVISIONS or name.endswith(("自治州", "地区", "盟"))):
            return True
        if kind in TOWNSHIPS:
            return any(kind_of(n) in TOWNSHIPS for n in self.own) and not self._slip(name)
        if kind_of(self.county) not in COUNTIES or self.county in asked:
            return False
        if kind in ("县", "旗") or (kind == "市" and above(self.code)):
            return not self._slip(name)
        # 小区 and 开发区 are no county, unless they stand where one does.
        upon = at > 0 and kind_of(asked[at - 1]) in DIVISIONS
        return kind == "区" and (upon or follows) and not self._slip(name)

    def _slip(self, name: str) -> bool:
        if len(_stem(name)) < 2:
            return False
        return any(OSA.distance(name, n) == 1 and not _marked(name, n) for n in self.own)

    def _name_cost(self, asked: str, known: str, rural: bool) -> float:
        slip = OSA.distance(asked, known) == 1
        if kind_of(asked) in GROUPS:
            return APART if rural else SLIP if slip else ANOTHER
        if _stem(asked) == _stem(known):
            return 0.0
        if asked in self.names or (slip and _marked(asked, known)):
            return APART
        if slip:
            return SLIP
        return ANOTHER if kind_of(asked) == "name" else APART

    def _latin_cost(self, asked: str, rivals: Sequence[str], agrees: bool) -> float:
        if asked in DIRECTION_WORDS:
            return APART if asked in self.names else LATIN_OTHER
        if not rivals:
            return 0.0
        if asked in self.names:
            return APART
        if any(OSA.distance(asked, rival) == 1 for rival in rivals):
            return LATIN_SLIP
        return LATIN_OTHER if agrees or asked.isdigit() or len(asked) < 4 else APART


def surroundings(session: Session, township_id: int, reads: Sequence[Reading]) -> Surroundings:
    """What the register and the tree of areas say of the names in an address."""
    row = session.execute(
        _SURROUNDINGS,
        {
            "t": township_id,
            "names": sorted({n for r in reads for n in r.upper}),
            "streets": sorted({r.street for r in reads}),
        },
    ).one()
    own = {plain_name(name) for name in row.own if name}
    own |= {word for name in row.own if name and name.isascii() for word in fold_words(name)}
    county = plain_name(row.county or "")
    streets = frozenset(
        s for s in row.streets if not any(_within(s, t) for t in row.streets if t != s)
    )
    named = any(is_street(r.street) for r in reads)
    return Surroundings(
        row.code, frozenset(own) | above(row.code), county, frozenset(row.names), streets, named
    )


def rows_differ(one: str, other: str) -> bool:
    """Whether two rows of the register stand under different names; what one lacks agrees."""
    words = frozenset((*one.split(), *other.split()))
    register = Surroundings("", frozenset(), "", words, frozenset(), False)
    return register.upper_cost(tuple(one.split()), other) >= 2


def directions_differ(asked: Reading, street: str, upper: str) -> bool:
    """Whether two English addresses name different quarters: K St NW and K St SE."""
    if not street.isascii():
        return False
    ours = _directions((*asked.street.split(), *asked.upper))
    theirs = _directions((*street.split(), *upper.split()))
    return bool(ours - theirs and theirs - ours)


def kind_of(name: str) -> str:
    """What a name above the street is the name of: its ending, ``postcode``, ``word`` or ``name``.

    >>> [kind_of(name) for name in ("中山区", "东河村", "石桥社区", "幸福小区", "02129", "roxbury")]
    ['区', '社区', '社区', 'name', 'postcode', 'word']
    """
    if name.isdigit():
        return "postcode"
    if name.isascii():
        return "word"
    end = _ending(name)
    return COMMUNITIES[0] if end in COMMUNITIES else end or "name"


def plain_name(name: str) -> str:
    """The name of an area as addresses write it.

    >>> plain_name("F镇（虚构）"), plain_name("城关街道办事处")
    ('f镇', '城关街道')
    """
    return _IN_BRACKETS.sub("", fold_name(name))


def fold_words(name: str) -> list[str]:
    return re.findall(r"[a-z]{2,}", name.casefold())


def _directions(words: Iterable[str]) -> set[str]:
    return {DIRECTION_WORDS[word] for word in words if word in DIRECTION_WORDS}


def _marked(one: str, other: str) -> bool:
    """Whether two names differ in marks alone."""
    return pattern(one).bare == pattern(other).bare


def _ending(name: str) -> str:
    """The longest ending that says what a Chinese name is the name of; none for a compound of houses."""
    if name.endswith(COMPOUNDS):
        return ""
    return next((end for end in _ENDINGS if name.endswith(end)), "")


def _stem(name: str) -> str:
    return name.removesuffix(_ending(name))


def _within(short: str, long: str) -> bool:
    return long.startswith(short + " ") if short.isascii() else long.endswith(short)


_SURROUNDINGS = text("""
SELECT a.code, c.name AS county, ARRAY[a.name, a.name_en, c.name, c.name_en] AS own,
       ARRAY(SELECT n.name FROM address_name n
             WHERE n.township_id = :t AND n.name = ANY(CAST(:names AS text[]))) AS names,
       ARRAY(SELECT s.name FROM address_street s
             WHERE s.township_id = :t AND s.name = ANY(CAST(:streets AS text[]))) AS streets
FROM area a LEFT JOIN area c ON c.id = a.parent_id WHERE a.id = :t
""")
