"""A worker at the door with a phone, the clerk at a desk: seen, visited, changed, let in."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.plans import township
from gisgrid.db.store import transaction
from gisgrid.locate.addresses.gazetteer import index_addresses
from gisgrid.planning.snapshot.fetch import today
from tests.support.accounts import appointed
from tests.support.door import COMMUNITY, GRID, NEW_PHONE, one_known
from tests.support.looks import PHONES, sound
from tests.support.web import Town, app_over, chromium, close, served, session_cookie

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Town]:
    return findable


def findable(session: Session) -> Town:
    town = one_known(session)
    index_addresses(session, town.township_id)
    return town


@pytest.fixture
def seats(engine: Engine, made: Town) -> Iterator[dict[str, Page]]:
    """The worker's phone and the clerk's desk."""
    with transaction(engine) as session:
        accounts = {
            "worker": appointed(session, "grid_worker", grid=GRID, name="worker"),
            "clerk": appointed(session, "community_clerk", COMMUNITY, name="clerk"),
        }
    app = app_over(engine)
    with served(app) as host, chromium() as browser:
        pages = {}
        for who, account in accounts.items():
            width, height = PHONES[0] if who == "worker" else (1280, 800)
            context = browser.new_context(
                base_url=host, viewport={"width": width, "height": height}, locale="zh-CN",
                has_touch=who == "worker",
            )  # fmt: skip
            name, value = session_cookie(app, engine, account).split("=", 1)
            context.add_cookies([{"name": name, "value": value, "url": host}])
            pages[who] = context.new_page()
        yield pages
        close(app)


def test_a_round_from_the_list_to_what_the_clerk_lets_in(seats: dict[str, Page], engine: Engine):
    phone, desk = seats["worker"], seats["clerk"]
    with transaction(engine) as session:
        day = today(township(session)).isoformat()
    phone.goto("/my-grid")
    expect(phone.get_by_role("link", name="待走访")).to_be_visible()
    sound(phone, least=24)
    phone.locator('a[href="/register/house/1"]').first.click()

    # One tap: all as registered.
    sound(phone, least=24)
    phone.get_by_role("button", name="全部属实").click()
    expect(phone.get_by_role("status")).to_have_text("全部属实：已记下。")
    expect(phone.locator("main")).to_contain_text(f"核实日期 {day}")

    # What is seen here is reported with its place.
    address = phone.locator("h1").inner_text()
    phone.get_by_role("link", name="在此上报").click()
    expect(phone.locator("#words")).to_have_value(address)
    phone.go_back()

    # Three answers: visited.
    phone.get_by_role("link", name="已走访").click()
    phone.get_by_label("关怀").check()
    phone.get_by_label("住户", exact=True).check()
    sound(phone, least=24)
    phone.get_by_role("button", name="记下").click()
    expect(phone.get_by_role("status")).to_have_text("已走访：已记下。")

    # A telephone that is wrong: told at once, and what was typed stays.
    phone.get_by_role("link", name="更正信息").first.click()
    sound(phone, least=24)
    phone.get_by_role("link", name="电话").click()
    phone.get_by_label("电话").fill("123")
    phone.get_by_role("button", name="记下").click()
    expect(phone.get_by_role("alert")).to_contain_text("电话")
    expect(phone.get_by_label("电话")).to_have_value("123")
    phone.get_by_label("电话").fill(NEW_PHONE)
    phone.get_by_role("button", name="记下").click()
    expect(phone.get_by_role("status")).to_have_text("更正信息：已记下，等社区工作者核对。")

    desk.goto("/")
    desk.locator('[data-card="changes"]').get_by_role("link", name="去核对").click()
    row = desk.locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("139****1111")
    sound(desk, least=24)
    row.get_by_role("checkbox").check()
    desk.get_by_role("button", name="同意所选").click()
    expect(desk.get_by_role("status")).to_have_text("已同意 1 条，户档已更新。")
    phone.reload()
    expect(phone.locator("dl.person").first).to_contain_text("139****1111")
    expect(phone.locator("#entered")).to_contain_text("已同意")
    with transaction(engine) as session:
        assert session.scalar(
            text("SELECT count(*) FROM resident WHERE phone = :p"), {"p": NEW_PHONE}
        ) == 1  # fmt: skip


def test_a_household_moves_within_the_town_and_a_person_is_added(
    seats: dict[str, Page], engine: Engine
):
    phone = seats["worker"]
    with transaction(engine) as session:
        session.execute(text("UPDATE township SET register_rule = 'at_once'"))
        there = session.scalar(text("SELECT address FROM house WHERE id = 3"))
    phone.set_viewport_size({"width": PHONES[1][0], "height": PHONES[1][1]})
    phone.goto("/register/house/1")
    people = phone.locator("dl.person").count()
    phone.get_by_role("link", name="新增人员").first.click()
    phone.get_by_label("姓名").fill("测试新丁")
    phone.get_by_label("身份证号").fill("110101199003074514")
    sound(phone, least=24)
    phone.get_by_role("button", name="记下").click()
    expect(phone.locator("dl.person")).to_have_count(people + 1)
    expect(phone.locator("main")).to_contain_text("110101********4514")
    phone.get_by_role("link", name="迁往镇内别处").first.click()
    phone.get_by_label("迁往的地址").fill(there)
    phone.get_by_role("button", name="搜索").click()
    phone.get_by_label(there, exact=True).check()
    sound(phone, least=24)
    phone.get_by_role("button", name="记下").click()
    expect(phone.get_by_role("status")).to_have_text("住户迁往镇内别处：已记下。")
    phone.goto("/register/house/3")
    expect(phone.locator("main")).to_contain_text("测*")
