"""The workbook that goes back to the sender: refused rows with their reasons."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gisgrid.register.findings import Findings
from gisgrid.register.read import Table


@dataclass(frozen=True, slots=True)
class Written:
    """What went into the workbook."""

    path: Path
    rejected: int
    noted: int
    left_out: int
    """Rows that found no room: a sheet holds 1,048,575 of them below its header."""


def write_rejects(
    table: Table,
    rejected: Findings,
    noted: Findings,
    path: Path | str,
    *,
    max_rows: int = 1_048_575,
) -> Written:
    """Write the refused rows with the columns of the source, all cells as text, reasons beside.

    The source is read a second time by row number, so memory holds the findings and one chunk.
    A second sheet holds the rows that were kept with a note. A third says what was left out, if
    anything was.
    """
    raise NotImplementedError
