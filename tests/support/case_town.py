"""A township whose cases are taken and walked through the rights of the web."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, text

from gisgrid.db.store import transaction
from gisgrid.events.cases import (
    By,
    CaseNow,
    Details,
    take_step,
)
from gisgrid.events.flow import current_flow
from gisgrid.events.intake import Report, take_in
from gisgrid.plans.plans import townships
from tests.support.accounts import acting, appointed, web_engine
from tests.support.cases import at, place
from tests.support.factories import create_matter
from tests.support.sketch import spot

WHEN = at("2023-08-15 09:00")


PUBLIC = By("resident", ("resident",))


class Town:
    """A township in a store of its own, its people, and the web's way in."""

    def __init__(self, engine: Engine) -> None:
        with transaction(engine) as session:
            row = place(session)
            current_flow(session, row.area_id, "normal")
            self.matter = create_matter(session, row).code
            code = session.scalar(text("SELECT code FROM area WHERE id = :t"), {"t": row.area_id})
            assert code is not None
            self.people = {
                "dispatcher": appointed(session, "dispatcher", code, name="dispatcher.shi"),
                "worker": appointed(session, "grid_worker", code, grid="a", name="worker.a"),
                "other": appointed(session, "grid_worker", code, grid="b", name="worker.b"),
            }
            (self.place,) = townships(session)
        self.web = web_engine(engine)

    def report(self, who: str | None, by: By, **details: Any) -> CaseNow:
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
            return take_step(session, case_id, step, By(actor, (role,)), details=Details(**details))
