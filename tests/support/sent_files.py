"""Small files as people send them, and the houses they bring into a town of two grids."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.loading.load import LoadReport
from tests.support.factories import create_matter, create_plan, create_township
from tests.support.sketch import sketch, spot
from tests.support.town_f import load_kind

X, Y = spot(0.5, 0.5)
CELLS = sketch("a b")


def write(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path.write_bytes("\n".join([*lines, ""]).encode(encoding))
    return path


def houses(session: Session, path: Path, datum: str | None = "wgs84", **details: Any) -> LoadReport:
    return load_kind(session, "houses", path, crs=datum, **details)


def spots(session: Session) -> dict[str, tuple[float, float]]:
    rows = session.execute(
        text("SELECT code, ST_X(geom) AS x, ST_Y(geom) AS y FROM house WHERE geom IS NOT NULL")
    )
    return {row.code: (row.x, row.y) for row in rows}


def book(path: Path, *rows: list[object]) -> openpyxl.Workbook:
    made = openpyxl.Workbook()
    for row in rows:
        made.worksheets[0].append(row)
    made.save(path)
    return made


def town_of_two_grids(session: Session) -> Session:
    """A township with the grids a and b in force and one matter, 路灯."""
    made = create_township(session, "a b")
    create_plan(session, made, "a b")
    create_matter(session, made, name="路灯")
    return session
