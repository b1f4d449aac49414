"""Workload: how far each basic grid lies from the mean of its community."""

from __future__ import annotations

from layers.colours import LESS_TO_MORE
from layers.deviation import PATTERNS, STEPS, names
from layers.layer import Layer, LayerScope, Say, Swatch, study_url


def layer(scope: LayerScope, say: Say) -> Layer:
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
                zip(names(), LESS_TO_MORE, PATTERNS, strict=True)
            )
        ),
    )
