"""The emergency switch on its page: who may, what it holds, and the ring of houses."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.cases.emergencies import ring
from gisgrid.cases.flow import keep_own_flows
from gisgrid.db.store import transaction
from gisgrid.db.tables import Township
from tests.support.accounts import acting, appointed
from tests.support.case_town import PUBLIC, Peopled, Town, peopled
from tests.support.factories import create_house, create_member
from tests.support.sketch import spot
from tests.support.web import app_over

PAGE = "/dispatch/emergency?lang=en"


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Peopled]:
    return peopled


@pytest.fixture
def town(engine: Engine, made: Peopled) -> Town:
    town = Town(engine, made)
    with transaction(engine) as session:
        keep_own_flows(session)
        session.execute(text("UPDATE matter SET time_limit = 4, limit_unit = 'working_hours'"))
    return town


def sent(client: FlaskClient, path: str = PAGE, **form: str) -> int:
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(PAGE).text)
    assert token
    return client.post(path, data={"csrf_token": token[1], **form}).status_code


def test_an_area_is_switched_by_who_may_and_limits_stand_still_meanwhile(
    town: Town, engine: Engine
):
    case = town.report(None, PUBLIC)
    client = app_over(engine, account=town.people["dispatcher"]).test_client()
    area = re.search(r'<option value="(\d+)"', client.get(PAGE).text)
    assert area
    assert sent(client, area=area[1], reason=" ") == 422
    assert sent(client, area="999999", reason="暴雨") == 403
    assert sent(client, area=area[1], reason="暴雨", holds="on") == 303
    assert sent(client, area=area[1], reason="暴雨") == 409
    page = client.get(PAGE).text
    assert "暴雨" in page
    paused = "SELECT bool_or(paused_by <> '{}') FROM case_clock WHERE stopped_at IS NULL"
    with transaction(engine) as session:
        assert session.scalar(text(paused))
    # New reports follow the other flow.
    assert town.report(None, PUBLIC).flow_id != case.flow_id
    off = re.search(r'action="(/dispatch/emergency/\d+/off)"', page)
    assert off and sent(client, off[1]) == 303
    with transaction(engine) as session:
        assert not session.scalar(text(paused))
        assert session.scalar(text("SELECT ended_by FROM emergency")) == "dispatcher.shi"
    worker = app_over(engine, account=town.people["worker"]).test_client()
    assert worker.get(PAGE).status_code == 403


def test_the_store_lets_nobody_switch_under_another_name_or_elsewhere(town: Town, engine: Engine):
    insert = text(
        "INSERT INTO emergency (township_id, area_id, reason, started_at, started_by, holds_ordinary) "
        "VALUES (:t, :t, '暴雨', now(), :by, false)"
    )
    for who, by in (("dispatcher", "worker.a"), ("worker", "worker.a")):
        with (
            acting(town.web, town.people[who]) as session,
            pytest.raises(DBAPIError),
            session.begin_nested(),
        ):
            session.execute(insert, {"t": town.place.id, "by": by})


def test_the_ring_shows_the_houses_that_may_be_seen(town: Town, engine: Engine):
    with transaction(engine) as session:
        township = session.get_one(Township, town.place.id)
        for n in range(5):
            create_house(session, township, spot(0.1 + 0.2 * n, 0.5), address=f"虚构路{n}号")
        code = session.scalar(text("SELECT code FROM area WHERE id = :t"), {"t": town.place.id})
        other = appointed(session, "coordinator", code, name="coordinator.shi")
    lon, lat = spot(0.1, 0.5)
    with transaction(engine) as session:
        near = ring(session, town.place.id, lon, lat, 50.0)
        assert 0 < len(near) < 5
    client = app_over(engine, account=other).test_client()
    page = client.get(f"{PAGE}&lon={lon}&lat={lat}&radius=50").text
    assert page.count("虚构路") == len(near) and f"{len(near)} houses" in page
    assert client.get(f"{PAGE}&lon=x&lat=1").status_code == 422
    assert client.get(f"{PAGE}&lon={lon}&lat={lat}&radius=0").status_code == 422
    with acting(town.web, None, read_only=True) as session:
        assert ring(session, town.place.id, lon, lat, 50.0, seen_only=True) == []


def test_english_pages_say_the_english_names_of_communities_and_matters(town: Town, engine: Engine):
    """Today, calls, the switch, figures, burden, completeness, registers and staffing gaps."""
    with transaction(engine) as session:
        session.execute(
            text(
                "UPDATE area SET name = '金雀' || code, name_en = 'Linnet ' || code WHERE level = 'community'"
            )
        )
        create_member(session, session.get_one(Township, town.place.id), "a")
        create_house(session, session.get_one(Township, town.place.id), spot(0.5, 0.5))
        session.execute(
            text(
                "INSERT INTO house_grid (plan_id, house_id, grid_id) SELECT g.plan_id, h.id, g.id "
                "FROM house h JOIN grid g ON g.code = 'a' AND ST_Covers(g.geom, h.geom)"
            )
        )
        session.execute(text("UPDATE matter SET name = '百灵' || code, name_en = 'Lark ' || code"))
        people = [
            appointed(session, role, name=role) for role in ("township_government", "planner")
        ]
    dispatcher = app_over(engine, account=town.people["dispatcher"]).test_client()
    area = re.findall(r'<option value="(\d+)">[^<]*Linnet', dispatcher.get(PAGE).text)
    assert area, "areas to switch"
    town_area = re.search(r'<option value="(\d+)"', dispatcher.get(PAGE).text)
    assert town_area and sent(dispatcher, area=town_area[1], reason="暴雨", holds="on") == 303
    case = town.report(None, PUBLIC)
    days = "&since=2023-01-01&until=2030-01-01"
    shown = {
        "/": "Lark", "/notices": "Lark", PAGE: "Lark", f"/cases/{case.id}": "Linnet", "/open-problems": "",
        f"/figures?unit=community{days}": "Linnet", f"/figures?unit=matter{days}": "Lark",
        f"/figures/burden?x=1{days}": "Linnet", "/figures/register?unit=community": "Linnet",
        "/completeness": "Linnet", "/register": "Linnet", "/shortage": "Linnet",
    }  # fmt: skip
    clients = [app_over(engine, account=number).test_client() for number in people]
    for path, word in shown.items():
        asked = path if "lang=en" in path else f"{path}{'&' if '?' in path else '?'}lang=en"
        pages = [
            page
            for client in (*clients, dispatcher)
            if (page := client.get(asked)).status_code == 200
        ]
        assert pages, path
        assert any(word in page.text for page in pages), f"{path} says no {word}"
        for page in pages:
            said = re.sub(r"<script.*?</script>", "", page.text, flags=re.DOTALL)
            assert re.findall(r".{0,60}(?:金雀|百灵).{0,20}", said) == [], path
