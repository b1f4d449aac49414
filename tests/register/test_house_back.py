"""That a house is gone or part of another is taken back: all comes back as it was, and nothing newer is overwritten."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core import plans
from gisgrid.db.store import transaction
from gisgrid.locate.addresses.search import search
from tests.support.collecting import HEAD, answered, opened
from tests.support.door import GRID, Door, token
from tests.support.door_houses import add, stand
from tests.support.web import Town

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
    assert "没有恢复：1 户" in page and "1 个叫法" in page, page[:800]


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
    assert take_back(door, entry).status_code == 403
