"""Texts without what cannot be seen, and headers without what does not matter."""

from __future__ import annotations

import re
import unicodedata

# Of no width: zero-width blanks and joiners, marks of direction, word joiner, byte order mark.
INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff\u00ad"
_ENDS = re.compile(rf"^[\s{INVISIBLE}]+|[\s{INVISIBLE}]+$")
_ANYWHERE = re.compile(f"[{INVISIBLE}]")
# Radicals and compatibility ideographs, which look like the characters that they stand for.
_LOOKS_LIKE = re.compile("[\u2e80-\u2fd5\uf900-\ufaff]")
_ODD = re.compile(rf"[{INVISIBLE}\u2e80-\u2fd5\uf900-\ufaff]")
_BRACKETS = re.compile(r"[(\[【<].*?[)\]】>]")


def clean(text: str) -> str:
    r"""Without blanks and characters of no width at the ends; look-alikes as what they look like.

    >>> clean("\ufeff 石桥\u200b"), clean("⽯桥")
    ('石桥', '石桥')
    """
    text = _ENDS.sub("", text)
    return _LOOKS_LIKE.sub(lambda m: unicodedata.normalize("NFKC", m[0]), text)


def bare(text: str) -> str:
    """As ``clean``, without any character of no width: a code holds none."""
    return _ANYWHERE.sub("", clean(text))


def is_odd(text: str) -> bool:
    """Whether ``clean`` has more to do than to take blanks away."""
    return bool(_ODD.search(text))


def plain(text: str) -> str:
    """A header without case, blanks, full-width forms, ``*`` and what stands in brackets.

    >>> plain(" 经度（度）* "), plain("CLOSED_DT")
    ('经度', 'closeddt')
    """
    text = _BRACKETS.sub("", unicodedata.normalize("NFKC", text)).casefold()
    return "".join(c for c in text if c.isalnum())
