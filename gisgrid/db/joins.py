"""How the database is to join, where the policies keep its planner from knowing how many rows are left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.orm import Session


@contextmanager
def joined_by(session: Session, *, sets: bool) -> Iterator[None]:
    """Have the statements within read whole sets and hash them (``sets``), or also look up row by row.

    The planner's own guess would be to sort 100,000 rows to join and to group them, or to look each up.
    32 MB keep sets of so many in memory and not in files.
    """
    ways = ["enable_mergejoin", "enable_sort", *(["enable_nestloop"] if sets else [])]
    session.execute(text("SET LOCAL work_mem = '32MB'" + _switched(ways, "off")))
    yield
    session.execute(text("SET LOCAL work_mem = DEFAULT" + _switched(ways, "on")))


def _switched(ways: Sequence[str], state: str) -> str:
    return "".join(f"; SET LOCAL {way} = {state}" for way in ways)
