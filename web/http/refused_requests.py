"""A demand that the list does not have is kept, after what it was refused with has been undone."""

from __future__ import annotations

from datetime import UTC, datetime

from gisgrid.cases.refusals import NotOnTheList
from gisgrid.cases.refused_requests import keep_refusal
from gisgrid.core.errors import GisgridError
from web.http.db import writing
from web.http.permissions import asker


def keep_demand(error: GisgridError, asked_by: str, *key: str, daily: bool = False) -> None:
    """Keep what was refused as a demand, in a transaction of its own; nothing for any other error.

    Parameters
    ----------
    asked_by
        The asker's log-in name, or ``resident``.
    key
        What says that it is the same demand again; without it each counts.
    """
    if not isinstance(error, NotOnTheList):
        return
    with writing() as session:
        keep_refusal(session, error, asked_by=asked_by, at=datetime.now(UTC), key=key, daily=daily)


def keep_demand_of_case(error: GisgridError, case_id: int | None) -> None:
    """As `keep_demand`, for a step of a case: tried again on the same day, it is one demand."""
    keep_demand(error, asker().name, "case", str(case_id), daily=True)
