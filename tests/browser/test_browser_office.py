"""The office's pages in headless Chromium: looked at in both languages, at a desk and on a phone, and used."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine, text

from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from tests.support.database import own_database
from tests.support.looks import faults, shots
from tests.support.office import TOWN, staffed_town
from tests.support.web import app_over, chromium, close, served

pytestmark = pytest.mark.browser

GRID = "999901001001001"
PAGES = {
    "accounts": "/office/accounts",
    "accounts-none": "/office/accounts?q=nobody",
    "account": "/office/accounts/{clerk}",
    "account-own": "/office/accounts/{root}",
    "account-new": "/office/accounts/new",
    "accounts-several": "/office/accounts/several",
    "teams": "/office/teams",
    "teams-leaderless": "/office/teams?lacks=leader",
    "township": "/office/township",
    "calendar": "/office/township/calendar",
    "calendar-proposed": "/office/township/calendar?propose=2026&hours=08:30-12:00+14:00-17:30",
    "weights": "/office/township/weights",
    "channels": "/office/channels",
    "retention": "/office/retention",
    "team": "/office/teams/999901001001001",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def town(cluster: Cluster, template: str) -> Iterator[tuple[str, dict[str, int], Engine]]:
    """The address of the pages as the administrator of everything, the accounts, and the store."""
    with own_database(cluster, template, "office") as engine:
        with transaction(engine) as session:
            made = staffed_town(session)
        app = app_over(engine, account=made["root"])
        with served(app) as host:
            yield host, made, engine
            close(app)


def opened(browser: Browser, width: int = 1440) -> Page:
    page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
    page.set_default_timeout(30_000)
    return page


def test_axe_finds_no_violation_and_nothing_is_too_small_or_too_wide(
    browser: Browser, town: tuple[str, dict[str, int], Engine]
):
    host, made, _ = town
    page = opened(browser)
    found: dict[str, object] = {}
    for name, path in PAGES.items():
        for lang in ("en", "zh"):
            found |= faults(page, host, path.format(**made), lang)
            shots(page, f"office-{name}-{lang}")
    page.context.close()
    assert not found, "\n".join(f"{where}: {what}" for where, what in found.items())


def test_an_account_is_made_and_its_slip_is_fit_for_paper(
    browser: Browser, town: tuple[str, dict[str, int], Engine]
):
    host, _, engine = town
    page = opened(browser)
    page.goto(f"{host}/office/accounts/new?lang=en")
    page.fill("#name", "worker.hua")
    page.fill("#shown", "测试花")
    page.select_option("#role", "planner")
    page.select_option("#area", TOWN)
    page.fill("#grid", GRID)
    page.click("text=Make the account")
    assert page.is_visible("text=The role planner is held at the level of")
    assert page.input_value("#shown") == "测试花", "nothing typed is lost"
    page.fill("#grid", "")
    page.click("text=Make the account")
    page.wait_for_selector("[data-slip='worker.hua']")
    assert page.locator(".slip-code img").evaluate("(e) => e.complete && e.naturalWidth > 40")
    secret = page.inner_text("[data-password]")
    assert re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", secret)
    for lang in ("en",):
        shots(page, f"office-slip-{lang}")
    page.emulate_media(media="print")
    assert not page.is_visible("text=Shown this once") and page.is_visible("[data-password]")
    assert not page.is_visible("header")
    page.emulate_media(media="screen")
    page.goto(f"{host}/office/accounts?lang=en&q=hua")
    assert "first password" in page.inner_text("[data-account='worker.hua']")
    page.click("text=worker.hua")
    page.click("summary:has-text('New password')")
    page.click("button:text-is('Make the slip …')")
    assert page.is_visible("dialog[open] >> text=opens nothing any more")
    page.click("dialog[open] >> text=Cancel")
    page.click("button:text-is('Make the slip …')")
    page.click("dialog[open] >> button:text-is('Make the slip')")
    assert page.inner_text("[data-password]") != secret
    page.goto(f"{host}/office/accounts?lang=en&q=hua")
    page.click("text=worker.hua")
    page.click("[data-opens=off]")
    assert page.is_visible("dialog >> text=Its sessions end at once")
    page.click("dialog[open] >> text=Switch it off")
    page.wait_for_selector("text=The account is off.")
    page.context.close()
    with transaction(engine) as session:
        assert session.scalar(text("SELECT active FROM account WHERE name = 'worker.hua'")) is False


def test_a_staff_list_is_tried_and_made_in_the_browser(
    browser: Browser, town: tuple[str, dict[str, int], Engine]
):
    host, _, _ = town
    page = opened(browser)
    page.goto(f"{host}/office/accounts/several?lang=en")
    rows = f"code,name,role,grid\nB1,测试乙,worker,{GRID}\nB2,测试丙,wizard,{GRID}\n"
    page.set_input_files(
        "#file", {"name": "list.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    )
    page.click("button:has-text('See what would be made')")
    page.wait_for_selector("[data-count=made]")
    assert page.inner_text("[data-count=made] strong") == "1"
    assert page.inner_text("[data-count=refused] strong") == "1"
    assert page.is_visible("text=There is no role 'wizard'")
    shots(page, "office-several-tried-en")
    page.fill("#list", page.input_value("#list").replace("wizard", "leader"))
    page.click("button:has-text('See what would be made')")
    page.wait_for_selector("[data-count=made] strong:has-text('2')")
    page.click("text=Make them, and show the slips")
    page.wait_for_selector("[data-slip=b2]")
    assert page.locator("[data-slip]").count() == 2
    page.context.close()
