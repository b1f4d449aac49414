"""Which of the first rows of a table is its header? Titles stand above it, and some headers have two rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from gisgrid.core.heavy import openpyxl_utils
from gisgrid.files.frames import headers
from gisgrid.files.vocabulary import CODE_HEADERS, HEADERS, NAME_HEADERS
from gisgrid.files.words import clean, plain

LOOKED_AT = 20
"""Rows from the top; a header further down is none."""
NO_HEADER = "none"
"""What a mapping says of a file whose first row is data."""
Cell = str | None

_KNOWN = frozenset(
    [*HEADERS, *(w for words in HEADERS.values() for w in words)]
    + [w for table in (CODE_HEADERS, NAME_HEADERS) for words in table.values() for w in words]
    + ["id", "编码", "编号", "代码", "編碼", "編號", "代碼"]
)
_NUMBER = re.compile(r"[+-]?[\d.,]+")


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a table."""

    rows: tuple[int, ...]
    """Its one row, or two, from 1 on as a person sees them; empty: there is none."""
    columns: tuple[str, ...]
    above: int = field(default=0, repr=False)
    """Without a header: so many rows stand above the first of the table."""
    sure: bool = field(default=True, repr=False)
    """Some cell of it is a word that heads columns; else the row may as well be data."""

    @property
    def last(self) -> int:
        return self.rows[-1] if self.rows else self.above

    def __str__(self) -> str:
        if not self.rows:
            return "none"
        first, *more = self.rows
        return f"rows {first}–{more[-1]}" if more else f"row {first}"


def header_of(rows: Sequence[tuple[int, Sequence[Cell]]], said: str | None = None) -> Header:
    """The header among the first filled rows, given with their numbers.

    The first row with two cells or more, unless a later row has more of a header: two known words at
    least, which are half of its cells or more; then what stands above is a title. The row below is a
    second half of it where it names columns that the first leaves empty, as merged cells do.

    Of a table that is ``said`` to have ``NO_HEADER`` the columns are called by their letters, as a spreadsheet
    does. Where no cell of the header is a known word it is not ``sure``.

    >>> header_of([(1, ["房屋登记表", None]), (2, ["编码", "地址"]), (3, ["1", "2"])])
    Header(rows=(2,), columns=('编码', '地址'))
    >>> header_of([(1, ["编码", "坐标", None]), (2, [None, "经度", "纬度"]), (3, ["1", "2", "3"])])
    Header(rows=(1, 2), columns=('编码', '经度', '纬度'))
    >>> header_of([(1, ["S1", "样本甲"]), (2, ["S2", "样本乙"])], NO_HEADER)
    Header(rows=(), columns=('A', 'B'))
    >>> header_of([(1, ["S1", "样本甲"]), (2, ["S2", "样本乙"])]).sure
    False

    Raises Invalid if two columns have one name, or there are too many or none.
    """
    cleaned = [(n, [clean(c) if c else None for c in cells]) for n, cells in rows]
    if not cleaned:
        return Header((1,), headers([]))
    wide = [i for i, (_, cells) in enumerate(cleaned) if _filled(cells) > 1]
    at = wide[0] if wide else 0
    if said == NO_HEADER:
        return _none(cleaned, at)
    if wide and not _is_header(cleaned[at][1]):
        at = next((i for i in wide if _is_header(cleaned[i][1])), at)
    number, top = cleaned[at]
    if at + 1 < len(cleaned):
        below_number, below = cleaned[at + 1]
        if below_number == number + 1 and _completes(top, below):
            width = max(len(top), len(below))
            both = zip(_wide(top, width), _wide(below, width), strict=True)
            return Header((number, below_number), headers([low or up for up, low in both]))
    return Header((number,), headers(list(top)), sure=_known(top) > 0)


def _none(cleaned: Sequence[tuple[int, Sequence[Cell]]], at: int) -> Header:
    width = max(i + 1 for _, cells in cleaned[at:] for i, cell in enumerate(cells) if cell)
    letters: list[Cell] = [openpyxl_utils.get_column_letter(i + 1) for i in range(width)]
    return Header((), headers(letters), above=cleaned[at][0] - 1)


def _filled(cells: Sequence[Cell]) -> int:
    return sum(c is not None and c != "" for c in cells)


def _known(cells: Sequence[Cell]) -> int:
    return sum(bool(c) and plain(str(c)) in _KNOWN for c in cells)


def _is_header(cells: Sequence[Cell]) -> bool:
    known = _known(cells)
    return known >= 2 and 2 * known >= _filled(cells)


def _completes(top: Sequence[Cell], below: Sequence[Cell]) -> bool:
    """Whether a row names columns that the one above leaves empty, and holds no values."""
    width = max(len(top), len(below))
    pairs = list(zip(_wide(top, width), _wide(below, width), strict=True))
    texts = [low for _, low in pairs if low]
    return (
        any(low and not up for up, low in pairs)
        and any(up and not low for up, low in pairs)
        and not any(_NUMBER.fullmatch(t) for t in texts)
        and any(plain(t) in _KNOWN for t in texts)
        and not (pairs[0][1] and pairs[0][0])
    )


def _wide(cells: Sequence[Cell], width: int) -> list[Cell]:
    return [*cells, *[None] * (width - len(cells))]
