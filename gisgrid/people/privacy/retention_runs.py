"""The runs that deleted what was past its time, with the proof of each."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import NotFound
from gisgrid.db.listing import AS_IT_STANDS, Listing, portion


@dataclass(frozen=True)
class RetentionProof:
    """One run; ``report`` as `gisgrid.people.privacy.retention.numbers` has it."""

    id: int
    as_of: date
    ran_at: datetime
    who: str
    report: dict[str, Any]

    @property
    def gone(self) -> int:
        """Rows that were deleted or emptied, former states among them."""
        return gone(self.report)

    @property
    def left(self) -> int:
        """Rows in which something of what was deleted was found afterwards; 0, or the run is not done."""
        return int(self.report["left"])


COLUMNS = tuple(field.name for field in fields(RetentionProof))


def gone(report: dict[str, Any]) -> int:
    """Rows that a run deletes or empties, former states and positions among them."""
    lines = sum(line["deleted"] + line["emptied"] for line in report["lines"])
    return int(lines + report["history_deleted"] + report["positions"]["positions"])


def runs(
    session: Session,
    township_id: int,
    *,
    most: int = 500,
    skip: int = 0,
    listing: Listing = AS_IT_STANDS,
) -> list[RetentionProof]:
    """The runs of a township, newest first; as far as whoever acts administers or audits it."""
    rows = portion(
        session, _RUNS, {"t": township_id, "number": None}, listing,
        columns=COLUMNS, texts=("who",), limit=most, skip=skip,
    )  # fmt: skip
    return [RetentionProof(**{name: row[name] for name in COLUMNS}) for row in rows]


def run(session: Session, township_id: int, number: int) -> RetentionProof:
    """A run by its number; NotFound if there is none that whoever acts may see."""
    row = session.execute(
        text(_RUNS), {"t": township_id, "number": number, "limit": 1, "skip": 0}
    ).mappings().one_or_none()  # fmt: skip
    if row is None:
        raise NotFound("There is no run {number} of retention.", number=number)
    return RetentionProof(**row)


_RUNS = """
SELECT id, as_of, ran_at, who, report FROM retention_run
WHERE township_id = :t AND (CAST(:number AS bigint) IS NULL OR id = :number)
ORDER BY id DESC LIMIT :limit OFFSET :skip
"""
