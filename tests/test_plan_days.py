"""A plan is in force on its days: what waits answers nobody, midnight needs no event, until is the last day."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid import tables as t
from gisgrid.access.accounts import add_account
from gisgrid.access.appointments import appoint, end_appointment
from gisgrid.db.store import transaction
from gisgrid.errors import Conflict, Invalid, NotFound, StalePlan
from gisgrid.events.calendars import read_calendar
from gisgrid.events.cases import RESIDENT
from gisgrid.events.clocks import keep_calendar
from gisgrid.events.demands import demand
from gisgrid.events.intake import Report, move, report, take_in
from gisgrid.events.refusals import NotOnTheList
from gisgrid.events.upkeep import complete_plans, plans_turned
from gisgrid.plans import plans, review, scenarios
from gisgrid.plans.attach import attach, attach_dated
from gisgrid.plans.plans import PUBLISHED_CHANNEL, newest_plan, plan_by_id, plan_in_force, publish
from tests.accounts import acting, appointed, web_engine
from tests.days import Days
from tests.factories import (
    create_event,
    create_grid,
    create_house,
    create_household,
    create_matter,
    create_member,
    create_plan,
    create_resident,
    create_township,
)
from tests.lookups import ask, eventually, snapshots_of
from tests.sketch import sketch, spot
from tests.test_bench_web import client_of
from tests.test_cli import gisgrid
from tests.town_files import DATA
from tests.web import app_over

SHANGHAI = ZoneInfo("Asia/Shanghai")
INSIDE = spot(0.5, 0.5)


@dataclass(frozen=True)
class Town:
    engine: Engine
    place: plans.Place
    old: int
    new: int
    """A draft in which other grids lie on the same ground."""
    matter: str


def draft_of(
    session: Session, township: t.Township, name: str, codes: str, base: int | None
) -> int:
    """A draft whose two grids bear the codes of a drawing."""
    plan = create_plan(
        session, township, None, name=name, state="draft", validity=None, based_on_id=base
    )
    for code, ground in sketch(codes).items():
        create_grid(session, plan, ground, code=code, name=f"{name}·{code}")
    return plan.id


def build(session: Session, **values: object) -> tuple[t.Township, int, int, str]:
    township = create_township(session, "a b", **values)
    old = create_plan(session, township, "a b", name="旧方案")
    house = create_house(session, township, INSIDE, address="虚构路1号")
    create_resident(session, create_household(session, house))
    matter = create_matter(session, township)
    create_event(session, township, INSIDE, matter)
    create_member(session, township, "a", "leader", name="测旧长")
    create_member(session, township, "c", "leader", name="测新长")
    attach(session, old.id, "house")
    attach(session, old.id, "event")
    return township, old.id, draft_of(session, township, "新方案", "c d", old.id), matter.code


@pytest.fixture
def days(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Days:
    return Days(engine, monkeypatch)


@pytest.fixture
def town(engine: Engine) -> Town:
    with transaction(engine) as session:
        _, old, new, matter = build(session)
        place = plans.township(session)
    return Town(engine, place, old, new, matter)


@pytest.fixture
def client(town: Town) -> Iterator[FlaskClient]:
    app = app_over(town.engine)
    try:
        yield app.test_client()
    finally:
        snapshots_of(app).close()


def published(town: Town, first_day: date) -> None:
    with transaction(town.engine) as session:
        publish(session, town.new, first_day)


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
    assert f"/layers/grids/{town.old}-" in client.get("/").text
    for account, grid in ((clerk, {"a", "b"}), (leader, set())):
        with acting(web_engine(town.engine), account) as session:
            seen = session.scalars(
                text("SELECT code FROM grid WHERE id = ANY (my_grids('see_events'))")
            )
            assert set(seen) == grid, "whose grid it will be sees nothing before its day"
    said = gisgrid(town.engine, "locate", str(lon), str(lat)).output
    assert "旧方案·" not in said and "网格a" in said
    assert f"waits, in force from {tomorrow}" in gisgrid(town.engine, "plan", "list").output


def community_code(session: Session) -> str:
    return str(session.scalar(text("SELECT code FROM area WHERE level = 'community'")))


def test_a_page_says_from_when_a_plan_is_in_force_and_until_is_the_last_day(
    town: Town, client: FlaskClient
):
    today = datetime.now(SHANGHAI).date()
    tomorrow = today + timedelta(days=1)
    published(town, tomorrow)
    page = client.get(f"/?plan={town.new}&lang=zh").text
    assert f"自 {tomorrow} 起生效" in page and "尚未生效" in page
    page = client.get("/?lang=zh").text
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
    published(town, days.today(SHANGHAI) + timedelta(days=3))
    held = snapshots_of(client.application)
    assert eventually(lambda: held._listener.listening and held.later(town.place.id) is not None)
    heard = held._news
    for _ in range(2):
        days.go(1)
        assert ask(client, lon=lon, lat=lat)["plan"]["id"] == town.old
    days.go(1)
    now = ask(client, lon=lon, lat=lat)
    assert (now["plan"]["id"], now["plan"]["in_force"]) == (town.new, "now")
    assert (now["grid"]["code"], now["leader"]) == ("c", "测新长")
    assert held._news == heard, "by the day alone"
    assert f"/layers/grids/{town.new}-" in client.get("/").text
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
    try:
        client = app.test_client()
        lon, lat = INSIDE
        answer = client.get("/api/v1/locate", query_string={"lon": lon, "lat": lat, "lang": "en"})
        assert answer.status_code == 404 and f"there is one from {day} on" in answer.json["detail"]
        assert eventually(lambda: snapshots_of(app)._listener.listening)
        assert client.get("/api/v1/summary").status_code == 404
        days.go(1)
        assert ask(client, lon=lon, lat=lat)["plan"]["id"] == plan
    finally:
        snapshots_of(app).close()


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
    try:
        client = app.test_client()
        lon, lat = INSIDE
        for code, number in names.items():
            wanted = west_old if number == west_id else east_new
            assert ask(client, lon=lon, lat=lat, township=code)["plan"]["id"] == wanted
    finally:
        snapshots_of(app).close()
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


def test_a_day_before_that_of_a_waiting_plan_is_refused_in_words(town: Town):
    first = datetime.now(SHANGHAI).date() + timedelta(days=30)
    published(town, first)
    with transaction(town.engine) as session:
        township = session.get(t.Township, town.place.id)
        assert township is not None
        third = draft_of(session, township, "第三", "e f", town.new)
        with pytest.raises(Conflict, match="withdraw it first") as refused:
            publish(session, third, first - timedelta(days=1))
        assert "请先撤回" in refused.value.zh
        with pytest.raises(StalePlan, match="published now"):
            publish(session, draft_of(session, township, "旧稿", "g h", town.old), first)
        publish(session, third, first + timedelta(days=1))
        assert [p.last_day for p in plans.plans(session, town.place.id) if p.in_force] == [
            first - timedelta(days=1), first, None,
        ]  # fmt: skip
        with pytest.raises(Conflict, match="is to follow"):
            plans.withdraw(session, town.new, "draft")


def test_a_withdrawn_plan_stands_where_it_stood_and_the_one_before_goes_on(town: Town):
    first = datetime.now(SHANGHAI).date() + timedelta(days=1)
    with transaction(town.engine) as session:
        plan = plan_by_id(session, town.new)
        review.publish(session, town.place, plan, first, who="甲", unreviewed=True)
        assert session.scalar(text("SELECT count(*) FROM grid_successor")) > 0
        after = scenarios.branch(session, plan_by_id(session, town.new), name="再下一个", who="甲")
        assert after.based_on_id == town.new
    with transaction(town.engine) as session:
        with pytest.raises(Invalid, match="reason"):
            review.withdraw(session, town.place, plan, who="乙", reason="  ")
        back = review.withdraw(session, town.place, plan, who="乙", reason="界线有误")
        assert (back.state, back.in_force, back.valid_from) == ("draft", None, None)
        assert [(s.from_state, s.to_state, s.who, s.reason) for s in review.steps(session, plan.id)] == [
            ("draft", "published", "甲", "unreviewed"),
            ("published", "draft", "乙", "界线有误"),
        ]  # fmt: skip
        assert plan_by_id(session, town.old).valid_to is None
        assert session.scalar(text("SELECT count(*) FROM grid_successor")) == 0
        assert scenarios.scenario(session, after.id).stale, "drawn from a plan that is not to come"
        with pytest.raises(Conflict, match="does not wait"):
            review.withdraw(session, town.place, back, who="乙", reason="again")
        with pytest.raises(Conflict, match="does not wait"):
            plans.withdraw(session, town.old, "draft")
        # Published for another day, nothing is left of the first one.
        review.publish(
            session, town.place, back, first + timedelta(days=9), who="甲", unreviewed=True
        )
        assert plan_by_id(session, town.old).last_day == first + timedelta(days=8)


def test_it_is_withdrawn_on_the_page_and_in_the_terminal_by_whoever_plans(town: Town):
    tomorrow = datetime.now(SHANGHAI).date() + timedelta(days=1)
    with transaction(town.engine) as session:
        county = session.scalar(text("SELECT code FROM area WHERE level = 'county'"))
    published(town, tomorrow)
    path = f"/plan/{town.new}/withdraw"
    stranger = client_of(town.engine, "county_reviewer", county)
    assert stranger.post(path, json={"reason": "x"}).status_code == 403
    client = client_of(town.engine, "planner", town.place.code)
    view = client.get(f"/plan/{town.new}/view.json?lang=en").json
    assert (view["standing"], view["standing_key"]) == (f"In force from {tomorrow}", "later")
    assert client.post(path, json={}).status_code == 422
    view = client.post(path, json={"reason": "日期有误"}).json
    assert (view["state"], view["steps"][-1]["reason"]) == ("draft", "日期有误")
    published(town, tomorrow)
    tried = gisgrid(town.engine, "plan", "withdraw", "新方案", "--reason", "试")
    assert "published → draft" in tried.output and "dry run" in tried.output
    done = gisgrid(town.engine, "plan", "withdraw", "新方案", "--reason", "试", "--commit")
    assert done.exit_code == 0
    with transaction(town.engine) as session:
        assert plan_by_id(session, town.new).in_force is None
        assert newest_plan(session, town.place.id).id == town.old  # type: ignore[union-attr]


def test_what_comes_in_is_attached_to_every_dated_plan(town: Town):
    long_ago = datetime(2021, 5, 1, tzinfo=UTC)
    with transaction(town.engine) as session:
        township = session.get(t.Township, town.place.id)
        assert township is not None
        publish(session, town.new, date(2024, 1, 1))
        third = draft_of(session, township, "第三", "e f", town.new)
        publish(session, third, datetime.now(SHANGHAI).date() + timedelta(days=9))
        landed = report(session, town.place.id, code="R1", matter=town.matter,
                        reported_at=datetime.now(UTC), place=INSIDE)  # fmt: skip
        assert (landed.grid_code, landed.reported_grid_code) == ("c", "c")
        assert grids_of(session, "event", landed.event_id) == ["a", "c", "e"]
        # Reported late: the day's own plan says whose it was, before the first the one of today.
        for at, code in ((datetime(2023, 6, 1, tzinfo=UTC), "a"), (long_ago, "c")):
            old = report(session, town.place.id, code=f"R{at:%Y}", matter=town.matter,
                         reported_at=at, place=INSIDE)  # fmt: skip
            assert (old.grid_code, old.reported_grid_code) == ("c", code)
        moved = move(session, landed.event_id, spot(1.5, 0.5))
        assert (moved.grid_code, moved.reported_grid_code) == ("d", "c")
        assert grids_of(session, "event", landed.event_id) == ["b", "d", "f"]
        house = create_house(session, township, spot(1.5, 0.5))
        attach_dated(session, township.area_id, "house", [house.id])
        assert grids_of(session, "house", house.id) == ["b", "d", "f"]


def test_an_old_plans_page_counts_what_was_reported_later(town: Town):
    with transaction(town.engine) as session:
        publish(session, town.new, date(2024, 1, 1))
        report(session, town.place.id, code="R1", matter=town.matter,
               reported_at=datetime.now(UTC), place=INSIDE)  # fmt: skip
        counted = {
            (plan, row.code): row.events
            for plan in (town.old, town.new)
            for row in session.execute(
                text(
                    "SELECT g.code, n.events FROM count_plan(:p) n JOIN grid g ON g.id = n.grid_id"
                ),
                {"p": plan},
            )
        }
    assert counted == {
        (town.old, "a"): 2,
        (town.old, "b"): 0,
        (town.new, "c"): 2,
        (town.new, "d"): 0,
    }


def test_a_store_that_is_older_is_completed_by_the_worker(town: Town):
    with transaction(town.engine) as session:
        publish(session, town.new, date(2024, 1, 1))
        report(session, town.place.id, code="R1", matter=town.matter,
               reported_at=datetime.now(UTC), place=INSIDE)  # fmt: skip
        session.execute(text("DELETE FROM event_grid WHERE plan_id = :p"), {"p": town.old})
    assert complete_plans(town.engine) == {"event": 1}
    assert complete_plans(town.engine) == {}
    with transaction(town.engine) as session:
        n = session.scalar(
            text("SELECT count(grid_id) FROM event_grid WHERE plan_id = :p"), {"p": town.old}
        )
    assert n == 2


def grids_of(session: Session, kind: str, number: int) -> list[str]:
    """Codes of the grids of a house or event under each dated plan, by day."""
    return list(
        session.scalars(
            text(
                f"SELECT g.code FROM {kind}_grid a JOIN grid g ON g.id = a.grid_id "
                f"JOIN plan p ON p.id = a.plan_id WHERE a.{kind}_id = :id AND p.validity IS NOT NULL "
                "ORDER BY lower(p.validity)"
            ),
            {"id": number},
        )
    )


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
    try:
        answer = app.test_client().get("/dispatch/stream", buffered=False)
        pieces = answer.response
        first = next(iter(pieces))
        assert b"hello" in first
        streams = app.extensions["gisgrid.streams"]
        assert eventually(lambda: streams._listener.listening)

        def read() -> None:
            for _ in pieces:
                pass
            ended.set()

        threading.Thread(target=read, daemon=True).start()
        published(town, datetime.now(SHANGHAI).date())
        assert ended.wait(20)
    finally:
        snapshots_of(app).close()


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


def test_the_next_plan_is_drawn_from_the_newest_though_it_waits(town: Town):
    published(town, datetime.now(SHANGHAI).date() + timedelta(days=1))
    with transaction(town.engine) as session:
        with pytest.raises(Conflict, match="followed by '新方案'"):
            scenarios.branch(session, plan_by_id(session, town.old), name="旧", who="甲")
        made = scenarios.branch(session, plan_by_id(session, town.new), name="下一个", who="甲")
        assert (made.based_on_id, scenarios.scenario(session, made.id).stale) == (town.new, False)
        assert newest_plan(session, town.place.id).id == town.new  # type: ignore[union-attr]


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
    assert str(why).startswith(f"{today} ")
    keep_calendar(session, place.id, read_calendar(DATA / "calendar/calendar.csv"))
    got = take_in(session, place, Report(matter, INSIDE), RESIDENT)
    assert got.landed.code.startswith(f"R{today:%Y%m%d}-")
