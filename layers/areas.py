"""Areas: the township's border and its communities."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from layers.colours import AREA
from layers.layer import Layer, LayerScope, Say, geojson_url


@dataclass(frozen=True)
class CommunityArea:
    code: str
    name: str
    name_en: str | None


@dataclass(frozen=True)
class Extent:
    """A box in EPSG:4326."""

    west: float
    south: float
    east: float
    north: float


def layer(scope: LayerScope, say: Say) -> Layer:
    return Layer(
        name="areas",
        kind="polygons",
        title=say("Communities"),
        url=geojson_url(scope, "areas"),
        style={"color": AREA, "weight": 2, "fill": False, "interactive": False},
    )


def features(session: Session, plan_id: int) -> str:
    """GeoJSON of the plan's township and its communities, each with a point for its label."""
    return str(session.scalar(text(_FEATURES), {"plan": plan_id}))


def communities(session: Session, plan_id: int) -> list[CommunityArea]:
    """The communities of the plan's township, by code."""
    return [CommunityArea(*row) for row in session.execute(text(_COMMUNITIES), {"plan": plan_id})]


def extent(session: Session, plan_id: int) -> Extent:
    """The box around the plan's township and all its grids."""
    return Extent(*session.execute(text(_EXTENT), {"plan": plan_id}).one())


# Six decimals are 11 cm; neighbours round their shared vertices alike, so that no gap opens.
_FEATURES = """
WITH township AS (SELECT township_id AS id FROM plan WHERE id = :plan)
SELECT json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(
    json_build_object(
        'type', 'Feature', 'id', a.code, 'geometry', ST_AsGeoJSON(a.geom, 6)::json,
        'properties', json_build_object(
            'code', a.code, 'name', a.name, 'name_en', a.name_en, 'level', a.level,
            'label', json_build_array(round(ST_X(at)::numeric, 6), round(ST_Y(at)::numeric, 6))))
    ORDER BY a.level DESC, a.code COLLATE "C"), '[]'))::text
FROM area a JOIN township ON township.id IN (a.id, a.parent_id),
     ST_PointOnSurface(a.geom) AS at
"""

_COMMUNITIES = """
SELECT a.code, a.name, a.name_en FROM area a JOIN plan p ON p.township_id = a.parent_id
WHERE p.id = :plan ORDER BY a.code COLLATE "C"
"""

_EXTENT = """
SELECT min(ST_XMin(geom)), min(ST_YMin(geom)), max(ST_XMax(geom)), max(ST_YMax(geom)) FROM (
    SELECT a.geom FROM area a JOIN plan p ON p.township_id = a.id WHERE p.id = :plan
    UNION ALL SELECT geom FROM grid WHERE plan_id = :plan
) AS drawn
"""
