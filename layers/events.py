"""Events as points: those still open, and the closed ones."""

from __future__ import annotations

from sqlalchemy.orm import Session

from layers import tiles
from layers.layer import Layer, LayerScope, Say, tile_url


def layers(scope: LayerScope, say: Say) -> list[Layer]:
    """Open events, shown; closed ones, to be switched on."""
    about = {"about": f"{scope.root}/api/v1/plans/{scope.plan_id}/events/"}
    return [
        Layer(
            name="closed_events",
            kind="points",
            title=say("Closed events"),
            url=tile_url(scope, "closed_events"),
            style={"colour": "#6c757d", "text": "#ffffff", "shape": "diamond", "numbered": True},
            shown=False,
            extra=about,
        ),
        Layer(
            name="open_events",
            kind="points",
            title=say("Open events"),
            url=tile_url(scope, "open_events"),
            style={"colour": "#c1121f", "text": "#ffffff", "shape": "diamond", "numbered": True},
            extra=about,
        ),
    ]


def open_tile(session: Session, plan_id: int, at: tiles.Tile) -> bytes:
    """Events of the plan's township that are not closed, in one tile."""
    source = _SOURCE + " AND o.closed_at IS NULL"
    return tiles.points(session, plan_id, at, name="open_events", source=source, squares=16)


def closed_tile(session: Session, plan_id: int, at: tiles.Tile) -> bytes:
    """Closed events of the plan's township, in one tile."""
    source = _SOURCE + " AND o.closed_at IS NOT NULL"
    return tiles.points(session, plan_id, at, name="closed_events", source=source, squares=16)


_SOURCE = """
FROM event o WHERE o.township_id = (SELECT township_id FROM plan WHERE id = :plan)
"""
