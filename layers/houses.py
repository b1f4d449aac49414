"""Houses as points; a tile says where they stand and no more."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.scope import HOUSE_SEEN
from layers import tiles
from layers.colours import HOUSE
from layers.layer import Layer, LayerScope, Say, tile_url


def layer(scope: LayerScope, say: Say) -> Layer:
    return Layer(
        name="houses",
        kind="points",
        title=say("Houses"),
        url=tile_url(scope, "houses"),
        style={"colour": HOUSE},
        extra={"about": f"{scope.root}/api/v1/plans/{scope.plan_id}/houses/"},
    )


def tile(session: Session, plan_id: int, at: tiles.Tile) -> bytes:
    """Houses of the plan's township that the account may see, in one tile, summed where they are many."""
    return tiles.points(session, plan_id, at, name="houses", source=_SOURCE, squares=32)


_SOURCE = text(f"""
SELECT h.id, h.geom FROM house h
WHERE h.township_id = (SELECT township_id FROM plan WHERE id = :plan) AND {HOUSE_SEEN}
""").columns()
