"""What a house is called besides, entered at the door: in the look-up once the township's rule lets it in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.plans import township
from gisgrid.db.store import transaction
from gisgrid.locate.addresses import aliases
from gisgrid.people.privacy.retention import retain
from tests.support.door import Door, one_known
from tests.support.web import Town

WORDS = "老供销社后面"


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Town]:
    return one_known


@pytest.fixture
def door(engine: Engine, made: Town) -> Door:
    return Door(engine)


def found(door: Door, words: str = WORDS) -> list[int | None]:
    """Row numbers of the houses that the look-up knows by these very words."""
    with transaction(door.engine) as session:
        hits = aliases.find(session, township(session).id, words)
    return [hit.house_id for hit in hits if hit.likeness == 1]


def test_a_workers_alias_waits_and_is_looked_up_once_the_clerk_lets_it_in(door: Door):
    said = door.enter("worker", "alias", alias=f" {WORDS} ").text
    assert "登记俗称：已记下，等社区工作者核对。" in said and 'id="called"' not in said
    assert found(door) == []
    clerk = door.people["clerk"].get("/register/changes").text
    assert "登记俗称" in clerk and WORDS in clerk
    assert "已同意 1 条" in door.decide("clerk", door.last()).text
    assert found(door) == [1]
    house = door.people["worker"].get("/register/house/1").text
    assert f"俗称: {WORDS}" in house
    assert f"Also called: {WORDS}" in door.people["worker"].get("/register/house/1?lang=en").text
    assert door.one("SELECT added_by FROM alias") == door.one("SELECT who FROM register_entry")


def test_one_that_is_sent_back_is_never_looked_up(door: Door):
    door.enter("worker", "alias", alias=WORDS)
    door.decide("clerk", door.last(), "return", "没有人这样叫")
    assert found(door) == []
    assert "没有人这样叫" in door.people["worker"].get("/register/house/1").text


def test_where_the_township_says_so_it_counts_at_once(door: Door):
    door.at_once()
    assert "登记俗称：已记下。" in door.enter("worker", "alias", alias=WORDS).text
    assert found(door) == [1]
    again = door.enter("worker", "alias", alias=WORDS)
    assert again.status_code == 422 and "这所房屋已登记过这个俗称。" in again.text
    for words in ("", "——", "长" * 101):
        refused = door.enter("worker", "alias", alias=words)
        assert (
            refused.status_code == 422 and "俗称为 1 至 100 个字符，且须含文字。" in refused.text
        ), words


def test_words_that_mean_another_house_are_taken_from_it_by_the_clerk_alone(door: Door):
    door.at_once()
    with transaction(door.engine) as session:
        code, address = session.execute(text("SELECT code, address FROM house WHERE id = 2")).one()
        entry = aliases.AliasEntry(WORDS, house=code)
        aliases.add(session, township(session).id, entry, who="test")
    door.enter("worker", "alias", alias=WORDS)
    assert found(door) == [2]
    clerk = door.people["clerk"].get("/register/changes").text
    assert f"现指 {address}" in clerk
    door.decide("clerk", door.last())
    assert found(door) == [1]


def test_whose_words_name_a_person_go_with_the_person(door: Door):
    name = door.one(f"SELECT name FROM resident WHERE id = {door.person}")
    door.enter("worker", "alias", alias=f"{name}老屋")
    with transaction(door.engine) as session:
        session.execute(text("UPDATE resident SET verified_on = '2000-01-01'"))
        session.execute(text("UPDATE household SET verified_on = '2000-01-01'"))
        retain(session, township(session), door.day, who="test")
    assert door.one("SELECT said::text FROM register_entry WHERE kind = 'alias'") == "{}"
    assert (
        "这一户或这个人已不在这里登记，请重新打开这处房屋。"
        in door.decide("clerk", door.last()).text
    )
    assert door.one("SELECT count(*) FROM alias") == 0
