"""One case in headless Chromium, from the phone of who reports to their rating: each at their own screen."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine, text

from gisgrid.cases.calendars import read_calendar
from gisgrid.cases.clocks import keep_calendar
from gisgrid.core.plans import township
from gisgrid.db.store import transaction
from tests.support.accounts import appointed
from tests.support.desks import jpeg
from tests.support.looks import picture
from tests.support.phones import INSIDE, choose, phone, send
from tests.support.town_f import DATA
from tests.support.web import app_over, chromium, listened, session_cookie

pytestmark = pytest.mark.browser

GRID, NEXT = "999901001207002", "999901001207001"


@contextlib.contextmanager
def screen(
    browser: Browser, host: str, app: Flask, engine: Engine, account: int, *, width: int = 1280
) -> Iterator[Page]:
    """The browser of somebody who has logged in."""
    context = browser.new_context(viewport={"width": width, "height": 800})
    name, _, value = session_cookie(app, engine, account).partition("=")
    context.add_cookies([{"name": name, "value": value, "url": host}])
    page = context.new_page()
    page.set_default_timeout(30_000)
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("request", lambda r: None if r.url.startswith(host + "/") else failures.append(r.url))
    try:
        yield page
        assert failures == []
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{wide} px too wide"
    finally:
        context.close()


def shot(page: Page, name: str) -> None:
    picture(page, f"story-{name}.png", full_page=True)


def take(page: Page, step: str, **typed: str) -> None:
    """A step of the case's page, with what it requires."""
    form = page.locator(f"form[data-step={step}]")
    if form.locator("details").count():
        form.locator("summary").click()
    for name, value in typed.items():
        field = form.locator(f"[name={name}]")
        if name == "to":
            field.select_option(value)
        else:
            field.fill(value)
    # The step is written down on the phone, sent, and then the page comes anew.
    with page.expect_navigation():
        form.locator("button").last.click()
    page.wait_for_selector("p.note[role=status]")


def hand_in(page: Page, note: str) -> None:
    """The worker's feedback with a photo of what was done."""
    form = page.locator("form[data-step=feed_back]")
    form.locator("summary").click()
    form.locator("[name=note]").fill(note)
    picture = {"name": "after.jpg", "mimeType": "image/jpeg", "buffer": jpeg()}
    form.locator("[name=photos]").set_input_files(picture)  # type: ignore[arg-type]
    form.locator("button").click()
    page.wait_for_selector(".photos img")


def steps_of(engine: Engine, code: str) -> list[tuple[str, str]]:
    """What each step means, and in which role it was taken."""
    with transaction(engine) as session:
        rows = session.execute(
            text(
                "SELECT s.means, s.role FROM case_step s JOIN event_case c ON c.id = s.case_id "
                "WHERE c.ticket = :code ORDER BY s.seq"
            ),
            {"code": code},
        )
        return [(row.means, row.role) for row in rows]


@pytest.fixture
def people(own_town: Engine) -> dict[str, int]:
    with transaction(own_town) as session:
        keep_calendar(session, township(session).id, read_calendar(DATA / "calendar/calendar.csv"))
        return {
            "shi": appointed(session, "dispatcher", name="dispatcher.shi"),
            "clerk": appointed(session, "community_clerk", "999901001207", name="clerk.gou"),
            "worker": appointed(session, "grid_worker", grid=GRID, name="worker.b"),
        }


def test_a_case_from_a_phone_to_its_rating(own_town: Engine, people: dict[str, int]):
    engine, app = own_town, app_over(own_town)
    app.config["STREAM_LIFE_S"] = 60.0
    with listened(app) as host, chromium() as browser:

        def at_screen(who: str, width: int = 1280) -> contextlib.AbstractContextManager[Page]:
            return screen(browser, host, app, engine, people[who], width=width)

        with at_screen("shi") as board:
            board.goto(f"{host}/dispatch")
            board.wait_for_selector("html[data-live]", state="attached")
            # Reported by a phone without an account: it comes onto the board by itself.
            with phone(browser, host, INSIDE) as page:
                choose(page, "城乡管理", "暴露垃圾")
                code = send(page)
            board.wait_for_selector("li.fresh")
            shot(board, "1-board")
            case = str(board.get_attribute("li.fresh a", "href"))
            # By the keyboard alone: the one that came in is looked for, and opened.
            board.keyboard.press("/")
            board.keyboard.type("R20")
            board.wait_for_selector("#rows li:only-child")
            for key in ("Escape", "j", "Enter"):
                board.keyboard.press(key)
            board.wait_for_url(host + case)
            take(board, "file")
            shot(board, "2-filed")
            take(board, "dispatch", to=f"grid:{GRID}")
        with at_screen("worker", 360) as page:
            page.goto(f"{host}/")
            page.click("#today a[href='/cases/mine']")
            page.click(f"a[href='{case}']")
            shot(page, "3-worker")
            take(page, "accept")
            take(page, "return", reason="在路对面，不属本网格", to=f"grid:{NEXT}")
        with at_screen("shi") as page:
            page.goto(host + case)
            assert "在路对面，不属本网格" in page.inner_text("#log")
            take(page, "dispatch", to=f"grid:{GRID}")
        with at_screen("worker", 360) as page:
            page.goto(host + case)
            take(page, "accept")
            hand_in(page, "已清理，现场干净")
            assert page.locator("form[data-step=close]").count() == 0
            shot(page, "4-handled")
        with at_screen("clerk") as page:
            page.goto(host + case)
            take(page, "close")
            shot(page, "5-closed")
        with phone(browser, host, INSIDE) as page:
            page.goto(f"{host}/report/{code.replace('-', '')}")
            page.click("#rate label:has-text('5')")
            page.click("#rate button")
            page.wait_for_selector("#rate", state="detached")
            shot(page, "6-rated")
    assert steps_of(engine, code.replace("-", "")) == [
        ("report", "resident"), ("file", "dispatcher"), ("assign", "dispatcher"),
        ("begin", "grid_worker"), ("return", "grid_worker"), ("assign", "dispatcher"),
        ("begin", "grid_worker"), ("handle", "grid_worker"), ("close", "community_clerk"),
        ("rate", "resident"),
    ]  # fmt: skip
