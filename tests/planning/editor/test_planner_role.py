"""The plan editor inside the store: a role that draws its townships' plans and sees no person."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core import plans
from gisgrid.core.plans import PlanInfo, TownshipInfo, plan_by_id
from gisgrid.db.roles import PLANNER
from gisgrid.db.store import Actor, transaction
from gisgrid.jobs import balancing
from gisgrid.loading.scenario_files import export_plan, import_scenario
from gisgrid.planning.balancing.options import BalanceOptions
from gisgrid.planning.editor import replay, scenarios
from gisgrid.planning.review import review
from tests.support.accounts import PERSONAL, appointed, refused, web_engine
from tests.support.database import own_database
from tests.support.web import fill_town

WEB = Path(__file__).parents[3] / "web"
HERE, OTHER, FAR = "999901001", "999902001", "999903001"


@pytest.fixture(scope="module")
def store(cluster: Any, template: str) -> Iterator[Engine]:
    with own_database(cluster, template, "planner_role") as engine:
        with transaction(engine) as session:
            fill_town(session, columns=6, rows=3, houses=240, events=20)
            session.execute(text(_OTHER_TOWN), {"code": OTHER})
        yield engine


@pytest.fixture(scope="module")
def web(store: Engine) -> Engine:
    return web_engine(store)


@pytest.fixture(scope="module")
def here(store: Engine) -> int:
    with transaction(store) as session:
        town = session.scalar(text("SELECT min(code) FROM area WHERE level = 'township'"))
        return appointed(session, "planner", town)


@pytest.fixture(scope="module")
def elsewhere(store: Engine) -> int:
    with transaction(store) as session:
        return appointed(session, "planner", OTHER)


@contextlib.contextmanager
def planning(web: Engine, account: int | None) -> Iterator[Session]:
    """As the editor's requests act; everything is rolled back."""
    with transaction(web, actor=Actor(account), role=PLANNER) as session:
        yield session
        session.rollback()


def drawn(session: Session) -> tuple[TownshipInfo, PlanInfo]:
    """A scenario just branched from the plan in force."""
    place = plans.townships(session)[0]
    source = plans.plan_in_force(session, place.id)
    return place, scenarios.branch(session, source, name="甲案", who="甲")


def test_no_personal_column_can_be_selected(web: Engine, here: int):
    with planning(web, here) as session:
        for table, columns in PERSONAL.items():
            refused(session, f"SELECT * FROM {table}")
            for column in columns:
                refused(session, f"SELECT {column} FROM {table}")
                refused(session, f"SELECT 1 FROM {table} WHERE {column} IS NOT NULL")
        for table in ("masked_resident", "masked_staff", "account", "history", "audit_entry"):
            refused(session, f"SELECT 1 FROM {table}")
        refused(session, "SELECT file_name FROM import_run")
        refused(session, "SELECT * FROM unmask_resident('{1}')")
        refused(session, "UPDATE township SET area_id = area_id")
        refused(session, "CREATE TABLE mine (a int)")


def test_the_role_is_entered_for_one_transaction_and_lends_the_web_nothing(web: Engine, here: int):
    with planning(web, here) as session:
        row = session.execute(
            text(
                "SELECT rolsuper, rolbypassrls, rolcanlogin FROM pg_roles WHERE rolname = current_user"
            )
        ).one()
        assert tuple(row) == (False, False, False)
        assert session.scalar(text("SELECT count(*) FROM event")) == 20
    with transaction(web, actor=Actor(here)) as session:
        assert session.scalar(text("SELECT current_user")) == "gisgrid_web"
        assert session.scalar(text("SELECT count(*) FROM event")) == 0
        refused(session, "UPDATE plan SET name = 'x'")
        refused(session, "SELECT * FROM house_loads(1, '2024-01-01')")
        refused(session, "SELECT 1 FROM job")


def test_the_whole_way_of_a_plan_is_gone_in_the_role(web: Engine, here: int, tmp_path: Path):
    with planning(web, here) as session:
        place, plan = drawn(session)
        editor = scenarios.scenario_editor(session, place, plan)
        assert editor.state.houses.residents.sum() > 0
        assert editor.work.total_mmin > 0
        assert len(editor.state.events.day) == 20
        assert replay.replay(session, place, plan, until=date(2099, 1, 1), days=40000)
        job = balancing.order_rebalance(session, plan, BalanceOptions(), who="甲")
        balancing.cancel(session, job)
        assert balancing.last_job(session, plan.id).state == "cancelled"
        file = tmp_path / "grids.gpkg"
        export_plan(session, place, plan, file)
        again = import_scenario(session, place, file, name="乙案", who="甲")
        assert again.grids == plan.grids
        scenarios.discard(session, again)
        review.take_step(session, place, plan, "submit", who="甲")
        review.take_step(session, place, plan, "approve", who="乙")
        review.take_step(session, place, plan, "notify", who="乙")
        done = review.publish(session, place, plan, date(2099, 1, 1), who="乙")
        assert plan_by_id(session, plan.id).state == "published"
        assert done.counts["houses"].loaded == 240
        assert done.counts["events"].loaded == 20
        assert len(done.successors) == plan.grids


