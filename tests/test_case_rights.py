"""Cases under the rights: reported, sent and closed by the web's role, each in its own ground."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from gisgrid.db.store import transaction
from gisgrid.errors import NotAllowed, NotFound
from gisgrid.events.cases import (
    By,
    CaseNow,
    Details,
    case_by_ticket,
    case_now,
    take_step,
)
from gisgrid.events.flow import current_flow
from gisgrid.events.intake import Report, take_in
from gisgrid.plans.plans import Place, townships
from tests.accounts import acting, appointed, web_engine
from tests.cases import TEAM_A, at, place
from tests.factories import create_matter
from tests.sketch import spot

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

    def report(self, who: str | None, by: By, **details: object) -> CaseNow:
        report = Report(self.matter, spot(0.5, 0.5), "垃圾", reported_at=WHEN, **details)
        with acting(self.web, who and self.people[who]) as session:
            return take_in(session, self.place, report, by).case

    def report_at(self, place: tuple[float, float]) -> CaseNow:
        with acting(self.web, None) as session:
            report = Report(self.matter, place, "垃圾", reported_at=WHEN)
            return take_in(session, self.place, report, PUBLIC).case

    def step(self, who: str, case_id: int, step: str, role: str, actor: str, **details: object):
        with acting(self.web, self.people[who]) as session:
            return take_step(session, case_id, step, By(actor, (role,)), details=Details(**details))


@pytest.fixture
def town(engine: Engine) -> Iterator[Town]:
    town = Town(engine)
    yield town
    town.web.dispose()


def test_a_case_runs_through_the_web_role_and_each_stays_in_their_post(town: Town):
    assert isinstance(town.place, Place)
    case = town.report("worker", By("worker.a", ("grid_worker",)))
    shi, ce = ("dispatcher", "dispatcher.shi"), ("grid_worker", "worker.a")
    assert town.step("dispatcher", case.id, "file", *shi).state == "filed"
    # Not a role they hold, not their name.
    for role, actor in (("dispatcher", "worker.a"), ("dispatcher", "dispatcher.shi")):
        with pytest.raises(NotAllowed):
            town.step("worker", case.id, "dispatch", role, actor, to=TEAM_A)
    town.step("dispatcher", case.id, "dispatch", *shi, to=TEAM_A)
    # The worker of the neighbouring grid sees no such case.
    with pytest.raises(NotFound):
        town.step("other", case.id, "accept", "grid_worker", "worker.b")
    town.step("worker", case.id, "accept", *ce)
    town.step("worker", case.id, "feed_back", *ce, note="已清理")
    assert town.step("dispatcher", case.id, "close", *shi).state == "closed"


def test_somebody_without_an_account_reports_and_follows_by_ticket_alone(town: Town):
    case = town.report(None, PUBLIC, client_id="phone-1")
    assert town.report(None, PUBLIC, client_id="phone-1") == case
    with acting(town.web, None) as session:
        assert session.scalar(text("SELECT count(*) FROM event_case")) == 0
        with pytest.raises(NotFound):
            case_now(session, case.id)
        with pytest.raises(NotFound):
            case_by_ticket(session, "AAAAAAAAAA")
        assert case_by_ticket(session, case.ticket) == case
        assert session.scalar(text("SELECT count(*) FROM event_case")) == 1
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(text("SELECT contact FROM event"))
        with pytest.raises(NotAllowed):
            take_step(session, case.id, "file", By("x", ("dispatcher",)))
        done = take_step(session, case.id, "withdraw", PUBLIC, details=Details(reason="已解决"))
        assert done.state == "withdrawn"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event_case SET state = 'closed'",
        "DELETE FROM case_step",
        "INSERT INTO flow_step SELECT flow_id, step, 'x', to_state, means, who, needs, false FROM flow_step",
        "UPDATE case_step SET actor = 'x'",
        "DELETE FROM photo",
    ],
)
def test_the_web_changes_nothing_past_the_log(town: Town, statement: str):
    case = town.report("worker", By("worker.a", ("grid_worker",)))
    with acting(town.web, town.people["dispatcher"]) as session:
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(text(statement))
        assert case_now(session, case.id) == case
