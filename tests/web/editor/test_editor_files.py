"""A scenario's whole life over HTTP: copied, renamed, sent out, brought in, combined, returned."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gisgrid.core.plans import PlanInfo
from tests.support.editor import client_of, drafted, neighbours, view


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], PlanInfo]:
    return drafted


@pytest.fixture
def draft(made: PlanInfo) -> PlanInfo:
    return made


def edited(client: FlaskClient, plan_id: int, version: int, edit: dict[str, Any]) -> Any:
    answer = client.post(f"/plan/{plan_id}/edit", json={"version": version, "edit": edit})
    assert answer.status_code == 200, answer.text
    return answer.json


def made(answer: Any) -> int:
    assert answer.status_code == 303, answer.text
    return int(answer.headers["Location"].split("/plan/")[1].split("?")[0])


@pytest.mark.thorough
def test_a_scenario_goes_out_comes_back_is_combined_and_returned(engine: Engine, draft: PlanInfo):
    client, county = client_of(engine, "planner"), client_of(engine, "county_reviewer", "999901")
    found = view(client, draft)
    kind = {g["code"]: g["kind"] for g in found["grids"]}
    pairs = [a["grids"] for a in found["arcs"] if a["movable"]]
    pairs = [p for p in pairs if {kind[c] for c in p} == {"basic"}]
    first = neighbours(found)["grids"]
    far = next(p for p in pairs if p[0][:12] != first[0][:12])
    # A copy is edited elsewhere, and what it changed is brought over.
    copy = made(client.post("/plan/branch", data={"source": str(draft.id), "name": "副本"}))
    edited(client, draft.id, 0, {"kind": "merge", "into": first[0], "gone": first[1]})
    edited(client, copy, 0, {"kind": "merge", "into": far[0], "gone": far[1]})
    combined = edited(client, draft.id, 1, {"kind": "combine", "other": copy})
    both = view(client, draft)
    codes = {g["code"] for g in both["grids"]}
    assert not codes & {first[1], far[1]} and {first[0], far[0]} <= codes
    assert [entry["action_text"] for entry in combined["log"]] == ["合并方案", "合并网格"]
    # Changed on both sides: told which, and nothing is taken.
    undone = client.post(f"/plan/{copy}/undo", json={"version": 1}).json
    edited(client, copy, undone["version"], {"kind": "merge", "into": first[1], "gone": first[0]})
    clash = client.post(
        f"/plan/{draft.id}/edit",
        json={"version": 2, "edit": {"kind": "combine", "other": copy}},
    )
    assert clash.status_code == 409 and set(clash.json["facts"]["grids"]) == set(first)
    client.post(f"/plan/{copy}/rename", data={"name": "改名"})
    assert view(client, draft)["version"] == 2
    assert "改名" in client.get("/plan/").text
    # Out as a file and in again, the same to the last counts.
    held = {g["code"]: (g["houses"], g["residents"], g["pieces"]) for g in both["grids"]}
    for ending in ("gpkg", "geojson"):
        file = client.get(f"/plan/{draft.id}/grids.{ending}").data
        form = {"name": f"来自{ending}", "file": (io.BytesIO(file), f"plan.{ending}")}
        if ending == "geojson":
            form["crs"] = "EPSG:4326"
        back = made(client.post("/plan/import", data=form))
        again = client.get(f"/plan/{back}/view.json").json
        assert again["based_on"] == both["based_on"]
        assert {
            g["code"]: (g["houses"], g["residents"], g["pieces"]) for g in again["grids"]
        } == held
    # Returned with a reason it can be edited again; without one it is not returned.
    step = f"/plan/{draft.id}/step"
    assert client.post(step, json={"step": "submit"}).json["editable"] is False
    assert county.post(step, json={"step": "return"}).status_code == 422
    back = county.post(step, json={"step": "return", "reason": "界线不清"}).json
    assert (back["state"], back["editable"]) == ("returned", True)
    assert back["steps"][-1]["reason"] == "界线不清"
