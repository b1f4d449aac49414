"""What is refused on the forms of the office: accounts, teams, lists of matters, documents, trainings, settings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin

from playwright.sync_api import Page
from sqlalchemy import text

from gisgrid.cases import matter_drafts, matter_versions
from gisgrid.cases.calendars import read_calendar
from gisgrid.cases.clocks import keep_calendar
from gisgrid.core.plans import township
from gisgrid.db.store import transaction
from gisgrid.people.learning import drafts
from gisgrid.people.login import give_second_factor, set_password
from tests.support.accounts import appointed
from tests.support.refusals import PASSWORD, Act, Facts, RowOfTable, fields, forged, freely
from tests.support.town_files import DATA

LISTS = "/matters/versions"


def fill_office(facts: Facts) -> None:
    """A calendar, a document's draft with a comment, a training, a rule that waits, and somebody with a second factor."""
    with transaction(facts.engine) as session:
        place = township(session)
        keep_calendar(session, place.id, read_calendar(DATA / "calendar/calendar.csv"))
        today = datetime.now(UTC).date()
        paper = drafts.send(
            session, place.id, "D2", title="征求意见", file_name="b.txt", content="稿".encode(),
            day=today, answer_by=today + timedelta(days=30), who="government.shi",
        )  # fmt: skip
        for statement in _OFFICE.split(";\n"):
            session.execute(text(statement), {"town": place.id, "paper": paper})
        facts.accounts["guarded"] = appointed(
            session, "social_force", grid="999901001207002", name="guarded"
        )
        set_password(session, "guarded", PASSWORD)
        # Who cannot log in is no administrator that is left.
        set_password(session, "administrator.shi", PASSWORD)
        codes = facts.app.extensions["security"].totp_factory
        give_second_factor(session, "guarded", codes.generate_totp_secret())
        facts.more.update(paper=paper, **facts.accounts)


_OFFICE = """
INSERT INTO draft_comment (draft_id, community_id, text, who)
SELECT :paper, id, '建议补充', 'clerk.shi' FROM area WHERE code = '999901001207';
INSERT INTO staff (township_id, code, name) VALUES (:town, 'S-leaves', '测试离任');
INSERT INTO team_member (township_id, staff_id, grid_code, role, during)
SELECT :town, id, '999901001207002', 'worker', '[2020-01-01,2099-01-01)' FROM staff WHERE code = 'S-leaves';
INSERT INTO matter_supplement (township_id, community_id, code, text, during, state, written_by)
SELECT :town, id, '0301', '每周五清运', '[2020-01-01,)', 'waiting', 'clerk.shi' FROM area WHERE code = '999901001207'
"""


def without_draft(do: Act) -> Act:
    """On the page of versions, where there is no draft of the list."""

    def begin(page: Page, facts: Facts) -> None:
        with transaction(facts.engine) as session:
            if matter_drafts.draft_of(session, place := township(session).id):
                matter_versions.discard(session, place)
        page.reload()
        do(page, facts)

    return begin


def with_draft(path: str, do: Act) -> Act:
    """On a page of the list's draft."""

    def draw(page: Page, facts: Facts) -> None:
        with transaction(facts.engine) as session:
            if not matter_drafts.draft_of(session, place := township(session).id):
                matter_versions.begin(session, place, "2099-1")
        page.goto(urljoin(page.url, path))
        do(page, facts)

    return draw


def changed_meanwhile(page: Page, facts: Facts) -> None:
    """Choose another level for an item whose note somebody changes while the matrix is open."""
    facts.run(
        "UPDATE matter SET note = coalesce(note, '') || '改' WHERE code = '0301' "
        "AND list_id = (SELECT id FROM matter_list WHERE validity IS NULL)"
    )
    page.locator("[name='acts.0301']").evaluate(
        "(e) => { e.value = [...e.options].find((o) => o.value && !o.defaultSelected).value; }"
    )
    freely(page, "form:has(.duties-edit)")


def emptied(page: Page, facts: Facts) -> None:
    """See what a list would make, and send it on empty."""
    fields("form[action$='/several']", list="code,name,role\nx9,测试,planner")(page, facts)
    page.wait_for_selector("form[action*='/make']")
    forged(page, "form[action*='/make'] textarea", "")
    freely(page, "form[action*='/make']")


def nothing_given(page: Page, facts: Facts) -> None:
    """Ask for a slip with nothing on it."""
    page.click("details:has(#give-password) summary")
    page.uncheck("#give-password")
    freely(page, "form[action$='/slip']")


