"""A phone in headless Chromium at the page of reports; and what a phone sends that waited."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient
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


def queued(
    client: FlaskClient,
    path: str,
    data: Mapping[str, Any],
    *,
    key: str = "",
    age_s: int = 0,
    account: str = "",
    live: bool = False,
) -> Any:
    """Send an entry as the queue of a phone does."""
    session: Any = client.get("/phone/session").json
    return client.post(
        path,
        data=data,
        headers={
            "Idempotency-Key": key or str(uuid4()), "X-CSRFToken": session["token"],
            "X-Phone-Account": account or str(session["account"] or ""), "X-Phone-Age": str(age_s),
            "X-Phone-Label": "visit", "X-Phone-House": "1", "X-Phone-Live": "1" if live else "0",
            "Accept": "application/json",
        },
    )  # fmt: skip
