"""Residents in the open, as the store's own function gives them to whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from gisgrid.people.unmask import opened


@dataclass(frozen=True)
class OpenResident:
    """A resident, nothing masked."""

    id: int
    name: str
    citizen_id: str | None
    phone: str | None
    sex: str | None
    birth_date: date | None
    needs: list[str]


def open_residents(session: Session, ids: Sequence[int]) -> list[OpenResident]:
    """Residents by row number, for who has the right ``unmask`` there; raises as `opened`."""
    return opened(
        session, OpenResident, "SELECT * FROM unmask_resident(CAST(:ids AS bigint[]))", ids
    )
