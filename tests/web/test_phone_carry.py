"""What a phone carries: its owner's grid and no other, masked; and the half of its key, which is withdrawn."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, event, text

from gisgrid.cases.cases import SYSTEM, CaseActor, Details, Owner, open_case, take_step
from gisgrid.collection import carried, progress, tasks
from gisgrid.collection.questions import NewQuestion
from gisgrid.core.plans import township
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.planning.snapshot.fetch import today
from tests.support.accounts import acting, appointed, web_engine
from tests.support.collecting import HEAD, answered, opened
from tests.support.database import own_database
from tests.support.desks import jpeg
from tests.support.door import GRID, NAME, OTHER_GRID, PHONE, Door, token
from tests.support.offline import workable
from tests.support.web import app_over

PHOTO = NewQuestion("水表照片", "photo", required=False)


@pytest.fixture(scope="module")
def door(cluster: Cluster, template: str) -> Iterator[Door]:
    with own_database(cluster, template, "phone_carry") as engine:
        with transaction(engine) as session:
            workable(session)
            session.execute(
                text(f"UPDATE resident SET citizen_id = '110101199003074514' WHERE name = '{NAME}'")
            )
            office = appointed(session, "administrator", name="office")
        kept = Door(engine)
        kept.people["office"] = app_over(engine, account=office).test_client()
        yield kept


def post(door: Door, who: str, path: str, **data: Any) -> Any:
    client = door.people[who]
    return client.post(path, data={**data, "csrf_token": token(client)})


def test_a_phone_carries_the_houses_of_its_owner_s_grid_masked(door: Door):
    told = door.people["worker"].get("/phone/grid.json")
    assert told.headers["Cache-Control"] == "no-store"
    (grid,) = told.json["grids"]
    assert grid["code"] == GRID
    inside = door.one(
        "SELECT array_agg(a.house_id ORDER BY a.house_id) FROM house_grid a JOIN grid g ON g.id = a.grid_id WHERE g.code = :g", g=GRID
    )  # fmt: skip
    assert sorted(house["id"] for house in grid["houses"]) == inside
    one = next(house for house in grid["houses"] if house["id"] == 1)
    people = one["homes"][0]["residents"]
    assert {"测*", "199****5678"} <= {word for person in people for word in person.values()}
    whole = json.dumps(told.json, ensure_ascii=False)
    for secret in (NAME, PHONE, "19900307", "citizen", "needs"):
        assert secret not in whole
    assert told.json["days"] == 7
    assert door.people["stranger"].get("/phone/grid.json").json["grids"][0]["code"] != GRID
    # Who answers for a community has no grid of their own to carry.
    assert door.people["clerk"].get("/phone/grid.json").json["grids"] == []


def test_a_case_of_one_s_own_goes_along_with_the_steps_that_need_nothing_to_choose(door: Door):
    with transaction(door.engine) as session:
        event = session.scalar(text(_OWN_EVENT))
        case = open_case(session, event or 0, SYSTEM)
        by, to = CaseActor("dispatcher", ("dispatcher",)), Owner(grid_code=GRID, level="grid")
        take_step(session, case.id, "file", by)
        take_step(session, case.id, "dispatch", by, details=Details(to=to))
    (told,) = door.people["worker"].get("/phone/grid.json").json["cases"]
    assert (told["case_id"], told["seq"], told["address"]) == (
        case.id,
        3,
        f"/cases/{case.id}/steps",
    )
    steps = {step["name"]: (step["needs"], step["shows"]) for step in told["steps"]}
    # Sent up it would go to somebody, who has to be chosen; given back, to whoever sends.
    assert steps == {
        "accept": ([], False), "feed_back": (["note"], True), "return": (["reason"], False),
        "note": (["note"], True),
    }  # fmt: skip
    assert [step["label"] for step in told["steps"]] == ["开始处置", "反馈", "退回", "记录"]
    assert door.people["stranger"].get("/phone/grid.json").json["cases"] == []


_OWN_EVENT = f"""
SELECT min(e.event_id) FROM event_grid e JOIN grid g ON g.id = e.grid_id WHERE g.code = '{GRID}'
"""


def test_the_half_of_a_phone_is_its_own_and_goes_when_it_is_withdrawn(door: Door):
    device = str(uuid4())
    first = post(door, "worker", "/phone/half", device=device).json["half"]
    assert len(base64.b64decode(first)) == 32
    assert post(door, "worker", "/phone/half", device=device).json["half"] == first
    assert post(door, "colleague", "/phone/half", device=device).json["half"] != first
    assert post(door, "worker", "/phone/half", device="x").status_code == 422
    held = f"/phone/session?device={device}"
    assert door.people["worker"].get(held).json["held"] is True
    # Somebody else's phone is nobody's to withdraw.
    number = door.one("SELECT id FROM phone_half WHERE encode(half, 'base64') = :h", h=first)
    assert post(door, "colleague", f"/phone/lost/{number}").status_code == 404
    worker = door.one("SELECT id FROM account WHERE name = 'worker'")
    assert post(door, "clerk", f"/office/accounts/{worker}/phones/{number}").status_code == 403

    # At the office, by who keeps the account.
    page = door.people["office"].get(f"/office/accounts/{worker}").text
    assert f'data-phone="{number}"' in page
    assert first not in page
    assert post(door, "office", f"/office/accounts/{worker}/phones/{number}").status_code == 303
    assert door.people["worker"].get(held).json["held"] is False
    assert post(door, "worker", "/phone/half", device=device).status_code == 409
    shown = re.sub(r"\s+", " ", door.people["worker"].get("/me").text)
    assert "收回" in shown


def test_who_logs_out_leaves_no_phone_that_opens(door: Door):
    device = str(uuid4())
    post(door, "colleague", "/phone/half", device=device)
    assert post(door, "colleague", "/account/logout").status_code == 302
    assert door.one(
        "SELECT withdrawn_at IS NOT NULL FROM phone_half WHERE device = :d", d=device
    )  # fmt: skip


def test_a_task_goes_along_with_what_is_left_and_without_what_was_said(door: Door):
    office = door.one("SELECT id FROM account WHERE name = 'office'")
    who = door.one("SELECT id FROM account WHERE name = 'colleague'")
    pipe = NewQuestion("水管材料", "choice", required=False, choices=("铁", "塑料"))
    number = opened(door.engine, office, HEAD, pipe, fields=("resident.phone",))
    with transaction(door.engine) as session:
        asked = tasks.one(session, number).questions
        session.execute(
            text("UPDATE resident SET phone = NULL WHERE id = :id"), {"id": door.person}
        )
    told = door.people["worker"].get("/phone/grid.json").json
    (task,) = told["tasks"]
    assert (task["title"], task["register"], told["tasks_left_out"]) == ("用水普查", True, 0)
    assert task["questions"] == [
        {
            "id": asked[0].id, "label": "家中几口人", "kind": "integer", "required": True, "limits": "0 … 30",
            "least": "0", "most": "30",
        },
        {
            "id": asked[1].id, "label": "水管材料", "kind": "choice", "required": False,
            "choices": ["铁", "塑料"],
        },
    ]  # fmt: skip
    (grid,) = told["grids"]
    assert sorted(task["houses"]) == sorted(str(house["id"]) for house in grid["houses"])
    before = task["houses"]["1"]
    assert ["resident", door.person, ["phone"]] in before["lacks"]
    assert "held" not in before

    answered(door.engine, who, number, 1, **{f"q{asked[0].id}": "17"})
    told = door.people["worker"].get("/phone/grid.json").json
    house = told["tasks"][0]["houses"]["1"]
    assert house["left"] == before["left"] - 1
    ((question, (_, name)),) = house["held"].items()
    assert (question, name) == (str(asked[0].id), "测试grid_leader")
    assert house["seen"] > 0
    assert '"17"' not in json.dumps(told)
    # As many as the pages of the task count.
    with acting(web_engine(door.engine), who) as session:
        listed = progress.task_houses(session, tasks.one(session, number))
    assert {each.id: each.required - each.filled for each in listed} == {
        int(each): kept["left"] for each, kept in told["tasks"][0]["houses"].items()
    }
    # Of other ground nothing goes along, and who keeps no grid has no task.
    assert door.people["stranger"].get("/phone/grid.json").json["tasks"] == []
    assert door.people["clerk"].get("/phone/grid.json").json["tasks"] == []


def test_ten_tasks_of_one_s_own_ground_go_along_and_their_number_costs_no_statement(door: Door):
    office = door.one("SELECT id FROM account WHERE name = 'office'")
    before = statements(door)
    due = {"due_on": day_of(door)}
    # Due first, on other ground: they take no place of those that are carried.
    for _ in range(carried.MOST_TASKS):
        opened(door.engine, office, HEAD, grids=(OTHER_GRID,), **due)
    for n in range(carried.MOST_TASKS + 1):
        opened(door.engine, office, HEAD, title=f"样本任务{n}", fields=("resident.phone",))
    told = door.people["worker"].get("/phone/grid.json").json
    there = door.one("SELECT count(*) FROM collection_task WHERE state = 'open' AND grids = CAST(:g AS text[])", g=[GRID])  # fmt: skip
    assert len(told["tasks"]) == carried.MOST_TASKS
    assert all(each["houses"] for each in told["tasks"])
    assert told["tasks_left_out"] == there - carried.MOST_TASKS > 0
    assert statements(door) == before


def statements(door: Door) -> int:
    """How many statements the grid of the worker's phone takes, with a task that asks about its houses."""
    said: list[str] = []

    def hear(*told: Any) -> None:
        said.append(told[2])

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        assert door.people["worker"].get("/phone/grid.json").json["tasks"]
    finally:
        event.remove(Engine, "before_cursor_execute", hear)
    return len(said)


