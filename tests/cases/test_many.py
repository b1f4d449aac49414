"""Many cases move by one step: each has its own answer, and nobody waits for somebody who waits for them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.cases.cases import case_log, case_now
from gisgrid.cases.many import Seen, take_many
from gisgrid.db.store import transaction
from tests.support.accounts import acting
from tests.support.case_town import PUBLIC, Peopled, Town, peopled
from tests.support.waiting import eventually
from tests.support.web import app_over


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Peopled]:
    return peopled


@pytest.fixture
def town(engine: Engine, made: Peopled) -> Town:
    return Town(engine, made)


def test_many_are_sent_at_once_and_each_has_its_own_answer(town: Town, engine: Engine):
    cases = [town.report(None, PUBLIC) for _ in range(3)]
    for case in cases[:2]:
        town.step("dispatcher", case.id, "file", "dispatcher", "dispatcher.shi")
    client = app_over(engine, account=town.people["dispatcher"]).test_client()
    token = client.get("/dispatch").text.split('"csrf": "')[1].split('"')[0]
    body = {
        "step": "dispatch", "to": "own",
        "cases": [{"id": cases[0].id, "seq": 2}, {"id": cases[1].id, "seq": 1},
                  {"id": cases[2].id, "seq": 1}, {"id": 99999}, {"id": "x"}],
    }  # fmt: skip
    answer = client.post("/dispatch/steps?lang=en", json=body, headers={"X-CSRFToken": token})
    assert [one["status"] for one in answer.json["cases"]] == [200, 409, 409, 404, 422]
    assert "moved on" in answer.json["cases"][1]["said"]
    with transaction(engine) as session:
        assert [len(case_log(session, case.id)) for case in cases] == [3, 2, 1]
    for bad in ({}, {"step": "file"}, {"step": "file", "cases": []}, []):
        assert client.post("/dispatch/steps", json=bad,
                           headers={"X-CSRFToken": token}).status_code == 422  # fmt: skip


def test_many_are_transferred_closed_and_merged_with_an_answer_in_words_each(
    town: Town, engine: Engine
):
    cases = [town.report(None, PUBLIC) for _ in range(4)]
    client = app_over(engine, account=town.people["dispatcher"]).test_client()
    token = client.get("/dispatch").text.split('"csrf": "')[1].split('"')[0]

    def many(step: str, some: list[int], **more: str) -> list[tuple[int, str]]:
        body = {"step": step, "cases": [{"id": cases[n].id} for n in some], **more}
        answer = client.post("/dispatch/steps?lang=en", json=body, headers={"X-CSRFToken": token})
        assert [one["id"] for one in answer.json["cases"]] == [cases[n].id for n in some]
        return [(one["status"], one["said"]) for one in answer.json["cases"]]

    assert many("file", [2, 0, 1]) == [(200, "filed")] * 3
    assert many("dispatch", [0, 1], to="grid:a") == [(200, "dispatched")] * 2
    # One that cannot be transferred keeps none of the others; without a reason none is.
    assert [one[0] for one in many("transfer", [0, 3, 1], to="own", reason="换片")] == [
        200,
        409,
        200,
    ]
    assert [status for status, _ in many("transfer", [0, 1], to="grid:b")] == [422, 422]
    assert [status for status, _ in many("transfer", [0], to="grid:x", reason="换片")] == [422]
    assert "there is no step “close”" in many("close", [0])[0][1].replace('"', "")
    for case in cases[:2]:
        town.step("worker", case.id, "feed_back", "grid_worker", "worker.a", note="已清理")
    assert many("close", [0, 1, 2])[:2] == [(200, "closed")] * 2
    assert many("merge", [3, 2], into=cases[2].ticket) == [
        (200, "merged"), (422, "The step “merge” needs the open case that it joins."),
    ]  # fmt: skip
    assert many("merge", [2], into=cases[3].ticket)[0] == (
        409,
        f"The case {cases[3].ticket!r} was merged into case {cases[2].id}: only an open case can be joined.",
    )
    with transaction(engine) as session:
        assert [case_now(session, case.id).state for case in cases] == [
            "closed", "closed", "filed", "merged",
        ]  # fmt: skip


def test_a_code_that_is_another_cases_number_joins_neither_by_itself(town: Town, engine: Engine):
    first, second, third = (town.report(None, PUBLIC) for _ in range(3))
    with transaction(engine) as session:
        session.execute(
            text("UPDATE event SET code = :code WHERE id = :id"), {"code": str(first.id), "id": second.event_id}
        )  # fmt: skip
    client = app_over(engine, account=town.people["dispatcher"]).test_client()
    token = client.get("/dispatch").text.split('"csrf": "')[1].split('"')[0]

    def merge(into: str) -> tuple[int, str]:
        body = {"step": "merge", "into": into, "cases": [{"id": third.id}]}
        answer = client.post("/dispatch/steps?lang=en", json=body, headers={"X-CSRFToken": token})
        (one,) = answer.json["cases"]
        return one["status"], one["said"]

    status, said = merge(str(first.id))
    assert status == 409 and f"case:{first.id} (" in said
    assert f"case:{second.id} ({first.id})" in said
    assert merge("case:99999")[0] == merge("case:x")[0] == 404
    assert merge(f"case:{second.id}") == (200, "merged")
    with transaction(engine) as session:
        assert case_now(session, third.id).merged_into_id == second.id


def test_what_the_store_breaks_off_for_one_case_undoes_none_of_the_others(
    town: Town, engine: Engine
):
    cases = [town.report(None, PUBLIC) for _ in range(3)]
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION breaks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE 'deadlock' USING ERRCODE = '40P01'; END $$"
        )
        connection.exec_driver_sql(
            "CREATE TRIGGER breaks BEFORE INSERT ON case_step FOR EACH ROW "
            f"WHEN (NEW.case_id = {cases[1].id}) EXECUTE FUNCTION breaks()"
        )
    client = app_over(engine, account=town.people["dispatcher"]).test_client()
    token = client.get("/dispatch").text.split('"csrf": "')[1].split('"')[0]
    body = {"step": "file", "cases": [{"id": case.id} for case in cases]}
    answer = client.post("/dispatch/steps?lang=en", json=body, headers={"X-CSRFToken": token})
    assert [one["status"] for one in answer.json["cases"]] == [200, 409, 200]
    with transaction(engine) as session:
        assert [case_now(session, c.id).state for c in cases] == ["filed", "collected", "filed"]


def test_two_who_move_many_at_once_hold_none_that_the_other_waits_for(town: Town, engine: Engine):
    first, second, third = sorted(town.report(None, PUBLIC).id for _ in range(3))
    answers: list[Any] = []

    def many() -> None:
        with acting(town.web, town.people["dispatcher"]) as session:
            seen = [Seen(case, None) for case in (second, first)]
            answers.extend(
                take_many(session, seen, "merge", "dispatcher.shi", into=f"case:{third}")
            )

    def waits() -> bool:
        with transaction(engine) as session:
            return session.scalar(text(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )) == 1  # fmt: skip

    locked = "SELECT FROM event_case WHERE id = :id FOR UPDATE NOWAIT"
    with transaction(engine) as session:
        session.execute(text(locked), {"id": second})
        other = threading.Thread(target=many)
        other.start()
        assert eventually(waits)
        # It waits for the second, and the third, which comes after it, is nobody's yet.
        session.execute(text(locked), {"id": third})
    other.join(timeout=20)
    assert [answer.now.merged_into_id for answer in answers] == [third, third]
