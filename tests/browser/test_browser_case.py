"""A dispatcher moves many cases, reads one on a desk, and a worker gives it back in one tap."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.support.case_town import Peopled
from tests.support.looks import picture
from tests.support.outbox import TownOfNews, everybody
from tests.support.web import app_over, chromium, served, session_cookie

pytestmark = pytest.mark.browser
FITS = "(e) => { const b = e.getBoundingClientRect(); return b.top >= 0 && b.top < innerHeight - 40 && b.right <= innerWidth; }"


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Peopled]:
    return everybody


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def test_many_are_sent_one_is_read_on_a_desk_and_comes_back_in_one_tap(  # noqa: PLR0915
    browser: Browser, engine: Engine, made: Peopled
):
    town, app = TownOfNews(engine, made), app_over(engine)
    cases = [town.seen_now() for _ in range(4)]
    with served(app) as host:

        def at_screen(who: str, width: int, height: int) -> Page:
            context = browser.new_context(
                viewport={"width": width, "height": height}, base_url=host
            )
            name, _, value = session_cookie(app, engine, town.people[who]).partition("=")
            context.add_cookies([{"name": name, "value": value, "url": host}])
            return context.new_page()

        board = at_screen("dispatcher", 1440, 900)
        board.goto("/dispatch?lang=en&sort=code")
        board.wait_for_selector("html[data-ready]", state="attached")
        board.get_by_role("button", name="Choose all 4").click()
        expect(board.locator("#chosen")).to_have_text("4 chosen", timeout=30_000)
        board.select_option("#bulk [name=step]", "file")
        expect(board.locator("#bulk [name=to]")).to_be_hidden()
        board.get_by_role("button", name="Go", exact=True).click()
        expect(board.locator("#answers li").first).to_have_text("4 done, 0 refused", timeout=30_000)
        expect(board.locator("#rows > li .phase").first).to_have_text("filed", timeout=30_000)
        board.locator("#rows > li input").first.check()
        board.select_option("#bulk [name=step]", "transfer")
        board.fill("#bulk [name=reason]", "换片")
        board.get_by_role("button", name="Go", exact=True).click()
        # By its matter and code, and in words.
        expect(board.locator("#answers li.bad")).to_contain_text(
            "there is no step “transfer”", timeout=30_000
        )
        picture(board, "board-bulk-en.png")
        board.select_option("#bulk [name=step]", "dispatch")
        board.select_option("#bulk [name=to]", "grid:a")
        board.get_by_role("button", name="Go", exact=True).click()
        expect(board.locator("#answers li").first).to_have_text("1 done, 0 refused", timeout=30_000)
        board.locator("#rows > li .star").nth(1).click()
        expect(board.locator("#stars")).to_have_text("1", timeout=30_000)
        board.reload()
        expect(board.locator("#stars")).to_have_text("1", timeout=30_000)
        expect(board.locator("#rows > li .star.on")).to_have_count(1)
        order = board.locator("#rows > li[data-id]").evaluate_all(
            "(items) => items.map((i) => Number(i.dataset.id))"
        )
        board.locator("#rows > li a").nth(1).click()
        board.wait_for_url(f"**/cases/{order[1]}")
        expect(board.locator("#around output")).to_have_text("2 / 4")
        for part in ("#next", "#place .case-map", "#about", "#clocks", "#log"):
            assert board.locator(part).evaluate(FITS), part
        assert board.evaluate("document.documentElement.scrollHeight <= innerHeight")
        picture(board, "case-desk-en.png")
        board.keyboard.press("j")
        board.wait_for_url(f"**/cases/{order[2]}")
        expect(board.locator("#around output")).to_have_text("3 / 4")
        board.keyboard.press("k")
        board.wait_for_url(f"**/cases/{order[1]}")
        expect(board.locator("#around output")).to_have_text("2 / 4")
        board.keyboard.press("k")
        board.wait_for_url(f"**/cases/{order[0]}")
        expect(board.locator("#around [data-to=before]")).to_be_hidden()
        board.goto(f"/cases/{order[0]}?lang=zh")
        picture(board, "case-desk-zh.png")
        phone = at_screen("worker", 360, 740)
        phone.goto(f"/cases/{order[0]}?lang=zh")
        phone.locator(".give-back summary").click()
        picture(phone, "give-back.png")
        phone.get_by_role("button", name="不在本网格").click()
        expect(phone.locator(".stage").first).to_have_text("已立案")
        board.goto("/dispatch?lang=en&state=file")
        first = board.locator("#rows > li").first
        expect(first).to_have_attribute("data-id", str(order[0]))
        expect(first).to_contain_text("Given back: 不在本网格")
        expect(first).to_contain_text("nobody has it yet")
        picture(board, "board-returned.png")
        assert re.search(r"state=file", board.url) and sorted(order) == sorted(cases)
