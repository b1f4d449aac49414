"""Collection tasks in tests: who makes them, who goes, and a task that is open or answered."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.collection import answers, tasks
from gisgrid.collection.questions import NewQuestion
from gisgrid.collection.tasks import TaskDraft
from gisgrid.core.plans import township
from gisgrid.db.roles import OFFICE
from gisgrid.db.store import Actor, transaction
from gisgrid.planning.snapshot.fetch import today
from tests.support.accounts import acting, appointed, web_engine
from tests.support.door import GRID, OTHER_GRID, one_known

HEAD = NewQuestion("家中几口人", "integer", least=Decimal(0), most=Decimal(30))
PIPE = NewQuestion("水管材料", "choice", choices=("铁", "塑料", "不详"), required=False)


def asked_town(session: Session) -> dict[str, int]:
    """A town whose house 3 has no register; accounts of the office, of the first grid, of another, and others."""
    town = one_known(session)
    session.execute(
        text(
            "DELETE FROM resident WHERE household_id IN (SELECT id FROM household WHERE house_id = 3)"
        )
    )
    session.execute(text("DELETE FROM household WHERE house_id = 3"))
    return {
        "office": town.account,
        "worker": appointed(session, "grid_worker", grid=GRID, name="worker"),
        "leader": appointed(session, "grid_leader", grid=GRID, name="leader"),
        "stranger": appointed(session, "grid_worker", grid=OTHER_GRID, name="stranger"),
        "clerk": appointed(session, "community_clerk", "999901001001", name="clerk"),
        "auditor": appointed(session, "auditor", name="auditor"),
        "administrator": appointed(session, "administrator", name="administrator"),
    }


def keeping(engine: Engine, account: int) -> Any:
    return transaction(web_engine(engine), actor=Actor(account), role=OFFICE)


def told(session: Session, **more: Any) -> TaskDraft:
    values: dict[str, Any] = {
        "title": "用水普查", "purpose": "care", "due_on": today(township(session)) + timedelta(days=7),
        "fields": ("resident.phone",), "grids": (GRID,),
    }  # fmt: skip
    return TaskDraft(**(values | more))


def opened(engine: Engine, account: int, *questions: NewQuestion, **more: Any) -> int:
    with keeping(engine, account) as session:
        number = tasks.draft(
            session, township(session).id, told(session, **more), today(township(session))
        )
        for each in questions:
            tasks.ask(session, number, each)
        tasks.publish(session, number, today(township(session)), seen=1)
    return number


def answered(
    engine: Engine,
    account: int,
    number: int,
    house: int,
    *,
    key: str = "",
    seen: int = 0,
    **said: str,
) -> Any:
    with acting(web_engine(engine), account) as session:
        task = tasks.one(session, number)
        values = {
            next(q.id for q in task.questions if q.name == name): value
            for name, value in said.items()
        }
        return answers.answer(session, task, house, values, client_id=key or uuid4().hex, seen=seen)
