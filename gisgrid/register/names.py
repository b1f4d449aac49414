"""Is this the same place name? Variants of writing brought to one form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

# Variant characters that registers mix freely in place names.
_VARIANTS = str.maketrans({"臺": "台", "裡": "里", "巿": "市", "綉": "繡", "峯": "峰", "羣": "群"})
_UNREADABLE = "?？�"


def plain(name: str) -> str:
    """The name without blanks, width, case and variants of writing.

    >>> plain("臺北 市") == plain("台北市")
    True
    """
    folded = unicodedata.normalize("NFKC", name).translate(_VARIANTS).casefold()
    return re.sub(r"\s+", "", folded)


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
