"""A day in the field with a bad line: written down at doors, cut off twice, sent, let in by the clerk, seen in the sums."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.collection import tasks
from gisgrid.collection.questions import NewQuestion
from gisgrid.db.store import transaction
from tests.support.collecting import HEAD, PIPE, keeping, opened
from tests.support.desks import jpeg
from tests.support.door import FIRST_PERSON, GRID
from tests.support.door_houses import IN_THE_GRID
from tests.support.looks import picture
from tests.support.offline import CUT, CUTS, workable
from tests.support.phone_entries import SPOT
from tests.support.web import Town, session_cookie
from tests.support.worker_phone import WorkerPhone, worker_phone

pytestmark = pytest.mark.browser
PHOTO = NewQuestion("水表照片", "photo", required=False)
SHOT = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": jpeg()}


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Town]:
    def filled(session: Session) -> Town:
        town = workable(session)
        # What the day shall find out: who lives in house 3, and a telephone.
        for statement in (
            "DELETE FROM resident USING household f WHERE f.id = household_id AND f.house_id = 3",
            "DELETE FROM household WHERE house_id = 3",
        ):
            session.execute(text(statement))
        session.execute(text(f"UPDATE resident SET phone = NULL WHERE id = {FIRST_PERSON}"))
        return town

    return filled


@pytest.fixture
def phone(engine: Engine, made: Town) -> Iterator[WorkerPhone]:
    with worker_phone(engine) as one:
        opened(engine, made.account, HEAD, PIPE, PHOTO, fields=())
        yield one


@pytest.fixture
def desk(phone: WorkerPhone) -> Iterator[Page]:
    """The clerk's."""
    browser = phone.page.context.browser
    assert browser is not None
    context = browser.new_context(
        base_url=phone.host, viewport={"width": 1440, "height": 900}, locale="zh-CN"
    )
    name, value = session_cookie(phone.app, phone.engine, phone.clerk).split("=", 1)
    context.add_cookies([{"name": name, "value": value, "url": phone.host}])
    yield context.new_page()
    context.close()


@CUTS
def test_a_day_at_the_doors_with_the_line_cut_twice(phone: WorkerPhone, desk: Page):
    page, before = phone.page, completeness(desk)
    lon, lat = stand_at(phone, 1)
    phone.keep_grid()
    expect(page.get_by_role("link", name="采集任务 1")).to_be_visible()

    # The line is gone. The round is walked, and written down what it tells.
    phone.line(False)
    begins_the_round(page)
    answers_the_task(phone)
    moves_out(page)
    corrects_the_telephone(page)
    new_house(phone)
    reports(page, lon, lat)

    # The line comes back and is cut in the middle of what is sent third, however often: the rest waits, in sight.
    page.goto("/phone/waiting")
    expect(page.locator("#entries > li")).to_have_count(7)
    phone.wire.fail(dict.fromkeys(range(3, 20), CUT), 400)
    phone.line(True)
    expect(page.locator("#entries > li[data-state=sent]")).to_have_count(2, timeout=20_000)
    expect(page.locator("#entries > li[data-state=waiting]").first).to_contain_text(
        "现在没有网络", timeout=20_000
    )
    phone.line(False)
    # A part of the body had reached the server; it made nothing of it.
    assert set(phone.wire.cut) == {400}
    assert phone.one("SELECT count(*) FROM collection_answer") == 0
    phone.wire.fail({}, 0)
    expect(page.locator("#phone-mark")).to_have_text("5 条待发送")
    expect(page.locator("#entries > li[data-state=waiting]").first).to_contain_text("用水普查")
    phone.looked("field-waiting-360-zh")
    phone.line(True)
    expect(page.locator("#entries > li[data-state=sent]")).to_have_count(7, timeout=20_000)
    expect(page.locator("#phone-mark")).to_be_hidden()
    expect(page.locator("#entries")).to_contain_text("已记下，等社区工作者核对")

    # Each came in once, of the day on which it was written down.
    assert phone.one(_KINDS) == ["corrected", "house_new", "household_moved", "verified", "visited"]
    assert phone.one("SELECT count(*) FROM entry_photo") == 1
    assert phone.one("SELECT count(*) FROM event WHERE text = '样本楼道堆物'") == 1
    assert phone.one(_ANSWERS) == ["3", "塑料", None]
    page.goto("/phone/grid#tasks")
    expect(page.locator("[data-task]")).to_contain_text("共 5 处房屋，还剩 4 处。")

    # The clerk lets in what was changed, and the register is fuller than before.
    desk.goto("/register/changes")
    expect(desk.locator("h1")).to_have_text("待核对的变更 3")
    picture(desk, "field-changes-desk-zh.png", full_page=True)
    for box in desk.locator("input[name=entry]").all():
        box.check()
    desk.get_by_role("button", name="同意所选").click()
    expect(desk.get_by_role("status")).to_have_text("已同意 3 条，户档已更新。")
    filled, required = completeness(desk)
    assert (filled - before[0], required - before[1]) == (1, 1)
    picture(desk, "field-completeness-desk-zh.png", full_page=True)
    page.goto("/phone/grid")
    expect(page.locator("#houses")).to_contain_text("虚构镇样本路8号")


