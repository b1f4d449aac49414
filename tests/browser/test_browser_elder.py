"""The rules for old eyes and hands, measured on every page of a worker, on the phone and at a desk, in both languages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page
from sqlalchemy import text

from gisgrid.core.plans import township
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.planning.settings.townships import change_township
from gisgrid.register import entries
from tests.support.accounts import acting, appointed, web_engine
from tests.support.collecting import HEAD, PIPE, opened
from tests.support.database import own_database
from tests.support.door import GRID
from tests.support.door_houses import IN_THE_GRID
from tests.support.elder import hard
from tests.support.looks import AXE
from tests.support.offline import workable
from tests.support.web import app_over, chromium, served, session_cookie

pytestmark = pytest.mark.browser

SIZES = ((360, 740), (1440, 900))
PAGES = (
    "/", "/my-grid", "/register/house/1", "/register/house/1/enter/visit", "/register/house/1/enter/alias",
    "/register/house/1/enter/household-in", "/register/house/1/enter/person-in?household=1",
    "/register/house/1/enter/person-out?resident=1", "/register/house/1/enter/correct?resident=1",
    "/register/house/1/enter/correct?resident=1&column=phone", "/register/house/1/enter/household-moved?household=1",
    "/register/house/1/enter/house-gone", "/register/house/1/enter/house-split", "/register/house/1/enter/house-joined",
    f"/register/grid/{GRID}/new-house",
    "/register/house/1/correction?resident=1&column=name", "/cases/mine", "/documents", "/notices", "/report", "/lookup",
    "/practice", "/practice/lookup", "/practice/verify", "/practice/visit", "/practice/move", "/practice/report", "/practice/task",
    "/phone/waiting", "/phone/grid", "/me", "/messages",
    "/collecting/1", "/collecting/1/house/1", f"/completeness/grid/{GRID}", "/register/house/3",
    "/register", "/register/aliases", "/visits", "/stale", "/completeness", "/completeness/without", "/collecting", "/paper", "/training", "/find",
    "/figures", "/figures/burden", "/figures/register", "/open-problems", "/drafts", "/matters", "/matters/duties",
    "/matters/versions", "/matters/supplements", "/matters/compare", "/office/collections", "/office/means",
    "/messages/settings", "/account/change", "/account/tf-setup",
)  # fmt: skip


CHOSEN = (
    "/",
    "/my-grid",
    "/register/house/1",
    "/register/house/1/enter/visit",
    "/collecting/1/house/1",
    "/figures/register",
)
"""Measured also on a phone where large was chosen: there the same rules of style come by another way."""
SHUT = {
    "/map": "the map of all layers is a tool of a desk; a worker's own is on My grid",
    "/dispatch": "the board is an office's; a worker's cases are at /cases/mine",
}
"""Pages of these rooms that are not walked, and why."""


@pytest.fixture(scope="module")
def pages(cluster: Cluster, template: str) -> Iterator[dict[str, Page]]:
    """Pages of two workers: a phone is large without being told; one said that they want it so, at the desk and on a phone."""
    with own_database(cluster, template, "elder") as engine:
        with transaction(engine) as session:
            town = workable(session)
            session.execute(text(IN_THE_GRID), {"g": GRID})
            change_township(session, township(session).code, ["register_rule=at_once"])
            worker = appointed(session, "grid_worker", grid=GRID, name="worker")
            large = appointed(session, "grid_worker", grid=GRID, name="large")
            session.execute(
                text("UPDATE account SET density = 'elder' WHERE id = :id"), {"id": large}
            )
        # A task that is open, and a house that is gone.
        opened_task = opened(engine, town.account, HEAD, PIPE)
        assert opened_task == 1
        with acting(web_engine(engine), worker) as session:
            entries.enter(
                session,
                "house_gone",
                3,
                said={"gone": "mistake", "homes": "out"},
                client_id="elder",
            )
        app = app_over(engine)
        with served(app) as host, chromium() as browser:
            pages_of = {}
            for name_, account, (width, height) in (
                ("phone", worker, SIZES[0]), ("desk", large, SIZES[1]), ("large", large, SIZES[0])
            ):  # fmt: skip
                context = browser.new_context(
                    base_url=host, locale="zh-CN", viewport={"width": width, "height": height}
                )
                name, value = session_cookie(app, engine, account).split("=", 1)
                context.add_cookies([{"name": name, "value": value, "url": host}])
                pages_of[name_] = context.new_page()
            yield pages_of
            for page in pages_of.values():
                page.context.close()


@pytest.fixture
def page(pages: dict[str, Page]) -> Page:
    return pages["desk"]


@pytest.mark.parametrize("path", PAGES)
def test_nothing_on_a_worker_s_page_is_too_fine_too_small_or_too_close(
    pages: dict[str, Page], path: str
):
    found = {}
    for name, page in pages.items():
        if name == "large" and path not in CHOSEN:
            continue
        for language in ("zh", "en"):
            page.goto(f"{path}{'&' if '?' in path else '?'}lang={language}")
            page.evaluate(AXE.read_text())
            if wrong := hard(page):
                found[language, name] = wrong
    assert found == {}


def test_what_practice_says_in_the_end_is_large_too(pages: dict[str, Page]):
    found = {}
    for name, page in pages.items():
        page.goto("/practice/verify?lang=zh")
        page.locator("main form[action^='/practice/verify'] button").first.click()
        page.get_by_text("做对了").first.wait_for()
        page.evaluate(AXE.read_text())
        if wrong := hard(page):
            found[name] = wrong
    assert found == {}


def test_every_page_of_the_rooms_that_a_worker_may_enter_is_among_them(page: Page):
    page.goto("/?lang=zh")
    offered = page.evaluate(
        "[...document.querySelectorAll('.shell-menu nav a, .shell-account nav a')].map((a) => new URL(a.href).pathname)"
    )
    assert len(offered) > 20
    assert set(offered) - {path.split("?")[0] for path in PAGES} - SHUT.keys() == set()


def test_a_page_is_read_aloud_where_the_device_has_a_voice(page: Page):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto("/register/house/1?lang=zh")
    assert page.locator(".aloud").count() == 0
    # A device with a voice, which writes down what it is given.
    page.context.add_init_script(
        """window.said = [];
        class Utterance extends EventTarget { constructor(text) { super(); this.text = text; } }
        const speech = { speaking: false, getVoices: () => [{ lang: "zh-CN" }], cancel() { this.speaking = false; },
          speak(one) { this.speaking = true; window.said.push(one.text); }, addEventListener() {} };
        Object.defineProperty(window, "speechSynthesis", { value: speech });
        Object.defineProperty(window, "SpeechSynthesisUtterance", { value: Utterance });"""
    )
    page.goto("/register/house/1?lang=zh")
    page.get_by_role("button", name="朗读本页").click()
    said = page.evaluate("window.said")
    assert said[0] == page.locator("h1").inner_text()
    assert any("测*" in line for line in said)
    page.get_by_role("button", name="停止朗读").click()
    assert page.evaluate("window.speechSynthesis.speaking") is False
    page.evaluate(AXE.read_text())
    assert hard(page) == {}
