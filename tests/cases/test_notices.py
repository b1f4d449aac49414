"""Calls and reminders reach whoever they are for, on their page, until one of them takes note."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.cases import board
from gisgrid.cases.cases import CaseActor, Details, Owner, case_by_ticket, case_now, take_step
from gisgrid.cases.flow import current_flow, keep_own_flows
from gisgrid.cases.intake import move_pin
from gisgrid.cases.notices import take_note, waiting
from gisgrid.cases.open_problems import add_problem, problems
from gisgrid.cli import main
from gisgrid.core.errors import Conflict
from gisgrid.db.store import transaction
from gisgrid.jobs.scheduled import keep_up
from tests.support.accounts import acting, appointed
from tests.support.case_town import PUBLIC, WHEN, Peopled, Town, peopled
from tests.support.cases import at
from tests.support.sketch import spot
from tests.support.web import app_over

PAGE = "/notices?lang=en"


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Peopled]:
    return peopled


@pytest.fixture
def town(engine: Engine, made: Peopled) -> Town:
    town = Town(engine, made)
    with transaction(engine) as session:
        keep_own_flows(session)
        own = session.scalars(text("SELECT code FROM area WHERE level = 'community'")).one()
        session.execute(
            text(
                "INSERT INTO area (parent_id, level, code, name) SELECT parent_id, level, "
                "'999900000001', '虚构社区' FROM area WHERE level = 'community'"
            )
        )
        town.community = own
        for name, code in (("clerk", own), ("stranger", "999900000001")):
            town.people[name] = appointed(session, "community_clerk", code, name=name)
        town.people["cadre"] = appointed(session, "section_cadre", own, name="cadre")
        add_problem(
            session, town.place.id, code="L1", title="管网老化", supervisor="督办甲",
            opened_on=date(2023, 1, 1), review_on=date(2023, 8, 1),
        )  # fmt: skip
    return town


def enter(engine: Engine, town: Town, who: str) -> FlaskClient:
    return app_over(engine, account=town.people[who]).test_client()


def note(client: FlaskClient, number: int) -> str:
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(PAGE).text)
    assert token
    answer = client.post(f"/notices/{number}", data={"csrf_token": token[1]}, follow_redirects=True)
    return str(answer.text)


def waits(client: FlaskClient) -> list[int]:
    """Numbers of the notices that the page offers to note."""
    return [int(n) for n in re.findall(r'action="/notices/(\d+)"', client.get(PAGE).text)]


@pytest.mark.thorough
def test_each_level_takes_note_of_a_call_for_itself(town: Town, engine: Engine):
    case = town.report(None, PUBLIC, emergency=True)
    keep_up(engine, at("2023-08-02 09:00"))
    with transaction(engine) as session:
        rows = session.execute(text("SELECT level, id FROM notice WHERE kind = 'call'")).all()
        calls: dict[str, int] = dict(rows)
        review = session.scalar(text("SELECT id FROM notice WHERE kind = 'review'"))
        town.people["county"] = appointed(session, "dispatcher", county_of(session), name="county")
    assert sorted(calls) == ["community", "section", "township"] and review
    at_level = {"community": "clerk", "section": "cadre", "township": "dispatcher"}
    enters = {who: enter(engine, town, who) for who in (*at_level.values(), "county")}
    assert waits(enters["dispatcher"]) == [review, calls["township"]]
    today = enters["dispatcher"].get("/").text
    assert re.search(r'data-card="calls".*?class="card-number">2<', today, re.DOTALL)
    for who in ("worker", "stranger"):
        assert "No call and no reminder waits for you." in enter(engine, town, who).get(PAGE).text
    # From above: the township notes, and what is below it waits as before.
    noted: set[str] = set()
    for level in ("township", "section", "community"):
        client = enters[at_level[level]]
        for other in calls.keys() - {level}:
            assert "Nothing of this number" in note(client, calls[other])
        assert calls[level] in waits(client)
        assert "Noted." in note(client, calls[level])
        noted.add(level)
        assert "Nothing of this number" in note(client, calls[level])
        for each, who in at_level.items():
            assert (calls[each] in waits(enters[who])) == (each not in noted)
        # Every page on which one looks from above tells who has and who has not.
        by = at_level | {"township": "dispatcher.shi"}
        words = {name: by[name] if name in noted else "not noted yet" for name in at_level}
        for who in ("dispatcher", "county"):
            assert told(enters[who], f"/cases/{case.id}") == words
            assert told(enters[who], "/dispatch/emergency") == words
            below = {name for name in at_level if name not in noted}
            if who == "dispatcher":
                below -= {"township"}
            assert told(enters[who], "/notices") == dict.fromkeys(below, "not noted yet")
    with transaction(engine) as session:
        noted_by = session.execute(
            text("SELECT level, seen_by FROM notice WHERE kind = 'call' ORDER BY level")
        ).all()
    assert noted_by == [
        ("community", "clerk"),
        ("section", "cadre"),
        ("township", "dispatcher.shi"),
    ]


@pytest.mark.thorough
def test_the_section_sees_that_its_community_has_not_taken_note(town: Town, engine: Engine):
    town.report(None, PUBLIC, emergency=True)
    cadre, clerk = enter(engine, town, "cadre"), enter(engine, town, "clerk")
    assert told(cadre, "/notices") == {"community": "not noted yet"}
    assert told(clerk, "/notices") == {}
    assert told(enter(engine, town, "stranger"), "/notices") == {}


def test_what_is_done_with_is_missing_nobodys_note(town: Town, engine: Engine):
    case = town.report(None, PUBLIC, emergency=True)
    dispatcher = enter(engine, town, "dispatcher")
    assert told(dispatcher, "/notices") and told(dispatcher, "/dispatch/emergency")
    with acting(town.web, None) as session:
        case_by_ticket(session, case.ticket)
        take_step(session, case.id, "withdraw", PUBLIC, details=Details(reason="误报"))
    assert not told(dispatcher, "/notices") and not told(dispatcher, "/dispatch/emergency")


def test_a_case_moved_into_another_community_calls_that_one(town: Town, engine: Engine):
    with transaction(engine) as session:
        session.execute(
            text(
                "UPDATE grid SET community_id = (SELECT id FROM area WHERE code = '999900000001') "
                "WHERE code = 'b'"
            )
        )
    case = town.report(None, PUBLIC, emergency=True)
    clerk, stranger = enter(engine, town, "clerk"), enter(engine, town, "stranger")
    assert (len(waits(clerk)), len(waits(stranger))) == (1, 0)
    with acting(town.web, town.people["dispatcher"]) as session:
        shi = CaseActor("dispatcher.shi", ("dispatcher",))
        move_pin(session, case_now(session, case.id), spot(1.5, 0.5), shi)
    assert (len(waits(clerk)), len(waits(stranger))) == (0, 1)
    dispatcher = enter(engine, town, "dispatcher")
    assert told(dispatcher, "/notices") == dict.fromkeys(("community", "section"), "not noted yet")
    assert "虚构社区" in dispatcher.get(f"/cases/{case.id}?lang=en").text


def told(client: FlaskClient, path: str) -> dict[str, str]:
    """Level to who noted, as a page tells it of the one case."""
    page = client.get(f"{path}?lang=en").text
    items = re.findall(r"<li><strong>(\w+)</strong> [^:]*:\s*(.*?)</li>", page, re.S)
    return {
        level.lower(): found[1] if (found := re.match(r"noted by (\S+)", words)) else
        re.sub("<[^>]+>", "", words).split(" called")[0].strip()
        for level, words in items
    }  # fmt: skip


def county_of(session: Session) -> str:
    """Code of the county, made where the town has none."""
    return str(
        session.scalar(
            text(
                "WITH county AS (INSERT INTO area (level, code, name) "
                "VALUES ('county', '999902', '虚构县') RETURNING id, code), "
                "town AS (UPDATE area SET parent_id = (SELECT id FROM county) WHERE level = 'township') "
                "SELECT code FROM county"
            )
        )
    )


def test_who_turns_a_case_into_an_emergency_calls_the_levels_above(town: Town):
    case = town.report(None, PUBLIC)
    with acting(town.web, town.people["dispatcher"]) as session:
        emergency = current_flow(session, town.place.id, "emergency").id
    town.step(
        "dispatcher", case.id, "change_flow", "dispatcher", "dispatcher.shi", reason="暴雨",
        flow_id=emergency,
    )  # fmt: skip
    with acting(town.web, town.people["clerk"]) as session:
        assert [each.case_id for each in waiting(session)] == [case.id]
        # They see the other levels' calls about it, which are not theirs to note.
        with pytest.raises(Conflict):
            for number in session.scalars(text("SELECT id FROM notice ORDER BY id DESC")).all():
                take_note(session, number, by="clerk", at=WHEN)


def test_an_escalated_case_waits_at_the_centre_of_its_level(town: Town, engine: Engine):
    with transaction(engine) as session:
        area = text("SELECT code FROM area WHERE id = :t")
        code = session.scalar(area, {"t": town.place.id})
        town.people["mayor"] = appointed(session, "township_government", code, name="mayor")
    case = town.report(None, PUBLIC)

    def waits() -> list[str]:
        found = []
        for who, account in town.people.items():
            with acting(town.web, account, read_only=True) as session:
                found += [who for row in board.mine(session) if row.case_id == case.id]
        return found

    assert waits() == []
    at_levels = []
    for level in ("community", "section", "township"):
        to = Owner(level=level)
        town.step(
            "dispatcher", case.id, "escalate", "dispatcher", "dispatcher.shi", reason="难", to=to
        )
        at_levels.append(waits())
    assert at_levels == [["clerk"], ["cadre"], ["mayor"]]


def test_nobody_takes_note_under_another_name(town: Town):
    town.report(None, PUBLIC, emergency=True)
    with acting(town.web, town.people["dispatcher"]) as session:
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(text("UPDATE notice SET seen_at = now(), seen_by = 'clerk'"))
        mine = "UPDATE notice SET seen_at = now(), seen_by = 'dispatcher.shi'"
        assert session.execute(text(mine)).rowcount == 1
    with acting(town.web, town.people["worker"]) as session:
        assert session.execute(text("UPDATE notice SET seen_at = now()")).rowcount == 0


def test_the_list_of_problems_is_kept_on_the_terminal(town: Town, engine: Engine):
    url = engine.url.render_as_string(hide_password=False).replace("+psycopg", "")

    def run(*args: str) -> str:
        env = {"DATABASE_URL": url, "LANG": "C"}
        return str(CliRunner().invoke(main, ["case", *args], env=env).output)

    assert "管网老化" in run("problems")
    again = ("review", "L1", "--finding", "仍在", "--next", "2199-01-01")
    assert "again on 2199-01-01" in run(*again) and "2023-08-01" in run("problems")
    run(*again, "--commit")
    assert "2199-01-01" in run("problems")
    assert "L1: solved" in run("review", "L1", "--finding", "已更换", "--commit")
    assert "L1" not in run("problems") and "L1" in run("problems", "--solved")
    assert "no long-term problem 'L2'" in run("review", "L2", "--finding", "x")
    with transaction(engine) as session:
        assert [p.reviews for p in problems(session, town.place.id, solved=True)] == [2]
