"""A first plan for a town that has houses and no grids, drawn at a chosen size, and published."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import shapely
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, Invalid
from gisgrid.core.plans import PlanInfo, plan_by_id, plan_in_force, township
from gisgrid.db.store import transaction
from gisgrid.db.tables import Area
from gisgrid.jobs import balancing, worker
from gisgrid.planning.balancing.from_scratch import begin_from_scratch, first_draft
from gisgrid.planning.balancing.options import BalanceOptions
from gisgrid.planning.balancing.problem import prepare
from gisgrid.planning.editor import moves
from gisgrid.planning.settings.townships import change_township
from gisgrid.planning.snapshot.fetch import plan_grids, plan_state, today
from gisgrid.planning.workload.weighing import weights_of
from tests.support.database import own_database
from tests.support.editor import client_of, worked_out
from tests.support.factories import community_of, create_house, create_township, ewkt
from tests.support.sketch import sketch, spot
from tests.support.terminal import gisgrid
from tests.support.town_f import DATA, load_kind, load_register

SIZE = 180
ROOMS = "a a b b\na a b b\na a b b"


@pytest.fixture(scope="module")
def bare(cluster, template) -> Iterator[Engine]:
    """Town F as it would be before anybody drew a grid."""
    with own_database(cluster, template, "town_bare") as engine:
        with transaction(engine) as session:
            load_kind(session, "areas", DATA / "boundaries/areas.geojson")
            change_township(session, township(session).code, ["code_scheme=gb"])
            load_kind(session, "streets", DATA / "boundaries/streets.geojson")
            load_register(session)
        yield engine


def plan_of(engine: Engine, page: str) -> PlanInfo:
    with transaction(engine, read_only=True) as session:
        return plan_by_id(session, int(page.rsplit("/", 1)[1].split("?", maxsplit=1)[0]))


@pytest.mark.thorough
def test_a_first_plan_is_drawn_reviewed_and_published_on_the_page(bare: Engine):
    planner, county = client_of(bare, "planner"), client_of(bare, "county_reviewer", "999901")
    assert "首个方案" in planner.get("/plan/").text
    form = {"name": "首个方案", "size": str(SIZE), "size_in": "residents"}
    asked = planner.post("/plan/from-scratch", data=form)
    assert asked.status_code == 303, asked.text
    page = asked.headers["Location"]
    begun = planner.get(f"{page}/view.json").json
    assert len(begun["grids"]) == 9, "each community begins as one grid"
    worker.work(bare, once=True)
    found = planner.get(f"{page}/job.json").json["job"]
    assert found["state"] == "done", found["failed"]
    take = {"version": 0, "edit": {"kind": "rebalance", "job": found["id"]}}
    plan = plan_of(bare, page)

    def taken(**asked: Any) -> Any:
        return worked_out(planner, bare, plan, planner.post(f"{page}/edit", json={**take, **asked}))

    part = taken(edit={**take["edit"], "moves": [0]})
    assert (part["state"], part["failed"]) == ("failed", "重新划分的方案只能整体采纳。")
    assert taken()["state"] == "done"
    drawn: list[dict[str, Any]] = planner.get(f"{page}/view.json").json["grids"]
    assert sum(g["residents"] for g in drawn) == sum(g["residents"] for g in begun["grids"])
    worst = 0.0
    for home in {g["community"] for g in drawn}:
        mine = [g for g in drawn if g["community"] == home]
        assert len(mine) == max(1, round(sum(g["residents"] for g in mine) / SIZE))
        # Numbered from 001 without a gap, by the scheme.
        assert [g["code"] for g in mine] == [f"{home}{k:03d}" for k in range(1, len(mine) + 1)]
        # About 180 residents are 180 residents: the same in all grids of a community, to a person or 1 %.
        mean = sum(g["residents"] for g in mine) / len(mine)
        off = max(abs(g["residents"] - mean) for g in mine)
        assert off <= max(0.01 * mean, 1), [g["residents"] for g in mine]
        worst = max(worst, off / mean)
    assert found["result"]["level"] == "residents"
    assert found["result"]["max_deviation"] == pytest.approx(worst)
    assert {g["pieces"] for g in drawn} == {1}
    # A proposal is for the scenario as it was: not for one that was edited, but for it once that is undone.
    undone = planner.post(f"{page}/undo", json={"version": 1})
    assert undone.status_code == 200
    grids = planner.get(f"{page}/view.json").json["grids"]
    assert len(grids) == 9
    west, south, east, north = shapely.from_geojson(json.dumps(grids[0]["geometry"])).bounds
    split = {
        "kind": "split", "grid": grids[0]["code"], "name": "试",
        "line": [[west - 0.001, (south + north) / 2], [east + 0.001, (south + north) / 2]],
    }  # fmt: skip
    edited = planner.post(f"{page}/edit", json={"version": 2, "edit": split})
    assert edited.status_code == 200, edited.text
    late = taken(version=3)
    assert late["state"] == "failed" and "修改" in late["failed"], late
    assert planner.post(f"{page}/undo", json={"version": 3}).status_code == 200
    assert taken(version=4)["state"] == "done"
    again = planner.get(f"{page}/view.json").json["grids"]
    assert [(g["code"], g["geometry"]) for g in again] == [
        (g["code"], g["geometry"]) for g in drawn
    ]
    assert planner.post(f"{page}/publish", json={"from": "2022-09-01"}).status_code == 409
    reviewed_and_published(bare, planner, county, page)


def reviewed_and_published(
    bare: Engine, planner: FlaskClient, county: FlaskClient, page: str
) -> None:
    for client, step in ((planner, "submit"), (county, "approve"), (planner, "notify")):
        done = client.post(f"{page}/step", json={"step": step})
        assert done.status_code == 200, done.text
    done = planner.post(f"{page}/publish", json={"from": "2022-09-01"})
    assert done.json["state"] == "published", done.text
    with transaction(bare) as session:
        place = township(session)
        plan = plan_in_force(session, place.id)
        state = plan_state(session, place, plan, today(place))
        assert shapely.coverage_is_valid(state.grids.lonlat)
        attached = session.scalar(
            text("SELECT count(*) FROM house_grid WHERE plan_id = :p AND grid_id IS NOT NULL"),
            {"p": plan.id},
        )
        assert attached == int((state.houses.grid >= 0).sum())
        # From now on drawing from scratch begins from the newest plan, and its codes stay in use.
        with pytest.raises(Conflict, match="is published; draw the next one from it"):
            first_draft(session, place, name="又一个", who="甲")
        again = begin_from_scratch(session, place, name="又一个", who="甲")
        assert (again.based_on_id, again.grids) == (plan.id, plan.grids)


def bare_township(session: Session, **values: Any) -> None:
    home = create_township(session, ROOMS, **values)
    for row in range(3):
        for column in range(4):
            for dx in (0.3, 0.7):
                create_house(session, home, spot(column + dx, row + 0.5))


def test_the_terminal_draws_a_first_plan_by_houses(engine: Engine):
    with transaction(engine) as session:
        bare_township(session)
        home = session.query(Area).filter_by(level="community").one().code
    none = gisgrid(engine, "balance", "--size", "8")
    assert (none.exit_code, "say nothing" in none.output) == (2, False)
    assert "residents" in none.output, "nobody is registered"
    dry = gisgrid(engine, "balance", "--size", "8", "--size-in", "houses", "--name", "首个")
    assert dry.exit_code == 0, dry.output
    assert "3 grids" in dry.output and "nothing was written" in dry.output
    with transaction(engine) as session:
        assert session.scalar(text("SELECT count(*) FROM plan")) == 0
    made = gisgrid(
        engine, "balance", "--size", "8", "--size-in", "houses", "--name", "首个", "--commit"
    )
    assert made.exit_code == 0, made.output
    with transaction(engine) as session:
        place = township(session)
        plan = plan_by_id(session, session.scalar(text("SELECT id FROM plan")) or 0)
        assert (plan.name, plan.state, plan.based_on_id) == ("首个", "draft", None)
        grids = plan_grids(session, place, plan)
        assert grids.code.tolist() == [f"{home}-01", f"{home}-02", f"{home}-03"]
        assert session.scalar(text("SELECT recipe->>'size' FROM plan")) == "8"
    done = gisgrid(engine, "plan", "publish", "首个", "--from", "2024-01-01", "--commit")
    assert done.exit_code == 0, done.output


def test_what_a_first_plan_cannot_be_drawn_from_is_told(session: Session):
    bare_township(session)
    place = township(session)
    plan = first_draft(session, place, name="首个", who="甲")
    state = plan_state(session, place, plan, today(place))
    weights = weights_of(session, place.id)
    with pytest.raises(Conflict, match="not both"):
        prepare(state, weights, BalanceOptions(grids=3, size=9))
    with pytest.raises(Invalid, match="24 places"):
        prepare(state, weights, BalanceOptions(grids=99, level="houses"))
    with pytest.raises(Invalid, match=r"carry no work.*houses \(24\)"):
        prepare(state, weights, BalanceOptions(grids=3))
    moves.lock(session, plan, "grid", [state.grids.code[0]], who="甲")
    with pytest.raises(Conflict, match="locks"):
        balancing.order_rebalance(session, plan, BalanceOptions(size=8, size_in="houses"), who="甲")
    session.execute(text("UPDATE area SET geom = NULL WHERE level = 'community'"))
    with pytest.raises(Invalid, match="polygon"):
        first_draft(session, place, name="另一个", who="甲")


def test_a_community_in_two_pieces_begins_and_stays_as_two_grids(session: Session):
    home = create_township(session, "a . b")
    rooms = sketch("a . b")
    community = community_of(session, home)
    community.geom = ewkt(shapely.MultiPolygon([rooms["a"], rooms["b"]]))
    session.flush()
    for column in (0, 2):
        for dx in (0.2, 0.4, 0.6, 0.8):
            create_house(session, home, spot(column + dx, 0.5))
    place = township(session)
    plan = first_draft(session, place, name="首个", who="甲")
    assert plan.grids == 2
    state = plan_state(session, place, plan, today(place))
    task = prepare(state, weights_of(session, place.id), BalanceOptions(size=1, size_in="houses"))
    assert len(task.names) == 2
