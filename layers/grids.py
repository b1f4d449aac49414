"""Grids of a plan, to be coloured by community, kind, residents or open events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from layers.areas import CommunityArea
from layers.colours import (
    BASIC,
    CALM_TO_URGENT,
    EXCLUSIVE,
    FEW_TO_MANY,
    NOTHING,
    WHITE,
    qualitative,
)
from layers.layer import Colouring, Layer, LayerScope, Say, Swatch, geojson_url


def layer(
    scope: LayerScope, say: Say, communities: Sequence[CommunityArea], *, english: bool = False
) -> Layer:
    by_community = tuple(
        Swatch(c.code, (english and c.name_en) or c.name, colour)
        for c, colour in zip(communities, qualitative(len(communities)), strict=True)
    )
    return Layer(
        name="grids",
        kind="polygons",
        title=say("Grids"),
        url=geojson_url(scope, "grids"),
        style={"color": WHITE, "weight": 1.5, "fillOpacity": 0.62, "nothing": NOTHING},
        colourings=(
            Colouring("community", say("Community"), swatches=by_community),
            Colouring(
                "kind",
                say("Kind"),
                swatches=(
                    Swatch("basic", say("Basic grid"), BASIC),
                    Swatch("exclusive", say("Exclusive grid"), EXCLUSIVE),
                ),
            ),
            Colouring("residents", say("Residents"), ramp=FEW_TO_MANY),
            Colouring("open_events", say("Open events"), ramp=CALM_TO_URGENT),
        ),
        # Counts change from minute to minute, polygons with a plan: they are asked for apart.
        extra={"counts": f"{scope.root}/api/v1/plans/{scope.plan_id}/grids"},
    )


def features(session: Session, plan_id: int) -> str:
    """GeoJSON of the plan's grids by code, exclusive ones last, so that they are drawn on top."""
    return str(session.scalar(text(_FEATURES), {"plan": plan_id}))


def geometries(session: Session, plan_id: int) -> dict[str, dict[str, Any]]:
    """GeoJSON geometry of each grid with every digit, by code."""
    rows = session.execute(
        text(
            "SELECT code, ST_AsGeoJSON(geom, 17)::json AS geometry FROM grid WHERE plan_id = :plan"
        ),
        {"plan": plan_id},
    )
    return {row.code: row.geometry for row in rows}


_FEATURES = """
SELECT json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(
    json_build_object(
        'type', 'Feature', 'id', g.code, 'geometry', ST_AsGeoJSON(g.geom, 6)::json,
        'properties', json_build_object(
            'code', g.code, 'name', g.name, 'kind', g.kind, 'community', c.code,
            'label', json_build_array(round(ST_X(at)::numeric, 6), round(ST_Y(at)::numeric, 6))))
    ORDER BY g.kind, g.code COLLATE "C"), '[]'))::text
FROM grid g JOIN area c ON c.id = g.community_id, ST_PointOnSurface(g.geom) AS at
WHERE g.plan_id = :plan
"""
