"""The worker's page in headless Chromium: readable, light, one tap to an answer, also offline."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine, text

from gisgrid.core.plans import newest_plan, township
from gisgrid.db.store import transaction
from gisgrid.locate.addresses.gazetteer import index_addresses
from gisgrid.planning.review.publish import publish, withdraw
from tests.support.looks import picture
from tests.support.waiting import eventually
from tests.support.web import app_over, chromium, fill_town, served

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"
INSIDE = (120.89, 40.70)
NEAR_BORDER = (120.8894269, 40.7021652)
"""A house of Town F 12.35 m from a border."""
FAR = (120.80, 40.60)
PAGE_BYTES = 200_000
INDEX_BYTES = 500_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def app(town_copy: Engine) -> Flask:
    return app_over(town_copy)


@pytest.fixture(scope="module")
def town_copy(cluster: Any, town_template: str) -> Iterator[Engine]:
    """Town F in a database of this module's own, with its addresses indexed."""
    from tests.support.database import own_database

    with own_database(cluster, town_template, "lookup") as engine:
        with transaction(engine) as session:
            index_addresses(session, township(session).id)
        yield engine


@contextlib.contextmanager
def phone(
    browser: Browser,
    host: str,
    *,
    at: tuple[float, float] = INSIDE,
    width: int = 360,
    query: str = "",
    accuracy: float = 5,
) -> Iterator[Page]:
    """The page on a phone that gives its position, with scripts' complaints as failures."""
    context = browser.new_context(
        viewport={"width": width, "height": 740},
        geolocation={"longitude": at[0], "latitude": at[1], "accuracy": accuracy},
        permissions=["geolocation"],
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    failures: list[str] = []
    elsewhere: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("request", lambda r: None if r.url.startswith(host + "/") else elsewhere.append(r.url))
    try:
        page.goto(f"{host}/lookup{query}")
        page.wait_for_selector("html[data-ready]", state="attached")
        yield page
        assert (failures, elsewhere) == ([], [])
    finally:
        context.close()


def tap_here(page: Page) -> str:
    page.click("#here")
    page.wait_for_selector("#answer h2, #answer .bad")
    return page.inner_text("#answer")


@pytest.fixture
def host(app: Flask) -> Iterator[str]:
    with served(app) as host:
        yield host


def test_one_tap_tells_where_i_am(browser: Browser, host: str):
    with phone(browser, host) as page:
        picture(page, "lookup-empty-360-zh.png", full_page=True)
        answer = tap_here(page)
        picture(page, "lookup-answer-360-zh.png", full_page=True)
        assert "青禾社区第二网格" in answer
        assert "999901001207002" in answer
        assert "拟青雅" in answer
        assert "距边界 105 米" in answer
        assert "最近的登记地址：青禾社区祥昌巷8号，相距 36 米" in answer
        assert page.locator("#answer svg path").count() > 3
        assert page.locator("#offline").count() == 0


def test_near_a_border_the_other_grid_is_named(browser: Browser, host: str):
    with phone(browser, host, at=NEAR_BORDER) as page:
        answer = tap_here(page)
        picture(page, "lookup-border-360-zh.png", full_page=True)
        assert "离边界 12 米，另一可能：青禾社区第二网格（网格长：拟青雅）" in answer


def test_an_unsure_position_near_a_border_says_so(browser: Browser, host: str):
    with phone(browser, host, accuracy=300) as page:
        assert "定位误差约 300 米。 距边界 105 米" in tap_here(page)


def test_outside_every_grid_the_nearest_is_named(browser: Browser, host: str):
    with phone(browser, host, at=FAR) as page:
        answer = tap_here(page)
        picture(page, "lookup-outside-360-zh.png", full_page=True)
        assert "没有网格覆盖该位置" in answer
        assert "米" in answer


def test_an_address_is_answered_by_writing_it_and_one_tap(browser: Browser, host: str):
    with phone(browser, host) as page:
        page.fill("#words", "石桥社区康成街9号")
        page.click(".find")
        page.wait_for_selector("#answer h2")
        answer = page.inner_text("#answer")
        picture(page, "lookup-address-360-zh.png", full_page=True)
        assert "石桥社区第四网格" in answer
        assert "石桥社区康成街9号" in answer


def test_pasted_coordinates_are_asked_back_as_a_point(browser: Browser, host: str):
    for words in ("120.8894269, 40.7021652", "40°42'7.795\"N 120°53'21.937\"E"):
        with phone(browser, host) as page:
            page.fill("#words", words)
            page.click(".find")
            page.wait_for_selector("#typed")
            answer = page.inner_text("#answer")
            picture(page, "lookup-typed-point-360-zh.png", full_page=True)
            assert "石桥社区第四网格" in answer
            assert "按坐标点理解：经度 120.889427，纬度 40.702165（wgs84）" in answer
            assert "请在下方选择坐标系后重新查询" in answer
            # Read as another map's, it is another spot.
            page.select_option("#datum", "gcj02")
            page.click(".find")
            page.wait_for_selector("#answer >> text=gcj02")


def test_an_unsure_address_asks_and_a_tap_chooses(browser: Browser, host: str):
    with phone(browser, host) as page:
        page.fill("#words", "康成街")
        page.click(".find")
        page.wait_for_selector(".choices button")
        picture(page, "lookup-choices-360-zh.png", full_page=True)
        chosen = page.locator(".choices button").first
        grid = chosen.locator("small").inner_text()
        chosen.click()
        page.wait_for_selector(".facts")
        assert page.inner_text("#answer h2") == grid


@pytest.mark.parametrize("words", ["<img src=x onerror=alert(1)>", "'; DROP TABLE house; --"])
def test_html_and_sql_are_only_words(browser: Browser, host: str, words: str):
    with phone(browser, host) as page:
        page.fill("#words", words)
        page.click(".find")
        page.wait_for_selector("#answer .bad, #answer .note")
        assert page.locator("#answer img").count() == 0
        assert "在网格" not in page.inner_text("#answer")


def test_nothing_written_is_told_and_not_asked(browser: Browser, host: str):
    with phone(browser, host) as page:
        page.click(".find")
        assert page.inner_text("#answer") == "请先输入地址。"


# Sizes of all text that is seen, of all that can be tapped, and what sticks out sideways.
MEASURE = """() => {
  const texts = [], targets = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, parent = node.parentElement;
    if (!node.data.trim() || !parent.checkVisibility() || parent.closest("script, option")) continue;
    const style = getComputedStyle(parent), size = parseFloat(style.fontSize);
    texts.push([node.data.trim(), size, parent.closest("svg") ? 1.4 : parseFloat(style.lineHeight) / size]);
  }
  for (const field of document.querySelectorAll("input, select")) {
    texts.push([field.id, parseFloat(getComputedStyle(field).fontSize), 1.4]);
  }
  for (const target of document.querySelectorAll("button, a, input, select, summary")) {
    if (!target.checkVisibility()) continue; // behind the menu, until it is opened
    const box = target.getBoundingClientRect();
    targets.push([target.textContent.trim() || target.id, box.width, box.height]);
  }
  return { texts, targets, overflow: document.documentElement.scrollWidth - innerWidth };
}"""


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_text_is_large_and_targets_are_wide_at_every_size(
    browser: Browser, host: str, width: int, lang: str
):
    with phone(browser, host, at=NEAR_BORDER, width=width, query=f"?lang={lang}") as page:
        tap_here(page)
        picture(page, f"lookup-border-{width}-{lang}.png", full_page=True)
        for least_px in (24, 32, 40):
            measured = page.evaluate(MEASURE)
            assert [t for t in measured["texts"] if t[1] < 24 or t[2] < 1.299] == []
            assert [t for t in measured["targets"] if min(t[1], t[2]) < 60] == []
            assert measured["overflow"] <= 0
            body = page.evaluate(
                "parseFloat(getComputedStyle(document.querySelector('dd')).fontSize)"
            )
            assert body == least_px
            if least_px == 40:
                picture(page, f"lookup-largest-{width}-{lang}.png", full_page=True)
            page.click("#larger")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_axe_finds_no_violation(browser: Browser, host: str, lang: str):
    with phone(browser, host, at=NEAR_BORDER, query=f"?lang={lang}") as page:
        page.evaluate(AXE.read_text())
        for step in ("empty", "answer", "problem", "choices"):
            if step == "answer":
                tap_here(page)
            elif step == "problem":
                page.fill("#words", "")
                page.click(".find")
            elif step == "choices":
                page.fill("#words", "康成街")
                page.click(".find")
                page.wait_for_selector(".choices button")
            found = page.evaluate("axe.run(document)")
            assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in found["violations"]] == []
            assert len(found["passes"]) > 10