def day_of(door: Door) -> date:
    with transaction(door.engine) as session:
        return today(township(session))


def test_a_photo_that_answers_another_task_s_question_is_refused_as_well(door: Door):
    office = door.one("SELECT id FROM account WHERE name = 'office'")
    number, other = (opened(door.engine, office, HEAD, PHOTO) for _ in range(2))
    with transaction(door.engine) as session:
        mine, strange = (tasks.one(session, each).questions for each in (number, other))
    said = {f"q{mine[0].id}": "2", "client_id": uuid4().hex}
    for name in (f"q{strange[1].id}", f"q{mine[0].id + 10**6}"):
        shot = {name: (io.BytesIO(jpeg()), "a.jpg")}
        told = post(door, "worker", f"/collecting/{number}/house/1", **said, **shot)
        assert told.status_code == 422
        assert "所填页面的问题与该任务不一致：请重新打开任务。" in told.text
    assert door.one("SELECT count(*) FROM collection_answer WHERE task_id = :t", t=number) == 0
    shot = {f"q{mine[1].id}": (io.BytesIO(jpeg()), "a.jpg")}
    told = post(door, "worker", f"/collecting/{number}/house/1", **said, **shot)
    assert told.status_code == 303
    assert door.one("SELECT count(*) FROM collection_answer WHERE task_id = :t", t=number) == 2


def test_an_answer_to_another_task_s_questions_is_refused_in_words(door: Door):
    office = door.one("SELECT id FROM account WHERE name = 'office'")
    number, other = (opened(door.engine, office, HEAD) for _ in range(2))
    with transaction(door.engine) as session:
        mine, strange = (tasks.one(session, each).questions[0].id for each in (number, other))
    said = {f"q{mine}": "2", f"q{strange}": "3", "client_id": uuid4().hex}
    told = post(door, "worker", f"/collecting/{number}/house/1", **said)
    assert told.status_code == 422
    assert "所填页面的问题与该任务不一致：请重新打开任务。" in told.text
    assert door.one("SELECT count(*) FROM collection_answer WHERE task_id = :t", t=number) == 0
    # Without the strange one the same form is taken.
    said.pop(f"q{strange}")
    assert post(door, "worker", f"/collecting/{number}/house/1", **said).status_code == 303
