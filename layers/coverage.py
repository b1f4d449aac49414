"""Coverage gaps: each place where a check fails, marked by how many people it affects."""

from __future__ import annotations

from layers.colours import BAD, GOOD, UNSURE
from layers.layer import Layer, LayerScope, Say, Swatch, study_url


def layer(scope: LayerScope, say: Say) -> Layer:
    """Circles with the number of residents in them, larger for more; hatched where it is ground.

    The answer of each check is a word and a sign beside its colour.
    """
    return Layer(
        name="coverage",
        kind="study",
        title=say("Coverage"),
        url=study_url(scope, "coverage"),
        style={"color": BAD, "weight": 2, "site": GOOD},
        shown=False,
        swatches=(
            Swatch("fail", say("fails"), BAD, sign="✗"),
            Swatch("incomplete", say("data missing"), UNSURE, sign="?"),
            Swatch("pass", say("passes"), GOOD, sign="✓"),
        ),
    )
