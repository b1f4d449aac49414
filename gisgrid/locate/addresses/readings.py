"""One reading of an address, and what its number says: ladder, ranges."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from gisgrid.locate.addresses.variants import RUNGS

_PART = re.compile(rf"(.+?)({'|'.join(RUNGS)})")
_RANGE = re.compile(r"[~、]")


@dataclass(frozen=True, slots=True)
class Reading:
    """An address in parts, each in one form of writing."""

    street: str
    """民权东路, ``ipswich st``; a village or compound where there is no street."""
    number: str
    """The ladder below the street, highest rung first: ``3段11号``, ``145~151号``."""
    upper: tuple[str, ...] = ()
    """Names above the street as far as they stand there: 中山区, 下埤里, 1邻; ``hyde``, ``02136``."""


@lru_cache(maxsize=65536)
def ladder(number: str) -> dict[str, str]:
    """Rung → value of a number.

    >>> ladder("3段9-1号2单元")
    {'段': '3', '号': '9-1', '单元': '2'}
    """
    parts: dict[str, str] = {}
    for value, rung in _PART.findall(number):
        # Two of a rung is a slip: neither of them alone is what was meant.
        parts[rung] = f"{parts[rung]},{value}" if rung in parts else value
    return parts


def span(number: str) -> tuple[int, int] | None:
    """Lowest and highest house number of a range or list; None: one house number, or none.

    >>> span("145~151号"), span("3段9、11、13号"), span("147号")
    ((145, 151), (9, 13), None)
    """
    return _span(ladder(number).get("号", ""))


def _span(value: str) -> tuple[int, int] | None:
    if not _RANGE.search(value):
        return None
    numbers = [int(n) for n in re.findall(r"\d+", value)]
    # 791-1 is no range but a part of 791. Beyond nine digits it is no house number, and no integer
    # of the database.
    if len(numbers) < 2 or numbers != sorted(numbers) or numbers[-1] >= 10**9:
        return None
    return numbers[0], numbers[-1]


def within(value: str, known: str) -> bool:
    """Whether a house number lies in a range: on the same side of the street, if it has one.

    Ends that are both odd or both even name one side, so 145-151 holds 147 but not 148.

    >>> within("147", "145~151"), within("148", "145~151"), within("148", "145~152")
    (True, False, True)
    """
    ends = _span(known)
    match = re.fullmatch(r"(\d{1,9})[a-z]?", value)
    if ends is None or match is None:
        return False
    n, (low, high) = int(match[1]), ends
    return low <= n <= high and (low % 2 != high % 2 or n % 2 == low % 2)
