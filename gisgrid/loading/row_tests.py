"""Reasons gathered over the rows of one chunk."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gisgrid.files.cells import Parsed
from gisgrid.files.findings import Findings

Mask = npt.NDArray[np.bool_]
Values = npt.NDArray[Any]


class RowTests:
    """Which rows of a chunk are refused and noted, and why."""

    def __init__(self, rows: npt.NDArray[np.int64]) -> None:
        self.rows = rows
        self.refused: Mask = np.zeros(len(rows), dtype=bool)
        self.settled: Mask = np.zeros(len(rows), dtype=bool)
        """Rows of which all is said: other reasons would only follow from the first."""
        self.rejected = Findings()
        self.whole = Findings()
        self._notes: list[tuple[str, str, Mask]] = []

    def reject(self, code: str, column: str, mask: Values) -> None:
        hit = mask.astype(bool, copy=False) & ~self.settled
        if hit.any():
            self.rejected.add(code, column, self.rows[hit])
            self.refused |= hit

    def settle(self, code: str, column: str, mask: Mask) -> None:
        """Refuse, and hear no other reason against these rows."""
        self.reject(code, column, mask)
        self.settled |= mask

    def note(self, code: str, column: str, mask: Mask) -> None:
        if mask.any():
            self._notes.append((code, column, mask))

    def take(self, parsed: Parsed, column: str) -> None:
        for code, mask in parsed.rejected:
            self.reject(code, column, mask)
        for code, mask in parsed.noted:
            self.note(code, column, mask)

    def kept_notes(self) -> Findings:
        """A note on a row that is refused after all would only confuse."""
        notes = Findings(list(self.whole.found))
        for code, column, mask in self._notes:
            notes.add(code, column, self.rows[mask & ~self.refused])
        return notes
