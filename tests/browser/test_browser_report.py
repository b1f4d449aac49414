"""Reporting on a phone in headless Chromium: three taps, both grids near a border, nothing lost offline."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page
from sqlalchemy import Engine, text

from gisgrid.core.plans import township
from gisgrid.db.store import transaction
from gisgrid.locate.addresses.gazetteer import index_addresses
from tests.support.accounts import appointed
from tests.support.desks import jpeg
from tests.support.looks import picture
from tests.support.phones import INSIDE, NEAR_BORDER, choose, phone, send
from tests.support.web import app_over, chromium, served, session_cookie

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"
PAGE_BYTES = 200_000


@pytest.fixture(scope="module")
def town(cluster: Any, town_template: str) -> Iterator[tuple[Engine, Flask, int, int]]:
    from tests.support.database import own_database

    with own_database(cluster, town_template, "report") as engine:
        with transaction(engine) as session:
            index_addresses(session, township(session).id)
            worker = appointed(session, "grid_worker", grid="999901001207002", name="worker.b")
            dispatcher = appointed(session, "dispatcher", name="dispatcher.shi")
        app = app_over(engine)
        yield engine, app, worker, dispatcher


def sizes(page: Page) -> list[str]:
    """What is smaller than an old hand and an old eye need."""
    return page.evaluate(
        """() => {
          const seen = (e) => e.getClientRects().length && getComputedStyle(e).visibility === "visible";
          const small = [...document.querySelectorAll("button, a, summary, select, label:has(input), textarea, input:not([type=hidden])")]
            .filter((e) => seen(e) && !e.closest("label:has(input)") || e.matches("label:has(input)") && seen(e))
            .filter((e) => e.getBoundingClientRect().height < 59.5).map((e) => `${e.tagName} ${e.textContent.trim().slice(0, 20)}`);
          const fine = [...document.querySelectorAll("body *")].filter((e) => seen(e) && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
            .filter((e) => !e.closest("svg") && parseFloat(getComputedStyle(e).fontSize) < 23.9).map((e) => e.textContent.trim().slice(0, 20));
          const wide = document.documentElement.scrollWidth > innerWidth ? [`${document.documentElement.scrollWidth} px wide`] : [];
          return [...small, ...fine, ...wide];
        }"""
    )


def test_a_report_by_phone_from_three_taps_to_the_code(town: tuple[Engine, Flask, int, int]):
    engine, app, worker, _ = town
    cookie = session_cookie(app, engine, worker)
    with served(app) as host, chromium() as browser:
        with phone(browser, host, INSIDE) as page:
            picture(page, "report-empty-360-zh.png", full_page=True)
            assert sizes(page) == []
            choose(page, "城乡管理", "暴露垃圾")
            assert "青禾社区第二网格" in page.inner_text("#near")
            picture(page, "report-chosen-360-zh.png", full_page=True)
            assert sizes(page) == []
            page.evaluate(AXE.read_text())
            found = page.evaluate("axe.run({ runOnly: ['wcag2a', 'wcag2aa'] })")
            assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []
            page.fill("#text", "楼下垃圾没有人收")
            # No connection: said, kept, and sent once it is there again.
            page.context.set_offline(True)
            page.click("#send")
            page.wait_for_selector("#problem .bad")
            assert page.input_value("#text") == "楼下垃圾没有人收"
            page.context.set_offline(False)
            code = send(page)
            assert re.fullmatch(r"[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}", code)
            picture(page, "report-followed-360-zh.png", full_page=True)
            assert sizes(page) == []
        with phone(browser, host, NEAR_BORDER, cookie=cookie) as page:
            choose(page, "城乡管理", "暴露垃圾")
            assert page.locator("#near .grid").count() == 2
            picture(page, "report-border-360-zh.png", full_page=True)
            page.set_input_files(
                "input[name=photo]", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": jpeg()}
            )
            send(page)
        with phone(browser, host, INSIDE, cookie=cookie) as page:
            choose(page, "城乡管理", "暴露垃圾")
            page.wait_for_selector("#near .same")
            assert "楼下垃圾没有人收" in page.inner_text("#near")
            picture(page, "report-same-360-zh.png", full_page=True)
            page.click("#near button[name=add]")
            page.wait_for_selector(".good")
        with phone(browser, host, INSIDE, width=1280) as page:
            page.fill("#words", "祥昌巷8号")
            page.dispatch_event("#words", "change")
            page.wait_for_selector("#near .place, #near .options, #near .note")
            picture(page, "report-address-1280-zh.png", full_page=True)
            sizes_sent = page.evaluate(
                "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
                ".reduce((n, e) => n + (e.decodedBodySize || 0), 0)"
            )
            assert 0 < sizes_sent < PAGE_BYTES
    with transaction(engine) as session:
        rows = session.execute(
            text(
                "SELECT source, grid_code FROM event WHERE code LIKE 'R2%' AND source <> '居民电话' ORDER BY id"
            )
        ).all()
    assert [r.source for r in rows] == ["居民上报", "网格员上报"]
    assert rows[0].grid_code == "999901001207002"


def test_pasted_coordinates_are_asked_back_as_a_point(town: tuple[Engine, Flask, int, int]):
    with served(town[1]) as host, chromium() as browser, phone(browser, host, INSIDE) as page:
        page.fill("#words", "40.7021652, 120.8894269")
        page.dispatch_event("#words", "change")
        page.wait_for_selector("#near .place")
        picture(page, "report-typed-point-360-zh.png", full_page=True)
        near = page.inner_text("#near")
        assert "您填写的是坐标：是经度 120.889427、纬度 40.702165 这一点吗？" in near
        assert "石桥社区第四网格" in near


def test_a_dispatcher_finds_the_address_while_the_caller_speaks(
    town: tuple[Engine, Flask, int, int],
):
    engine, app, _, dispatcher = town
    with served(app) as host, chromium() as browser:
        desk = session_cookie(app, engine, dispatcher)
        with phone(browser, host, INSIDE, cookie=desk, width=1280) as page:
            page.goto(f"{host}/dispatch/new")
            page.wait_for_selector("html[data-ready]", state="attached")
            page.fill("#contact", "测试人")
            page.fill("#text", "楼下垃圾没有人收")
            page.select_option("#matter", "0301")
            page.locator("#words").press_sequentially("祥昌巷8")
            page.wait_for_selector("#found li")
            picture(page, "report-telephone-typing-1280-zh.png", full_page=True)
            page.locator("#words").press("ArrowDown")
            page.locator("#words").press("Enter")
            page.wait_for_selector("#near .place")
            picture(page, "report-telephone-1280-zh.png", full_page=True)
            # The Enter key takes it in as one of its own; it never presses "add to it".
            page.locator("#contact").press("Enter")
            page.wait_for_url("**/cases/*")
    with transaction(engine) as session:
        count = session.scalar(
            text("SELECT count(*) FROM event WHERE source = '居民电话' AND code LIKE 'R2%'")
        )
    assert count == 1
