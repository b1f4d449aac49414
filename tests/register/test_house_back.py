"""That a house is gone or part of another is taken back: all comes back as it was, and nothing newer is overwritten."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

import web.register.views
from gisgrid.core import plans
from gisgrid.core.plans import township
from gisgrid.db import behaviour
from gisgrid.db.store import Actor, transaction
from gisgrid.db.tables.base import Base
from gisgrid.locate.addresses.search import search
from gisgrid.people.privacy import subject_access
from gisgrid.people.privacy.retention import retain
from gisgrid.planning.settings.townships import change_township
from gisgrid.register import house_changes
from tests.support.accounts import acting, appointed, web_engine
from tests.support.collecting import HEAD, answered, opened
from tests.support.door import BORN, COMMUNITY, GOOD_ID, GRID, NAME, Door, token
from tests.support.door_houses import add, stand
from tests.support.web import Town, app_over

TABLES = {
    "house": "TRUE", "house_grid": "TRUE", "household": "TRUE", "resident": "TRUE", "visit": "TRUE", "alias": "TRUE",
    "address_key": "TRUE", "collection_house": "TRUE", "collection_answer": "TRUE", "register_entry": "kind !~ '^house_'",
}  # fmt: skip
"""All that goes with a house or away from it."""


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Town]:
    return stand


@pytest.fixture
def door(engine: Engine, made: Town) -> Door:
    door = Door(engine)
    door.at_once()
    door.enter("worker", "visit", why="routine", met="household")
    door.enter("worker", "alias", alias="测试老磨坊")
    number = opened(engine, made.account, HEAD)
    worker = door.one("SELECT id FROM account WHERE name = 'worker'")
    for house, said in ((1, "4"), (3, "5")):
        answered(engine, worker, number, house, q1=said)
    with transaction(engine) as session:
        session.execute(
            text("INSERT INTO collection_house (task_id, house_id) VALUES (:task, 1)"),
            {"task": number},
        )
        # A name that speaks of somebody does not stay at the spot of a house that is gone.
        session.execute(
            text(
                "INSERT INTO alias (township_id, words, key, grams, house_id, personal, added_by) "
                "SELECT township_id, name || '家', name || '家', name, 1, true, '测试' FROM resident WHERE id = :id"
            ),
            {"id": door.person},
        )
    return door


def all_rows(door: Door) -> dict[str, list[Any]]:
    """Every row of every table that a house takes along, as JSON, in order."""
    with transaction(door.engine) as session:
        return {
            table: sorted(
                session.scalars(text(f"SELECT to_jsonb(t)::text FROM {table} t WHERE {which}"))
            )
            for table, which in TABLES.items()
        }


def take_back(door: Door, entry: int, who: str = "clerk", reason: str = "测试写错了") -> Any:
    client = door.people[who]
    return client.post(
        f"/register/changes/back/{entry}",
        data={"reason": reason, "csrf_token": token(client)},
        follow_redirects=True,
    )


def shown(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("house-gone", {"gone": "mistake", "homes": "out"}),
        ("house-gone", {"gone": "other", "homes": "moved", "house_id": 3}),
        ("house-joined", {"house_id": 3}),
    ],
)
def test_what_went_with_a_house_comes_back_as_it_was(door: Door, what: str, said: dict[str, Any]):
    before = all_rows(door)
    address = door.one("SELECT address FROM house WHERE id = 1")
    door.enter("worker", what, **said)
    entry = door.last()
    assert door.one("SELECT count(*) FROM house WHERE id = 1") == 0
    listed = door.people["clerk"].get("/register/changes").text
    assert f'id="went-{entry}"' in listed and address in listed and "撤销" in shown(listed)
    assert f"/register/changes/back/{entry}" in door.people["clerk"].get("/register/house/1").text
    assert "changes/back" not in door.people["worker"].get("/register/house/1").text
    page = take_back(door, entry)
    assert page.status_code == 200 and f"{address}已恢复登记" in shown(page.text), shown(page.text)[
        :600
    ]
    assert "没有恢复" not in shown(page.text), "nothing is left out"
    assert all_rows(door) == before
    assert "仍在此处" in shown(page.text) and "已撤销注销" in shown(page.text), "the log says so"
    with transaction(door.engine) as session:
        (hit, *_) = search(session, plans.township(session).id, address).candidates
    assert hit.house_id == 1, "found by its address again"
    grid = door.people["worker"].get(f"/register/grid/{GRID}").text
    assert 'data-house="1"' in grid, "in the grid that it lay in"
    # It may go once more, and come back once more.
    door.enter("worker", what, **said)
    assert "不在了" in shown(door.people["worker"].get("/register/house/1").text)
    assert take_back(door, door.last()).status_code == 200
    assert all_rows(door) == before


def test_nothing_newer_is_overwritten_and_what_did_not_come_back_is_told(door: Door):
    door.enter("worker", "house-joined", house_id=3)
    entry = door.last()
    # Meanwhile one household moved on, a name means another house, and somebody came there.
    door.enter("worker", "household-moved", house=3, household=door.household, room="9", house_id=5)
    with transaction(door.engine) as session:
        session.execute(text("UPDATE alias SET house_id = 5 WHERE words = '测试老磨坊'"))
    door.enter("worker", "visit", house=3, why="care", met="neighbour")
    newest = door.one("SELECT max(id) FROM visit")
    lives = door.one("SELECT house_id FROM household WHERE id = :h", h=door.household)
    page = shown(take_back(door, entry).text)
    assert lives != 1 and (
        door.one("SELECT house_id FROM household WHERE id = :h", h=door.household) == lives
    )
    assert door.one("SELECT house_id FROM alias WHERE words = '测试老磨坊'") == 5
    assert door.one("SELECT house_id FROM visit WHERE id = :v", v=newest) == 3
    assert "没有恢复：住户 1 户; 叫法 1 个。" in page, page[:800]


def test_it_is_refused_in_words_without_a_reason_a_right_or_an_address(door: Door):
    address = door.one("SELECT address FROM house WHERE id = 1")
    lon, lat = door.one("SELECT ARRAY[ST_X(geom), ST_Y(geom)] FROM house WHERE id = 1")
    door.enter("worker", "house-gone", gone="mistake", homes="out")
    entry = door.last()
    assert "请写明理由" in shown(take_back(door, entry, reason=" ").text)
    for who in ("worker", "stranger"):
        assert take_back(door, entry, who).status_code == 403
    add(door, address=address, lon=f"{lon:.7f}", lat=f"{lat:.7f}", apart="1")
    assert "已有另一处房屋使用这个地址" in shown(take_back(door, entry).text)
    assert door.one("SELECT count(*) FROM house WHERE id = 1") == 0
    assert door.one("SELECT state FROM register_entry WHERE id = :e", e=entry) == "done"
    # Taken back once is taken back.
    door.enter(
        "worker",
        "house-gone",
        house=door.one("SELECT max(id) FROM house"),
        gone="mistake",
        homes="out",
    )
    assert take_back(door, entry).status_code == 200
    # A second tap is told, and no wall.
    assert "这一条已经撤销过" in shown(take_back(door, entry).text)
    assert take_back(door, entry, "stranger").status_code == 403


def only_person(door: Door) -> None:
    """One person lives in house 1, with a number and a day of birth."""
    with transaction(door.engine) as session:
        session.execute(
            text(
                "DELETE FROM resident WHERE id <> :id AND household_id IN (SELECT id FROM household WHERE house_id = 1)"
            ),
            {"id": door.person},
        )
        session.execute(
            text("DELETE FROM household WHERE house_id = 1 AND id <> :id"), {"id": door.household}
        )
        session.execute(
            text("UPDATE resident SET citizen_id = :n, birth_date = :b WHERE id = :id"),
            {"n": GOOD_ID, "b": BORN, "id": door.person},
        )


@pytest.mark.parametrize(
    "known_by", [{"citizen_id": GOOD_ID, "name": "测试改名"}, {"name": NAME, "birth_date": BORN}]
)
def test_who_was_entered_anew_meanwhile_does_not_live_here_twice(
    door: Door, known_by: dict[str, str]
):
    only_person(door)
    door.enter("worker", "house-gone", gone="mistake", homes="out")
    entry = door.last()
    door.enter("worker", "household-in", house=3, room="7")
    anew = door.one("SELECT max(id) FROM household")
    door.enter("worker", "person-in", house=3, household=anew, **known_by)
    page = shown(take_back(door, entry).text)
    assert door.one("SELECT count(*) FROM resident WHERE household_id = :h", h=anew) == 1
    assert (
        door.one(
            "SELECT count(*) FROM resident WHERE citizen_id = :n OR name = :name",
            n=GOOD_ID,
            name=NAME,
        )
        == 1
    )
    assert door.one("SELECT count(*) FROM household WHERE house_id = 1") == 0, "none left empty"
    assert "没有恢复：住户 1 户; 人员 1 人。" in page, page[:800]


def test_what_waits_about_a_household_comes_back_with_it(door: Door):
    door.enter("worker", "house-joined", house_id=3)
    entry = door.last()
    with transaction(door.engine) as session:
        change_township(session, township(session).code, ["register_rule=check"])
    door.enter("worker", "household-out", house=3, household=door.household, out="moved")
    waits = door.last()
    assert door.one("SELECT house_id FROM register_entry WHERE id = :e", e=waits) == 3
    take_back(door, entry)
    assert door.one("SELECT house_id FROM register_entry WHERE id = :e", e=waits) == 1
    assert "已同意 1 条" in shown(door.decide("clerk", waits).text)
    assert door.one("SELECT count(*) FROM household WHERE id = :h", h=door.household) == 0


def test_an_answer_that_was_the_present_one_is_so_again(door: Door):
    number = door.one("SELECT max(id) FROM collection_task")
    with transaction(door.engine) as session:
        session.execute(text("DELETE FROM collection_answer WHERE house_id = 3"))
    door.enter("worker", "house-joined", house_id=3)
    entry = door.last()
    answered(
        door.engine, door.one("SELECT id FROM account WHERE name = 'worker'"), number, 3, q1="7"
    )
    with transaction(door.engine) as session:
        session.execute(text("UPDATE visit SET house_id = 5 WHERE house_id = 3"))
    page = shown(take_back(door, entry).text)
    with transaction(door.engine) as session:
        present = session.execute(
            text("SELECT house_id, value FROM collection_answer WHERE replaced_at IS NULL")
        ).all()
    assert sorted(map(tuple, present)) == [(1, "4"), (3, "7")]
    assert re.search(r"没有恢复：走访 \d+ 次。", page), page[:800]


def test_who_decided_stays_and_who_entered_it_is_told(door: Door, engine: Engine):
    with transaction(engine) as session:
        change_township(session, township(session).code, ["register_rule=check"])
        other = appointed(session, "community_clerk", COMMUNITY, name="other_clerk")
    door.people["other"] = app_over(engine, account=other).test_client()
    door.enter("worker", "house-joined", house_id=3)
    entry = door.last()
    door.decide("clerk", entry)
    decided = "SELECT ROW(decided_by, decided_at, reason)::text FROM register_entry WHERE id = :e"
    before = door.one(decided, e=entry)
    page = shown(take_back(door, entry, "other", "测试看错了楼").text)
    assert door.one(decided, e=entry) == before
    name = door.one("SELECT display_name FROM account WHERE id = :id", id=other)
    assert f"由{name}撤销" in page and "测试看错了楼" in page
    assert door.one(
        "SELECT who FROM lineage_of_house(1) WHERE table_name = 'household' AND column_name = 'house_id' LIMIT 1"
    ) in (None, name)
    worker = door.people["worker"]
    today = shown(worker.get("/").text)
    assert "被退回或撤销的填报" in today and "已撤销：测试看错了楼" in today
    assert "填报被撤销：第" in shown(worker.get("/messages").text)
    assert "填报被撤销" not in shown(door.people["other"].get("/messages").text)


def test_what_went_is_counted_whole_and_leaves_whole(door: Door, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(web.register.views, "MOST_WENT", 1)
    door.enter("worker", "house-gone", gone="mistake", homes="out")
    door.enter("worker", "house-gone", house=3, gone="mistake", homes="out")
    clerk = door.people["clerk"]
    page = shown(clerk.get("/register/changes").text)
    assert "已注销的房屋 2" in page and "共 2 条，此处为最新的 1 条" in page
    with transaction(door.engine) as session:
        listed = house_changes.may_take_back(session, township(session).id)
    assert listed == [], "nobody acts"
    assert door.people["worker"].get("/register/house/1").text.count("changes/back") == 0
    assert clerk.get("/register/house/1").text.count("/register/changes/back/") == 1


def test_what_went_with_a_house_is_kept_as_long_as_its_line_and_read_by_nobody(door: Door):
    door.enter("worker", "house-gone", gone="mistake", homes="out")
    clerk = door.one("SELECT id FROM account WHERE name = 'clerk'")
    with acting(web_engine(door.engine), clerk) as session:
        assert session.scalar(text("SELECT count(*) FROM house_change")) == 1
        with pytest.raises(ProgrammingError, match="permission denied"):
            session.execute(text("SELECT kept FROM house_change"))
    with transaction(door.engine) as session:
        retain(session, township(session), door.day + timedelta(days=36_500), who="测试")
        assert session.scalar(text("SELECT count(kept) FROM house_change")) == 0


def test_a_former_name_that_speaks_of_somebody_is_told_to_them_and_ends_with_them(door: Door):
    door.enter("worker", "house-gone", gone="mistake", homes="moved", house_id=3)
    former = "SELECT count(*) FROM history WHERE table_name = 'alias' AND action = 'delete'"
    assert door.one(former) == 1
    with transaction(door.engine, actor=Actor(purpose="subject", origin="test")) as session:
        told = subject_access.subject_of(session, township(session), door.person)
        (history,) = (each.rows for each in told.sections if each.table == "history")
        assert [row["old"]["words"] for row in history if row["table_name"] == "alias"] == [
            f"{NAME}家"
        ]
    with transaction(door.engine) as session:
        session.execute(text("UPDATE resident SET verified_on = DATE '2001-01-01'"))
        session.execute(text("UPDATE household SET verified_on = DATE '2001-01-01'"))
        retain(session, township(session), door.day, who="测试")
        assert (
            session.scalar(text("SELECT count(*) FROM resident WHERE id = :r"), {"r": door.person})
            == 0
        )
        assert session.scalar(text(former)) == 0


def test_every_column_that_went_comes_back():
    """One that comes later is named here, or is forgotten when a house is taken back."""
    (said,) = (each.text for each in behaviour.sources() if each.name == "take_back_house")
    for table in ("house", "household", "resident", "alias", "address_key"):
        (named,) = re.findall(rf"INSERT INTO {table} \(([^)]*)\)", said)
        assert set(re.split(r"[,\s]+", named)) == set(Base.metadata.tables[table].columns.keys())