def completeness(desk: Page) -> tuple[int, int]:
    """Filled and required values of the community, as the page tells them."""
    desk.goto("/completeness?purpose=emergency")
    filled, required = desk.locator("tr[data-row=all] td").all_inner_texts()[2:4]
    return int(filled), int(required)


def stand_at(phone: WorkerPhone, house: int) -> tuple[float, float]:
    """Some steps west of a house."""
    lon = phone.one("SELECT ST_X(geom) FROM house WHERE id = :id", id=house)
    lat = phone.one("SELECT ST_Y(geom) FROM house WHERE id = :id", id=house)
    phone.page.context.set_geolocation({"longitude": lon - 5e-5, "latitude": lat, "accuracy": 5})
    return lon, lat


def waits(page: Page, n: int) -> None:
    expect(page.locator("#phone-mark")).to_have_text(f"{n} 条待发送")


def begins_the_round(page: Page) -> None:
    """The nearest house is the first: all is as registered there, and a visit is written down with a photo."""
    page.get_by_role("button", name="从我这里开始走访").click()
    expect(page.locator("#walk-said")).to_contain_text("5 处房屋，依次直线约")
    first = page.locator("#houses > li").first
    expect(first).to_contain_text("1. 虚构镇虚构1路1号")
    first.get_by_role("link").click()
    page.get_by_role("button", name="全部属实").click()
    waits(page, 1)
    expect(page.locator("main")).to_contain_text("待发送 1 条")
    page.get_by_role("link", name="已走访").click()
    page.get_by_label("关怀").check()
    page.get_by_label("住户", exact=True).check()
    page.set_input_files("input[name=photo]", SHOT)  # type: ignore[arg-type]
    page.get_by_role("button", name="记下").click()
    waits(page, 2)
    page.get_by_role("link", name="继续").click()


def reports(page: Page, lon: float, lat: float) -> None:
    page.goto(f"/report?address=虚构镇虚构1路1号&lon={lon}&lat={lat}")
    page.wait_for_selector("html[data-phone-ready]", state="attached")
    page.click("summary:has-text('市容环境')")
    page.click(".minors label:has-text('暴露垃圾')")
    page.locator("[name=text]").fill("样本楼道堆物")
    page.click("#send")
    waits(page, 7)


def answers_the_task(phone: WorkerPhone) -> None:
    """At the first house; the list of houses left counts what waits."""
    page = phone.page
    page.goto("/collecting")
    expect(page.locator("[data-task]")).to_contain_text("共 5 处房屋，还剩 5 处。")
    page.get_by_role("link", name="用水普查").click()
    phone.looked("field-task-360-zh")
    page.get_by_role("link", name="虚构镇虚构1路1号").click()
    page.get_by_label("家中几口人").fill("31")
    page.get_by_role("button", name="记下").click()
    assert page.get_by_label("家中几口人").evaluate("field => field.validity.rangeOverflow")
    page.get_by_label("家中几口人").fill("3")
    page.get_by_label("塑料").check()
    page.set_input_files("input[type=file]", SHOT)  # type: ignore[arg-type]
    phone.looked("field-task-form-360-zh")
    page.get_by_role("button", name="记下").click()
    waits(page, 3)
    page.get_by_role("link", name="继续").click()
    expect(page.locator(".left")).to_have_text("共 5 处房屋，还剩 4 处。 待发送 1 条")


