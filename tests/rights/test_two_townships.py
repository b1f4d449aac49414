"""A planner of one township and the plans of another: nothing of theirs is shown, drawn or begun."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from gisgrid.core.plans import plan_by_id
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.planning.editor import scenarios
from tests.support.calls import CALLS, Call
from tests.support.canaries import Spot, plant
from tests.support.database import own_database
from tests.support.editor import client_of
from tests.support.web import fill_town

HERE, THERE = "999901001", "999901002"
WORDS = ("外村", "外路", "草案外", "Other Village", "999901002001")


@dataclass(frozen=True)
class Two:
    store: Engine
    mine: Spot
    theirs: Spot
    drafts: dict[str, int]
    """Of each township, by code."""


@pytest.fixture(scope="module")
def two(cluster: Cluster, template: str) -> Iterator[Two]:
    with own_database(cluster, template, "two_townships") as engine:
        with transaction(engine) as session:
            fill_town(session, columns=6, rows=6, houses=240, events=90)
            spots = plant(session)
            mine, theirs = spots["A1"], spots["U"]
            drafts = {
                s.township: scenarios.branch(
                    session, plan_by_id(session, s.plan_id), name=name, who="测试"
                ).id
                for s, name in ((mine, "草案内"), (theirs, "草案外"))
            }
        yield Two(engine, mine, theirs, drafts)


@pytest.fixture(scope="module")
def planner(two: Two) -> FlaskClient:
    return client_of(two.store, "planner", HERE)


def calls_about(two: Two) -> Iterator[Call]:
    """Every request of the editor and of the planner's layers, about plans of the other township."""
    for plan in (two.theirs.plan_id, two.drafts[THERE]):
        spot = replace(two.theirs, plan_id=plan)
        for endpoint, make in CALLS.items():
            if endpoint.startswith(("editor.", "planning.")):
                yield from (
                    call
                    for call in make(spot)
                    # The list of scenarios is of the own township, whatever the way it leaves.
                    if call.method == "GET" and call.path.partition("?")[0] != "/plan/"
                )
        for way in (
            "preview",
            "edit",
            "lock",
            "rebalance",
            "step",
            "undo",
            "redo",
            "job/cancel",
            "publish",
            "withdraw",
        ):
            yield Call(f"/plan/{plan}/{way}", "POST", json={
                "version": 0, "from": "2027-01-01", "step": "submit", "kind": "grid", "codes": [spot.grid_code], "on": True,
                "edit": {"kind": "rename", "grid": spot.grid_code, "name": "甲"},
            })  # fmt: skip
        for way in ("rename", "discard"):
            yield Call(f"/plan/{plan}/{way}", "POST", form={"name": "甲"})
        yield Call("/plan/branch", "POST", form={"source": str(plan), "name": "甲"})


def kept(two: Two) -> list[object]:
    with transaction(two.store, read_only=True) as session:
        return [
            session.scalars(text(f"SELECT to_jsonb(t) FROM {table} t ORDER BY t")).all()
            for table in (
                "plan",
                "grid",
                "scenario_move",
                "scenario_lock",
                "plan_step",
                "job",
                "study",
            )
        ]


def test_a_planner_gets_nothing_of_another_township(two: Two, planner: FlaskClient):
    before = kept(two)
    asked = 0
    for call in calls_about(two):
        answer = planner.open(call.path, method=call.method, json=call.json, data=call.form or None)
        assert answer.status_code in (403, 404), (call, answer.status_code)
        assert not [w for w in WORDS if w in answer.text], call
        asked += 1
    assert asked > 40
    assert kept(two) == before, "and nothing was written"


def test_nor_by_way_of_the_own_plan_or_of_a_form(two: Two, planner: FlaskClient):
    before = kept(two)
    draft = two.drafts[HERE]
    for path, form in (
        (f"/plan/?township={THERE}", None),
        (f"/plan/{draft}/compare?with={two.drafts[THERE]}", None),
        (f"/plan/{draft}/compare?base={two.theirs.plan_id}&other={two.drafts[THERE]}", None),
        ("/plan/from-scratch", {"township": THERE, "name": "甲", "size": "100"}),
        ("/plan/import", {"township": THERE, "name": "甲"}),
    ):
        answer = planner.open(path, method="POST" if form else "GET", data=form)
        assert not [w for w in WORDS if w in answer.text], path
    assert kept(two) == before


def test_the_own_plans_are_all_there(two: Two, planner: FlaskClient):
    draft = two.drafts[HERE]
    found = planner.get(f"/plan/{draft}/view.json")
    assert (found.status_code, len(found.json["grids"])) == (200, 36)
    assert planner.get(f"/planning/{draft}/coverage").status_code == 200
    assert "草案内" in planner.get(f"/plan/{draft}").text
