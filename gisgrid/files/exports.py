"""Tables as workbooks and places as GeoJSON: whole files or none."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from gisgrid.core.heavy import openpyxl
from gisgrid.files.rejects import SHEET_ROWS

Plain = str | int | float | None
Cell = Plain | date
"""What stands in a cell; moments are those of a clock on the spot, without a zone."""
_CELL_CHARACTERS = 32_767
_NO_NAME = re.compile(r"[\\/:?*\[\]\x00-\x1f]")


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook."""

    title: str
    heads: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, eq=False)
class Feature:
    """A place in EPSG:4326 with plain properties."""

    place: BaseGeometry
    properties: dict[str, Plain]


def write_workbook(path: Path, sheets: Iterable[Sheet]) -> None:
    """Write sheets; numbers are numbers, days are days, and every text is text.

    A code keeps its digits and zeros, and a leading ``=`` is no formula. Rows that find no room on
    a sheet are left out; its last row then says so.
    """
    book = openpyxl.Workbook(write_only=True)
    for sheet in sheets:
        page = book.create_sheet(_sheet_name(sheet.title))
        page.freeze_panes = "A2"
        page.append([_cell(page, head) for head in sheet.heads])
        whole = len(sheet.rows) <= SHEET_ROWS
        for row in sheet.rows if whole else sheet.rows[: SHEET_ROWS - 1]:
            page.append([_cell(page, value) for value in row])
        if not whole:
            page.append([_cell(page, f"… {len(sheet.rows) - SHEET_ROWS + 1} 行未列出 left out")])
    with whole_file(path) as side:
        book.save(side)


def write_geojson(path: Path, features: Iterable[Feature]) -> None:
    """Write a feature collection (RFC 7946), a feature to a line, with every digit of the coordinates.

    The seven decimals that the standard advises are for pictures: by such a file a house beside a
    border would have another grid than by the plan.
    """
    with whole_file(path) as side, side.open("w", encoding="utf-8") as file:
        file.write('{"type":"FeatureCollection","features":[\n')
        for n, feature in enumerate(features):
            file.write((",\n" if n else "") + json.dumps(as_json(feature), ensure_ascii=False))
        file.write("\n]}\n")


def as_json(feature: Feature) -> dict[str, Any]:
    """A feature as GeoJSON; an empty place has no geometry."""
    place = feature.place
    geometry = None if place.is_empty else json.loads(shapely.to_geojson(place))
    return {"type": "Feature", "properties": feature.properties, "geometry": geometry}


def _sheet_name(title: str) -> str:
    """A title as Excel takes it for a sheet: at most 31 characters, without those that it refuses there."""
    return _NO_NAME.sub("-", title)[:31].strip("' ") or "1"


def _cell(page: Any, value: Cell) -> Any:
    if not isinstance(value, str):
        plain: Any = value
        return openpyxl.cell.WriteOnlyCell(page, plain)
    cell = openpyxl.cell.WriteOnlyCell(page)
    cell.number_format = "@"
    cell.value = openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub("", value)[:_CELL_CHARACTERS]
    # Set by openpyxl to a formula for a leading “=”.
    cell.data_type = "s"
    return cell


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A side file that takes the place of ``path`` when all of it is written."""
    # The ending stays: some writers choose by it.
    side = path.with_name(f".{os.getpid()}.part.{path.name}")
    try:
        yield side
        side.replace(path)
    finally:
        side.unlink(missing_ok=True)
