"""Whatever is published, withdrawn and waited for: every road gives the same plan for a day."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from gisgrid.cases.intake import report
from gisgrid.core import plans
from gisgrid.core.errors import Conflict, NotFound
from gisgrid.core.plans import newest_plan, plan_in_force
from gisgrid.db.store import transaction
from gisgrid.db.tables import Township
from gisgrid.planning.review.publish import publish, withdraw
from tests.support.accounts import acting, appointed, web_engine
from tests.support.database import own_database
from tests.support.days import Days
from tests.support.factories import create_grid, create_matter, create_plan, create_township
from tests.support.lookups import snapshots_of
from tests.support.sketch import sketch, spot
from tests.support.terminal import gisgrid
from tests.support.web import app_over

ZONE = ZoneInfo("Asia/Shanghai")
LON, LAT = spot(0.5, 0.5)


@dataclass
class World:
    """A store, its doors, and what is to be true of them."""

    engine: Engine
    web: Engine
    """The same as the web process enters it."""
    days: Days
    client: FlaskClient
    board: FlaskClient
    """As a dispatcher."""
    township: int
    clerk: int
    matter: str
    first_day: dict[int, date] = field(default_factory=dict)
    """Of each dated plan."""
    made: int = 0

    def of(self, day: date) -> int | None:
        begun = [plan for plan, first in self.first_day.items() if first <= day]
        return max(begun, key=lambda plan: self.first_day[plan], default=None)

    def newest(self) -> int | None:
        return max(self.first_day, key=lambda plan: self.first_day[plan], default=None)

    @property
    def today(self) -> date:
        return self.days.today(ZONE)


@pytest.fixture(scope="module")
def world(cluster: Any, template: str) -> Iterator[World]:
    with (
        own_database(cluster, template, "plan_roads") as engine,
        pytest.MonkeyPatch.context() as patch,
    ):
        with transaction(engine) as session:
            township = create_township(session, "a b")
            matter = create_matter(session, township).code
            number = township.area_id
            community = session.scalar(text("SELECT code FROM area WHERE level = 'community'"))
            clerk = appointed(session, "community_clerk", community)
            dispatcher = appointed(session, "dispatcher")
        app, board = app_over(engine), app_over(engine, account=dispatcher).test_client()
        # A listener hears a moment after the commit; without one each request asks what is in force.
        patch.setattr(
            snapshots_of(app)._listener, "_listen", snapshots_of(app)._listener._stop.wait
        )
        yield World(
            engine, web_engine(engine), Days(engine, patch), app.test_client(), board, number,
            clerk, matter,
        )  # fmt: skip


def begin(world: World) -> None:
    with transaction(world.engine) as session:
        session.execute(
            text("DELETE FROM event; UPDATE plan SET based_on_id = NULL; DELETE FROM plan")
        )
    world.first_day.clear()
    world.days.passed = 0
    world.days.go(0)


def draw(world: World) -> int:
    """A draft on the newest plan; the names of its grids say which plan they are of."""
    with transaction(world.engine) as session:
        township = session.query(Township).one()
        name, world.made = f"方案{world.made + 1}", world.made + 1
        plan = create_plan(
            session, township, None, name=name, state="draft", validity=None,
            based_on_id=world.newest(),
        )  # fmt: skip
        for letter, ground in sketch("a b").items():
            create_grid(
                session, plan, ground, code=f"{letter}{plan.id}", name=f"格{letter}{plan.id}"
            )
        return plan.id


def try_to_publish(world: World, in_days: int) -> None:
    draft, day = draw(world), world.today + timedelta(days=in_days)
    newest = world.newest()
    try:
        with transaction(world.engine) as session:
            publish(session, draft, day)
        published = True
    except Conflict:
        published = False
    assert published == (newest is None or day > world.first_day[newest])
    if published:
        world.first_day[draft] = day


def try_to_withdraw(world: World) -> None:
    newest = world.newest()
    if newest is None:
        return
    try:
        with transaction(world.engine) as session:
            withdraw(session, newest, "draft")
        withdrawn = True
    except Conflict:
        withdrawn = False
    assert withdrawn == (world.first_day[newest] > world.today)
    if withdrawn:
        del world.first_day[newest]


def api(world: World, path: str, **query: object) -> Any:
    answer = world.client.get(f"/api/v1{path}", query_string=query)
    return answer.json if answer.status_code == 200 else None


def in_cli(world: World, *args: str) -> int | None:
    found = re.search(r"格a(\d+)", gisgrid(world.engine, *args).output)
    return int(found[1]) if found else None


def roads_today(world: World) -> dict[str, int | None]:
    """Which plan each road answers under today, by what it says of the one place."""
    with transaction(world.engine, read_only=True) as session:
        view = session.scalar(text("SELECT id FROM plan_in_force"))
        try:
            verb = plan_in_force(session, world.township).id
        except NotFound:
            verb = None
        told = [p.id for p in plans.plans(session, world.township) if p.in_force == "now"]
        known = newest_plan(session, world.township)
        assert (known and known.id) == world.newest()
    with acting(world.web, world.clerk, read_only=True) as session:
        policy = session.scalars(
            text("SELECT DISTINCT plan_id FROM grid WHERE id = ANY (my_grids('see_events'))")
        ).all()
    with transaction(world.engine) as session:
        landed = report(
            session, world.township, code="R", matter=world.matter,
            reported_at=world.days.now(UTC), place=(LON, LAT),
        )  # fmt: skip
        codes = [code and int(code[1:]) for code in (landed.grid_code, landed.reported_grid_code)]
        attached = set(session.scalars(text("SELECT plan_id FROM event_grid")))
        assert attached == set(world.first_day), "to every dated plan"
        session.rollback()
    located = api(world, "/locate", lon=LON, lat=LAT)
    page = world.client.get("/map").text
    drawn = re.search(r"/layers/grids/(\d+)-", page)
    features = world.client.get(f"/layers/grids/{drawn[1]}-x.geojson").json if drawn else None
    packed = world.client.get("/lookup/index.bin")
    head = json.loads(packed.data.split(b"\n", 1)[0]) if packed.status_code == 200 else None
    summary = api(world, "/summary")
    grid = api(world, f"/grids/a{view}") if view else None
    return {
        "view": view,
        "verb": verb,
        "list": told[0] if told else None,
        "policy": policy[0] if policy else None,
        "intake": codes[0],
        "kept": codes[1],
        "locate": located and located["plan"]["id"],
        "locate, its grid": located and int(located["grid"]["code"][1:]),
        "map": int(drawn[1]) if drawn else None,
        "features": features and int(features["features"][0]["properties"]["code"][1:]),
        "offline": head and head["plan"]["id"],
        "summary": summary and summary["plan"]["id"],
        "grid": grid and grid["plan_id"],
        "cli": in_cli(world, "locate", str(LON), str(LAT)),
        "board": world.board.get("/api/v1/cases").json["plan"],
    }


def roads_of(world: World, day: date) -> dict[str, int | None]:
    """The same of another day."""
    text_of = day.isoformat()
    with transaction(world.engine, read_only=True) as session:
        try:
            verb = plan_in_force(session, world.township, day).id
        except NotFound:
            verb = None
    located = api(world, "/locate", lon=LON, lat=LAT, as_of=text_of)
    batch = world.client.post(f"/api/v1/locate?as_of={text_of}", json=[{"lon": LON, "lat": LAT}])
    rows = batch.json["rows"] if batch.status_code == 200 else None
    summary = api(world, "/summary", as_of=text_of)
    drawn = re.search(r"/layers/grids/(\d+)-", world.client.get(f"/map?as_of={text_of}").text)
    return {
        "verb": verb,
        "locate": located and located["plan"]["id"],
        "batch": rows and int(rows[0]["grid_code"][1:]),
        "summary": summary and summary["plan"]["id"],
        "map": int(drawn[1]) if drawn else None,
        "cli": in_cli(world, "locate", str(LON), str(LAT), "--as-of", text_of),
    }


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.integers(-3, 4)),
        st.tuples(st.just("withdraw"), st.just(0)),
        st.tuples(st.just("wait"), st.integers(1, 3)),
    ),
    min_size=1,
    max_size=6,
)


@pytest.mark.thorough
@settings(
    max_examples=15, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(steps=STEPS, asked=st.lists(st.integers(-6, 9), min_size=2, max_size=2))
def test_every_road_gives_the_same_plan(
    world: World, steps: list[tuple[str, int]], asked: list[int]
):
    begin(world)
    for step, days in steps:
        if step == "publish":
            try_to_publish(world, days)
        elif step == "withdraw":
            try_to_withdraw(world)
        else:
            world.days.go(days)
        wanted = world.of(world.today)
        found = roads_today(world)
        assert found == dict.fromkeys(found, wanted), (steps, step, days)
    for days in asked:
        day = world.today + timedelta(days=days)
        found = roads_of(world, day)
        assert found == dict.fromkeys(found, world.of(day)), (steps, day)
