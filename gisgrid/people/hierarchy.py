"""Who answers for this place, level by level? Escalation goes up the tree, tasks go down.

Five levels: residents, grid, community, section (the communities that one cadre is in charge of),
township. Teams come from the members of grids; heads, cadres and government from appointments.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import NotFound
from gisgrid.core.messages import Message, message, say
from gisgrid.core.plans import PlanInfo, TownshipInfo, plan_in_force
from gisgrid.locate.lookup import by_address
from gisgrid.locate.point_lookup import in_store

HEADS = {
    "community": "community_clerk",
    "section": "section_cadre",
    "township": "township_government",
}
"""Level to the role of whoever answers for it."""
MISSING = {
    "community": say("nobody is appointed community clerk here"),
    "section": say("nobody is appointed section cadre here"),
    "township": say("nobody is appointed township government here"),
}
"""What is said of a level that nobody answers for."""
HEADED = """CASE m.role WHEN 'community_clerk' THEN 'community' WHEN 'section_cadre' THEN 'section'
    WHEN 'township_government' THEN 'township' END"""
"""``HEADS`` in SQL: the level that an appointment ``m`` answers for; null for another role."""


@dataclass(frozen=True)
class Superior:
    """Somebody who answers for a level. Of residents the name is masked."""

    name: str
    role: str
    staff: str | None = None
    """Code of the staff; None: an account without, or a resident."""
    account: str | None = None
    """Log-in name, if there is one."""


@dataclass(frozen=True)
class Rung:
    """One level of the walk: a place and who answers for it, the one in charge first."""

    level: str
    code: str
    """Of the house, grid, community or township; of a section its community's."""
    name: str
    people: tuple[Superior, ...]
    missing: Message | None = None
    """Said where nobody is in charge."""

    @property
    def head(self) -> Superior | None:
        """The one in charge; a team's member is not."""
        first = self.people[0] if self.people else None
        return None if self.missing else first


def who(session: Session, place: TownshipInfo, words: str, day: date) -> tuple[Rung, ...]:
    """The walk from a house (address, alias or code) or a grid (code) up to the township.

    A house gives five rungs; a grid four, from itself upwards.

    Raises
    ------
    AmbiguousAddress, NotFound, OutsideCoverage, Invalid
        As `gisgrid.locate.lookup.by_address`; no plan in force on the day.
    """
    plan = plan_in_force(session, place.id, day)
    words = words.strip()
    if _known(session, "SELECT 1 FROM grid WHERE plan_id = :plan AND code = :code", plan.id, words):
        return (_grid(session, place, plan, words, day), *above(session, place, words, day))
    house = session.execute(
        text(_HOUSE), {"t": place.id, "plan": plan.id, "code": words, "id": None}
    ).one_or_none()
    if house is None:
        found = by_address(
            session, place.id, partial(in_store, session, place, plan, day=day), words
        )
        grid = found.where.exclusive.code if found.where.exclusive else found.where.grid.code
        if found.house is None or found.house.id is None:
            return (_grid(session, place, plan, grid, day), *above(session, place, grid, day))
        house = session.execute(
            text(_HOUSE), {"t": place.id, "plan": plan.id, "code": None, "id": found.house.id}
        ).one()
    else:
        grid = house.grid
    if grid is None:
        raise NotFound(
            "House {house} lies in no grid of plan {plan}.", plan=plan.name, house=house.code
        )
    return (
        _residents(session, house),
        _grid(session, place, plan, grid, day),
        *above(session, place, grid, day),
    )


def above(session: Session, place: TownshipInfo, code: str, day: date) -> tuple[Rung, ...]:
    """The rungs above a grid, community or the township: where a matter is escalated to, next first.

    The township has none. NotFound: no such grid in the plan of the day, and no such area.
    """
    if code == place.code:
        return ()
    community = _community(session, place, code, day)
    if community is None:
        raise NotFound(
            "There is no grid or community {code!r} in {place}.", place=place.name, code=code
        )
    rungs = () if code == community.code else (_headed(session, "community", community, day),)
    return (
        *rungs,
        _headed(session, "section", community, day),
        _headed(session, "township", place, day),
    )


