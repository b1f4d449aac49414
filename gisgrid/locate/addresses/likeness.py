"""How unlike are an address as asked and one of the register? Costs, reasons and confidence.

A cost is about the negative logarithm of how often such a difference comes from a slip: 0 none, 3
one wrong character, more where nobody slips. Confidence is then Bayes' rule over the candidates and
one more, that the address is not in the register at all. The numbers are measured by
``scripts/bench address``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA

from gisgrid.core.messages import say
from gisgrid.locate.addresses.readings import ladder, within
from gisgrid.locate.addresses.variants import RUNGS, STREET_ENDS, STREET_TYPES

UNKNOWN_COST = 6.0
"""Cost of the candidate "not in the register"."""
EDIT = 3.0
LATIN_EDIT = 2.2
NUMBER_EDIT = 4.5
"""High enough that another number is never taken for the one asked: it may just not be listed."""
# Rungs inside a house number are often left out, those of the street seldom.
_INSIDE = frozenset(("幢", "单元", "层", "室"))
# A lane that was not said is no small slip: 160巷34号 and 160巷30弄34号 are two houses.
_MISSING = {"unit": 0.7, "lane": 4.0, "number": 4.0}
_SURPLUS = {"unit": 0.7, "lane": 4.0, "number": 4.0}

# What a difference is called.
NOTES = {
    "unit_missing": say("unit missing"),
    "unit_unknown": say("unit not in the register"),
    "lane_missing": say("section or lane missing"),
    "lane_unknown": say("section or lane not in the register"),
    "number_missing": say("house number missing"),
    "number_unknown": say("house number not in the register"),
    "number_differs": say("house number differs"),
    "in_range": say("the number lies in a range"),
    "street_type": say("kind of street missing or different"),
    "street_order": say("words in another order"),
    "street_prefix": say("other words before or after the street"),
    "street_differs": say("street written differently"),
    "street_apart": say("direction, number or kind of the street differs"),
    "another_street": say("the street asked for is another one"),
    "upper_differs": say("community or district differs"),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """What two parts differ in; ``notes`` are keys of `NOTES`."""

    cost: float
    notes: tuple[str, ...] = ()

    def __add__(self, other: Difference) -> Difference:
        return Difference(self.cost + other.cost, (*self.notes, *other.notes))


SAME = Difference(0.0)


@lru_cache(maxsize=20_000)
def street_difference(asked: str, known: str) -> Difference:
    """How two street names differ.

    >>> street_difference("和乎路", "和平路").notes
    ('street_differs',)
    """
    if asked == known:
        return SAME
    if known.isascii():
        return _latin_difference(asked, known)
    options = [Difference(EDIT * OSA.distance(asked, known), ("street_differs",))]
    if len(known) > 2 and asked.endswith(known):
        options.append(Difference(1.5 + 0.25 * (len(asked) - len(known)), ("street_prefix",)))
    if asked and known.startswith(asked) and known[len(asked) :] in STREET_ENDS:
        options.append(Difference(1.0, ("street_type",)))
    if asked and sorted(asked) == sorted(known):
        options.append(Difference(2.5, ("street_order",)))
    return min(options, key=lambda d: d.cost)


def _latin_difference(asked: str, known: str) -> Difference:
    options = [Difference(LATIN_EDIT * OSA.distance(asked, known), ("street_differs",))]
    ours, theirs = asked.split(), known.split()
    if sorted(ours) == sorted(theirs):
        options.append(Difference(1.0, ("street_order",)))
    names = [[w for w in words if w not in STREET_TYPES] for words in (ours, theirs)]
    if names[0] and names[0] == names[1]:
        typed = len(ours) > len(names[0])
        options.append(Difference(2.5 if typed else 1.0, ("street_type",)))
    if asked.startswith(known + " ") or asked.endswith(" " + known):
        options.append(Difference(1.5, ("street_prefix",)))
    return min(options, key=lambda d: d.cost)


@lru_cache(maxsize=100_000)
def number_difference(asked: str, known: str) -> Difference:
    """How two numbers differ, rung by rung or as texts, whichever is the smaller slip.

    >>> number_difference("12号", "12号3幢").notes, number_difference("147号", "145~151号").notes
    (('unit_missing',), ('in_range',))
    """
    if asked == known:
        return SAME
    by_text = _edits(asked, known)
    ours, theirs = ladder(asked), ladder(known)
    total = SAME
    for rung in RUNGS:
        a, k = ours.get(rung), theirs.get(rung)
        if a != k:
            total += _rung_difference(rung, a, k)
    total = Difference(total.cost, tuple(dict.fromkeys(total.notes)))
    return min(total, by_text, key=lambda d: d.cost)


def _rung_difference(rung: str, asked: str | None, known: str | None) -> Difference:
    inside = rung in _INSIDE
    if asked is None:
        missing = "unit" if inside else "number" if rung == "号" else "lane"
        return Difference(_MISSING[missing], (f"{missing}_missing",))
    if known is None:
        surplus = "unit" if inside else "number" if rung == "号" else "lane"
        return Difference(_SURPLUS[surplus], (f"{surplus}_unknown",))
    if rung == "号" and (within(asked, known) or known.split("~")[0] == asked):
        return Difference(1.5, ("in_range",))
    return _edits(asked, known)


def _edits(asked: str, known: str) -> Difference:
    further = EDIT * (OSA.distance(asked, known) - 1)
    return Difference(NUMBER_EDIT + further, ("number_differs",))


def confidences(costs: Sequence[float]) -> list[float]:
    """Chance of each candidate, given that one of them or none is meant; between 0 and 1."""
    weights = [math.exp(-cost) for cost in costs]
    total = sum(weights) + math.exp(-UNKNOWN_COST)
    return [weight / total for weight in weights]
