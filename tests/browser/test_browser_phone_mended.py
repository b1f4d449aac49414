"""What was written on a phone is mended, passed over or taken up again where its worker stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import FilePayload, Page, Route, expect
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.db.store import transaction
from tests.support.desks import jpeg
from tests.support.offline import workable
from tests.support.waiting import eventually
from tests.support.web import Town
from tests.support.worker_phone import WorkerPhone, worker_phone

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Town]:
    return workable


@pytest.fixture
def phone(engine: Engine, made: Town) -> Iterator[WorkerPhone]:
    with worker_phone(engine) as one:
        yield one


@pytest.mark.parametrize(("number", "said"), [("x", "电话号码格式错误"), ("13900000000", None)])
def test_an_entry_that_another_page_sent_is_answered_where_it_was_written(
    phone: WorkerPhone, number: str, said: str | None
):
    """The sending of another page stands before the form's own, and takes its entry along."""
    page = phone.page
    phone.open("/register/house/1/correction?resident=1&column=phone")
    page.evaluate(
        "() => { navigator.locks.request('gisgrid-queue', () => new Promise((go) => { window.release = go; })); }"
    )
    other = page.context.new_page()
    other.goto("/register")
    waits = "navigator.locks.query().then((all) => all.pending.filter((each) => each.name === 'gisgrid-queue').length)"
    assert eventually(lambda: page.evaluate(waits) == 1)
    page.fill("#phone", number)
    page.locator("form.door-form").evaluate(
        "(form) => { form.noValidate = true; form.requestSubmit(); }"
    )
    assert eventually(lambda: page.evaluate(waits) == 2)
    page.evaluate("window.release()")
    if said:
        # Nobody looked on, so that the clerk sees it; mended where it stands, it is that entry.
        expect(page.locator("main")).to_contain_text(said)
        assert phone.one("SELECT count(*) FROM phone_entry WHERE state = 'refused'") == 1
        page.fill("#phone", "13900000000")
        page.locator("form.door-form button:not([type=button])").click()
    page.wait_for_url("**/register/house/1")
    assert phone.one("SELECT count(*) FROM correction_request") == 1
    assert phone.one("SELECT count(*) FROM phone_entry WHERE state = 'refused'") == 0


def test_what_was_written_survives_the_camera_and_a_full_phone_says_so(phone: WorkerPhone):
    page = phone.page
    page.add_init_script("navigator.storage.estimate = async () => ({ quota: 1e9, usage: 0.99e9 })")
    phone.open("/register/house/1/enter/visit")
    expect(page.locator("#phone-mark")).to_contain_text("手机存储空间快满了")
    page.get_by_label("关怀").check()
    page.get_by_label("商定了什么？").fill("样本约定")
    with page.expect_file_chooser():
        page.locator("label.file").click()
    # The page is ended while the camera is open.
    page.wait_for_function(f"async () => Boolean({_DRAFT})")
    phone.open("/register/house/3/enter/visit")
    expect(page.locator(".phone-draft")).to_have_count(0)
    phone.open("/")
    expect(page.locator("#unsent h2")).to_have_text("本机未发送")
    expect(page.locator("#unsent .card-number")).to_have_text("1")
    phone.looked("unsent-360-zh")
    page.locator("#unsent").get_by_role("link", name="您开始填的表：继续").click()
    page.wait_for_url("**/register/house/1/enter/visit*")
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
    phone.open("/")
    expect(page.locator("#unsent")).to_be_hidden()

    # It stands over no report of another house, and whoever logs in next on this phone finds nothing of it.
    phone.open("/report?address=虚构1路1号")
    page.locator("[name=text]").fill("样本未写完")
    with page.expect_file_chooser():
        page.locator("label.file").first.click()
    page.wait_for_function(f"async () => Boolean({_DRAFT})")
    phone.open("/report?address=虚构3路3号")
    expect(page.locator("[name=text]")).to_have_value("")
    phone.open("/report?address=虚构1路1号")
    expect(page.locator("[name=text]")).to_have_value("样本未写完")
    phone.enter_as(phone.clerk)
    phone.open("/register/changes")
    assert page.evaluate(f"async () => {_DRAFT}") is None


_STORE = """(await import(document.querySelector('script[src*="/phone/page.js"]').src.replace("page.js", "store.js")))"""
_DRAFT = f'(await {_STORE}.fact("draft"))'


def test_a_case_is_handled_without_a_line_from_its_beginning(phone: WorkerPhone):
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


def test_each_form_that_was_refused_opens_again_with_what_was_written(phone: WorkerPhone):
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
    phone: WorkerPhone,
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
    phone.enter_as(phone.clerk)
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
    deleted_while_it_is_sent(phone)


def deleted_while_it_is_sent(phone: WorkerPhone) -> None:
    """What is deleted does not come back, nor go without its photos; the grid is fetched anew after what was sent."""
    page = phone.page

    def drops(house: int, route: Route, *, lost: bool = False) -> None:
        if route.request.method != "POST":
            return route.fallback()
        page.evaluate(_DROP, str(house))
        return route.abort() if lost else route.fallback()

    # The page sends, where it can be looked on.
    page.add_init_script("SyncManager.prototype.register = async () => undefined")
    phone.keep_grid()
    taken: list[str] = []
    page.on("response", lambda got: taken.append(got.url) if got.request.method == "POST" else None)
    phone.line(False)
    for house in (1, 3):
        phone.visit(house)
    page.goto("/phone/grid#house/1")
    expect(page.locator("main")).to_contain_text("待发送 1 条")
    page.route("**/register/house/1/enter/visit", lambda route: drops(3, route))
    anew = page.expect_request(lambda asked: "/phone/grid.json" in asked.url and bool(taken))
    with anew:
        phone.line(True)
    sent = "SELECT string_agg(house_id || ' ' || kind, ', ' ORDER BY id) FROM register_entry"
    assert phone.one(sent) == "3 visited, 1 visited, 1 visited"
    expect(page.locator("#phone-mark")).to_be_hidden()

    phone.line(False)
    phone.visit(3)
    page.route("**/register/house/3/enter/visit", lambda route: drops(3, route, lost=True))
    with page.expect_request("**/register/house/3/enter/visit"):
        phone.line(True)
    assert page.evaluate(_WAITING) == 0


_DROP = f"""async (house) => {{
  const store = {_STORE};
  for (const each of await store.all("entries")) if (each.house === house) await store.dropEntry(each);
}}"""
_WAITING = f"""async () => {{
  await navigator.locks.request("gisgrid-queue", () => true);
  return (await {_STORE}.all("entries")).filter((each) => each.state === "waiting").length;
}}"""

_CALLED = """
INSERT INTO alias (township_id, words, key, grams, house_id, added_by)
SELECT township_id, '样本老店后面', '样本老店后面', '样本老店后面', id, '测试' FROM house WHERE id = 3
"""
