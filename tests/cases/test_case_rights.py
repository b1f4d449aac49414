"""Cases under the rights: reported, sent and closed by the web's role, each in its own ground."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.cases.cases import CaseActor, Details, case_by_ticket, case_now, take_step
from gisgrid.core.errors import NotAllowed, NotFound
from gisgrid.core.plans import TownshipInfo
from tests.support.accounts import acting
from tests.support.case_town import PUBLIC, Peopled, Town, peopled
from tests.support.cases import TEAM_A


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Peopled]:
    return peopled


@pytest.fixture
def town(engine: Engine, made: Peopled) -> Town:
    return Town(engine, made)


def test_a_case_runs_through_the_web_role_and_each_stays_in_their_post(town: Town):
    assert isinstance(town.place, TownshipInfo)
    case = town.report("worker", CaseActor("worker.a", ("grid_worker",)))
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
            take_step(session, case.id, "file", CaseActor("x", ("dispatcher",)))
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
    case = town.report("worker", CaseActor("worker.a", ("grid_worker",)))
    with acting(town.web, town.people["dispatcher"]) as session:
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(text(statement))
        assert case_now(session, case.id) == case
