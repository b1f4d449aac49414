"""Streets as lines, with their names."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from layers import tiles
from layers.colours import STREET
from layers.layer import Layer, LayerScope, Say, tile_url

FROM_ZOOM = 12
"""Farther out streets would be a grey blur of many bytes: such tiles are empty."""


def layer(scope: LayerScope, say: Say) -> Layer:
    return Layer(
        name="streets",
        kind="lines",
        title=say("Streets"),
        url=tile_url(scope, "streets"),
        style={"colour": STREET},
    )


def tile(session: Session, plan_id: int, at: tiles.Tile) -> bytes:
    """Streets of the plan's township in one tile."""
    if at.z < FROM_ZOOM:
        return b""
    return tiles.lines(session, plan_id, at, name="streets", source=_SOURCE)


_SOURCE = text("""
SELECT code, name, geom FROM street WHERE township_id = (SELECT township_id FROM plan WHERE id = :plan)
""").columns()
