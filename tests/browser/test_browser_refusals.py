"""What a person reads on the screen when something they sent is refused: each form, each reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from gisgrid.db.cluster import Cluster
from tests.support.office_refusals import OFFICE, fill_office
from tests.support.refusals import (
    ELSEWHERE,
    INSIDE,
    NEAR_BORDER,
    OTHER,
    PASSWORD,
    Facts,
    RowOfTable,
    asked,
    chosen,
    click,
    fields,
    forged,
    freely,
    go_bulk,
    noted_meanwhile,
    offline,
    over_already,
    photo,
    photo_of_work,
    refusing,
    send,
    stale,
    step,
    tick,
)
from tests.support.web import chromium, served, session_cookie
from web.http.routes import NOBODY, RIGHT_OF

pytestmark = pytest.mark.browser

CHOOSE = ("请选择是什么事。", "Choose what it is.")
WHERE = (
    "请说明地点：使用当前位置，或填写地址。",
    "Say where it is: give your position, or write an address.",
)
OUTSIDE = (
    "该位置不在F镇（虚构）范围内；请向所在地上报。",
    "This place lies outside Town F (synthetic)",
)
LOOK = ("请再看一眼，然后发送。", "Please look once more, then send.")
CUT = (
    "网络不通，未作任何改动，请稍后再试。",
    "There is no connection. Nothing was changed; try again in a moment.",
)
PART = (
    "部分地图未能加载，请稍后再试。",
    "Part of the map could not be loaded; try again in a moment.",
)
GONE = (
    "数据库未能及时响应，请稍后再试。",
    "The database does not answer in time; try again in a moment.",
)
OLD = (
    "该表单已过期或来自别处：请重新打开该页面。",
    "This form is too old, or came from elsewhere: open its page again.",
)
PICTURE = (
    "照片无法读取；请使用 JPEG、PNG 或 WebP 格式。",
    "The photo cannot be read; send JPEG, PNG or WebP.",
)
NOT_LIKE = ("户档中没有与此相近的地址。", "Nothing in the register is like this address.")
MOVED = ("该案件刚被他人处理过，请刷新后再操作。", "The case has moved on")
EMERGENCY = (
    "转应急须填写原因，结束时间须晚于开始时间。",
    "An emergency needs a reason, and an end after its beginning.",
)
PROBLEMS = (
    "复查须填写情况，且下次复查日期须更晚。",
    "A review says what was found, and the next is later.",
)
SIZE = (
    "网格规模须为不小于 1 的居民数、户数或房屋数。",
    "The size of a grid is a number of residents, households or houses, at least 1.",
)

ROWS: list[RowOfTable] = [
    ("report.send nothing", "", "/report", lambda p, f: send(p), "#problem", CHOOSE),
    ("report.send no place", "", "/report", lambda p, f: (chosen(p), send(p)), "#problem", WHERE),
    ("report.send elsewhere", "", "/report", lambda p, f: (chosen(p, ELSEWHERE), send(p)), "#problem", OUTSIDE),
    ("report.send doubtful", "", "/report", lambda p, f: (chosen(p, NEAR_BORDER), send(p)), "#problem", LOOK),
    ("report.send no picture", "", "/report", lambda p, f: (chosen(p, INSIDE), photo(p, "a.jpg"), send(p)), "#problem", PICTURE),
    ("report.send four pictures", "", "/report", lambda p, f: (chosen(p, INSIDE), photo(p, *"abcd"), send(p)), "#problem",
     ("最多上传 3 张照片。", "At most 3 photos are taken.")),
    ("report.send off the list", "", "/report", lambda p, f: (chosen(p, INSIDE), forged(p, "[name=matter]:checked", "9999"), send(p)), "#problem",
     ("的事项清单中没有小项 '9999'。", "has no minor item '9999'.")),
    ("report.send old form", "", "/report", lambda p, f: (chosen(p, INSIDE), forged(p, "[name=csrf_token]", "x"), send(p)), "#problem", OLD),
    ("report.send too much", "", "/report", lambda p, f: (f.spend(), chosen(p), send(p)), "#problem",
     ("此网络地址刚才上报过多。内容没有丢失，请稍等片刻再发送。", "Very much was sent from this network address just now.")),
    ("report.send store gone", "", "/report", lambda p, f: (chosen(p, INSIDE), f.gone("report.send"), send(p)), "#problem", GONE),
    ("report.send offline", "", "/report", offline(lambda p, f: (chosen(p, INSIDE), send(p))), "#problem",
     ("网络不通。内容没有丢失，请稍后再点发送。", "There is no connection. Nothing is lost: send again in a moment.")),
    ("report.near elsewhere", "", "/report", lambda p, f: (chosen(p, ELSEWHERE), p.locator("[name=matter]").first.dispatch_event("change")), "#near", OUTSIDE),
    ("report.near unknown", "", "/report", lambda p, f: (chosen(p), p.fill("#words", "天上人间街999号"), p.dispatch_event("#words", "change")), "#near .note", NOT_LIKE),
    ("report.answered no rating", "", "/report/{ticket}", lambda p, f: freely(p, "#rate"), "[role=alert]", ("“评价”还缺少：评分。", "needs a rating.")),
    ("report.answered no reason", "", "/report/{ticket}", lambda p, f: freely(p, "#reopen"), "[role=alert]", ("“重新办理”还缺少：原因。", "needs a reason.")),
    ("report.followed no code", "", "/report", lambda p, f: (p.fill("#ticket", "ABCDE-FGHJK"), p.click(".bycode button")), "main",
     ("没有这个查询码，请再核对一下：字母和数字，四位一组。", "There is no report with this code.")),
    ("imports.take ending", "government", "/office/import", lambda p, f: (p.set_input_files("#file", {"name": "a.docx", "mimeType": "text/plain", "buffer": b"x"}), p.click(".drop button")), "[role=alert]",
     ("不支持扩展名为 .docx 的文件。", "Files with the ending .docx are not read.")),
    ("corrections.decide no reason", "clerk", "/office/corrections", lambda p, f: freely(p, "form:has(input[name=decision])"), "[role=alert]",
     ("不予更正须写明理由。", "A refusal needs a reason.")),
    ("corrections.open_values no purpose", "clerk", "/office/corrections", lambda p, f: freely(p, "form.unmask"), "main",
     ("请选择打开户档的用途。", "Choose what the register is opened for.")),
    ("telephone.send nothing", "dispatcher", "/dispatch/new", lambda p, f: send(p), "#problem", CHOOSE),
    ("telephone.send no place", "dispatcher", "/dispatch/new", lambda p, f: (chosen(p), send(p)), "#problem", WHERE),
    ("telephone.send elsewhere", "dispatcher", "/dispatch/new", lambda p, f: (chosen(p, ELSEWHERE), send(p)), "#problem", OUTSIDE),
    ("telephone.send doubtful", "dispatcher", "/dispatch/new", lambda p, f: (chosen(p, NEAR_BORDER), send(p)), "#problem", LOOK),
    ("cases.step no note", "dispatcher", "/cases/{case}", step("note", note=" "), ".phone-refused", ("“记录”还缺少：说明。", "needs a note.")),
    ("cases.step stale", "dispatcher", "/cases/{case}", stale, ".phone-refused", MOVED),
    ("cases.step no reason", "dispatcher", "/cases/{case}", step("reject", reason=""), ".phone-refused", ("“不予立案”还缺少：原因。", "needs a reason.")),
    ("cases.step no such case", "dispatcher", "/cases/{case}", step("merge", into="999999"), ".phone-refused", ("没有编号为“999999”的在办案件。", "There is no open case '999999'.")),
    ("cases.step no picture", "dispatcher", "/cases/{case}", photo_of_work, ".phone-refused", PICTURE),
    ("cases.move no number", "dispatcher", "/cases/{case}", fields("#move", lon="x"), "#refused", ("请填写经度和纬度（数字）。", "The place needs longitude and latitude as numbers.")),
    ("dispatch.steps stale", "dispatcher", "/dispatch", lambda p, f: (tick(p, f), f.on(), go_bulk(p, f, "file")), "#answers", MOVED),
    ("dispatch.steps not yet", "dispatcher", "/dispatch", lambda p, f: (tick(p, f), go_bulk(p, f)), "#answers", ("状态下不能执行“派遣”。", "there is no step “dispatch”")),
    ("dispatch.steps offline", "dispatcher", "/dispatch", lambda p, f: (tick(p, f), offline(go_bulk)(p, f)), "#answers", CUT),
    ("dispatch.steps logged out", "dispatcher", "/dispatch", lambda p, f: (tick(p, f), p.context.clear_cookies(name="gisgrid"), go_bulk(p, f)), "#answers", OLD),
    ("dispatch.keep_shortlist offline", "dispatcher", "/dispatch", offline(click("#rows .star")), "#notice", CUT),
    ("v1.cases no such filter", "dispatcher", "/dispatch?due=never", lambda p, f: None, "#notice", ("请求中有的值无法使用。", "A part of the request has a value that cannot be used.")),
    ("v1.cases offline", "dispatcher", "/dispatch", offline(lambda p, f: p.fill("#filters [name=q]", "垃圾")), "#notice",
     ("调度台加载失败，稍后自动重试。", "The board could not be loaded; it tries again in a moment.")),
    ("maps.features offline", "dispatcher", "/dispatch", offline(click("#borders")), "#notice", PART),
    ("dispatch.switch_on no reason", "dispatcher", "/dispatch/emergency", fields("#switch", reason=" "), "[role=alert]", EMERGENCY),
    ("dispatch.switch_on ended", "dispatcher", "/dispatch/emergency", fields("#switch", reason="暴雨", until="2020-01-01T00:00"), "[role=alert]", EMERGENCY),
    ("dispatch.switch_off over", "dispatcher", "/dispatch/emergency", lambda p, f: (f.emergency(), p.reload(), over_already(p, f)), "[role=alert]",
     ("应急状态已经结束。", "The emergency has ended already.")),
    ("dispatch.emergency no number", "dispatcher", "/dispatch/emergency", fields("#ring", lon="x", lat="40"), "[role=alert]",
     ("经度、纬度和半径须为数字。", "Longitude, latitude and radius are numbers.")),
    ("dispatch.emergency too wide", "dispatcher", "/dispatch/emergency", fields("#ring", lon="120.89", lat="40.7", radius="900000"), "[role=alert]",
     ("半径须在 0 至 20,000 米之间。", "A radius lies between 0 and 20,000 m.")),
    ("open_problems.add nothing", "dispatcher", "/open-problems", fields("#enter form"), "[role=alert]",
     ("遗留问题须有标题、督办人和复查日期。", "An old problem needs a title, a supervisor and a day to look again.")),
    ("open_problems.add taken", "dispatcher", "/open-problems", fields("#enter form", code="L1", title="停车难", supervisor="甲"), "[role=alert]", ("台账中已有“L1”。", "There is already a long-term problem 'L1'.")),
    ("open_problems.look nothing found", "dispatcher", "/open-problems/L1", fields(".box form", finding=" "), "[role=alert]", PROBLEMS),
    ("open_problems.look too early", "dispatcher", "/open-problems/L1", fields(".box form", finding="仍在", next_on="2020-01-01"), "[role=alert]", PROBLEMS),
    ("messages.keep no address", "dispatcher", "/messages/settings", fields("main form", email="kein"), ".bad",
     ("“kein”不是电子邮箱地址。", "'kein' is no e-mail address.")),
    ("messages.keep half a night", "dispatcher", "/messages/settings", fields("main form", quiet_from="22:00"), ".bad",
     ("免打扰时段须同时填写开始和结束", "Quiet hours need a beginning and another end.")),
    ("notices.seen by another", "dispatcher", "/open-problems", lambda p, f: (f.call(), p.goto(p.url.replace("/open-problems", "/notices")), noted_meanwhile(p, f)), ".bad",
     ("没有需要您签收的该条通知。", "Nothing of this number waits for you.")),
    ("documents.has_read gone", "worker", "/documents/F1", lambda p, f: (forged(p, "[name=number]", "99"), p.click("main form button")), "main", ("没有文件“F1”的第 99 版", "There is no document 'F1' in version 99.")),
    ("security.login wrong", "", "/account/login", fields("main form", name="forgetful", password="wrong-wrong"), "[role=alert]",
     ("登录名或密码不正确。", "The name or the password is not right.")),
    ("security.login nothing", "", "/account/login", fields("main form"), "[role=alert]", ("请填写密码。", "Write the password.")),
    ("security.change_password wrong", "forgetful", "/account/change", fields("main form", password="wrong-wrong", new_password=OTHER, new_password_confirm=OTHER), "[role=alert]",
     ("原密码不正确。", "The password until now is not right.")),
    ("security.change_password differ", "forgetful", "/account/change", fields("main form", password=PASSWORD, new_password=OTHER, new_password_confirm=PASSWORD), "[role=alert]",
     ("两次输入的新密码不一致。", "The two new passwords differ.")),
    ("security.change_password short", "forgetful", "/account/change", fields("main form", password=PASSWORD, new_password="plum", new_password_confirm="plum"), "[role=alert]",
     ("密码应为 10 至 200 个字符；现有 4 个。", "A password has 10 to 200 characters; this one has 4.")),
    ("security.two_factor_setup_validate wrong", "forgetful", "/account/tf-setup", lambda p, f: (p.fill("#password", PASSWORD), p.click("button[value=authenticator]"), p.fill("#code", "000000"), p.click("main form button")), ".bad",
     ("验证码不正确或已用过，请等下一个验证码。", "This code is not right, or was used already.")),
    ("v1.locate nothing", "", "/lookup", fields("#ask"), "#answer", ("请先输入地址。", "Write an address first.")),
    ("v1.locate unknown", "", "/lookup", lambda p, f: (p.fill("#words", "天上人间街999号"), freely(p, "#ask")), "#answer", NOT_LIKE),
    ("v1.locate several", "", "/lookup", lambda p, f: (p.fill("#words", "康成街"), freely(p, "#ask")), "#answer",
     ("无法确定是哪一处地址，请从候选中选择。", "It is not sure which address is meant; choose one of the candidates.")),
    ("v1.locate offline", "", "/lookup", offline(lambda p, f: (p.fill("#words", "康成街9号"), freely(p, "#ask"))), "#answer",
     ("没有网络，无法查地址；请用“我在哪里”。", "Without a connection no address can be looked for")),
    ("v1.locate store gone", "", "/lookup", lambda p, f: (f.gone("v1.locate"), p.fill("#words", "康成街9号"), freely(p, "#ask")), "#answer", GONE),
    ("v1.leader no right", "planner", "/lookup", lambda p, f: (p.fill("#words", "石桥社区康成街9号"), freely(p, "#ask"), p.click("#answer button.send >> nth=0")), "#answer .bad",
     ("此操作需要权限“", "This needs the right “")),
    ("v1.search nothing", "", "/map", lambda p, f: p.fill("#search [name=q]", "天上人间街999号"), "#hits", ("没有找到", "Nothing found")),
    ("v1.search offline", "", "/map", offline(lambda p, f: p.fill("#search [name=q]", "康成街9号")), "#notice", PART),
    ("v1.search store gone", "", "/map", lambda p, f: (f.gone("v1.search"), p.fill("#search [name=q]", "康成街9号")), "#notice", GONE),
    ("editor.branch taken", "planner", "/plan/", fields("form[action$='/plan/branch']", name="草案甲"), "main", ("已有名为“草案甲”的方案。", "There is a plan '草案甲' already.")),
    ("editor.branch no name", "planner", "/plan/", fields("form[action$='/plan/branch']", name=" "), "main", ("方案名称须为 1 到 80 个字。", "A scenario needs a name of 1 to 80 letters.")),
    ("editor.from_scratch no size", "planner", "/plan/", fields("form[action$='/plan/from-scratch']", name="新", size="0"), "main", SIZE),
    ("editor.bring_in no file", "planner", "/plan/", fields("form[action$='/plan/import']", name="新"), "main", ("请选择 GeoPackage、GeoJSON、KML、FlatGeobuf、CSV、XLSX 文件", "Choose a GeoPackage, GeoJSON, KML, FlatGeobuf, CSV or XLSX file")),
    ("editor.tidy taken", "planner", "/plan/", fields("form[action$='/rename']", name="2022"), "main", ("已有名为“2022”的方案。", "There is a plan '2022' already.")),
    ("editor.rebalance no size", "planner", "/plan/{draft}", lambda p, f: (p.fill("#size", "0"), p.click("#from-scratch")), "#notice", SIZE),
    ("editor.rebalance offline", "planner", "/plan/{draft}", offline(click("#rebalance")), "#notice", CUT),
    ("editor.check offline", "planner", "/plan/{draft}", offline(click("#checks-section summary", "#check")), "#checks", CUT),
    ("editor.compare offline", "planner", "/plan/{draft}/compare", lambda p, f: (p.route("**/view.json", lambda route: route.abort()), p.reload()), "#notice", PART),
    ("editor.edit no such grid", "planner", "/plan/{draft}", asked("keep({ kind: 'merge', into: 'x', gone: 'y' })"), "#notice", ("该方案中没有网格 'x'。", "The scenario has no grid 'x'.")),
    ("editor.preview no edit", "planner", "/plan/{draft}", asked("preview({ kind: 'nothing' })"), "#live", ("页面发送的操作无法识别。", "The page sent no edit that is known here.")),
    ("editor.lock no such grid", "planner", "/plan/{draft}", asked("post('lock', { kind: 'grid', codes: ['x'], on: true })"), "#notice", ("没有代码为 'x' 的对象。", "There is no grid 'x'.")),
    ("editor.step_back nothing", "planner", "/plan/{draft}", asked("post('undo', { version: 0 })"), "#notice", ("没有可撤销的操作。", "There is nothing to undo.")),
    ("editor.step not yet", "planner", "/plan/{draft}", asked("post('step', { step: 'approve', reason: '' })"), "#notice", ("您在F镇（虚构）没有相应的权限。", "This is for who may review")),
    ("editor.publish not yet", "planner", "/plan/{draft}", asked("post('publish', { from: '2099-01-01' })"), "#notice", ("须经审批并通知后才能发布。", "a plan is published after review and notification.")),
    ("register.open_house no purpose", "government", "/register/house/{house}", lambda p, f: freely(p, "form.unmask"), "main",
     ("请选择打开户档的用途。", "Choose what the register is opened for.")),
    ("register.enter no answer", "worker", "/register/house/{house}/enter/visit", lambda p, f: freely(p, "form.door-form"), "main",
     ("请选一项。", "Choose one of the answers.")),
    ("register.enter old page", "worker", "/register/house/{house}/enter/household-in",
     lambda p, f: (p.evaluate("f = document.querySelector('form.door-form'); delete f.dataset.queue; f.elements.client_id.value = ''"), freely(p, "form.door-form")), "main",
     ("页面已过时，请重新打开这处房屋。", "The page is too old: open the house anew.")),
    ("register.add_house no place", "worker", "/register/grid/999901001207002/new-house", lambda p, f: (p.fill("#address", "测试新街 1号"), freely(p, "form.door-form")), "main",
     ("请说明房屋在哪里：取当前位置，或在地图上点选。", "Say where the house stands: take your position, or touch the map.")),
    ("register.ask_correction no number", "government", "/register/house/{house}", lambda p, f: (p.click("a[href*='/correction?resident=']"), p.click("a[href$='column=phone']"), p.fill("#phone", "x"), freely(p, "form.door-form")), "main",
     ("电话：电话号码格式错误", "Telephone: not a telephone number")),
    ("register.decide none", "clerk", "/register/changes", lambda p, f: freely(p, "#decide"), "main",
     ("请至少选一条。", "Choose at least one line.")),
    ("paper.make no sheet", "government", "/paper",
     lambda p, f: ([box.uncheck() for box in p.locator("[name=sheet]").all()], freely(p, "main form")), "main",
     ("请至少选择一种纸质材料。", "Choose at least one sheet.")),
    ("register.open_changes no purpose", "clerk", "/register/changes", lambda p, f: freely(p, "form.unmask"), "main",
     ("请选择打开户档的用途。", "Choose what the register is opened for.")),
    ("subjects.ask nothing", "government", "/office/subjects", lambda p, f: freely(p, "form[action*='/office/subjects']"), "main",
     ("请填写申请人的姓名。", "Write the name of whoever asks.")),
    ("figures.show no day", "dispatcher", "/figures?since=x", lambda p, f: None, "main", ("不是日期；请写成 2023-08-31 的形式。", "it must be a day such as 2023-08-31.")),
]  # fmt: skip
FIRST = {row[0].split()[0]: row for row in reversed([*ROWS, *OFFICE])}
"""One row of each form, which is read in English as well."""

ELSEWHERE_TESTED = {
    "aliases.end": "one button, at a line that is there; in test_aliases_page.py",
    "aliases.keep": "in test_aliases_page.py, with each of its refusals",
    "imports.another": "a button at an import of one's own file; in test_file_imports_ways.py",
    "editor.cancel": "it stops what is there, and refuses nobody who may draw",
    "figures.explain_sleep": "its form stands only at a grid that sleeps; in test_standing.py",
    "messages.confirm": "its form stands only where a code was sent; in test_email_codes.py",
    "messages.open_one": "a button of one's own messages; another's is refused in test_messages_page.py",
    "messages.read_all": "nothing to refuse",
    "open311.create": "programs read the answer",
    "security.logout": "nothing to refuse",
    "security.two_factor_setup": "one button",
    "editor.withdraw": "its button stands only at a plan that waits; what refuses it is in test_plan_order.py",
    **dict.fromkeys(
        ("imports.check", "imports.commit", "imports.look"),
        "a file has to be looked at by the worker first; in test_browser_import.py and test_file_imports_ways.py",
    ),
    **dict.fromkeys(
        (
            "imports.away",
            "imports.cancel",
            "imports.foresee",
            "imports.foresee_run",
            "imports.undo",
        ),
        "its button stands only where it may be pressed; what refuses it is in test_file_imports_ways.py",
    ),
    **dict.fromkeys(
        ("accounts.drop_factor", "accounts.revoke_token"),
        "nothing to refuse where its button stands",
    ),
    "calendar.keep": "it sends what the proposal shows; a year or hours that are none are refused there",
    **dict.fromkeys(
        ("channels.drop", "channels.retry", "channels.try_out"),
        "their buttons stand at a channel that is kept; in test_channels_page.py",
    ),
    **dict.fromkeys(
        (
            "matter_lists.discard",
            "matter_lists.end_temporary",
            "matter_lists.take_back",
            "supplements.end",
        ),
        "one button, which stands only where it may be pressed; in test_matter_lists_page.py",
    ),
    **dict.fromkeys(
        ("retention.run", "retention.try_out"),
        "what refuses them is another at work, or no trial; in test_retention_page.py",
    ),
    **dict.fromkeys(
        ("subjects.answered", "subjects.decide", "subjects.take"),
        "over a request, which is noted in test_subjects_page.py",
    ),
    "weights.try_out": "a second button of the form that keeps, for who holds two posts; in test_township_page.py",
    "backups.make": "one button, which stands only where it may be pressed; in test_backups_page.py",
    "backups.drill": "its button stands only at a backup that is there; in test_backups_page.py",
    **dict.fromkeys(
        ("jobs.again", "jobs.stop"),
        "its button stands only where it may be pressed; what refuses it is in test_jobs_page.py",
    ),
    **dict.fromkeys(
        (
            "collecting.answer",
            "collections.ask",
            "collections.discard",
            "collections.drop",
            "collections.end",
            "collections.form_in",
            "collections.open_given",
            "collections.publish",
        ),
        "over a task, which is made in test_collections_page.py",
    ),
    **dict.fromkeys(("means.change", "means.end"), "over one that is noted, in test_means_page.py"),
    "trainings.attend": "ticks beside those who stand there; in test_trainings_page.py",
    "editor.look": "what it refuses is what taking over refuses, in test_quick_jobs.py",
    **dict.fromkeys(
        ("phone.half", "phone.lost", "phone.lost_of"),
        "a script asks, or its button stands at a phone that is kept; in test_phone_carry.py",
    ),
    "practice.try_out": "over invented houses; what it refuses is in test_practice.py",
    "register.take_back": "a reason beside one button; refused in words in test_house_back.py",
    "register.put_aside": "one button, at what a phone sent and was refused; in test_phone_once.py",
    "shell.display": "it offers what there is, and takes nothing else for it",
    "towns.chosen": "it offers what there is; in test_browser_towns.py",
    "v1.locate_many": "programs read the answer",
}
"""Ways that take something in and have no row here, with the reason."""


@pytest.fixture(scope="module")
def facts(cluster: Cluster, town_template: str) -> Iterator[Facts]:
    with refusing(cluster, town_template) as facts:
        fill_office(facts)
        yield facts


@pytest.fixture(scope="module")
def host(facts: Facts) -> Iterator[str]:
    with served(facts.app) as host:
        yield host


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Page]:
    """One tab for all: a new one a test takes five times the work of its page."""
    context = browser.new_context(viewport={"width": 1100, "height": 900})
    # What the map shows is not what is read here. With a route, nothing is answered from a cache.
    context.route("**/tiles/**", lambda route: route.fulfill(status=200, body=b""))
    # Nor is a picture, which a page that is left would leave open in the server.
    context.route("**/*.svg*", lambda route: route.fulfill(status=204))
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()


@pytest.fixture
def page(tab: Page, host: str) -> Iterator[Page]:
    """The tab of somebody who was never here."""
    tab.context.clear_cookies()
    devtools = tab.context.new_cdp_session(tab)
    devtools.send("Storage.clearDataForOrigin", {"origin": host, "storageTypes": "all"})
    devtools.detach()
    yield tab
    tab.context.set_offline(False)
    tab.unroute_all()
    tab.goto("about:blank")


def test_every_form_has_a_row(facts: Facts):
    ways = {r.endpoint for r in facts.app.url_map.iter_rules() if "POST" in (r.methods or ())}
    offered = {way for way in ways if RIGHT_OF.get(way, NOBODY) != NOBODY}
    assert offered - FIRST.keys() == ELSEWHERE_TESTED.keys()


@pytest.mark.parametrize(
    ("row", "language"),
    [*((row, "zh") for row in (*ROWS, *OFFICE)), *((row, "en") for row in FIRST.values())],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_the_reason_is_read_on_the_screen(
    page: Page, host: str, facts: Facts, row: RowOfTable, language: str
):
    _, who, path, do, where, (zh, en) = row
    facts.fresh()
    cookies = [f"language={language}"]
    if who:
        cookies.append(session_cookie(facts.app, facts.engine, facts.accounts[who]))
    parts = (cookie.partition("=") for cookie in cookies)
    page.context.add_cookies(
        [{"name": name, "value": value, "url": host} for name, _, value in parts]
    )
    failures: list[str] = []

    def failed(error: Error) -> None:
        failures.append(str(error))

    page.on("pageerror", failed)
    try:
        page.goto(host + path.format(**facts.numbers))
        if page.locator("#ui, .leaflet-container, .half").count():
            page.wait_for_selector("html[data-ready]", state="attached")
        do(page, facts)
        expect(page.locator(where).first).to_contain_text(
            zh if language == "zh" else en, timeout=30_000
        )
        assert failures == []
        # A page that is left half loaded leaves files open in the server.
        page.wait_for_load_state("load")
    finally:
        page.remove_listener("pageerror", failed)
