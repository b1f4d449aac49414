"""What a file of a plan says, counted without the project: GeoPandas alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
from sqlalchemy import Engine, text

from gisgrid.db.store import transaction


def houses_of(engine: Engine, plan: str) -> pd.DataFrame:
    """Code, grid under the plan, point and households of every house."""
    with transaction(engine, read_only=True) as session:
        rows = session.execute(
            text(
                "SELECT h.code, g.code AS grid, ST_X(h.geom) AS lon, ST_Y(h.geom) AS lat, "
                "(SELECT count(*) FROM household f WHERE f.house_id = h.id) AS households "
                "FROM house h LEFT JOIN (house_grid a JOIN plan p ON p.id = a.plan_id AND p.name = :p "
                "JOIN grid g ON g.id = a.grid_id) ON a.house_id = h.id ORDER BY h.code"
            ),
            {"p": plan},
        ).all()
    return pd.DataFrame([row._mapping for row in rows]).fillna({"grid": ""})


def grids_by_file(houses: pd.DataFrame, file: Path) -> list[Any]:
    """The grid of each house by a file alone: of those that cover it the one with the lowest code."""
    layer = gpd.read_file(file)
    if "what" in layer:
        layer = layer[layer["what"] == "grid"]
    points = gpd.GeoDataFrame(houses, geometry=gpd.points_from_xy(houses.lon, houses.lat), crs=4326)
    found = gpd.sjoin(
        points[["geometry", "grid"]].rename(columns={"grid": "by_plan"}),
        layer[["code", "geometry"]],
        predicate="covered_by",
        how="left",
    )
    return list(found.groupby(level=0)["code"].min().fillna(""))
