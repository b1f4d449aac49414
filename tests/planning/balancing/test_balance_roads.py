"""A plan is rebalanced the same from the terminal and from the page: as it was made, with its locks."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from gisgrid.balance.weights import Weights
from gisgrid.core.plans import PlanInfo, plan_in_force, township
from gisgrid.db.store import transaction
from gisgrid.jobs import balancing, worker
from gisgrid.planning.editor import moves, scenarios
from gisgrid.planning.workload.weighing import add_weights
from tests.support.editor import client_of
from tests.support.factories import (
    create_house,
    create_household,
    create_plan,
    create_resident,
    create_township,
)
from tests.support.sketch import spot
from tests.support.terminal import gisgrid

COLUMNS = (0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9, 1.2, 1.7)
MADE = replace(Weights(), version="made", resident_min=600.0)
"""By these a grid of eight homes with one resident has what one of two with eight has."""


@pytest.fixture
def draft(engine: Engine) -> PlanInfo:
    """A scenario of two grids in a row, eight houses in the first and two in the second; eight residents in each."""
    with transaction(engine) as session:
        place = create_township(session, "a b")
        create_plan(session, place, "a b", name="old")
        for column in COLUMNS:
            house = create_house(session, place, spot(column, 0.5), code=f"h{100 * column:.0f}")
            home = create_household(session, house)
            for _ in range(7 if column == 1.7 else 1):
                create_resident(session, home)
        of = plan_in_force(session, township(session).id)
        return scenarios.branch(session, of, name="草案", who="甲")


@pytest.fixture
def planner(engine: Engine, draft: PlanInfo) -> FlaskClient:
    return client_of(engine, "planner")


def on_the_page(engine: Engine, planner: FlaskClient, plan: PlanInfo) -> dict[str, str]:
    """Where each house goes that moves, as the worker proposes it."""
    asked = planner.post(f"/plan/{plan.id}/rebalance", json={"tolerance": 0.1})
    assert asked.status_code == 200, asked.text
    worker.work(engine, once=True)
    with transaction(engine) as session:
        found = balancing.last_job(session, plan.id)
    assert found is not None and found.result is not None, found
    return {house: m["to_grid"] for m in found.result["moves"] for house in m["houses"]}


def in_the_terminal(engine: Engine, plan: PlanInfo) -> dict[str, str]:
    """The same, by the draft that the terminal saves."""
    args = ("--plan", plan.name, "--tolerance", "0.1", "--commit", "--name", "new")
    told = gisgrid(engine, "balance", *args)
    assert told.exit_code == 0, told.output
    with transaction(engine) as session:
        rows = session.execute(
            text(
                "SELECT p.name, h.code, g.code FROM house_grid a JOIN plan p ON p.id = a.plan_id "
                "JOIN house h ON h.id = a.house_id JOIN grid g ON g.id = a.grid_id"
            )
        ).all()
    after = {house: grid for name, house, grid in rows if name == "new"}
    before = {house: grid for name, house, grid in rows if name == plan.name}
    return {house: grid for house, grid in after.items() if before[house] != grid}


def made_with(engine: Engine, plan: PlanInfo, recipe: dict[str, Any]) -> None:
    with transaction(engine) as session:
        session.execute(
            text("UPDATE plan SET recipe = CAST(:r AS jsonb) WHERE id = :p"),
            {"r": json.dumps(recipe), "p": plan.id},
        )


def test_both_roads_move_the_same_houses(engine: Engine, planner: FlaskClient, draft: PlanInfo):
    found = on_the_page(engine, planner, draft)
    assert found
    assert in_the_terminal(engine, draft) == found


def test_both_count_with_the_weights_the_plan_was_made_with(
    engine: Engine, planner: FlaskClient, draft: PlanInfo
):
    usual = on_the_page(engine, planner, draft)
    recipe = {"weights_version": "made", "weights": MADE.stored(), "by_street": False}
    made_with(engine, draft, recipe)
    with transaction(engine) as session:
        newest = replace(Weights(), version="newest", household_min=600.0)
        add_weights(session, draft.township_id, newest)
    found = on_the_page(engine, planner, draft)
    assert usual and found == {}
    assert in_the_terminal(engine, draft) == {}
    with transaction(engine) as session:
        kept = session.scalar(text("SELECT recipe FROM plan WHERE name = 'new'"))
    assert (kept["weights_version"], kept["by_street"]) == ("made", False)
    other = gisgrid(engine, "balance", "--plan", "草案", "--weights", "newest")
    assert "weights newest" in other.output


def test_both_keep_the_locks_of_the_scenario(engine: Engine, planner: FlaskClient, draft: PlanInfo):
    with transaction(engine) as session:
        moves.lock(session, draft, "house", ["h90"], who="甲")
    # Who stands behind a locked house cannot leave through it.
    assert on_the_page(engine, planner, draft) == {}
    assert in_the_terminal(engine, draft) == {}


def test_neither_draws_a_scenario_with_locks_from_scratch(
    engine: Engine, planner: FlaskClient, draft: PlanInfo
):
    with transaction(engine) as session:
        moves.lock(session, draft, "house", ["h90"], who="甲")
    form = {"size": 5, "size_in": "houses", "tolerance": 0.1}
    refused = planner.post(f"/plan/{draft.id}/rebalance", json=form)
    assert refused.status_code == 409
    assert "锁定" in refused.json["detail"]
    told = gisgrid(engine, "balance", "--plan", "草案", "--size", "5", "--size-in", "houses")
    assert told.exit_code == 2
    assert "Drawn from scratch, a scenario keeps none of its locks" in told.output
