"""How far tasks and registers are filled agrees with a count over the rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.collection import answers, completeness, progress, tasks
from gisgrid.collection.fields import purpose_list, purposes
from gisgrid.core.errors import NotFound
from gisgrid.core.plans import township
from gisgrid.db.store import transaction
from gisgrid.planning.snapshot.fetch import today
from tests.support.accounts import acting, web_engine
from tests.support.collecting import HEAD, PIPE, answered, asked_town, opened
from tests.support.door import GRID, OTHER_GRID


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], dict[str, int]]:
    return asked_town


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
        assert progress.left_of(session, task.township_id, [task]) == {
            number: progress.left(by_grid)
        }
        (now,) = progress.task_days(session, task)
        assert (now.filled, now.required) == (2, len(listed))
        assert {each.house_id: each.grid for each in answers.given(session, number)}[1] == next(
            row.name for row in grids if row.code == OTHER_GRID
        )


def test_what_is_left_of_several_tasks_is_what_each_of_them_says(
    engine: Engine, made: dict[str, int]
):
    numbers = [
        opened(
            engine, made["office"], HEAD, PIPE, fields=("resident.phone", "household.verified_on")
        ),
        opened(engine, made["office"], HEAD, fields=()),
        opened(
            engine,
            made["office"],
            grids=(GRID, OTHER_GRID),
            fields=("resident.name", "resident.birth_date"),
        ),
        opened(engine, made["office"], HEAD, grids=(OTHER_GRID,), fields=()),
    ]
    answered(engine, made["worker"], numbers[1], 1, q1="3")
    with transaction(engine) as session:
        session.execute(text("UPDATE resident SET birth_date = NULL WHERE id % 5 = 0"))
    for who in ("worker", "office", "stranger", "clerk"):
        with acting(web_engine(engine), made[who]) as session:
            found = [
                tasks.one(session, n)
                for n in numbers
                if n in {t.id for t in tasks.tasks(session, township(session).id)}
            ]
            each = {task.id: progress.left(progress.task_by_grid(session, task)) for task in found}
            assert progress.left_of(session, township(session).id, found) == each
            assert found and any(left for left, _ in each.values())


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
