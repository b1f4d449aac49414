"""Which grids answer today for a code of an earlier plan?"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.plans.compare import Successor


def successors(session: Session, township_id: int, code: str) -> dict[str, float]:
    """Codes of the plan in force that took over a grid, with their shares, through all plans since.

    A code that is in force answers with itself and 1. What ended in no grid is left out, so shares
    may sum to less than 1. A code that no plan ever had has none.
    """
    known = session.execute(
        text(
            "SELECT p.id, p.state FROM grid g JOIN plan p ON p.id = g.plan_id "
            "WHERE p.township_id = :t AND p.validity IS NOT NULL AND g.code = :code "
            "ORDER BY lower(p.validity) DESC LIMIT 1"
        ),
        {"t": township_id, "code": code},
    ).one_or_none()
    if known is None:
        return {}
    shares = {code: 1.0}
    later = session.scalars(
        text(
            "SELECT p.id FROM plan p WHERE p.township_id = :t AND p.validity IS NOT NULL AND "
            "lower(p.validity) > (SELECT lower(validity) FROM plan WHERE id = :last) "
            "ORDER BY lower(p.validity)"
        ),
        {"t": township_id, "last": known.id},
    ).all()
    for plan_id in later:
        heirs: dict[str, float] = {}
        for step in crosswalk_of(session, plan_id):
            if step.old_code in shares and step.new_code is not None:
                share = shares[step.old_code] * step.share
                heirs[step.new_code] = heirs.get(step.new_code, 0.0) + share
        shares = heirs
    return dict(sorted(shares.items()))


def crosswalk_of(session: Session, plan_id: int) -> list[Successor]:
    """The crosswalk that was kept when a plan was published, by old and new code."""
    rows = session.execute(
        text(
            "SELECT old_code, new_code, houses, households, residents, share FROM grid_successor "
            'WHERE plan_id = :p ORDER BY old_code COLLATE "C", new_code COLLATE "C"'
        ),
        {"p": plan_id},
    )
    return [Successor(**row._mapping) for row in rows]
