"""The register is kept at the door, and what changes it counts at once or waits for the clerk."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.plans import township
from gisgrid.db.store import transaction
from tests.support.accounts import appointed
from tests.support.door import (
    BORN,
    GOOD_ID,
    GRID,
    NEW_PHONE,
    PHONE,
    Door,
    one_known,
    token,
)
from tests.support.web import Town, app_over


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Town]:
    return one_known


@pytest.fixture
def door(engine: Engine, made: Town) -> Door:
    return Door(engine)


def test_all_as_registered_verifies_house_household_and_people_today(door: Door):
    page = door.enter("worker", "verified")
    assert page.status_code == 200 and "全部属实：已记下。" in page.text
    seen = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", page.text))
    assert f"核实日期 {door.day}" in seen, seen
    days = door.one(
        "SELECT array_agg(DISTINCT day) FROM (SELECT verified_on AS day FROM household WHERE house_id = 1 "
        "UNION ALL SELECT r.verified_on FROM resident r JOIN household f ON f.id = r.household_id "
        "WHERE f.house_id = 1) each"
    )
    assert days == [door.day]
    other = door.one(
        "SELECT count(*) FROM household WHERE house_id <> 1 AND verified_on = :d", d=door.day
    )
    assert other == 0
    grid = door.people["worker"].get(f"/register/grid/{GRID}").text
    assert re.search(r"/register/house/1\".*?无待办", grid, re.S)


def test_a_visit_says_why_whom_and_when_to_come_again(door: Door):
    soon = (door.day + timedelta(days=3)).isoformat()
    door.enter("worker", "visit", why="care", met="household", agreed="测试药盒", next_on=soon)
    row = door.one(
        "SELECT visited_on || ' ' || next_on || ' ' || house_id FROM visit ORDER BY id DESC LIMIT 1"
    )
    assert row == f"{door.day} {soon} 1"
    page = door.people["worker"].get("/register/house/1").text
    assert "已走访" in page and "关怀" in page and soon in page
    assert "测试药盒" not in page, "what was agreed at somebody's home is opened for a purpose"
    refused = door.enter("worker", "visit", why="", met="household")
    assert refused.status_code == 422 and "请选一项" in refused.text


def test_a_visit_that_agreed_on_a_day_is_due_on_that_day(door: Door):
    from gisgrid.register.today import to_visit

    door.enter("worker", "visit", why="care", met="household", next_on=door.day.isoformat())
    with transaction(door.engine) as session:
        session.execute(text("UPDATE household SET verified_on = :d"), {"d": door.day})
        place = township(session)
        due = {v.house_id for v in to_visit(session, place.id, door.day, days=9999)}
    assert due == {1}


def test_a_workers_change_waits_and_the_clerk_lets_it_in(door: Door):
    page = door.enter("worker", "correct", resident=door.person, column="phone", phone=NEW_PHONE)
    assert "更正信息：已记下，等社区工作者核对。" in page.text
    assert door.one(f"SELECT phone FROM resident WHERE id = {door.person}") == PHONE
    clerk = door.people["clerk"].get("/register/changes").text
    assert "199****5678" in clerk and "139****1111" in clerk
    assert PHONE not in clerk and NEW_PHONE not in clerk
    assert "待核对的变更" in door.people["clerk"].get("/").text
    done = door.decide("clerk", door.last())
    assert "已同意 1 条" in done.text
    assert door.one(f"SELECT phone FROM resident WHERE id = {door.person}") == NEW_PHONE
    kept = door.one(
        "SELECT old ->> 'phone' FROM history WHERE table_name = 'resident' ORDER BY id DESC LIMIT 1"
    )
    assert kept == PHONE


def test_what_is_sent_back_says_why_and_changes_nothing(door: Door):
    door.enter("worker", "person-out", resident=door.person, out="moved")
    without = door.decide("clerk", door.last(), "return")
    assert "请写明理由" in without.text
    assert "已退回 1 条" in door.decide("clerk", door.last(), "return", "测试还住着").text
    assert door.one(f"SELECT count(*) FROM resident WHERE id = {door.person}") == 1
    house = door.people["worker"].get("/register/house/1").text
    assert "测试还住着" in house and "已退回" in house
    assert "测试还住着" in door.people["worker"].get("/").text, "it stands on Today"


def test_where_the_township_says_so_a_change_counts_at_once(door: Door):
    door.at_once()
    door.enter("worker", "household-in", room="301")
    household = door.one("SELECT max(id) FROM household WHERE house_id = 1 AND room = '301'")
    page = door.enter(
        "worker", "person-in", household=household, name="测试新住户", citizen_id=GOOD_ID
    )
    assert "新增人员：已记下。" in page.text
    row = door.one(
        "SELECT name || birth_date || sex FROM resident WHERE household_id = :h", h=household
    )
    assert row == f"测试新住户{BORN}m", "day of birth and sex follow from the number"
    door.enter("worker", "household-moved", household=household, house_id=3, room="101")
    assert door.one("SELECT house_id || room FROM household WHERE id = :h", h=household) == "3101"
    door.enter("worker", "household-out", house=3, household=household, out="moved")
    assert door.one("SELECT count(*) FROM household WHERE id = :h", h=household) == 0
    assert door.one("SELECT count(*) FROM resident WHERE household_id = :h", h=household) == 0
    gone = door.one(
        "SELECT count(*) FROM history WHERE table_name = 'resident' AND action = 'delete' "
        "AND old ->> 'name' = '测试新住户'"
    )
    assert gone == 1, "what stood there is kept"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"name": ""}, "不能为空"),
        ({"name": "测试甲", "citizen_id": "110101199003074515"}, "校验"),
        ({"name": "测试甲", "citizen_id": GOOD_ID, "birth_date": "1991-01-01"}, "出生日期不一致"),
        ({"name": "测试甲", "phone": "123"}, "电话"),
    ],
)
def test_a_value_that_cannot_be_is_told_and_nothing_typed_is_lost(
    door: Door, said: dict[str, str], words: str
):
    page = door.enter("worker", "person-in", household=door.household, **said)
    assert page.status_code == 422
    said_of_it = re.search(r'role="alert">(.*?)</p>', page.text, re.S)[1]
    assert words in said_of_it, said_of_it
    for typed in said.values():
        assert not typed or f'value="{typed}"' in page.text
    page = door.enter("worker", "person-in", household=door.household, needs="disabled", **said)
    assert re.search(r'value="disabled" checked', page.text), "nor what was ticked"
    assert door.one("SELECT count(*) FROM register_entry") == 0


def test_two_who_change_one_value_both_stand_and_the_later_is_told(door: Door):
    door.at_once()
    ask = f"/register/house/1/enter/correct?resident={door.person}&column=phone"
    first, second = (door.people[who].get(ask).text for who in ("worker", "colleague"))
    door.enter("worker", "correct", page=first, phone=NEW_PHONE)
    told = door.enter("colleague", "correct", page=second, phone="13900002222")
    assert "其间有人改过" in told.text
    assert door.one(f"SELECT phone FROM resident WHERE id = {door.person}") == NEW_PHONE
    clerk = door.people["clerk"].get("/register/changes").text
    assert "其间被改过" in clerk and "139****2222" in clerk


def test_the_clerk_sees_what_stands_there_now(door: Door):
    for who, phone in (("worker", NEW_PHONE), ("colleague", "13900002222")):
        door.enter(who, "correct", resident=door.person, column="phone", phone=phone)
    later = door.last()
    assert "其间被改过" not in door.people["clerk"].get("/register/changes").text
    door.decide("clerk", later - 1)
    clerk = door.people["clerk"].get("/register/changes").text
    row = clerk.split(f'id="entry-{later}"')[1].split("</tr>")[0]
    assert "139****1111" in row and "199****5678" not in row and "其间被改过" in row
    door.decide("clerk", later)
    assert door.one(f"SELECT phone FROM resident WHERE id = {door.person}") == "13900002222"
    was = door.one("SELECT was ->> 'phone' FROM register_entry WHERE id = :e", e=later)
    assert was == NEW_PHONE, "what it took the place of"


def test_a_verification_meanwhile_is_no_conflict(door: Door):
    door.at_once()
    ask = f"/register/house/1/enter/correct?resident={door.person}&column=phone"
    before = door.people["worker"].get(ask).text
    door.enter("colleague", "verified")
    door.enter("worker", "correct", page=before, phone=NEW_PHONE)
    assert door.one(f"SELECT phone FROM resident WHERE id = {door.person}") == NEW_PHONE


def test_a_form_that_is_sent_twice_counts_once(door: Door):
    door.at_once()
    page = door.people["worker"].get("/register/house/1/enter/household-in").text
    with ThreadPoolExecutor(4) as taps:
        sent = [
            taps.submit(door.enter, "worker", "household-in", page=page, room="401")
            for _ in range(4)
        ]
        assert {each.result().status_code for each in sent} == {200}
    assert door.one("SELECT count(*) FROM household WHERE room = '401'") == 1
    assert door.one("SELECT count(*) FROM register_entry") == 1


def test_nobody_writes_or_decides_outside_their_ground(door: Door):
    assert door.people["stranger"].get("/register/house/1/enter/visit").status_code == 403
    stranger = door.people["stranger"]
    data = {"csrf_token": token(stranger), "client_id": "x", "why": "care", "met": "nobody"}
    assert stranger.post("/register/house/1/enter/visit", data=data).status_code == 403
    assert door.people["worker"].get("/register/changes").status_code == 403
    door.enter("worker", "person-out", resident=door.person, out="moved")
    with transaction(door.engine) as session:
        other = appointed(session, "community_clerk", "999901001009", name="far")
    far = app_over(door.engine, account=other).test_client()
    assert "1 条" not in far.get("/register/changes").text
    data = {"csrf_token": token(far), "entry": door.last(), "decision": "accept"}
    assert far.post("/register/changes", data=data).status_code == 403
    assert door.one("SELECT state FROM register_entry") == "waiting"
    assert door.one("SELECT count(*) FROM visit WHERE visited_on = :d", d=date.max) == 0


def test_nobody_decides_what_they_entered(door: Door):
    with transaction(door.engine) as session:
        appointed_too = session.scalar(text("SELECT id FROM account WHERE name = 'clerk'"))
        session.execute(text("UPDATE register_entry SET account_id = :a"), {"a": appointed_too})
    door.enter("worker", "person-out", resident=door.person, out="moved")
    door.one("UPDATE register_entry SET account_id = :a RETURNING id", a=appointed_too)
    assert "由他人决定" in door.decide("clerk", door.last()).text
    assert door.one("SELECT state FROM register_entry") == "waiting"


def test_what_is_gone_meanwhile_is_told(door: Door):
    door.enter("worker", "correct", resident=door.person, column="name", name="测试改名")
    entry = door.last()
    door.at_once()
    door.enter("worker", "person-out", resident=door.person, out="died")
    assert "已不在这里登记" in door.decide("clerk", entry).text
    assert door.one("SELECT state FROM register_entry WHERE id = :e", e=entry) == "waiting"


def test_an_entry_is_opened_for_a_purpose_and_the_audit_says_so(door: Door):
    door.enter("worker", "correct", resident=door.person, column="phone", phone=NEW_PHONE)
    clerk = door.people["clerk"]
    data = {"csrf_token": token(clerk), "purpose": "verify"}
    page = clerk.post("/register/changes/open", data=data)
    assert PHONE in page.text and NEW_PHONE in page.text
    assert page.headers["Cache-Control"] == "private, no-store"
    audited = door.one(
        "SELECT subject || ' ' || purpose FROM audit_entry WHERE action = 'unmask' ORDER BY id DESC LIMIT 1"
    )
    assert audited == "register_entry verify"
    assert (
        clerk.post("/register/changes/open", data={"csrf_token": token(clerk)}).status_code == 403
    )


def test_the_web_reads_no_value_of_an_entry(door: Door):
    from gisgrid.db.roles import WEB

    assert (
        door.one(
            "SELECT has_column_privilege(:w, 'register_entry', 'said', 'SELECT') "
            "OR has_column_privilege(:w, 'register_entry', 'was', 'SELECT') "
            "OR has_table_privilege(:w, 'register_entry', 'INSERT') "
            "OR has_function_privilege(:w, 'apply_entry(bigint)', 'EXECUTE') "
            "OR has_function_privilege(:w, 'row_when_seen(text, bigint, pg_snapshot, jsonb)', 'EXECUTE')",
            w=WEB,
        )
        is False
    )
