"""A phone without a line: what is written down waits, is shown, goes out in order, once; what is refused is told."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect, sync_playwright
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.db.store import transaction
from tests.support.accounts import appointed
from tests.support.desks import jpeg
from tests.support.door import GRID
from tests.support.looks import picture
from tests.support.offline import CUTS, Outcome, pocket_over, run, workable
from tests.support.phone_entries import ground
from tests.support.web import Town, app_over, session_cookie
from tests.support.worker_phone import WorkerPhone, worker_phone

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Town]:
    return workable


@pytest.fixture
def phone(engine: Engine, made: Town) -> Iterator[WorkerPhone]:
    with worker_phone(engine) as one:
        yield one


def test_what_is_written_down_without_a_line_goes_out_once_there_is_one(phone: WorkerPhone):
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


def test_what_is_refused_stays_in_sight_until_it_is_mended(phone: WorkerPhone):
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
    picture(desk, "offline-refused-desk-zh.png", full_page=True)
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


@CUTS
def test_whatever_fails_on_the_way_nothing_is_lost_and_nothing_doubled(
    engine: Engine, made: Town, tmp_path: Path
):
    """One run with a few entries; the two hundred are ``test_two_hundred_runs`` and ``scripts/bench offline``."""
    (out,) = runs(engine, made.account, tmp_path, [7], entries=8, photos=3)
    assert not any(out.wrong), out


@pytest.mark.long
def test_two_hundred_runs_lose_nothing_and_double_nothing(
    engine: Engine, made: Town, tmp_path: Path
):
    wrong = [
        out
        for out in runs(engine, made.account, tmp_path, range(200), entries=50, photos=10)
        if any(out.wrong)
    ]
    assert wrong == []


def runs(
    engine: Engine, office: int, folder: Path, seeds: Iterable[int], *, entries: int, photos: int
) -> Iterator[Outcome]:
    with transaction(engine) as session:
        worker = appointed(session, "grid_worker", grid=GRID, name="worker")
    app, about = app_over(engine), ground(engine, office, worker)
    with (
        sync_playwright() as playwright,
        pocket_over(playwright, folder / "phone", app, engine, about) as pocket,
    ):
        for seed in seeds:
            yield run(pocket, seed, entries=entries, photos=photos)


def test_my_grid_is_on_the_phone_behind_a_pin(phone: WorkerPhone):
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
    locked_while_it_is_fetched(page)
    # Unlocked by its PIN, it is fetched anew at once.
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


_FRAMES = "async () => { for (let n = 0; n < 30; n++) await new Promise(requestAnimationFrame); }"
_KINDS = "SELECT array_agg(kind ORDER BY kind) FROM register_entry"


def locked_while_it_is_fetched(page: Page) -> None:
    """It stays locked."""
    held: list[Route] = []
    page.route("**/phone/grid.json", lambda route: held.append(route))
    with page.expect_request("**/phone/grid.json"):
        page.evaluate("dispatchEvent(new Event('online'))")
    page.get_by_role("button", name="锁定").click()
    expect(page.get_by_label("数字密码")).to_be_visible()
    with page.expect_response("**/phone/grid.json"):
        held[0].continue_()
    page.unroute("**/phone/grid.json")
    page.evaluate(_FRAMES)
    expect(page.locator("#houses")).to_have_count(0)


def moves_a_household(phone: WorkerPhone) -> None:
    """Without a line; of the houses that the words may mean the server cannot choose."""
    page = phone.page
    page.goto("/register/house/1")
    page.get_by_role("link", name="迁往镇内别处").click()
    page.get_by_label("迁往的地址").fill("虚构")
    phone.looked("moving-360-zh")
    page.get_by_role("button", name="记下").click()
    expect(page.locator("#phone-mark")).to_have_text("3 条待发送")


def mends_the_move(phone: WorkerPhone) -> None:
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
