"""The board in a browser: what is urgent stands first, whatever else waits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.support.case_town import Peopled
from tests.support.looks import picture
from tests.support.outbox import TownOfNews, everybody
from tests.support.waiting import eventually
from tests.support.web import app_over, chromium, served, session_cookie

pytestmark = pytest.mark.browser
TWO_SECONDS_MS = 2_000


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Peopled]:
    return everybody


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def test_what_comes_moves_nothing_that_is_read_and_tabs_say_how_many_wait(
    browser: Browser, engine: Engine, made: Peopled
):
    town = TownOfNews(engine, made)
    app = app_over(engine)
    first = [town.seen_now() for _ in range(30)]
    with served(app) as host:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=host)
        name, _, value = session_cookie(app, engine, town.people["dispatcher"]).partition("=")
        context.add_cookies([{"name": name, "value": value, "url": host}])
        page = context.new_page()
        page.goto("/dispatch?lang=en")
        page.wait_for_selector("html[data-live]", state="attached")
        assert eventually(lambda: app.extensions["gisgrid"].listener.listening)
        rows = page.locator("#rows > li[data-id]")
        expect(page.locator("#tabs button").first).to_have_text(
            re.compile(r"All open \d"), timeout=30_000
        )
        expect(rows).to_have_count(30)
        page.locator("#rows").evaluate("(list) => { list.scrollTop = 400; }")
        order = rows.evaluate_all("(items) => items.map((item) => Number(item.dataset.id))")
        assert sorted(order) == sorted(first)
        place = rows.nth(5).bounding_box()
        new = town.seen_now()
        bar = page.locator("#fresh")
        expect(bar).to_have_text("1 new or changed cases: show them")
        assert rows.evaluate_all("(items) => items.map((item) => Number(item.dataset.id))") == order
        assert rows.nth(5).bounding_box() == place
        expect(rows.first).to_contain_text("nobody has it yet")
        expect(rows.first).to_contain_text("reported")
        bar.click()
        expect(page.locator(f"li.fresh[data-id='{new}']")).to_be_in_viewport()
        expect(bar).to_be_hidden()
        expect(rows).to_have_count(31)
        tab = page.locator("#tabs button")
        expect(tab.first).to_have_text("All open 31")
        expect(tab.nth(1)).to_have_text("To be filed 31")
        expect(tab.nth(2)).to_have_text("To be sent 0")
        tab.nth(2).click()
        expect(page.locator("#rows")).to_have_text("No case is as asked for.")
        expect(tab.nth(2)).to_have_attribute("aria-pressed", "true")
        assert "state=file" in page.url
        expect(tab.first).to_have_text("All open 31")
        picture(page, "board-tabs.png")
        context.close()


def test_an_emergency_is_first_on_an_open_board_in_two_seconds(
    browser: Browser, engine: Engine, made: Peopled
):
    town = TownOfNews(engine, made)
    app = app_over(engine)
    for _ in range(3):
        town.seen_now()
    town.run("UPDATE case_clock SET due_at = now() - interval '3 days'")
    with served(app) as host:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=host)
        name, _, value = session_cookie(app, engine, town.people["dispatcher"]).partition("=")
        context.add_cookies([{"name": name, "value": value, "url": host}])
        page = context.new_page()
        page.goto("/dispatch?lang=en")
        page.wait_for_selector("html[data-live]", state="attached")
        expect(page.locator("#rows > li")).to_have_count(3)
        title = page.title()
        assert eventually(lambda: app.extensions["gisgrid"].listener.listening)
        case = town.seen_now(emergency=True)
        first = page.locator("#rows > li").first
        expect(first).to_have_attribute("data-id", str(case), timeout=TWO_SECONDS_MS)
        expect(first).to_have_class(re.compile(r"\brow-alarm\b"))
        expect(first).to_contain_text("Emergency")
        expect(page).to_have_title(f"(1!) {title}")
        expect(page.locator(".sum-urgent")).to_have_text("1 urgent")
        page.reload()
        expect(page.locator("#rows > li").first).to_have_attribute("data-id", str(case))
        context.close()
