"""Put columns beside those of a sheet, in the workbook that a person sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gisgrid.core.heavy import openpyxl
from gisgrid.files.words import plain
from gisgrid.files.workbooks import damage_told

Value = str | float | int | None


@dataclass(frozen=True, slots=True)
class Page:
    """A sheet with a header."""

    sheet: str
    header_row: int
    columns: tuple[str, ...]
    """Headers from its first column on."""


def fill_workbook(
    path: Path,
    page: Page,
    heads: Sequence[tuple[str, str]],
    rows: Iterable[tuple[int, Sequence[Value]]],
) -> None:
    """Write values into a workbook's own sheet, beside its columns; texts as text.

    Parameters
    ----------
    heads
        Of each value the header it gets, and another under which the sheet may have it already: such
        columns are filled, the others added at the right, beyond merged cells. Other sheets stay as
        they are.
    rows
        Row number in the sheet, and a value for each of ``heads``.
    """
    with damage_told(path):
        book = openpyxl.load_workbook(path)
        sheet = book[page.sheet]
    have = {plain(name): i for i, name in enumerate(page.columns, start=1)}
    at: list[int] = []
    merged = [r for r in sheet.merged_cells.ranges if r.max_row >= page.header_row]
    free = max([len(page.columns), *(r.max_col for r in merged)]) + 1
    for head, other in heads:
        known = have.get(plain(head)) or have.get(plain(other))
        if known is None:
            known, free = free, free + 1
            sheet.cell(page.header_row, known, head)
        at.append(known)
    for block in merged:
        # Only the first cell of a merged block holds a value; these columns want one in each row.
        if block.max_row > page.header_row and any(block.min_col <= c <= block.max_col for c in at):
            sheet.unmerge_cells(block.coord)
    for row, values in rows:
        for column, value in zip(at, values, strict=True):
            cell = sheet.cell(row, column)
            cell.value = value
            if isinstance(value, str):
                # A text that begins with = is still a text.
                cell.data_type = "s"
                cell.number_format = "@"
    book.save(path)
