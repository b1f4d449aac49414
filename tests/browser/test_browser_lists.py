"""Lists in headless Chromium: the way to their workbook is there, is no fault, and brings the file."""

from __future__ import annotations

import io
from collections.abc import Iterator

import openpyxl
import pytest
from playwright.sync_api import Browser, Page, expect

from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from tests.support.database import own_database
from tests.support.lists import DAYS, GRID, fill_lists
from tests.support.looks import faults, picture, shots
from tests.support.web import app_over, chromium, close, served

pytestmark = pytest.mark.browser

PAGES = {
    "registers": "/register", "grid": f"/register/grid/{GRID}", "stale": "/stale", "visits": "/visits",
    "training": "/training", "readers": "/document-readers/D1", "shortage": "/shortage",
    "changes": "/register/changes", "aliases": "/register/aliases", "rule-book": "/matters", "burden": f"/figures/burden?{DAYS}",
    "figures": f"/figures?{DAYS}&unit=grid", "rows": f"/figures/rows?{DAYS}", "scenarios": "/plan/",
    "means": "/office/means", "burden-rows": f"/figures/burden/rows?kind=refused&{DAYS}", "backups": "/office/backups", "jobs": "/office/jobs", "documents": "/office/documents", "sessions": "/office/training", "profiles": "/office/training/profiles", "ledger": "/open-problems", "audit": "/office/audit?verify=1", "corrections": "/office/corrections",
}  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def host(cluster: Cluster, town_template: str) -> Iterator[str]:
    with own_database(cluster, town_template, "browser_lists") as engine:
        with transaction(engine) as session:
            made = fill_lists(session)
        app = app_over(engine, account=made["government"])
        with served(app) as host:
            yield host
            close(app)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.set_default_timeout(60_000)
    yield page
    page.context.close()


def test_the_way_to_the_workbook_is_no_fault_of_any_list(page: Page, host: str):
    assert page.request.get(f"{host}/open-problems?as=xlsx").ok, "which the audit then tells"
    found: dict[str, object] = {}
    for name, path in PAGES.items():
        for lang, words in (("en", "Download (XLSX)"), ("zh", "下载（XLSX）")):
            found |= faults(page, host, path, lang)
            assert page.inner_text(".leaves a") == words, name
            shots(page, f"list-{name}-{lang}")
    assert not found, "\n".join(f"{where}: {what}" for where, what in found.items())


def test_on_paper_stands_every_row_that_was_found(page: Page, host: str):
    page.goto(f"{host}/register?lang=en")
    rows = page.locator("table[data-filter] tbody tr")
    counted = page.locator(".table-tools [role=status]")
    every = int(counted.inner_text().split(" / ")[1])
    assert rows.count() == 50 < every
    page.emulate_media(media="print")
    expect(rows).to_have_count(every)
    expect(page.locator(".table-tools")).to_be_hidden()
    expect(page.locator(".table-more")).to_be_hidden()
    page.emulate_media(media="screen")
    expect(rows).to_have_count(50)
    page.fill(".table-tools input", rows.nth(7).locator("td, th").nth(1).inner_text())
    found = int(counted.inner_text().split(" / ")[1])
    assert 0 < found < every
    page.emulate_media(media="print")
    expect(rows).to_have_count(found)


def test_a_list_that_turns_pages_is_sorted_and_narrowed_by_the_store(page: Page, host: str):
    page.goto(f"{host}/stale?lang=en")
    rows = page.locator("table[data-more] tbody tr")
    assert rows.count() == 50 and page.locator(".table-tools input").count() == 0
    page.click("th >> text=Address")
    page.click("th >> text=Address")
    expect(page.locator("th[aria-sort]")).to_have_attribute("aria-sort", "descending")
    last = rows.first.locator("td").first.inner_text()
    page.click("text=Next page")
    # As the browser's own language data has it, where the store sorted by its own.
    before = "([a, b]) => a.localeCompare(b, 'zh', { numeric: true })"
    assert page.evaluate(before, [rows.first.locator("td").first.inner_text(), last]) < 0
    page.emulate_media(media="print")
    expect(rows).to_have_count(500)
    page.emulate_media(media="screen")
    page.fill("#q", last)
    page.press("#q", "Enter")
    expect(page.locator("th[aria-sort]")).to_have_attribute("aria-sort", "descending")
    assert 0 < rows.count() < 50 and last in rows.first.inner_text()


def test_a_click_brings_the_file(page: Page, host: str):
    page.goto(f"{host}/open-problems?lang=en")
    with page.expect_download() as brought:
        page.click("text=Download (XLSX)")
    assert brought.value.suggested_filename == "open_problems-show.xlsx"
    rows = list(openpyxl.load_workbook(io.BytesIO(brought.value.path().read_bytes())).active.values)
    assert [row[0] for row in rows[1:]] == ["L1", "L2"]


def test_what_leaves_the_board_is_what_its_filters_let_through(page: Page, host: str):
    page.goto(f"{host}/dispatch?lang=en&state=all")
    page.wait_for_selector("html[data-ready=true]")
    picture(page, "list-board.png")
    total = page.evaluate("() => document.querySelectorAll('#rows li').length")
    assert 0 < total <= 50, "the board shows a portion"
    with page.expect_download() as whole:
        page.click("#leaves a")
    assert (
        openpyxl.load_workbook(io.BytesIO(whole.value.path().read_bytes())).active.max_row
        == 1 + 510
    )
    page.select_option("[name=state]", "open")
    page.wait_for_function("() => document.querySelectorAll('#rows li').length < 50")
    with page.expect_download() as still_open:
        page.click("#leaves a")
    left = openpyxl.load_workbook(io.BytesIO(still_open.value.path().read_bytes())).active.max_row
    assert left == 1 + page.locator("#rows li").count()
