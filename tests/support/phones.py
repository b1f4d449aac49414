"""A phone in headless Chromium at the page of reports."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from playwright.sync_api import Browser, Page

INSIDE, NEAR_BORDER = (120.89, 40.70), (120.8894269, 40.7021652)


@contextlib.contextmanager
def phone(
    browser: Browser, host: str, at: tuple[float, float], *, cookie: str = "", width: int = 360
) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": width, "height": 740},
        geolocation={"longitude": at[0], "latitude": at[1], "accuracy": 6},
        permissions=["geolocation"],
    )
    if cookie:
        name, _, value = cookie.partition("=")
        context.add_cookies([{"name": name, "value": value, "url": host}])
    page = context.new_page()
    page.set_default_timeout(30_000)
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("request", lambda r: None if r.url.startswith(host + "/") else failures.append(r.url))
    try:
        page.goto(f"{host}/report")
        page.wait_for_selector("html[data-ready]", state="attached")
        yield page
        assert failures == []
    finally:
        context.close()


def choose(page: Page, major: str, minor: str) -> None:
    """The first two taps; the third is to send."""
    page.click(f"summary:has-text('{major}')")
    page.click(f".minors label:has-text('{minor}')")
    page.wait_for_selector("#near .place, #near .note")


def send(page: Page) -> str:
    page.click("#send")
    page.wait_for_selector("#code")
    return page.inner_text("#code")
