"""The list of matters in the browser: drafted, compared, published, with its duties and what communities add."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.cases.cases import open_case
from gisgrid.core.plans import township
from gisgrid.db.store import transaction
from gisgrid.people.appointments import appoint
from gisgrid.planning.snapshot.fetch import today
from tests.support.accounts import appointed
from tests.support.cases import RESIDENT
from tests.support.forms import alert, form_of
from tests.support.listed_town import listed_town
from tests.support.office import Keeper

LISTS, DRAFT, ITEM = "/matters/versions", "/matters/versions/draft", "/matters/versions/draft/item"
RULES = "/matters/supplements"
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], dict[str, int]]:
    return listed_town


@pytest.fixture
def office(engine: Engine, made: dict[str, int]) -> Keeper:
    return Keeper(engine, made["government"])


def now_of(engine: Engine) -> date:
    with transaction(engine) as session:
        return today(township(session))


def test_a_draft_is_edited_compared_and_published_from_tomorrow(office: Keeper, engine: Engine):
    now = now_of(engine)
    page = office.get(LISTS).text
    assert (
        'data-version="1"' in page
        and "in force" in page
        and "It begins as a copy of version 1." in page
    )
    assert office.get(DRAFT).status_code == 404
    assert office.post(LISTS, version="2").status_code == 303
    page = office.get(DRAFT).text
    assert "0 items differ" in page and "1 groups, 2 items" in page
    form = form_of(office.get(f"{ITEM}?code=0101").text, "/draft/item")
    assert (form["limit"], form["unit"], form["limit.file"], form["decider"]) == (
        "4", "working_hours", "30", "community",
    )  # fmt: skip
    assert (
        office.post(
            ITEM, **(form | {"limit": "1", "unit": "working_days", "note": "先看现场"})
        ).status_code
        == 303
    )
    new = form_of(office.get(f"{ITEM}?parent=01").text, "/draft/item") | {
        "code": "0103", "name": "光污染", "name_en": "Glare", "decider": "township", "limit": "2", "unit": "working_days",
        "informs.community": "1",
    }  # fmt: skip
    assert office.post(ITEM, **new).status_code == 303
    assert office.post("/matters/versions/draft/withdraw", code="0102").status_code == 303
    page = office.get(DRAFT).text
    assert "3 items differ" in page and 'data-gone="0102"' in page
    row = re.findall(r'data-foreseen="0101".*?</tr>', page, re.DOTALL)[0]
    assert "4 working hours → 1 working days" in html.unescape(row)
    assert re.findall(r'class="n"[^>]*>(\d+)<', row) == ["0", "0", "3"]
    for words in ("government", "先看现场", "4 working hours", "1 working days"):
        assert words in page.split("Who changed what")[1], words
    compared = office.get("/matters/compare?before=1&after=2").text
    assert (
        "3 items differ" in compared
        and "off the list" in compared
        and "new on the list" in compared
    )
    # Before it is published, nothing of it counts.
    assert "Glare" not in office.get("/matters").text
    assert office.post(f"{DRAFT}/publish", since=str(now + DAY)).status_code == 303
    page = office.get(LISTS).text
    assert f"Version 2 is in force from {now + DAY} on." in page and "not in force yet" in page
    book = office.get("/matters").text
    assert "Glare" not in book and f"From {now + DAY} on version 2 is in force." in book
    book = office.get("/matters?version=2").text
    assert (
        "Glare" in book and "1 working days" in book and "先看现场" in book and "Stalls" not in book
    )
    audited = "SELECT string_agg(action || ' ' || subject, ', ' ORDER BY id) FROM audit_entry WHERE account_name = 'government'"
    assert office.scalar(audited) == (
        "draft matter_list, change matter, add matter, withdraw matter, publish matter_list"
    )
    # It can be taken back until it begins.
    assert office.post(f"{LISTS}/take-back", version="2").status_code == 303
    assert "3 items differ" in office.get(DRAFT).text
    assert office.post(f"{DRAFT}/discard").status_code == 303
    assert office.scalar("SELECT count(*) FROM matter_list") == 1


def test_the_second_of_two_people_is_told_and_loses_nothing(
    office: Keeper, engine: Engine, made: dict[str, int]
):
    other = Keeper(engine, made["office"])
    office.post(LISTS, version="2")
    mine = form_of(office.get(f"{ITEM}?code=0101").text, "/draft/item")
    theirs = form_of(other.get(f"{ITEM}?code=0101").text, "/draft/item")
    assert other.post(ITEM, **(theirs | {"office": "城管办", "limit": "6"})).status_code == 303
    refused = office.post(ITEM, **(mine | {"name": "垃圾堆放"}))
    assert refused.status_code == 409 and "Somebody else has changed 0101" in alert(refused.text)
    kept = re.findall(r'id="moved">.*?</section>', refused.text, re.DOTALL)[0]
    assert "城管办" in kept and "<dd>6</dd>" in kept
    again = form_of(refused.text, "/draft/item")
    assert (again["name"], again["office"]) == ("垃圾堆放", "综合执法队")
    assert office.post(ITEM, **(again | {"office": "城管办"})).status_code == 303
    assert (
        office.scalar(
            "SELECT name || office FROM matter WHERE code = '0101' ORDER BY id DESC LIMIT 1"
        )
        == "垃圾堆放城管办"
    )
    # The matrix, too.
    matrix = form_of(office.get(f"{DRAFT}/duties").text, "/draft/duties")
    other.post(
        ITEM, **(form_of(other.get(f"{ITEM}?code=0102").text, "/draft/item") | {"acts": "section"})
    )
    refused = office.post(f"{DRAFT}/duties", **(matrix | {"decider.0102": "township"}))
    assert refused.status_code == 409 and "0102" in alert(refused.text)
    assert form_of(refused.text, "/draft/duties")["decider.0102"] == "township"
    assert 'data-duty="0102" class="differs"' in refused.text


@pytest.mark.parametrize(
    ("wrong", "said", "zh"),
    [
        ({"code": "0102"}, "The code '0102' is on the list: 占道经营.", "已在清单中"),
        ({"limit": "0"}, "a limit of 0 leaves no time", "时限为 0"),
        (
            {"limit": "365", "unit": "working_days"},
            "longer than the 120",
            "超过该单位允许的最大值 120",
        ),
        ({"limit": "x"}, "'x' is no number of a limit", "不是时限数值"),
        (
            {"consent": "某文", "since": "2099-02-01", "until": "2099-01-01"},
            "there is no day",
            "之间没有日期",
        ),
        ({"consent": "某文"}, "its first and its last day", "起始日和截止日"),
        ({"since": "x"}, "it must be a day", "不是日期"),
        ({"name": ""}, "needs a name", "须有名称"),
        ({"duplicate_m": "far"}, "'far' is no number", "不是数值"),
    ],
)
def test_what_an_item_cannot_be_is_said_and_stays_typed(
    office: Keeper, wrong: dict[str, str], said: str, zh: str
):
    office.post(LISTS, version="2")
    form = form_of(office.get(f"{ITEM}?code=0101").text, "/draft/item") | {"office": "新办"} | wrong
    refused = office.post(ITEM, **form)
    assert refused.status_code in (409, 422) and said in alert(refused.text)
    assert form_of(refused.text, "/draft/item") | {"csrf_token": "", "seen": ""} == form | {
        "csrf_token": "",
        "seen": "",
    }
    assert zh in alert(office.post(f"{ITEM}?lang=zh", **form).text) or "没有" in zh


def test_an_item_with_open_cases_goes_after_its_numbers_were_told(office: Keeper, engine: Engine):
    with transaction(engine) as session:
        for event in session.scalars(text("SELECT id FROM event")).all():
            open_case(session, event, RESIDENT)
    office.post(LISTS, version="2")
    assert (
        "Open cases under it: 3. Events of the last 12 months: 3."
        in office.get(f"{ITEM}?code=0101").text
    )
    refused = office.post(f"{DRAFT}/withdraw", code="0101")
    assert refused.status_code == 409
    assert "3 open cases stand under 0101 暴露垃圾" in alert(
        refused.text
    ) and "the 3 that no grid has yet" in alert(refused.text)
    assert office.post(f"{DRAFT}/withdraw", code="0101", although="1").status_code == 303
    row = re.findall(r'data-foreseen="0101".*?</tr>', office.get(DRAFT).text, re.DOTALL)[0]
    assert re.findall(r'class="n"[^>]*>(\d+)<', row) == ["3", "3", "3"]
    assert "still has items" in alert(office.post(f"{DRAFT}/withdraw", code="01").text)


def test_a_publication_is_refused_in_words(office: Keeper, engine: Engine):
    now = now_of(engine)
    for version, said in (("", "at most 40 characters"), ("1", "There is a version '1'")):
        refused = office.post(LISTS, version=version)
        assert refused.status_code in (409, 422) and said in alert(refused.text)
    office.post(LISTS, version="2")
    assert "draft already, 2" in alert(office.post(LISTS, version="3").text)
    for since, said in (
        ("", "Say from which day"), (str(now), "never published backwards"), ("x", "must be a day"),
        ("2020-01-01", "never published backwards"), ("2926-01-01", "two years"),
    ):  # fmt: skip
        refused = office.post(f"{DRAFT}/publish", since=since)
        assert refused.status_code == 422 and said in alert(refused.text), since
    assert office.post(f"{DRAFT}/publish", since=str(now + 9 * DAY)).status_code == 303
    office.post(LISTS, version="3")
    refused = office.post(f"{DRAFT}/publish", since=str(now + 5 * DAY))
    assert refused.status_code == 409 and f"Version 2 begins on {now + 9 * DAY}" in alert(
        refused.text
    )


def test_a_temporary_item_stands_beside_the_list_for_its_days(office: Keeper, engine: Engine):
    now = now_of(engine)
    form = {"code": "T1", "name": "汛期排查", "parent": "01", "consent": "县网格办〔2026〕1号", "since": str(now),
            "until": str(now + 5 * DAY), "limit": "1", "unit": "working_days", "decider": "township"}  # fmt: skip
    for wrong, said in (
        ({"consent": ""}, "needs somebody&#39;s consent"), ({"until": str(now - DAY)}, "there is no day"),
        ({"until": ""}, "its first and its last day"), ({"limit": "0"}, "a limit of 0"), ({"parent": ""}, "no major item"),
        ({"code": "0101"}, "is on the list"),
    ):  # fmt: skip
        refused = office.post(f"{LISTS}/temporary", **(form | wrong))
        assert refused.status_code in (404, 409, 422) and said in refused.text, said
        assert form_of(refused.text, "/temporary")["name"] == "汛期排查"
    assert office.post(f"{LISTS}/temporary", **form).status_code == 303
    row = re.findall(r'data-temporary="T1".*?</tr>', office.get(LISTS).text, re.DOTALL)[0]
    assert "县网格办〔2026〕1号" in row and "in force" in row and str(now + 5 * DAY) in row
    assert "汛期排查" in office.get("/matters").text


def test_a_temporary_item_ends_before_its_day_with_who_when_and_why(office: Keeper, engine: Engine):
    now = now_of(engine)
    form = {
        "name": "汛期排查",
        "parent": "01",
        "consent": "县网格办〔2026〕1号",
        "until": str(now + 5 * DAY),
    }
    for code, since in (("T1", now - 2 * DAY), ("T2", now + 2 * DAY)):
        assert (
            office.post(f"{LISTS}/temporary", **form, code=code, since=str(since)).status_code
            == 303
        )
    office.post(LISTS, version="2")  # the draft has them, too
    end = f"{LISTS}/temporary/end"
    for wrong, status, said in (
        ({"why": " "}, 422, "why it ends"), ({"last": str(now - 2 * DAY)}, 422, f"ends on {now - DAY} at the earliest"),
        ({"ends": "0101"}, 404, "no temporary item"), ({"ends": "T9"}, 404, "no temporary item"),
        ({"last": str(now + 5 * DAY)}, 409, f"ends on {now + 5 * DAY} already"), ({"last": "x"}, 422, "must be a day"),
    ):  # fmt: skip
        refused = office.post(end, **({"ends": "T1", "why": "汛情解除", "last": str(now)} | wrong))
        assert refused.status_code == status and said in alert(refused.text), said
    assert office.post(end, ends="T1", why="汛情解除", last=str(now - DAY)).status_code == 303
    row = re.findall(r'data-temporary="T1".*?</tr>', office.get(LISTS).text, re.DOTALL)[0]
    assert (
        "over" in row
        and "Ended by government" in row
        and "汛情解除" in row
        and 'name="why"' not in row
    )
    assert (
        office.scalar(
            "SELECT count(*) FROM matter WHERE code = 'T1' AND upper(during) = :day", day=now
        )
        == 2
    )
    # What it was until is kept, and who ended it is on the audit.
    assert (
        office.scalar(
            "SELECT count(*) FROM history WHERE table_name = 'matter' AND old ->> 'code' = 'T1'"
        )
        == 2
    )
    assert (
        office.scalar(
            "SELECT count(*) FROM audit_entry WHERE action = 'end' AND account_name = 'government'"
        )
        == 2
    )
    assert "It has not begun" in office.get(LISTS).text
    assert office.post(end, ends="T2", why="取消").status_code == 303
    assert 'data-temporary="T2"' not in office.get(LISTS).text
    assert office.scalar("SELECT count(*) FROM matter WHERE code = 'T2'") == 0
    assert (
        office.scalar("SELECT count(*) FROM matter_change WHERE code = 'T2' AND became = '取消'")
        == 2
    )


def test_the_duty_matrix_is_a_page_a_workbook_and_edited_in_the_draft(office: Keeper):
    page = office.get("/matters/duties").text
    row = re.findall(r'data-duty="0101".*?</tr>', page, re.DOTALL)[0]
    cells = [
        re.findall(r'title="([^"]+)"', cell)
        for cell in re.findall(r"<td class=\"level.*?</td>", row, re.DOTALL)
    ]
    assert cells == [[], ["is told"], ["decides"], ["does the work"], []], (
        "township, section, community, grid, residents"
    )
    assert "Nobody decides yet" not in page
    answer = office.get("/matters/duties?as=xlsx")
    book, legend = openpyxl.load_workbook(BytesIO(answer.data)).worksheets
    rows = [list(row) for row in book.iter_rows(values_only=True)]
    assert rows[0][5:] == [
        "乡镇/街道 township",
        "片区 section",
        "社区 community",
        "网格 grid",
        "居民 residents",
    ]
    assert rows[1][0] == "0101" and rows[1][5:] == [None, "I 知", "D 决", "A 办", None]
    assert [row[0] for row in legend.iter_rows(min_row=2, values_only=True)] == [
        "D 决",
        "A 办",
        "I 知",
    ]
    office.post(LISTS, version="2")
    form = form_of(office.get(f"{DRAFT}/duties").text, "/draft/duties")
    assert form["decider.0101"] == "community" and form["informs.section.0101"] == "1"
    changed = form | {"decider.0101": "", "acts.0102": "community", "informs.township.0102": "1"}
    assert office.post(f"{DRAFT}/duties", **changed).status_code == 303
    assert "The duties of 2 items have changed." in office.get(f"{DRAFT}/duties").text
    refused = office.post(
        f"{DRAFT}/duties",
        **(
            form_of(office.get(f"{DRAFT}/duties").text, "/draft/duties")
            | {"decider.0102": "section"}
        ),
    )
    assert refused.status_code == 422 and "not informed besides" in alert(refused.text)
    assert "0101" in office.get(DRAFT).text.split("Not complete yet:")[1][:40]


def test_a_communitys_rule_is_agreed_to_and_stands_in_its_rule_book_and_its_cases(
    office: Keeper, engine: Engine, made: dict[str, int]
):
    now = now_of(engine)
    clerk, cadre = Keeper(engine, made["clerk"]), Keeper(engine, made["cadre"])
    form = {"community": "999901001001", "code": "0101", "text": "每周五清运", "since": str(now)}
    for wrong, said in (
        ({"code": "0199"}, "has no minor item '0199'"), ({"text": " "}, "at most 1000"),
        ({"since": str(now + DAY), "until": str(now)}, "there is no day"),
    ):  # fmt: skip
        refused = clerk.post(RULES, **(form | wrong))
        assert refused.status_code in (404, 422) and said in alert(refused.text)
        assert form_of(refused.text, "/matters/supplements\\?")["text"] == (form | wrong)["text"]
    assert clerk.post(RULES, **form).status_code == 303
    number = clerk.scalar("SELECT id FROM matter_supplement")
    # Not the next community's, and nobody agrees to the own one.
    assert cadre.post(RULES, **form).status_code == 403
    assert (
        "每周五清运" not in cadre.get(RULES).text
        and "waits for the township" in clerk.get(RULES).text
    )
    assert clerk.post(f"{RULES}/{number}/decide", to="agree").status_code == 403
    assert cadre.post(f"{RULES}/{number}/end").status_code == 404
    assert "每周五清运" not in office.get("/matters").text
    card = re.findall(r'data-card="rules".*?</section>', office.get("/").text, re.DOTALL)[0]
    assert (
        'card-number">1<' in card
        and "每周五清运" in card
        and 'data-card="rules"' not in clerk.get("/").text
    )
    with transaction(engine) as session:
        appoint(session, "clerk", "township_government", area="999901001", since=date(2020, 1, 1))
    own = clerk.post(f"{RULES}/{number}/decide", to="agree")
    assert own.status_code == 403 and "Who wrote a rule does not decide on it" in alert(own.text)
    with transaction(engine) as session:
        session.execute(
            text("DELETE FROM appointment WHERE role = 'township_government' AND account_id = :c"),
            {"c": made["clerk"]},
        )
    assert "Say why" in alert(office.post(f"{RULES}/{number}/decide", to="refuse").text)
    assert office.post(f"{RULES}/{number}/decide", to="agree").status_code == 303
    assert office.post(f"{RULES}/{number}/decide", to="agree").status_code == 409
    assert 'data-card="rules"' not in office.get("/").text
    book = office.get("/matters").text
    assert f'data-rule="{number}"' in book and "Community 1" in book and "每周五清运" in book
    assert "每周五清运" not in office.get("/matters?community=999901001002").text
    assert 'value="999901001001" selected' in clerk.get("/matters").text
    sheets = openpyxl.load_workbook(BytesIO(office.get("/matters?as=xlsx").data))
    assert [r[2] for r in sheets.worksheets[1].iter_rows(min_row=2, values_only=True)] == [
        "每周五清运"
    ]
    with transaction(engine) as session:
        event = session.scalar(text(_PLACED))
        session.execute(text("UPDATE event SET reported_at = now() WHERE id = :e"), {"e": event})
        case = open_case(session, event or 0, RESIDENT).id
    page = office.get(f"/cases/{case}").text
    assert "Rule of Community 1" in page and "每周五清运" in page
    assert clerk.post(f"{RULES}/{number}/end").status_code == 303
    # It was reported on a day on which the rule had ended.
    assert "每周五清运" not in office.get(f"/cases/{case}").text
    assert "每周五清运" not in office.get("/matters").text
    said = "SELECT string_agg(account_name || ' ' || action, ', ' ORDER BY id) FROM audit_entry WHERE subject = 'matter_supplement'"
    assert office.scalar(said) == "clerk write, government agree, clerk end"


def test_only_who_keeps_the_list_of_this_township_changes_it(
    office: Keeper, engine: Engine, made: dict[str, int]
):
    with transaction(engine) as session:
        session.execute(
            text(
                "WITH t AS (INSERT INTO area (code, level, name, parent_id) SELECT '999901002', 'township', '虚镇', id "
                "FROM area WHERE level = 'county' RETURNING id) INSERT INTO township (area_id, metric_srid) SELECT id, 4549 FROM t"
            )
        )
        stranger = appointed(session, "township_government", "999901002", name="stranger")
    other = Keeper(engine, stranger)
    office.post(LISTS, version="2", township="999901001")
    sent: list[tuple[str, dict[str, Any]]] = [
        (LISTS, {"version": "x"}), (ITEM, {"code": "9", "name": "x"}), (f"{DRAFT}/withdraw", {"code": "0101"}),
        (f"{DRAFT}/publish", {"since": "2099-01-01"}), (f"{DRAFT}/discard", {}), (f"{LISTS}/take-back", {"version": "1"}),
        (f"{LISTS}/temporary/end", {"ends": "T1", "why": "x"}), (f"{LISTS}/temporary", {"code": "T1", "since": "2026-01-01", "until": "2026-02-01"}), (f"{DRAFT}/duties", {}),
    ]  # fmt: skip
    for path, form in sent:
        assert other.post(path, township="999901001", **form).status_code == 403, path
    for path in (DRAFT, ITEM, f"{DRAFT}/duties"):
        assert other.get(f"{path}?township=999901001").status_code == 403, path
    assert "Begin a draft" not in other.get(f"{LISTS}?township=999901001").text
    assert (
        office.scalar(
            "SELECT count(*) FROM matter WHERE list_id = (SELECT id FROM matter_list WHERE validity IS NULL)"
        )
        == 3
    )


_PLACED = """
UPDATE event_grid SET grid_id = (SELECT g.id FROM grid g JOIN area c ON c.id = g.community_id
                                 WHERE c.code = '999901001001' LIMIT 1)
WHERE event_id = (SELECT min(event_id) FROM event_grid) RETURNING event_id
"""
