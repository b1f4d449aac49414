"""Since when a value of the register is known, and from whom; never what it was before."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.db.store import transaction
from tests.support.accounts import acting, web_engine
from tests.support.door import NAME, NEW_PHONE, PHONE, Door, one_known
from tests.support.town_f import load_kind
from tests.support.web import Town


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Town]:
    return one_known


@pytest.fixture
def door(engine: Engine, made: Town) -> Door:
    return Door(engine)


def told(door: Door, who: str = "clerk", house: int = 1) -> dict[str, list[str]]:
    """What the page of a house says of each value, in the order of the page."""
    page = door.people[who].get(f"/register/house/{house}?lang=en").text
    found: dict[str, list[str]] = {}
    for name, line in re.findall(r'<li data-source="(.+?)">(.+?)</li>', page, re.S):
        plain = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", line)).strip()
        found.setdefault(name, []).append(plain)
    return found


def test_what_was_corrected_at_the_door_says_by_whom_and_the_rest_stays_as_it_was(door: Door):
    door.at_once()
    before = told(door)
    assert "not recorded" in before["resident.name"][0]
    door.enter("worker", "correct", resident=door.person, column="phone", phone=NEW_PHONE)
    after = told(door)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"resident.phone"}
    assert "entered at the door by 测试grid_worker" in after["resident.phone"][0]
    moment = door.one(
        "SELECT to_char(changed_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') FROM history "
        "WHERE table_name = 'resident' AND row_id = :r ORDER BY id DESC LIMIT 1",
        r=door.person,
    )
    assert moment in after["resident.phone"][0]


def test_what_waited_for_the_clerk_is_known_since_it_was_accepted(door: Door):
    door.enter("worker", "correct", resident=door.person, column="phone", phone=NEW_PHONE)
    assert "at the door" not in told(door)["resident.phone"][0], "it waits"
    door.decide("clerk", door.last())
    assert "entered at the door by 测试grid_worker" in told(door)["resident.phone"][0]


def test_who_was_added_at_the_door_is_from_there_in_every_value(door: Door):
    door.at_once()
    door.enter("worker", "person-in", household=door.household, name="测试新来", sex="f")
    number = door.one("SELECT max(id) FROM resident")
    with acting(web_engine(door.engine), None) as session:
        assert session.execute(text("SELECT * FROM lineage_of_house(1)")).all() == []
    lines = told(door)
    assert sum("at the door" in line for line in lines["resident.name"]) == 1
    assert sum("at the door" in line for line in lines["resident.sex"]) == 1
    assert door.one("SELECT code FROM resident WHERE id = :r", r=number).startswith("D")


def test_what_a_load_brought_names_file_and_load_and_a_later_load_only_what_it_changed(
    door: Door, tmp_path: Path
):
    code = door.one("SELECT code FROM resident WHERE id = :r", r=door.person)
    home = door.one("SELECT code FROM household WHERE id = :h", h=door.household)
    file = tmp_path / "residents.csv"
    file.write_text(
        f"居民编号,户编号,姓名,电话\n{code},{home},{NAME},{NEW_PHONE}\n", encoding="utf-8"
    )
    with transaction(door.engine) as session:
        load_kind(session, "residents", file)
    run = door.one("SELECT max(id) FROM import_run")
    lines = told(door)
    assert f"file residents.csv, load {run}, by" in lines["resident.phone"][0]
    assert "residents.csv" not in lines["resident.name"][0], "the load had the same name"


def test_no_former_value_is_told_and_nobody_elsewhere_hears_of_the_house(door: Door):
    door.at_once()
    door.enter("worker", "correct", resident=door.person, column="phone", phone=NEW_PHONE)
    page = door.people["worker"].get("/register/house/1?lang=en").text
    sources = "".join(re.findall(r'<details class="sources">(.+?)</details>', page, re.S))
    assert sources and PHONE not in sources and NEW_PHONE not in sources and NAME not in sources
    assert door.people["stranger"].get("/register/house/1").status_code in (403, 404)
    with transaction(door.engine) as session:
        stranger = session.scalar(text("SELECT id FROM account WHERE name = 'stranger'"))
    with acting(web_engine(door.engine), stranger) as session:
        assert session.execute(text("SELECT * FROM lineage_of_house(1)")).all() == []
