"""Is this the same place name? Names brought to one form of writing, and matched."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gisgrid.locate.normal import fold_name

_UNREADABLE = "?？�"


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
