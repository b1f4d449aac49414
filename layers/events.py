"""Events as points: those still open, and the closed ones."""

from __future__ import annotations

from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from layers import tiles
from layers.colours import EVENT, OPEN_EVENT, WHITE
from layers.layer import Layer, LayerScope, Say, tile_url


def layers(scope: LayerScope, say: Say, day: date | None = None) -> list[Layer]:
    """Open events, shown; closed ones, to be switched on; as of ``day``, else of now."""
    of_day = f"?as_of={day}" if day else ""
    about = {"about": f"{scope.root}/api/v1/plans/{scope.plan_id}/events/"}
    return [
        Layer(
            name="closed_events",
            kind="points",
            title=say("Closed events"),
            url=tile_url(scope, "closed_events") + of_day,
            style={"colour": EVENT, "text": WHITE, "shape": "diamond", "numbered": True},
            shown=False,
            extra=about,
        ),
        Layer(
            name="open_events",
            kind="points",
            title=say("Open events"),
            url=tile_url(scope, "open_events") + of_day,
            style={"colour": OPEN_EVENT, "text": WHITE, "shape": "diamond", "numbered": True},
            extra=about,
        ),
    ]


def open_tile(session: Session, plan_id: int, at: tiles.Tile, *, day: date | None = None) -> bytes:
    """Events of the plan's township not closed at the end of ``day`` (None: now), in one tile."""
    source = _OPEN_THEN if day else _OPEN
    return tiles.points(
        session, plan_id, at, name="open_events", source=source, squares=16, day=day
    )


def closed_tile(
    session: Session, plan_id: int, at: tiles.Tile, *, day: date | None = None
) -> bytes:
    """Closed events of the plan's township, in one tile; ``day`` as in `open_tile`."""
    source = _CLOSED_THEN if day else _CLOSED
    return tiles.points(
        session, plan_id, at, name="closed_events", source=source, squares=16, day=day
    )


_OF_TOWN = (
    "SELECT id, geom FROM event WHERE township_id = (SELECT township_id FROM plan WHERE id = :plan)"
)
_AFTER = """(SELECT (CAST(:day AS date) + 1)::timestamp AT TIME ZONE t.time_zone FROM township t
    JOIN plan p ON p.township_id = t.area_id WHERE p.id = :plan)"""
_OPEN = text(f"{_OF_TOWN} AND closed_at IS NULL").columns()
_OPEN_THEN = text(
    f"{_OF_TOWN} AND reported_at < {_AFTER} AND (closed_at IS NULL OR closed_at >= {_AFTER})"
).columns()
_CLOSED = text(f"{_OF_TOWN} AND closed_at IS NOT NULL").columns()
_CLOSED_THEN = text(f"{_OF_TOWN} AND closed_at < {_AFTER}").columns()
