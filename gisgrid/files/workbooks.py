"""XLSX workbooks, read row by row."""

from __future__ import annotations

import datetime as dt
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from gisgrid.core.errors import Invalid, NotFound
from gisgrid.core.heavy import openpyxl, openpyxl_utils
from gisgrid.core.heavy import pandas as pd
from gisgrid.core.messages import say
from gisgrid.files.archive_limits import MAX_UNPACKED, is_zip, refuse_bombs
from gisgrid.files.frames import MAX_COLUMNS, MORE_CELLS, Cells, frame, number_text
from gisgrid.files.headers import LOOKED_AT, Header, header_of

MAX_STRINGS = 512 << 20
"""Unpacked bytes of the shared strings, which are held in memory."""
MAX_ROWS = 1_048_576
"""Of a sheet, by the format; a file may claim a row two thousand million."""
OURS = "gisgrid "
"""Sheets that begin so are our own remarks in a workbook that came back."""
_SURPLUS = 8
"""Cells beyond the header that are looked at: one far to the right would fill each row with air."""
_CELL = re.compile(rb"<(?:[^\s<>/!?:]+:)?c[\s/>]")
# What openpyxl and what lies below it raise on a file that is not as it should be. XML with a
# document type or entities is a ValueError of defusedxml, which openpyxl parses with.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    ArithmeticError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)
MAX_ROW_BYTES = 16 << 20
"""A row of a sheet that is longer is looked at in pieces."""
_HIDDEN_ROW = re.compile(rb'<row\b(?=[^>]*\bhidden="(?:1|true)")[^>]*?\br="(\d+)"')
_UNCOMPUTED = re.compile(
    rb'<c\b[^>]*?\br="([A-Z]{1,3})\d+"[^>]*>(?:<f\b[^>]*/>|<f\b[^>]*>[^<]*</f>)(?:<v\s*/>|<v></v>)?</c>'
)
_ZEROS = re.compile(rb'formatCode="0{2,}"')


@dataclass(frozen=True, slots=True)
class WorkbookSource:
    """One sheet whose header has been found."""

    path: Path
    sheet: str
    columns: tuple[str, ...]
    header: Header
    zero_formats: bool
    """Some cells show leading zeros by their number format ("000000")."""

    def chunks(self, rows: int) -> Iterator[pd.DataFrame]:
        width = len(self.columns)
        with _opened(self.path) as book:
            sheet = book[self.sheet]
            sheet.reset_dimensions()
            first = self.header.last + 1
            lines = sheet.iter_rows(
                min_row=first,
                max_row=MAX_ROWS,
                max_col=width + _SURPLUS,
                values_only=not self.zero_formats,
            )
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


@dataclass(frozen=True, slots=True)
class SheetDescription:
    source: WorkbookSource
    hidden: tuple[str, ...]
    """What a person who opens it does not see, in words."""
    uncomputed: tuple[str, ...]
    """Headers of columns with formulas whose results are not kept."""


def describe(
    path: Path,
    sheet: str | None,
    most: int = MAX_UNPACKED,
    most_cells: int | None = None,
    header: str | None = None,
) -> SheetDescription:
    """Find the sheet and its header, see `headers.header_of`.

    The only visible sheet with anything in it is taken, else the ``sheet`` named.

    Raises
    ------
    NotFound
        No such sheet.
    Invalid
        No workbook, a zip bomb, XML with entities, an empty sheet, several sheets and none named; saved
        as Strict Open XML; more than ``most_cells`` cells.
    """
    zero_formats = _checked(path, most)
    # Before openpyxl, which looks at each of them to learn how large a sheet is.
    if most_cells is not None and cells(path) > most_cells:
        raise Invalid(
            "The table has more than {most:,} cells; send only the columns with the places.",
            most=most_cells,
        )
    with _opened(path) as book:
        tops = {s.title: _top(s) for s in book.worksheets}
        concealed = [s.title for s in book.worksheets if s.sheet_state != "visible"]
        parts = {s.title: s._worksheet_path for s in book.worksheets}
    filled = [name for name, top in tops.items() if top and not name.startswith(OURS)]
    # A list of choices that a form keeps out of sight is no table, unless there is nothing else.
    filled = [name for name in filled if name not in concealed] or filled
    if sheet is None and len(filled) > 1:
        raise Invalid(
            "{path} has several sheets: {sheets}.",
            hint=say("Name one with --layer."),
            path=path.name,
            sheets=list(filled),
        )
    if sheet is not None and sheet not in tops:
        raise NotFound(
            "{path} has no sheet “{sheet}”; it has {sheets}.",
            path=path.name,
            sheet=sheet,
            sheets=list(tops),
        )
    name = sheet or next(iter(filled), None)
    if name is None or not tops[name]:
        raise Invalid("{file} is empty.", file=path.name)
    top = header_of(tops[name], header)
    looked = _look(path, parts[name])
    hidden = [f"{len(looked.rows)} hidden rows ({_few(looked.rows)})"] if looked.rows else []
    hidden += [f"hidden sheets: {', '.join(concealed)}"] if concealed else []
    columns = [openpyxl_utils.column_index_from_string(c) - 1 for c in looked.uncomputed]
    return SheetDescription(
        WorkbookSource(path, name, top.columns, top, zero_formats),
        tuple(hidden),
        tuple(top.columns[i] for i in columns if i < len(top.columns)),
    )


