"""Jobs, documents and training in headless Chromium: looked at by those whose pages they are, and walked from end to end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine, text

from gisgrid.core.plans import township
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.jobs import drills, worker
from gisgrid.planning.snapshot.fetch import today
from tests.support.database import own_database
from tests.support.jobs import busy_town
from tests.support.learning import handed_out, reading_town
from tests.support.looks import faults, shots
from tests.support.web import app_over, chromium, close, served, session_cookie

pytestmark = pytest.mark.browser

PAGES = {
    "root": {"jobs": "/office/jobs", "backups": "/office/backups"},
    "planner": {"jobs-failed": "/office/jobs?state=failed"},
    "loader": {
        "documents": "/office/documents", "document": "/office/documents/F-2026-01", "draft": "/office/drafts/{draft}",
        "trainings": "/office/training", "session": "/office/training/of/T-01", "session-to-come": "/office/training/of/T-02",
        "profiles": "/office/training/profiles", "profile": "/office/training/profiles/W-near",
        "readers": "/document-readers/F-2026-01", "subjects": "/office/subjects",
    },
    "clerk": {"drafts": "/drafts", "draft-asked": "/drafts/{draft}"},
    "near": {"today": "/", "read-list": "/documents", "read": "/documents/F-2026-01", "read-pdf": "/documents/F-2026-02"},
}  # fmt: skip
"""By who opens them."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def town(
    cluster: Cluster, template: str
) -> Iterator[tuple[str, dict[str, int], dict[str, str], Engine]]:
    """The address of the pages, numbers, a cookie for each who opens them, and the store."""
    with own_database(cluster, template, "learning") as engine:
        with transaction(engine) as session:
            made = busy_town(session, reading_town(session))
            made |= handed_out(session)
            session.execute(
                text(
                    "INSERT INTO backup (path, size, sha256, keep_until) "
                    "VALUES ('/nowhere/town.dump', 12345678, repeat('ab', 32), current_date + 30)"
                )
            )
            drills.ask(session, session.scalar(text("SELECT max(id) FROM backup")) or 0, who="root")
        drills.do_asked(engine)
        worker.do_scheduled(engine, {})
        app = app_over(engine)
        cookies = {who: session_cookie(app, engine, made[who]) for who in PAGES}
        with served(app) as host:
            yield host, made, cookies, engine
            close(app)


def opened(browser: Browser, host: str, cookie: str, width: int = 1440) -> Page:
    context = browser.new_context(viewport={"width": width, "height": 900})
    name, _, value = cookie.partition("=")
    context.add_cookies([{"name": name, "value": value, "url": host}])
    page = context.new_page()
    page.set_default_timeout(30_000)
    return page


@pytest.mark.parametrize("who", PAGES)
def test_axe_finds_no_violation_and_nothing_is_too_small_or_too_wide(
    browser: Browser, town: tuple[str, dict[str, int], dict[str, str], Engine], who: str
):
    host, made, cookies, _ = town
    page = opened(browser, host, cookies[who])
    found: dict[str, object] = {}
    for name, path in PAGES[who].items():
        for lang in ("en", "zh"):
            found |= faults(page, host, path.format(**made), lang)
            shots(page, f"learning-{name}-{lang}")
    page.context.close()
    assert not found, "\n".join(f"{where}: {what}" for where, what in found.items())


def test_a_document_is_issued_read_on_a_phone_and_the_list_says_so(
    browser: Browser, town: tuple[str, dict[str, int], dict[str, str], Engine]
):
    host, _, cookies, engine = town
    with transaction(engine) as session:
        due = (today(township(session)) + timedelta(days=3)).isoformat()
    office = opened(browser, host, cookies["loader"])
    office.goto(f"{host}/office/documents?lang=en")
    office.click("summary:has-text('Issue a new document')")
    office.click("#new button:text-is('Issue …')")
    assert not office.is_visible("dialog[open]"), "what the form lacks is said first"
    office.fill("#new #code", "F-9")
    office.fill("#new #title", "入户须知（虚构）")
    office.check("#new [value=worker]")
    office.check("#new [value='999901001001']")
    office.fill("#new #due_on", "2020-01-01")
    text_file = {"name": "须知.txt", "mimeType": "text/plain", "buffer": "敲门三声。".encode()}
    office.set_input_files("#new [type=file]", text_file)
    office.click("#new button:text-is('Issue …')")
    assert office.is_visible("dialog[open] >> text=It cannot be taken back")
    office.click("dialog[open] >> button:text-is('Issue')")
    assert office.is_visible("text=It would have to be read by 2020-01-01")
    assert office.input_value("#new #title") == "入户须知（虚构）", "nothing typed is lost"
    assert office.is_checked("#new [value=worker]")
    office.fill("#new #due_on", due)
    office.set_input_files("#new [type=file]", text_file)
    office.click("#new button:text-is('Issue …')")
    assert office.is_visible("dialog[open] >> text=It cannot be taken back")
    office.click("dialog[open] >> button:text-is('Issue')")
    office.wait_for_selector("text=Version 1 is issued")
    assert office.inner_text("[data-count=asked]").split() == ["1", "asked"]

    phone = opened(browser, host, cookies["near"], width=360)
    phone.goto(f"{host}/?lang=zh")
    phone.click("[data-card=documents] >> text=入户须知（虚构）")
    assert phone.is_visible(f"text=请于 {due} 前阅读") and phone.is_visible("text=敲门三声。")
    button = phone.locator("button:has-text('我已阅读')")
    box = button.bounding_box()
    assert box is not None and box["height"] >= 60 and box["width"] >= 60
    button.click()
    phone.wait_for_selector("text=已读")
    phone.goto(f"{host}/?lang=zh")
    assert not phone.is_visible("[data-card=documents] >> text=入户须知（虚构）")

    office.goto(f"{host}/office/documents?lang=en")
    assert office.inner_text("[data-document='F-9'] [data-head='Have read it']") == "1 / 1"
    office.goto(f"{host}/document-readers/F-9?lang=en")
    assert "read on" in office.inner_text("main tr:has-text('测试near')")
    for page in (office, phone):
        page.context.close()


def test_a_job_asks_before_it_is_stopped_and_a_session_is_ticked_whole(
    browser: Browser, town: tuple[str, dict[str, int], dict[str, str], Engine]
):
    host, made, cookies, _ = town
    page = opened(browser, host, cookies["root"])
    page.goto(f"{host}/office/jobs?lang=en")
    row = page.locator(f"[data-job='plan-{made['runs']}']")
    row.locator("button:has-text('Stop …')").click()
    assert page.is_visible("dialog[open] >> text=What was computed so far is lost")
    page.click("dialog[open] >> text=Stop it")
    page.wait_for_selector("text=The job is stopped.")
    assert "cancelled" in row.inner_text()
    page.context.close()
    page = opened(browser, host, cookies["loader"])
    page.goto(f"{host}/office/training/of/T-00?lang=en")
    page.click("text=Tick all")
    ticked = page.locator("[name=staff]").count()
    page.click("text=Keep who took part")
    page.wait_for_selector(f"text={ticked} more took part")
    assert page.inner_text("[data-count=attended]") == str(ticked)
    page.context.close()
