"""Since when is a value of the register known, and from whom?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class ValueSource:
    """Where one value of a house, household or resident is from."""

    table: str
    row_id: int
    column: str
    since: datetime | None
    """When it came; None: before all that is recorded."""
    source: str | None
    """``load``, ``door`` (entered at the door) or ``correction``; None: not recorded, or its time of keeping is over."""
    run_id: int | None
    file_name: str | None
    who: str | None


def value_sources(session: Session, house_id: int) -> dict[tuple[str, int], list[ValueSource]]:
    """The sources of all values of a house and of who lives there, by table and row.

    Only of a house whose register the asker may see, and only of values that are there; what a value was
    before is told to nobody.
    """
    found: dict[tuple[str, int], list[ValueSource]] = {}
    rows = session.execute(text("SELECT * FROM lineage_of_house(:house)"), {"house": house_id})
    for row in rows:
        found.setdefault((row.table_name, row.row_id), []).append(
            ValueSource(
                row.table_name, row.row_id, row.column_name, row.since, row.source, row.run_id,
                row.file_name, row.who,
            )
        )  # fmt: skip
    return found
