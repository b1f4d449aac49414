"""A township whose cases are taken and walked through the rights of the web."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.cases.cases import CaseActor, CaseNow, Details, take_step
from gisgrid.cases.flow import current_flow
from gisgrid.cases.intake import Report, take_in
from gisgrid.core.plans import TownshipInfo, townships
from gisgrid.db.store import transaction
from tests.support.accounts import acting, appointed, web_engine
from tests.support.cases import at, place
from tests.support.factories import create_matter
from tests.support.sketch import spot

WHEN = at("2023-08-15 09:00")


PUBLIC = CaseActor("resident", ("resident",))


class Peopled(NamedTuple):
    """Code of a matter, the township, and accounts by who they are."""

    matter: str
    place: TownshipInfo
    people: dict[str, int]


def peopled(session: Session) -> Peopled:
    """A township of two grids: a dispatcher, and a worker in each."""
    row = place(session)
    current_flow(session, row.area_id, "normal")
    matter = create_matter(session, row).code
    code = session.scalar(text("SELECT code FROM area WHERE id = :t"), {"t": row.area_id})
    people = {
        "dispatcher": appointed(session, "dispatcher", code, name="dispatcher.shi"),
        "worker": appointed(session, "grid_worker", code, grid="a", name="worker.a"),
        "other": appointed(session, "grid_worker", code, grid="b", name="worker.b"),
    }
    (only,) = townships(session)
    return Peopled(matter, only, people)


class Town:
    """A township in a store of its own, its people, and the web's way in."""

    def __init__(self, engine: Engine, made: Peopled | None = None) -> None:
        if made is None:
            with transaction(engine) as session:
                made = peopled(session)
        self.matter, self.place, self.people = made.matter, made.place, dict(made.people)
        self.web = web_engine(engine)

    def report(self, who: str | None, by: CaseActor, **details: Any) -> CaseNow:
        report = Report(self.matter, spot(0.5, 0.5), "垃圾", reported_at=WHEN, **details)
        with acting(self.web, self.people[who] if who else None) as session:
            return take_in(session, self.place, report, by).case

    def report_at(self, place: tuple[float, float]) -> CaseNow:
        with acting(self.web, None) as session:
            report = Report(self.matter, place, "垃圾", reported_at=WHEN)
            return take_in(session, self.place, report, PUBLIC).case

    def step(
        self, who: str, case_id: int, step: str, role: str, actor: str, **details: Any
    ) -> CaseNow:
        with acting(self.web, self.people[who]) as session:
            return take_step(
                session, case_id, step, CaseActor(actor, (role,)), details=Details(**details)
            )