def test_the_page_is_light(browser: Browser, host: str):
    with phone(browser, host) as page:
        tap_here(page)
        sizes: dict[str, int] = page.evaluate(
            "Object.fromEntries(performance.getEntries().filter((e) => e.decodedBodySize > 0)"
            ".map((e) => [new URL(e.name).pathname, e.decodedBodySize]))"
        )
        assert {"/lookup", "/lookup/index.bin"} <= sizes.keys()
        assert {"lookup.js", "packed.js"} <= {path.split("/")[-1] for path in sizes}
        assert 2_000 < sizes["/lookup/index.bin"] < INDEX_BYTES
        assert sum(n for path, n in sizes.items() if path != "/lookup/index.bin") < PAGE_BYTES


def test_without_a_connection_a_position_is_answered(browser: Browser, host: str):
    with phone(browser, host, at=NEAR_BORDER) as page:
        online = tap_here(page)
        page.context.set_offline(True)
        offline = tap_here(page)
        assert "离线查询结果。 数据日期" in offline
        assert offline.split("\n")[:6] == online.split("\n")[:6]
        page.fill("#words", "康成街9号")
        page.click(".find")
        page.wait_for_selector("#answer .bad")
        assert "没有网络，无法查地址" in page.inner_text("#answer")


def test_with_the_server_gone_the_page_still_opens_and_answers(browser: Browser, app: Flask):
    with contextlib.ExitStack() as server, contextlib.ExitStack() as visit:
        host = server.enter_context(served(app))
        page = visit.enter_context(phone(browser, host, at=NEAR_BORDER))
        server.close()
        page.reload()
        page.wait_for_selector("html[data-ready]", state="attached")
        answer = tap_here(page)
        picture(page, "lookup-offline-360-zh.png", full_page=True)
        assert "石桥社区第四网格" in answer
        assert "离线查询结果" in answer
        assert "数据日期" in page.inner_text("#age")


