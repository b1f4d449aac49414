"""The phone of one worker at a server, and what the office holds."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, text

from gisgrid.db.store import transaction
from tests.support.accounts import appointed
from tests.support.door import COMMUNITY, GRID
from tests.support.looks import AXE, LOOK, picture
from tests.support.offline import Line
from tests.support.phone_entries import begun_case
from tests.support.web import app_over, chromium, close, served, session_cookie


@dataclass
class WorkerPhone:
    """The phone of one worker, and what the office holds."""

    page: Page
    engine: Engine
    app: Flask
    host: str
    worker: int
    clerk: int
    wire: Line
    """What lies between phone and server, where something may be cut."""

    def enter(self) -> None:
        """Log in, as the page of the log-in would."""
        self.enter_as(self.worker)

    def enter_as(self, account: int) -> None:
        name, value = session_cookie(self.app, self.engine, account).split("=", 1)
        self.page.context.add_cookies([{"name": name, "value": value, "url": self.host}])

    def line(self, there: bool) -> None:
        self.page.context.set_offline(not there)

    def one(self, statement: str, **values: Any) -> Any:
        with transaction(self.engine) as session:
            return session.scalar(text(statement), values)

    def open(self, path: str) -> None:
        self.page.goto(path)
        self.page.wait_for_selector("html[data-phone-ready]", state="attached")

    def to_handle(self, *, begun: bool = True) -> int:
        """A case that was sent to the worker, who has begun to handle it."""
        return begun_case(self.engine, begun=begun)

    def picture(self, name: str) -> None:
        picture(self.page, f"offline-{name}.png", full_page=True)

    def keep_grid(self) -> None:
        self.open("/phone/grid")
        self.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        self.page.get_by_label("新密码，至少六位数字").fill("246813")
        self.page.get_by_role("button", name="保存我的网格").click()
        expect(self.page.locator("#houses > li")).to_have_count(5)

    def visit(self, house: int) -> None:
        """Write a visit down, on the form that is shown for its address."""
        self.page.goto(f"/register/house/{house}/enter/visit")
        self.page.get_by_label("关怀").check()
        self.page.get_by_label("住户", exact=True).check()
        self.page.get_by_role("button", name="记下").click()
        expect(self.page.locator(".phone-kept")).to_be_visible()

    def looked(self, name: str) -> None:
        self.picture(name)
        self.sound()

    def sound(self) -> None:
        self.page.evaluate(AXE.read_text())
        assert [v["id"] for v in self.page.evaluate("axe.run(document)")["violations"]] == []
        looked = self.page.evaluate(LOOK, 24)
        assert {what: which for what, which in looked.items() if which} == {}


@contextlib.contextmanager
def worker_phone(engine: Engine) -> Iterator[WorkerPhone]:
    """A small phone at the town of `tests.support.offline.workable`, logged in."""
    with transaction(engine) as session:
        worker = appointed(session, "grid_worker", grid=GRID, name="worker")
        clerk = appointed(session, "community_clerk", COMMUNITY, name="clerk")
    app = app_over(engine)
    wire = Line()
    with served(app) as server, chromium() as browser:
        wire.to, host = int(server.rsplit(":", 1)[1]), f"http://127.0.0.1:{wire.port}"
        context = browser.new_context(
            base_url=host,
            viewport={"width": 360, "height": 740},
            locale="zh-CN",
            has_touch=True,
            permissions=["geolocation"],
        )
        one = WorkerPhone(context.new_page(), engine, app, host, worker, clerk, wire)
        one.page.set_default_timeout(20_000)
        one.enter()
        yield one
        context.close()
        wire.close()
        close(app)
