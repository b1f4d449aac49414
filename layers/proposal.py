"""A proposal: what a draft changes against the plan it is based on, who moves from where to where."""

from __future__ import annotations

from layers.colours import CHOSEN, EXCLUSIVE, FORMER, QUALITATIVE
from layers.layer import Layer, LayerScope, Say, Swatch, study_url


def layer(scope: LayerScope, say: Say) -> Layer:
    """Ground and houses that move in the colour of the grid that receives them, borders old and new."""
    return Layer(
        name="proposal",
        kind="study",
        title=say("Proposal"),
        url=study_url(scope, "proposal"),
        # Without the last, grey: it is the ground that stays.
        style={"colours": QUALITATIVE[:-1], "old": FORMER, "new": CHOSEN},
        shown=False,
        swatches=(
            Swatch("ground", say("moves to the grid of this colour"), EXCLUSIVE, pattern="lines-1"),
            Swatch("house", say("house that moves"), EXCLUSIVE),
            Swatch("new", say("new border"), CHOSEN),
            Swatch("old", say("border of today"), FORMER),
        ),
    )
