"""Which plan is in force, and how one replaces another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from gisgrid.errors import Conflict, Invalid, NotFound, StalePlan
from gisgrid.plans.attach import attach

PUBLISHED_CHANNEL = "plan_published"
"""Channel on which a publication is told; the payload is the township's area id."""


@dataclass(frozen=True)
class Place:
    """A township with the settings that queries need."""

    id: int
    code: str
    name: str
    name_en: str | None
    metric_srid: int
    time_zone: str
    grid_rule: str
    code_scheme: str
    near_border_m: float
    public_minimum: int = 5


@dataclass(frozen=True)
class PlanInfo:
    """A plan without its grids; ``valid_to`` is the first day it is no longer in force."""

    id: int
    township_id: int
    name: str
    state: str
    valid_from: date | None
    valid_to: date | None
    based_on_id: int | None
    grids: int


def townships(session: Session) -> list[Place]:
    """All townships, by code."""
    rows = session.execute(text(_TOWNSHIP + " ORDER BY a.code")).mappings()
    return [Place(**row) for row in rows]


def township(session: Session, code: str | None = None) -> Place:
    """The township of a code; without one, the only township there is.

    Raises
    ------
    NotFound
        No such township, or none at all.
    Invalid
        No code was given and there are several.
    """
    known = townships(session)
    if code is None:
        if len(known) == 1:
            return known[0]
        if not known:
            raise NotFound(
                "There is no township yet; load its areas first: gisgrid load areas FILE.",
                zh="还没有乡镇/街道；请先导入区域：gisgrid load areas 文件。",
            )
        codes = ", ".join(place.code for place in known)
        raise Invalid(
            f"There are several townships; name one with --township: {codes}.",
            zh=f"有多个乡镇/街道，请用 --township 指定：{codes}。",
            townships=[place.code for place in known],
        )
    for place in known:
        if place.code == code:
            return place
    raise NotFound(f"No township has the code {code!r}.", zh=f"没有代码为 {code!r} 的乡镇/街道。")


def township_by_id(session: Session, township_id: int) -> Place:
    """The township with a number; NotFound if there is none."""
    row = session.execute(text(_TOWNSHIP + " WHERE t.area_id = :id"), {"id": township_id})
    found = row.mappings().first()
    if found is None:
        raise NotFound(
            f"There is no township {township_id}.", zh=f"没有编号为 {township_id} 的乡镇/街道。"
        )
    return Place(**found)


def plans(session: Session, township_id: int) -> list[PlanInfo]:
    """The plans of a township: those with dates first by day, then drafts by number."""
    rows = session.execute(
        text(_PLAN + " WHERE p.township_id = :t ORDER BY lower(p.validity) NULLS LAST, p.id"),
        {"t": township_id},
    )
    return [_plan(row) for row in rows.mappings()]


def plan_named(session: Session, township_id: int, name: str) -> PlanInfo:
    """The plan with a name (or a number)."""
    rows = session.execute(
        text(
            _PLAN + " WHERE p.township_id = :t AND (p.name = :name OR p.id::text = :name)"
            " ORDER BY (p.name = :name) DESC LIMIT 1"
        ),
        {"t": township_id, "name": name},
    )
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no plan {name!r}.", zh=f"没有名为 {name!r} 的网格方案。")
    return _plan(row)


def plan_by_id(session: Session, plan_id: int) -> PlanInfo:
    """The plan with a number; NotFound if there is none."""
    row = session.execute(text(_PLAN + " WHERE p.id = :id"), {"id": plan_id}).mappings().first()
    if row is None:
        raise NotFound(
            f"There is no plan {plan_id}.", zh=f"没有编号为 {plan_id} 的网格方案。", plan_id=plan_id
        )
    return _plan(row)


def published_ids(session: Session) -> list[int]:
    """Numbers of the plans that are published, of all townships, ascending."""
    rows = session.scalars(text("SELECT id FROM plan WHERE state = 'published' ORDER BY id"))
    return list(rows)


def plan_in_force(session: Session, township_id: int, as_of: date | None = None) -> PlanInfo:
    """The plan of a day; without a day, the published one.

    Raises
    ------
    NotFound
        No plan was in force; ``facts["from"]`` is the first day that has one.
    """
    where = "p.state = 'published'" if as_of is None else "p.validity @> CAST(:day AS date)"
    rows = session.execute(
        text(f"{_PLAN} WHERE p.township_id = :t AND {where}"), {"t": township_id, "day": as_of}
    )
    row = rows.mappings().one_or_none()
    if row is not None:
        return _plan(row)
    first = session.scalar(
        text("SELECT min(lower(validity)) FROM plan WHERE township_id = :t"), {"t": township_id}
    )
    if first is None:
        raise NotFound("No plan has been published yet.", zh="还没有发布过网格方案。")
    raise NotFound(
        f"No plan was in force on {as_of}; there is one from {first} on.",
        zh=f"{as_of} 没有生效的网格方案；自 {first} 起才有。",
        hint=None,
        **{"from": str(first)},
    )