def wrong_code(page: Page, facts: Facts) -> None:
    """Log in with the right password, and a code that is none."""
    fields("main form", name="guarded", password=PASSWORD)(page, facts)
    page.fill("#code", "000000")
    page.click("main form button")


NOBODY_LEFT = (
    "今后某一天起这里将没有任何可登录的系统管理员",
    "Then nobody would administer here any more",
)

OFFICE: list[RowOfTable] = [
    ("accounts.add no role", "administrator", "/office/accounts/new", fields("form[action$='/new']", name="wu.shi", shown="测试吴"), "main",
     ("请选择角色。", "Choose a role.")),
    ("accounts.try_several nothing", "administrator", "/office/accounts/several", lambda p, f: freely(p, "form[action$='/several']"), "main",
     ("名单为空：请选择文件或填写各行。", "The list is empty: choose a file, or write the rows.")),
    ("teams.lead nobody", "administrator", "/office/teams/999901001207002", lambda p, f: freely(p, "form[action*='/lead']"), "main",
     ("没有", "There is no staff")),
    ("teams.join nobody", "administrator", "/office/teams/999901001207002", lambda p, f: freely(p, "form[action*='/join']"), "main",
     ("没有", "There is no staff")),
    ("teams.add_staff no name", "administrator", "/office/teams", lambda p, f: freely(p, "form[action*='/staff']"), "main",
     ("人员须有编码和姓名。", "A person of the staff needs a code and a name.")),
    ("issuing.issue no file", "government", "/office/documents", lambda p, f: freely(p, "form[action*='/office/documents']"), "main",
     ("请先选择文件。", "Choose a file first.")),
    ("issuing.send_draft no file", "government", "/office/documents", lambda p, f: freely(p, "form[action*='/office/drafts']"), "main",
     ("请先选择文件。", "Choose a file first.")),
    ("collections.add no name", "government", "/office/collections", lambda p, f: freely(p, "form[action*='/office/collections']"), "main",
     ("请填写完成日期。", "Say by which day it is to be done.")),
    ("means.add no amount", "government", "/office/means", lambda p, f: freely(p, "form[action*='/office/means']"), "main",
     ("请写明名称，最多 200 个字符。", "Say in at most 200 characters what it is.")),
    ("trainings.add no day", "government", "/office/training", lambda p, f: freely(p, "form[action*='/office/training']"), "main",
     ("请填写举行日期。", "Say on which day it is held.")),
    ("township.change no metres", "administrator", "/office/township", fields("form[action*='/office/township']", near_border_m="x"), "main",
     ("应为0 至 1000 的米数。", "it is a number of metres from 0 to 1000.")),
    ("weights.keep no name", "administrator", "/office/township/weights", lambda p, f: freely(p, "form[action*='/weights']"), "main",
     ("请填写版本名称。", "Give the version a name.")),
    ("channels.keep a stranger", "administrator", "/office/channels", lambda p, f: freely(p, "[data-channel=email] form[action*='/keep']"), "main",
     ("渠道 email 还缺：", "The channel email needs")),
    ("matter_lists.begin no name", "government", "/matters/versions", without_draft(lambda p, f: freely(p, "form:has(#version)")), "main",
     ("请填写版本名称，最多 40 个字符。", "Give the version a name of at most 40 characters.")),
    ("supplements.add nothing", "clerk", "/matters/supplements", lambda p, f: freely(p, "form:has([name=text])"), "main",
     ("请填写规定，最多 1000 个字符。", "Write the rule in at most 1000 characters.")),
    ("accounts.appoint no role", "administrator", "/office/accounts/{worker}", lambda p, f: freely(p, "form[action$='/posts']"), "main",
     ("请选择角色。", "Choose a role.")),
    ("accounts.end the last", "administrator", "/office/accounts/{administrator}", lambda p, f: freely(p, "form[action$='/end']"), "main", NOBODY_LEFT),
    ("accounts.switch the last", "administrator", "/office/accounts/{administrator}", lambda p, f: freely(p, "form[action$='/switch']"), "main", NOBODY_LEFT),
    ("accounts.hand_out nothing", "administrator", "/office/accounts/{worker}", nothing_given, "main",
     ("请勾选要重发的内容。", "Tick what is to be given anew.")),
    ("accounts.add_token no days", "administrator", "/office/accounts/{worker}", fields("form[action$='/tokens']", token="账目", days="许多"), "main",
     ("请填写令牌的有效天数。", "Write for how many days the token counts.")),
    ("accounts.add_token too long", "administrator", "/office/accounts/{worker}",
     lambda p, f: (p.locator("#scope-see_counts").evaluate("(e) => { e.checked = true; }"), fields("form[action$='/tokens']", token="账目", days="9999")(p, f)), "main",
     ("令牌有效期为 1 至", "A token lasts 1 to")),
    ("accounts.make_several nothing", "administrator", "/office/accounts/several", emptied, "main",
     ("名单为空：请选择文件或填写各行。", "The list is empty: choose a file, or write the rows.")),
    ("teams.leave later than it ends", "administrator", "/office/teams/999901001207002", fields("[data-part=S-leaves] form", on="2099-06-01"), "main",
     ("该任职已于 2099-01-01 结束。", "This part ends on 2099-01-01 already.")),
    ("calendar.day none", "administrator", "/office/township/calendar", lambda p, f: freely(p, "form[action*='/calendar/day']"), "main",
     ("请选择日期。", "Choose a day.")),
    ("calendar.show no hours", "administrator", "/office/township/calendar", fields("form:has([name=propose])", hours="整天"), "main",
     ("'整天' 不是办公时间，请写成", "'整天' are no office hours; write")),
    ("matter_lists.temporary no code", "government", LISTS, lambda p, f: freely(p, "form[action*='/temporary']"), "main",
     ("临时事项须有编码、起始日和截止日。", "A temporary item needs a code, its first and its last day.")),
    ("matter_lists.publish no day", "government", LISTS, with_draft(f"{LISTS}/draft", fields("form[action*='/publish']", since="")), "main",
     ("请填写清单从哪一天起生效。", "Say from which day on the list is in force.")),
    ("matter_lists.publish backwards", "government", LISTS, with_draft(f"{LISTS}/draft", fields("form[action*='/publish']", since="2023-01-01")), "main",
     ("2023-01-01", "A list is never published backwards: 2023-01-01 is too early")),
    ("matter_items.keep no code", "government", LISTS, with_draft(f"{LISTS}/draft/item", lambda p, f: freely(p, "form:has([name=was])")), "main",
     ("事项须有编码，且不含空格。", "An item needs a code without spaces.")),
    ("matter_items.keep no name", "government", LISTS, with_draft(f"{LISTS}/draft/item", fields("form:has([name=was])", code="0399")), "main",
     ("事项 0399 须有名称。", "The item 0399 needs a name.")),
    ("matter_items.withdraw in use", "government", LISTS, with_draft(f"{LISTS}/draft/item?code=0301", lambda p, f: freely(p, "form[action*='/withdraw']")), "main",
     ("个未结案件，它们沿用开始时的版本", "open cases stand under 0301")),
    ("matter_items.keep_duties changed meanwhile", "government", LISTS, with_draft(f"{LISTS}/draft/duties", changed_meanwhile), "main",
     ("您打开矩阵后，他人修改了 0301。", "Somebody else has changed 0301 since you opened the matrix.")),
    ("supplements.decide no reason", "government", "/matters/supplements", lambda p, f: freely(p, "form:has([name=reason])"), "main",
     ("请写明不同意的理由，社区会看到。", "Say why the rule is refused: its community reads it.")),
    ("documents.comment nothing", "clerk", "/drafts/{paper}", lambda p, f: freely(p, "main form[action*='/drafts/']"), "[role=alert]",
     ("请填写内容。", "Write what you have to say.")),
    ("issuing.answer nothing", "government", "/office/drafts/{paper}", lambda p, f: freely(p, "form[action*='/answer']"), "main",
     ("请填写内容。", "Write what you have to say.")),
    ("issuing.issue_draft unanswered", "government", "/office/drafts/{paper}", lambda p, f: freely(p, "#issue form"), "main",
     ("未答复的意见：1 条，请先答复。", "Comments without an answer: 1. Answer them first.")),
    ("trainings.note too long", "government", "/office/training/profiles/S-leaves", fields("form:has([name=qualifications])", qualifications="急救" * 100), "main",
     ("资质最多", "qualifications of")),
    ("cases.open_words no purpose", "dispatcher", "/cases/{case}", lambda p, f: freely(p, "form.unmask"), "main",
     ("请选择查看上报内容的用途。", "Choose the purpose that the words are opened for.")),
    ("security.two_factor_token_validation wrong", "", "/account/login", wrong_code, ".bad",
     ("验证码不正确或已用过，请等下一个验证码。", "This code is not right, or was used already.")),
]  # fmt: skip
"""Rows of the table of refusals."""
