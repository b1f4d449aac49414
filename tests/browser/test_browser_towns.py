"""A store of three townships on the phone: the choice, and whose leader is called."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from gisgrid.db.cluster import Cluster
from tests.support.looks import picture
from tests.support.three_towns import MARKS, TOWNS, Towns, three_towns
from tests.support.web import chromium, served

pytestmark = pytest.mark.browser
FIRST, SECOND, THIRD = TOWNS


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def towns(cluster: Cluster, template: str) -> Iterator[Towns]:
    with three_towns(cluster, template) as towns:
        yield towns


@pytest.fixture(scope="module")
def host(towns: Towns) -> Iterator[str]:
    with served(towns.app) as host:
        yield host


def phone(browser: Browser, towns: Towns, host: str, at: str, cookie: str = "") -> Page:
    lon, lat = towns.towns[at].spot
    context = browser.new_context(
        viewport={"width": 360, "height": 740},
        geolocation={"longitude": lon, "latitude": lat, "accuracy": 5},
        permissions=["geolocation"],
    )
    if cookie:
        name, _, value = cookie.partition("=")
        context.add_cookies([{"name": name, "value": value, "url": host}])
    page = context.new_page()
    page.set_default_timeout(30_000)
    return page


def ready(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("html[data-ready]", state="attached")


def tap_here(page: Page) -> str:
    page.click("#here")
    page.wait_for_selector("#answer h2, #answer .bad")
    return page.inner_text("#answer")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_stranger_chooses_once_and_the_phone_keeps_it(
    browser: Browser, towns: Towns, host: str, lang: str
):
    page = phone(browser, towns, host, SECOND)
    page.goto(f"{host}/lookup?lang={lang}")
    assert page.url.startswith(f"{host}/town?")
    picture(page, f"towns-choose-{lang}.png")
    buttons = page.locator("form button")
    assert [text for text in buttons.all_inner_texts() if THIRD in text] != []
    assert buttons.count() == len(TOWNS)
    buttons.nth(TOWNS.index(SECOND)).click()
    page.wait_for_selector("html[data-ready]", state="attached")
    assert SECOND in page.inner_text(".shell-town")
    ready(page, f"{host}/lookup")
    assert SECOND in page.inner_text(".shell-town"), "asked once"
    answer = tap_here(page)
    picture(page, f"towns-answer-{lang}.png")
    assert f"测{MARKS[SECOND]}长" in answer and ("同名镇" in answer or "Same Town" in answer)
    # Without a connection the page and its data are that township's.
    page.context.set_offline(True)
    assert f"测{MARKS[SECOND]}长" in tap_here(page)
    page.context.close()


def test_the_telephone_is_that_of_the_answers_leader(browser: Browser, towns: Towns, host: str):
    """Who belongs to the second township has the page of the first open, and stands at home."""
    cookie = towns.cookies["dispatcher", SECOND]
    page = phone(browser, towns, host, SECOND, cookie)
    ready(page, f"{host}/lookup?township={FIRST}")
    assert f"测{MARKS[SECOND]}长" in tap_here(page)
    page.click("#answer button.send")
    page.wait_for_selector("#answer a[href^='tel:']")
    assert page.get_attribute("#answer a[href^='tel:']", "href") == "tel:19900001002"
    page.context.close()


def test_of_a_grid_of_the_same_code_next_door_no_number_is_told(
    browser: Browser, towns: Towns, host: str
):
    cookie = towns.cookies["grid_worker", FIRST]
    page = phone(browser, towns, host, SECOND, cookie)
    ready(page, f"{host}/lookup")
    assert FIRST in page.inner_text(".shell-town"), "their own, without being asked"
    assert f"测{MARKS[SECOND]}长" in tap_here(page)
    page.click("#answer button.send")
    page.wait_for_selector("#answer p.bad")
    assert page.locator("#answer a[href^='tel:']").count() == 0
    picture(page, "towns-next-door.png")
    page.context.close()


def test_a_report_next_door_says_to_whom_it_goes(browser: Browser, towns: Towns, host: str):
    cookie = towns.cookies["grid_worker", FIRST]
    page = phone(browser, towns, host, SECOND, cookie)
    page.goto(f"{host}/report?lang=zh")
    page.click("details.majors summary, .majors summary")
    page.click(".minors label")
    page.click("#here")
    page.wait_for_selector("#handed")
    said = page.inner_text("#handed")
    assert said == f"该位置属于同名镇（{SECOND}），将由其办理。"
    picture(page, "towns-report.png", full_page=True)
    page.click("#send")
    page.wait_for_selector("#problem .note, #code, #problem .bad")
    if page.locator("#code").count() == 0:
        page.click("#send")
        page.wait_for_selector("#code")
    assert f"（{SECOND}）" in page.inner_text("#town")
    picture(page, "towns-followed.png", full_page=True)
    page.context.close()
