"""Tables to files, byte for byte the same from run to run."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import shapely

from scripts.town.learning import TEXTS
from scripts.town.staff import CENTRE
from scripts.town.town import Town

PLACES = {
    "areas": "boundaries/areas.geojson",
    "grids": "boundaries/grids.geojson",
    "streets": "boundaries/streets.geojson",
    "houses": "register/houses.csv",
    "households": "register/households.csv",
    "residents": "register/residents.csv",
    "aliases": "register/aliases.csv",
    "staff": "staff/staff.csv",
    "matters": "matters/matters.csv",
    "calendar": "calendar/calendar.csv",
    "events": "events/events.csv",
    "offices": "offices/offices.csv",
    "stations": "service/stations.csv",
    "visits": "service/visits.csv",
    "documents": "learning/documents.csv",
    "trainings": "learning/trainings.csv",
    "receipts": "learning/receipts.csv",
}


def write(town: Town, folder: Path) -> None:
    """All files of ``PLACES`` under ``folder``, who is in no team, and the documents beside their list."""
    for kind, place in PLACES.items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        table: pd.DataFrame = getattr(town, kind)
        path.write_bytes((geojson(table) if "geometry" in table else csv(table)).encode())
    (folder / PLACES["staff"]).with_name("centre.csv").write_text(CENTRE, encoding="utf-8")
    for name, content in TEXTS.items():
        (folder / PLACES["documents"]).with_name(name).write_text(content, encoding="utf-8")


def csv(table: pd.DataFrame) -> str:
    """CSV text with 7 decimals."""
    return table.to_csv(index=False, lineterminator="\n", float_format="%.7f")


def geojson(table: pd.DataFrame) -> str:
    """A feature collection, a feature to a line; no crs member: longitude and latitude on WGS 84."""
    shapes = [
        json.loads(g) if g else None for g in shapely.to_geojson(table["geometry"].to_numpy())
    ]
    rows = table.drop(columns="geometry").to_dict("records")
    return feature_lines(
        [
            {"type": "Feature", "properties": row, "geometry": shape}
            for row, shape in zip(rows, shapes, strict=True)
        ]
    )


def feature_lines(features: list[dict[str, object]]) -> str:
    """The text of a feature collection."""
    lines = ",\n".join(json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in features)
    return f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n'
