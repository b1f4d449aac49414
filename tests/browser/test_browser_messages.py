"""News on open pages: the badge counts, an emergency shows by itself, one connection serves all pages of a browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.plans import plan_by_id, township_by_id
from gisgrid.db.store import transaction
from gisgrid.planning.editor.scenarios import branch
from gisgrid.planning.review.review import take_step
from tests.support.case_town import Peopled
from tests.support.looks import faults
from tests.support.outbox import CANARY, CANARY_PHONE, TownOfNews, everybody
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


@pytest.fixture
def town(engine: Engine, made: Peopled) -> TownOfNews:
    return TownOfNews(engine, made)


@pytest.fixture
def app(town: TownOfNews) -> Flask:
    return app_over(town.engine)


def context_of(
    browser: Browser, host: str, app: Flask, town: TownOfNews, who: str, **more: Any
) -> BrowserContext:
    context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **more})
    name, _, value = session_cookie(app, town.engine, town.people[who]).partition("=")
    context.add_cookies([{"name": name, "value": value, "url": host}])
    return context


def listening(app: Flask, n: int) -> None:
    """Until so many connections of pages are open."""
    found = app.extensions["gisgrid.streams"]
    assert eventually(lambda: len(found) == n and app.extensions["gisgrid"].listener.listening)


def test_an_emergency_shows_within_two_seconds_on_each_open_page_and_goes_when_it_is_read(
    browser: Browser, town: TownOfNews, app: Flask
):
    with served(app) as host:
        context = context_of(browser, host, app, town, "leader")
        pages: list[Page] = []
        for path in ("/me", "/", "/cases/mine"):
            page = context.new_page()
            page.goto(f"{host}{path}?lang=en")
            pages.append(page)
        other = context_of(browser, host, app, town, "planner").new_page()
        other.goto(f"{host}/me?lang=en")
        # The three of the leader share one.
        listening(app, 2)
        case = town.seen_now(emergency=True)
        code = town.value("SELECT code FROM event")
        for page in pages:
            alarm = page.locator("#urgent")
            expect(alarm).to_contain_text(f"Emergency: case {code}", timeout=TWO_SECONDS_MS)
            expect(page.locator("#messages-count")).to_have_text("1")
            expect(page.locator("#messages")).to_have_attribute("aria-label", "Messages: 1 unread")
            assert CANARY not in alarm.inner_text() and CANARY_PHONE not in alarm.inner_text()
        expect(other.locator("#messages-count")).to_be_hidden()
        # The page that held the connection goes; another takes its place and hears what comes next.
        pages.pop(0).close()
        listening(app, 2)
        town.seen_now(emergency=True)
        for page in pages:
            expect(page.locator("#messages-count")).to_have_text("2", timeout=5_000)
        pages[0].locator("#urgent").get_by_role("button", name="See it").click()
        expect(pages[0]).to_have_url(re.compile(r"/cases/\d+$"))
        assert case
        for page in pages:
            expect(page.locator("#messages-count")).to_have_text("1")
        for each in (context, other.context):
            each.close()


def test_a_sound_rings_on_one_page_for_who_wants_it_and_has_touched_the_page(
    browser: Browser, town: TownOfNews, app: Flask
):
    with served(app) as host:
        context = context_of(browser, host, app, town, "leader")
        page = context.new_page()
        page.goto(f"{host}/messages/settings?lang=en")
        page.get_by_label("Ring when a message comes").check()
        page.get_by_role("button", name="Try the sound").click()
        expect(page.locator("html")).to_have_attribute("data-rang", "1")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Kept.")).to_be_visible()
        page.locator("h1").click()
        listening(app, 1)
        expect(page.locator("#messages")).to_have_attribute("aria-label", "Messages: none unread")
        town.seen_now(emergency=True)
        expect(page.locator("html")).to_have_attribute("data-rang", "3")
        context.close()


@pytest.mark.parametrize("locks", [True, False])
def test_one_page_that_was_touched_rings_whichever_hears_the_news(
    browser: Browser, town: TownOfNews, app: Flask, locks: bool
):
    """Without https a browser has no locks; the pages take turns all the same, one connection for all."""
    with served(app) as host:
        context = context_of(browser, host, app, town, "leader")
        if not locks:
            context.add_init_script("delete Navigator.prototype.locks")
        first = context.new_page()
        first.goto(f"{host}/messages/settings?lang=en")
        first.get_by_label("Ring when a message comes").check()
        first.get_by_role("button", name="Save").click()
        expect(first.get_by_text("Kept.")).to_be_visible()
        listening(app, 1)
        pages = [context.new_page(), context.new_page()]
        for page in pages:
            page.goto(f"{host}/messages?lang=en")
            expect(page.locator("#messages")).to_have_attribute(
                "aria-label", "Messages: none unread"
            )
        pages[1].locator("h1").click()
        listening(app, 1)
        town.seen_now(emergency=True)
        for page in (first, *pages):
            expect(page.locator("#messages-count")).to_have_text("1", timeout=TWO_SECONDS_MS)
        expect(pages[1].locator("html")).to_have_attribute("data-rang", "3")
        assert pages[0].locator("html").get_attribute("data-rang") is None
        # The one that heard goes; another takes its turn.
        first.close()
        listening(app, 1)
        town.seen_now(emergency=True)
        for page in pages:
            expect(page.locator("#messages-count")).to_have_text("2", timeout=5_000)
        context.close()


def test_a_plan_that_is_submitted_changes_the_number_of_who_reviews(
    browser: Browser, town: TownOfNews, app: Flask
):
    with served(app) as host:
        page = context_of(browser, host, app, town, "reviewer").new_page()
        page.goto(f"{host}/?lang=en")
        number = page.locator("[data-card=in_review] .card-number")
        expect(number).to_have_text("0")
        listening(app, 1)
        with transaction(town.engine) as session:
            place = township_by_id(session, town.place.id)
            base = plan_by_id(session, session.scalar(text("SELECT id FROM plan")) or 0)
            draft = branch(session, base, name="2027", who="planner.ce")
            take_step(session, place, draft, "submit", who="planner.ce")
        expect(number).to_have_text("1")
        page.context.close()


def test_the_pages_of_messages_are_fit_to_be_read(browser: Browser, town: TownOfNews, app: Flask):
    town.run(
        "INSERT INTO outbox_channel (channel, addressed, config, secret) VALUES ('email', true, '{}', ''), "
        "('webhook', true, '{}', '')"
    )
    town.seen_now(emergency=True)
    town.seen_now(emergency=True)
    with served(app) as host:
        context = context_of(browser, host, app, town, "leader")
        page = context.new_page()
        found = {}
        for path in ("/messages", "/messages/settings"):
            for lang in ("zh", "en"):
                found |= faults(page, host, path, lang)
        context.close()
    assert found == {}
