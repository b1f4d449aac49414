"""Which grids answer today for a code of an earlier plan?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.planning.editor.compare import Successor


@dataclass(frozen=True)
class Retired:
    """A grid that the plan in force does not have, and who took it over."""

    plan_id: int
    """The last plan that had it."""
    since: date
    """First day without it."""
    heirs: tuple[tuple[str, str, float], ...]
    """Code, name and share of the grids in force that took it over, by code."""


def successors(
    session: Session, township_id: int, code: str, *, until: int | None = None
) -> dict[str, float]:
    """Codes of a dated plan that took over a grid, with their shares, through all plans since.

    A code that the plan has answers with itself and 1. What ended in no grid is left out, so shares
    may sum to less than 1. A code that no plan up to it had has none.

    Parameters
    ----------
    until
        The dated plan whose codes answer; None: the one in force, else the newest.
    """
    if until is None:
        until = session.scalar(
            text("SELECT id FROM plan_in_force WHERE township_id = :t"), {"t": township_id}
        )
    known = _last_plan(session, township_id, code, until)
    if known is None:
        return {}
    shares = {code: 1.0}
    for plan_id in _later(session, township_id, known, until):
        steps = session.execute(
            text(
                "SELECT old_code, new_code, share FROM grid_successor WHERE plan_id = :p "
                "AND new_code IS NOT NULL AND old_code = ANY(:codes)"
            ),
            {"p": plan_id, "codes": list(shares)},
        ).all()
        heirs: dict[str, float] = {}
        for step in steps:
            heirs[step.new_code] = (
                heirs.get(step.new_code, 0.0) + shares[step.old_code] * step.share
            )
        shares = heirs
    return dict(sorted(shares.items()))


def retired(session: Session, plan_id: int, code: str) -> Retired | None:
    """What became of a grid that a plan does not have but one in force before it had.

    None: no earlier plan had it, or the plan was never in force.
    """
    asked = session.execute(
        text("SELECT township_id FROM plan WHERE id = :p AND validity IS NOT NULL"), {"p": plan_id}
    ).one_or_none()
    if asked is None:
        return None
    last = _last_plan(session, asked.township_id, code, plan_id)
    if last is None or last == plan_id:
        return None
    shares = successors(session, asked.township_id, code, until=plan_id)
    since = session.scalar(text("SELECT upper(validity) FROM plan WHERE id = :p"), {"p": last})
    assert isinstance(since, date)  # noqa: S101 - a plan that was followed has an end
    names = {
        row.code: row.name
        for row in session.execute(
            text("SELECT code, name FROM grid WHERE plan_id = :p AND code = ANY(:codes)"),
            {"p": plan_id, "codes": list(shares)},
        )
    }
    return Retired(
        last, since, tuple((heir, names.get(heir, heir), share) for heir, share in shares.items())
    )


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


def _last_plan(session: Session, township_id: int, code: str, until: int | None) -> int | None:
    """The newest plan in force, up to a plan, that had a grid of the code."""
    found: int | None = session.scalar(
        text(
            "SELECT p.id FROM grid g JOIN plan p ON p.id = g.plan_id "
            "WHERE p.township_id = :t AND p.validity IS NOT NULL AND g.code = :code "
            "AND (CAST(:until AS bigint) IS NULL OR lower(p.validity) <= "
            "(SELECT lower(validity) FROM plan WHERE id = :until)) ORDER BY lower(p.validity) DESC LIMIT 1"
        ),
        {"t": township_id, "code": code, "until": until},
    )
    return found


def _later(session: Session, township_id: int, plan_id: int, until: int | None) -> list[int]:
    rows = session.scalars(
        text(
            "SELECT p.id FROM plan p WHERE p.township_id = :t AND p.validity IS NOT NULL AND "
            "lower(p.validity) > (SELECT lower(validity) FROM plan WHERE id = :last) "
            "AND (CAST(:until AS bigint) IS NULL OR lower(p.validity) <= "
            "(SELECT lower(validity) FROM plan WHERE id = :until)) ORDER BY lower(p.validity)"
        ),
        {"t": township_id, "last": plan_id, "until": until},
    )
    return list(rows)