def below(session: Session, place: TownshipInfo, code: str, day: date) -> tuple[Rung, ...]:
    """The rungs one level down, where a task is given to, by code.

    Of the township its communities, of a community its grids. A grid has none: its team does the work.
    NotFound as `above`.
    """
    if code == place.code:
        rows = session.execute(
            text('SELECT id, code, name FROM area WHERE parent_id = :t ORDER BY code COLLATE "C"'),
            {"t": place.id},
        ).all()
        return tuple(_headed(session, "community", row, day) for row in rows)
    community = _community(session, place, code, day)
    if community is None:
        raise NotFound(
            "There is no grid or community {code!r} in {place}.", place=place.name, code=code
        )
    if code != community.code:
        return ()
    plan = plan_in_force(session, place.id, day)
    grids = session.scalars(
        text(
            "SELECT code FROM grid WHERE plan_id = :plan AND community_id = :c "
            'ORDER BY code COLLATE "C"'
        ),
        {"plan": plan.id, "c": community.id},
    ).all()
    return tuple(_grid(session, place, plan, grid, day) for grid in grids)


def _residents(session: Session, house: Any) -> Rung:
    rows = session.execute(text(_HOUSEHOLDS), {"house": house.id}).all()
    people = tuple(Superior(row.name, f"household of {row.residents}") for row in rows)
    return Rung(
        "residents", house.code, house.address, people,
        None if people else message("nobody is registered in this house"),
    )  # fmt: skip


def _grid(session: Session, place: TownshipInfo, plan: PlanInfo, code: str, day: date) -> Rung:
    row = session.execute(
        text("SELECT name FROM grid WHERE plan_id = :plan AND code = :code"),
        {"plan": plan.id, "code": code},
    ).one()
    team = session.execute(text(_TEAM), {"t": place.id, "code": code, "day": day}).all()
    led = bool(team) and team[0].role == "leader"
    return Rung(
        "grid", code, row.name, tuple(Superior(*member) for member in team),
        None
        if led
        else message("no leader is appointed")
        if team
        else message("nobody is in the team"),
    )  # fmt: skip


def _headed(session: Session, level: str, area: Any, day: date) -> Rung:
    """A community, the section it is in, or the township, with those appointed to it."""
    role = HEADS[level]
    rows = session.execute(text(_APPOINTED), {"area": area.id, "role": role, "day": day}).all()
    return Rung(
        level, area.code, area.name, tuple(Superior(*row) for row in rows),
        None if rows else message(MISSING[level]),
    )  # fmt: skip


def _community(session: Session, place: TownshipInfo, code: str, day: date) -> Any:
    return session.execute(
        text(_COMMUNITY), {"t": place.id, "code": code, "day": day}
    ).one_or_none()


def _known(session: Session, sql: str, plan: int, code: str) -> bool:
    return session.execute(text(sql), {"plan": plan, "code": code}).first() is not None


_HOUSE = """
SELECT h.id, h.code, h.address, g.code AS grid FROM house h
LEFT JOIN grid_of_house a ON a.house_id = h.id AND a.plan_id = :plan
LEFT JOIN grid g ON g.id = a.grid_id
WHERE h.township_id = :t AND (h.code = CAST(:code AS text) OR h.id = CAST(:id AS bigint))
"""

# The first of each household stands for it.
_HOUSEHOLDS = """
SELECT DISTINCT ON (f.code COLLATE "C") masked_name(r.name, t.masking -> 'name') AS name,
       count(*) OVER (PARTITION BY f.id) AS residents
FROM household f JOIN resident r ON r.household_id = f.id
JOIN township t ON t.area_id = f.township_id
WHERE f.house_id = :house ORDER BY f.code COLLATE "C", r.code COLLATE "C"
"""

# Who leads a grid is told to everybody, the rest of the team masked.
_TEAM = """
SELECT CASE WHEN m.role = 'leader' THEN s.name ELSE masked_name(s.name, t.masking -> 'name') END,
       m.role, s.code, k.name
FROM team_member m JOIN staff s ON s.id = m.staff_id JOIN township t ON t.area_id = m.township_id
LEFT JOIN account k ON k.staff_id = s.id AND k.active
WHERE m.township_id = :t AND m.grid_code = :code AND m.during @> CAST(:day AS date)
ORDER BY array_position(ARRAY['leader', 'worker', 'sinking_force', 'social_force'], m.role),
         s.code COLLATE "C", k.name
"""

_APPOINTED = """
SELECT coalesce(s.name, k.display_name), m.role, s.code, k.name
FROM appointment m JOIN account k ON k.id = m.account_id AND k.active
LEFT JOIN staff s ON s.id = k.staff_id
WHERE m.area_id = :area AND m.role = :role AND m.grid_code IS NULL
  AND m.during @> CAST(:day AS date)
ORDER BY lower(m.during), k.name COLLATE "C"
"""

_COMMUNITY = """
SELECT c.id, c.code, c.name FROM area c
WHERE c.parent_id = :t AND (c.code = :code OR c.id = (
    SELECT g.community_id FROM plan p JOIN grid g ON g.plan_id = p.id
    WHERE p.township_id = :t AND p.validity @> CAST(:day AS date) AND g.code = :code))
"""
