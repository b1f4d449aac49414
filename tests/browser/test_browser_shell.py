"""All pages in headless Chromium under one header: no violation for axe, nothing too small, nothing wider than the screen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine, text

from gisgrid.cases.bulk import open_loaded
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from tests.support.accounts import appointed
from tests.support.database import own_database
from tests.support.looks import faults
from tests.support.web import app_over, chromium, close, fill_town, served, session_cookie

pytestmark = pytest.mark.browser

GRID = "999901001001001"
PAGES = {
    "": ("/", "/map", "/lookup", "/report", "/find", "/account/login", "/report/ABCD2-3456Z", "/nothing"),
    "township_government": (
        "/", "/dispatch", "/cases/mine", "/notices", "/dispatch/new", "/dispatch/emergency", "/open-problems",
        "/register", "/visits", "/stale", "/figures", "/matters", "/matters/compare", "/figures/burden", "/figures/register",
        "/documents", "/drafts", "/training", "/me", "/account/change", f"/register/grid/{GRID}",
        "/register/house/1", "/cases/1", "/find?q=第1网格",
    ),
    "planner": ("/", "/plan/", "/shortage"),
    "administrator": ("/", "/components", "/office/import"),
    "grid_leader": ("/", "/register/house/1", "/register/house/1/enter/visit", "/register/house/1/enter/household-in"),
    "community_clerk": ("/", "/register/changes"),
}  # fmt: skip
"""Those that are looked at as each role; the public's have no role."""
ALSO_IN_CHINESE = {"/", "/report", "/dispatch", "/register", "/plan/", "/components"}


@pytest.fixture(scope="module")
def town(cluster: Cluster, template: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The address of the town's pages, and a cookie for each role."""
    with own_database(cluster, template, "shell") as engine:
        with transaction(engine) as session:
            made = fill_town(session, columns=3, rows=3, houses=40, events=60)
            session.execute(text("UPDATE event SET due_at = now() WHERE code LIKE '%3'"))
            open_loaded(session, made.township_id)
            accounts = {
                role: appointed(
                    session, role, "999901001001" if role == "community_clerk" else None,
                    grid=GRID if role == "grid_leader" else None, name=role,
                )
                for role in PAGES
                if role
            }  # fmt: skip
        app = app_over(engine)
        with served(app) as host:
            yield host, cookies(app, engine, accounts)
            close(app)


def cookies(app: Flask, engine: Engine, accounts: dict[str, int]) -> dict[str, str]:
    return {role: session_cookie(app, engine, account) for role, account in accounts.items()}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def as_role(browser: Browser, town: tuple[str, dict[str, str]], role: str, width: int) -> Page:
    host, known = town
    context = browser.new_context(viewport={"width": width, "height": 900})
    if role:
        name, _, value = known[role].partition("=")
        context.add_cookies([{"name": name, "value": value, "url": host}])
    page = context.new_page()
    page.set_default_timeout(30_000)
    return page


@pytest.mark.parametrize("role", PAGES)
def test_axe_finds_no_violation_and_nothing_is_too_small_or_too_wide(
    browser: Browser, town: tuple[str, dict[str, str]], role: str
):
    page = as_role(browser, town, role, 1440)
    found: dict[str, object] = {}
    for path in PAGES[role]:
        for lang in ("en", "zh") if path in ALSO_IN_CHINESE else ("en",):
            found |= faults(page, town[0], path, lang)
    page.context.close()
    assert not found, "\n".join(f"{where}: {what}" for where, what in found.items())


def test_a_phone_has_the_four_ways_below_and_everything_else_in_the_menu(
    browser: Browser, town: tuple[str, dict[str, str]]
):
    page = as_role(browser, town, "grid_leader", 390)
    page.goto(f"{town[0]}/?lang=en")
    below = page.locator(".shell-below a")
    assert below.all_inner_texts() == ["Today", "Look-up", "Report", "My grid"]
    assert not page.is_visible(".shell-rooms")
    page.click(".shell-menu summary")
    page.click(".shell-menu a:has-text('Rule book')")
    assert page.url.startswith(f"{town[0]}/matters")
    below.nth(3).click()
    assert f"/register/grid/{GRID}" in page.url
    page.context.close()


def test_larger_text_is_kept_on_every_page(browser: Browser, town: tuple[str, dict[str, str]]):
    page = as_role(browser, town, "township_government", 1440)
    size = "parseFloat(getComputedStyle(document.documentElement).fontSize)"
    page.goto(f"{town[0]}/")
    assert page.evaluate(size) == 15
    page.click("#larger")
    for path in ("/register", "/map", "/figures"):
        page.goto(f"{town[0]}{path}")
        assert page.evaluate(size) == 18, path
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{town[0]}/register")
    assert page.evaluate(size) == 32, "on a phone all is larger"
    page.context.close()
