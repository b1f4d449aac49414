"""Over which ground does the transaction's account have a right? As the policies see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import NotAllowed
from gisgrid.core.plans import TownshipInfo

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
        SELECT coalesce(w.exclusive_grid_id, w.grid_id) FROM house_grid w
        WHERE w.house_id = h.id AND w.plan_id = ANY ((SELECT plans_in_force())::bigint[]) LIMIT 1
    ) IS NULL)"""
"""Condition on a house ``h``: it lies where the account has the right to see houses."""
OF_OTHERS = """(
    SELECT o.house_id FROM house_grid o JOIN grid b ON b.id = o.grid_id
    WHERE o.plan_id = ANY ((SELECT plans_in_force())::bigint[]) AND o.exclusive_grid_id IS NOT NULL
      AND o.exclusive_grid_id <> ALL ((SELECT my_grids('see_register'))::bigint[])
      AND b.community_id <> ALL ((SELECT my_communities('see_register'))::bigint[])
      AND (SELECT my_account()) IS NOT NULL)"""
"""Houses that the team of a basic grid may see and does not answer for: another exclusive grid lies over them. Few, and so
the duties of a team are counted without them; of who has the right over the whole area there are none."""


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


def covered(
    session: Session, rights: Sequence[str], by: str, township_id: int | None = None
) -> bool:
    """Whether all ground on which the account holds any of some rights is ground where ``by`` holds, too.

    A right that holds somewhere else says nothing of the ground at hand: whoever may take files away as a
    clerk of one community may not do so with what they read as a worker in another.

    Parameters
    ----------
    township_id
        Only ground of this township counts; None: all.
    """
    held = scope(session, by)
    for right in rights:
        read = scope(session, right)
        whole = read.townships - held.townships
        if township_id in whole or (township_id is None and whole):
            return False
        communities = read.communities - held.communities
        grids = read.grids - held.grids
        if session.scalar(
            text(_ANY_OF), {"t": township_id, "communities": [*communities], "grids": [*grids]}
        ):
            return False
    return True


_ANY_OF = """
SELECT EXISTS (
    SELECT FROM area a WHERE a.id = ANY (CAST(:communities AS bigint[]))
      AND (CAST(:t AS bigint) IS NULL OR a.parent_id = :t))
OR EXISTS (
    SELECT FROM grid g JOIN plan p ON p.id = g.plan_id WHERE g.id = ANY (CAST(:grids AS bigint[]))
      AND (CAST(:t AS bigint) IS NULL OR p.township_id = :t))
"""


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


def refuse_strangers(session: Session, place: TownshipInfo, *rights: str) -> None:
    """NotAllowed if the account holds none of the rights over the whole township.

    Who keeps the server, and acts for no account, may.
    """
    if session.scalar(text("SELECT owns_the_store() AND my_account() IS NULL")):
        return
    if not any(place.id in scope(session, right).townships for right in rights):
        raise NotAllowed(
            "This is for who may {rights} in all of {town}.", rights=list(rights), town=place.name
        )
