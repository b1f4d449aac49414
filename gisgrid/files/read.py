"""What is in this file? CSV, workbook or vector file, described first and then read in chunks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

from gisgrid.core.errors import Invalid, NotFound
from gisgrid.core.heavy import pandas as pd
from gisgrid.files import geometry_texts, texts, vectors, workbooks
from gisgrid.files.archive_limits import MAX_UNPACKED, is_zip, refuse_bombs
from gisgrid.files.archives import HeldRows, unpacked_set
from gisgrid.files.encodings import Encoding, Sure
from gisgrid.files.frames import GEOMETRY, MORE_CELLS
from gisgrid.files.geometry_texts import GeometryTexts
from gisgrid.files.headers import Header
from gisgrid.files.shapefiles import PARTS, refuse_pieces
from gisgrid.files.vectors import Shape

__all__ = ["GEOMETRY", "MORE_CELLS", "Table", "open_table"]

_TEXT = (".csv", ".tsv", ".txt", ".tab")
_WORKBOOK = (".xlsx", ".xlsm")
_NAMES = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}


class RowSource(Protocol):
    """What gives the rows of a file."""

    def chunks(self, rows: int) -> Iterator[pd.DataFrame]: ...


@dataclass(frozen=True, slots=True)
class Table:
    """A file that can be read, and what it says of itself."""

    path: Path
    form: Literal["text", "workbook", "vector"]
    source: RowSource
    columns: tuple[str, ...]
    """Headers as they stand in the file, without the geometry."""
    has_geometry: bool
    crs: str | None
    """Carried by the file (``EPSG:2056`` or WKT); None: must be declared. GeoJSON without a crs
    member carries EPSG:4326 by RFC 7946, unless its numbers cannot be degrees."""
    encoding: str | None
    """Of a text file or a Shapefile without .cpg; None for the others, whose format fixes it."""
    encoding_sure: Sure
    sha256: str
    """Of the file's bytes, as they are on the disk (gzip not unpacked)."""
    rows: int | None
    """Where the format says it without reading: vector files."""
    layer: str | None
    """Layer or sheet that is read."""
    header_row: int
    """Of a text or sheet, from 1 on; without a header how many rows stand above the first of the table."""
    header_sure: bool
    """False: no cell of the header is a word that heads columns; it may be the first row of the table."""
    bounds: tuple[float, float, float, float] | None
    """x min, y min, x max, y max of the geometries in the file's own coordinates; of a text's first
    rows."""
    decimal_comma: bool
    """Semicolons part its cells: 1,5 is one and a half."""
    geometry_column: str | None
    """The column whose texts are the geometries."""
    uncomputed: tuple[str, ...]
    """Columns of a workbook with formulas whose results are not kept: they seem empty."""
    decided: dict[str, str]
    """How the file is read, for a person: encoding, layer, header and the like."""

    def chunks(self, rows: int = 100_000) -> Iterator[pd.DataFrame]:
        """The rows, ``rows`` at a time, every value a string or None, as object columns.

        The index is the row number that a person sees in a spreadsheet (header = 1; a feature of
        a vector file counts from 2 likewise). Empty rows are left out and keep their number.
        Geometry, if any, is the column ``GEOMETRY``. A number that a workbook kept as a number
        with more than 15 digits comes as ``1.10101199001011E+17``, the mark that it is ruined.
        Bytes that do not fit the encoding come as U+FFFD.

        Raises Invalid where the file is damaged or a quote never closes.
        """
        yield from self.source.chunks(rows)


def open_table(
    path: Path | str,
    *,
    layer: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    most: int = MAX_UNPACKED,
    shape: Shape | None = None,
    most_cells: int | None = None,
    header: str | None = None,
) -> Table:
    """Describe the file; its bytes are read once or twice (hash, encoding), its rows are not.

    Parameters
    ----------
    most
        Number of bytes that a packed file may unpack to.
    shape
        Geometry that is wanted, where several layers may be meant.
    most_cells
        Number of cells that all sheets of a workbook may have, empty ones too; None: any.
    header
        ``NO_HEADER``: the first row of a text or sheet is data, and its columns are A, B, C …; None: it is looked for.

    Raises
    ------
    NotFound
        No such file, layer or sheet.
    Invalid
        The file is of no known form, is empty, has two columns of one name, unpacks to more
        than ``most``, has more than ``most_cells``, or is not in the ``encoding`` asked for; several layers and none named; a part of
        a Shapefile without the others.
    """
    path = Path(path)
    if path.is_dir() and not _is_geodatabase(path):
        raise Invalid("{file} is a directory: name one of its files.", file=str(path))
    if not path.is_file() and not _is_geodatabase(path):
        raise NotFound("There is no file {file}.", file=str(path))
    if path.is_file() and path.stat().st_size == 0:
        raise Invalid("{file} is empty.", file=path.name)
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    if suffix in PARTS:
        raise Invalid(
            "{file} is a part of a Shapefile: name the .shp, with all parts beside it.",
            file=path.name,
        )
    if suffix in (".xls", ".et", ".ods", ".doc", ".docx", ".pdf", ".rar", ".7z"):
        raise Invalid(
            "{file}: {suffix} files are not read; save it as XLSX or CSV, or pack it as zip.",
            suffix=suffix,
            file=path.name,
        )
    how = _How(layer, encoding, sheet, most, shape, most_cells, header)
    if path.is_file() and is_zip(path) and suffix not in (*_WORKBOOK, ".kmz"):
        refuse_bombs(path, most)
        inside = unpacked_set(path, layer)
        asked = None if inside.taken else layer
        found = _described(inside.path, replace(how, layer=asked))
        return replace(
            found, path=path, source=HeldRows(found.source, inside.folder), sha256=_digest(path),
            decided={"inside": inside.name, **found.decided},
        )  # fmt: skip
    return _described(path, how)


