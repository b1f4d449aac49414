"""The messy edition: Town F with defects of every kind that a load must find, and the list of them.

Good rows stay where they are; bad ones stand behind them, but for grids whose shape is spoilt in place
and for the teams of two grids. A defect is named by the reason that ``gisgrid.files.findings``
gives for it, where one row shows it; names of our own, of what a row alone cannot show or need
not be refused: gap, gap_with_house, overlap, sliver, multipart, crosses_communities, empty_grid,
no_host, house_in_no_grid, no_leader, leader_only, second_leader, zero_place, zero_address,
full_width, lower_case_x, row_twice, gcj02, encoding_*, gzip_tsv.
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd

from gisgrid.core.datums import wgs84_to_gcj02
from scripts.town import files, messy_places, messy_tables
from scripts.town.planting import Plant, Sheet
from scripts.town.town import Town

# Rows of the files that are only about an encoding or a format.
SAMPLE = 400
CHINESE = {"code": "房屋编码", "address": "地址", "community": "社区", "lon": "经度", "lat": "纬度"}
# Every simplified character of the town's addresses and of the headers that Big5 lacks.
TRADITIONAL = str.maketrans(
    "东乐兴区华号园学广桥泽湾滨荣达远阳顺风编码经纬",
    "東樂興區華號園學廣橋澤灣濱榮達遠陽順風編碼經緯",
)


def write(town: Town, folder: Path, rng: np.random.Generator) -> list[Plant]:
    """All files under ``folder``, planted.json last; the list as well."""
    grids, lost_houses = messy_places.grids(town, rng)
    sheets = [
        messy_places.areas(town),
        grids,
        messy_places.streets(town),
        messy_tables.houses(town, lost_houses),
        messy_tables.households(town),
        messy_tables.residents(town),
        messy_tables.staff(town),
        messy_tables.matters(town),
        messy_tables.events(town),
    ]
    plants = [plant for sheet in sheets for plant in sheet.plants]
    for sheet in sheets:
        _put(folder / sheet.file, _text(sheet).encode())
    for name, defect, content in _formats(town):
        _put(folder / "register" / name, content)
        plants.append(Plant(f"register/{name}", None, "", defect))
    listed = json.dumps([asdict(p) for p in plants], ensure_ascii=False, indent=1)
    _put(folder / "planted.json", (listed + "\n").encode())
    return plants


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _text(sheet: Sheet) -> str:
    if sheet.file.endswith(".geojson"):
        return files.geojson(sheet.table())
    return messy_tables.csv_text(sheet)


def _formats(town: Town) -> list[tuple[str, str, bytes]]:
    """Files of houses whose trouble is the whole file: name, defect, bytes."""
    houses = town.houses
    few = houses.head(SAMPLE).rename(columns=CHINESE)
    shifted = houses.copy()
    shifted["lon"], shifted["lat"] = wgs84_to_gcj02(houses["lon"], houses["lat"])
    plain = files.csv(few)
    return [
        ("houses_gcj02.csv", "gcj02", files.csv(shifted).encode()),
        ("houses_gbk.csv", "encoding_gbk", plain.encode("gbk")),
        ("houses_big5.csv", "encoding_big5", plain.translate(TRADITIONAL).encode("big5")),
        ("houses_bom.csv", "encoding_utf8_bom", plain.encode("utf-8-sig")),
        ("houses.tsv.gz", "gzip_tsv", gzip.compress(plain.replace(",", "\t").encode(), mtime=0)),
        ("houses_excel.xlsx", "code_exponent", _workbook(few)),
    ]


def _workbook(table: pd.DataFrame) -> bytes:
    """A workbook whose codes Excel took for numbers, which leaves them 15 digits."""
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet("房屋")
    page.append(list(table.columns))
    code = table.columns[0]
    for row in table.to_dict("records"):
        page.append(list({**row, code: float(row[code])}.values()))
    written = io.BytesIO()
    book.save(written)
    return _without_clock(written.getvalue())


def _without_clock(workbook: bytes) -> bytes:
    """The same workbook with no trace of when it was written."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(out, "w") as new:
        for name in sorted(old.namelist()):
            if name == "docProps/core.xml":
                content = b'<?xml version="1.0"?><cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"/>'
            else:
                content = old.read(name)
            new.writestr(
                zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED
            )
    return out.getvalue()
