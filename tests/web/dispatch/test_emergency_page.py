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
from tests.support.factories import create_house
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
