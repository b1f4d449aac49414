"""Is this the same place name? Names brought to one form of writing, and matched."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gisgrid.locate.addresses.normal import fold_name

COMMUNITY = re.compile("[里村屯]$|社区$|[居村]委会$")
"""Plain names that can be nothing but a community's; “Roxbury” may be a street as well."""
_UNREADABLE = "?？�"
_INSIDE_A_NAME = re.compile("[\u3400-\u9fff]")
_UPPER_END = frozenset("省市区县旗镇乡道")


def plain(name: str) -> str:
    """The name without blanks, width, case and variants of writing.

    >>> plain("臺北 市") == plain("台北市")
    True
    """
    return fold_name(name)


def match_name(name: str, known: Mapping[str, int]) -> int | None:
    """The thing of that name out of ``known`` (plain name → id); None: none, or not just one.

    A character that could not be read (``?``) stands for any one character.
    """
    key = plain(name)
    if key in known:
        return known[key]
    if not any(mark in name for mark in _UNREADABLE):
        return None
    pattern = re.compile("".join("." if c in "?�" else re.escape(c) for c in key))
    hits = {thing for other, thing in known.items() if pattern.fullmatch(other)}
    return hits.pop() if len(hits) == 1 else None


def names_within(text: str, known: Mapping[str, int]) -> set[int]:
    """The things whose names stand in ``text``: the longest at each place, none inside another.

    A character that could not be read stands for any one. A name begins with the text, after the
    name of what stands above it, or after a digit, a Latin letter or a mark.

    >>> known = {"大安区龙安里": 1, "中里": 2}
    >>> names_within("大安區臺北市大安區龍安里002鄰和平東路", known), names_within("福中里", known)
    ({1}, set())
    """
    line, found, at = plain(text), set(), 0
    lengths = sorted({len(name) for name in known}, reverse=True)
    while at < len(line):
        before = line[at - 1] if at else ""
        step = 1
        if before in _UPPER_END or not _INSIDE_A_NAME.match(before):
            for length in lengths:
                part = line[at : at + length]
                thing = known.get(part)
                if thing is None and any(mark in part for mark in _UNREADABLE):
                    thing = match_name(part, known)
                if thing is not None:
                    found.add(thing)
                    step = length
                    break
        at += step
    return found
