"""Collection tasks in the store: made, asked, answered, ended; by right, and each answer kept once with who and when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.collection import answers, completeness, progress, tasks
from gisgrid.collection.fields import purpose_list, purposes
from gisgrid.collection.questions import NewQuestion
from gisgrid.collection.tasks import TaskDraft
from gisgrid.core.errors import Conflict, Invalid, NotAllowed, NotFound
from gisgrid.core.plans import township
from gisgrid.db.roles import OFFICE
from gisgrid.db.store import Actor, transaction
from gisgrid.planning.snapshot.fetch import today
from tests.support.accounts import acting, appointed, refused, web_engine
from tests.support.door import GRID, OTHER_GRID, one_known

HEAD = NewQuestion("家中几口人", "integer", least=Decimal(0), most=Decimal(30))
PIPE = NewQuestion("水管材料", "choice", choices=("铁", "塑料", "不详"), required=False)


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], dict[str, int]]:
    def filled(session: Session) -> dict[str, int]:
        town = one_known(session)
        session.execute(
            text(
                "DELETE FROM resident WHERE household_id IN (SELECT id FROM household WHERE house_id = 3)"
            )
        )
        session.execute(text("DELETE FROM household WHERE house_id = 3"))
        return {
            "office": town.account,
            "worker": appointed(session, "grid_worker", grid=GRID, name="worker"),
            "leader": appointed(session, "grid_leader", grid=GRID, name="leader"),
            "stranger": appointed(session, "grid_worker", grid=OTHER_GRID, name="stranger"),
            "clerk": appointed(session, "community_clerk", "999901001001", name="clerk"),
            "auditor": appointed(session, "auditor", name="auditor"),
            "administrator": appointed(session, "administrator", name="administrator"),
        }

    return filled


def keeping(engine: Engine, account: int) -> Any:
    return transaction(web_engine(engine), actor=Actor(account), role=OFFICE)


def told(session: Session, **more: Any) -> TaskDraft:
    values = {"title": "用水普查", "purpose": "care", "due_on": today(township(session)) + timedelta(days=7),
              "fields": ("resident.phone",), "grids": (GRID,)}  # fmt: skip
    return TaskDraft(**(values | more))


def opened(engine: Engine, account: int, *questions: NewQuestion, **more: Any) -> int:
    with keeping(engine, account) as session:
        number = tasks.draft(
            session, township(session).id, told(session, **more), today(township(session))
        )
        for each in questions:
            tasks.ask(session, number, each)
        tasks.publish(session, number, today(township(session)), seen=1)
    return number


def answered(
    engine: Engine,
    account: int,
    number: int,
    house: int,
    *,
    key: str = "",
    seen: int = 0,
    **said: str,
) -> Any:
    with acting(web_engine(engine), account) as session:
        task = tasks.one(session, number)
        values = {
            next(q.id for q in task.questions if q.name == name): value
            for name, value in said.items()
        }
        return answers.answer(session, task, house, values, client_id=key or uuid4().hex, seen=seen)


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


def test_the_sums_agree_with_a_count_over_the_rows(engine: Engine, made: dict[str, int]):
    number = opened(
        engine,
        made["office"],
        HEAD,
        PIPE,
        grids=(GRID, OTHER_GRID),
        fields=("resident.phone", "household.verified_on"),
    )
    answered(engine, made["worker"], number, 1, q1="3")
    answered(engine, made["worker"], number, 3, q1="0")
    with transaction(engine) as session:
        session.execute(text("UPDATE resident SET phone = NULL WHERE id % 3 = 0"))
        session.execute(text("UPDATE resident SET citizen_id = NULL WHERE id % 5 = 0"))
        session.execute(text("UPDATE house_grid SET grid_id = NULL WHERE house_id = 5"))
        # What lies in an exclusive grid is of that one.
        session.execute(
            text(
                "UPDATE house_grid SET exclusive_grid_id = (SELECT id FROM grid WHERE code = :code) WHERE house_id = 1"
            ),
            {"code": OTHER_GRID},
        )
        houses = {row.id: row for row in session.execute(text(
            "SELECT h.id, h.community_id, g.code, g.community_id AS grid_community FROM house h "
            "LEFT JOIN house_grid a ON a.house_id = h.id LEFT JOIN grid g ON g.id = coalesce(a.exclusive_grid_id, a.grid_id)"))}  # fmt: skip
        homes = session.execute(text("SELECT * FROM household")).all()
        people = session.execute(
            text("SELECT r.*, f.house_id FROM resident r JOIN household f ON f.id = r.household_id")
        ).all()

    def plain(fields: tuple[str, ...], house: int) -> tuple[int, int]:
        here = [f for f in homes if f.house_id == house]
        theirs = [p for p in people if p.house_id == house]
        there = bool(here) + sum(
            getattr(row, name.split(".")[1]) is not None
            for name in fields for row in (theirs if name.startswith("resident") else here)
        )  # fmt: skip
        return there, 1 + sum(
            len(theirs) if name.startswith("resident") else len(here) for name in fields
        )

    with acting(web_engine(engine), made["office"]) as session:
        place = township(session)
        grids = completeness.by_grid(session, place.id)
        for purpose in ("care", "verify", "event", "emergency"):
            fields = purpose_list(purpose)
            rows = completeness.shares(grids, fields)
            for row in rows:
                mine = [plain(fields, h) for h, at in houses.items() if at.code == row.grid_code]
                assert (row.filled, row.required) == (
                    sum(f for f, _ in mine),
                    sum(r for _, r in mine),
                ), row
                assert row.houses == len(mine)
            assert {row.grid for row in rows if row.grid_code == GRID} == {"东风社区第1网格"}
            every = completeness.total(rows)
            added = completeness.by_community(rows)
            assert (every.filled, every.required) == (
                sum(r.filled for r in added),
                sum(r.required for r in added),
            )
            assert every.houses == len(houses)
        assert rows[-1].grid_code is None
        assert rows[-1].houses == 1
        task = tasks.one(session, number, counted=True)
        listed = progress.task_houses(session, task)
        for each in listed:
            there, wanted = plain(task.fields, each.id)
            assert (each.filled, each.required) == (there + (each.id in (1, 3)), wanted + 1)
        by_grid = progress.task_by_grid(session, task)
        assert sum(g.filled for g in by_grid) == sum(h.filled for h in listed)
        assert sum(g.required for g in by_grid) == sum(h.required for h in listed)
        assert sum(g.houses for g in by_grid) == len(listed) == task.houses
        assert sum(g.done for g in by_grid) == sum(h.done for h in listed)
        (now,) = progress.task_days(session, task)
        assert (now.filled, now.required) == (2, len(listed))
        assert {each.house_id: each.grid for each in answers.given(session, number)}[1] == next(
            row.name for row in grids if row.code == OTHER_GRID
        )


def test_the_days_and_the_houses_without_a_register_agree_with_the_sums(
    engine: Engine, made: dict[str, int]
):
    number = opened(engine, made["office"], HEAD)
    with acting(web_engine(engine), made["office"]) as session:
        place = township(session)
        grids = {
            row.id: row.code
            for row in session.execute(
                text("SELECT h.id, g.code FROM house h LEFT JOIN house_grid a ON a.house_id = h.id "
                     "LEFT JOIN grid g ON g.id = a.grid_id WHERE NOT EXISTS "
                     "(SELECT FROM household f WHERE f.house_id = h.id)"))
        }  # fmt: skip
        lacking = completeness.without_register(session, place.id, today(place))
        assert {each.id: each.grid_code for each in lacking} == grids != {}
        (third,) = [each for each in lacking if each.grid_code == GRID]
        assert (third.code, third.workers) == ("H3", ("测试网格长",))
        assert (
            completeness.count_without(session, place.id, grid=GRID)
            == sum(each.grid_code == GRID for each in lacking)
            > 0
        )
    with transaction(engine) as session:
        assert completeness.count_day(session, place.id, date(2026, 11, 30)) == 4
        assert completeness.count_day(session, place.id, date(2026, 11, 30)) == 0
        session.execute(
            text(
                "UPDATE resident SET phone = NULL WHERE id = (SELECT min(id) FROM resident WHERE phone IS NOT NULL)"
            )
        )
        # Only what wants telephones.
        assert (
            completeness.count_day(session, place.id, date(2026, 11, 30))
            == sum("resident.phone" in purpose_list(each) for each in purposes())
            > 0
        )
    with acting(web_engine(engine), made["office"]) as session:
        (kept,) = completeness.kept_days(session, place.id, "emergency")
        every = completeness.total(
            completeness.shares(completeness.by_grid(session, place.id), purpose_list("emergency"))
        )
        assert (kept.filled, kept.required) == (every.filled, every.required)
    with acting(web_engine(engine), made["worker"]) as session:
        mine = completeness.by_grid(session, place.id)
        assert [g.code for g in mine] == [GRID]
        task = tasks.one(session, number)
        listed = progress.task_houses(session, task)
        assert {h.grid_code for h in listed} == {GRID}
        pages = [progress.task_houses(session, task, most=2, skip=skip) for skip in (0, 2)]
        assert [*pages[0], *pages[1]] == listed[:4]
        fields = purpose_list("verify")
        houses = completeness.by_house(session, place.id, GRID, fields)
        lacking = [house.required - house.filled for house in houses]
        assert lacking == sorted(lacking, reverse=True) != []
        assert completeness.by_house(session, place.id, GRID, fields, most=2, skip=1) == houses[1:3]
        with pytest.raises(NotFound):
            tasks.one(session, 999)
    for house in (1, 3):
        answered(engine, made["worker"], number, house, q1="2")
    with transaction(engine) as session:
        session.execute(
            text("UPDATE house_grid SET grid_id = (SELECT max(id) FROM grid) WHERE house_id = 3")
        )
    with acting(web_engine(engine), made["office"]) as session:
        # What lies there no more is neither filled nor required.
        (now,) = progress.task_days(session, task)
        assert (now.filled, now.required) == (1, len(listed) - 1)


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
        found = answers.missing_in_register(session, ("resident.phone", "resident.name"), 1)
        assert found[("resident", person)] == ["phone"]
        assert answers.missing_in_register(session, ("resident.phone",), 2) == {}