def test_attaching_gives_the_same_answers_as_to_the_owner(store: Engine, web: Engine, here: int):
    answers = text(
        "SELECT count(*), sum(border_m), count(grid_id) FROM house_grid WHERE plan_id = :p"
    )
    with planning(web, here) as session:
        _, plan = drawn(session)
        mine = session.execute(answers, {"p": plan.id}).one()
    with transaction(store) as session:
        _, plan = drawn(session)
        owners = session.execute(answers, {"p": plan.id}).one()
        session.rollback()
    assert mine == owners
    assert mine[0] > 0


@pytest.mark.parametrize("who", ["elsewhere", "nobody"])
def test_a_plan_of_another_township_cannot_be_touched(web: Engine, elsewhere: int, who: str):
    with planning(web, elsewhere if who == "elsewhere" else None) as session:
        plan = session.execute(text("SELECT id, township_id FROM plan")).one()
        ids = {"p": plan.id, "t": plan.township_id}
        for table in ("plan", "grid", "house_grid"):
            key = "id" if table == "plan" else "plan_id"
            for verb in (f"UPDATE {table} SET {key} = {key}", f"DELETE FROM {table}"):
                assert session.execute(text(f"{verb} WHERE {key} = :p"), ids).rowcount == 0, verb
        for table in ("event", "event_grid", "plan_step", "scenario_move", "job", "asset"):
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0
        assert session.execute(text("UPDATE event SET grid_code = 'x'")).rowcount == 0
        assert not session.execute(text("SELECT FROM plan WHERE id = :p FOR UPDATE"), ids).all()
        refused(session, "INSERT INTO plan (township_id, name) VALUES (:t, 'x')", **ids)
        refused(session, "INSERT INTO grid (plan_id, code, name, kind, community_id, geom) "
                "SELECT plan_id, 'x', name, kind, community_id, geom FROM grid LIMIT 1")  # fmt: skip
        refused(session, "INSERT INTO scenario_lock (plan_id, kind, key, who) "
                "VALUES (:p, 'grid', 'x', 'x')", **ids)  # fmt: skip
        refused(session, "SELECT * FROM house_loads(:t, '2024-01-01')", **ids)


def test_the_role_is_asked_by_its_own_policies_alone(store: Engine):
    """Those of one table are joined by OR: a policy for everybody would be paid for at each row."""
    with transaction(store) as session:
        shared = session.execute(
            text(
                "SELECT tablename, policyname FROM pg_policies p WHERE 'public' = ANY(roles) "
                "AND qual IS DISTINCT FROM 'true' AND EXISTS (SELECT FROM pg_policies o "
                "WHERE o.tablename = p.tablename AND :role = ANY(o.roles)) ORDER BY 1, 2"
            ),
            {"role": PLANNER},
        ).all()
    assert shared == []


def test_attendees_are_seen_of_ones_own_trainings_only(store: Engine, web: Engine):
    with transaction(store) as session:
        session.execute(text(_FAR_TOWN), {"code": FAR, "county": FAR[:6]})
        for code in (HERE, FAR):
            session.execute(text(_ATTENDED), {"code": code})
        reviewer = appointed(session, "county_reviewer", FAR[:6])
    with planning(web, reviewer) as session:
        seen = session.scalars(
            text(
                "SELECT DISTINCT s.code FROM training_attendee a JOIN training s ON s.id = a.training_id"
            )
        ).all()
    assert seen == [f"T{FAR}"]


def test_the_web_never_enters_the_store_as_its_owner():
    sources = {str(path.relative_to(WEB)): path.read_text("utf-8") for path in WEB.glob("**/*.py")}
    assert "editor/store.py" in sources
    for name, source in sources.items():
        for word in ("open_engine", "store_url(", "create_engine"):
            assert word not in source, f"{name}: {word}"


_OTHER_TOWN = """
WITH made AS (
    INSERT INTO area (code, level, name, parent_id)
    SELECT :code, 'township', '邻镇', parent_id FROM area WHERE level = 'township' LIMIT 1 RETURNING id)
INSERT INTO township (area_id, metric_srid) SELECT id, 32650 FROM made
"""

_FAR_TOWN = """
WITH county AS (
    INSERT INTO area (code, level, name) VALUES (:county, 'county', '远县') RETURNING id
), made AS (
    INSERT INTO area (code, level, name, parent_id)
    SELECT :code, 'township', '远镇', id FROM county RETURNING id)
INSERT INTO township (area_id, metric_srid) SELECT id, 32650 FROM made
"""

_ATTENDED = """
WITH town AS (SELECT id FROM area WHERE code = :code), person AS (
    INSERT INTO staff (township_id, code, name) SELECT id, 'T1', '测某' FROM town RETURNING id
), made AS (
    INSERT INTO training (township_id, code, course, kind, held_on, hours)
    SELECT id, 'T' || :code, '课', 'training', '2024-01-01', 2 FROM town RETURNING id
)
INSERT INTO training_attendee (training_id, staff_id) SELECT made.id, person.id FROM made, person
"""
