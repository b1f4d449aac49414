"""The import desk in headless Chromium: each state looked at, by the keyboard, and what breaks off."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Browser, Page

from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from tests.support.accounts import appointed
from tests.support.database import own_database
from tests.support.imports import Desk, at_desk
from tests.support.looks import faults, shots
from tests.support.web import app_over, chromium, close, fill_town, served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


HOUSES = """房屋编码,地址,经度,纬度,备注,检查日期
N1,虚构路901号,120.9021,40.7011,新建,2023-05-01
N2,虚构路902号,120.9022,40.7012,,2023-05-02
N3,虚构路903号,一百二,40.7013,,2023-05-03
"""


@pytest.fixture(scope="module")
def states(cluster: Cluster, template: str) -> Iterator[tuple[str, dict[str, int], Any]]:
    """Address of the desk, an import in each state, and the desk itself."""
    with own_database(cluster, template, "states") as engine:
        with transaction(engine) as session:
            fill_town(session, columns=3, rows=3, houses=40, events=20)
            account = appointed(session, "administrator", name="office")
        office = at_desk(engine, account)
        made = {}
        for k, state in enumerate(("looked", "checked", "imported", "foreseen", "undone")):
            made[state] = office.send(HOUSES.replace("N", "ABCDE"[k]), f"房屋 {state}.csv")
            if k:
                office.check(made[state], crs="wgs84")
            if k > 1:
                office.press(made[state], "commit")
            if k > 2:
                office.press(made[state], "foresee")
        office.press(made["undone"], "undo")
        made["failed"] = office.send(HOUSES, "房屋 failed.csv")
        office.check(made["failed"], crs="")
        book = openpyxl.Workbook()
        for title in ("一组", "二组"):
            book.create_sheet(title).append(["房屋编码", "地址"])
        del book["Sheet"]
        out = io.BytesIO()
        book.save(out)
        made["several"] = office.send(out.getvalue(), "several.xlsx")
        made["waiting"] = office.send(HOUSES.replace("N", "W"), "waiting.csv")
        office.check(made["waiting"], crs="wgs84", work=False)
        assert {state: office.found(n).stage for state, n in made.items()} == {
            "looked": "looked", "checked": "checked", "imported": "imported", "foreseen": "imported",
            "undone": "undone", "failed": "looked", "several": "looked", "waiting": "looked",
        }  # fmt: skip
        app = app_over(engine, account=account)
        with served(app) as host:
            yield host, made, office
            close(app)


def person(browser: Browser, host: str, office: Desk, width: int = 1440) -> Page:
    """A page of the one account of the desk."""
    page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
    page.set_default_timeout(30_000)
    return page


def test_axe_finds_no_violation_in_any_state_and_nothing_is_too_small_or_too_wide(
    browser: Browser, states: tuple[str, dict[str, int], Desk]
):
    host, made, office = states
    page = person(browser, host, office)
    found: dict[str, object] = {}
    for state, number in {"": 0, **made}.items():
        for lang in ("en", "zh"):
            found |= faults(page, host, f"/office/import{f'/{number}' if number else ''}", lang)
            shots(page, f"import-{state or 'list'}-{lang}")
    page.context.close()
    assert not found, "\n".join(f"{where}: {what}" for where, what in found.items())


def test_all_is_done_by_the_keyboard(browser: Browser, states: tuple[str, dict[str, int], Desk]):
    host, made, office = states
    page = person(browser, host, office)
    page.goto(f"{host}/office/import/{made['checked']}?lang=en")
    if page.locator("[name=aside]").count():
        page.focus("[name=aside]")
        page.keyboard.press("Space")
    page.focus("button:has-text('Import it')")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-busy]")
    office.work()
    page.wait_for_selector("text=See it on the map")
    page.goto(f"{host}/office/import/{made['foreseen']}?lang=en")
    page.focus("[data-opens=ask]")
    page.keyboard.press("Enter")
    assert page.is_visible("dialog >> text=Take the import")
    page.keyboard.press("Escape")
    assert not page.is_visible("dialog")
    page.context.close()


def test_a_dead_upload_says_so_and_the_file_is_still_chosen(
    browser: Browser, states: tuple[str, dict[str, int], Desk], tmp_path: Path
):
    host, _, office = states
    page = person(browser, host, office)
    page.goto(f"{host}/office/import?lang=en")
    file = tmp_path / "houses.csv"
    file.write_text(HOUSES, encoding="utf-8")
    before = office.scalar("SELECT count(*) FROM file_import")
    page.context.route("**/office/import", lambda route: route.abort("connectionreset"))
    page.set_input_files("#file", file)
    page.click("text=Send and look at it")
    page.wait_for_selector("text=The connection broke off; nothing was kept.")
    assert page.evaluate("document.getElementById('file').files[0].name") == "houses.csv"
    assert office.scalar("SELECT count(*) FROM file_import") == before
    page.set_input_files("#file", {"name": "e.csv", "mimeType": "text/csv", "buffer": b""})
    assert page.is_visible("text=The file is empty; nothing was sent.")
    page.context.close()


def test_a_file_of_two_gigabytes_is_refused_before_it_is_sent(
    browser: Browser, states: tuple[str, dict[str, int], Desk], tmp_path: Path
):
    host, _, office = states
    page = person(browser, host, office)
    page.goto(f"{host}/office/import?lang=en")
    huge = tmp_path / "huge.csv"
    with huge.open("wb") as file:
        file.truncate(2 << 30)  # holds nothing, and takes no room
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    page.set_input_files("#file", huge)
    page.click("text=Send and look at it")
    assert page.is_visible("text=The file is larger than 200 MB; nothing was sent.")
    assert "POST" not in asked
    page.context.close()
