"""XLSX workbooks, read row by row."""

from __future__ import annotations

import datetime as dt
import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd

from gisgrid.errors import Invalid, NotFound
from gisgrid.register.frames import MORE_CELLS, Cells, frame, headers, number_text

MAX_BYTES = 4 << 30
"""Unpacked size beyond which a workbook is taken for a zip bomb."""
MAX_STRINGS = 512 << 20
"""The same for its shared strings, which are held in memory."""
MAX_RATIO = 500
OURS = "gisgrid "
"""Sheets that begin so are our own remarks in a workbook that came back."""
_ZEROS = re.compile(rb'formatCode="0{2,}"')


@dataclass(frozen=True, slots=True)
class WorkbookSource:
    """One sheet whose header has been found."""

    path: Path
    sheet: str
    columns: tuple[str, ...]
    header_row: int
    zero_formats: bool
    """Some cells show leading zeros by their number format ("000000")."""

    def chunks(self, rows: int) -> Iterator[pd.DataFrame]:
        width = len(self.columns)
        with _opened(self.path) as book:
            sheet = book[self.sheet]
            sheet.reset_dimensions()
            first = self.header_row + 1
            lines = sheet.iter_rows(min_row=first, values_only=not self.zero_formats)
            text = _shown if self.zero_formats else _text
            while part := list(islice(lines, rows)):
                columns: dict[str, Cells] = {}
                for i, name in enumerate(self.columns):
                    columns[name] = _array([text(r[i]) if i < len(r) else None for r in part])
                more = ["x" if any(text(c) for c in r[width:]) else None for r in part]
                if any(more):
                    columns[MORE_CELLS] = _array(more)
                yield frame(columns, np.arange(first, first + len(part)))
                first += len(part)


def describe(path: Path, sheet: str | None) -> WorkbookSource:
    """Find the header: the first of the first 20 rows that has two cells or more.

    Above it a form often has a title. The only sheet with anything in it is taken, else the
    ``sheet`` named.

    Raises
    ------
    NotFound
        No such sheet.
    Invalid
        No workbook, a zip bomb, XML with entities, an empty sheet, several sheets and none named.
    """
    zero_formats = _refuse_bombs(path)
    with _opened(path) as book:
        tops = {s.title: _top(s) for s in book.worksheets}
    filled = {name: top for name, top in tops.items() if top and not name.startswith(OURS)}
    if sheet is None and len(filled) > 1:
        raise Invalid(
            f"{path.name} has several sheets: {', '.join(filled)}. Name one with --layer.",
            zh=f"{path.name} 有多个工作表：{'、'.join(filled)}。请用 --layer 指定。",
            sheets=list(filled),
        )
    if sheet is not None and sheet not in tops:
        raise NotFound(
            f"{path.name} has no sheet “{sheet}”; it has {', '.join(tops)}.",
            zh=f"{path.name} 没有工作表“{sheet}”；有：{'、'.join(tops)}。",
            sheet=sheet,
            sheets=list(tops),
        )
    name = sheet or next(iter(filled), None)
    if name is None or not tops[name]:
        raise Invalid(f"{path.name} is empty.", zh=f"{path.name} 是空文件。", file=path.name)
    rows = tops[name]
    row = next((r for r, cells in rows if sum(c is not None for c in cells) > 1), rows[0][0])
    return WorkbookSource(path, name, headers(dict(rows)[row]), row, zero_formats)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    with warnings.catch_warnings():
        # Extensions that openpyxl does not know (validation, slicers) hold no cell values.
        warnings.simplefilter("ignore", UserWarning)
        try:
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        except (zipfile.BadZipFile, KeyError, ValueError, TypeError, OSError, SyntaxError) as error:
            raise Invalid(
                f"{path.name} is no workbook that can be read: save it again as XLSX.",
                zh=f"{path.name} 不是可读取的工作簿：请重新另存为 XLSX。",
                file=path.name,
            ) from error
    try:
        yield book
    finally:
        book.close()


def _top(sheet: Any) -> list[tuple[int, list[str | None]]]:
    sheet.reset_dimensions()
    rows = sheet.iter_rows(max_row=20, values_only=True)
    texts = [(i, [_text(c) for c in row]) for i, row in enumerate(rows, start=1)]
    return [(i, cells) for i, cells in texts if any(cells)]


def _refuse_bombs(path: Path) -> bool:
    """Refuse what would fill the memory; True if number formats with leading zeros are in use."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            # zipfile never unpacks more than a member declares.
            total = sum(m.file_size for m in members)
            bomb = total > MAX_BYTES or any(
                (m.file_size > 50 << 20 and m.file_size > MAX_RATIO * max(1, m.compress_size))
                or (m.filename.endswith("sharedStrings.xml") and m.file_size > MAX_STRINGS)
                for m in members
            )
            zeros = False
            for member in members:
                if bomb or not member.filename.endswith((".xml", ".rels")):
                    continue
                with archive.open(member) as file:
                    head = file.read(4096)
                    if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
                        bomb = True
                    elif member.filename.endswith("styles.xml"):
                        zeros = bool(_ZEROS.search(head + file.read(1 << 20)))
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise Invalid(
            f"{path.name} is no XLSX workbook, or it is locked by a password.",
            zh=f"{path.name} 不是 XLSX 工作簿，或设有密码。",
            file=path.name,
        ) from error
    if bomb:
        raise Invalid(
            f"{path.name} unpacks to far more than a workbook should hold; it is not opened.",
            zh=f"{path.name} 解压后远超正常工作簿，已拒绝打开。",
            file=path.name,
        )
    return zeros


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return number_text(value)
    if isinstance(value, dt.datetime):
        # A cell that shows a day holds midnight.
        return value.isoformat(" ", "seconds").removesuffix(" 00:00:00")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)


def _shown(cell: Any) -> str | None:
    """As ``_text``, with the leading zeros that a number format such as "000000" shows."""
    text = _text(cell.value)
    if text is not None and isinstance(cell.value, int) and not cell.number_format.strip("0"):
        return text.zfill(len(cell.number_format))
    return text


def _array(values: list[str | None]) -> Cells:
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out
