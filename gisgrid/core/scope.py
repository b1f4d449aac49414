"""Over which ground does the transaction's account have a right? As the policies see it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

# The table of houses names nobody and stands open to the web, so a question about houses says itself
# whose they are; (SELECT …) lets the server ask for the ground once a statement and not once a row.
HOUSE_SEEN = """(
    h.township_id = ANY ((SELECT my_townships('see_houses'))::bigint[])
    OR EXISTS (
        SELECT FROM house_grid w
        WHERE w.house_id = h.id AND w.plan_id = ANY ((SELECT plans_in_force())::bigint[])
          AND (w.grid_id = ANY ((SELECT my_grids('see_houses'))::bigint[])
               OR w.exclusive_grid_id = ANY ((SELECT my_grids('see_houses'))::bigint[])))
    OR h.community_id = ANY ((SELECT my_communities('see_houses'))::bigint[]) AND (
        SELECT w.grid_id FROM house_grid w
        WHERE w.house_id = h.id AND w.plan_id = ANY ((SELECT plans_in_force())::bigint[]) LIMIT 1
    ) IS NULL)"""
"""Condition on a house ``h``: it lies where the account has the right to see houses."""


@dataclass(frozen=True)
class Scope:
    """Areas and grids by their row numbers; empty without an account, or for a right it lacks."""

    townships: frozenset[int]
    """Held for the whole township; their communities and grids are in the other two as well."""
    communities: frozenset[int]
    grids: frozenset[int]
    """Of the plans in force."""

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
