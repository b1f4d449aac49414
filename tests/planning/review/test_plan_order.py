"""Plans follow each other: one is published after the newest, withdrawn before its day, and kept complete."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.cases.intake import move, report
from gisgrid.core import plans
from gisgrid.core.errors import Conflict, Invalid, StalePlan
from gisgrid.core.plans import newest_plan, plan_by_id
from gisgrid.db import tables as t
from gisgrid.db.store import transaction
from gisgrid.jobs.scheduled import complete_plans
from gisgrid.planning.attach.attach import attach_dated
from gisgrid.planning.editor import scenarios
from gisgrid.planning.review import review
from gisgrid.planning.review.publish import publish, withdraw
from tests.support.editor import client_of
from tests.support.factories import create_house
from tests.support.next_plan import INSIDE, SHANGHAI, Town, draft_of, published, town_of
from tests.support.sketch import spot
from tests.support.terminal import gisgrid


@pytest.fixture
def town(engine: Engine) -> Town:
    return town_of(engine)


def test_a_day_before_that_of_a_waiting_plan_is_refused_in_words(town: Town):
    first = datetime.now(SHANGHAI).date() + timedelta(days=30)
    published(town, first)
    with transaction(town.engine) as session:
        township = session.get(t.Township, town.place.id)
        assert township is not None
        third = draft_of(session, township, "第三", "e f", town.new)
        with pytest.raises(Conflict, match="withdraw it first") as refused:
            publish(session, third, first - timedelta(days=1))
        assert "请先撤回" in refused.value.in_language("zh")
        with pytest.raises(StalePlan, match="published now"):
            publish(session, draft_of(session, township, "旧稿", "g h", town.old), first)
        publish(session, third, first + timedelta(days=1))
        assert [p.last_day for p in plans.plans(session, town.place.id) if p.in_force] == [
            first - timedelta(days=1), first, None,
        ]  # fmt: skip
        with pytest.raises(Conflict, match="is to follow"):
            withdraw(session, town.new, "draft")


def test_a_withdrawn_plan_stands_where_it_stood_and_the_one_before_goes_on(town: Town):
    first = datetime.now(SHANGHAI).date() + timedelta(days=1)
    with transaction(town.engine) as session:
        plan = plan_by_id(session, town.new)
        review.publish(session, town.place, plan, first, who="甲", unreviewed=True)
        assert session.scalar(text("SELECT count(*) FROM grid_successor")) > 0
        after = scenarios.branch(session, plan_by_id(session, town.new), name="再下一个", who="甲")
        assert after.based_on_id == town.new
    with transaction(town.engine) as session:
        with pytest.raises(Invalid, match="reason"):
            review.withdraw(session, town.place, plan, who="乙", reason="  ")
        back = review.withdraw(session, town.place, plan, who="乙", reason="界线有误")
        assert (back.state, back.in_force, back.valid_from) == ("draft", None, None)
        assert [(s.from_state, s.to_state, s.who, s.reason) for s in review.steps(session, plan.id)] == [
            ("draft", "published", "甲", "unreviewed"),
            ("published", "draft", "乙", "界线有误"),
        ]  # fmt: skip
        assert plan_by_id(session, town.old).valid_to is None
        assert session.scalar(text("SELECT count(*) FROM grid_successor")) == 0
        assert scenarios.scenario(session, after.id).stale, "drawn from a plan that is not to come"
        with pytest.raises(Conflict, match="does not wait"):
            review.withdraw(session, town.place, back, who="乙", reason="again")
        with pytest.raises(Conflict, match="does not wait"):
            withdraw(session, town.old, "draft")
        # Published for another day, nothing is left of the first one.
        review.publish(
            session, town.place, back, first + timedelta(days=9), who="甲", unreviewed=True
        )
        assert plan_by_id(session, town.old).last_day == first + timedelta(days=8)


def test_it_is_withdrawn_on_the_page_and_in_the_terminal_by_whoever_plans(town: Town):
    tomorrow = datetime.now(SHANGHAI).date() + timedelta(days=1)
    with transaction(town.engine) as session:
        county = session.scalar(text("SELECT code FROM area WHERE level = 'county'"))
    published(town, tomorrow)
    path = f"/plan/{town.new}/withdraw"
    stranger = client_of(town.engine, "county_reviewer", county)
    assert stranger.post(path, json={"reason": "x"}).status_code == 403
    client = client_of(town.engine, "planner", town.place.code)
    view = client.get(f"/plan/{town.new}/view.json?lang=en").json
    assert (view["standing"], view["standing_key"]) == (f"In force from {tomorrow}", "later")
    assert client.post(path, json={}).status_code == 422
    view = client.post(path, json={"reason": "日期有误"}).json
    assert (view["state"], view["steps"][-1]["reason"]) == ("draft", "日期有误")
    published(town, tomorrow)
    tried = gisgrid(town.engine, "plan", "withdraw", "新方案", "--reason", "试")
    assert "published → draft" in tried.output and "dry run" in tried.output
    done = gisgrid(town.engine, "plan", "withdraw", "新方案", "--reason", "试", "--commit")
    assert done.exit_code == 0
    with transaction(town.engine) as session:
        assert plan_by_id(session, town.new).in_force is None
        assert newest_plan(session, town.place.id).id == town.old  # type: ignore[union-attr]


def test_what_comes_in_is_attached_to_every_dated_plan(town: Town):
    long_ago = datetime(2021, 5, 1, tzinfo=UTC)
    with transaction(town.engine) as session:
        township = session.get(t.Township, town.place.id)
        assert township is not None
        publish(session, town.new, date(2024, 1, 1))
        third = draft_of(session, township, "第三", "e f", town.new)
        publish(session, third, datetime.now(SHANGHAI).date() + timedelta(days=9))
        landed = report(session, town.place.id, code="R1", matter=town.matter,
                        reported_at=datetime.now(UTC), place=INSIDE)  # fmt: skip
        assert (landed.grid_code, landed.reported_grid_code) == ("c", "c")
        assert grids_of(session, "event", landed.event_id) == ["a", "c", "e"]
        # Reported late: the day's own plan says whose it was, before the first the one of today.
        for at, code in ((datetime(2023, 6, 1, tzinfo=UTC), "a"), (long_ago, "c")):
            old = report(session, town.place.id, code=f"R{at:%Y}", matter=town.matter,
                         reported_at=at, place=INSIDE)  # fmt: skip
            assert (old.grid_code, old.reported_grid_code) == ("c", code)
        moved = move(session, landed.event_id, spot(1.5, 0.5))
        assert (moved.grid_code, moved.reported_grid_code) == ("d", "c")
        assert grids_of(session, "event", landed.event_id) == ["b", "d", "f"]
        house = create_house(session, township, spot(1.5, 0.5))
        attach_dated(session, township.area_id, "house", [house.id])
        assert grids_of(session, "house", house.id) == ["b", "d", "f"]


def test_an_old_plans_page_counts_what_was_reported_later(town: Town):
    with transaction(town.engine) as session:
        publish(session, town.new, date(2024, 1, 1))
        report(session, town.place.id, code="R1", matter=town.matter,
               reported_at=datetime.now(UTC), place=INSIDE)  # fmt: skip
        counted = {
            (plan, row.code): row.events
            for plan in (town.old, town.new)
            for row in session.execute(
                text(
                    "SELECT g.code, n.events FROM count_plan(:p) n JOIN grid g ON g.id = n.grid_id"
                ),
                {"p": plan},
            )
        }
    assert counted == {
        (town.old, "a"): 2,
        (town.old, "b"): 0,
        (town.new, "c"): 2,
        (town.new, "d"): 0,
    }


def test_a_store_that_is_older_is_completed_by_the_worker(town: Town):
    with transaction(town.engine) as session:
        publish(session, town.new, date(2024, 1, 1))
        report(session, town.place.id, code="R1", matter=town.matter,
               reported_at=datetime.now(UTC), place=INSIDE)  # fmt: skip
        session.execute(text("DELETE FROM event_grid WHERE plan_id = :p"), {"p": town.old})
    assert complete_plans(town.engine) == {"event": 1}
    assert complete_plans(town.engine) == {}
    with transaction(town.engine) as session:
        n = session.scalar(
            text("SELECT count(grid_id) FROM event_grid WHERE plan_id = :p"), {"p": town.old}
        )
    assert n == 2


def grids_of(session: Session, kind: str, number: int) -> list[str]:
    """Codes of the grids of a house or event under each dated plan, by day."""
    return list(
        session.scalars(
            text(
                f"SELECT g.code FROM {kind}_grid a JOIN grid g ON g.id = a.grid_id "
                f"JOIN plan p ON p.id = a.plan_id WHERE a.{kind}_id = :id AND p.validity IS NOT NULL "
                "ORDER BY lower(p.validity)"
            ),
            {"id": number},
        )
    )


def test_the_next_plan_is_drawn_from_the_newest_though_it_waits(town: Town):
    published(town, datetime.now(SHANGHAI).date() + timedelta(days=1))
    with transaction(town.engine) as session:
        with pytest.raises(Conflict, match="followed by '新方案'"):
            scenarios.branch(session, plan_by_id(session, town.old), name="旧", who="甲")
        made = scenarios.branch(session, plan_by_id(session, town.new), name="下一个", who="甲")
        assert (made.based_on_id, scenarios.scenario(session, made.id).stale) == (town.new, False)
        assert newest_plan(session, town.place.id).id == town.new  # type: ignore[union-attr]
