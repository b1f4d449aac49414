"""A township whose next plan, with other grids on the same ground, is ready to be published."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core import plans
from gisgrid.db import tables as t
from gisgrid.db.store import transaction
from gisgrid.planning.attach.attach import attach
from gisgrid.planning.review.publish import publish
from tests.support.factories import (
    create_event,
    create_grid,
    create_house,
    create_household,
    create_matter,
    create_member,
    create_plan,
    create_resident,
    create_township,
)
from tests.support.sketch import sketch, spot

SHANGHAI = ZoneInfo("Asia/Shanghai")
INSIDE = spot(0.5, 0.5)
"""In grid a of the old plan and grid c of the new one."""


@dataclass(frozen=True)
class Town:
    engine: Engine
    place: plans.TownshipInfo
    old: int
    new: int
    """A draft in which other grids lie on the same ground."""
    matter: str


def draft_of(
    session: Session, township: t.Township, name: str, codes: str, base: int | None
) -> int:
    """A draft whose two grids bear the codes of a drawing."""
    plan = create_plan(
        session, township, None, name=name, state="draft", validity=None, based_on_id=base
    )
    for code, ground in sketch(codes).items():
        create_grid(session, plan, ground, code=code, name=f"{name}·{code}")
    return plan.id


def build(session: Session, **values: object) -> tuple[t.Township, int, int, str]:
    township = create_township(session, "a b", **values)
    old = create_plan(session, township, "a b", name="旧方案")
    house = create_house(session, township, INSIDE, address="虚构路1号")
    create_resident(session, create_household(session, house))
    matter = create_matter(session, township)
    create_event(session, township, INSIDE, matter)
    create_member(session, township, "a", "leader", name="测旧长")
    create_member(session, township, "c", "leader", name="测新长")
    attach(session, old.id, "house")
    attach(session, old.id, "event")
    return township, old.id, draft_of(session, township, "新方案", "c d", old.id), matter.code


def town_of(engine: Engine) -> Town:
    with transaction(engine) as session:
        _, old, new, matter = build(session)
        return Town(engine, plans.township(session), old, new, matter)


def published(town: Town, first_day: date) -> None:
    with transaction(town.engine) as session:
        publish(session, town.new, first_day)


def community_code(session: Session) -> str:
    return str(session.scalar(text("SELECT code FROM area WHERE level = 'community'")))
