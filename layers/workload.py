"""Workload: how far each basic grid lies from the mean of its community."""

from __future__ import annotations

import itertools

from layers.colours import LESS_TO_MORE
from layers.layer import Layer, Say, Scope, Swatch, study_url

STEPS = (-0.5, -0.2, -0.05, 0.05, 0.2, 0.5)
"""Bounds of the classes, as shares of the mean; a class holds its lower bound."""
PATTERNS = ("dots-2", "dots-1", "", "", "", "lines-1", "lines-2")
"""Dots for too little, lines for too much: what the colours say can be told without them."""


def layer(scope: Scope, say: Say) -> Layer:
    """Grids in diverging colours with patterns, and the deviation as a number on each."""
    return Layer(
        name="workload",
        kind="study",
        title=say("Workload"),
        url=study_url(scope, "workload"),
        style={"steps": STEPS},
        shown=False,
        swatches=tuple(
            Swatch(str(k), label, colour, pattern=pattern)
            for k, (label, colour, pattern) in enumerate(
                zip(_labels(), LESS_TO_MORE, PATTERNS, strict=True)
            )
        ),
    )


def _labels() -> list[str]:
    """Of each class in order, in per cent.

    >>> _labels()[:2], _labels()[-1]
    (['< −50 %', '−50 … −20 %'], '≥ +50 %')
    """
    bounds = [f"{100 * step:+.0f}".replace("-", "−") for step in STEPS]
    between = [f"{a} … {b} %" for a, b in itertools.pairwise(bounds)]
    return [f"< {bounds[0]} %", *between, f"≥ {bounds[-1]} %"]
