"""A dispatcher moves many cases, reads one on a desk, and a worker gives it back in one tap."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.support.case_town import Peopled
from tests.support.looks import picture
from tests.support.outbox import TownOfNews, everybody
from tests.support.waiting import eventually
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
    cases, held = [town.seen_now() for _ in range(4)], list[Route]()
    with served(app) as host:

        def at_screen(who: str, width: int, height: int) -> Page:
            context = browser.new_context(
                viewport={"width": width, "height": height}, base_url=host, service_workers="block"
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
        # A number leads to its own step, however many fields and buttons stand before it.
        steps = board.locator("#next form[data-step]").evaluate_all(
            "(all) => all.map((form) => [form.dataset.step, form.querySelectorAll('[data-key]').length])"
        )
        assert len(steps) > 4 and {keys for _, keys in steps} == {1}
        for key in (3, 2):
            board.keyboard.press(str(key))
            step = board.locator(f"form[data-step={steps[key - 1][0]}]")
            expect(step.locator("[data-key]")).to_be_focused()
            assert step.locator("details").evaluate("(each) => each.open")
        board.locator("h1").click()
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
        # Until when, right after what to do.
        tops = [phone.locator(part).bounding_box()["y"] for part in ("#next", "#clocks", "#place")]
        assert (
            tops == sorted(tops)
            and phone.locator("#next + #clocks, .column:has(#next) + #clocks").count()
        )
        picture(phone, "case-phone.png")
        phone.locator(".give-back summary").click()
        # What is half typed elsewhere is not what was tapped.
        phone.locator(".give-back textarea").fill("不知")
        picture(phone, "give-back.png")
        phone.get_by_role("button", name="不在本网格").click()
        expect(phone.locator(".stage").first).to_have_text("已立案")
        board.goto("/dispatch?lang=en&state=file")
        first = board.locator("#rows > li").first
        expect(first).to_have_attribute("data-id", str(order[0]))
        expect(first).to_contain_text("Given back: Not in my grid")
        expect(first).to_contain_text("nobody has it yet")
        picture(board, "board-returned.png")
        town.step("dispatcher", order[3], "reject", "dispatcher", "dispatcher.shi", reason="不属实")
        # Of the open and the closed, all open ones are asked for; what the button says is what it does.
        board.goto("/dispatch?lang=en&state=all&sort=code&down=1")
        with board.expect_request(lambda r: "/cases?" in r.url and "limit=200" in r.url) as sent:
            board.get_by_role("button", name="Choose all 3").click()
        assert "state=open" in sent.value.url
        expect(board.locator("#chosen")).to_have_text("3 chosen", timeout=30_000)
        # It works once, and says so meanwhile.
        board.route("**/dispatch/steps*", lambda route: held.append(route))
        board.select_option("#bulk [name=step]", "file")
        board.get_by_role("button", name="Go", exact=True).click()
        expect(board.locator("#answers")).to_have_text("At work on 3 cases …")
        expect(board.locator("#go")).to_be_disabled()
        held.pop().continue_()
        expect(board.locator("#answers li").first).to_contain_text("refused", timeout=30_000)
        expect(board.locator("#go")).to_be_enabled()
        # Paper gets all, the board stays as it was; what cannot be fetched is not printed.
        board.evaluate(
            "() => { window.print = () => { window.printed = (window.printed || 0) + 1; }; }"
        )
        board.get_by_role("button", name="Print").click()
        assert eventually(lambda: board.evaluate("window.printed") == 1)
        expect(board).not_to_have_url(re.compile("limit="))
        board.route(re.compile(r"/api/v1/cases\?"), lambda route: route.abort())
        board.get_by_role("button", name="Print").click()
        expect(board.locator("#notice")).to_contain_text("could not be loaded")
        assert board.evaluate("window.printed") == 1
        board.unroute_all()
        # What this browser kept may be of whoever sat here before.
        board.evaluate(f"localStorage.setItem('shortlist', '[{order[2]}]')")
        board.goto("/dispatch?lang=en")
        expect(board.locator("#kept")).to_contain_text(
            "a shortlist of 1 cases of whoever used it before"
        )
        expect(board.locator("#stars")).to_have_text("1")
        picture(board, "board-kept.png")
        board.get_by_role("button", name="Put them on my shortlist").click()
        expect(board.locator("#stars")).to_have_text("2", timeout=30_000)
        expect(board.locator("#kept")).to_be_hidden()
        assert board.evaluate("localStorage.getItem('shortlist')") is None
        board.goto("/dispatch?lang=en&state=file")
        assert re.search(r"state=file", board.url) and sorted(order) == sorted(cases)
