"""Over which ground does the transaction's account have a right? As the policies see it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Scope:
    """Areas and grids by their row numbers; empty without an account, or for a right it lacks."""

    townships: frozenset[int]
    """Held for the whole township; their communities and grids are in the other two as well."""
    communities: frozenset[int]
    grids: frozenset[int]
    """Of the published plans."""

    def __bool__(self) -> bool:
        return bool(self.townships or self.communities or self.grids)


def scope(session: Session, right: str) -> Scope:
    """Where the account that the transaction declared has a right today."""
    row = session.execute(
        text(
            "SELECT my_townships(:right) AS townships, my_communities(:right) AS communities, "
            "my_grids(:right) AS grids"
        ),
        {"right": right},
    ).one()
    return Scope(frozenset(row.townships), frozenset(row.communities), frozenset(row.grids))
