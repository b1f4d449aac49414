"""The planner's layers on the map: fetched when asked for, made by the worker, told with age."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.db.store import transaction
from gisgrid.jobs import studies
from tests.support.accounts import appointed
from tests.support.factories import create_township
from tests.support.looks import picture
from tests.support.web import app_over, chromium, fill_town, served, visit

DRAFT = """
INSERT INTO plan (township_id, name, based_on_id) SELECT township_id, '草案', id FROM plan;
INSERT INTO grid (plan_id, code, name, kind, community_id, host, geom)
SELECT d.id, g.code, g.name, g.kind, g.community_id, g.host,
       CASE g.code WHEN '999901001001002' THEN ST_Multi(ST_MakeEnvelope(
                ST_XMin(g.geom), ST_YMin(g.geom), ST_XMax(g.geom) - 0.002, ST_YMax(g.geom), 4326))
            WHEN '999901001001003' THEN ST_Multi(ST_MakeEnvelope(
                ST_XMin(g.geom) - 0.002, ST_YMin(g.geom), ST_XMax(g.geom), ST_YMax(g.geom), 4326))
            ELSE g.geom END
FROM grid g, plan d WHERE d.name = '草案';
DELETE FROM resident WHERE household_id IN (
    SELECT f.id FROM household f JOIN house_grid a ON a.house_id = f.house_id
    JOIN grid g ON g.id = a.grid_id WHERE g.code = '999901001001003')
"""


def drafted(session: Session) -> int:
    """The town with its draft; a planner's account."""
    fill_town(session)
    for statement in DRAFT.split(";\n"):
        session.execute(text(statement))
    return appointed(session, "planner")


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], int]:
    return drafted


@pytest.fixture
def planner(made: int) -> int:
    return made


@pytest.fixture
def client(engine: Engine, planner: int) -> Iterator[FlaskClient]:
    with app_over(engine, account=planner).test_client() as client:
        yield client


@contextlib.contextmanager
def working(engine: Engine) -> Iterator[None]:
    """A worker that makes what pages ask for."""
    stop = threading.Event()
    worker = threading.Thread(target=studies.watch, args=(engine, stop))
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join()


def test_a_study_is_asked_for_and_made_by_the_worker(client: FlaskClient, engine: Engine):
    address = "/planning/1/workload"
    first = client.get(address)
    assert first.headers["Cache-Control"] == "no-store"
    assert (first.json["wanted"], first.json["working"], first.json["url"]) == (True, False, None)
    client.get(address)
    assert studies.make_asked(engine) == 1, "asked for twice, made once"
    assert studies.make_asked(engine) == 0
    stands = client.get(address).json
    assert stands["current"] and stands["made_at"] and not stands["wanted"]
    answer = client.get(stands["url"])
    assert "immutable" in answer.headers["Cache-Control"]
    assert len(answer.json["grids"]) == 48
    other = stands["url"].replace(".json", "x.json")
    assert client.get(other).headers["Cache-Control"] == "no-store"
    with transaction(engine) as session:
        session.execute(text("UPDATE house SET geom = ST_Translate(geom, 0.0001, 0) WHERE id = 1"))
    # The old answer is shown with its age until the new one is there.
    changed = client.get(address).json
    assert (changed["current"], changed["wanted"], changed["url"]) == (False, True, stands["url"])
    studies.make_asked(engine)
    assert client.get(address).json["url"] != stands["url"]


def test_what_cannot_be_studied_says_why_in_the_readers_language(
    client: FlaskClient, engine: Engine
):
    client.get("/planning/1/proposal")
    studies.make_asked(engine)
    assert "没有所依据的方案" in client.get("/planning/1/proposal").json["failed"]
    assert "based on no other plan" in client.get("/planning/1/proposal?lang=en").json["failed"]
    assert studies.make_asked(engine) == 0, "it is not tried again before the data changes"
    for address, status in (
        ("/planning/99/workload", 404),
        ("/planning/1/astrology", 404),
        ("/planning/1/workload?as_of=yesterday", 422),
        ("/planning/1/workload/2023-01-01-x.json", 404),
    ):
        assert client.get(address).status_code == status, address


def test_one_that_breaks_off_is_told_and_stops_no_other(
    client: FlaskClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: object, progress: object) -> dict[str, object]:
        raise RuntimeError

    monkeypatch.setitem(studies.STUDIES, "coverage", broken)
    client.get("/planning/1/coverage")
    client.get("/planning/1/workload")
    assert studies.make_asked(engine) == 2
    assert client.get("/planning/1/coverage").json["failed"] == "计算意外中断。"
    assert client.get("/planning/1/workload").json["current"]


def test_planners_of_another_township_neither_see_nor_ask(engine: Engine, planner: int):
    with transaction(engine) as session:
        other = create_township(session)
        code = session.scalar(text("SELECT code FROM area WHERE id = :a"), {"a": other.area_id})
        stranger = appointed(session, "planner", code, name="stranger")
    studies.make(engine, 1, "workload", date(2023, 8, 31))
    address = "/planning/1/workload?as_of=2023-08-31"
    mine = app_over(engine, account=planner).test_client().get(address).json
    assert mine["url"]
    with app_over(engine, account=stranger).test_client() as client:
        assert client.get(address).status_code == 403
        assert client.get(mine["url"]).status_code == 404
    with app_over(engine).test_client() as public:
        assert public.get(address).status_code == 401
        assert "planner-modes" not in public.get("/map").text


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.mark.browser
def test_a_planner_sees_gaps_work_and_a_proposal(engine: Engine, planner: int, browser: Browser):
    app = app_over(engine, account=planner)
    with working(engine), served(app) as host, visit(browser, host) as seen:
        seen.open("/map?lang=zh")
        page = seen.page
        assert not [path for path in seen.sizes() if "/planning/" in path], (
            "the first view is light"
        )

        def choose(name: str) -> None:
            page.locator(f"#planner-modes input[value={name}] + span").click()
            page.wait_for_selector(f"html[data-planner={name}]", state="attached", timeout=90_000)
            seen.settle()
            picture(page, f"planner-{name}.png")

        choose("coverage")
        checks = page.locator("#planner-list button")
        assert checks.count() >= 3
        marks = page.locator(".mark").count()
        assert 0 < marks <= 300
        page.locator("#planner-list button", has_text="休眠").first.click()
        assert page.locator(".mark").count() == 48
        page.locator(".mark").nth(3).click()
        assert "网格" in page.locator("#card").inner_text()

        choose("workload")
        fills = set(page.evaluate(
            "[...document.querySelectorAll('.leaflet-grids-pane path')].map((p) => p.getAttribute('fill'))"
        ))  # fmt: skip
        assert any(fill.startswith("url(#") for fill in fills), "patterns beside the colours"
        labels = page.locator(".label-grid").all_inner_texts()
        assert labels and all(label.endswith("%") for label in labels)
        page.locator("#planner-list button").first.click()
        page.wait_for_selector("#card:not([hidden])")
        assert "每月分钟" in page.locator("#card").inner_text()

        choose("proposal")
        assert "草案" in page.locator("#planner-sums").inner_text()
        (line,) = page.locator("#planner-list button").all_inner_texts()
        assert "第2网格 → 东风社区第3网格" in line
        assert page.locator(".leaflet-planner-pane path").count() == 3, (
            "ground, and two new borders"
        )
        page.locator("#planner-modes input[value=''] + span").click()
        assert page.locator("#planner-list button").count() == 0
        assert page.locator("#colour-by").is_visible()
        assert (seen.elsewhere, seen.failures) == ([], [])
