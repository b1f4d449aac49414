"""How far a grid's work lies from the mean of its community: classes, names and colours, everywhere the same."""

from __future__ import annotations

import itertools

from layers.colours import LESS_TO_MORE, NOTHING

STEPS = (-0.25, -0.1, -0.03, 0.03, 0.1, 0.25)
"""Bounds of the classes, as shares of the mean; a class holds its lower bound."""
PATTERNS = ("dots-2", "dots-1", "", "", "", "lines-1", "lines-2")
"""Dots for too little, lines for too much: what the colours say can be told without them."""
NONE = NOTHING


def deviation_colour(deviation: float | None) -> str:
    """The colour of a deviation from the mean; grey for none.

    >>> deviation_colour(0.0), deviation_colour(0.25), deviation_colour(None)
    ('#f7f7f7', '#b35806', '#e6e8eb')
    """
    if deviation is None:
        return NONE
    return LESS_TO_MORE[sum(deviation >= step for step in STEPS)]


def names() -> list[str]:
    """Of each class in order, in per cent.

    >>> names()[:2], names()[-1]
    (['< −25 %', '−25 … −10 %'], '≥ +25 %')
    """
    bounds = [f"{100 * step:+.0f}".replace("-", "−") for step in STEPS]
    between = [f"{a} … {b} %" for a, b in itertools.pairwise(bounds)]
    return [f"< {bounds[0]} %", *between, f"≥ {bounds[-1]} %"]


def legend() -> list[tuple[str, str]]:
    """Colours of the deviation, from least to most, and what they stand for."""
    return list(zip(LESS_TO_MORE, names(), strict=True))