@dataclass(frozen=True, slots=True)
class _How:
    """What was asked for; see ``open_table``."""

    layer: str | None
    encoding: str | None
    sheet: str | None
    most: int
    shape: Shape | None
    most_cells: int | None
    header: str | None


def _described(path: Path, how: _How) -> Table:
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    if suffix in _TEXT and not _is_mapinfo(path):
        return _of_text(path, how)
    if suffix in _WORKBOOK:
        return _of_workbook(path, how)
    if suffix == ".shp":
        refuse_pieces(path)
    if path.is_file():
        refuse_bombs(path, how.most)
    vector = vectors.describe(path, how.layer, how.encoding, shape=how.shape)
    decided = {"layer": vector.source.layer}
    encoding = vector.page.encoding if vector.page else None
    if vector.page and encoding:
        decided["encoding"] = _told(encoding, vector.page.told)
    return Table(
        path=path, form="vector", source=vector.source, columns=vector.source.columns,
        has_geometry=vector.source.has_geometry, crs=vector.crs,
        encoding=encoding.name if encoding else None,
        encoding_sure=encoding.sure if encoding else "certain",
        sha256=_digest(path), rows=vector.source.features, layer=vector.source.layer,
        header_row=1, header_sure=True, bounds=vector.bounds, decimal_comma=False, geometry_column=None, uncomputed=(),
        decided=decided,
    )  # fmt: skip


def _of_text(path: Path, how: _How) -> Table:
    text, found = texts.describe(path, how.encoding, how.most, how.header)
    decided = {"encoding": _told(found), "delimiter": _NAMES.get(text.delimiter, text.delimiter)}
    decided |= _headed(text.header)
    table = Table(
        path=path, form="text", source=text, columns=text.columns, has_geometry=False, crs=None,
        encoding=found.name, encoding_sure=found.sure, sha256=_digest(path), rows=None, layer=None,
        header_row=text.header.last, header_sure=text.header.sure, bounds=None, decimal_comma=text.delimiter == ";",
        geometry_column=None, uncomputed=(), decided=decided,
    )  # fmt: skip
    return _with_geometry(table, how.shape)


def _of_workbook(path: Path, how: _How) -> Table:
    book = workbooks.describe(path, how.sheet or how.layer, how.most, how.most_cells, how.header)
    decided = {"layer": book.source.sheet}
    decided |= _headed(book.source.header)
    if book.hidden:
        decided["hidden"] = "; ".join(book.hidden)
    table = Table(
        path=path, form="workbook", source=book.source, columns=book.source.columns, has_geometry=False,
        crs=None, encoding=None, encoding_sure="certain", sha256=_digest(path), rows=None,
        layer=book.source.sheet, header_row=book.source.header.last,
        header_sure=book.source.header.sure, bounds=None, decimal_comma=False,
        geometry_column=None, uncomputed=book.uncomputed, decided=decided,
    )  # fmt: skip
    return _with_geometry(table, how.shape)


def _with_geometry(table: Table, shape: Shape | None) -> Table:
    """The table with the geometries of a column of texts, where one is wanted and there is one."""
    if shape is None or not geometry_texts.may_hold(table.columns):
        return table
    found = geometry_texts.find(table.columns, next(table.chunks(1000), None))
    if found is None:
        return table
    return replace(
        table, source=GeometryTexts(table.source, found.column), has_geometry=True, crs=found.crs,
        bounds=found.bounds, geometry_column=found.column,
        decided={**table.decided, "geometry": f"column {found.column}"},
    )  # fmt: skip


def _headed(header: Header) -> dict[str, str]:
    """What there is to tell of where the header was found."""
    if not header.rows:
        return {"header": "none; columns are called A, B, C …"}
    if not header.sure:
        return {"header": f"{header}, of which no word is known; with --no-header it is data"}
    return {} if header.rows == (1,) else {"header": str(header)}


def _told(encoding: Encoding, more: str = "") -> str:
    sure = "" if encoding.sure == "certain" else f" ({encoding.sure})"
    return f"{encoding.name}{sure}" + (f"; {more}" if more else "")


def _digest(path: Path) -> str:
    """SHA-256 of a file's bytes; of a folder, of its files in order of their names."""
    digest = hashlib.sha256()
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        with file.open("rb") as part:
            digest.update(hashlib.file_digest(part, "sha256").digest() if path.is_dir() else b"")
            if not path.is_dir():
                return hashlib.file_digest(part, "sha256").hexdigest()
    return digest.hexdigest()


def _is_geodatabase(path: Path) -> bool:
    return path.is_dir() and path.suffix.lower() == ".gdb"


def _is_mapinfo(path: Path) -> bool:
    if path.suffix.lower() != ".tab":
        return False
    with path.open("rb") as file:
        return file.read(64).lstrip().lower().startswith(b"!table")
