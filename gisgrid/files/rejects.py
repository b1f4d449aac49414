"""The workbook that goes back to the sender: refused rows with their reasons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gisgrid.files.findings import REASONS, Findings
from gisgrid.files.frames import GEOMETRY, MORE_CELLS
from gisgrid.files.read import Table
from gisgrid.files.sheets import TextSheet, TextWorkbook
from gisgrid.files.workbooks import OURS

SHEET_ROWS = 1_048_575
"""Rows of a worksheet below its header."""
ADDED = ("行号 row", "原因", "reason")


@dataclass(frozen=True, slots=True)
class Written:
    """What went into the workbook."""

    path: Path
    rejected: int
    noted: int
    left_out: int
    """Rows that found no room."""


def write_rejects(
    table: Table,
    rejected: Findings,
    noted: Findings,
    path: Path | str,
    *,
    without: tuple[str, ...] = (),
    max_rows: int = SHEET_ROWS,
) -> Written:
    """Write the refused rows with the columns of the source, all cells as text, reasons beside.

    The source is read a second time by row number, so memory holds the findings and one chunk of
    rows. The second sheet holds the rows that were kept with a note, the third says what the
    workbook is and what found no room. The first is what ``open_table`` reads when the mended
    workbook comes back. Geometries and the columns ``without`` are not written.

    Every cell is text: codes keep their digits and zeros, and a leading ``=`` is no formula.
    """
    path = Path(path)
    book = TextWorkbook()
    sheets = [
        _Sheet(book.sheet("退回 rejected"), rejected, max_rows),
        _Sheet(book.sheet(f"{OURS}提示 notes"), noted, max_rows),
    ]
    for sheet in sheets:
        sheet.sheet.append([*(c for c in table.columns if c not in without), *ADDED])
    for row, cells in _source_rows(table, without):
        for sheet in sheets:
            sheet.offer(row, cells)
        if all(sheet.due is None for sheet in sheets):
            break
    _explain(book, table, sheets, max_rows)
    book.save(path)
    return Written(path, sheets[0].written, sheets[1].written, sum(s.left_out for s in sheets))


class _Sheet:
    """One sheet that takes the rows it waits for, in ascending order."""

    def __init__(self, sheet: TextSheet, findings: Findings, max_rows: int) -> None:
        self.sheet, self.max_rows = sheet, max_rows
        self.written = self.left_out = 0
        self._waiting = findings.by_row()
        self.due = next(self._waiting, None)

    def offer(self, row: int, cells: list[str | None]) -> None:
        # A finding of a row that the file does not give any more would block all after it.
        while self.due is not None and self.due[0] < row:
            self.due = next(self._waiting, None)
        if self.due is None or self.due[0] != row:
            return
        reasons = self.due[1]
        self.due = next(self._waiting, None)
        if self.written >= self.max_rows:
            self.left_out += 1
            return
        zh = "；".join(
            _sentence(REASONS[code].in_language("zh"), column) for code, column in reasons
        )
        en = "; ".join(_sentence(REASONS[code].en, column) for code, column in reasons)
        self.sheet.append([*cells, str(row), zh, en])
        self.written += 1


def _source_rows(table: Table, without: tuple[str, ...]) -> Iterator[tuple[int, list[str | None]]]:
    yield 1, [c for c in table.columns if c not in without]
    for chunk in table.chunks():
        plain = chunk.drop(columns=[c for c in (GEOMETRY, MORE_CELLS, *without) if c in chunk])
        for row, *cells in plain.itertuples(name=None):
            yield int(row), cells


def _explain(book: TextWorkbook, table: Table, sheets: list[_Sheet], max_rows: int) -> None:
    sheet = book.sheet(f"{OURS}说明 about")
    refused, noted = sheets
    lines = [
        ("文件 file", table.path.name),
        ("SHA-256", table.sha256),
        ("退回行数 rows refused", str(refused.written + refused.left_out)),
        ("保留但有提示的行数 rows kept with a note", str(noted.written + noted.left_out)),
        (
            "用法 what to do",
            "请在第一个工作表中改正后重新导入。Mend the rows on the first sheet and load it.",
        ),
    ]
    for what, name in ((refused, "退回 rejected"), (noted, "提示 notes")):
        if what.left_out:
            lines.append((
                f"{name}：未列出 left out",
                f"{what.left_out}（每个工作表最多 {max_rows} 行；a sheet holds {max_rows} rows）",
            ))  # fmt: skip
    for line in lines:
        sheet.append(line)


def _sentence(text: str, column: str) -> str:
    return f"{column}: {text}" if column else text