def moves_out(page: Page) -> None:
    """The household goes to another house of the grid, known by its address."""
    page.goto("/register/house/1")
    page.get_by_role("link", name="迁往镇内别处").first.click()
    page.get_by_label("迁往的地址").fill("虚构镇虚构3路3号")
    page.get_by_role("button", name="记下").click()
    waits(page, 4)


def corrects_the_telephone(page: Page) -> None:
    page.goto("/register/house/1")
    page.get_by_role("link", name="更正信息").first.click()
    page.get_by_role("link", name="电话").click()
    page.get_by_label("电话").fill("13900001111")
    page.get_by_role("button", name="记下").click()
    waits(page, 5)


def new_house(phone: WorkerPhone) -> None:
    """A house that the register does not have, where one stands."""
    page = phone.page
    with transaction(phone.engine) as session:
        lon, lat = session.execute(text(SPOT), {"grid": GRID}).one()
    page.context.set_geolocation({"longitude": lon, "latitude": lat, "accuracy": 5})
    page.goto("/phone/grid")
    page.get_by_role("link", name="这里有漏登的房屋").click()
    page.get_by_label("地址：街路和门牌号").fill("虚构镇样本路8号")
    page.get_by_role("button", name="就在我这里").click()
    expect(page.locator("#position")).to_have_text("您的位置，误差约 5 米。")
    phone.looked("field-new-house-360-zh")
    page.get_by_role("button", name="记下").click()
    waits(page, 6)


def test_what_becomes_of_houses_waits_as_well_and_a_task_that_is_over_is_told(
    phone: WorkerPhone, made: Town
):
    page, engine = phone.page, phone.engine
    number = opened(engine, made.account, HEAD, title="电话核对")
    phone.keep_grid()
    phone.line(False)
    page.goto(f"/collecting/{number}/house/1")
    expect(page.locator("#register-lacks")).to_contain_text("还缺以下各项")
    page.get_by_label("家中几口人").fill("2")
    page.get_by_role("button", name="记下").click()
    waits(page, 1)

    # Another part, with a household of the house; a house that became part of another; one that is gone.
    page.goto("/register/house/1")
    page.get_by_text("房屋本身有变化").click()
    page.get_by_role("link", name="一房分为两房").click()
    page.get_by_label("另一部分的地址：街路和门牌号").fill("虚构镇虚构1路1号乙")
    page.locator("input[type=checkbox][name=homes]").check()
    phone.looked("field-split-360-zh")
    page.get_by_role("button", name="记下").click()
    waits(page, 2)
    page.goto("/register/house/4/enter/house-joined")
    page.get_by_label("并入的那一房屋的地址").fill("虚构镇虚构3路3号")
    page.get_by_role("button", name="记下").click()
    waits(page, 3)
    page.goto("/register/house/11/enter/house-gone")
    page.get_by_label("已拆除").check()
    expect(page.locator("#address")).to_be_hidden()
    page.get_by_label("住在另一房屋").check()
    page.get_by_label("迁往的地址").fill("虚构镇虚构1路1号")
    phone.looked("field-gone-360-zh")
    page.get_by_role("button", name="记下").click()
    waits(page, 4)

    # The office ends the task before the answer was written down, as far as it knows: it is told, and nothing else held up.
    with keeping(engine, made.account) as session:
        tasks.end(session, number, seen=tasks.one(session, number).state_number)
    with transaction(engine) as session:
        session.execute(text("UPDATE collection_task SET ended_at = ended_at - interval '1 day'"))
    phone.line(True)
    page.goto("/phone/waiting")
    refused = page.locator("#entries > li[data-state=refused]")
    expect(refused).to_contain_text("任务已结束", timeout=20_000)
    expect(page.locator("#entries > li[data-state=sent]")).to_have_count(3, timeout=20_000)
    assert phone.one(_HOUSES) == [
        "house_gone 11 → 1",
        "house_joined 4 → 3",
        "house_split 1 虚构镇虚构1路1号乙 1",
    ]
    # The page of the house has no form any more; what was found out is still to be read.
    expect(refused.locator(".wrote")).to_have_text("家中几口人 2")
    phone.looked("field-refused-360-zh")
    refused.get_by_role("link", name="打开并修改").click()
    page.wait_for_url(f"**/collecting/{number}/house/1#*")
    expect(page.locator("h1")).to_have_text("虚构镇虚构1路1号")
    expect(page.locator("main")).to_contain_text("任务已结束")


