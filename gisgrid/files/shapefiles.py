"""Is a Shapefile whole, and in which encoding is its table?"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gisgrid.core.errors import Invalid
from gisgrid.core.messages import message
from gisgrid.files import encodings
from gisgrid.files.encodings import Encoding

PARTS = (".shx", ".prj", ".sbn", ".sbx", ".cpg", ".qix")
"""Beside .shp and .dbf; one that is sent alone is a slip."""
_PAGES = (
    (re.compile(r"utf-?8|65001", re.IGNORECASE), "utf-8"),
    (
        re.compile(
            r"gb(k|2312|18030)|(?<!\d)(cp|ansi|oem|ms)?[ -]?(936|54936)(?!\d)", re.IGNORECASE
        ),
        "gb18030",
    ),
    (re.compile(r"big-?5|(?<!\d)(cp|ansi|oem|ms)?[ -]?950(?!\d)", re.IGNORECASE), "big5hkscs"),
    (re.compile(r"8859[-_ ]?1(?!\d)|88591|1252|latin-?1", re.IGNORECASE), "cp1252"),
)


@dataclass(frozen=True, slots=True)
class TableEncoding:
    """How the table is read, and what there is to tell of it."""

    encoding: Encoding
    told: str
    """Of a .cpg that says nothing, or what does not fit; "" where there is nothing to tell."""


def refuse_pieces(path: Path) -> None:
    """Raise Invalid where parts are missing, or do not belong together."""
    lacking = [part for part in (".shx", ".dbf") if part_of(path, part) is None]
    if lacking:
        raise Invalid(
            "The Shapefile lacks its {parts}: send all parts, or a zip of them.",
            parts=message(".shx and .dbf") if len(lacking) > 1 else lacking,
            file=path.name,
            missing=lacking,
        )
    index, table = part_of(path, ".shx"), part_of(path, ".dbf")
    assert index is not None and table is not None  # noqa: S101 - narrows the types
    shapes = max(0, index.stat().st_size - 100) // 8
    with table.open("rb") as file:
        rows = int.from_bytes(file.read(8)[4:], "little")
    if shapes != rows:
        raise Invalid(
            "The Shapefile's table has {rows} rows and its shapes are {shapes}: its parts do not belong "
            "together, or one is cut off.",
            file=path.name,
            rows=rows,
            shapes=shapes,
        )


def part_of(path: Path, suffix: str) -> Path | None:
    """The file beside it with another ending, in small or capital letters; None: there is none."""
    for ending in (suffix, suffix.upper()):
        if (found := path.with_suffix(ending)).is_file():
            return found
    return None


def page_of(path: Path) -> TableEncoding | None:
    """The encoding of a Shapefile's table: what its .cpg says, if it fits, else what its bytes show.

    None where there is no table.
    """
    table = part_of(path, ".dbf")
    if table is None:
        return None
    shown = encodings.detect(_records(table))
    said_in = part_of(path, ".cpg")
    if said_in is None:
        return TableEncoding(shown, "")
    text = said_in.read_bytes()[:64].decode("ascii", "replace").strip()
    said = _page(text)
    if said is None:
        return TableEncoding(shown, f"its .cpg ({text[:20]!r}) says nothing")
    sample = next(_records(table), b"")
    if sample.isascii() or said == shown.name:
        return TableEncoding(Encoding(said, "certain"), "")
    # Western pages take any bytes, and GBK many that are UTF-8: what the bytes show counts more.
    fits = encodings.misfits(sample, said) < 0.02
    chinese = shown.name in ("utf-8", "gb18030", "big5hkscs") and shown.sure != "guess"
    if fits and not chinese:
        return TableEncoding(Encoding(said, "certain"), "")
    return TableEncoding(shown, f"its .cpg says {text[:20]}, which does not fit")


def _page(text: str) -> str | None:
    for pattern, name in _PAGES:
        if pattern.search(text):
            return name
    try:
        return codecs.lookup(text).name if text else None
    except LookupError:
        return None


def _records(table: Path) -> Iterator[bytes]:
    with table.open("rb") as file:
        head = file.read(32)
        file.seek(int.from_bytes(head[8:10], "little"))
        while block := file.read(1 << 20):
            yield block.replace(b"\0", b" ")
