"""The list of long-term problems on its page: entered, looked at again, solved; each in their own ground."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.cases.open_problems import add_problem
from gisgrid.db.store import transaction
from gisgrid.jobs.scheduled import keep_up
from tests.support.accounts import acting, appointed
from tests.support.case_town import Peopled, Town, peopled
from tests.support.cases import at
from tests.support.web import app_over


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Peopled]:
    return peopled


@pytest.fixture
def town(engine: Engine, made: Peopled) -> Town:
    town = Town(engine, made)
    with transaction(engine) as session:
        own = session.execute(text("SELECT id, code FROM area WHERE level = 'community'")).one()
        session.execute(
            text(
                "INSERT INTO area (parent_id, level, code, name) SELECT parent_id, level, "
                "'999900000001', '虚构社区' FROM area WHERE level = 'community'"
            )
        )
        for name, code in (("clerk", own.code), ("stranger", "999900000001")):
            town.people[name] = appointed(session, "community_clerk", code, name=name)
        add_problem(
            session, town.place.id, code="L/1", title="管网<老化>", supervisor="督办甲",
            opened_on=date(2023, 1, 1), review_on=date(2023, 8, 1), community_id=own.id,
        )  # fmt: skip
    return town


def enter(engine: Engine, town: Town, who: str) -> FlaskClient:
    return app_over(engine, account=town.people[who]).test_client()


def post(client: FlaskClient, path: str, **form: Any) -> Any:
    page = client.get("/open-problems?lang=en").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    return client.post(path, data={"csrf_token": token, **form}, follow_redirects=True)


@pytest.mark.thorough
def test_a_problem_is_entered_looked_at_and_solved(town: Town, engine: Engine):
    dispatcher, clerk = enter(engine, town, "dispatcher"), enter(engine, town, "clerk")
    page = clerk.get("/open-problems?lang=en").text
    assert "管网&lt;老化&gt;" in page and "督办甲" in page and "due since 2023-08-01" in page
    assert "1 to be looked at" in page
    for wrong in ({"next_on": ""}, {"next_on": "2020-01-01"}, {"next_on": "x"}, {"finding": " "}):
        form = {"finding": "仍在协商", "next_on": "2199-01-01", **wrong}
        answer = post(clerk, "/open-problems/L/1", **form)
        assert answer.status_code == 422 and form["finding"].strip() in answer.text
    keep_up(engine, at("2023-09-01 09:00"))
    assert "管网" in dispatcher.get("/notices").text
    answer = post(clerk, "/open-problems/L/1", finding="仍在协商", next_on="2199-01-01")
    assert answer.status_code == 200 and "2199-01-01" in answer.text and "仍在协商" in answer.text
    assert "to be looked at" not in dispatcher.get("/open-problems?lang=en").text
    # Looked at, it need not be reminded of.
    assert "管网" not in dispatcher.get("/notices").text
    # Two at once: the second is told that it is solved.
    assert "Solved." in post(dispatcher, "/open-problems/L/1", finding="已更换", solved="1").text
    assert post(clerk, "/open-problems/L/1", finding="x", next_on="2199-01-01").status_code == 403
    assert "L/1" not in dispatcher.get("/open-problems").text
    assert "L/1" in dispatcher.get("/open-problems?solved=1").text
    fresh = {"code": "L2", "title": "停车难", "supervisor": "包片干部", "review_on": "2199-02-01"}
    assert "停车难" in post(dispatcher, "/open-problems", **fresh).text
    taken = post(dispatcher, "/open-problems", **fresh)
    assert taken.status_code == 409 and "停车难" in taken.text
    with transaction(engine) as session:
        rows = session.execute(text("SELECT by, finding FROM problem_review ORDER BY id")).all()
    assert rows == [("clerk", "仍在协商"), ("dispatcher.shi", "已更换")]


def reminders(client: FlaskClient) -> tuple[str, str]:
    """The page of notices, and how many of them the own page says wait."""
    page = client.get("/?lang=en").text
    number = re.search(r'data-card="calls".*?class="card-number">(\d+)<', page, re.DOTALL)
    return client.get("/notices?lang=en").text, number[1] if number else "0"


@pytest.mark.parametrize(
    ("supervisor", "who"),
    [
        ("clerk", "clerk"),
        pytest.param("Worker.A", "worker", marks=pytest.mark.thorough),
        ("虚拟督办", "worker"),
        pytest.param("S７", "worker", marks=pytest.mark.thorough),
        pytest.param("包片干部", "cadre", marks=pytest.mark.thorough),
        pytest.param("section cadre", "cadre", marks=pytest.mark.thorough),
        pytest.param("某局、虚拟督办", "worker", marks=pytest.mark.thorough),
        pytest.param("dispatcher.shi", "dispatcher", marks=pytest.mark.thorough),
    ],
)
def test_the_supervisor_is_reminded_of_a_problem_until_somebody_has_looked(
    town: Town, engine: Engine, supervisor: str, who: str
):
    with transaction(engine) as session:
        own = session.scalar(text("SELECT community_id FROM open_problem"))
        code = session.scalar(text("SELECT code FROM area WHERE id = :id"), {"id": own})
        town.people["cadre"] = appointed(session, "section_cadre", code, name="cadre")
        far = appointed(session, "section_cadre", "999900000001", name="far")
        staff = (
            "INSERT INTO staff (township_id, code, name) VALUES (:t, 'S7', '虚拟督办') RETURNING id"
        )
        session.execute(
            text("UPDATE account SET staff_id = :s WHERE id = :k"),
            {"s": session.scalar(text(staff), {"t": town.place.id}), "k": town.people["worker"]},
        )
        session.execute(text("UPDATE open_problem SET supervisor = :s"), {"s": supervisor})
    client, township = enter(engine, town, who), enter(engine, town, "dispatcher")
    # The day before, then the day itself.
    keep_up(engine, at("2023-07-31 23:59"))
    assert reminders(client)[1] == "0"
    assert keep_up(engine, at("2023-08-01 00:01"))["reminded"] == 1
    assert keep_up(engine, at("2023-08-01 00:02"))["reminded"] == 0
    page, number = reminders(client)
    assert number == "1" and "You are the supervisor" in page and "2023-08-01" in page
    # The township notes for itself; the supervisor is reminded all the same, and sees the problem.
    if who != "dispatcher":
        assert reminders(township)[1] == "1"
        assert "Noted." in post(township, noting(reminders(township)[0])).text
    assert reminders(client)[1] == "1"
    assert "L/1" in client.get("/open-problems?lang=en").text
    assert "only the township is reminded" not in client.get("/open-problems/L/1?lang=en").text
    for other in {"clerk", "worker", "cadre", "stranger"} - {who}:
        assert reminders(enter(engine, town, other))[1] == "0"
    assert reminders(app_over(engine, account=far).test_client())[1] == "0"
    # Looked at, the reminder is gone; on the next day of review there is another.
    answer = post(client, "/open-problems/L/1", finding="仍在协商", next_on="2199-01-01")
    assert answer.status_code == 200 and "仍在协商" in answer.text
    assert reminders(client)[1] == reminders(township)[1] == "0"
    keep_up(engine, at("2198-12-31 09:00"))
    assert reminders(client)[1] == "0"
    keep_up(engine, at("2199-01-01 09:00"))
    page, number = reminders(client)
    assert number == "1" and "2199-01-01" in page
    assert "Noted." in post(client, noting(page)).text
    assert reminders(client)[1] == "0"
    assert reminders(township)[1] == ("0" if who == "dispatcher" else "1")


def noting(page: str) -> str:
    (action,) = re.findall(r'action="(/notices/\d+)"', page)
    return str(action)


def test_a_supervisor_who_comes_to_the_post_later_is_reminded_then(town: Town, engine: Engine):
    with transaction(engine) as session:
        session.execute(text("UPDATE open_problem SET supervisor = '包片干部'"))
    assert keep_up(engine, at("2023-08-01 08:00"))["reminded"] == 1
    dispatcher = enter(engine, town, "dispatcher")
    assert "only the township is reminded" in dispatcher.get("/open-problems/L/1?lang=en").text
    with transaction(engine) as session:
        code = session.scalar(text("SELECT code FROM area WHERE name <> '虚构社区' AND level = 'community'"))  # fmt: skip
        town.people["cadre"] = appointed(session, "section_cadre", code, name="cadre")
    assert keep_up(engine, at("2023-08-01 08:01"))["reminded"] == 1
    assert reminders(enter(engine, town, "cadre"))[1] == "1"


def test_another_community_and_a_team_keep_nothing_of_it(town: Town, engine: Engine):
    for who in ("stranger", "worker"):
        client = enter(engine, town, who)
        assert "L/1" not in client.get("/open-problems").text
        assert client.get("/open-problems/L/1").status_code == 404
    with acting(town.web, town.people["stranger"]) as session:
        for statement in (
            "INSERT INTO problem_review (problem_id, reviewed_on, by, finding) "
            "VALUES (1, '2023-09-01', 'stranger', 'x')",
            "INSERT INTO open_problem (township_id, code, title, supervisor, opened_on, review_on) "
            f"VALUES ({town.place.id}, 'X', 'x', 'x', '2023-01-01', '2023-02-01')",
        ):
            with pytest.raises(DBAPIError, match="row-level security"), session.begin_nested():
                session.execute(text(statement))
        update = text("UPDATE open_problem SET review_on = '2030-01-01'")
        assert session.execute(update).rowcount == 0
