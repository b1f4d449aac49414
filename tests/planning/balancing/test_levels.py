"""What a run makes even and over which days it counts is said; what is nothing is refused beforehand."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.balance.weights import Weights
from gisgrid.core.errors import Invalid
from gisgrid.core.messages import unpacked
from gisgrid.core.plans import PlanInfo, plan_by_id, plan_in_force, township
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.db.tables import Township
from gisgrid.jobs import balancing, worker
from gisgrid.jobs.studies import make, standing
from gisgrid.planning.balancing.options import BalanceOptions
from gisgrid.planning.editor import replay, scenarios
from gisgrid.planning.snapshot.fetch import events_until, plan_state, today
from gisgrid.planning.workload.workload import event_days, loads
from tests.support.database import own_database
from tests.support.editor import client_of
from tests.support.factories import create_event, create_matter
from tests.support.made_store import a_town, store_town
from tests.support.terminal import gisgrid

NEWEST = datetime(2021, 3, 14, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], PlanInfo]:
    """A draft over houses that nobody is registered in."""

    def filled(session: Session) -> PlanInfo:
        store_town(session, a_town(71, houses=300, grids=6, communities=2)[0], households=False)
        place = township(session)
        return scenarios.branch(session, plan_in_force(session, place.id), name="草案", who="甲")

    return filled


@pytest.fixture
def bare(made: PlanInfo) -> PlanInfo:
    return made


def report(engine: Engine, *days: datetime) -> None:
    """An event on each day, at the houses in order of code."""
    with transaction(engine) as session:
        home = session.query(Township).one()
        matter = create_matter(session, home)
        spots = session.execute(
            text("SELECT ST_X(geom), ST_Y(geom) FROM house ORDER BY code LIMIT :n"),
            {"n": len(days)},
        ).all()
        for at, spot in zip(days, spots, strict=True):
            create_event(session, home, tuple(spot), matter=matter, reported_at=at)


# ---- nothing to level --------------------------------------------------------------------------


def test_the_page_refuses_an_empty_measure_before_anything_is_queued(
    engine: Engine, bare: PlanInfo
):
    planner = client_of(engine, "planner")
    page = f"/plan/{bare.id}"
    for asked in ({}, {"level": "residents"}, {"size": 50, "size_in": "households"}):
        answer = planner.post(f"{page}/rebalance", json={"tolerance": 0.01, **asked})
        assert answer.status_code == 422, answer.text
        assert "房屋（300）" in answer.json["detail"]
    form = {"name": "首个", "size": "50", "size_in": "residents"}
    assert planner.post("/plan/from-scratch", data=form).status_code == 422
    with transaction(engine) as session:
        assert session.scalar(text("SELECT count(*) FROM job")) == 0
        assert session.scalar(text("SELECT count(*) FROM plan")) == 2, (
            "the draft is not left behind"
        )
    assert planner.post(f"{page}/rebalance", json={"level": "gold"}).status_code == 422


@pytest.mark.thorough
def test_what_is_offered_can_be_had_on_the_page(engine: Engine, bare: PlanInfo):
    planner = client_of(engine, "planner")
    asked = {"tolerance": 0.05, "level": "houses", "far": True}
    assert planner.post(f"/plan/{bare.id}/rebalance", json=asked).status_code == 200
    worker.work(engine, once=True)
    job = planner.get(f"/plan/{bare.id}/job.json").json["job"]
    assert job["state"] == "done", job["failed"]
    assert job["result"]["level"] == "houses"
    edit = {"kind": "rebalance", "job": job["id"]}
    kept = planner.post(f"/plan/{bare.id}/edit", json={"version": 0, "edit": edit})
    assert kept.status_code == 200, kept.text
    off = 0.0
    for home in {g["community"] for g in kept.json["grids"]}:
        held = [g["houses"] for g in kept.json["grids"] if g["community"] == home]
        off = max(off, *(abs(n / (sum(held) / len(held)) - 1) for n in held))
    assert job["result"]["max_deviation"] == pytest.approx(off, abs=1e-12)


def test_the_terminal_refuses_it_too_and_levels_what_there_is(engine: Engine, bare: PlanInfo):
    refused = gisgrid(engine, "balance", "--plan", "草案")
    assert refused.exit_code == 2
    assert re.search(r"houses \((299|300)\) \(--level\)", refused.output), refused.output
    told = gisgrid(engine, "balance", "--plan", "草案", "--level", "houses", "--far")
    assert told.exit_code == 0, told.output
    assert "houses/grid" in told.output
    assert "min/grid" not in told.output


def test_a_community_without_the_measure_is_named_and_the_rest_is_balanced(
    cluster: Cluster, template: str
):
    home = "999901001200"
    with own_database(cluster, template, "levels") as engine:
        with transaction(engine) as session:
            store_town(session, a_town(72, houses=300, grids=6, communities=2)[0])
            session.execute(
                text(
                    "DELETE FROM household f USING house_grid a, grid g, area c "
                    "WHERE a.house_id = f.house_id AND g.id = a.grid_id AND c.id = g.community_id "
                    "AND c.code = :c"
                ),
                {"c": home},
            )
        told = gisgrid(engine, "balance", "--far")
    assert told.exit_code == 0, told.output
    assert f"Community {home} is left out: the houses carry no work" in told.output
    assert not re.search(rf"^ *{home} ", told.output, re.MULTILINE)


# ---- days of events ----------------------------------------------------------------------------


def test_without_a_day_the_months_up_to_the_newest_event_count(engine: Engine, bare: PlanInfo):
    report(engine, NEWEST, datetime(2020, 4, 1, tzinfo=UTC), datetime(2019, 1, 1, tzinfo=UTC))
    told = gisgrid(engine, "workload", "--plan", "草案")
    assert told.exit_code == 0, told.output
    assert "2 events of 2020-03-15 to 2021-03-14 counted" in told.output
    with transaction(engine) as session:
        place = township(session)
        state = plan_state(session, place, plan_by_id(session, bare.id), today(place))
        found = loads(state, Weights())
        events = found.parts.index("events")
        assert found.township.parts_mmin[events] == 2 * 45_000 / 12


def test_a_day_that_has_passed_is_taken_at_its_word(engine: Engine, bare: PlanInfo):
    report(engine, NEWEST)
    with transaction(engine) as session:
        place = township(session)
        assert events_until(session, place, date(2022, 5, 1)) == date(2022, 5, 1)
        assert events_until(session, place, today(place)) == date(2021, 3, 14)
        state = plan_state(session, place, plan_by_id(session, bare.id), date(2021, 3, 20))
        days = event_days(state, Weights())
        assert (str(days.first), str(days.last), days.events) == ("2020-03-21", "2021-03-20", 1)
    # Nobody lives there and nothing happened in those months: that is no work of 0 minutes.
    refused = gisgrid(engine, "workload", "--plan", "草案", "--as-of", "2023-08-31")
    assert refused.exit_code == 2
    assert "no event was reported from 2022-09-01 to 2023-08-31" in refused.output
    assert "2021-03-14" in refused.output
    balanced = gisgrid(engine, "balance", "--plan", "草案", "--as-of", "2023-08-31")
    assert balanced.exit_code == 2 and "reached" not in balanced.output


def test_an_empty_measure_fails_as_a_layer_of_the_map_in_words(engine: Engine, bare: PlanInfo):
    with transaction(engine) as session:
        day = today(township(session))
    with pytest.raises(Invalid):
        make(engine, bare.id, "workload", day)
    with transaction(engine) as session:
        failed = standing(session, bare.id, "workload", day).failed
    assert failed is not None
    why = unpacked(failed or "")
    assert "no work to tell" in why.in_language("en")
    assert "没有可计算的工作量" in why.in_language("zh")


def test_the_days_stand_in_what_a_run_keeps_and_writes(engine: Engine, bare: PlanInfo):
    report(engine, *(NEWEST.replace(minute=m) for m in range(20)))
    told = gisgrid(engine, "balance", "--plan", "草案", "--commit", "--name", "新", "--far")
    assert told.exit_code == 0, told.output
    assert "20 events of 2020-03-15 to 2021-03-14 counted" in told.output
    with transaction(engine) as session:
        recipe = session.scalar(text("SELECT recipe FROM plan WHERE name = '新'"))
    assert (recipe["events_first"], recipe["events_last"]) == ("2020-03-15", "2021-03-14")
    assert (recipe["events"], recipe["level"]) == (20, "work")


def test_a_replay_without_a_day_ends_with_the_newest_event(engine: Engine, bare: PlanInfo):
    report(engine, NEWEST)
    told = gisgrid(engine, "scenario", "replay", "草案")
    assert told.exit_code == 0, told.output
    assert "1 events of 2020-03-15 to 2021-03-14" in told.output
    with transaction(engine) as session:
        assert replay.last_day(session, township(session)) == date(2021, 3, 14)


def test_an_order_for_work_that_is_there_is_taken(engine: Engine, bare: PlanInfo):
    report(engine, NEWEST)
    with transaction(engine) as session:
        assert balancing.order_rebalance(session, bare, BalanceOptions(), who="甲")
