"""A phone without a line: what is written down waits, is shown, goes out in order, once; what is refused is told."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import FilePayload, Page, Route, expect, sync_playwright
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.cases.cases import SYSTEM, CaseActor, Details, Owner, open_case, take_step
from gisgrid.db.store import transaction
from tests.support.accounts import appointed
from tests.support.desks import jpeg
from tests.support.door import COMMUNITY, GRID
from tests.support.looks import AXE, LOOK
from tests.support.offline import Outcome, pocket_over, run, workable
from tests.support.web import ARTIFACTS, Town, app_over, chromium, close, served, session_cookie

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Town]:
    return workable


@dataclass
class Phone:
    """The phone of one worker, and what the office holds."""

    page: Page
    engine: Engine
    app: Flask
    host: str
    worker: int
    clerk: int

    def enter(self) -> None:
        """Log in, as the page of the log-in would."""
        name, value = session_cookie(self.app, self.engine, self.worker).split("=", 1)
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
        with transaction(self.engine) as session:
            event = session.scalar(text(_OWN_EVENT), {"grid": GRID})
            case = open_case(session, event or 0, SYSTEM)
            for step, role in (
                ("file", "dispatcher"),
                ("dispatch", "dispatcher"),
                ("accept", "grid_worker"),
            ):
                by, to = CaseActor("worker", (role,)), Owner(grid_code=GRID, level="grid")
                if step == "accept" and not begun:
                    break
                details = Details(to=to) if step == "dispatch" else Details()
                case = take_step(session, case.id, step, by, details=details)
            return case.id

    def picture(self, name: str) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"offline-{name}.png", full_page=True)

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


_OWN_EVENT = """
SELECT min(e.event_id) FROM event_grid e JOIN grid g ON g.id = e.grid_id WHERE g.code = :grid
"""


@pytest.fixture
def phone(engine: Engine, made: Town) -> Iterator[Phone]:
    with transaction(engine) as session:
        worker = appointed(session, "grid_worker", grid=GRID, name="worker")
        clerk = appointed(session, "community_clerk", COMMUNITY, name="clerk")
    app = app_over(engine)
    with served(app) as host, chromium() as browser:
        context = browser.new_context(
            base_url=host, viewport={"width": 360, "height": 740}, locale="zh-CN", has_touch=True
        )
        one = Phone(context.new_page(), engine, app, host, worker, clerk)
        one.page.set_default_timeout(20_000)
        one.enter()
        yield one
        context.close()
        close(app)


def test_what_is_written_down_without_a_line_goes_out_once_there_is_one(phone: Phone):
    page = phone.page
    phone.open("/register/house/1")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.get_by_role("link", name="已走访").click()
    page.wait_for_selector("html[data-phone-ready]", state="attached")

    # Without a line the visit is kept, and said so; nothing pops up.
    phone.line(False)
    page.get_by_label("关怀").check()
    page.get_by_label("住户", exact=True).check()
    # Large as a phone takes it: it is made small before it waits.
    large = jpeg((2400, 1800))
    page.set_input_files(
        "input[name=photo]",
        {"name": "b.jpg", "mimeType": "image/jpeg", "buffer": large},
    )
    page.get_by_role("button", name="记下").click()
    expect(page.locator(".phone-kept")).to_contain_text("已记在这部手机上。")
    expect(page.locator(".phone-kept")).to_contain_text("现在没有网络")
    expect(page.locator("#phone-mark")).to_have_text("1 条待发送")
    phone.looked("kept-360-zh")

    # The page of reports is on the phone, and a report with a photo waits, too.
    page.goto("/report")
    page.wait_for_selector("html[data-phone-ready]", state="attached")
    page.click("summary:has-text('市容环境')")
    page.click(".minors label:has-text('暴露垃圾')")
    page.fill("#words", "样本无人知道的地方")
    page.set_input_files(
        "input[name=photo]", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": jpeg()}
    )
    page.click("#send")
    expect(page.locator(".phone-kept")).to_contain_text("已记在这部手机上。")
    expect(page.locator("#phone-mark")).to_have_text("2 条待发送")

    # What waits is a page of its own, which says why nothing goes.
    page.locator(".phone-kept").get_by_role("link", name="待发送的内容").click()
    expect(page.locator("#entries > li")).to_have_count(2)
    expect(page.locator("#entries > li").nth(1)).to_contain_text("照片：1 张")
    page.get_by_role("button", name="立即发送").click()
    expect(page.locator("#said")).to_have_text("现在没有网络，有网络时会自动发送。")
    phone.looked("waiting-360-zh")

    # The session is over meanwhile: nothing is sent as somebody else, nothing is lost.
    with transaction(phone.engine) as session:
        session.execute(
            text("UPDATE account SET fs_uniquifier = 'another' WHERE id = :id"),
            {"id": phone.worker},
        )
    phone.line(True)
    page.get_by_role("button", name="立即发送").click()
    expect(page.locator("#said")).to_contain_text("登录已过期")
    assert phone.one("SELECT count(*) FROM phone_entry") == 0
    phone.enter()
    phone.open("/phone/waiting")
    expect(page.locator("#entries > li[data-state=sent]")).to_have_count(2)
    expect(page.locator("#phone-mark")).to_be_hidden()
    expect(page.locator("#none")).to_be_visible()
    assert phone.one("SELECT count(*) FROM visit WHERE code LIKE 'D%'") == 1
    assert phone.one("SELECT count(*) FROM event WHERE address = '样本无人知道的地方'") == 1
    assert phone.one("SELECT count(*) FROM photo") == 1
    assert phone.one("SELECT width || 'x' || height FROM entry_photo") == "1600x1200"
    assert phone.one("SELECT sha256 FROM entry_photo") != hashlib.sha256(large).hexdigest()


def test_what_is_refused_stays_in_sight_until_it_is_mended(phone: Phone):
    page = phone.page
    phone.open("/register/house/1/enter/alias")
    page.get_by_label("大家怎么称呼这所房屋？").fill("样本老店后面")
    page.get_by_role("button", name="记下").click()
    expect(page.get_by_role("status").filter(has_text="已记下")).to_be_visible()
    with transaction(phone.engine) as session:
        session.execute(text("UPDATE register_entry SET state = 'accepted'"))
        session.execute(text("SELECT apply_entry(id) FROM register_entry"))

    # Under the eyes of who wrote it, it is said at once, and what was typed stays.
    phone.open("/register/house/1/enter/alias")
    page.get_by_label("大家怎么称呼这所房屋？").fill("样本老店后面")
    page.get_by_role("button", name="记下").click()
    expect(page.get_by_role("alert")).to_have_text("这所房屋已登记过这个俗称。")
    expect(page.get_by_label("大家怎么称呼这所房屋？")).to_have_value("样本老店后面")
    expect(page.locator("#phone-mark")).to_be_hidden()

    # Written down without a line, it is refused later: in sight of the worker and of the clerk.
    phone.line(False)
    page.get_by_role("button", name="记下").click()
    expect(page.locator("#phone-mark")).to_have_text("1 条待发送")
    phone.line(True)
    phone.open("/phone/waiting")
    refused = page.locator("#entries > li[data-state=refused]")
    expect(refused).to_contain_text("这所房屋已登记过这个俗称。")
    expect(page.locator("#phone-mark")).to_have_text("1 条需要处理")
    phone.looked("refused-360-zh")
    other = page.context.browser.new_context(base_url=phone.host, locale="zh-CN")  # type: ignore[union-attr]
    name, value = session_cookie(phone.app, phone.engine, phone.clerk).split("=", 1)
    other.add_cookies([{"name": name, "value": value, "url": phone.host}])
    desk = other.new_page()
    desk.goto("/register/changes")
    expect(desk.locator("table").last).to_contain_text("这所房屋已登记过这个俗称。")
    desk.screenshot(path=ARTIFACTS / "offline-refused-desk-zh.png", full_page=True)
    desk.get_by_role("button", name="标记为已阅").click()
    expect(desk.locator("main")).to_contain_text("没有等待的。")
    other.close()
    phone.open("/phone/waiting")
    expect(refused).to_contain_text("阅知")
    phone.looked("aside-360-zh")

    # Opened again it has what was written; mended, it goes.
    refused.get_by_role("link", name="打开并修改").click()
    field = page.get_by_label("大家怎么称呼这所房屋？")
    expect(field).to_have_value("样本老店后面")
    field.fill("样本老店前面")
    page.get_by_role("button", name="记下").click()
    expect(page.get_by_role("status").filter(has_text="已记下")).to_be_visible()
    expect(page.locator("#phone-mark")).to_be_hidden()


def test_what_was_written_survives_the_camera_and_a_full_phone_says_so(phone: Phone):
    page = phone.page
    page.add_init_script("navigator.storage.estimate = async () => ({ quota: 1e9, usage: 0.99e9 })")
    phone.open("/register/house/1/enter/visit")
    expect(page.locator("#phone-mark")).to_contain_text("手机存储空间快满了")
    page.get_by_label("关怀").check()
    page.get_by_label("商定了什么？").fill("样本约定")
    with page.expect_file_chooser():
        page.locator("label.file").click()
    # The page is ended while the camera is open.
    page.wait_for_function(_DRAFT)
    phone.open("/register/house/3/enter/visit")
    expect(page.locator(".phone-draft")).to_have_count(0)
    phone.open("/register/house/1/enter/visit")
    expect(page.locator(".phone-draft")).to_contain_text("您先前填写的内容已恢复")
    expect(page.get_by_label("商定了什么？")).to_have_value("样本约定")
    expect(page.get_by_label("关怀")).to_be_checked()
    phone.looked("draft-360-zh")
    page.get_by_label("住户", exact=True).check()
    page.get_by_role("button", name="记下").click()
    page.wait_for_url("**/register/house/1")
    phone.open("/register/house/1/enter/visit")
    expect(page.locator(".phone-draft")).to_have_count(0)
    assert phone.one("SELECT said ->> 'agreed' FROM register_entry") == "样本约定"


_DRAFT = """async () => {
  const at = document.querySelector('script[src*="/phone/page.js"]').src.replace("page.js", "");
  return Boolean(await (await import(at + "store.js")).fact("draft"));
}"""


def test_a_case_is_handled_without_a_line_from_its_beginning(phone: Phone):
    page, case = phone.page, phone.to_handle(begun=False)
    phone.keep_grid()
    phone.line(False)
    page.get_by_role("link", name="我的案件 1").click()
    phone.looked("cases-360-zh")
    page.goto(f"/cases/{case}")
    expect(page.locator("h1")).to_have_text("市容环境")
    phone.looked("case-360-zh")
    page.get_by_role("button", name="开始处置").click()
    expect(page.locator(".phone-kept")).to_be_visible()
    page.locator(".phone-kept").get_by_role("link", name="继续").click()
    expect(page.locator("main")).to_contain_text("待发送 1 条")
    page.locator(".phone-house a").click()
    page.locator("summary:has-text('反馈')").click()
    page.locator("[name=note]").first.fill("样本已清理")
    page.set_input_files(
        "form[data-step=feed_back] [name=photos]",
        {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": jpeg()},
    )
    phone.looked("step-360-zh")
    page.locator("form[data-step=feed_back] button").click()
    expect(page.locator("#phone-mark")).to_have_text("2 条待发送")
    phone.line(True)
    phone.open("/phone/waiting")
    expect(page.locator("#entries > li[data-state=sent]")).to_have_count(2)
    taken = "SELECT string_agg(step, ' ' ORDER BY seq) FROM case_step WHERE case_id = :c AND role = 'grid_worker'"
    assert phone.one(taken, c=case) == "accept feed_back"
    assert phone.one("SELECT shows FROM photo") == "after"
    phone.open("/phone/grid#cases")
    expect(page.locator("#grid")).to_contain_text("已反馈")


def test_each_form_that_was_refused_opens_again_with_what_was_written(phone: Phone):
    """Of a case of several steps, a report, the grid on the phone: each is mended, and goes."""
    page, case = phone.page, phone.to_handle()
    phone.keep_grid()
    phone.open(f"/cases/{case}")
    phone.line(False)
    write_three(page)
    with transaction(phone.engine) as session:
        session.execute(text(_CALLED))
    phone.line(True)
    phone.open("/phone/waiting")
    refused = page.locator("#entries > li[data-state=refused]")
    expect(refused).to_have_count(3)
    assert phone.one("SELECT count(*) FROM phone_entry WHERE state = 'refused'") == 3

    # The form of that house, in its own place on the phone's grid.
    refused.nth(2).get_by_role("link", name="打开并修改").click()
    field = page.get_by_label("大家怎么称呼这所房屋？")
    expect(field).to_have_value("样本老店后面")
    expect(page.get_by_role("alert")).to_have_text("这所房屋已登记过这个俗称。")
    phone.looked("mend-grid-360-zh")
    field.fill("样本老店前面")
    page.get_by_role("button", name="记下").click()
    page.wait_for_url("**/register/house/3")

    # A report: what and where, and the way to leave the photo out.
    phone.open("/phone/waiting")
    refused.nth(1).get_by_role("link", name="打开并修改").click()
    expect(page.locator("#words")).to_have_value("样本无人知道的地方")
    expect(page.locator(".minors label:has-text('暴露垃圾')")).to_be_visible()
    phone.looked("mend-report-360-zh")
    page.get_by_label("不再发送这里等待的照片（1 张）").check()
    page.click("#send")
    page.wait_for_selector("#code")

    # A case: the step that was taken, not the first one of its page.
    phone.open("/phone/waiting")
    refused.get_by_role("link", name="打开并修改").click()
    handle = page.locator("form[data-step=feed_back]")
    expect(handle.locator("[name=note]")).to_have_value("样本已清理")
    expect(handle.locator("[name=note]")).to_be_visible()
    phone.picture("mend-case-360-zh")
    page.get_by_label("不再发送这里等待的照片（1 张）").check()
    handle.get_by_role("button").last.click()
    page.wait_for_url(f"**/cases/{case}")
    expect(page.locator("#phone-mark")).to_be_hidden()
    assert phone.one("SELECT count(*) FROM phone_entry WHERE state = 'refused'") == 0
    assert phone.one("SELECT count(*) FROM case_step WHERE note = '样本已清理'") == 1
    assert phone.one("SELECT count(*) FROM event WHERE address = '样本无人知道的地方'") == 1


def write_three(page: Page) -> None:
    """Without a line, from the page of a case on: three entries that the server will refuse."""
    bad = FilePayload(name="a.jpg", mimeType="image/jpeg", buffer=b"no picture")
    handle, mark = page.locator("form[data-step=feed_back]"), page.locator("#phone-mark")
    handle.locator("summary").click()
    handle.locator("[name=note]").fill("样本已清理")
    handle.locator("[name=photos]").set_input_files(bad)
    handle.get_by_role("button").last.click()
    expect(mark).to_have_text("1 条待发送")
    page.goto("/report")
    page.wait_for_selector("html[data-phone-ready]", state="attached")
    page.click("summary:has-text('市容环境')")
    page.click(".minors label:has-text('暴露垃圾')")
    page.fill("#words", "样本无人知道的地方")
    page.set_input_files("input[name=photo]", bad)
    page.click("#send")
    expect(mark).to_have_text("2 条待发送")
    page.goto("/register/house/3/enter/alias")
    page.get_by_label("大家怎么称呼这所房屋？").fill("样本老店后面")
    page.get_by_role("button", name="记下").click()
    expect(mark).to_have_text("3 条待发送")


def test_what_the_server_never_answers_holds_up_no_other_house_and_nobody_else_sends_it(
    phone: Phone,
):
    def never(route: Route) -> None:
        if route.request.method == "POST":
            route.fulfill(status=503)
        else:
            route.fallback()

    page = phone.page
    phone.keep_grid()
    page.route("**/register/house/1/enter/alias", never)
    phone.open("/register/house/1/enter/alias")
    page.get_by_label("大家怎么称呼这所房屋？").fill("样本老店后面")
    page.get_by_role("button", name="记下").click()
    expect(page.locator(".phone-kept")).to_contain_text("服务器暂时不能接收")
    phone.line(False)
    for house in (1, 3):
        phone.visit(house)
    phone.line(True)
    phone.open("/phone/waiting")
    waiting = page.locator("#entries > li[data-state=waiting]")
    # After three tries, those of the page itself among them, the other house has its turn.
    for _ in range(4):
        page.get_by_role("button", name="立即发送").click()
        expect(page.locator("#said")).to_have_text("服务器暂时不能接收，会自动再试。")
    expect(waiting).to_have_count(2)
    assert phone.one("SELECT array_agg(house_id) FROM register_entry") == [3]
    expect(waiting.first).to_contain_text("登记俗称")
    phone.looked("stuck-360-zh")

    # Somebody else at this phone sends none of it, and is not told that all is sent.
    name, value = session_cookie(phone.app, phone.engine, phone.clerk).split("=", 1)
    page.context.add_cookies([{"name": name, "value": value, "url": phone.host}])
    phone.open("/phone/waiting")
    page.get_by_role("button", name="立即发送").click()
    expect(page.locator("#said")).to_contain_text("登录已过期")

    # Its own worker deletes it, and what waited behind it goes.
    phone.enter()
    phone.open("/phone/waiting")
    waiting.first.get_by_role("button", name="删除").click()
    waiting.first.get_by_role("button", name="确定删除").click()
    page.get_by_role("button", name="立即发送").click()
    expect(waiting).to_have_count(0)
    assert phone.one("SELECT count(*) FROM register_entry WHERE kind = 'alias'") == 0
    assert phone.one("SELECT array_agg(house_id ORDER BY house_id) FROM register_entry") == [1, 3]


_CALLED = """
INSERT INTO alias (township_id, words, key, grams, house_id, added_by)
SELECT township_id, '样本老店后面', '样本老店后面', '样本老店后面', id, '测试' FROM house WHERE id = 3
"""


def test_whatever_fails_on_the_way_nothing_is_lost_and_nothing_doubled(
    engine: Engine, made: Town, tmp_path: Path
):
    """One run with a few entries; the two hundred are ``test_two_hundred_runs`` and ``scripts/bench offline``."""
    (out,) = runs(engine, tmp_path, [7], entries=8, photos=3)
    assert (out.lost, out.doubled, out.waiting, out.photos_left) == (0, 0, 0, 0), out


@pytest.mark.long
def test_two_hundred_runs_lose_nothing_and_double_nothing(
    engine: Engine, made: Town, tmp_path: Path
):
    wrong = [
        out
        for out in runs(engine, tmp_path, range(200), entries=50, photos=10)
        if (out.lost, out.doubled, out.waiting, out.photos_left) != (0, 0, 0, 0)
    ]
    assert wrong == []


def runs(
    engine: Engine, folder: Path, seeds: Iterable[int], *, entries: int, photos: int
) -> Iterator[Outcome]:
    with transaction(engine) as session:
        worker = appointed(session, "grid_worker", grid=GRID, name="worker")
    app = app_over(engine)
    with (
        sync_playwright() as playwright,
        pocket_over(playwright, folder / "phone", app, engine, worker) as pocket,
    ):
        for seed in seeds:
            yield run(pocket, seed, entries=entries, photos=photos)


def test_my_grid_is_on_the_phone_behind_a_pin(phone: Phone):
    page = phone.page
    phone.open("/my-grid")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.get_by_role("link", name="手机上的我的网格").click()
    page.get_by_label("新密码，至少六位数字").fill("246813")
    phone.looked("setup-360-zh")
    # The first fetching fails: nobody is locked out by it.
    page.route("**/phone/grid.json", lambda route: route.abort())
    page.get_by_role("button", name="保存我的网格").click()
    expect(page.locator("#grid")).to_contain_text("现在连不上服务器")
    phone.looked("setup-failed-360-zh")
    page.unroute("**/phone/grid.json")
    page.get_by_role("button", name="重试").click()
    expect(page.locator("#houses > li")).to_have_count(5)
    phone.looked("grid-360-zh")
    # Unlocked by its PIN, it is fetched anew at once.
    page.get_by_role("button", name="锁定").click()
    page.get_by_label("数字密码").fill("246813")
    with page.expect_response("**/phone/grid.json"):
        page.get_by_role("button", name="打开").click()
    expect(page.locator("#houses > li")).to_have_count(5)

    # Without a line every page of a house is the phone's own.
    phone.line(False)
    page.goto("/register/house/1")
    expect(page.locator("h1")).to_have_text("虚构镇虚构1路1号")
    expect(page.locator("main")).to_contain_text("测*")
    phone.looked("house-360-zh")
    page.get_by_role("link", name="已走访").click()
    page.get_by_label("关怀").check()
    page.get_by_label("住户", exact=True).check()
    phone.sound()
    page.get_by_role("button", name="记下").click()
    expect(page.locator(".phone-kept")).to_contain_text("已记在这部手机上。")
    page.locator(".phone-kept").get_by_role("link", name="继续").click()
    expect(page.locator("main")).to_contain_text("待发送 1 条")
    page.get_by_role("link", name="更正信息").first.click()
    page.get_by_role("link", name="电话").click()
    page.get_by_label("电话").fill("13900001111")
    page.get_by_role("button", name="记下").click()
    expect(page.locator("#phone-mark")).to_have_text("2 条待发送")
    moves_a_household(phone)
    page.goto("/phone/grid")
    page.locator("#find").fill("虚构3路")
    expect(page.locator("#houses > li")).to_have_count(1)

    locked_and_wiped(page)

    # What waits was not touched, and comes in.
    phone.line(True)
    phone.open("/phone/waiting")
    expect(page.locator("#entries > li[data-state=sent]")).to_have_count(2)
    assert phone.one(_KINDS) == ["corrected", "visited"]
    mends_the_move(phone)


_KINDS = "SELECT array_agg(kind ORDER BY kind) FROM register_entry"


def moves_a_household(phone: Phone) -> None:
    """Without a line; of the houses that the words may mean the server cannot choose."""
    page = phone.page
    page.goto("/register/house/1")
    page.get_by_role("link", name="迁往镇内别处").click()
    page.get_by_label("迁往的地址").fill("虚构")
    phone.looked("moving-360-zh")
    page.get_by_role("button", name="记下").click()
    expect(page.locator("#phone-mark")).to_have_text("3 条待发送")


def mends_the_move(phone: Phone) -> None:
    """With a line, where houses are looked for."""
    page = phone.page
    page.get_by_role("link", name="打开并修改").click()
    expect(page.get_by_role("alert")).to_contain_text("这一条须在原页面上确认")
    page.locator("[name=house_id]").first.check()
    phone.looked("moving-mended-360-zh")
    page.get_by_role("button", name="记下").click()
    page.wait_for_url("**/register/house/1")
    expect(page.locator("#phone-mark")).to_be_hidden()
    assert phone.one(_KINDS) == ["corrected", "household_moved", "visited"]


def locked_and_wiped(page: Page) -> None:
    """The PIN is asked after it was locked; a wrong one says how many tries are left, five delete what was kept."""
    page.get_by_role("button", name="锁定").click()
    for left in (4, 3):
        page.get_by_label("数字密码").fill("000000")
        page.get_by_role("button", name="打开").click()
        expect(page.get_by_role("alert")).to_have_text(f"密码不对。还可试 {left} 次")
    page.get_by_label("数字密码").fill("246813")
    page.get_by_role("button", name="打开").click()
    expect(page.locator("#houses > li")).to_have_count(5)
    page.get_by_role("button", name="锁定").click()
    for left in (4, 3, 2, 1, 0):
        page.get_by_label("数字密码").fill("000000")
        page.get_by_role("button", name="打开").click()
        told = f"还可试 {left} 次" if left else "密码错误次数过多"
        expect(page.locator("main")).to_contain_text(told)
    expect(page.locator("#phone-mark")).to_have_text("3 条待发送")
