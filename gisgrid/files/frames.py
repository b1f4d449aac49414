"""What a chunk of a file looks like, whatever the file's form."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gisgrid.core.errors import Invalid
from gisgrid.core.heavy import pandas as pd
from gisgrid.files.words import clean

GEOMETRY = "geometry"
"""Name of the column of Shapely geometries in a chunk; 2D, in the file's own coordinates."""
MORE_CELLS = "(more cells)"
"""Name of a column that a chunk has only if some row holds more cells than the header."""
RING_CLOSED = "(ring closed)"
"""Name of a column that a chunk has only if a ring of some row's polygon had to be closed."""
NO_GEOMETRY = "(no geometry)"
"""Name of a column that a chunk has only if some row's text of a geometry cannot be read."""
MARKS = (MORE_CELLS, RING_CLOSED, NO_GEOMETRY)
"""Columns that speak of the row and stand in no file."""
RUINED_DIGITS = 15
"""Excel keeps this many significant digits of a number."""

MAX_COLUMNS = 1_000
"""No register has more; a sheet can name 16,384, each a column of every row in memory."""

Cells = npt.NDArray[np.object_]


def marked(mask: npt.NDArray[np.bool_]) -> Cells:
    """A column of ``MARKS``: "x" where the mask is set."""
    cells = np.full(len(mask), None, dtype=object)
    cells[mask] = "x"
    return cells


def frame(columns: dict[str, Cells], rows: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Object columns without rows that are empty throughout; "" becomes None."""
    if not columns:
        return pd.DataFrame(index=pd.Index(rows))
    filled = {
        name: cells if name == GEOMETRY else _none_for_blank(cells)
        for name, cells in columns.items()
    }
    empty = np.ones(len(rows), dtype=bool)
    for cells in filled.values():
        empty &= cells == None  # noqa: E711  (elementwise)
    table = pd.DataFrame(filled, index=pd.Index(rows), dtype=object)
    return table[~empty] if empty.any() else table


def headers(cells: list[str | None]) -> tuple[str, ...]:
    """Names of the columns: trimmed; a nameless one is called by its place, “(column 3)”.

    Raises Invalid if two columns have one name, there is none at all, or more than ``MAX_COLUMNS``.
    """
    if len(cells) > MAX_COLUMNS and any(cells[MAX_COLUMNS:]):
        raise Invalid(
            f"The file has more than {MAX_COLUMNS:,} columns.",
            zh=f"文件超过 {MAX_COLUMNS:,} 列。",
            most=MAX_COLUMNS,
        )
    names = [clean(cell or "") for cell in cells[:MAX_COLUMNS]]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise Invalid("The file has no header.", zh="文件没有表头。")
    if twice := sorted({n for n in names if n and names.count(n) > 1}):
        raise Invalid(
            f"Two columns have the same header: {', '.join(twice)}. Rename one.",
            zh=f"有两列表头相同：{'、'.join(twice)}。请改名。",
            headers=twice,
        )
    return tuple(name or f"(column {i + 1})" for i, name in enumerate(names))


def number_text(value: float) -> str:
    """A number as text: whole ones without “.0”; beyond 15 digits as Excel shows it, E+17.

    >>> number_text(502.0), number_text(0.5), number_text(110101199001011237)
    ('502', '0.5', '1.10101199001011E+17')
    """
    if abs(value) >= 10**RUINED_DIGITS and value == value:  # noqa: PLR0124  (not NaN)
        return f"{value:.{RUINED_DIGITS - 1}E}"
    return str(int(value)) if value == int(value) else repr(value)


def _none_for_blank(cells: Cells) -> Cells:
    blank = cells == ""
    if blank.any():
        cells = cells.copy()
        cells[blank] = None
    return cells
