"""A table of strings that keeps a list of the defects planted in it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd


@dataclass(frozen=True)
class Plant:
    """One planted defect, as planted.json lists it.

    ``row`` counts as a spreadsheet does: the header is row 1, and the first feature of a vector file
    row 2; None where the defect is of the whole file, or of rows that are missing.
    """

    file: str
    row: int | None
    code: str
    defect: str
    column: str = ""


@dataclass
class Sheet:
    """Rows as dicts; defects are changed in place or put at the end, so row numbers hold."""

    file: str
    rows: list[dict[str, object]]
    plants: list[Plant] = field(default_factory=list)

    @classmethod
    def of(cls, file: str, table: pd.DataFrame) -> Sheet:
        return cls(file, [{str(k): v for k, v in r.items()} for r in table.to_dict("records")])

    def plant(self, at: int, defect: str, column: str = "", **changes: object) -> None:
        """Change row ``at`` and note it."""
        self.rows[at].update(changes)
        code = str(self.rows[at]["code"])
        self.plants.append(Plant(self.file, at + 2, code, defect, column))

    def append(self, like: int, defect: str, column: str = "", **changes: object) -> None:
        """Put a changed copy of row ``like`` at the end and note it."""
        self.rows.append({**self.rows[like]})
        self.plant(len(self.rows) - 1, defect, column, **changes)

    def whole(self, defect: str, code: str = "") -> None:
        """Note a defect that no row shows."""
        self.plants.append(Plant(self.file, None, code, defect))

    def table(self) -> pd.DataFrame:
        return pd.DataFrame(self.rows)
