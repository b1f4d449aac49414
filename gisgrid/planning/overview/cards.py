"""What is to be said about one grid, one house, one event of a plan? No telephone, no resident."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import NotFound
from gisgrid.core.scope import HOUSE_SEEN
from gisgrid.planning.overview.successors import retired


@dataclass(frozen=True)
class Heir:
    """A grid that took over a share of one that is no more."""

    code: str
    name: str
    share: float


@dataclass(frozen=True)
class GridCard:
    """A grid with its team's leader and its counts, as a map shows it.

    Those under an exclusive grid are its own. None: hidden, see ``gisgrid.planning.overview.summary``.
    ``state`` is that of the plan asked about: of one that waits (``later``) ``since`` is the first day.
    A ``retired`` grid is told as the last plan had it, with the first day without it and who took it
    over; their shares sum to 1, or less where a part is in no grid.
    """

    plan_id: int
    code: str
    name: str
    kind: str
    host: str | None
    community_code: str
    community: str
    community_en: str | None
    leader: str | None
    houses: int
    households: int | None
    residents: int | None
    events: int | None
    open_events: int | None
    state: Literal["in_force", "later", "draft", "retired"] = "in_force"
    since: date | None = None
    successors: tuple[Heir, ...] = ()


@dataclass(frozen=True)
class HouseCard:
    """A house and its grid; without grid fields it lies in none."""

    id: int
    code: str
    address: str
    grid_code: str | None
    grid_name: str | None
    border_m: float | None
    """Metres to the nearest grid border, where that is near."""


@dataclass(frozen=True)
class EventCard:
    """An event without its text and its reporter."""

    id: int
    code: str
    matter: str
    matter_en: str | None
    reported_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    grid_code: str | None
    grid_name: str | None
    border_m: float | None


def grid_card(session: Session, plan_id: int, code: str, *, day: date | None = None) -> GridCard:
    """The grid of a code under a plan; leader and events are those of ``day``, else of today.

    A code that the plan does not have, but one in force before it had, is answered as retired.
    NotFound if there is neither.
    """
    row = (
        session.execute(text(_GRID), {"plan": plan_id, "code": code, "day": day})
        .mappings()
        .one_or_none()
    )
    if row is None and (gone := retired(session, plan_id, code)) is not None:
        heirs = tuple(Heir(*heir) for heir in gone.heirs)
        was = grid_card(session, gone.plan_id, code, day=day)
        return replace(was, leader=None, state="retired", since=gone.since, successors=heirs)
    if row is None:
        raise NotFound("Plan {plan_id} has no grid {code!r}.", plan_id=plan_id, code=code)
    return GridCard(**row)


def house_card(session: Session, plan_id: int, house_id: int) -> HouseCard:
    """A house of the plan's township that the transaction's account may see."""
    row = session.execute(text(_HOUSE), {"plan": plan_id, "id": house_id}).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no house {house_id}.", house_id=house_id)
    return HouseCard(**row)


def event_card(session: Session, plan_id: int, event_id: int) -> EventCard:
    """An event of the plan's township."""
    row = session.execute(text(_EVENT), {"plan": plan_id, "id": event_id}).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no event {event_id}.", event_id=event_id)
    return EventCard(**row)


_GRID = """
SELECT g.plan_id, CASE WHEN p.validity IS NULL THEN 'draft'
           WHEN lower(p.validity) > day_in(t.time_zone) THEN 'later' ELSE 'in_force' END AS state,
       CASE WHEN lower(p.validity) > day_in(t.time_zone) THEN lower(p.validity) END AS since, g.code, g.name, g.kind, g.host, c.code AS community_code, c.name AS community,
       c.name_en AS community_en,
       (SELECT l.name FROM grid_leader l
        WHERE l.township_id = p.township_id AND l.grid_code = g.code
          AND l.during @> coalesce(CAST(:day AS date), day_in(t.time_zone))) AS leader,
       n.houses, n.households, n.residents, n.events, n.open_events
FROM grid g JOIN plan p ON p.id = g.plan_id JOIN area c ON c.id = g.community_id
JOIN township t ON t.area_id = p.township_id CROSS JOIN count_grid(p.id, g.id, CAST(:day AS date)) n
WHERE g.plan_id = :plan AND g.code = :code
"""

_HOUSE = f"""
SELECT h.id, h.code, h.address, g.code AS grid_code, g.name AS grid_name, a.border_m
FROM plan p JOIN house h ON h.township_id = p.township_id
LEFT JOIN house_grid a ON a.plan_id = p.id AND a.house_id = h.id
LEFT JOIN grid g ON g.id = coalesce(a.exclusive_grid_id, a.grid_id)
WHERE p.id = :plan AND h.id = :id AND {HOUSE_SEEN}
"""

_EVENT = """
SELECT e.id, e.code, m.name AS matter, m.name_en AS matter_en, e.reported_at, e.due_at, e.closed_at,
       g.code AS grid_code, g.name AS grid_name, a.border_m
FROM plan p JOIN event e ON e.township_id = p.township_id
JOIN matter m ON m.id = e.matter_id
LEFT JOIN event_grid a ON a.plan_id = p.id AND a.event_id = e.id
LEFT JOIN grid g ON g.id = coalesce(a.exclusive_grid_id, a.grid_id)
WHERE p.id = :plan AND e.id = :id
"""
