"""Since when is a value of the register, or of a grid, known, and from whom?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class ValueSource:
    """Where one value of a house, household, resident or grid is from."""

    table: str
    row_id: int
    column: str
    since: datetime | None
    """When it came; None: before all that is recorded."""
    source: str | None
    """``load``, ``door`` (entered at the door), ``correction``, ``drawn`` (in the plan editor) or ``office`` (of a
    team); None: not recorded, or its time of keeping is over."""
    run_id: int | None
    file_name: str | None
    who: str | None
    plan: str | None = None
    """Name of the plan in which it was drawn."""


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


def grid_sources(session: Session, plan_id: int, code: str) -> list[ValueSource]:
    """The sources of name, kind, host, border and leader of a grid of a plan, as far as it has them.

    Empty for who neither sees the register of the grid, nor loads, draws or reviews in its township.
    """
    rows = session.execute(
        text("SELECT * FROM lineage_of_grid(:plan, :code)"), {"plan": plan_id, "code": code}
    )
    return [
        ValueSource(
            "grid", row.row_id, row.column_name, row.since, row.source, row.run_id, row.file_name,
            row.who, row.plan,
        )
        for row in rows
    ]  # fmt: skip
