"""The files that scripts/make_town writes, read without any of its code."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data"
TABLES = {
    "houses": "register/houses.csv",
    "households": "register/households.csv",
    "residents": "register/residents.csv",
    "aliases": "register/aliases.csv",
    "staff": "staff/staff.csv",
    "matters": "matters/matters.csv",
    "events": "events/events.csv",
    "offices": "offices/offices.csv",
    "stations": "service/stations.csv",
    "visits": "service/visits.csv",
    "documents": "learning/documents.csv",
    "trainings": "learning/trainings.csv",
    "receipts": "learning/receipts.csv",
}
SHAPES = ("areas", "grids", "streets")
METRES = np.array([84_501.0, 111_049.0])
"""Rough length of a degree of longitude and latitude at 40.7° N."""


def make_town(*options: str) -> None:
    subprocess.run([ROOT / "scripts/make_town", *options], check=True, capture_output=True)


def table(name: str, folder: Path = DATA) -> pd.DataFrame:
    return pd.read_csv(folder / TABLES[name], dtype=str, keep_default_na=False)


def shapes(name: str, folder: Path = DATA) -> pd.DataFrame:
    features = json.loads((folder / f"boundaries/{name}.geojson").read_text("utf-8"))["features"]
    rows = pd.DataFrame([f["properties"] for f in features])
    rows["geometry"] = [
        None if f["geometry"] is None else shapely.geometry.shape(f["geometry"]) for f in features
    ]
    return rows


def ground(frame: pd.DataFrame) -> np.ndarray:
    return np.array(frame["geometry"].tolist(), dtype=object)


def points(frame: pd.DataFrame) -> np.ndarray:
    return np.asarray(shapely.points(frame["lon"].astype(float), frame["lat"].astype(float)))


def metric(geometry: Any) -> Any:
    return shapely.transform(geometry, lambda c: (c - [120.9, 40.7]) * METRES)


def check_digit(stem: str) -> str:
    # Written from ISO 7064 itself, not from the generator: the whole number is 1 modulo 11.
    value = 0
    for digit in stem:
        value = (value + int(digit)) * 2 % 11
    return "0123456789X"[(12 - value) % 11]


def leaders_by_day(staff: pd.DataFrame, grid: str) -> Counter[date]:
    days: Counter[date] = Counter()
    for row in staff[(staff["grid"] == grid) & (staff["role"] == "leader")].itertuples():
        since, until = str(row.since), str(row.until) or "2023-08-31"
        first, last = date.fromisoformat(since), date.fromisoformat(until)
        days.update(first + timedelta(n) for n in range((last - first).days + 1))
    return days
