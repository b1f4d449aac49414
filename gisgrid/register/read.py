"""What is in this file? CSV, workbook or vector file, described first and then read in chunks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import pandas as pd

from gisgrid.errors import Invalid, NotFound
from gisgrid.register import texts, vectors, workbooks
from gisgrid.register.bombs import MAX_UNPACKED
from gisgrid.register.encodings import Sure
from gisgrid.register.frames import GEOMETRY, MORE_CELLS

__all__ = ["GEOMETRY", "MORE_CELLS", "Table", "open_table"]

_TEXT = (".csv", ".tsv", ".txt", ".tab")
_WORKBOOK = (".xlsx", ".xlsm")


class Source(Protocol):
    """What gives the rows of a file."""

    def chunks(self, rows: int) -> Iterator[pd.DataFrame]: ...


@dataclass(frozen=True, slots=True)
class Table:
    """A file that can be read, and what it says of itself."""

    path: Path
    form: Literal["text", "workbook", "vector"]
    source: Source
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
    """Of a text or sheet, from 1 on."""
    bounds: tuple[float, float, float, float] | None
    """x min, y min, x max, y max of the geometries in the file's own coordinates."""

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
) -> Table:
    """Describe the file; its bytes are read once (hash, encoding), its rows are not.

    ``most`` is the number of bytes that a packed file may unpack to.

    Raises
    ------
    NotFound
        No such file, layer or sheet.
    Invalid
        The file is of no known form, is empty, has two columns of one name, unpacks to more
        than ``most``, or is not in the ``encoding`` asked for; several layers and none named.
    """
    path = Path(path)
    if not path.is_file():
        raise NotFound(f"There is no file {path}.", zh=f"没有文件 {path}。", file=str(path))
    if path.stat().st_size == 0:
        raise Invalid(f"{path.name} is empty.", zh=f"{path.name} 是空文件。", file=path.name)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    if suffix in _TEXT:
        text, found = texts.describe(path, encoding, most)
        return Table(
            path=path, form="text", source=text, columns=text.columns, has_geometry=False,
            crs=None, encoding=found.name, encoding_sure=found.sure, sha256=sha256, rows=None,
            layer=None, header_row=1, bounds=None,
        )  # fmt: skip
    if suffix in _WORKBOOK:
        book = workbooks.describe(path, sheet or layer, most)
        return Table(
            path=path, form="workbook", source=book, columns=book.columns, has_geometry=False,
            crs=None, encoding=None, encoding_sure="certain", sha256=sha256, rows=None,
            layer=book.sheet, header_row=book.header_row, bounds=None,
        )  # fmt: skip
    if suffix in (".xls", ".et", ".ods", ".doc", ".docx", ".pdf"):
        raise Invalid(
            f"{path.name}: {suffix} files are not read; save it as XLSX or CSV.",
            zh=f"{path.name}：不支持 {suffix} 文件；请另存为 XLSX 或 CSV。",
            file=path.name,
        )
    vector = vectors.describe(path, layer, encoding, most)
    return Table(
        path=path, form="vector", source=vector.source, columns=vector.source.columns,
        has_geometry=vector.source.has_geometry, crs=vector.crs,
        encoding=vector.encoding.name if vector.encoding else None,
        encoding_sure=vector.encoding.sure if vector.encoding else "certain",
        sha256=sha256, rows=vector.source.features, layer=vector.source.layer,
        header_row=1, bounds=vector.bounds,
    )  # fmt: skip
