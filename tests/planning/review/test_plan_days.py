"""A plan is in force on its days: what waits answers nobody, midnight needs no event, until is the last day."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.cases.calendars import read_calendar
from gisgrid.cases.cases import RESIDENT
from gisgrid.cases.clocks import keep_calendar
from gisgrid.cases.intake import Report, report, take_in
from gisgrid.cases.refusals import NotOnTheList
from gisgrid.cases.refused_requests import demand
from gisgrid.core import plans
from gisgrid.core.errors import NotFound
from gisgrid.core.messages import unpacked
from gisgrid.core.plans import PUBLISHED_CHANNEL, plan_by_id, plan_in_force
from gisgrid.db import tables as t
from gisgrid.db.store import transaction
from gisgrid.jobs.scheduled import plans_turned
from gisgrid.people.accounts import add_account
from gisgrid.people.appointments import appoint, end_appointment
from gisgrid.planning.review.publish import publish
from tests.support.accounts import acting, appointed, web_engine
from tests.support.days import Days
from tests.support.factories import create_township
from tests.support.lookups import ask, snapshots_of
from tests.support.next_plan import (
    INSIDE,
    SHANGHAI,
    Town,
    build,
    community_code,
    draft_of,
    published,
    town_of,
)
from tests.support.terminal import gisgrid
from tests.support.town_files import DATA
from tests.support.waiting import eventually
from tests.support.web import app_over


@pytest.fixture
def days(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Days:
    return Days(engine, monkeypatch)


@pytest.fixture
def town(engine: Engine) -> Town:
    return town_of(engine)


@pytest.fixture
def client(town: Town) -> FlaskClient:
    return app_over(town.engine).test_client()


def test_a_plan_that_waits_answers_nobody(town: Town, client: FlaskClient):
    tomorrow = datetime.now(SHANGHAI).date() + timedelta(days=1)
    published(town, tomorrow)
    with transaction(town.engine) as session:
        clerk = appointed(session, "community_clerk", community_code(session))
        leader = appointed(session, "grid_leader", town.place.code, grid="c")
        landed = report(
            session, town.place.id, code="R1", matter=town.matter, reported_at=datetime.now(UTC),
            place=INSIDE,
        )  # fmt: skip
    assert (landed.grid_code, landed.reported_grid_code) == ("a", "a")
    lon, lat = INSIDE
    here = ask(client, lon=lon, lat=lat)
    assert (here["plan"]["id"], here["grid"]["code"], here["leader"]) == (town.old, "a", "测旧长")
    api = "/api/v1"
    assert client.get(f"{api}/summary").json["plan"]["id"] == town.old
    assert client.get(f"{api}/grids/a").json["state"] == "in_force"
    assert client.get(f"{api}/grids/c").status_code == 404
    assert client.get(f"{api}/search?q=c").json["hits"] == []
    waits = client.get(f"{api}/grids/c?plan={town.new}").json
    assert (waits["state"], waits["since"]) == ("later", tomorrow.isoformat())
    assert waits["residents"] is None, "the public is told counts of the plan of today only"
    assert f"/layers/grids/{town.old}-" in client.get("/map").text
    for account, grid in ((clerk, {"a", "b"}), (leader, set())):
        with acting(web_engine(town.engine), account) as session:
            seen = session.scalars(
                text("SELECT code FROM grid WHERE id = ANY (my_grids('see_events'))")
            )
            assert set(seen) == grid, "whose grid it will be sees nothing before its day"
    said = gisgrid(town.engine, "locate", str(lon), str(lat)).output
    assert "旧方案·" not in said and "网格a" in said
    assert f"waits, in force from {tomorrow}" in gisgrid(town.engine, "plan", "list").output


def test_a_page_says_from_when_a_plan_is_in_force_and_until_is_the_last_day(
    town: Town, client: FlaskClient
):
    today = datetime.now(SHANGHAI).date()
    tomorrow = today + timedelta(days=1)
    published(town, tomorrow)
    page = client.get(f"/map?plan={town.new}&lang=zh").text
    assert f"自 {tomorrow} 起生效" in page and "尚未生效" in page
    page = client.get("/map?lang=zh").text
    assert f"2022-01-01 起，至 {today} 止" in page and "这不是现行方案" not in page
    every = {p["id"]: p for p in client.get("/api/v1/plans").json["plans"]}
    old, new = every[town.old], every[town.new]
    assert (old["in_force"], old["last_day"], old["valid_to"]) == ("now", f"{today}", f"{tomorrow}")
    assert (new["in_force"], new["last_day"], new["state"]) == ("later", None, "published")
    line = next(
        line
        for line in gisgrid(town.engine, "plan", "list").output.splitlines()
        if "旧方案" in line
    )
    assert str(today) in line and str(tomorrow) not in line


def test_at_midnight_of_the_township_another_plan_answers_and_nobody_has_to_say_so(
    town: Town, client: FlaskClient, days: Days
):
    lon, lat = INSIDE
    assert ask(client, lon=lon, lat=lat)["plan"]["id"] == town.old
    held = snapshots_of(client.application)
    assert eventually(lambda: held._listener.listening)
    before = held._news
    published(town, days.today(SHANGHAI) + timedelta(days=3))
    assert eventually(lambda: held._news > before and held.later(town.place.id) is not None)
    heard = held._news
    for _ in range(2):
        days.go(1)
        assert ask(client, lon=lon, lat=lat)["plan"]["id"] == town.old
    days.go(1)
    now = ask(client, lon=lon, lat=lat)
    assert (now["plan"]["id"], now["plan"]["in_force"]) == (town.new, "now")
    assert (now["grid"]["code"], now["leader"]) == ("c", "测新长")
    assert held._news == heard, "by the day alone"
    assert f"/layers/grids/{town.new}-" in client.get("/map").text
    assert client.get("/api/v1/grids/a").json["state"] in ("retired",)
    with transaction(town.engine) as session:
        clerk = appointed(session, "community_clerk", community_code(session))
        assert plan_by_id(session, town.old).in_force == "past"
    with acting(web_engine(town.engine), clerk) as session:
        mine = session.scalars(
            text("SELECT code FROM grid WHERE id = ANY (my_grids('see_events'))")
        )
        assert set(mine) == {"c", "d"}
        assert session.scalar(text("SELECT count(id) FROM resident")) == 1


def test_a_first_plan_that_waits_is_told_with_its_day_and_comes_by_itself(
    engine: Engine, days: Days
):
    with transaction(engine) as session:
        township = create_township(session, "a b")
        plan = draft_of(session, township, "首个", "a b", None)
        day = days.today(SHANGHAI) + timedelta(days=1)
        publish(session, plan, day)
    app = app_over(engine)
    client = app.test_client()
    lon, lat = INSIDE
    answer = client.get("/api/v1/locate", query_string={"lon": lon, "lat": lat, "lang": "en"})
    assert answer.status_code == 404 and f"there is one from {day} on" in answer.json["detail"]
    assert eventually(lambda: snapshots_of(app)._listener.listening)
    assert client.get("/api/v1/summary").status_code == 404
    days.go(1)
    assert ask(client, lon=lon, lat=lat)["plan"]["id"] == plan


@pytest.mark.thorough
def test_each_township_has_its_own_midnight(engine: Engine):
    """The two zones are 25 hours apart, so that they never have the same day."""
    with transaction(engine) as session:
        west, west_old, west_new, _ = build(session, time_zone="Pacific/Pago_Pago")
        east, east_old, east_new, _ = build(session, time_zone="Pacific/Kiritimati")
        day = datetime.now(ZoneInfo("Pacific/Kiritimati")).date()
        west_id, east_id = west.area_id, east.area_id
        publish(session, west_new, day)
        publish(session, east_new, day)
        assert plan_in_force(session, west_id).id == west_old
        assert plan_in_force(session, east_id).id == east_new
        assert plans.ids_in_force(session) == [west_old, east_new]
        names = {each.code: each.id for each in plans.townships(session)}
    app = app_over(engine)
    client = app.test_client()
    lon, lat = INSIDE
    for code, number in names.items():
        wanted = west_old if number == west_id else east_new
        assert ask(client, lon=lon, lat=lat, township=code)["plan"]["id"] == wanted
    assert west_old != east_old


def test_the_form_offers_the_townships_tomorrow(engine: Engine):
    """Where one of the two zones has the server's or UTC's tomorrow, the other has not."""
    offered = {}
    for zone in ("Pacific/Pago_Pago", "Pacific/Kiritimati"):
        with transaction(engine) as session:
            township, _, draft, _ = build(session, time_zone=zone)
            code = session.get(t.Area, township.area_id).code  # type: ignore[union-attr]
            planner = appointed(session, "planner", code, name=f"planner-{zone[-4:]}")
        app = app_over(engine, account=planner)
        view = app.test_client().get(f"/plan/{draft}/view.json").json
        offered[zone] = view["first_day"]
        wanted = datetime.now(ZoneInfo(zone)).date() + timedelta(days=1)
        assert view["first_day"] == wanted.isoformat()
    assert len(set(offered.values())) == 2


def test_the_worker_tells_open_pages_once_when_a_day_has_come(town: Town, days: Days):
    published(town, days.today(SHANGHAI) + timedelta(days=1))
    known = plans_turned(town.engine, {})
    assert known == {town.place.id: town.old}
    url = town.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    told: list[str] = []
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"LISTEN {PUBLISHED_CHANNEL}")
        known = plans_turned(town.engine, known)
        days.go(1)
        known = plans_turned(town.engine, known)
        assert known == {town.place.id: town.new}
        plans_turned(town.engine, known)
        told += [note.payload for note in connection.notifies(timeout=2, stop_after=1)]
        told += [note.payload for note in connection.notifies(timeout=0.2)]
    assert told == [str(town.place.id)]


def test_open_streams_end_when_other_plans_are_told_so_that_rights_are_read_anew(town: Town):
    with transaction(town.engine) as session:
        account = appointed(session, "township_government", town.place.code)
    app = app_over(town.engine, account=account)
    app.config["STREAM_LIFE_S"] = 60.0
    ended = threading.Event()
    answer = app.test_client().get("/dispatch/stream", buffered=False)
    pieces = iter(answer.response)
    # The listener may have begun already, and have told to read anew.
    assert any(b"hello" in piece for piece in itertools.islice(pieces, 2))
    streams = app.extensions["gisgrid.streams"]
    assert eventually(lambda: streams._listener.listening)

    def read() -> None:
        for _ in pieces:
            pass
        ended.set()

    threading.Thread(target=read, daemon=True).start()
    published(town, datetime.now(SHANGHAI).date())
    assert ended.wait(20)


def test_a_board_names_the_plan_its_grids_are_of(town: Town, days: Days):
    with transaction(town.engine) as session:
        account = appointed(session, "dispatcher", town.place.code)
    client = app_over(town.engine, account=account).test_client()
    published(town, days.today(SHANGHAI) + timedelta(days=1))
    assert client.get("/api/v1/cases").json["plan"] == town.old
    days.go(1)
    assert client.get("/api/v1/cases").json["plan"] == town.new


def test_the_fingerprint_of_tiles_changes_with_the_day(town: Town, days: Days):
    def of(plan: int) -> str:
        with transaction(town.engine) as session:
            return str(session.scalar(text("SELECT data_version(:p)"), {"p": plan}))

    published(town, days.today(SHANGHAI) + timedelta(days=1))
    before = of(town.old), of(town.new)
    assert before == (of(town.old), of(town.new))
    days.go(1)
    assert of(town.old) != before[0] and of(town.new) != before[1]


def test_no_plan_in_force_is_told_with_the_first_day(session: Session):
    township = create_township(session, "a b")
    with pytest.raises(NotFound, match="No plan has been published"):
        plan_in_force(session, township.area_id)
    day = datetime.now(SHANGHAI).date() + timedelta(days=2)
    publish(session, draft_of(session, township, "首个", "a b", None), day)
    with pytest.raises(NotFound, match=f"from {day} on") as none:
        plan_in_force(session, township.area_id)
    assert none.value.facts["from"] == str(day)
    assert plan_in_force(session, township.area_id, day).in_force == "later"


@pytest.mark.parametrize("zone", ["Pacific/Pago_Pago", "Pacific/Kiritimati"])
def test_a_day_that_nobody_names_is_the_townships(session: Session, zone: str):
    """One of the two zones has another day than the server and UTC."""
    township, _, _, matter = build(session, time_zone=zone)
    code = session.scalar(text("SELECT code FROM area WHERE id = :t"), {"t": township.area_id})
    today = datetime.now(ZoneInfo(zone)).date()
    account = add_account(session, "wang", "测试")
    made = appoint(session, account.name, "planner", area=code)
    assert made.since == today
    assert end_appointment(session, made.id) is None, "it never held"
    place = plans.township(session, code)
    with pytest.raises(NotOnTheList, match=f"of {today} has no minor item"):
        take_in(session, place, Report("none", INSIDE), RESIDENT)
    assert not demand(session, place.id, "none", asked_by="x", at=datetime.now(UTC)).admitted
    why = session.scalar(text("SELECT why FROM refused_demand"))
    assert unpacked(str(why)).en.startswith(f"The list of {today} has")
    keep_calendar(session, place.id, read_calendar(DATA / "calendar/calendar.csv"))
    got = take_in(session, place, Report(matter, INSIDE), RESIDENT)
    assert got.landed.code.startswith(f"R{today:%Y%m%d}-")