def publish(session: Session, plan_id: int, first_day: date) -> dict[str, Any]:
    """Put a plan in force from a day on, retire the one before, attach everything to it.

    Returns the attach counts of houses and events.

    Raises
    ------
    StalePlan
        The plan was drawn from one that is no longer the published plan.
    Conflict
        The plan is neither a draft nor on its way through review, has no grids, or the day lies before its predecessor's.
    """
    # Locking the township's row makes two publishers wait for each other; the second then sees
    # what the first published.
    session.execute(
        text("SELECT hold_township(township_id) FROM plan WHERE id = :id"), {"id": plan_id}
    )
    row = (
        session.execute(
            text(
                "SELECT state, based_on_id, township_id, name FROM plan WHERE id = :id FOR UPDATE"
            ),
            {"id": plan_id},
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise NotFound(f"There is no plan {plan_id}.", zh=f"没有编号为 {plan_id} 的方案。")
    if row["state"] not in ("draft", "in_review", "notified"):
        raise Conflict(
            f"Plan {row['name']!r} is {row['state']}; only a draft or a plan that the departments "
            "were notified of can be published.",
            zh=f"方案“{row['name']}”的状态是 {row['state']}，只有草案或已通知的方案可以发布。",
            state=row["state"],
        )
    if not session.scalar(
        text("SELECT EXISTS (SELECT FROM grid WHERE plan_id = :id)"), {"id": plan_id}
    ):
        raise Conflict(
            f"Plan {row['name']!r} has no grids.", zh=f"方案“{row['name']}”没有任何网格。"
        )
    before = (
        session.execute(
            text(
                "SELECT id, lower(validity) AS since FROM plan "
                "WHERE township_id = :t AND state = 'published'"
            ),
            {"t": row["township_id"]},
        )
        .mappings()
        .one_or_none()
    )
    if before and row["based_on_id"] not in (None, before["id"]):
        raise StalePlan(
            f"Plan {plan_id} was drawn from plan {row['based_on_id']}, "
            f"but plan {before['id']} is published now.",
            zh=f"方案 {plan_id} 基于方案 {row['based_on_id']} 绘制，但现行方案已是 {before['id']}。",
            plan_id=plan_id,
            base_plan_id=row["based_on_id"],
            published_plan_id=before["id"],
        )
    if before and first_day <= before["since"]:
        raise Conflict(
            f"The published plan is in force since {before['since']}; "
            f"the next one can begin on {before['since'] + timedelta(days=1)} or later.",
            zh=f"现行方案自 {before['since']} 起生效；新方案的起始日必须更晚。",
            published_since=str(before["since"]),
        )
    # Two statements in this order: the old plan must be gone before the index sees the new one.
    if before:
        session.execute(
            text(
                "UPDATE plan SET state = 'retired', "
                "validity = daterange(lower(validity), :day) WHERE id = :id"
            ),
            {"day": first_day, "id": before["id"]},
        )
    session.execute(
        text(
            "UPDATE plan SET state = 'published', validity = daterange(:day, NULL) WHERE id = :id"
        ),
        {"day": first_day, "id": plan_id},
    )
    counts = {
        "houses": attach(session, plan_id, "house"),
        "events": attach(session, plan_id, "event"),
    }
    # Sent by the server only when the transaction commits.
    session.execute(
        text("SELECT pg_notify(:channel, :payload)"),
        {"channel": PUBLISHED_CHANNEL, "payload": str(row["township_id"])},
    )
    return counts


_TOWNSHIP = """
SELECT t.area_id AS id, a.code, a.name, a.name_en, t.metric_srid, t.time_zone, t.grid_rule,
       t.code_scheme, t.near_border_m, t.public_minimum
FROM township t JOIN area a ON a.id = t.area_id
"""

_PLAN = """
SELECT p.id, p.township_id, p.name, p.state, lower(p.validity) AS valid_from,
       upper(p.validity) AS valid_to, p.based_on_id,
       (SELECT count(*) FROM grid g WHERE g.plan_id = p.id) AS grids
FROM plan p
"""


def _plan(row: RowMapping) -> PlanInfo:
    return PlanInfo(**row)