def test_a_missing_house_has_one_place_and_is_mended_and_so_is_one_that_is_gone(phone: WorkerPhone):
    page, engine = phone.page, phone.engine
    with transaction(engine) as session:
        session.execute(text(IN_THE_GRID), {"g": GRID})
        session.execute(text("UPDATE house SET address = '虚构镇同名路1号' WHERE id IN (4, 11)"))
        lon, lat = session.execute(text(SPOT), {"grid": GRID}).one()
    page.context.set_geolocation({"longitude": lon, "latitude": lat, "accuracy": 5})
    phone.keep_grid()

    an_earlier_edition(phone)
    phone.line(False)
    places_a_new_house(phone)
    page.goto("/register/house/11/enter/house-gone")
    page.get_by_label("已拆除").check()
    page.get_by_label("住在另一房屋").check()
    page.get_by_label("迁往的地址").fill("别处的路7号")
    page.get_by_role("button", name="记下").click()
    waits(page, 2)
    with transaction(engine) as session:
        session.execute(text("UPDATE house SET address = '虚构镇样本路9号' WHERE id = 4"))
    phone.line(True)
    page.goto("/phone/waiting")
    refused = page.locator("#entries > li[data-state=refused]")
    expect(refused).to_have_count(2, timeout=20_000)
    expect(refused.first).to_contain_text("已有房屋虚构镇样本路9号")
    expect(refused.first).to_contain_text("地址：街路和门牌号 虚构镇样本路9号")
    phone.line(False)

    # Mended without a line, each on its own form, which knows what hangs on what.
    refused.last.get_by_role("link", name="打开并修改").click()
    expect(page.get_by_label("迁往的地址")).to_have_value("别处的路7号")
    page.get_by_label("迁往的地址").fill("虚构镇虚构1路1号")
    page.get_by_role("button", name="记下").click()
    expect(page.locator("#phone-mark")).to_have_text("1 条待发送 · 1 条需要处理")
    page.goto("/phone/waiting")
    refused.get_by_role("link", name="打开并修改").click()
    expect(page.get_by_label("没有定位？请选择旁边的房屋")).to_have_value("虚构镇虚构1路1号")
    expect(page.get_by_role("status").filter(has_text="在 虚构镇虚构1路1号 旁边")).to_be_visible()
    page.get_by_label("地址：街路和门牌号").fill("虚构镇样本路10号")
    phone.looked("field-mended-house-360-zh")
    page.get_by_role("button", name="记下").click()
    waits(page, 2)
    page.goto("/phone/grid")
    expect(page.locator("#grid")).to_contain_text("漏登的房屋，待发送 1 条")
    phone.line(True)
    page.goto("/phone/waiting")
    expect(page.locator("#entries > li[data-state=sent]")).to_have_count(2, timeout=20_000)
    assert phone.one(_HOUSES) == ["house_gone 11 → 1", "house_new 虚构镇样本路10号"]
    assert phone.one(_BESIDE) == ["虚构镇虚构1路1号", "true", "true"]


def an_earlier_edition(phone: WorkerPhone) -> None:
    """What the phone kept before, and of who may not keep the register."""
    page = phone.page
    # What an earlier edition kept has no tasks: it is shown, and fetched anew with a line.
    resealed(page, "delete data.tasks; delete data.tasks_left_out; delete data.asked_at;")
    phone.line(False)
    page.goto("/phone/grid")
    expect(page.locator("#houses > li")).to_have_count(5)
    expect(page.get_by_role("link", name="采集任务")).to_have_count(0)
    # Who may not keep the register has no forms of it.
    task = phone.one("SELECT min(id) FROM collection_task")
    resealed(page, f"data.keeps = false; data.tasks = [{_TASK % task}];")
    for path in ("house/1/visit", f"task/{task}/1"):
        page.goto(f"/phone/grid?{path}#{path}")
        expect(page.locator("h1")).to_have_text("虚构镇虚构1路1号")
        expect(page.locator("#grid form")).to_have_count(0)
        expect(page.get_by_role("link", name="更正信息")).to_have_count(0)
    expect(page.locator("#register-lacks")).to_contain_text("电话")
    expect(page.locator("#register-lacks a")).to_have_count(0)
    in_english(phone, task)
    phone.line(True)
    page.goto("/phone/grid")
    expect(page.get_by_role("link", name="这里有漏登的房屋")).to_be_visible()


