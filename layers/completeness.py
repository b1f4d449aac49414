"""Completeness: how far the registers of each grid are filled, in five classes."""

from __future__ import annotations

import itertools

from layers.colours import FEW_TO_MANY, NOTHING, WHITE
from layers.layer import Layer, LayerScope, Say, Swatch, geojson_url

OPACITY = 0.75
"""Of the colours, on the map and in its legend."""
STEPS = (50.0, 70.0, 85.0, 95.0)
"""Bounds of the classes, in per cent; a class holds its lower bound."""


def percent_colour(percent: float | None) -> str:
    """The colour of a share; grey where nothing is required, or nothing may be seen.

    >>> percent_colour(49.9), percent_colour(100.0), percent_colour(None)
    ('#ffffcc', '#253494', '#e6e8eb')
    """
    return NOTHING if percent is None else FEW_TO_MANY[sum(percent >= step for step in STEPS)]


def legend() -> list[tuple[str, str]]:
    """Colours of the classes, from least to most, and what they stand for.

    >>> legend()[0]
    ('#ffffcc', '< 50 %')
    """
    names = [f"< {STEPS[0]:g} %"]
    names += [f"{low:g} … {high:g} %" for low, high in itertools.pairwise(STEPS)]
    return list(zip(FEW_TO_MANY, [*names, f"≥ {STEPS[-1]:g} %"], strict=True))


def layer(scope: LayerScope, say: Say) -> Layer:
    """Grids of a plan; the page's script paints them and writes each share on its grid."""
    return Layer(
        name="grids",
        kind="polygons",
        title=say("Completeness"),
        url=geojson_url(scope, "grids"),
        style={"color": WHITE, "weight": 1.5, "fillOpacity": OPACITY, "nothing": NOTHING},
        swatches=tuple(Swatch(words, words, colour) for colour, words in legend()),
    )