def plain_rows(
    path: Path, sheet: str, *, most: int, most_cells: int
) -> list[tuple[int, list[str | None]]]:
    """The rows of a small sheet that hold something, with their number: all of them, no header is looked for.

    Raises
    ------
    NotFound
        No such sheet.
    Invalid
        As `describe`.
    """
    _checked(path, most)
    if cells(path) > most_cells:
        raise Invalid(
            "{file} has more than {most:,} cells: it is not read.", file=path.name, most=most_cells
        )
    with _opened(path) as book:
        if sheet not in book.sheetnames:
            raise NotFound(
                "{path} has no sheet “{sheet}”; it has {sheets}.",
                path=path.name, sheet=sheet, sheets=list(book.sheetnames),
            )  # fmt: skip
        page = book[sheet]
        page.reset_dimensions()
        lines = enumerate(page.iter_rows(max_row=MAX_ROWS, values_only=True), 1)
        return [(n, [_text(each) for each in row]) for n, row in lines if any(map(_text, row))]


@dataclass(frozen=True, slots=True)
class _Looked:
    rows: tuple[int, ...]
    """Numbers of hidden rows."""
    uncomputed: tuple[str, ...]
    """Letters of columns with formulas without a result."""


def _look(path: Path, part: str) -> _Looked:
    """What a reader of values does not tell of a sheet."""
    rows: list[int] = []
    letters: set[str] = set()
    with (
        damage_told(path),
        zipfile.ZipFile(path) as archive,
        archive.open(part.lstrip("/")) as file,
    ):
        rest = b""
        while block := file.read(1 << 20):
            text = rest + block
            cut = text.rfind(b"<row") if len(rest) < MAX_ROW_BYTES else len(text)
            whole, rest = (text[:cut], text[cut:]) if cut > 0 else (b"", text)
            rows += [int(n) for n in _HIDDEN_ROW.findall(whole)]
            letters.update(c.decode() for c in _UNCOMPUTED.findall(whole))
        rows += [int(n) for n in _HIDDEN_ROW.findall(rest)]
        letters.update(c.decode() for c in _UNCOMPUTED.findall(rest))
    return _Looked(tuple(rows), tuple(sorted(letters)))


def _few(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers[:5])) + (" …" if len(numbers) > 5 else "")


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    with damage_told(path):
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            yield book
        finally:
            book.close()


@contextmanager
def damage_told(path: Path) -> Iterator[None]:
    """What openpyxl raises on a file that is no workbook, as Invalid; its warnings are left out."""
    with warnings.catch_warnings():
        # Extensions that openpyxl does not know (validation, slicers) hold no cell values.
        warnings.simplefilter("ignore", UserWarning)
        try:
            yield
        except _DAMAGE as error:
            raise Invalid(
                "{file} is no workbook that can be read: save it again as XLSX.", file=path.name
            ) from error


def cells(path: Path) -> int:
    """How many cells all sheets of a workbook have, also empty ones, without building any."""
    total = 0
    with damage_told(path), zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            # A sheet may lie anywhere in the archive.
            with archive.open(member) as file:
                rest = b""
                while block := file.read(1 << 20):
                    text = rest + block
                    cut = text.rfind(b"<")
                    total += sum(1 for _ in _CELL.finditer(text, 0, max(cut, 0)))
                    rest = text[cut : cut + 1024] if cut >= 0 else b""
                total += len(_CELL.findall(rest))
    return total


def _top(sheet: Any) -> list[tuple[int, list[str | None]]]:
    sheet.reset_dimensions()
    rows = sheet.iter_rows(max_row=LOOKED_AT, max_col=MAX_COLUMNS + 1, values_only=True)
    texts = [(i, [_text(c) for c in row]) for i, row in enumerate(rows, start=1)]
    return [(i, cells) for i, cells in texts if any(cells)]


def _checked(path: Path, most: int) -> bool:
    """Refuse what would fill the memory; True if number formats with leading zeros are in use."""
    if not is_zip(path):
        raise _no_workbook(path)
    refuse_bombs(path, most)
    zeros = False
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if member.filename.endswith("sharedStrings.xml") and member.file_size > MAX_STRINGS:
                    raise _strange(path)
                if not member.filename.endswith((".xml", ".rels")):
                    continue
                with archive.open(member) as file:
                    head = file.read(4096)
                    if member.filename.endswith("workbook.xml") and b"purl.oclc.org/ooxml" in head:
                        raise _strict(path)
                    # Another encoding could hide from what looks for marks in the bytes.
                    if b"\0" in head or b"<!DOCTYPE" in head or b"<!ENTITY" in head:
                        raise _strange(path)
                    if member.filename.endswith("styles.xml"):
                        zeros = bool(_ZEROS.search(head + file.read(1 << 20)))
    except _DAMAGE as error:
        raise _no_workbook(path) from error
    return zeros


def _no_workbook(path: Path) -> Invalid:
    return Invalid("{file} is no XLSX workbook, or it is locked by a password.", file=path.name)


def _strict(path: Path) -> Invalid:
    return Invalid(
        "{file} was saved as Strict Open XML: save it as the ordinary Excel workbook (XLSX).",
        file=path.name,
    )


def _strange(path: Path) -> Invalid:
    return Invalid(
        "{file} holds parts that no workbook needs (a document type, entities, or far too many texts); it is "
        "not opened.",
        file=path.name,
    )


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
