"""CSV, TSV and the like, gzipped or not."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np

from gisgrid.core.errors import Invalid
from gisgrid.core.heavy import pandas as pd
from gisgrid.files import encodings
from gisgrid.files.archive_limits import MAX_UNPACKED, counted, is_gzip
from gisgrid.files.encodings import Encoding
from gisgrid.files.frames import MORE_CELLS, frame
from gisgrid.files.headers import LOOKED_AT, Header, header_of

LONGEST_LINE = 16 << 20
"""Bytes; a longer one is no line of a table, and a parser would hold all of it."""
_SURPLUS = 8
# Written by Excel, and for it: the first line names the delimiter.
_SEP_LINE = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TextSource:
    """A delimited text whose header has been read."""

    path: Path
    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    header: Header
    """Its rows; the next one is the first of the table."""

    def chunks(self, rows: int) -> Iterator[pd.DataFrame]:
        surplus = [f"{MORE_CELLS} {i}" for i in range(_SURPLUS)]
        try:
            with pd.read_csv(
                self.path,
                sep=self.delimiter,
                header=None,
                skiprows=self.header.last,
                names=[*self.columns, *surplus],
                index_col=False,
                dtype=object,
                na_filter=False,
                skip_blank_lines=False,
                chunksize=rows,
                encoding=self.encoding,
                encoding_errors="replace",
                compression="gzip" if is_gzip(self.path) else None,
            ) as reader:
                first = self.header.last + 1
                for part in reader:
                    yield self._frame(part, first, surplus)
                    first += len(part)
        except (pd.errors.ParserError, gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise Invalid(
                "{file} cannot be read to its end: {reason}",
                reason=_reason(error),
                file=self.path.name,
            ) from error

    def _frame(self, part: pd.DataFrame, first: int, surplus: list[str]) -> pd.DataFrame:
        columns = {name: part[name].to_numpy() for name in self.columns}
        more = np.zeros(len(part), dtype=bool)
        for name in surplus:
            more |= part[name].to_numpy() != ""
        if more.any():
            columns[MORE_CELLS] = np.where(more, "x", "").astype(object)
        return frame(columns, np.arange(first, first + len(part)))


def describe(
    path: Path, asked: str | None, most: int = MAX_UNPACKED, header: str | None = None
) -> tuple[TextSource, Encoding]:
    """Read the file once for its encoding, and its header for delimiter and columns; ``header`` as `headers.header_of`.

    Raises Invalid if the file is empty, is binary, unpacks beyond ``most`` bytes, has no lines, or
    does not fit the encoding ``asked`` for.
    """
    with unpacked(path) as file:
        found = encodings.detect(_in_lines(path, counted(path, file, most)))
    with unpacked(path) as file:
        sample = file.read(encodings.SAMPLE_BYTES)
    if not sample.strip():
        raise Invalid("{file} is empty.", file=path.name)
    if b"\0" in sample and not found.name.startswith("utf-16"):
        raise Invalid("{file} is no text: save it as CSV or XLSX.", file=path.name)
    if asked is not None:
        name = encodings.check(asked)
        if encodings.misfits(sample, name) > 0.02:
            raise Invalid(
                "{file} is not in {encoding}; it looks like {looks_like}.",
                file=path.name,
                encoding=asked,
                looks_like=found.name,
            )
        found = Encoding(name, "certain")
    decoder = codecs.getincrementaldecoder(found.name)(errors="replace")
    text = decoder.decode(sample).removeprefix("\ufeff")
    said = _SEP_LINE.match(text)
    delimiter = said[1] if said else _delimiter(text)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        rows = [(n, row) for n, row in enumerate(islice(lines, LOOKED_AT), start=1) if any(row)]
    except csv.Error as error:
        raise Invalid(
            "The first line of {file} is no header: {error}.", error=error, file=path.name
        ) from error
    top = header_of(rows[1:] if said else rows, header)
    return TextSource(path, found.name, delimiter, top.columns, top), found


@contextmanager
def unpacked(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes; a gzip file's contents."""
    if is_gzip(path):
        with gzip.open(path) as file:
            yield file  # type: ignore[misc]
    else:
        with path.open("rb") as file:
            yield file


def _in_lines(path: Path, blocks: Iterator[bytes]) -> Iterator[bytes]:
    line = 0
    for block in blocks:
        first = max(block.find(b"\n"), block.find(b"\r"))
        line += len(block) if first < 0 else first
        if line > LONGEST_LINE:
            raise Invalid(
                "{file} has a line of more than {longest_line} MB; it is no table.",
                longest_line=LONGEST_LINE >> 20,
                file=path.name,
            )
        if first >= 0:
            line = len(block) - 1 - max(block.rfind(b"\n"), block.rfind(b"\r"))
        yield block


def _delimiter(text: str) -> str:
    """The one that splits most of the first rows into equally many cells; a comma for one column.

    Of several, the one with most cells; titles above a table are shorter than its rows.
    """
    lines = text.splitlines(keepends=True)[: LOOKED_AT + 1]
    if len(lines) > 1 and len(text) > 1000:
        lines.pop()
    best, best_score = ",", (0, 0)
    for delimiter in ",\t;|":
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            continue
        counts = Counter(w for w in widths if w > 1)
        if counts:
            width, rows = max(counts.items(), key=lambda item: (item[1], item[0]))
            best, best_score = max((best, best_score), (delimiter, (rows, width)), key=_score)
    return best


def _score(found: tuple[str, tuple[int, int]]) -> tuple[int, int]:
    return found[1]


def _reason(error: Exception) -> str:
    # pandas says “Error tokenizing data. C error: Expected 13 fields in line 7, saw 26”.
    return str(error).rpartition("C error: ")[2].strip() or "the compressed data are damaged"
