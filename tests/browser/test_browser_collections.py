"""An office asks for something at its desk, a worker finds it out with a phone, and the office sees how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.plans import township
from gisgrid.db.store import transaction
from gisgrid.planning.snapshot.fetch import today
from tests.support.accounts import appointed
from tests.support.door import GRID, one_known
from tests.support.looks import PHONES, picture, sound
from tests.support.web import app_over, chromium, close, served, session_cookie

pytestmark = pytest.mark.browser
DESK = (1440, 900)


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], dict[str, Any]]:
    def filled(session: Session) -> dict[str, Any]:
        town = one_known(session)
        session.execute(
            text(
                "DELETE FROM resident r USING household f WHERE f.id = r.household_id AND f.house_id = 3"
            )
        )
        session.execute(text("DELETE FROM household WHERE house_id = 3"))
        return {
            "office": town.account,
            "worker": appointed(session, "grid_worker", grid=GRID, name="worker"),
            "due": today(township(session)) + timedelta(days=9),
        }

    return filled


@pytest.fixture
def seats(engine: Engine, made: dict[str, Any]) -> Iterator[dict[str, Page]]:
    """The office's desk and the worker's phone."""
    app = app_over(engine)
    with served(app) as host, chromium() as browser:
        pages = {}
        for who, (width, height) in {"office": DESK, "worker": PHONES[0]}.items():
            context = browser.new_context(
                base_url=host,
                viewport={"width": width, "height": height},
                locale="zh-CN",
                has_touch=who == "worker",
            )
            name, value = session_cookie(app, engine, made[who]).split("=", 1)
            context.add_cookies([{"name": name, "value": value, "url": host}])
            pages[who] = context.new_page()
        yield pages
        close(app)


def looked_at(page: Page, name: str, *, least: int) -> None:
    """Sound in both languages; a phone's pages at the second width, too."""
    for language in ("zh", "en"):
        here = page.url.split("#")[0].split("?")[0]
        page.goto(f"{here}?lang={language}")
        sound(page, least=least)
        picture(page, f"collections-{name}-{language}.png", full_page=True)
    if least > 20:
        page.set_viewport_size({"width": PHONES[1][0], "height": PHONES[1][1]})
        sound(page, least=least)
        picture(page, f"collections-{name}-412.png", full_page=True)
        page.set_viewport_size({"width": PHONES[0][0], "height": PHONES[0][1]})
    page.goto(f"{here}?lang=zh")


def published(desk: Page, made: dict[str, Any]) -> None:
    """A task with four questions, made and published by its forms."""
    desk.goto("/office/collections")
    desk.get_by_label("任务名称").fill("用水普查")
    desk.locator("input[name=purpose][value=care]").check()
    desk.locator("input[name=fields][value='resident.phone']").check()
    desk.get_by_label("完成日期").fill(str(made["due"]))
    desk.locator(f"input[name=grids][value='{GRID}']").check()
    sound(desk, least=12)
    picture(desk, "collections-form.png", full_page=True)
    desk.get_by_role("button", name="记下").click()
    for label, kind, more in (
        ("家中几口人", "integer", {"#least": "0", "#most": "30"}),
        ("水管材料", "choice", {"#choices": "铁\n塑料\n不详"}),
        ("最近一次检修", "date", {}),
        ("水表照片", "photo", {}),
    ):
        desk.locator("#label").fill(label)
        desk.locator("#kind").select_option(kind)
        if kind != "integer":
            desk.locator("input[name=required]").uncheck()
        for field, value in more.items():
            desk.locator(field).fill(value)
        desk.locator("#ask button").click()
        expect(desk.locator("[data-table=questions]")).to_contain_text(label)
    looked_at(desk, "draft", least=12)
    desk.get_by_role("button", name="发布…").click()
    desk.get_by_role("button", name="发布", exact=True).click()
    expect(desk.get_by_role("status")).to_contain_text("已通知要去的人")


def written(phone: Page, choice: str) -> None:
    """An answer is chosen and sent."""
    phone.get_by_label(choice).check()
    phone.get_by_role("button", name="记下").click()
    expect(phone.locator("p.note")).to_have_text("已记下。")


def test_from_the_office_to_the_door_and_back(
    seats: dict[str, Page], made: dict[str, Any], engine: Engine
):
    desk, phone = seats["office"], seats["worker"]
    published(desk, made)

    # The worker is told, goes, and answers what has to be answered.
    phone.goto("/messages")
    expect(phone.locator("main")).to_contain_text("采集任务 1")
    phone.goto("/")
    phone.get_by_role("link", name="采集任务").first.click()
    looked_at(phone, "mine", least=24)
    phone.get_by_role("link", name="用水普查").click()
    left = phone.locator("tr[data-house]").count()
    expect(phone.locator("#left")).to_contain_text(f"还剩 {left} 处")
    looked_at(phone, "houses", least=24)
    phone.locator("tr[data-house=H3] a").click()
    expect(phone.locator("#register-lacks")).to_contain_text("尚无户档")
    phone.get_by_role("link", name="用水普查").click()
    phone.locator("tr[data-house=H1] a").click()
    looked_at(phone, "house", least=24)
    # What is written is looked over before it is sent.
    phone.get_by_label("家中几口人").fill("31")
    phone.get_by_role("button", name="记下").click()
    assert phone.get_by_label("家中几口人").evaluate("field => field.validity.rangeOverflow")
    phone.get_by_label("家中几口人").fill("3")
    written(phone, "塑料")
    phone.locator("tr[data-house=H1] a").click()
    expect(phone.locator("main")).to_contain_text("留空即保持不变")
    written(phone, "铁")

    # The office sees it in the sums, on the map and in the answers.
    desk.reload()
    row = desk.locator(f"[data-table=grids] tr[data-row='{GRID}']")
    expect(row.locator("td.n").first).to_have_text(str(left))
    expect(desk.locator(".label")).to_have_text("33.3 %")
    with transaction(engine) as session:
        session.execute(text("UPDATE collection_task SET due_on = due_on - 20"))
    desk.reload()
    expect(row).to_contain_text("已超期")
    expect(row).to_contain_text("测试网格长")
    looked_at(desk, "progress", least=12)
    desk.get_by_role("link", name="采集结果").click()
    expect(desk.locator("tr[data-house=H1]")).to_contain_text("原：已填")
    looked_at(desk, "answers", least=12)
    desk.locator("form.unmask").first.locator("input[value=care]").check()
    desk.locator("form.unmask").first.get_by_role("button").click()
    expect(desk.locator("tr[data-house=H1]")).to_contain_text("原：塑料 · 测试grid_worker")

    desk.goto("/completeness?purpose=emergency")
    expect(desk.locator("html[data-ready=true]")).to_be_attached()
    expect(desk.locator(".label").first).to_contain_text("%")
    sound(desk, least=12)
    picture(desk, "collections-map.png", full_page=True)
    phone.goto("/completeness/without")
    expect(phone.locator("tr[data-house=H3]")).to_contain_text("测试网格长")
    looked_at(phone, "without", least=24)
