"""Collection tasks in the store: made, asked, answered, ended; by right, and each answer kept once with who and when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.collection import answers, tasks
from gisgrid.collection.questions import NewQuestion
from gisgrid.core.errors import Conflict, Invalid, NotAllowed
from gisgrid.core.plans import township
from gisgrid.db.store import transaction
from gisgrid.planning.snapshot.fetch import today
from tests.support.accounts import acting, refused, web_engine
from tests.support.collecting import HEAD, PIPE, answered, asked_town, keeping, opened, told
from tests.support.door import GRID


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], dict[str, int]]:
    return asked_town


def test_a_draft_says_what_is_wrong_with_it_and_stays_with_the_office(
    engine: Engine, made: dict[str, int]
):
    with keeping(engine, made["office"]) as session:
        place = township(session)
        day = today(place)
        for wrong, reason in (
            ({"title": ""}, "what the task is called"),
            ({"purpose": "nosuch"}, "what the task is for"),
            ({"purpose": "emergency", "fields": ("resident.sex",)}, "resident.sex is not declared"),
            ({"due_on": day - timedelta(days=1)}, "is over"),
            ({"grids": ()}, "Choose grids, or write codes"),
            ({"grids": ("nosuch",)}, "no grid of this code.*nosuch"),
            ({"grids": (), "houses": ("H1", "X9")}, "X9"),
        ):  # fmt: skip
            with pytest.raises(Invalid, match=reason):
                tasks.draft(session, place.id, told(session, **wrong), day)
        twice = tasks.draft(session, place.id, told(session, grids=(GRID, GRID)), day)
        assert tasks.one(session, twice).grids == (GRID,)
        with pytest.raises(Invalid, match="is over"):
            tasks.publish(session, twice, day + timedelta(days=8), seen=1)
        tasks.discard(session, twice)
        number = tasks.draft(session, place.id, told(session, fields=()), day)
        with pytest.raises(Invalid, match=r"Leave \$\{ out"):
            tasks.ask(session, number, NewQuestion("几口人 ${x}", "text"))
        with pytest.raises(Invalid, match="asks nothing yet"):
            tasks.publish(session, number, today(township(session)), seen=1)
        tasks.ask(session, number, PIPE)
        with pytest.raises(Invalid, match="One question at least must be answered"):
            tasks.publish(session, number, today(township(session)), seen=1)
        tasks.drop(session, number, tasks.one(session, number).questions[0].id)
        for n in range(10):
            assert tasks.ask(session, number, NewQuestion(f"问题{n}", "text")) == n + 1
        with pytest.raises(Invalid, match="at most 10"):
            tasks.ask(session, number, HEAD)
        first = tasks.one(session, number).questions[0]
        tasks.drop(session, number, first.id)
        assert [(q.number, q.label) for q in tasks.one(session, number).questions][:2] == [
            (1, "问题1"),
            (2, "问题2"),
        ]
        tasks.ask(session, number, HEAD)
    with acting(web_engine(engine), made["worker"]) as session:
        assert tasks.tasks(session, place.id) == []
    with keeping(engine, made["office"]) as session:
        tasks.publish(session, number, today(township(session)), seen=1)
        with pytest.raises(Conflict, match="is published"):
            tasks.ask(session, number, PIPE)
        with pytest.raises(Conflict, match="is published"):
            tasks.discard(session, number)
    with keeping(engine, made["office"]) as session, pytest.raises(Conflict, match="meanwhile"):
        tasks.end(session, number, seen=1)


def test_who_keeps_no_ground_sees_no_task_and_answers_none(engine: Engine, made: dict[str, int]):
    number = opened(engine, made["office"], HEAD)
    for who, sees in (
        ("worker", 1),
        ("leader", 1),
        ("clerk", 1),
        ("office", 1),
        ("administrator", 1),
        ("stranger", 0),
        ("auditor", 0),
    ):
        with acting(web_engine(engine), made[who]) as session:
            assert len(tasks.tasks(session, township(session).id)) == sees, who
    for who, house in (("stranger", 1), ("auditor", 1), ("worker", 2)):
        with acting(web_engine(engine), made["worker"]) as session:
            task = tasks.one(session, number)
        with acting(web_engine(engine), made[who]) as session, pytest.raises(NotAllowed):
            answers.answer(session, task, house, {task.questions[0].id: "3"}, client_id="k")
    for who in ("worker", "clerk", "auditor"):
        with acting(web_engine(engine), made[who]) as session:
            refused(session, "SELECT value FROM collection_answer")
            refused(session, "INSERT INTO collection_task (title) VALUES ('x')")
            refused(session, "UPDATE collection_task SET state = 'ended'")
            refused(session, "DELETE FROM collection_answer")
    with keeping(engine, made["administrator"]) as session:
        assert session.scalar(text("SELECT count(*) FROM collection_task")) == 1
        refused(session, "SELECT 1 FROM collection_answer")
    with keeping(engine, made["worker"]) as session:
        refused(
            session,
            "INSERT INTO collection_house (task_id, house_id) SELECT id, 1 FROM collection_task",
        )


def test_an_answer_is_kept_once_and_a_later_one_leaves_the_former(
    engine: Engine, made: dict[str, int]
):
    number = opened(engine, made["office"], HEAD, PIPE)
    for wrong, reason in (
        ({"q1": "x"}, "no number"), ({"q1": "1.5"}, "no whole number"), ({"q1": "31"}, "at most 30"),
        ({"q1": "-1"}, "at least 0"), ({"q1": "9e999999999"}, "no number"), ({"q1": "1,5"}, "no number"), ({"q1": "2", "q2": "金"}, "choose one"), ({"q2": "铁"}, "answered, too"), ({}, "Nothing"),
    ):  # fmt: skip
        with pytest.raises(Invalid, match=reason):
            answered(engine, made["worker"], number, 1, **wrong)
    first = answered(engine, made["worker"], number, 1, key="one", q1="3")
    again = answered(engine, made["worker"], number, 1, key="one", q1="3")
    assert first == again
    with pytest.raises(Conflict, match="sent before with other answers"):
        answered(engine, made["worker"], number, 1, key="one", q1="7")
    # The colleague had read the page before.
    assert answered(engine, made["leader"], number, 1, seen=0, q1="4", q2="铁").over_another
    seen = max(answered(engine, made["worker"], number, 1, q2="塑料").answers.values())
    assert not answered(engine, made["leader"], number, 1, seen=seen, q1="5").over_another
    with transaction(engine) as session:
        rows = session.execute(text(
            "SELECT q.name, a.value, a.who, a.replaced_at IS NULL FROM collection_answer a "
            "JOIN collection_question q ON q.id = a.question_id ORDER BY a.id")).all()  # fmt: skip
    assert [(name, value, now) for name, value, _, now in rows] == [
        ("q1", "3", False), ("q1", "4", False), ("q2", "铁", False), ("q2", "塑料", True), ("q1", "5", True),
    ]  # fmt: skip
    assert {who for _, _, who, _ in rows} == {"测试grid_worker", "测试grid_leader"}
    with acting(web_engine(engine), made["clerk"]) as session:
        shown = answers.given(session, number)
        assert [each.value for each in shown] == [None, None]
        with pytest.raises(Exception, match="no purpose"):
            answers.opened(session, shown)
    with acting(web_engine(engine), made["clerk"], "care") as session:
        assert [each.value for each in answers.opened(session, answers.given(session, number))] == [
            "5",
            "塑料",
        ]
        assert (
            session.scalar(
                text("SELECT count(*) FROM audit_entry WHERE subject = 'collection_answer'")
            )
            is not None
        )
    with transaction(engine) as session:
        assert (
            session.scalar(
                text(
                    "SELECT count(*) FROM audit_entry WHERE subject = 'collection_answer' AND purpose = 'care'"
                )
            )
            == 1
        )


def test_what_was_written_down_before_and_comes_after_is_a_former_answer(
    engine: Engine, made: dict[str, int]
):
    number = opened(engine, made["office"], HEAD, PIPE)
    for who in ("leader", "worker", "leader"):
        answered(engine, made[who], number, 3, q1="6")
    answered(engine, made["leader"], number, 1, q1="4")
    with acting(web_engine(engine), made["worker"]) as session:
        task = tasks.one(session, number)
        head, pipe = (each.id for each in task.questions)
        for _ in range(2):
            late = answers.answer(
                session, task, 1, {head: "3", pipe: "铁"}, client_id="offline",
                entered_at=datetime.now(UTC) - timedelta(hours=2),
            )  # fmt: skip
            assert late.late_one
            assert set(late.answers) == {head, pipe}
    with acting(web_engine(engine), made["clerk"], "care") as session:
        assert answers.count_answered(session, number) == 2
        (page,) = {each.house_id for each in answers.given(session, number, most=1)}
        (other,) = {each.house_id for each in answers.given(session, number, most=1, skip=1)}
        assert {page, other} == {1, 3}
        now = answers.opened(session, answers.given(session, number, 1))
        assert [(each.question_id, each.value) for each in now] == [(head, "4"), (pipe, "铁")]
        (was,) = answers.opened(session, answers.former(session, number, [1]))
        assert (was.question_id, was.value, was.who) == (head, "3", "测试grid_worker")
        assert was.replaced_at is not None
        assert len(answers.former(session, number, [3])) == 2


def test_the_end_by_day_or_hand_takes_nothing_more_but_what_was_written_before(
    engine: Engine, made: dict[str, int]
):
    number = opened(engine, made["office"], HEAD)
    named = opened(engine, made["office"], HEAD, grids=(), houses=("H3", "H3"), fields=())
    with transaction(engine) as session:
        place = township(session)
        day = today(place)
        assert tasks.keep_days(session, place.id, day) == (0, 0)
        assert tasks.keep_days(session, place.id, day + timedelta(days=4)) == (0, 2)
        assert tasks.keep_days(session, place.id, day + timedelta(days=4)) == (0, 0)
        assert tasks.one(session, named, counted=True).houses == 1
        houses = tasks.one(session, number, counted=True).houses
    with keeping(engine, made["office"]) as session:
        tasks.end(session, number, seen=2)
    with transaction(engine) as session:
        assert tasks.keep_days(session, place.id, day + timedelta(days=8)) == (1, 0)
        # Another border leaves what was asked.
        session.execute(
            text("UPDATE house_grid SET grid_id = (SELECT max(id) FROM grid) WHERE house_id = 3")
        )
        assert tasks.one(session, number, counted=True).houses == houses
        told_of = session.execute(text(
            "SELECT m.kind, m.code, count(d.account_id) FROM outbox_message m JOIN outbox_delivery d ON d.message_id = m.id "
            "WHERE m.subject = 'collection' AND d.channel = 'badge' GROUP BY 1, 2 ORDER BY 1, 2")).all()  # fmt: skip
    # Worker and leader of the grid; the stranger hears nothing.
    assert told_of == [
        ("due_soon", str(number), 2),
        ("due_soon", str(named), 2),
        ("task", str(number), 2),
        ("task", str(named), 2),
    ]
    with pytest.raises(Conflict, match="is over"):
        answered(engine, made["worker"], number, 1, q1="3")
    with acting(web_engine(engine), made["worker"]) as session:
        task = tasks.one(session, number)
        assert task.ended_at is not None
        assert task.ended_by == "township_government-999901001-"
        late = answers.answer(session, task, 1, {task.questions[0].id: "3"}, client_id="late",
                              entered_at=task.ended_at - timedelta(hours=1))  # fmt: skip
        assert late.answers


def test_what_the_register_lacks_is_named_at_the_house(engine: Engine, made: dict[str, int]):
    with transaction(engine) as session:
        person = session.scalar(
            text(
                "SELECT min(r.id) FROM resident r JOIN household f ON f.id = r.household_id WHERE f.house_id = 1"
            )
        )
        session.execute(
            text("UPDATE resident SET phone = NULL, sex = NULL WHERE id = :id"), {"id": person}
        )
    with acting(web_engine(engine), made["worker"]) as session:
        found = answers.missing_in_register(session, ("resident.phone", "resident.name"), [1, 2])
        assert found[1]["resident", person] == ["phone"]
        assert answers.missing_in_register(session, ("resident.phone",), [2]) == {}
