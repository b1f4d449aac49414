"""What every city needs before its files: a county and a township by name, and matters."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from sqlalchemy.orm import Session

from gisgrid.files.columns import Mapping
from gisgrid.loading.load import LoadReport
from tests.support.town_f import load_kind


def write_csv(path: Path, header: str, rows: Iterable[Sequence[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header.split(","), *rows])
    return path


def name_places(session: Session, folder: Path, county: str, township: str) -> LoadReport:
    """Areas "county" and "township" of these names, without polygons."""
    path = write_csv(
        folder / "areas.csv",
        "code,level,name,parent",
        [("county", "county", county, ""), ("township", "township", township, "county")],
    )
    return load_kind(session, "areas", path)


NEIGHBOURHOODS = Mapping(
    columns={"code": "cartodb_id"}, constants={"level": "community", "parent": "township"}
)


def load_precincts(session: Session, data: Path, crs: str | None) -> LoadReport:
    mapping = Mapping(columns={"code": "WARD_PRECINCT"}, crs=crs)
    return load_kind(
        session, "grids", data / "boston_precincts.geojson", plan="2015", mapping=mapping
    )


VILLAGES = Mapping(
    columns={"code": "VILLCODE", "name_en": "VILLENG"},
    templates={"name": "{TOWNNAME}{VILLNAME}"},
    constants={"level": "community", "parent": "township"},
)


MATTERS = Mapping(
    columns={"name": "派工項目"}, templates={"code": "1999-{#}"}, constants={"parent": "1999"}
)
