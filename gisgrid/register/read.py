"""What is in this file? CSV, workbook or vector file, described first and then read in chunks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

GEOMETRY = "geometry"
"""Name of the column of Shapely geometries in a chunk; 2D, in the file's own coordinates."""
MORE_CELLS = "(more cells)"
"""Name of a column that a chunk has only if some row holds more cells than the header."""


@dataclass(frozen=True, slots=True)
class Table:
    """A file that can be read, and what it says of itself."""

    path: Path
    form: Literal["text", "workbook", "vector"]
    columns: tuple[str, ...]
    """Headers as they stand in the file, without the geometry."""
    has_geometry: bool
    crs: str | None
    """Carried by the file (``EPSG:2056`` or WKT); None: must be declared. GeoJSON without a crs
    member carries EPSG:4326 by RFC 7946, unless its numbers cannot be degrees."""
    encoding: str | None
    """Of a text file; None for the others, whose format fixes it."""
    encoding_sure: Literal["certain", "likely", "guess"]
    sha256: str
    """Of the file's bytes, as they are on the disk (gzip not unpacked)."""
    rows: int | None
    """Where the format says it without reading: vector files."""
    layer: str | None
    """Layer or sheet that is read."""
    bounds: tuple[float, float, float, float] | None
    """x min, y min, x max, y max of the geometries in the file's own coordinates."""

    def chunks(self, rows: int = 100_000) -> Iterator[pd.DataFrame]:
        """The rows, ``rows`` at a time, every value a string or None, as object columns.

        The index is the row number that a person sees in a spreadsheet (header = 1; a feature of
        a vector file counts from 2 likewise). Empty rows are left out and keep their number.
        Geometry, if any, is the column ``GEOMETRY``. A number that a workbook kept as a number
        with more than 15 digits comes as ``1.10101199001011E+17``, the mark that it is ruined.

        Raises
        ------
        Invalid
            The bytes do not fit the encoding, a quote never closes, the file is damaged.
        """
        raise NotImplementedError


def open_table(
    path: Path | str,
    *,
    layer: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> Table:
    """Describe the file; its bytes are read once (hash, encoding), its rows are not.

    Raises
    ------
    NotFound
        No such file, layer or sheet.
    Invalid
        The file is of no known form, is empty, has two columns of one name, is a zip bomb, or is
        not in the ``encoding`` asked for; several layers and none named.
    """
    raise NotImplementedError