def in_english(phone: WorkerPhone, task: int) -> None:
    """On a larger phone: the tasks, the houses of one of which one is left, a form, and what waits."""
    page = phone.page
    resealed(page, "data.keeps = true;")
    page.evaluate(_SPEAKS, "en")
    page.set_viewport_size({"width": 412, "height": 915})
    for path, words in (
        ("tasks", "Houses left: 1 of 1"),
        (f"task/{task}", "late"),
        (f"task/{task}/1", "Person without a name"),
        (f"new-house/{GRID}", "Choose on the map, with a line"),
    ):
        page.goto(f"/phone/grid?{path}#{path}")
        expect(page.locator("#grid")).to_contain_text(words)
        phone.looked(f"field-{path.split('/')[0]}{path.count('/')}-412-en")
    page.set_viewport_size({"width": 360, "height": 740})
    page.evaluate(_SPEAKS, "zh")


def places_a_new_house(phone: WorkerPhone) -> None:
    """By a neighbour, by where one stands, by a neighbour again: what one says of the place goes with the other."""
    page = phone.page
    page.goto("/phone/grid")
    page.get_by_role("link", name="这里有漏登的房屋").click()
    expect(page.get_by_role("link", name="在地图上选（须有网络）")).to_be_visible()
    page.get_by_label("地址：街路和门牌号").fill("虚构镇样本路9号")
    beside, apart = page.locator("#beside"), page.locator("[name=apart]")
    datum, said = page.locator("details:has(#datum)"), page.locator("#position")
    # Two houses bear this address: none of them is meant.
    beside.fill("虚构镇同名路1号")
    assert (
        beside.evaluate("field => field.validationMessage")
        == "请选择本网格的一处房屋，或使用您的位置。"
    )
    beside.fill("虚构镇虚构3路3号")
    expect(said).to_have_text("在 虚构镇虚构3路3号 旁边")
    expect(apart).to_be_checked()
    expect(datum).to_be_hidden()
    page.get_by_role("button", name="就在我这里").click()
    expect(said).to_have_text("您的位置，误差约 5 米。")
    expect(beside).to_have_value("")
    expect(apart).not_to_be_checked()
    datum.locator("summary").click()
    page.locator("#datum").select_option("gcj02")
    beside.fill("虚构镇虚构1路1号")
    assert page.locator("#datum").input_value() == "wgs84"
    beside.fill("")
    assert page.locator("#grid [name=lon]").input_value() == ""
    assert beside.evaluate("field => field.validity.valueMissing")
    beside.fill("虚构镇虚构1路1号")
    phone.looked("field-beside-360-zh")
    page.get_by_role("button", name="记下").click()
    waits(page, 1)


def resealed(page: Page, change: str) -> None:
    """What the phone keeps, with something in it as it was or could be."""
    page.evaluate(
        f"""async () => {{
          const at = document.querySelector('script[src*="/phone/page.js"]').src.replace("page.js", "locker.js");
          const {{ key, kept, keep }} = await import(at), by = await key(), data = await kept(by);
          {change}
          await keep(by, data);
        }}"""
    )


_SPEAKS = """async (language) => {
  const store = await import(document.querySelector('script[src*="/phone/page.js"]').src.replace("page.js", "store.js"));
  await store.keepFact("language", language);
}"""
_TASK = """{ id: %d, title: "样本任务", due_on: "2026-01-01", register: true, questions: [{ id: 1, label: "样本", kind: "text" }],
  houses: { 1: { left: 1, lacks: [["resident", 1, ["phone"]], ["resident", 0, ["name"]]] } } }"""
_BESIDE = """
SELECT ARRAY[e.said ->> 'beside', e.said ->> 'apart', ((e.said ->> 'lon')::float8 = ST_X(h.geom))::text]
FROM register_entry e JOIN house h ON h.id = 1 WHERE e.kind = 'house_new'
"""
_HOUSES = """
SELECT array_agg(concat_ws(' ', kind, house_id, '→ ' || (said ->> 'house_id'), said ->> 'address', said ->> 'households')
                 ORDER BY kind) FROM register_entry
"""
_KINDS = "SELECT array_agg(kind ORDER BY kind) FROM register_entry"
_ANSWERS = "SELECT array_agg(value ORDER BY question_id) FROM collection_answer"