def waiting(engine: Engine, first_day: date) -> None:
    """A plan with other names of grids, published for a day."""
    with transaction(engine) as session:
        plan = session.scalar(
            text(
                "INSERT INTO plan (township_id, name, state, based_on_id) "
                "SELECT township_id, '明日方案', 'draft', id FROM plan RETURNING id"
            )
        )
        session.execute(
            text(
                "INSERT INTO grid (plan_id, code, name, kind, host, community_id, geom) SELECT :p, "
                "code, '新' || name, kind, host, community_id, geom FROM grid WHERE plan_id <> :p"
            ),
            {"p": plan},
        )
        publish(session, plan, first_day)


def test_without_a_connection_the_plan_of_the_new_day_answers_on_its_day(
    browser: Browser, engine: Engine
):
    """Both plans are on the phone before; the day is the township's, whatever zone the phone has."""
    with transaction(engine) as session:
        fill_town(session, columns=4, rows=4, houses=10, events=2)
    tomorrow = datetime.now(ZoneInfo("Asia/Shanghai")).date() + timedelta(days=1)
    waiting(engine, tomorrow)
    app = app_over(engine)
    midnight = datetime.combine(tomorrow, time.min, ZoneInfo("Asia/Shanghai"))
    with served(app) as host, phone(browser, host, at=(120.902, 40.7015)) as page:
        page.context.set_offline(True)
        page.clock.set_fixed_time(midnight - timedelta(seconds=1))
        before = tap_here(page)
        assert "离线查询结果" in before and "2022年方案" in before
        page.clock.set_fixed_time(midnight)
        after = tap_here(page)
        assert f"方案 明日方案 自 {tomorrow} 起" in after
        assert f"新{before.splitlines()[0]}" == after.splitlines()[0]
        # Withdrawn meanwhile: with a connection the phone forgets it.
        with transaction(engine) as session:
            withdraw(session, newest_plan(session, township(session).id).id, "draft")
        page.context.set_offline(False)
        page.evaluate("window.dispatchEvent(new Event('online'))")
        forgotten = "localStorage.getItem('gisgrid-later-999901001') === ''"
        assert eventually(lambda: page.evaluate(forgotten))
        page.context.set_offline(True)
        assert "2022年方案" in tap_here(page)


def test_outside_is_told_without_a_connection_too(browser: Browser, host: str):
    with phone(browser, host, at=FAR) as page:
        page.context.set_offline(True)
        assert "该位置不在任何网格内。最近的是" in tap_here(page)
