"""Houses at the door, and what happened between the page and the sending: nobody is lost, and nothing comes twice."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.db.store import transaction
from tests.support.door import Door, token
from tests.support.door_houses import add, spot, stand
from tests.support.web import Town


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Town]:
    return stand


@pytest.fixture
def door(engine: Engine, made: Town) -> Door:
    return Door(engine)


def test_who_moved_in_meanwhile_does_not_leave_with_the_house(door: Door):
    door.enter("worker", "house-gone", gone="demolished", homes="out")
    entry = door.last()
    with transaction(door.engine) as session:
        session.execute(
            text(
                "INSERT INTO household (township_id, code, house_id) SELECT township_id, '测试', id FROM house WHERE id = 1"
            )
        )
    answer = door.decide("clerk", entry)
    assert "此后有人搬入" in answer.text
    assert door.one("SELECT count(*) FROM house WHERE id = 1") == 1
    assert "已退回 1 条" in door.decide("clerk", entry, "return", "测试有人住").text


@pytest.mark.parametrize("table", ["household", "resident"])
def test_whom_the_page_did_not_tell_of_stays_until_the_clerk_decides(door: Door, table: str):
    door.at_once()
    page = door.people["worker"].get("/register/house/1/enter/house-gone").text
    # Verified since, and known all the same: that is no conflict.
    door.enter("colleague", "verified")
    split = door.people["worker"].get("/register/house/1/enter/house-split").text
    if table == "household":
        door.enter("colleague", "household-in", room="测试")
    else:
        door.enter("colleague", "person-in", household=door.household, name="测试新丁")
    who = "SELECT count(*) FROM resident r JOIN household f ON f.id = r.household_id WHERE f.house_id = 1"
    people = door.one(who)
    told = door.enter("worker", "house-gone", page=page, gone="demolished", homes="out")
    assert "由社区工作者决定" in told.text, re.findall(r'role="\w+">(.*?)</p>', told.text)
    assert (
        door.one("SELECT state || conflict FROM register_entry ORDER BY id DESC LIMIT 1")
        == "waitingtrue"
    )
    assert door.one(who) == people
    told = door.enter("worker", "house-split", page=split, address="测试分院 2号")
    assert (
        door.one("SELECT state || conflict FROM register_entry ORDER BY id DESC LIMIT 1")
        == "waitingtrue"
    )


def test_who_was_only_verified_since_is_no_conflict(door: Door):
    door.at_once()
    page = door.people["worker"].get("/register/house/1/enter/house-gone").text
    door.enter("colleague", "verified")
    door.enter("worker", "house-gone", page=page, gone="demolished", homes="out")
    assert door.one("SELECT count(*) FROM house WHERE id = 1") == 0


def test_a_line_that_waited_on_a_phone_follows_its_house(door: Door):
    door.at_once()
    page = door.people["worker"].get("/register/house/1/enter/visit").text
    went = door.people["worker"].get("/register/house/3/enter/visit").text
    home = door.people["worker"].get(
        "/register/house/1/enter/person-in", query_string={"household": door.household}
    ).text  # fmt: skip
    door.enter("worker", "house-joined", house_id=3)
    told = door.enter("worker", "visit", page=page, why="routine", met="household")
    assert told.status_code == 200 and "由社区工作者决定" in told.text
    door.enter("worker", "person-in", page=home, household=door.household, name="测试新丁")
    lines = "SELECT array_agg(house_id::text || state || conflict ORDER BY id) FROM register_entry WHERE kind IN ('visited', 'resident_in')"
    assert door.one(lines) == ["3waitingtrue", "3waitingtrue"]
    assert "已同意 1 条" in door.decide("clerk", door.last()).text
    assert door.one("SELECT count(*) FROM resident WHERE name = '测试新丁'") == 1
    door.decide("clerk", door.last() - 1, "return", "测试")
    door.enter("worker", "house-gone", house=3, gone="demolished", homes="out")
    told = door.enter("worker", "visit", house=3, page=went, why="routine", met="household")
    assert told.status_code == 404 and "这处房屋已不在户档中" in told.text
    # Of which house it was part is said by the address that it had.
    assert "并入" in door.people["worker"].get("/register/house/1").text


def test_a_house_with_other_changes_that_wait_does_not_go_before_them(door: Door):
    door.enter("colleague", "household-in", room="909")
    door.enter("worker", "house-gone", gone="demolished", homes="out")
    entry = door.last()
    assert "还有其他变更待核对" in door.decide("clerk", entry).text
    door.decide("clerk", entry - 1, "return", "测试")
    assert "已同意 1 条" in door.decide("clerk", entry).text


def test_what_waits_twice_comes_once_and_a_bulk_names_the_other(door: Door):
    place = spot(door)
    for who in ("worker", "colleague"):
        add(door, who, address="测试新街 4号", apart="1", **place)
    first, second = door.last() - 1, door.last()
    add(door, "worker", address="测试新街 6号", **place)
    near = door.last()
    assert "已同意 1 条" in door.decide("clerk", first).text
    told = door.decide("clerk", second).text
    assert "已经有房屋测试新街 4号" in told, re.search(r'role="\w+">(.*?)</p>', told)
    assert "测试新街 6号" in door.decide("clerk", near).text
    assert door.one("SELECT count(*) FROM house WHERE address LIKE '测试新街%'") == 1
    # Who decides the first once more with others is told of no ground that is not theirs.
    door.enter("worker", "household-in", room="测试")
    answer = door.people["clerk"].post(
        "/register/changes",
        data={"entry": [first, door.last()], "decision": "accept", "csrf_token": token(door.people["clerk"])},
        follow_redirects=True,
    )  # fmt: skip
    assert answer.status_code == 200 and "已同意 1 条" in answer.text


def test_sent_twice_a_new_house_is_there_once(door: Door):
    door.at_once()
    place, key = spot(door), uuid4().hex
    for _ in range(2):
        page = add(door, address="测试新街 5号", client_id=key, **place)
        assert page.status_code == 200 and "漏登的房屋：已记下" in page.text
    assert door.one("SELECT count(*) FROM house WHERE address = '测试新街 5号'") == 1
    other = add(door, address="测试新街 50号", client_id=key, **place)
    assert other.status_code == 409 and "这一页先前已记下别的内容" in other.text
    assert door.one("SELECT count(*) FROM register_entry") == 1
